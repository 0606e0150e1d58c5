/* SPDX-License-Identifier: MIT */
#include "runlab.h"

#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ik_runlab {
    struct ik_lab *lab;
    struct ik_lab_vantage vantage;
    bool realtime, events;
    ik_ns began; /* realtime: the machine's clock at virtual 0 */
};

/* ---- options --------------------------------------------------------------------------------- */

static void spell(const char *name, char *buf, size_t cap)
{
    snprintf(buf, cap, name[1] ? "--%s" : "-%s", name);
}

bool ik_runlab_check(const struct ik_runlab_opt *o, const struct ik_opt_spec *spec,
                     const struct ik_opt_args *args, const char *machine, char *why, size_t cap)
{
    static const char *const of_labs[] = {"events", "seed", "realtime"};
    char name[32], shown[40];
    for (size_t i = 0; !o->lab && i < sizeof of_labs / sizeof *of_labs; i++) {
        if (!ik_opt_given(spec, args, of_labs[i]))
            continue;
        snprintf(why, cap, _("'--%s' is for labs: add --lab FILE, or --lab internet"), of_labs[i]);
        return false;
    }
    for (const char *at = machine; o->lab && *at; at += strspn(at, " ")) {
        const size_t n = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, at);
        at += n;
        if (!ik_opt_given(spec, args, name))
            continue;
        spell(name, shown, sizeof shown);
        snprintf(why, cap,
                 _("'%s' is about this machine, which '--lab' does without: leave out one"), shown);
        return false;
    }
    return true;
}

/* ---- opening --------------------------------------------------------------------------------- */

void ik_runlab_say_fault(const char *verb, const char *lab, const struct ik_conf_fault *fault)
{
    char file[256], text[2 * sizeof fault->text];
    ik_text_escape((struct ik_rd){(const uint8_t *)lab, strlen(lab)}, file, sizeof file);
    ik_text_escape((struct ik_rd){(const uint8_t *)fault->text, strlen(fault->text)}, text,
                   sizeof text);
    if (fault->line)
        ik_run_say(verb, "%s:%u:%u: %s", file, fault->line, fault->column, text);
    else
        ik_run_say(verb, "%s: %s", file, text);
}

static bool open_lab(struct ik_runlab *l, const char *verb, const struct ik_runlab_opt *o)
{
    const struct ik_lab_cfg cfg = {
        .has_seed = o->seed >= 0, .seed = (uint64_t)o->seed, .events = o->events};
    struct ik_conf_fault fault = {.translate = ik_lang_text};
    if (!ik_lab_open(&l->lab, o->lab, &cfg, &fault)) {
        ik_lab_vantage(l->lab, &l->vantage);
        return true;
    }
    ik_runlab_say_fault(verb, o->lab, &fault);
    return false;
}

bool ik_runlab_open(struct ik_runlab **out, const char *verb, const struct ik_runlab_opt *o,
                    void (*on_event)(void *ctx, const struct ik_record *rec), void *ctx)
{
    if (ik_priv_drop()) {
        ik_run_say(verb, _("cannot give up privileges"));
        return false;
    }
    struct ik_runlab *l = calloc(1, sizeof *l);
    if (!l) {
        ik_run_say(verb, "%s", ik_lang_err(IK_E_NOMEM));
        return false;
    }
    if (!open_lab(l, verb, o)) {
        free(l);
        return false;
    }
    l->realtime = o->realtime;
    l->events = o->events;
    l->began = ik_clock_now().mono;
    const struct ik_sim_watch watch = {.on_event = on_event, .ctx = ctx};
    if (o->events)
        ik_sim_watch(ik_lab_sim(l->lab), &watch);
    *out = l;
    return true;
}

void ik_runlab_close(struct ik_runlab *l)
{
    if (!l)
        return;
    ik_lab_close(l->lab);
    free(l);
}

struct ik_lab *ik_runlab_lab(struct ik_runlab *l)
{
    return l->lab;
}

/* ---- time ------------------------------------------------------------------------------------ */

struct ik_now ik_runlab_now(const struct ik_runlab *l)
{
    if (!l->realtime)
        return ik_lab_clock(l->lab);
    const ik_ns passed = ik_clock_now().mono - l->began;
    return (struct ik_now){passed, passed};
}

void ik_runlab_advance(struct ik_runlab *l, ik_ns mono)
{
    ik_lab_advance(l->lab, mono);
}

const char *ik_runlab_teller(const struct ik_runlab *l)
{
    return l && l->events ? l->vantage.name : NULL;
}

bool ik_runlab_is_virtual(const struct ik_runlab *l)
{
    return !l->realtime;
}

uint64_t ik_runlab_seed(const struct ik_runlab *l)
{
    return ik_lab_seed(l->lab);
}

/* ---- names ----------------------------------------------------------------------------------- */

void ik_runlab_forward(const struct ik_runlab *l, const char *name, uint8_t family, ik_names_fn *fn,
                       void *ctx)
{
    struct ik_addr addrs[2];
    struct ik_names_answer a = {.addrs = addrs};
    for (uint8_t f = 4; f <= 6; f += 2)
        if ((!family || family == f) && !ik_lab_lookup(l->lab, name, f, &addrs[a.n]))
            a.n++;
    if (!a.n) {
        a.err = IK_E_NOT_FOUND;
        a.error_text = N_("no node of that name in the lab; 'icmp lab check' lists them");
    }
    fn(ctx, ik_runlab_now(l), &a);
}

void ik_runlab_reverse(const struct ik_runlab *l, const struct ik_addr *addr, ik_names_fn *fn,
                       void *ctx)
{
    struct ik_names_answer a = {.name = ik_lab_name(l->lab, addr)};
    if (!a.name)
        a.err = IK_E_NOT_FOUND;
    fn(ctx, ik_runlab_now(l), &a);
}

/* ---- routes ---------------------------------------------------------------------------------- */

static struct ik_prefix net_of(const struct ik_stack_ifaddr *a)
{
    struct ik_prefix p = {.addr = a->addr, .bits = a->bits};
    for (unsigned i = 0; i < 16; i++) {
        const unsigned fixed = a->bits > 8 * i ? a->bits - 8 * i : 0;
        if (fixed < 8)
            p.addr.bytes[i] &= (uint8_t) ~(0xff >> fixed);
    }
    return p;
}

/* fe80::/10, and the groups of a link or of the interface itself. */
static bool ends_at_the_link(const struct ik_addr *dst)
{
    enum { SCOPE = 0x0f, LINK = 2 };
    return dst->family == 6 && (ik_addr_is_multicast(dst) ? (dst->bytes[1] & SCOPE) <= LINK
                                                          : ik_addr_is_link_local(dst));
}

/* The vantage's own address of fe80::/10: from its MAC, as its node makes it (RFC 4291 appendix A).
 */
static struct ik_addr link_local(const struct ik_runlab *l)
{
    const uint8_t *m = l->vantage.mac;
    struct ik_addr a = {.family = 0};
    for (size_t i = 0; i < l->vantage.n_addrs && !a.family; i++)
        if (l->vantage.addrs[i].addr.family == 6)
            a = (struct ik_addr){.family = 6,
                                 .bytes = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, m[0] ^ 2, m[1], m[2], 0xff,
                                           0xfe, m[3], m[4], m[5]}};
    return a;
}

/* The address to speak from (RFC 6724 section 5, rule 2 first): one whose network holds dst, else
 * the first that is not link-local. */
static struct ik_addr source_for(const struct ik_runlab *l, const struct ik_addr *dst)
{
    struct ik_addr best = {.family = 0};
    if (ends_at_the_link(dst))
        return link_local(l);
    for (size_t i = 0; i < l->vantage.n_addrs; i++) {
        const struct ik_stack_ifaddr *a = &l->vantage.addrs[i];
        const struct ik_prefix net = net_of(a);
        if (a->addr.family != dst->family || ik_addr_is_link_local(&a->addr))
            continue;
        if (ik_prefix_contains(&net, dst))
            return a->addr;
        if (!best.family)
            best = a->addr;
    }
    return best;
}

static bool is_ours(const struct ik_runlab *l, const struct ik_addr *addr)
{
    for (size_t i = 0; i < l->vantage.n_addrs; i++)
        if (ik_addr_same_host(&l->vantage.addrs[i].addr, addr))
            return true;
    return false;
}

/* 255.255.255.255, or all ones in a network of the vantage's. */
static bool is_broadcast(const struct ik_runlab *l, const struct ik_addr *dst)
{
    static const struct ik_addr all = {.family = 4, .bytes = {255, 255, 255, 255}};
    for (size_t i = 0; i < l->vantage.n_addrs; i++) {
        const struct ik_stack_ifaddr *a = &l->vantage.addrs[i];
        struct ik_prefix net = net_of(a);
        if (a->addr.family != 4 || a->bits > 30)
            continue;
        for (unsigned bit = a->bits; bit < 32; bit++)
            net.addr.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        if (ik_addr_same_host(&net.addr, dst))
            return true;
    }
    return ik_addr_same_host(&all, dst);
}

enum ik_err ik_runlab_route(const struct ik_runlab *l, const struct ik_addr *dst,
                            const struct ik_addr *src, struct ik_route *out)
{
    const bool chosen = src && src->family;
    if (chosen && !is_ours(l, src))
        return IK_E_ADDR;
    const struct ik_addr source = chosen ? *src : source_for(l, dst);
    if (!source.family)
        return IK_E_UNSUPPORTED;
    *out = (struct ik_route){
        .source = source, .mtu = l->vantage.mtu, .broadcast = is_broadcast(l, dst)};
    return IK_OK;
}

/* ---- links ----------------------------------------------------------------------------------- */

static struct ik_addr choose_source(void *ctx, const struct ik_addr *dst)
{
    return source_for(ctx, dst);
}

enum ik_err ik_runlab_link(struct ik_runlab *l, const struct ik_link_cfg *cfg, struct ik_link **out)
{
    struct ik_link *inner;
    if (cfg->source.family && !is_ours(l, &cfg->source))
        return IK_E_ADDR;
    const struct ik_sim_socket_cfg socket = {.family = cfg->family,
                                             .source = cfg->source,
                                             .ttl = cfg->ttl,
                                             .multicast_ttl = cfg->multicast_ttl,
                                             .tclass = cfg->tclass,
                                             .flow_label = cfg->flow_label,
                                             .pmtudisc = cfg->pmtudisc,
                                             .ip_options = cfg->ip_options};
    const enum ik_err err = ik_lab_link(l->lab, cfg->family, &inner);
    return err ? err : ik_sim_socket_open(out, inner, &socket, choose_source, l);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* `before`, the text as a terminal may have it, `after`; nothing where there is no text. */
static void put(struct ik_line *l, const char *before, const char *text, const char *after)
{
    char safe[512];
    if (!text)
        return;
    const struct ik_rd bytes = {(const uint8_t *)text, strlen(text)};
    ik_line_str(l, before);
    ik_line_str(l, ik_text_escape(bytes, safe, sizeof safe));
    ik_line_str(l, after);
}

void ik_runlab_event(struct ik_line *l, const struct ik_record *rec, ik_ns start)
{
    const struct ik_rec_event *e = &rec->event;
    const ik_ns at = rec->time - start;
    ik_line_fmt(l, "[%lld.%06lld]", (long long)(at / IK_NS_PER_S),
                (long long)(at % IK_NS_PER_S / IK_NS_PER_US));
    put(l, " ", e->node, "");
    put(l, "/", e->port, "");
    put(l, " link ", e->link, "");
    put(l, " ", e->kind, ": ");
    put(l, "", e->what, "");
    put(l, "  (", e->packet, ")");
    put(l, "  ", e->rule, "");
    ik_line_str(l, "\n");
    ik_line_end(l, (struct ik_now){at, rec->time});
}
