/* SPDX-License-Identifier: MIT
 * What a node does with the headers of an IPv6 packet: how far it gets, and where the fault is that
 * it has to report (RFC 8200 section 4, RFC 2675 section 3, RFC 7112, RFC 8883). Pure. */
#pragma once

#include "icmpkit/stack.h"
#include "icmpkit/wire.h"

enum ik_ip6walk_end {
    IK_IP6WALK_UPPER,    /* all headers are right: `proto` begins at `at` */
    IK_IP6WALK_FRAGMENT, /* part of a datagram: `frag` says which; its data begins at `at` */
    IK_IP6WALK_SILENT,   /* to be discarded without a word */
    IK_IP6WALK_PROBLEM,  /* to be discarded with a Parameter Problem: `code`, `pointer` */
};

struct ik_ip6walk {
    enum ik_ip6walk_end end;
    enum ik_rule rule; /* what asked for it; IK_RULE_NONE when nothing was wrong */
    uint8_t code;
    uint32_t pointer;       /* offset in the packet, unit 1 byte */
    bool even_multicast;    /* the problem is told though the destination is multicast */
    uint8_t proto;          /* what the last header walked names as next */
    uint32_t named_at;      /* where it names it */
    uint32_t at;            /* what follows the last header walked */
    uint32_t total;         /* bytes of the packet: those behind a jumbo payload are none of it */
    bool router_alert;      /* in a hop-by-hop header */
    bool fragment_header;   /* there was one, of an atomic fragment too */
    struct ik_ip6frag frag; /* where fragment_header */
    uint32_t frag_at;       /* offset of that header */
};

/* Walks what every node on the way looks at: the hop-by-hop header. `packet` is the IPv6 packet, at
 * least 40 bytes, cut at its payload length (where that is 0, all there is, for a jumbo payload).
 */
void ik_ip6walk_transit(struct ik_ip6walk *w, struct ik_rd packet);

/* Walks all headers, as the destination does; an unknown upper layer is the caller's to judge
 * (ik_ip6walk_unknown). Ends as FRAGMENT at the fragment header of a fragment, whose bounds, and
 * for a first fragment whose chain, were found right. */
void ik_ip6walk_final(struct ik_ip6walk *w, struct ik_rd packet);

/* Makes a walk that ended at an upper layer that this node does not know the problem that it is
 * (RFC 8200 section 4). */
void ik_ip6walk_unknown(struct ik_ip6walk *w);
