/* SPDX-License-Identifier: MIT
 * The walk along the extension headers of a packet, and what it learns on its way. */
#include "wire/ip_int.h"

#include "base/rd.h"
#include "wire/fault.h"

enum { OPT_JUMBO = 0xc2, JUMBO_MIN = 65536 };

/* Where the walk is. */
struct walk {
    struct ik_ip *ip;
    struct ik_faults *faults;
    size_t at;            /* offset of the present header in the packet */
    struct ik_rd rest;    /* what follows it */
    uint32_t seen, twice; /* a bit an extension header, see bit_of */
    bool jumbo;
};

static uint32_t bit_of(uint8_t proto)
{
    switch (proto) {
    case IK_PROTO_HOPOPTS:
        return 1;
    case IK_PROTO_ROUTING:
        return 2;
    case IK_PROTO_FRAGMENT:
        return 4;
    case IK_PROTO_DSTOPTS:
        return 8;
    case IK_PROTO_AH:
        return 16;
    case IK_PROTO_MOBILITY:
        return 32;
    case IK_PROTO_HIP:
        return 64;
    default: /* shim6 */
        return 128;
    }
}

/* Every one at most once, destination options twice: before a routing header and at the end (RFC
 * 8200 section 4.1). */
static void check_place(struct walk *w, uint8_t proto)
{
    const uint32_t bit = bit_of(proto);
    const uint32_t full = proto == IK_PROTO_DSTOPTS ? w->twice : w->seen;
    if (full & bit)
        ik_fault_add(w->faults, IK_FLAW_CHAIN_REPEATED, w->at);
    if (proto == IK_PROTO_HOPOPTS && w->at > IK_IP6_BYTES)
        ik_fault_add(w->faults, IK_FLAW_CHAIN_ORDER, w->at);
    w->twice |= w->seen & bit;
    w->seen |= bit;
}

static bool jumbo_value(const struct ik_ip6opt *opt, uint32_t *value)
{
    if (opt->type != OPT_JUMBO || opt->data.left != 4)
        return false;
    *value = ik_load_be32(opt->data.p);
    return true;
}

uint32_t ik_ip6chain_jumbo_bytes(struct ik_rd rest)
{
    uint8_t proto = IK_PROTO_HOPOPTS;
    uint32_t value = 0;
    struct ik_ip6ext ext;
    struct ik_ip6opt opt;
    if (ik_ip6ext_take(&rest, &proto, &ext, NULL) != IK_OK)
        return 0;
    struct ik_rd options = ik_ip6ext_options(&ext);
    while (ik_ip6opt_take(&options, &opt, NULL) == IK_OK)
        if (jumbo_value(&opt, &value))
            return value;
    return 0;
}

/* Faults at the places that RFC 2675 section 3 has Parameter Problem point at. */
static void check_jumbo(struct walk *w, const struct ik_ip6opt *opt, size_t at)
{
    uint32_t value;
    w->jumbo = true;
    if (w->ip->length_field != 0)
        ik_fault_add(w->faults, IK_FLAW_JUMBO, at);
    else if (!jumbo_value(opt, &value))
        ik_fault_add(w->faults, IK_FLAW_OPTION_LENGTH, at + 1);
    else if (value < JUMBO_MIN)
        ik_fault_add(w->faults, IK_FLAW_JUMBO, at + 2);
}

static void check_options(struct walk *w, const struct ik_ip6ext *ext)
{
    if (!w->faults)
        return;
    struct ik_rd options = ik_ip6ext_options(ext);
    struct ik_ip6opt opt;
    for (;;) {
        const size_t at = w->at + (size_t)(options.p - ext->bytes.p);
        const uint32_t was = ik_fault_down(w->faults, at);
        const enum ik_err err = ik_ip6opt_take(&options, &opt, w->faults);
        ik_fault_up(w->faults, was);
        if (err)
            return;
        if (opt.type == OPT_JUMBO && ext->proto == IK_PROTO_HOPOPTS)
            check_jumbo(w, &opt, at);
    }
}

static void learn_route(struct walk *w, const struct ik_ip6ext *ext)
{
    struct ik_ip6route route;
    const uint32_t was = ik_fault_down(w->faults, w->at);
    const enum ik_err err = ik_ip6ext_decode_routing(&route, ext, &w->ip->dst, w->faults);
    ik_fault_up(w->faults, was);
    if (err || !route.final_known || route.segments_left == 0)
        return;
    w->ip->final_dst = route.final;
    w->ip->final_dst_known = true;
}

/* Faults where section 4.5 has Parameter Problem point at. */
static void check_fragment(struct walk *w)
{
    const size_t before = w->at - IK_IP6_BYTES; /* counts in the payload length too */
    if (w->ip->mf && w->rest.left % 8)
        ik_fault_add(w->faults, IK_FLAW_FRAGMENT_LENGTH, IK_IP6_LENGTH_AT);
    if (before + w->ip->offset_bytes + w->rest.left > IK_IP_PACKET_MAX)
        ik_fault_add(w->faults, IK_FLAW_FRAGMENT_PAST_END, w->at + 2);
}

static void learn_fragment(struct walk *w, const struct ik_ip6ext *ext)
{
    struct ik_ip6frag frag;
    if (ik_ip6ext_decode_fragment(&frag, ext))
        return;
    w->ip->id = frag.id;
    w->ip->mf = frag.mf;
    w->ip->offset_bytes = frag.offset_bytes;
    w->ip->fragment = frag.mf || frag.offset_bytes; /* else atomic (RFC 6946) */
    if (w->jumbo)
        ik_fault_add(w->faults, IK_FLAW_JUMBO, w->at);
    if (!w->ip->truncated)
        check_fragment(w);
}

static void learn(struct walk *w, const struct ik_ip6ext *ext)
{
    check_place(w, ext->proto);
    switch (ext->proto) {
    case IK_PROTO_HOPOPTS:
    case IK_PROTO_DSTOPTS:
        check_options(w, ext);
        break;
    case IK_PROTO_ROUTING:
        learn_route(w, ext);
        break;
    case IK_PROTO_FRAGMENT:
        learn_fragment(w, ext);
        break;
    default:
        break;
    }
}

void ik_ip6chain_follow(struct ik_ip *ip, struct ik_rd rest, struct ik_faults *faults)
{
    struct walk w = {.ip = ip, .faults = faults, .at = IK_IP6_BYTES, .rest = rest};
    struct ik_ip6ext ext;
    /* what follows a later fragment's header is data, whatever number it has (section 4.5) */
    while (ip->offset_bytes == 0 && ik_ip6ext_take(&w.rest, &ip->proto, &ext, NULL) == IK_OK) {
        learn(&w, &ext);
        w.at += ext.bytes.left;
    }
    if (ip->offset_bytes == 0 && ik_ip6ext_is(ip->proto) && !ip->truncated)
        ik_fault_add(faults, IK_FLAW_CHAIN_CUT, w.at);
    ip->header_bytes = (uint32_t)w.at;
    ip->options = (struct ik_rd){rest.p, w.at - IK_IP6_BYTES};
    ip->payload = w.rest;
}
