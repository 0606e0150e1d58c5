/* SPDX-License-Identifier: MIT
 * The messages, and what became of them. What should have passed and did not is sent again after a
 * pause, since a limit of rate is no wall; and all of it once more, since a limit shows again and
 * what a busy machine was late with does not. */
#include <icmpkit/trial.h>

#include "base/bytes.h"
#include <icmpkit/explain.h>
#include <icmpkit/wire.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CASES = 512,
    PACKET_MAX = 1500,
    IDENT = 0x1c3b, /* of echo */
    PORT = 40961,   /* of the flow that is known; one more: of one that never was */
    DISCARD = 9,
    QUOTED_MTU = 1400,
    IDENT_BYTES = 4, /* identifier and sequence number */
    ND_BYTES = 24,   /* what the longest fixed part of neighbour discovery needs */
};

#define ARRIVES_WITHIN (40 * IK_NS_PER_MS)
#define PAUSE (1100 * IK_NS_PER_MS)
#define SPACING (120 * IK_NS_PER_MS)

const char *ik_trial_variant_text(enum ik_trial_variant v)
{
    static const char *const texts[] = {
#define X(id, text) text,
        IK_TRIAL_VARIANTS(X)
#undef X
    };
    return texts[v];
}

struct run {
    struct ik_passage *p;
    enum ik_policy_role role;
    struct ik_trial cases[CASES], were[CASES]; /* were: while they are tried once more */
    size_t n;
    /* The packet that an error or reply of the variant KNOWN is about, as it was seen outside,
     * perhaps translated; 0 bytes: it did not come out. */
    struct sent {
        uint8_t bytes[PACKET_MAX];
        size_t n;
    } datagram, echo;
};

static uint8_t icmp_of(uint8_t family)
{
    return family == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6;
}

static bool is_error(uint8_t family, uint8_t type)
{
    const struct ik_explain *e = ik_explain_get(family, type, -1);
    return e && e->class_of == IK_ICMP_CLASS_ERROR;
}

static bool is_echo_reply(const struct ik_trial *t)
{
    return t->type == (t->family == 4 ? (int)IK_ICMP4_ECHO_REPLY : (int)IK_ICMP6_ECHO_REPLY);
}

/* ---- packets --------------------------------------------------------------------------------- */

static enum ik_passage_place target(enum ik_policy_hook hook)
{
    return hook == IK_POLICY_LOCAL ? IK_PASSAGE_FIREWALL : IK_PASSAGE_INSIDE;
}

/* A packet around a payload that lies in `payload`. 0: it does not fit. */
static size_t wrap(const struct ik_addr *src, const struct ik_addr *dst, uint8_t proto, uint8_t ttl,
                   struct ik_rd payload, uint8_t out[static PACKET_MAX])
{
    const struct ik_ip ip = {.version = src->family,
                             .ttl = ttl,
                             .proto = proto,
                             .next_header = proto,
                             .src = *src,
                             .dst = *dst,
                             .final_dst = *dst,
                             .payload = payload};
    size_t n;
    return ik_ip_encode(&ip, false, out, PACKET_MAX, &n) ? 0 : n;
}

static size_t udp_packet(const struct ik_addr *src, const struct ik_addr *dst, uint16_t sport,
                         uint8_t out[static PACKET_MAX])
{
    static const uint8_t data[] = "icmpkit";
    const struct ik_udp udp = {.sport = sport, .dport = DISCARD, .data = {data, sizeof data - 1}};
    uint8_t bytes[64];
    size_t n;
    if (ik_udp_encode(&udp, src, dst, bytes, sizeof bytes, &n))
        return 0;
    return wrap(src, dst, IK_PROTO_UDP, 64, (struct ik_rd){bytes, n}, out);
}

/* What an error of this case quotes. */
static size_t quote_of(const struct run *r, const struct ik_trial *t,
                       uint8_t out[static PACKET_MAX])
{
    const struct ik_addr from = ik_passage_addr(target(t->hook), t->family, false),
                         to = ik_passage_addr(IK_PASSAGE_OUTSIDE, t->family, false);
    if (t->variant != IK_TRIAL_KNOWN || !r->datagram.n)
        return udp_packet(&from, &to, PORT + 1, out);
    memcpy(out, r->datagram.bytes, r->datagram.n);
    return r->datagram.n;
}

/* Where the message goes: to who sent what it is about, as strangers know him. */
static struct ik_addr destination(const struct run *r, const struct ik_trial *t)
{
    const struct sent *s = is_echo_reply(t) ? &r->echo : &r->datagram;
    struct ik_ip ip;
    if (t->variant == IK_TRIAL_KNOWN && s->n &&
        !ik_ip_decode(&ip, (struct ik_rd){s->bytes, s->n}, NULL))
        return ip.src;
    return ik_passage_addr(target(t->hook), t->family, t->variant == IK_TRIAL_LINK);
}

/* Octets 4 to 7, and what follows them. */
static size_t body_of(const struct run *r, const struct ik_trial *t, uint8_t out[static PACKET_MAX])
{
    memset(out, 0, 4 + ND_BYTES);
    if (is_error(t->family, t->type)) {
        const bool size = t->family == 6 ? t->type == IK_ICMP6_PACKET_TOO_BIG
                                         : t->type == IK_ICMP4_UNREACHABLE &&
                                               t->code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED;
        out[2] = size ? QUOTED_MTU >> 8 : 0;
        out[3] = size ? QUOTED_MTU & 0xff : 0;
        uint8_t quote[PACKET_MAX];
        const size_t n = quote_of(r, t, quote);
        memcpy(out + 4, quote, n);
        return 4 + n;
    }
    struct ik_ip ip;
    const bool unknown = t->variant == IK_TRIAL_UNKNOWN;
    const bool reply = is_echo_reply(t) && r->echo.n && !unknown;
    if (reply && !ik_ip_decode(&ip, (struct ik_rd){r->echo.bytes, r->echo.n}, NULL) &&
        ip.payload.left >= 4 + IDENT_BYTES)
        memcpy(out, ip.payload.p + 4, IDENT_BYTES); /* it may have been translated */
    else
        ik_store_be16(out, unknown ? IDENT + 1 : IDENT);
    return 4 + ND_BYTES;
}

static size_t message_of(const struct run *r, const struct ik_trial *t,
                         uint8_t out[static PACKET_MAX])
{
    const bool link = t->variant == IK_TRIAL_LINK;
    const bool one = t->rule.proof == IK_POLICY_HOPS_1 || t->rule.proof == IK_POLICY_LINK_LOCAL;
    const struct ik_addr src = ik_passage_addr(IK_PASSAGE_OUTSIDE, t->family, link),
                         dst = destination(r, t);
    uint8_t body[PACKET_MAX], icmp[PACKET_MAX];
    const struct ik_icmp msg = {.family = t->family,
                                .type = t->type,
                                .code = t->code,
                                .kind = IK_ICMP_RAW,
                                .raw = {body, body_of(r, t, body)}};
    const struct ik_icmp_ctx ctx = {.family = t->family, .src = &src, .dst = &dst};
    size_t n;
    if (ik_icmp_encode(&msg, &ctx, false, icmp, sizeof icmp, &n))
        return 0;
    return wrap(&src, &dst, icmp_of(t->family),
                !link ? 64
                : one ? 1
                      : 255,
                (struct ik_rd){icmp, n}, out);
}

/* ---- sending and waiting --------------------------------------------------------------------- */

/* The ICMP message in what arrived. */
static struct ik_rd icmp_in(struct ik_rd got, uint8_t family, bool bare)
{
    struct ik_ip ip;
    if (bare)
        return got;
    return ik_ip_decode(&ip, got, NULL)  ? (struct ik_rd){got.p, 0}
           : ip.proto == icmp_of(family) ? ip.payload
                                         : (struct ik_rd){got.p, 0};
}

static bool arrived(const struct run *r, const struct ik_trial *t)
{
    const enum ik_passage_place at = target(t->hook);
    const bool bare = at == IK_PASSAGE_FIREWALL && t->family == 6;
    const ik_ns until = ik_clock_now().mono + ARRIVES_WITHIN;
    uint8_t buf[2 * PACKET_MAX];
    for (ik_ns left = ARRIVES_WITHIN; left > 0; left = until - ik_clock_now().mono) {
        const size_t n = ik_passage_take(r->p, at, t->family, left, buf, sizeof buf);
        const struct ik_rd icmp = icmp_in((struct ik_rd){buf, n}, t->family, bare);
        if (icmp.left >= 2 && icmp.p[0] == t->type && icmp.p[1] == t->code)
            return true;
    }
    return false;
}

static void drain(const struct run *r, const struct ik_trial *t)
{
    uint8_t buf[2 * PACKET_MAX];
    for (int i = 0; i < CASES; i++)
        if (!ik_passage_take(r->p, target(t->hook), t->family, 0, buf, sizeof buf))
            return;
}

/* What comes out to the outside of that protocol. */
static void catch_sent(const struct run *r, uint8_t family, uint8_t proto, struct sent *out)
{
    enum { TRIES = 8 };
    out->n = 0;
    for (int i = 0; i < TRIES && !out->n; i++) {
        const size_t n = ik_passage_take(r->p, IK_PASSAGE_OUTSIDE, family, ARRIVES_WITHIN,
                                         out->bytes, sizeof out->bytes);
        struct ik_ip ip;
        if (!n)
            return;
        if (!ik_ip_decode(&ip, (struct ik_rd){out->bytes, n}, NULL) && ip.proto == proto)
            out->n = n;
    }
}

/* An echo request of the firewall's, or through it. */
static void ask(struct run *r, enum ik_policy_hook hook, uint8_t family)
{
    const struct ik_addr src = ik_passage_addr(IK_PASSAGE_INSIDE, family, false),
                         dst = ik_passage_addr(IK_PASSAGE_OUTSIDE, family, false);
    uint8_t body[4 + ND_BYTES] = {IDENT >> 8, IDENT & 0xff}, icmp[PACKET_MAX], packet[PACKET_MAX];
    const struct ik_icmp msg = {.family = family,
                                .type =
                                    family == 4 ? (uint8_t)IK_ICMP4_ECHO : (uint8_t)IK_ICMP6_ECHO,
                                .kind = IK_ICMP_RAW,
                                .raw = {body, sizeof body}};
    const struct ik_icmp_ctx ctx = {.family = family, .src = &src, .dst = &dst};
    size_t n = 0;
    enum ik_err err = IK_OK;
    if (hook == IK_POLICY_LOCAL)
        err = ik_passage_ask(r->p, family, IDENT);
    else if (!(err = ik_icmp_encode(&msg, &ctx, false, icmp, sizeof icmp, &n))) {
        n = wrap(&src, &dst, icmp_of(family), 64, (struct ik_rd){icmp, n}, packet);
        err = ik_passage_put(r->p, IK_PASSAGE_INSIDE, (struct ik_rd){packet, n});
    }
    r->echo.n = 0;
    if (!err)
        catch_sent(r, family, icmp_of(family), &r->echo);
}

static bool try_one(struct run *r, const struct ik_trial *t)
{
    uint8_t packet[PACKET_MAX];
    if (is_echo_reply(t) && t->variant == IK_TRIAL_KNOWN)
        ask(r, t->hook, t->family);
    const size_t n = message_of(r, t, packet);
    drain(r, t);
    return n && !ik_passage_put(r->p, IK_PASSAGE_OUTSIDE, (struct ik_rd){packet, n}) &&
           arrived(r, t);
}

static void pause_for(ik_ns ns)
{
    const struct timespec t = {.tv_sec = ns / IK_NS_PER_S, .tv_nsec = ns % IK_NS_PER_S};
    (void)nanosleep(&t, NULL);
}

/* Makes the flow that is known. */
static void speak(struct run *r, enum ik_policy_hook hook, uint8_t family)
{
    const struct ik_addr from = ik_passage_addr(IK_PASSAGE_INSIDE, family, false),
                         to = ik_passage_addr(IK_PASSAGE_OUTSIDE, family, false);
    uint8_t packet[PACKET_MAX];
    enum ik_err err;
    if (hook == IK_POLICY_LOCAL)
        err = ik_passage_speak(r->p, family, PORT);
    else
        err = ik_passage_put(r->p, IK_PASSAGE_INSIDE,
                             (struct ik_rd){packet, udp_packet(&from, &to, PORT, packet)});
    r->datagram.n = 0;
    if (!err)
        catch_sent(r, family, IK_PROTO_UDP, &r->datagram);
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void add(struct run *r, struct ik_trial t, enum ik_trial_variant variant, bool should_pass)
{
    if (r->n == CASES)
        return;
    t.variant = variant;
    t.should_pass = should_pass;
    r->cases[r->n++] = t;
}

static void add_cases(struct run *r, enum ik_policy_hook hook, uint8_t family, uint8_t type,
                      uint8_t code)
{
    const struct ik_trial t = {.family = family,
                               .type = type,
                               .code = code,
                               .hook = hook,
                               .rule = ik_policy_judge(r->role, hook, family, type, code)};
    switch (t.rule.verdict) {
    case IK_POLICY_PASS:
    case IK_POLICY_KNOWN:
        add(r, t, IK_TRIAL_KNOWN, true);
        if (is_error(family, type))
            add(r, t, IK_TRIAL_UNKNOWN, true);
        break;
    case IK_POLICY_TRACKED:
        add(r, t, IK_TRIAL_KNOWN, true);
        add(r, t, IK_TRIAL_UNKNOWN, false);
        break;
    case IK_POLICY_PROVEN:
        add(r, t, IK_TRIAL_LINK, true);
        if (family == 6)
            add(r, t, IK_TRIAL_FORGED, false);
        break;
    default:
        add(r, t, IK_TRIAL_PLAIN, t.rule.verdict == IK_POLICY_LIMITED);
    }
}

/* Every type that has a name, every code of an error, and one of each range without names. */
static void fill(struct run *r, enum ik_policy_hook hook, uint8_t family)
{
    struct ik_policy_rule rules[IK_POLICY_RULES];
    const size_t n = ik_policy_rules(r->role, hook, family, rules, IK_POLICY_RULES);
    r->n = 0;
    for (size_t i = 0; n && i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        if (e->family == family && (e->code < 0 || (e->code > 0 && is_error(family, e->type))))
            add_cases(r, hook, family, e->type, (uint8_t)(e->code < 0 ? 0 : e->code));
    }
    for (size_t i = 0; i < n && i < IK_POLICY_RULES; i++)
        if (!ik_explain_get(family, rules[i].first_type, -1))
            add_cases(r, hook, family, rules[i].first_type, 0);
}

/* About nothing that was sent, it may be dropped as well. */
static bool needs_again(const struct ik_trial *t)
{
    return t->should_pass && !t->passed && t->variant != IK_TRIAL_UNKNOWN;
}

/* By type, and in it by what is particular, then by code. */
static int in_order(const void *a, const void *b)
{
    const struct ik_trial *x = a, *y = b;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    if (x->variant != y->variant)
        return x->variant < y->variant ? -1 : 1;
    return (x->code > y->code) - (x->code < y->code);
}

/* One after the other. Returns how many have to be tried again. */
static size_t try_each(struct run *r)
{
    size_t again = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct ik_trial *t = &r->cases[i];
        t->passed = try_one(r, t);
        again += needs_again(t);
    }
    return again;
}

/* Whether everything that passed at the second go passes at once now. It is tried among as much as
 * before, since a limit that many share may hold back another of them. */
static bool was_late(struct run *r)
{
    size_t walls = 0;
    memcpy(r->were, r->cases, r->n * sizeof *r->were);
    for (size_t i = 0; i < r->n; i++)
        walls += needs_again(&r->were[i]);
    pause_for(PAUSE);
    const bool late = try_each(r) <= walls;
    memcpy(r->cases, r->were, r->n * sizeof *r->were);
    return late;
}

static void try_all(struct run *r, enum ik_policy_hook hook, uint8_t family)
{
    bool slowed = false;
    fill(r, hook, family);
    qsort(r->cases, r->n, sizeof *r->cases, in_order);
    if (r->n)
        speak(r, hook, family);
    if (!try_each(r))
        return;
    pause_for(PAUSE);
    for (size_t i = 0; i < r->n; i++) {
        struct ik_trial *t = &r->cases[i];
        if (!needs_again(t))
            continue;
        t->passed = t->slowed = try_one(r, t);
        slowed = slowed || t->slowed;
        pause_for(SPACING);
    }
    const bool late = slowed && was_late(r);
    for (size_t i = 0; late && i < r->n; i++)
        r->cases[i].slowed = false;
}

enum ik_err ik_trial_run(const struct ik_trial_cfg *cfg,
                         void (*fn)(void *ctx, const struct ik_trial *t), void *ctx,
                         const char **step, char why[static IK_NFT_TEXT])
{
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return IK_E_NOMEM;
    struct ik_passage_cfg passage = cfg->passage;
    passage.bridge = cfg->role == IK_POLICY_BRIDGE;
    r->role = cfg->role;
    const enum ik_err err = ik_passage_open(&r->p, &passage, step, why);
    for (int hook = IK_POLICY_LOCAL; hook <= IK_POLICY_TRANSIT && !err; hook++) {
        for (uint8_t family = 4; family <= 6; family += 2) {
            if (cfg->family && cfg->family != family)
                continue;
            try_all(r, (enum ik_policy_hook)hook, family);
            for (size_t i = 0; i < r->n; i++)
                fn(ctx, &r->cases[i]);
        }
    }
    if (!err)
        ik_passage_close(r->p);
    free(r);
    return err;
}
