/* SPDX-License-Identifier: MIT
 * IPv6 extension headers: the chain, options, fragment and routing headers (RFC 8200 section 4). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "wire/fault.h"

#include <string.h>

enum { COMMON_BYTES = 8, ADDR_BYTES = 16 };

bool ik_ip6ext_is(uint8_t proto)
{
    switch (proto) {
    case IK_PROTO_HOPOPTS:
    case IK_PROTO_ROUTING:
    case IK_PROTO_FRAGMENT:
    case IK_PROTO_AH:
    case IK_PROTO_DSTOPTS:
    case IK_PROTO_MOBILITY:
    case IK_PROTO_HIP:
    case IK_PROTO_SHIM6:
        return true;
    default:
        return false;
    }
}

/* At least 8, whatever the octet says: so the walk always moves on. A fragment header has no
 * length; that of AH counts words of 4 and leaves out two (RFC 4302 section 2.2). */
static size_t header_bytes(uint8_t proto, uint8_t length)
{
    if (proto == IK_PROTO_FRAGMENT)
        return COMMON_BYTES;
    return proto == IK_PROTO_AH ? 4 * ((size_t)length + 2) : 8 * ((size_t)length + 1);
}

enum ik_err ik_ip6ext_take(struct ik_rd *chain, uint8_t *proto, struct ik_ip6ext *out,
                           struct ik_faults *faults)
{
    if (!ik_ip6ext_is(*proto) || chain->left == 0)
        return IK_E_NOT_FOUND;
    struct ik_rd bytes;
    if (chain->left < COMMON_BYTES ||
        !ik_rd_sub(chain, header_bytes(*proto, chain->p[1]), &bytes)) {
        ik_fault_add(faults, IK_FLAW_CHAIN_CUT, 0);
        return IK_E_SHORT;
    }
    *out = (struct ik_ip6ext){.proto = *proto, .next = bytes.p[0], .bytes = bytes};
    *proto = bytes.p[0];
    return IK_OK;
}

struct ik_rd ik_ip6ext_options(const struct ik_ip6ext *ext)
{
    const bool has = ext->proto == IK_PROTO_HOPOPTS || ext->proto == IK_PROTO_DSTOPTS;
    return ik_rd_from(ext->bytes, has ? 2 : ext->bytes.left);
}

enum ik_err ik_ip6opt_take(struct ik_rd *options, struct ik_ip6opt *out, struct ik_faults *faults)
{
    if (options->left == 0)
        return IK_E_NOT_FOUND;
    const uint8_t type = options->p[0];
    const size_t n = type == 0 ? 1 : options->left < 2 ? 2 : 2 + (size_t)options->p[1];
    struct ik_rd bytes;
    if (!ik_rd_sub(options, n, &bytes)) {
        ik_fault_add(faults, IK_FLAW_OPTION_PAST_END, options->left < 2 ? 0 : 1);
        options->left = 0;
        return IK_E_SHORT;
    }
    *out = (struct ik_ip6opt){.type = type, .bytes = bytes, .data = ik_rd_from(bytes, 2)};
    return IK_OK;
}

enum ik_err ik_ip6ext_decode_fragment(struct ik_ip6frag *out, const struct ik_ip6ext *ext)
{
    if (ext->proto != IK_PROTO_FRAGMENT)
        return IK_E_VALUE;
    if (ext->bytes.left < COMMON_BYTES)
        return IK_E_SHORT;
    const uint8_t *h = ext->bytes.p;
    *out = (struct ik_ip6frag){
        .next = h[0],
        .mf = h[3] & 1,
        .offset_bytes = ik_load_be16(h + 2) & 0xfff8,
        .id = ik_load_be32(h + 4),
    };
    return IK_OK;
}

/* Octets that type 3 leaves out of every address, and out of the last (RFC 6554 section 3). */
static size_t elided_bytes(const struct ik_ip6route *r, bool last)
{
    if (r->type != 3)
        return 0;
    return last ? r->data.p[0] & 0xf : r->data.p[0] >> 4;
}

/* How many addresses fill the header. False when they do not fill it as the type wants. */
static bool count_addrs(struct ik_ip6route *r)
{
    const size_t room = r->data.left - 4;
    size_t n = room / ADDR_BYTES;
    bool fits = room % ADDR_BYTES == 0;
    if (r->type == 2)
        fits = fits && n == 1;
    if (r->type == 3) {
        const size_t pad = r->data.p[1] >> 4, each = ADDR_BYTES - elided_bytes(r, false);
        const size_t need = pad + ADDR_BYTES - elided_bytes(r, true);
        fits = room >= need && (room - need) % each == 0;
        n = fits ? (room - need) / each + 1 : 0;
    }
    if (r->type == 4) { /* TLVs may follow the list (RFC 8754 section 2.1) */
        fits = (size_t)r->data.p[0] + 1 <= n;
        n = (size_t)r->data.p[0] + 1;
    }
    r->n = (uint8_t)(fits ? n : 0);
    return fits && n <= UINT8_MAX;
}

struct ik_addr ik_ip6ext_route_addr(const struct ik_ip6route *route, const struct ik_addr *dst,
                                    uint8_t i)
{
    struct ik_addr addr = {.family = 6};
    if (i >= route->n)
        return (struct ik_addr){0};
    const uint8_t *list = route->data.p + 4;
    if (route->type == 4) { /* the list is in reverse (RFC 8754 section 2) */
        memcpy(addr.bytes, list + (size_t)ADDR_BYTES * (route->n - 1u - i), ADDR_BYTES);
        return addr;
    }
    const size_t skip = elided_bytes(route, i == route->n - 1);
    memcpy(addr.bytes, dst->bytes, skip);
    memcpy(addr.bytes + skip, list + i * (ADDR_BYTES - elided_bytes(route, false)),
           ADDR_BYTES - skip);
    return addr;
}

enum ik_err ik_ip6ext_decode_routing(struct ik_ip6route *out, const struct ik_ip6ext *ext,
                                     const struct ik_addr *dst, struct ik_faults *faults)
{
    if (ext->proto != IK_PROTO_ROUTING)
        return IK_E_VALUE;
    if (ext->bytes.left < COMMON_BYTES)
        return IK_E_SHORT;
    struct ik_ip6route r = {
        .type = ext->bytes.p[2],
        .segments_left = ext->bytes.p[3],
        .data = ik_rd_from(ext->bytes, 4),
    };
    const bool known = r.type == 0 || (r.type >= 2 && r.type <= 4);
    if (known && !count_addrs(&r)) {
        ik_fault_add(faults, IK_FLAW_ROUTING_LENGTH, 1);
        return IK_E_LENGTH;
    }
    /* a reduced list lacks the first segment (RFC 8754 section 4.1.1) but counts it */
    if (known && r.segments_left > r.n) {
        ik_fault_add(faults, IK_FLAW_ROUTING_SEGMENTS, 3);
        return IK_E_VALUE;
    }
    r.final_known = r.n > 0;
    if (r.final_known)
        r.final = ik_ip6ext_route_addr(&r, dst, (uint8_t)(r.n - 1));
    *out = r;
    return IK_OK;
}
