/* SPDX-License-Identifier: MIT
 * IP packets that carry frames or packets: IP in IP (RFC 2003, 2473, 4213), MPLS in IP (RFC 4023),
 * AH (RFC 4302), GRE (RFC 2784, 2890, 1701, 2637), ERSPAN (draft-foschiano-erspan), VXLAN (RFC
 * 7348), GENEVE (RFC 8926), MPLS in UDP (RFC 7510). */
#include "wire/layers_int.h"

#include "wire/fault.h"
#include "wire/ip_int.h"

enum {
    PROTO_IP4 = 4,
    PROTO_IP6 = 41,
    PROTO_GRE = 47,
    PROTO_MPLS = 137,
    PROTO_ETHERNET = 143,
    PORT_VXLAN = 4789,
    PORT_VXLAN_LINUX = 8472, /* what Linux took before there was a number, and still does */
    PORT_GENEVE = 6081,
    PORT_MPLS = 6635,
    TYPE_ERSPAN = 0x88be,
    TYPE_ERSPAN3 = 0x22eb,
    TYPE_PPP = 0x880b,
};

/* ---- which packets are tunnels --------------------------------------------------------------- */

static enum ik_layers_step step_of_port(struct ik_rd udp)
{
    switch (udp.left < 8 ? 0 : ik_load_be16(udp.p + 2)) {
    case PORT_VXLAN:
    case PORT_VXLAN_LINUX:
        return IK_STEP_VXLAN;
    case PORT_GENEVE:
        return IK_STEP_GENEVE;
    case PORT_MPLS:
        return IK_STEP_MPLS;
    default:
        return IK_STEP_FOUND;
    }
}

static enum ik_layers_step step_of_proto(uint8_t proto, struct ik_rd payload)
{
    const unsigned version = payload.left ? payload.p[0] >> 4 : 0;
    switch (proto) {
    case PROTO_IP4:
        return version == 4 ? IK_STEP_IP : IK_STEP_FOUND;
    case PROTO_IP6:
        return version == 6 ? IK_STEP_IP : IK_STEP_FOUND;
    case PROTO_GRE:
        return IK_STEP_GRE;
    case PROTO_MPLS:
        return IK_STEP_MPLS;
    case PROTO_ETHERNET:
        return IK_STEP_ETHERNET;
    case IK_PROTO_UDP:
        return step_of_port(payload) == IK_STEP_FOUND ? IK_STEP_FOUND : IK_STEP_UDP;
    default:
        return IK_STEP_FOUND;
    }
}

/* In IPv4 nothing else follows chains. */
static enum ik_layers_step step_of_packet(const struct ik_ip *ip)
{
    if (ip->version != 4 || ip->proto != IK_PROTO_AH)
        return step_of_proto(ip->proto, ip->payload);
    if (ip->payload.left < 2)
        return IK_STEP_FOUND;
    const size_t header = 4 * (ip->payload.p[1] + (size_t)2);
    const enum ik_layers_step inner =
        step_of_proto(ip->payload.p[0], ik_rd_from(ip->payload, header));
    return inner == IK_STEP_FOUND ? IK_STEP_FOUND : IK_STEP_AH;
}

bool ik_layers_may_be_tunnel(struct ik_rd at)
{
    const bool v6 = at.p[0] >> 4 == 6;
    const size_t fixed = v6 ? IK_IP6_BYTES : 4u * (at.p[0] & 0xf);
    if (at.left < fixed || fixed < IK_IP4_BYTES)
        return false;
    const uint8_t proto = at.p[v6 ? 6 : 9];
    if (proto == IK_PROTO_UDP)
        return step_of_port(ik_rd_from(at, fixed)) != IK_STEP_FOUND;
    return proto == PROTO_IP4 || proto == PROTO_IP6 || proto == PROTO_GRE || proto == PROTO_MPLS ||
           proto == PROTO_ETHERNET || (v6 ? ik_ip6ext_is(proto) : proto == IK_PROTO_AH);
}

static enum ik_layers_step enter(struct ik_layers_walk *w, enum ik_layers_step next)
{
    struct ik_ip ip;
    const bool guessed = next == IK_STEP_UDP;
    w->tunnel.entered = true;
    w->tunnel.guessed = guessed;
    w->tunnel.n = w->out->n;
    w->tunnel.ip = w->at;
    w->tunnel.ip_at_bytes = w->at_bytes;
    w->tunnel.ethertype = w->ethertype;
    w->tunnel.faults_n = w->faults ? w->faults->n : 0;
    w->tunnel.faults_more = w->faults ? w->faults->more : 0;
    const uint32_t was = ik_fault_down(w->faults, w->at_bytes);
    const enum ik_err err = ik_ip_decode_captured(&ip, w->at, w->faults);
    ik_fault_up(w->faults, was);
    if (err || !ik_layers_take(w, ip.version == 4 ? IK_LAYER_IPV4 : IK_LAYER_IPV6, ip.header_bytes))
        return IK_STEP_STOP;
    w->at = ip.payload;
    w->ethertype = 0;
    return next;
}

enum ik_layers_step ik_layers_ip(struct ik_layers_walk *w)
{
    struct ik_ip ip;
    if (w->at.left == 0) {
        ik_fault_add(w->faults, IK_FLAW_SHORT, w->at_bytes);
        w->err = IK_E_SHORT;
        return IK_STEP_STOP;
    }
    const unsigned version = w->at.p[0] >> 4;
    if (version != 4 && version != 6)
        return w->tunnel.guessed ? IK_STEP_STOP : IK_STEP_FOUND;
    if (!w->ethertype)
        w->ethertype = version == 4 ? 0x0800 : 0x86dd;
    if (!ik_layers_may_be_tunnel(w->at) || ik_ip_decode_captured(&ip, w->at, NULL) || ip.fragment)
        return IK_STEP_FOUND;
    const enum ik_layers_step next = step_of_packet(&ip);
    return next == IK_STEP_FOUND ? IK_STEP_FOUND : enter(w, next);
}

enum ik_layers_step ik_layers_ah(struct ik_layers_walk *w)
{
    const size_t header = w->at.left < 2 ? 2 : 4 * (w->at.p[1] + (size_t)2);
    const uint8_t *p = ik_layers_take(w, IK_LAYER_AH, header);
    if (!p)
        return IK_STEP_STOP;
    ik_layers_ident(w, header >= 8 ? ik_load_be32(p + 4) : 0, 0);
    return step_of_proto(p[0], w->at);
}

/* ---- GRE and ERSPAN -------------------------------------------------------------------------- */

enum {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* version 1 */
    GRE_VERSION = 7,
};

/* Source route entries: family (2), offset, length, so many bytes; one of length 0 is the last. */
static bool take_routing(struct ik_layers_walk *w)
{
    struct ik_layer *gre = &w->out->list[w->out->n - 1];
    const uint8_t *p;
    size_t n;
    do {
        p = w->at.left < 4 ? NULL : w->at.p;
        n = p ? 4 + (size_t)p[3] : 0;
        if (!p || !ik_rd_take(&w->at, n)) {
            ik_fault_add(w->faults, IK_FLAW_SHORT, w->at_bytes + w->at.left);
            w->err = IK_E_SHORT;
            return false;
        }
        gre->bytes += (uint32_t)n;
        w->at_bytes += (uint32_t)n;
    } while (p[3]);
    return true;
}

static enum ik_layers_step gre_carries(struct ik_layers_walk *w, uint16_t flags, uint16_t type)
{
    if (type == TYPE_ERSPAN3)
        return IK_STEP_ERSPAN3;
    if (type == TYPE_ERSPAN)
        return flags & GRE_SEQUENCE ? IK_STEP_ERSPAN2 : IK_STEP_ERSPAN1;
    return ik_layers_of_type(w, type);
}

/* Version 1 (RFC 2637 section 4.1) carries PPP, and has packets that only acknowledge. */
static enum ik_layers_step pptp(struct ik_layers_walk *w, uint16_t flags, uint16_t type)
{
    const size_t n = 8 + (flags & GRE_SEQUENCE ? 4u : 0) + (flags & GRE_ACK ? 4u : 0);
    const uint8_t *p = type == TYPE_PPP ? ik_layers_take(w, IK_LAYER_GRE, n) : NULL;
    if (!p)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be16(p + 6), 0);
    ik_layers_bound(w, ik_load_be16(p + 4));
    return flags & GRE_SEQUENCE ? IK_STEP_PPP : IK_STEP_STOP;
}

enum ik_layers_step ik_layers_gre(struct ik_layers_walk *w)
{
    const uint16_t flags = w->at.left < 4 ? 0 : ik_load_be16(w->at.p);
    const uint16_t type = w->at.left < 4 ? 0 : ik_load_be16(w->at.p + 2);
    if ((flags & GRE_VERSION) == 1)
        return pptp(w, flags, type);
    if (flags & GRE_VERSION)
        return IK_STEP_STOP;
    const size_t key_at = flags & (GRE_CHECKSUM | GRE_ROUTING) ? 8 : 4;
    const size_t n = key_at + (flags & GRE_KEY ? 4u : 0) + (flags & GRE_SEQUENCE ? 4u : 0);
    const uint8_t *p = ik_layers_take(w, IK_LAYER_GRE, n);
    if (!p)
        return IK_STEP_STOP;
    ik_layers_ident(w, flags & GRE_KEY ? ik_load_be32(p + key_at) : 0, 0);
    if (flags & GRE_ROUTING && !take_routing(w))
        return IK_STEP_STOP;
    return gre_carries(w, flags, type);
}

/* Type I has no header of its own. */
enum ik_layers_step ik_layers_erspan1(struct ik_layers_walk *w)
{
    return ik_layers_take(w, IK_LAYER_ERSPAN, 0) ? IK_STEP_ETHERNET : IK_STEP_STOP;
}

enum ik_layers_step ik_layers_erspan2(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_ERSPAN, 8);
    if (!p || p[0] >> 4 != 1)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be16(p + 2) & 0x3ff, p[2] >> 5);
    return IK_STEP_ETHERNET;
}

enum ik_layers_step ik_layers_erspan3(struct ik_layers_walk *w)
{
    enum { FRAME_ETHERNET = 0, FRAME_IP = 2 };
    const bool more = w->at.left >= 12 && w->at.p[11] & 1; /* platform specific */
    const uint8_t *p = ik_layers_take(w, IK_LAYER_ERSPAN, more ? 20 : 12);
    if (!p || p[0] >> 4 != 2)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be16(p + 2) & 0x3ff, p[2] >> 5);
    const unsigned frame = ik_load_be16(p + 10) >> 10 & 0x1f;
    return frame == FRAME_ETHERNET ? IK_STEP_ETHERNET
           : frame == FRAME_IP     ? IK_STEP_IP
                                   : IK_STEP_STOP;
}

/* ---- UDP ------------------------------------------------------------------------------------- */

enum ik_layers_step ik_layers_udp(struct ik_layers_walk *w)
{
    const enum ik_layers_step next = step_of_port(w->at);
    const uint8_t *p = ik_layers_take(w, IK_LAYER_UDP, 8);
    if (!p)
        return IK_STEP_STOP;
    const uint16_t length = ik_load_be16(p + 4);
    if (length >= 8)
        ik_layers_bound(w, length - 8u);
    return next;
}

/* The flag that there is a network must be set; the one of the generic extension (a next protocol)
 * makes it another format. */
enum ik_layers_step ik_layers_vxlan(struct ik_layers_walk *w)
{
    enum { HAS_NETWORK = 8, HAS_NEXT = 4 };
    const uint8_t *p = ik_layers_take(w, IK_LAYER_VXLAN, 8);
    if (!p || (p[0] & (HAS_NETWORK | HAS_NEXT)) != HAS_NETWORK)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be24(p + 4), 0);
    return IK_STEP_ETHERNET;
}

enum ik_layers_step ik_layers_geneve(struct ik_layers_walk *w)
{
    const size_t options = w->at.left ? 4u * (w->at.p[0] & 0x3f) : 0;
    const uint8_t *p = ik_layers_take(w, IK_LAYER_GENEVE, 8 + options);
    if (!p || p[0] >> 6 != 0)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be24(p + 4), 0);
    return ik_layers_of_type(w, ik_load_be16(p + 2));
}
