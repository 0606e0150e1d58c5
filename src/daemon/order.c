/* SPDX-License-Identifier: MIT
 * From a finding to what may be done about it. Pure: who is spared and what is ours are given. */
#include "icmpkit/daemon.h"

#include <string.h>

enum {
    TYPE4_REPLY = 0,
    TYPE4_UNREACH = 3,
    CODE4_FRAG_NEEDED = 4,
    TYPE4_ECHO = 8,
    TYPE4_EXCEEDED = 11,
    TYPE6_TOO_BIG = 2,
    TYPE6_ERROR_LAST = 4,
    NET6_BITS = 64,
};

static const struct {
    const char *name, *text;
    enum ik_order_key key;
} kinds[] = {
#define X(id, name, key, text) [IK_ORDER_##id] = {name, text, IK_ORDER_KEY_##key},
    IK_ORDER_KINDS(X)
#undef X
};

const char *ik_order_name(enum ik_order_kind k)
{
    return kinds[k].name;
}

const char *ik_order_text(enum ik_order_kind k)
{
    return kinds[k].text;
}

enum ik_order_key ik_order_key(enum ik_order_kind k)
{
    return kinds[k].key;
}

static bool same_prefix(const struct ik_prefix *a, const struct ik_prefix *b)
{
    return a->bits == b->bits && ik_addr_same_host(&a->addr, &b->addr);
}

bool ik_order_same(const struct ik_order *a, const struct ik_order *b)
{
    if (a->kind != b->kind)
        return false;
    switch (kinds[a->kind].key) {
    case IK_ORDER_KEY_HOST:
        return same_prefix(&a->who, &b->who);
    case IK_ORDER_KEY_TYPE:
        return same_prefix(&a->who, &b->who) && a->type == b->type;
    case IK_ORDER_KEY_CODE:
        return same_prefix(&a->who, &b->who) && a->type == b->type && a->code == b->code;
    case IK_ORDER_KEY_PAIR:
        return (same_prefix(&a->who, &b->who) && same_prefix(&a->other, &b->other)) ||
               (same_prefix(&a->who, &b->other) && same_prefix(&a->other, &b->who));
    }
    return false;
}

/* ---- what may not be done -------------------------------------------------------------------- */

/* Types that a link cannot live without (RFC 4890 section 4.4.1). */
static bool is_of_link(uint8_t family, uint8_t type)
{
    return family == 6 && ((type >= 130 && type <= 137) || (type >= 141 && type <= 143) ||
                           type == 148 || type == 149 || (type >= 151 && type <= 153));
}

static bool only_limited(uint8_t family, uint8_t type)
{
    return family == 6 &&
           (type <= TYPE6_ERROR_LAST || type == IK_ICMP6_ECHO || type == IK_ICMP6_ECHO_REPLY);
}

/* Whose packets an order stops (a group's: who is no group is not to be cut off so). A key that is
 * a destination is what the order protects. */
static bool is_source(enum ik_order_kind k)
{
    return k == IK_ORDER_LIMIT_SOURCE || k == IK_ORDER_BLOCK_PAIR || k == IK_ORDER_LIMIT_PAIR ||
           k == IK_ORDER_DROP_KIND || k == IK_ORDER_LIMIT_FRAGMENT || k == IK_ORDER_DROP_GROUP;
}

static bool overlap(const struct ik_prefix *a, const struct ik_prefix *b)
{
    return ik_prefix_contains(a, &b->addr) || ik_prefix_contains(b, &a->addr);
}

/* Why it is spared; NULL: it is not. `own`: our own addresses count too. */
static const char *spared(const struct ik_prefix *p, const struct ik_orders_cfg *cfg, bool own)
{
    for (size_t i = 0; i < cfg->n_spared; i++) {
        const struct ik_spared *s = &cfg->spared[i];
        if ((own || !s->own) && overlap(&s->who, p))
            return s->why;
    }
    return NULL;
}

static bool is_home(const struct ik_prefix *p, const struct ik_orders_cfg *cfg)
{
    for (size_t i = 0; i < cfg->n_home; i++) {
        if (overlap(&cfg->home[i], p))
            return true;
    }
    return false;
}

/* Wider than what is counted as one source. */
static bool too_wide(const struct ik_prefix *p)
{
    return p->bits < (p->addr.family == 4 ? 32 : NET6_BITS);
}

static const char *key_fault(const struct ik_order *o)
{
    const enum ik_order_key key = kinds[o->kind].key;
    const uint8_t family = o->who.addr.family;
    const bool pair = key == IK_ORDER_KEY_PAIR;
    if ((family != 4 && family != 6) || (pair && o->other.addr.family != family))
        return "nobody to act against is known";
    if (too_wide(&o->who) || (pair && too_wide(&o->other)))
        return "more than one source would be stopped";
    if ((key == IK_ORDER_KEY_TYPE || key == IK_ORDER_KEY_CODE) &&
        (is_of_link(family, o->type) || (family == 6 && o->type == TYPE6_TOO_BIG)))
        return "a network cannot do without these messages";
    return NULL;
}

const char *ik_order_fault(const struct ik_order *o, const struct ik_orders_cfg *cfg)
{
    if ((unsigned)o->kind >= IK_ORDERS || !o->seconds || o->seconds > IK_ORDER_SECONDS_MAX)
        return "no order that is known";
    const char *why = key_fault(o);
    if (why)
        return why;
    const uint8_t family = o->who.addr.family;
    if (family == 6 && (o->kind == IK_ORDER_BLOCK_PAIR ||
                        (o->kind == IK_ORDER_DROP_KIND && only_limited(family, o->type))))
        return "these messages of IPv6 may be limited, never dropped";
    if (family == 4 && o->kind == IK_ORDER_DROP_HOP_LIMIT)
        return "IPv4 has no neighbour discovery";
    if (family == 4 && o->kind == IK_ORDER_DROP_KIND && o->type == TYPE4_UNREACH &&
        o->code == CODE4_FRAG_NEEDED)
        return "a network cannot do without these messages";
    if (!is_source(o->kind))
        return NULL;
    /* One end of most pairs is ours. */
    const bool pair = kinds[o->kind].key == IK_ORDER_KEY_PAIR;
    why = spared(&o->who, cfg, !pair);
    return !why && pair ? spared(&o->other, cfg, false) : why;
}

ik_ns ik_order_until(ik_ns saw, ik_ns now, uint32_t seconds)
{
    const ik_ns most = saw + IK_ORDER_SECONDS_MAX * IK_NS_PER_S;
    const ik_ns until = now + (ik_ns)seconds * IK_NS_PER_S;
    return until < most ? until : most;
}

/* ---- what is to be done ---------------------------------------------------------------------- */

static struct ik_prefix host(const struct ik_addr *a)
{
    struct ik_prefix p = {.addr = *a, .bits = (uint8_t)(8 * ik_addr_bytes(a->family))};
    p.addr.scope = 0;
    return p;
}

/* As sources are counted: IPv6 by what one of them can take, a /64, unless that is the link. */
static struct ik_prefix source(const struct ik_addr *a)
{
    struct ik_prefix p = host(a);
    if (a->family != 6 || ik_addr_is_link_local(a))
        return p;
    p.bits = NET6_BITS;
    memset(p.addr.bytes + NET6_BITS / 8, 0, sizeof(p.addr.bytes) - NET6_BITS / 8);
    return p;
}

struct plan {
    const struct ik_finding *f; /* as one of its detectors has it */
    bool answered;              /* one of them is that of answers which differ */
    const struct ik_orders_cfg *cfg;
    struct ik_order *out;
    size_t n;
    const char *refused;
};

static bool is_planned(const struct plan *p, const struct ik_order *o)
{
    for (size_t i = 0; i < p->n; i++) {
        if (ik_order_same(&p->out[i], o))
            return true;
    }
    return false;
}

static void add(struct plan *p, struct ik_order o)
{
    o.seconds = p->cfg->seconds;
    o.finding = p->f->id;
    const char *why = ik_order_fault(&o, p->cfg);
    if (why)
        p->refused = why;
    else if (p->n < IK_ORDERS_MAX && !is_planned(p, &o))
        p->out[p->n++] = o;
}

/* Somebody who is not there cannot have done it: what one of our own hosts sends is its own, and
 * an answer that differs from a question that was seen was sent by who heard the question. All else
 * may be forged. */
static bool is_proven(const struct plan *p)
{
    const struct ik_prefix src = host(&p->f->src);
    return p->answered || is_home(&src, p->cfg);
}

/* One order a type: that of the finding; where it was of several those that floods are made of, but
 * of a source that may be forged requests alone: its answers and errors are not lost to us. */
static void add_types(struct plan *p, enum ik_order_kind kind, struct ik_prefix who)
{
    static const uint8_t types4[] = {TYPE4_ECHO, TYPE4_REPLY, TYPE4_UNREACH, TYPE4_EXCEEDED};
    static const uint8_t types6[] = {IK_ICMP6_ECHO, IK_ICMP6_ECHO_REPLY, 1, 3};
    const uint8_t *types = who.addr.family == 4 ? types4 : types6;
    const size_t n = kind == IK_ORDER_LIMIT_SOURCE && !is_proven(p) ? 1 : sizeof(types4);
    if (p->f->family)
        add(p, (struct ik_order){.kind = kind, .who = who, .type = p->f->type});
    for (size_t i = 0; i < n && !p->f->family; i++)
        add(p, (struct ik_order){.kind = kind, .who = who, .type = types[i]});
}

static void block_pair(struct plan *p)
{
    const struct ik_finding *f = p->f;
    const bool may_drop = f->src.family == 4 && is_proven(p);
    add(p, (struct ik_order){.kind = may_drop ? IK_ORDER_BLOCK_PAIR : IK_ORDER_LIMIT_PAIR,
                             .who = host(&f->src),
                             .other = host(&f->dst)});
}

static void drop_type(struct plan *p)
{
    const struct ik_finding *f = p->f;
    const enum ik_order_kind kind =
        only_limited(f->family, f->type) ? IK_ORDER_LIMIT_SOURCE : IK_ORDER_DROP_KIND;
    if (!f->family)
        return;
    add(p,
        (struct ik_order){.kind = kind, .who = source(&f->src), .type = f->type, .code = f->code});
}

static bool is_group(const struct ik_addr *a)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    return ik_addr_is_multicast(a) || (a->family == 4 && !memcmp(a->bytes, all, sizeof(all)));
}

static void drop_fragment(struct plan *p)
{
    const struct ik_finding *f = p->f;
    if (f->detector == IK_DETECT_FRAG_OVERSIZE)
        add(p, (struct ik_order){.kind = IK_ORDER_DROP_OVERSIZE, .who = host(&f->dst)});
    else
        add(p, (struct ik_order){.kind = IK_ORDER_LIMIT_FRAGMENT, .who = source(&f->src)});
}

static const char *mtu_fault(const struct plan *p)
{
    if (p->f->dst.family == 4 && p->cfg->mtu4_least < IK_ORDER_MTU4)
        return "smaller path MTUs are allowed than those that would be dropped";
    return NULL;
}

static void drop_mtu(struct plan *p)
{
    p->refused = mtu_fault(p);
    if (!p->refused)
        add(p, (struct ik_order){.kind = IK_ORDER_DROP_MTU, .who = host(&p->f->dst)});
}

static void plan(struct plan *p)
{
    const struct ik_finding *f = p->f;
    switch (f->remedy) {
    case IK_REMEDY_NONE:
        break;
    case IK_REMEDY_LIMIT_SOURCE:
        add_types(p, IK_ORDER_LIMIT_SOURCE, source(&f->src));
        break;
    case IK_REMEDY_LIMIT_DST:
        add_types(p, IK_ORDER_LIMIT_DST, host(&f->dst));
        break;
    case IK_REMEDY_LIMIT_UNKNOWN:
        add(p, (struct ik_order){.kind = IK_ORDER_LIMIT_UNKNOWN, .who = host(&f->dst)});
        break;
    case IK_REMEDY_BLOCK_PAIR:
        block_pair(p);
        break;
    case IK_REMEDY_DROP_TYPE:
        drop_type(p);
        break;
    case IK_REMEDY_DROP_FRAGMENT:
        drop_fragment(p);
        break;
    case IK_REMEDY_DROP_BROADCAST:
        add(p, (struct ik_order){.kind = IK_ORDER_DROP_GROUP,
                                 .who = host(is_group(&f->src) ? &f->src : &f->dst)});
        break;
    case IK_REMEDY_DROP_MTU:
        drop_mtu(p);
        break;
    case IK_REMEDY_DROP_HOP_LIMIT:
        add(p, (struct ik_order){.kind = IK_ORDER_DROP_HOP_LIMIT, .who = source(&f->src)});
        break;
    }
}

size_t ik_orders_of(const struct ik_finding *f, const struct ik_orders_cfg *cfg,
                    struct ik_order out[static IK_ORDERS_MAX], const char **refused)
{
    struct ik_finding voice;
    struct plan p = {.f = &voice, .cfg = cfg, .out = out};
    for (size_t i = 0; ik_finding_voice(f, i, &voice); i++)
        p.answered |= voice.detector == IK_DETECT_TUNNEL_MISMATCH;
    for (size_t i = 0; f->state != IK_FINDING_ENDED && ik_finding_voice(f, i, &voice); i++) {
        if (voice.severity >= IK_SEVERITY_MEDIUM)
            plan(&p);
    }
    *refused = p.n ? NULL : p.refused;
    return p.n;
}
