/* SPDX-License-Identifier: MIT
 * What the files of IPv6 neighbour discovery and listener discovery share. */
#pragma once

#include "stack/stack_int.h"

enum {
    IK_ND_ROWS = 2,         /* default routers, and on-link prefixes, that a host remembers */
    IK_ND_ADDRS = 256,      /* of one interface, the link-local one included */
    IK_ND_VERIFIED = 64,    /* the first so many are verified */
    IK_ND_BYTES_MAX = 1280, /* of a packet: it may never be fragmented (RFC 6980 section 5) */
};

/* A default router, or a prefix whose addresses are neighbours; free when `until` has passed. */
struct ik_nd_router {
    uint8_t addr[16];
    ik_ns until;
    uint8_t port, bits;
};

/* What changes of an interface with IPv6. Instants are IK_NEVER where nothing is due. */
struct ik_nd_port {
    ik_ns solicit_at;                  /* next router solicitation */
    ik_ns advertise_at;                /* next router advertisement */
    ik_ns advertised_at;               /* last one to all nodes */
    ik_ns verify_at;                   /* when its addresses are solicited */
    ik_ns verified_at;                 /* until when somebody may claim them, once they were */
    uint8_t solicits_left, first_left; /* solicitations; advertisements of the first minute */
    bool used;                         /* it has IPv6 at all */
    bool solicited;                    /* the next advertisement answers somebody */
    uint64_t duplicate;                /* a bit an address, in the order of ik_nd_addr */
    uint32_t mtu;                      /* that routers advertise for the link; 0: none did */
};

/* A node that is no host, or has a default route of its own, needs none of the others: `rows` is 0.
 */
struct ik_nd {
    struct ik_nd_router *routers, *prefixes;
    uint8_t rows; /* of each */
    struct ik_nd_port ports[];
};

/* Address number i of the port in the order of its configuration; the link-local one that comes
 * from the MAC is last. False past the end. (nd.c) */
bool ik_nd_addr(const struct ik_stack *s, uint8_t port, unsigned i, struct ik_addr *out);
/* True when the interface has IPv6. */
bool ik_nd_is_used(const struct ik_stack_iface *iface);
/* A link-local address of the port to speak from; :: when it has none that may be used. */
struct ik_addr ik_nd_link_local(const struct ik_stack *s, uint8_t port);
struct ik_addr ik_nd_all_nodes(void);

/* Sends a message from src to dst on that link with hop limit 255. `options` of the message are the
 * bytes that ik_nd_put_* wrote. */
void ik_nd_send(struct ik_stack *s, uint8_t port, const struct ik_addr *src,
                const struct ik_addr *dst, const struct ik_icmp *msg);
/* Appends a link-layer address option with the MAC of the port. */
void ik_nd_put_link(const struct ik_stack *s, uint8_t port, uint8_t type, struct ik_wr *w);
void ik_nd_put_option(const struct ik_ndopt_view *view, struct ik_wr *w);
/* The first link-layer address option of that type that names one station, or NULL: a group is no
 * neighbour. */
const uint8_t *ik_nd_find_link(struct ik_rd options, uint8_t type);

/* What a solicitation or an advertisement says of its source: addr and port are filled in; without
 * a link-layer address only what is known already changes. */
struct ik_neigh_news;
void ik_nd_learn_source(struct ik_stack *s, const struct ik_pkt *p,
                        const struct ik_neigh_news *what);

/* A valid message of discovery (nd.c judges it): what each does. */
void ik_nd_router_sol(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
void ik_nd_router_adv(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
void ik_nd_redirect(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m);
void ik_nd_router_start(struct ik_stack *s, uint8_t port);
ik_ns ik_nd_router_timeout(struct ik_stack *s);
/* A neighbour that was a router is none any more. */
void ik_nd_router_forget(struct ik_stack *s, uint8_t port, const struct ik_addr *addr);

/* The interface has come up: its groups are told. */
void ik_stack_mld_port_up(struct ik_stack *s, uint8_t port);

/* What icmp6.c hands on: `faults` are what the decoder found. */
void ik_stack_nd_input(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m,
                       const struct ik_faults *faults);
void ik_stack_mld_input(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m,
                        const struct ik_faults *faults);
