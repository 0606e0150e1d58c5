/* SPDX-License-Identifier: MIT
 * Headers of links and what lies between them and IP: Ethernet (IEEE 802.3), VLAN tags (802.1Q),
 * MACsec, LLC and SNAP (802.2, RFC 1042), MPLS (RFC 3032), PPP (RFC 1661, 1662, 2516), Cisco HDLC
 * (RFC 1547 section 4.3.1), Linux cooked and BSD loopback (the LINKTYPE_ registry). */
#include "wire/layers_int.h"

#include <string.h>

enum {
    TYPE_IP4 = 0x0800,
    TYPE_BRIDGED = 0x6558, /* transparent Ethernet bridging */
    TYPE_TAG = 0x8100,
    TYPE_PPP = 0x880b,
    TYPE_IP6 = 0x86dd,
    TYPE_MPLS = 0x8847,
    TYPE_MPLS_MULTICAST = 0x8848,
    TYPE_PPPOE = 0x8864,
    TYPE_SERVICE_TAG = 0x88a8,
    TYPE_MACSEC = 0x88e5,
    TYPE_OLD_QINQ = 0x9100,
    LENGTH_MAX = 1500, /* what is not more is no type but a length */
    TYPE_LEAST = 0x600,
};

enum ik_layers_step ik_layers_of_type(struct ik_layers_walk *w, uint16_t ethertype)
{
    w->ethertype = ethertype;
    switch (ethertype) {
    case TYPE_IP4:
    case TYPE_IP6:
        return IK_STEP_IP;
    case TYPE_BRIDGED:
        return IK_STEP_ETHERNET;
    case TYPE_TAG:
    case TYPE_SERVICE_TAG:
    case TYPE_OLD_QINQ:
        return IK_STEP_TAG;
    case TYPE_PPP:
        return IK_STEP_PPP;
    case TYPE_MACSEC:
        return IK_STEP_MACSEC;
    case TYPE_MPLS:
    case TYPE_MPLS_MULTICAST:
        return IK_STEP_MPLS;
    case TYPE_PPPOE:
        return IK_STEP_PPPOE;
    default:
        return IK_STEP_STOP;
    }
}

/* ---- Ethernet -------------------------------------------------------------------------------- */

static enum ik_layers_step type_or_length(struct ik_layers_walk *w, uint16_t v)
{
    if (v > LENGTH_MAX)
        return ik_layers_of_type(w, v);
    ik_layers_bound(w, v);
    w->ethertype = 0;
    return IK_STEP_LLC;
}

enum ik_layers_step ik_layers_ethernet(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_ETHERNET, 14);
    if (!p)
        return IK_STEP_STOP;
    if (w->out->n == 1) {
        memcpy(w->out->dst_mac, p, 6);
        memcpy(w->out->src_mac, p + 6, 6);
    }
    return type_or_length(w, ik_load_be16(p + 12));
}

enum ik_layers_step ik_layers_tag(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_VLAN, 4);
    if (!p)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be16(p) & 0xfff, p[0] >> 5);
    return type_or_length(w, ik_load_be16(p + 2));
}

/* What is only signed can be read (IEEE 802.1AE section 9.3): flags, length, number, and the
 * channel when the flags say so. */
enum ik_layers_step ik_layers_macsec(struct ik_layers_walk *w)
{
    enum { HAS_CHANNEL = 0x20, ENCRYPTED = 0x08, CHANGED = 0x04 };
    const bool channel = w->at.left && w->at.p[0] & HAS_CHANNEL;
    const size_t n = channel ? 16 : 8;
    const uint8_t *p = ik_layers_take(w, IK_LAYER_MACSEC, n);
    if (!p || p[0] & (ENCRYPTED | CHANGED))
        return IK_STEP_STOP;
    return ik_layers_of_type(w, ik_load_be16(p + n - 2));
}

/* SNAP names an EtherType when its organisation is 0, or that of bridges that translate; service
 * access point 6 is IP itself (RFC 948). */
enum ik_layers_step ik_layers_llc(struct ik_layers_walk *w)
{
    static const uint8_t snap[] = {0xaa, 0xaa, 3}, ip[] = {6, 6, 3};
    if (w->at.left < sizeof(snap) || memcmp(w->at.p, snap, sizeof(snap)) != 0) {
        const uint8_t *llc = ik_layers_take(w, IK_LAYER_LLC, sizeof(ip));
        return llc && memcmp(llc, ip, sizeof(ip)) == 0 ? IK_STEP_IP : IK_STEP_STOP;
    }
    const uint8_t *p = ik_layers_take(w, IK_LAYER_LLC, 8);
    if (!p)
        return IK_STEP_STOP;
    const uint32_t organisation = ik_load_be24(p + 3);
    const uint16_t type = ik_load_be16(p + 6);
    if ((organisation != 0 && organisation != 0xf8) || type < TYPE_LEAST)
        return IK_STEP_STOP;
    return ik_layers_of_type(w, type);
}

/* What is behind the labels is not said: it is IP when its first bits are a version (RFC 4928), and
 * not with those of a control word (RFC 4385). */
enum ik_layers_step ik_layers_mpls(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_MPLS, 4);
    if (!p)
        return IK_STEP_STOP;
    const uint32_t entry = ik_load_be32(p);
    ik_layers_ident(w, entry >> 12, entry >> 9 & 7);
    if (!(entry >> 8 & 1))
        return IK_STEP_MPLS;
    const unsigned version = w->at.left ? w->at.p[0] >> 4 : 0;
    if (version != 4 && version != 6) {
        w->ethertype = 0;
        return IK_STEP_STOP;
    }
    w->ethertype = version == 4 ? TYPE_IP4 : TYPE_IP6;
    return IK_STEP_IP;
}

/* ---- PPP ------------------------------------------------------------------------------------- */

enum ik_layers_step ik_layers_pppoe(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_PPPOE, 6);
    if (!p)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be16(p + 2), 0);
    if (p[0] != 0x11 || p[1] != 0) /* version 1, type 1, session data */
        return IK_STEP_STOP;
    ik_layers_bound(w, ik_load_be16(p + 4));
    return IK_STEP_PPP;
}

static enum ik_layers_step ppp_protocol(struct ik_layers_walk *w, uint16_t protocol)
{
    switch (protocol) {
    case 0x21:
        return ik_layers_of_type(w, TYPE_IP4);
    case 0x57:
        return ik_layers_of_type(w, TYPE_IP6);
    case 0x281:
        return ik_layers_of_type(w, TYPE_MPLS);
    case 0x283:
        return ik_layers_of_type(w, TYPE_MPLS_MULTICAST);
    default:
        w->ethertype = 0;
        return IK_STEP_STOP;
    }
}

/* Address and control are there or not, and the protocol has one octet when that is odd (RFC 1661
 * sections 6.5, 6.6). */
enum ik_layers_step ik_layers_ppp(struct ik_layers_walk *w)
{
    const struct ik_rd at = w->at;
    const size_t framing = at.left && at.p[0] == 0xff ? 2 : 0;
    const bool one = at.left > framing && at.p[framing] & 1;
    const uint8_t *p = ik_layers_take(w, IK_LAYER_PPP, framing + (one ? 1 : 2));
    if (!p)
        return IK_STEP_STOP;
    return ppp_protocol(w, one ? p[framing] : ik_load_be16(p + framing));
}

enum ik_layers_step ik_layers_serial(struct ik_layers_walk *w)
{
    const bool cisco = w->at.left && (w->at.p[0] == 0x0f || w->at.p[0] == 0x8f);
    return cisco ? IK_STEP_HDLC : IK_STEP_PPP;
}

enum ik_layers_step ik_layers_hdlc(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_HDLC, 4);
    return p ? ik_layers_of_type(w, ik_load_be16(p + 2)) : IK_STEP_STOP;
}

/* ---- what kernels make ----------------------------------------------------------------------- */

/* The protocol is an EtherType, or says that LLC follows, unless the device is no network. */
static enum ik_layers_step cooked(struct ik_layers_walk *w, uint16_t device, uint16_t protocol)
{
    enum { DEVICE_NETLINK = 824, LLC_FOLLOWS = 4 };
    if (device == DEVICE_NETLINK)
        return IK_STEP_STOP;
    return protocol == LLC_FOLLOWS ? IK_STEP_LLC : ik_layers_of_type(w, protocol);
}

enum ik_layers_step ik_layers_cooked(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_COOKED, 16);
    return p ? cooked(w, ik_load_be16(p + 2), ik_load_be16(p + 14)) : IK_STEP_STOP;
}

enum ik_layers_step ik_layers_cooked2(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_COOKED, 20);
    if (!p)
        return IK_STEP_STOP;
    ik_layers_ident(w, ik_load_be32(p + 4), 0);
    return cooked(w, ik_load_be16(p + 8), ik_load_be16(p));
}

/* AF_INET6 is another number on each system: Windows; BSD/OS, NetBSD, OpenBSD; FreeBSD; Darwin;
 * Linux. */
static enum ik_layers_step family(struct ik_layers_walk *w, uint32_t family)
{
    switch (family) {
    case 2:
        return ik_layers_of_type(w, TYPE_IP4);
    case 10:
    case 23:
    case 24:
    case 28:
    case 30:
        return ik_layers_of_type(w, TYPE_IP6);
    default:
        return IK_STEP_STOP;
    }
}

/* In the order of the machine that wrote it, which nothing tells; families are small numbers. */
enum ik_layers_step ik_layers_null(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_NULL, 4);
    if (!p)
        return IK_STEP_STOP;
    const uint32_t v = ik_load_be32(p);
    return family(w, v > 0xffff ? __builtin_bswap32(v) : v);
}

enum ik_layers_step ik_layers_loop(struct ik_layers_walk *w)
{
    const uint8_t *p = ik_layers_take(w, IK_LAYER_NULL, 4);
    return p ? family(w, ik_load_be32(p)) : IK_STEP_STOP;
}
