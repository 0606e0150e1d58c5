/* SPDX-License-Identifier: MIT */
#include "stack/ip6walk.h"

#include "stack/stack_int.h"

enum {
    LENGTH_AT = 4, /* in the fixed header */
    NEXT_AT = 6,
    CODE_FIELD = 0, /* of Parameter Problem (RFC 4443, 7112, 8883) */
    CODE_NEXT_HEADER = 1,
    CODE_OPTION = 2,
    CODE_FIRST_FRAGMENT = 3,
    CODE_TOO_MANY_HEADERS = 8,
    CODE_TOO_MANY_OPTIONS = 9,
    OPT_PADN = 1, /* 0 and 1 are padding */
    OPT_ROUTER_ALERT = 5,
    OPT_JUMBO = 0xc2,
    JUMBO_MIN = 65536,
    /* RFC 8504 section 5.3 has nodes bound this work: far above what anybody sends */
    HEADERS_MAX = 16,
    OPTIONS_MAX = 16,
};

/* Where a walk is: the offset of the header, its number, what is left from it on. */
struct place {
    struct ik_rd packet, rest;
    bool jumbo;
    uint32_t jumbo_bytes; /* behind the fixed header */
    unsigned headers;
};

/* Each returns false when the walk ends. */
static bool problem(struct ik_ip6walk *w, enum ik_rule rule, uint8_t code, uint32_t pointer)
{
    w->end = IK_IP6WALK_PROBLEM;
    w->rule = rule;
    w->code = code;
    w->pointer = pointer;
    return false;
}

static bool silent(struct ik_ip6walk *w, enum ik_rule rule)
{
    w->end = IK_IP6WALK_SILENT;
    w->rule = rule;
    return false;
}

static uint16_t payload_length(const struct place *p)
{
    return ik_load_be16(p->packet.p + LENGTH_AT);
}

/* The four faults of RFC 2675 section 3; the fourth is a fragment header, later. */
static bool take_jumbo(struct ik_ip6walk *w, struct place *p, const struct ik_ip6opt *opt,
                       uint32_t at)
{
    p->jumbo = true;
    if (payload_length(p) != 0)
        return problem(w, IK_RULE_R2675_3_01, CODE_FIELD, at);
    if (opt->data.left != 4)
        return problem(w, IK_RULE_R4443_3_4_01, CODE_FIELD, at + 1);
    p->jumbo_bytes = ik_load_be32(opt->data.p);
    if (p->jumbo_bytes < JUMBO_MIN)
        return problem(w, IK_RULE_R2675_3_01, CODE_FIELD, at + 2);
    return true;
}

/* The two highest bits say what a node does that does not know the option (RFC 8200 section 4.2).
 */
static bool take_unknown(struct ik_ip6walk *w, uint8_t type, uint32_t at)
{
    switch (type >> 6) {
    case 0:
        return true;
    case 1:
        return silent(w, IK_RULE_R8200_4_2_01);
    default:
        w->even_multicast = type >> 6 == 2;
        return problem(w, IK_RULE_R8200_4_2_01, CODE_OPTION, at);
    }
}

static bool take_option(struct ik_ip6walk *w, struct place *p, const struct ik_ip6ext *ext,
                        const struct ik_ip6opt *opt, uint32_t at)
{
    if (opt->type <= OPT_PADN)
        return true;
    if (ext->proto == IK_PROTO_HOPOPTS && opt->type == OPT_ROUTER_ALERT) {
        w->router_alert = w->router_alert || opt->data.left == 2;
        return true;
    }
    if (ext->proto == IK_PROTO_HOPOPTS && opt->type == OPT_JUMBO)
        return take_jumbo(w, p, opt, at);
    return take_unknown(w, opt->type, at);
}

static bool take_options(struct ik_ip6walk *w, struct place *p, const struct ik_ip6ext *ext)
{
    struct ik_rd options = ik_ip6ext_options(ext);
    struct ik_ip6opt opt;
    unsigned n = 0;
    for (;;) {
        const uint32_t at = w->at + (uint32_t)(options.p - ext->bytes.p);
        const bool has_length = options.left >= 2;
        const enum ik_err err = ik_ip6opt_take(&options, &opt, NULL);
        if (err == IK_E_NOT_FOUND)
            return true;
        if (err)
            return problem(w, IK_RULE_R4443_3_4_01, CODE_FIELD, has_length ? at + 1 : at);
        n += opt.type > OPT_PADN;
        if (n > OPTIONS_MAX)
            return problem(w, IK_RULE_R8883_3_01, CODE_TOO_MANY_OPTIONS, at);
        if (!take_option(w, p, ext, &opt, at))
            return false;
    }
}

/* No routing type is known here: type 0 is abolished (RFC 5095), the others belong to roles that
 * these nodes do not have. */
static bool take_routing(struct ik_ip6walk *w, const struct ik_ip6ext *ext)
{
    return ext->bytes.p[3] == 0 || problem(w, IK_RULE_R8200_4_4_01, CODE_FIELD, w->at + 2);
}

/* Bytes of the upper-layer header that a first fragment has to have whole (RFC 7112 section 3: of
 * ICMPv6 the first 32 bits); 0 where its length is nobody's knowledge. */
static size_t upper_bytes(uint8_t proto, struct ik_rd upper)
{
    enum { TCP_MIN = 20, OFFSET_AT = 12 };
    switch (proto) {
    case IK_PROTO_TCP: {
        const size_t own = upper.left > OFFSET_AT ? 4u * (upper.p[OFFSET_AT] >> 4) : 0;
        return own > TCP_MIN ? own : TCP_MIN;
    }
    case IK_PROTO_UDP:
    case IK_PROTO_ESP:
        return 8;
    case IK_PROTO_ICMP6:
        return 4;
    default:
        return 0;
    }
}

/* True when the chain after the fragment header is whole; what else may be wrong with it is found
 * after reassembly. */
static bool chain_is_whole(uint8_t proto, struct ik_rd rest)
{
    struct ik_ip6ext ext;
    enum ik_err err;
    do
        err = ik_ip6ext_take(&rest, &proto, &ext, NULL);
    while (err == IK_OK);
    return err == IK_E_NOT_FOUND && !ik_ip6ext_is(proto) && rest.left >= upper_bytes(proto, rest);
}

/* What follows the header is `p->rest` already. */
static bool take_fragment(struct ik_ip6walk *w, const struct place *p, const struct ik_ip6ext *ext)
{
    if (w->fragment_header) /* one inside of another is no fragment of anything */
        return silent(w, IK_RULE_NONE);
    if (ik_ip6ext_decode_fragment(&w->frag, ext))
        return silent(w, IK_RULE_NONE);
    w->fragment_header = true;
    w->frag_at = w->at;
    if (p->jumbo)
        return problem(w, IK_RULE_R2675_3_01, CODE_FIELD, w->at);
    if (!w->frag.mf && w->frag.offset_bytes == 0)
        return true; /* atomic (RFC 6946) */
    const size_t before = w->at - IK_IP6_BYTES;
    if (w->frag.mf && p->rest.left % 8)
        return problem(w, IK_RULE_R8200_4_5_02, CODE_FIELD, LENGTH_AT);
    if (before + w->frag.offset_bytes + p->rest.left > UINT16_MAX)
        return problem(w, IK_RULE_R8200_4_5_03, CODE_FIELD, w->at + 2);
    if (w->frag.offset_bytes == 0 && !chain_is_whole(w->frag.next, p->rest))
        return problem(w, IK_RULE_R7112_5_02, CODE_FIRST_FRAGMENT, 0);
    w->end = IK_IP6WALK_FRAGMENT;
    return false;
}

static bool take_header(struct ik_ip6walk *w, struct place *p, const struct ik_ip6ext *ext)
{
    switch (ext->proto) {
    case IK_PROTO_HOPOPTS:
    case IK_PROTO_DSTOPTS:
        return take_options(w, p, ext);
    case IK_PROTO_ROUTING:
        return take_routing(w, ext);
    default:
        return take_fragment(w, p, ext);
    }
}

/* A chain that ends inside of a header: its own length octet is wrong, or, where that is not even
 * there, the payload length. */
static bool cut(struct ik_ip6walk *w, const struct place *p)
{
    const uint32_t at = p->rest.left < 2 ? LENGTH_AT : w->at + 1;
    return problem(w, IK_RULE_R4443_3_4_01, CODE_FIELD, at);
}

/* One header. False at the end of the walk. */
static bool step(struct ik_ip6walk *w, struct place *p)
{
    uint8_t proto = w->proto;
    struct ik_ip6ext ext;
    if (p->rest.left == 0 || ik_ip6ext_take(&p->rest, &proto, &ext, NULL) != IK_OK)
        return cut(w, p);
    if (++p->headers > HEADERS_MAX)
        return problem(w, IK_RULE_R8883_3_01, CODE_TOO_MANY_HEADERS, w->at);
    if (!take_header(w, p, &ext)) {
        if (w->end == IK_IP6WALK_FRAGMENT)
            w->at += (uint32_t)ext.bytes.left;
        return false;
    }
    w->named_at = w->at;
    w->at += (uint32_t)ext.bytes.left;
    w->proto = proto;
    return true;
}

static struct place begin(struct ik_ip6walk *w, struct ik_rd packet)
{
    *w = (struct ik_ip6walk){
        .end = IK_IP6WALK_UPPER,
        .rule = IK_RULE_NONE,
        .proto = packet.p[NEXT_AT],
        .named_at = NEXT_AT,
        .at = IK_IP6_BYTES,
        .total = (uint32_t)packet.left,
    };
    return (struct place){.packet = packet, .rest = ik_rd_from(packet, IK_IP6_BYTES)};
}

/* The hop-by-hop header is looked at only where the fixed header names it. A payload length of 0
 * there means a jumbo payload (RFC 2675 section 3). */
static bool take_hop_by_hop(struct ik_ip6walk *w, struct place *p)
{
    if (w->proto != IK_PROTO_HOPOPTS)
        return true;
    if (!step(w, p))
        return false;
    if (payload_length(p) == 0 && !p->jumbo)
        return problem(w, IK_RULE_R2675_3_01, CODE_FIELD, LENGTH_AT);
    return true;
}

/* The jumbo payload has to be there, like any other: where it is not, nothing is said, for what was
 * cut may have been cut anywhere. */
static bool take_length(struct ik_ip6walk *w, const struct place *p)
{
    if (!p->jumbo)
        return true;
    if (p->jumbo_bytes > p->packet.left - IK_IP6_BYTES)
        return silent(w, IK_RULE_NONE);
    w->total = IK_IP6_BYTES + p->jumbo_bytes;
    return true;
}

void ik_ip6walk_transit(struct ik_ip6walk *w, struct ik_rd packet)
{
    struct place p = begin(w, packet);
    (void)(take_hop_by_hop(w, &p) && take_length(w, &p));
}

void ik_ip6walk_final(struct ik_ip6walk *w, struct ik_rd packet)
{
    struct place p = begin(w, packet);
    if (!take_hop_by_hop(w, &p))
        return;
    while (w->proto == IK_PROTO_ROUTING || w->proto == IK_PROTO_FRAGMENT ||
           w->proto == IK_PROTO_DSTOPTS)
        if (!step(w, &p))
            return;
    (void)take_length(w, &p);
}

void ik_ip6walk_unknown(struct ik_ip6walk *w)
{
    const bool misplaced = w->proto == IK_PROTO_HOPOPTS;
    (void)problem(w, misplaced ? IK_RULE_R8200_4_02 : IK_RULE_R8200_4_01, CODE_NEXT_HEADER,
                  w->named_at);
}
