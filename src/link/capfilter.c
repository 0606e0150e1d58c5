/* SPDX-License-Identifier: MIT
 * Which packets are wanted. What is ours in an expression is evaluated first, and takes its place
 * as a condition that is always or never true: libpcap then compiles the whole, so that all its
 * rules (qualifiers that are carried on, headers that `vlan` shifts) hold as ever. There is one
 * program for each link type and each way ours came out; both are few. Where not even IP
 * could be decoded libpcap has the say alone: it looks at less, and so is content with less. */
#include "icmpkit/link.h"

#include "base/bytes.h"
#include "link/capbpf.h"
#include "link/capexpr.h"

#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nothing of ours is put in: more bits than there ever are. */
#define THEIRS UINT32_MAX

enum { PROGRAMS = 32 };

#define ALWAYS "len >= 0"
#define NEVER "len < 0"
/* Never ICMP, whatever tunnel: TCP, ARP, and UDP that is neither a fragment nor to a port of
 * wire/layers_tunnel.c. */
#define NOT_TUNNEL_PORT \
    "not (udp dst port 4789 or udp dst port 8472 or udp dst port 6081 or udp dst port 6635)"
#define MAY_BE_ICMP                                                             \
    "not (ip proto 6 or ip6[6] = 6 or arp or (ip6[6] = 17 and " NOT_TUNNEL_PORT \
    ") or (ip proto 17 and ip[6:2] & 0x3fff = 0 and " NOT_TUNNEL_PORT "))"

struct program {
    bool used, little_endian;
    uint16_t linktype;
    uint32_t ours;
    struct ik_capbpf *bpf; /* NULL: it has no meaning for that link type */
};

struct ik_capfilter {
    struct ik_capexpr expr;
    struct program programs[PROGRAMS];
    size_t last, oldest;
    struct ik_capbpf *kernel;
    char *text; /* room for any expression with ours put in */
    size_t cap;
    enum { PCAP_UNKNOWN, PCAP_HERE, PCAP_ABSENT } pcap; /* asked once, when it first matters */
    char why[IK_CAPFILTER_TEXT];
};

/* ---- putting ours in ------------------------------------------------------------------------- */

/* The expression, each of ours as `put` has it. */
static const char *substitute(struct ik_capfilter *f, const char *(*put)(const void *ctx, size_t i),
                              const void *ctx)
{
    const struct ik_capexpr *e = &f->expr;
    const char *from = e->text;
    size_t n = 0;
    for (size_t i = 0; i < e->n_ours; i++) {
        const struct ik_captoken *first = &e->tokens[e->ours[i].from];
        const struct ik_captoken *last = &e->tokens[e->ours[i].to - 1];
        n += (size_t)snprintf(f->text + n, f->cap - n, "%.*s %s ", (int)(first->at - from), from,
                              put(ctx, i));
        from = last->at + last->n;
    }
    snprintf(f->text + n, f->cap - n, "%s", from);
    return f->text;
}

static const char *put_known(const void *ctx, size_t i)
{
    const uint32_t *ours = ctx;
    return *ours >> i & 1 ? ALWAYS : NEVER;
}

/* What cannot be told yet counts as what lets more through. */
static const char *put_unknown(const void *ctx, size_t i)
{
    const struct ik_capexpr *e = ctx;
    if (e->ours[i].negated)
        return NEVER;
    return e->ours[i].of_icmp ? "(" MAY_BE_ICMP ")" : ALWAYS;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* It must mean something for one link type at least; what is wrong for all is wrong with it. */
static enum ik_err check_foreign(struct ik_capfilter *f, char why[static IK_CAPFILTER_TEXT])
{
    static const uint16_t linktypes[] = {IK_LINKTYPE_ETHERNET, IK_LINKTYPE_LINUX_SLL,
                                         IK_LINKTYPE_LINUX_SLL2, IK_LINKTYPE_RAW};
    const uint32_t ours = UINT32_MAX;
    const char *text = substitute(f, put_known, &ours);
    char other[IK_CAPFILTER_TEXT];
    struct ik_capbpf *bpf = NULL;
    enum ik_err err = IK_E_UNSUPPORTED;
    for (size_t i = 0; err && i < sizeof(linktypes) / sizeof(*linktypes); i++)
        err = ik_capbpf_new(&bpf, linktypes[i], false, text, i ? other : why);
    if (!err)
        ik_capbpf_free(bpf);
    return err && ik_capbpf_have() ? IK_E_VALUE : err;
}

static enum ik_err compile(struct ik_capfilter *f, const char *expression, bool resolve,
                           char why[static IK_CAPFILTER_TEXT])
{
    const enum ik_err err = ik_capexpr_init(&f->expr, expression);
    if (err == IK_E_NOMEM || err == IK_E_FULL) {
        snprintf(why, IK_CAPFILTER_TEXT, "%s",
                 err == IK_E_FULL ? "the expression is too long, or nested too deep"
                                  : ik_err_text(err));
        return err == IK_E_FULL ? IK_E_VALUE : err;
    }
    const struct ik_captoken *name = resolve ? NULL : ik_capexpr_name(&f->expr);
    if (name) {
        snprintf(why, IK_CAPFILTER_TEXT, "%.*s: %s", (int)name->n, name->at,
                 "no word of the language, and names are not looked up: write an address");
        return IK_E_REFUSED;
    }
    /* A condition put in is longer than what it stands for by no more than this. */
    f->cap = strlen(expression) + f->expr.n_ours * (sizeof(MAY_BE_ICMP) + 8) + 1;
    f->text = malloc(f->cap);
    if (!f->text) {
        snprintf(why, IK_CAPFILTER_TEXT, "%s", ik_err_text(IK_E_NOMEM));
        return IK_E_NOMEM;
    }
    if (err == IK_E_VALUE)
        f->expr.foreign = true; /* libpcap says what is wrong with it */
    return f->expr.foreign ? check_foreign(f, why) : IK_OK;
}

enum ik_err ik_capfilter_open(struct ik_capfilter **out, const char *expression, bool resolve,
                              char why[static IK_CAPFILTER_TEXT])
{
    struct ik_capfilter *f = calloc(1, sizeof(*f));
    if (!f) {
        snprintf(why, IK_CAPFILTER_TEXT, "%s", ik_err_text(IK_E_NOMEM));
        return IK_E_NOMEM;
    }
    const enum ik_err err = compile(f, expression, resolve, why);
    if (err)
        ik_capfilter_close(f);
    else
        *out = f;
    return err;
}

void ik_capfilter_close(struct ik_capfilter *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < PROGRAMS; i++)
        ik_capbpf_free(f->programs[i].bpf);
    ik_capbpf_free(f->kernel);
    ik_capexpr_fini(&f->expr);
    free(f->text);
    free(f);
}

const char *ik_capfilter_why(const struct ik_capfilter *f)
{
    return f->why;
}

/* ---- matching -------------------------------------------------------------------------------- */

/* The family before the packet is a small number in the order of the machine that wrote it. */
static bool is_little_endian(uint16_t linktype, struct ik_rd frame)
{
    return linktype == IK_LINKTYPE_NULL && frame.left >= 4 && ik_load_be32(frame.p) > 0xffff;
}

static bool is_program(const struct program *p, const struct program *wanted)
{
    return p->used && p->linktype == wanted->linktype && p->ours == wanted->ours &&
           p->little_endian == wanted->little_endian;
}

static struct program *program_of(struct ik_capfilter *f, struct program wanted)
{
    for (size_t i = 0; i < PROGRAMS; i++) {
        struct program *p = &f->programs[(f->last + i) % PROGRAMS];
        if (is_program(p, &wanted)) {
            f->last = (f->last + i) % PROGRAMS;
            return p;
        }
    }
    struct program *p = &f->programs[f->oldest];
    f->last = f->oldest;
    f->oldest = (f->oldest + 1) % PROGRAMS;
    ik_capbpf_free(p->bpf);
    *p = wanted;
    if (ik_capbpf_new(&p->bpf, p->linktype, p->little_endian,
                      wanted.ours == THEIRS ? f->expr.text : substitute(f, put_known, &wanted.ours),
                      f->why))
        p->bpf = NULL;
    return p;
}

static bool has_pcap(struct ik_capfilter *f)
{
    if (f->pcap == PCAP_UNKNOWN)
        f->pcap = ik_capbpf_have() ? PCAP_HERE : PCAP_ABSENT;
    return f->pcap == PCAP_HERE;
}

enum ik_err ik_capfilter_match(struct ik_capfilter *f, uint16_t linktype, struct ik_rd frame,
                               uint32_t wire_bytes, const struct ik_capfilter_view *view,
                               bool *match)
{
    const bool theirs = view->unread && f->expr.n_ours > 0 && has_pcap(f);
    const uint32_t ours = theirs ? THEIRS : ik_capexpr_ours(&f->expr, view, wire_bytes);
    if (!f->expr.foreign && !theirs) {
        *match = ik_capexpr_holds(&f->expr, ours);
        return IK_OK;
    }
    const struct program *p =
        program_of(f, (struct program){.used = true,
                                       .little_endian = is_little_endian(linktype, frame),
                                       .linktype = linktype,
                                       .ours = ours});
    if (!p->bpf)
        return IK_E_UNSUPPORTED;
    *match = ik_capbpf_match(p->bpf, frame, wire_bytes);
    return IK_OK;
}

/* ---- for the kernel -------------------------------------------------------------------------- */

/* Words after which offsets are others, or that ask for what only a socket's own program can see (a
 * packet socket has its tags beside the frame). */
static bool shifts(const struct ik_capexpr *e)
{
    static const char *const words[] = {"vlan",   "mpls",    "pppoes",   "pppoed",
                                        "geneve", "inbound", "outbound", "ifindex"};
    for (size_t i = 0; i < e->n_tokens; i++)
        for (size_t w = 0; w < sizeof(words) / sizeof(*words); w++)
            if (ik_captoken_is(&e->tokens[i], words[w]))
                return true;
    return false;
}

/* Whether even a packet that is surely no ICMP is wanted, as far as can be told without libpcap. */
static bool wants_all(const struct ik_capexpr *e)
{
    uint32_t ours = 0;
    for (size_t i = 0; i < e->n_ours; i++)
        ours |= (uint32_t)(!e->ours[i].of_icmp && !e->ours[i].negated) << i;
    return !e->foreign && ik_capexpr_holds(e, ours);
}

enum ik_err ik_capfilter_kernel(struct ik_capfilter *f, uint16_t linktype,
                                const struct sock_filter **out, size_t *n)
{
    char why[IK_CAPFILTER_TEXT];
    if (wants_all(&f->expr) || linktype == IK_LINKTYPE_NULL || shifts(&f->expr))
        return IK_E_NOT_FOUND;
    ik_capbpf_free(f->kernel);
    f->kernel = NULL;
    if (ik_capbpf_new(&f->kernel, linktype, false, substitute(f, put_unknown, &f->expr), why)) {
        f->kernel = NULL;
        return IK_E_NOT_FOUND;
    }
    *out = ik_capbpf_code(f->kernel, n);
    if (!*out)
        return IK_E_NOMEM;
    return *n > BPF_MAXINSNS ? IK_E_NOT_FOUND : IK_OK;
}
