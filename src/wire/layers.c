/* SPDX-License-Identifier: MIT
 * From a captured frame down to the innermost IP packet: the walk. */
#include "wire/layers_int.h"

#include "wire/fault.h"
#include "wire/ip_int.h"
#include "wire/plain.h"

#include <string.h>

enum { RAW_BSD = 12, RAW_OPENBSD = 14 }; /* 101 in files of BSD systems */

const char *ik_layer_name(enum ik_layer_kind kind)
{
    static const char *const names[] = {
#define X(id, name) [IK_LAYER_##id] = name,
        IK_LAYERS(X)
#undef X
    };
    return kind < sizeof(names) / sizeof(*names) ? names[kind] : "unknown";
}

const uint8_t *ik_layers_take(struct ik_layers_walk *w, enum ik_layer_kind kind, size_t n)
{
    struct ik_layers *out = w->out;
    if (n > w->at.left) {
        ik_fault_add(w->faults, IK_FLAW_SHORT, w->at_bytes + w->at.left);
        w->err = IK_E_SHORT;
        return NULL;
    }
    if (out->n == IK_LAYERS_MAX) {
        out->more = true;
        return NULL;
    }
    out->list[out->n++] =
        (struct ik_layer){.kind = kind, .at_bytes = w->at_bytes, .bytes = (uint32_t)n};
    w->at_bytes += (uint32_t)n;
    return ik_rd_take(&w->at, n);
}

static enum ik_layers_step step_first(uint16_t linktype)
{
    switch (linktype) {
    case IK_LINKTYPE_ETHERNET:
        return IK_STEP_ETHERNET;
    case IK_LINKTYPE_PPP:
    case IK_LINKTYPE_PPP_HDLC:
        return IK_STEP_SERIAL;
    case IK_LINKTYPE_PPP_ETHER:
        return IK_STEP_PPPOE;
    case IK_LINKTYPE_C_HDLC:
        return IK_STEP_HDLC;
    case IK_LINKTYPE_LINUX_SLL:
        return IK_STEP_COOKED;
    case IK_LINKTYPE_LINUX_SLL2:
        return IK_STEP_COOKED2;
    case IK_LINKTYPE_NULL:
        return IK_STEP_NULL;
    case IK_LINKTYPE_LOOP:
        return IK_STEP_LOOP;
    case IK_LINKTYPE_RAW:
    case IK_LINKTYPE_IPV4:
    case IK_LINKTYPE_IPV6:
    case RAW_BSD:
    case RAW_OPENBSD:
        return IK_STEP_IP;
    default:
        return IK_STEP_STOP;
    }
}

static enum ik_layers_step (*const readers[IK_STEP_READ])(struct ik_layers_walk *w) = {
    [IK_STEP_ETHERNET] = ik_layers_ethernet,
    [IK_STEP_TAG] = ik_layers_tag,
    [IK_STEP_LLC] = ik_layers_llc,
    [IK_STEP_MPLS] = ik_layers_mpls,
    [IK_STEP_MACSEC] = ik_layers_macsec,
    [IK_STEP_PPPOE] = ik_layers_pppoe,
    [IK_STEP_PPP] = ik_layers_ppp,
    [IK_STEP_SERIAL] = ik_layers_serial,
    [IK_STEP_HDLC] = ik_layers_hdlc,
    [IK_STEP_COOKED] = ik_layers_cooked,
    [IK_STEP_COOKED2] = ik_layers_cooked2,
    [IK_STEP_NULL] = ik_layers_null,
    [IK_STEP_LOOP] = ik_layers_loop,
    [IK_STEP_IP] = ik_layers_ip,
    [IK_STEP_AH] = ik_layers_ah,
    [IK_STEP_GRE] = ik_layers_gre,
    [IK_STEP_UDP] = ik_layers_udp,
    [IK_STEP_VXLAN] = ik_layers_vxlan,
    [IK_STEP_GENEVE] = ik_layers_geneve,
    [IK_STEP_ERSPAN1] = ik_layers_erspan1,
    [IK_STEP_ERSPAN2] = ik_layers_erspan2,
    [IK_STEP_ERSPAN3] = ik_layers_erspan3,
};

/* A tunnel without IP in it: the packet that carries it is the innermost. */
static void leave_tunnel(struct ik_layers_walk *w)
{
    w->out->n = w->tunnel.n;
    w->at = w->tunnel.ip;
    w->at_bytes = w->tunnel.ip_at_bytes;
    w->ethertype = w->tunnel.ethertype;
    if (!w->tunnel.guessed)
        return;
    w->err = IK_OK;
    if (w->faults) {
        w->faults->n = w->tunnel.faults_n;
        w->faults->more = w->tunnel.faults_more;
    }
}

static enum ik_err descend(struct ik_layers *out, enum ik_layers_step step, struct ik_rd frame,
                           struct ik_faults *faults)
{
    struct ik_layers_walk w = {.out = out, .at = frame, .faults = faults};
    out->n = 0;
    out->more = false;
    memset(out->src_mac, 0, sizeof(out->src_mac));
    memset(out->dst_mac, 0, sizeof(out->dst_mac));
    while (step < IK_STEP_READ)
        step = readers[step](&w);
    if (step == IK_STEP_STOP && w.tunnel.entered)
        leave_tunnel(&w);
    out->has_ip = step == IK_STEP_FOUND || w.tunnel.entered;
    out->ethertype = w.ethertype;
    out->ip = w.at;
    out->ip_at_bytes = w.at_bytes;
    return w.err;
}

/* A payload that could be a tunnel by its protocol, and is none. */
static bool is_no_tunnel(struct ik_rd frame)
{
    if (frame.left < IK_PLAIN_ETHERNET_BYTES + IK_IP6_BYTES)
        return false;
    const struct ik_rd ip = ik_rd_from(frame, IK_PLAIN_ETHERNET_BYTES);
    const uint16_t ethertype = ik_load_be16(ip.p - 2);
    return ((ethertype == 0x0800 && ip.p[0] >> 4 == 4) ||
            (ethertype == 0x86dd && ip.p[0] >> 4 == 6)) &&
           !ik_layers_may_be_tunnel(ip);
}

enum ik_err ik_layers_decode(struct ik_layers *out, uint16_t linktype, struct ik_rd frame,
                             struct ik_faults *faults)
{
    if (ik_plain_decode_layers(out, linktype, frame))
        return IK_OK;
    if (linktype == IK_LINKTYPE_ETHERNET && is_no_tunnel(frame)) {
        ik_plain_fill_layers(out, frame.p, frame.left);
        return IK_OK;
    }
    const enum ik_layers_step step = step_first(linktype);
    const enum ik_err err = descend(out, step, frame, faults);
    return step == IK_STEP_STOP ? IK_E_UNSUPPORTED : err;
}

enum ik_err ik_layers_decode_ip(struct ik_layers *out, struct ik_rd packet,
                                struct ik_faults *faults)
{
    return descend(out, IK_STEP_IP, packet, faults);
}
