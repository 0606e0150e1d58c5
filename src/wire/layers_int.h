/* SPDX-License-Identifier: MIT
 * Between the walk from a frame down to IP and the headers on its way. */
#pragma once

#include "base/rd.h"
#include "icmpkit/wire.h"

/* What is read next. */
enum ik_layers_step {
    IK_STEP_ETHERNET,
    IK_STEP_TAG, /* VLAN */
    IK_STEP_LLC,
    IK_STEP_MACSEC,
    IK_STEP_MPLS,
    IK_STEP_PPPOE,
    IK_STEP_PPP,
    IK_STEP_SERIAL, /* PPP or Cisco HDLC: the first octet says which */
    IK_STEP_HDLC,
    IK_STEP_COOKED,
    IK_STEP_COOKED2,
    IK_STEP_NULL,
    IK_STEP_LOOP,
    IK_STEP_IP,
    IK_STEP_AH,
    IK_STEP_GRE,
    IK_STEP_UDP,
    IK_STEP_VXLAN,
    IK_STEP_GENEVE,
    IK_STEP_ERSPAN1,
    IK_STEP_ERSPAN2,
    IK_STEP_ERSPAN3,
    IK_STEP_READ,                 /* so many take something */
    IK_STEP_FOUND = IK_STEP_READ, /* the innermost IP packet */
    IK_STEP_STOP,                 /* no IP in what is left */
};

/* Where the walk is. Each step takes bytes or adds a header, and headers are limited: so it ends.
 */
struct ik_layers_walk {
    struct ik_layers *out;
    struct ik_rd at;
    uint32_t at_bytes;
    uint16_t ethertype;
    struct ik_faults *faults;
    enum ik_err err;
    struct {
        bool entered;
        bool guessed; /* by its port alone: what is wrong inside says that it was none */
        uint8_t n;
        struct ik_rd ip;
        uint32_t ip_at_bytes;
        uint16_t ethertype;
        uint16_t faults_n, faults_more;
    } tunnel; /* the last one, and what was before it */
};

/* Takes a header of n bytes. NULL, and the walk is to stop, when the frame ends inside it (told) or
 * no more headers are followed. */
const uint8_t *ik_layers_take(struct ik_layers_walk *w, enum ik_layer_kind kind, size_t n);
/* The number of the header that was taken last. */
static inline void ik_layers_ident(struct ik_layers_walk *w, uint32_t ident, uint8_t priority)
{
    w->out->list[w->out->n - 1].ident = ident;
    w->out->list[w->out->n - 1].priority = priority;
}
/* Cuts off what is beyond n bytes. */
static inline void ik_layers_bound(struct ik_layers_walk *w, size_t n)
{
    w->at = ik_rd_head(w->at, n);
}
/* Whether the IP packet at the start of `at`, at least a byte, is worth a closer look: most are no
 * tunnel. */
bool ik_layers_may_be_tunnel(struct ik_rd at);
/* The step of an EtherType, and of a protocol of PPP. */
enum ik_layers_step ik_layers_of_type(struct ik_layers_walk *w, uint16_t ethertype);

enum ik_layers_step ik_layers_ethernet(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_tag(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_llc(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_macsec(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_mpls(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_pppoe(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_ppp(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_serial(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_hdlc(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_cooked(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_cooked2(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_null(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_loop(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_ip(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_ah(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_gre(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_udp(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_vxlan(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_geneve(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_erspan1(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_erspan2(struct ik_layers_walk *w);
enum ik_layers_step ik_layers_erspan3(struct ik_layers_walk *w);
