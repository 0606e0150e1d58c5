/* SPDX-License-Identifier: MIT
 * The neighbour cache, for ARP and neighbour discovery alike: who has which link-layer address, and
 * whether it is still there (RFC 4861 sections 5.1, 7.2, 7.3). It sends nothing; it says what is to
 * be sent.
 *
 *                 use: solicit              advertisement
 *     (nothing) ---------------> INCOMPLETE ------------> REACHABLE <-------------.
 *         ^                       |   | ^                  |    ^                 |
 *         |       3 solicitations |   | | use       lapsed |    | solicited       |
 *         |       unanswered      v   | |                  v    | advertisement   |
 *         |                     FAILED -'     learnt --> STALE -+                 |
 *         |                       ^                        | use                  |
 *         |                       |                        v                      |
 *         |                       '--- PROBE <---------- DELAY ------------------>'
 *         |              3 probes unanswered    5 s pass         (from PROBE too)
 *
 * learnt: its address stood in a solicitation, an ARP request, a router advertisement, a redirect.
 *
 * The table is bounded and strangers fill it, so what has to go for a new neighbour is, in turn:
 * what FAILED longest ago; what is STALE and was used least recently; and, for a packet that we are
 * to send only, of those that are unresolved or in use:
 *   - when a quarter of the table or more is INCOMPLETE, the one solicited longest ago. A scan of
 * an empty prefix (RFC 6583) goes round in that quarter; whoever exists answers long before;
 *   - else the REACHABLE one that was used least recently, then PROBE, then DELAY.
 * So a scan takes no more than a quarter of the table from neighbours in use, and strangers that
 * talk to us (learnt) take nothing from them. PERMANENT ones never go. */
#pragma once

#include "base/rng.h"
#include "icmpkit/base.h"

/* The numbers are those of RFC 8335 section 3. */
enum ik_neigh_state {
    IK_NEIGH_FREE = 0,
    IK_NEIGH_INCOMPLETE = 1, /* solicited; packets wait */
    IK_NEIGH_REACHABLE = 2,  /* until its deadline */
    IK_NEIGH_STALE = 3,
    IK_NEIGH_DELAY = 4, /* used, and an upper layer may yet confirm it */
    IK_NEIGH_PROBE = 5, /* probed at its last known address */
    IK_NEIGH_FAILED = 6,
    IK_NEIGH_PERMANENT = 7, /* configured */
    IK_NEIGH_STATES = 8,
};

/* RFC 4861 section 10. */
#define IK_NEIGH_REACHABLE_TIME (30 * IK_NS_PER_S)
#define IK_NEIGH_RETRANS_TIMER (1 * IK_NS_PER_S)
#define IK_NEIGH_DELAY_FIRST_PROBE (5 * IK_NS_PER_S)
enum { IK_NEIGH_SOLICITATIONS = 3 }; /* MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT */

enum { IK_NEIGH_MAX = 65534 };
#define IK_NEIGH_NO_QUEUE UINT32_MAX

/* 48 bytes. Only `queue` and `is_router` are the owner's to write. */
struct ik_neigh_entry {
    ik_ns deadline; /* of its state, IK_NEVER when it has none */
    uint8_t bytes[16];
    uint32_t queue; /* of waiting packets, by the owner's numbering */
    uint16_t chain, prev, next;
    uint8_t mac[6];
    uint8_t family, port;
    uint8_t state; /* enum ik_neigh_state; ask ik_neigh_state, which knows of lapsed ones */
    uint8_t probes;
    bool is_router;
};

struct ik_neigh_list {
    uint16_t head, tail;
};

/* `reachable` (before chance) and `retrans` may be changed at any time, as router advertisements
 * do; what is under way keeps its deadline. */
struct ik_neigh {
    struct ik_neigh_entry *entries;
    uint16_t *buckets;
    const uint8_t *key;
    struct ik_rng rng;
    ik_ns reachable, retrans;
    ik_ns next_lapse;                           /* no REACHABLE one lapses before */
    struct ik_neigh_list list[IK_NEIGH_STATES]; /* INCOMPLETE, DELAY, PROBE by deadline; REACHABLE
                                                 * and STALE by last use; FAILED by age */
    uint16_t bound, bucket_mask, n_incomplete, n_touched;
};

struct ik_neigh_cfg {
    uint32_t bound;     /* 1 .. IK_NEIGH_MAX */
    uint64_t seed;      /* of the chance in reachable times */
    const uint8_t *key; /* 16 bytes, random; borrowed as long as the cache lives */
};

/* Bytes of memory beside struct ik_neigh, aligned as uint64_t: about 50 an entry. */
size_t ik_neigh_bytes(const struct ik_neigh_cfg *cfg);
/* Starts empty, with the times of RFC 4861 section 10. */
void ik_neigh_init(struct ik_neigh *n, void *mem, const struct ik_neigh_cfg *cfg);

/* The entry of a neighbour at that port, or NULL. Scopes are not looked at: the port says the link.
 * Entries stay where they are until they go; the next call of use, learn or put may end one. */
struct ik_neigh_entry *ik_neigh_find(const struct ik_neigh *n, uint8_t port,
                                     const struct ik_addr *addr);
/* The address of an entry. */
struct ik_addr ik_neigh_addr(const struct ik_neigh_entry *e);
/* The state of an entry: REACHABLE that has lapsed is STALE. */
enum ik_neigh_state ik_neigh_state(const struct ik_neigh_entry *e, ik_ns now);
/* Entry number i of all, i < n->n_touched; NULL where there is none. */
const struct ik_neigh_entry *ik_neigh_at(const struct ik_neigh *n, uint32_t i);

enum ik_neigh_verdict {
    IK_NEIGH_READY,   /* send to (*e)->mac */
    IK_NEIGH_SOLICIT, /* queue at *e, and send one solicitation to all now */
    IK_NEIGH_WAIT,    /* queue at *e; it is being asked for */
    IK_NEIGH_FULL,    /* no room; *e is NULL */
};
/* A packet is to be sent to that neighbour. *given_up is the queue of a neighbour that went for
 * this one, whose packets have nowhere to wait any more, or IK_NEIGH_NO_QUEUE. */
enum ik_neigh_verdict ik_neigh_use(struct ik_neigh *n, ik_ns now, uint8_t port,
                                   const struct ik_addr *addr, struct ik_neigh_entry **e,
                                   uint32_t *given_up);

/* What a message says of a neighbour. */
struct ik_neigh_news {
    struct ik_addr addr;
    uint8_t port;
    const uint8_t *mac;       /* 6 bytes; NULL: not said */
    bool solicited, override; /* advertisements */
    bool router;              /* it is one */
    bool host;                /* it is none; with neither, the message does not say */
};
/* What followed. */
struct ik_neigh_change {
    struct ik_neigh_entry *entry; /* NULL: it has none */
    uint32_t queue;   /* of packets that can go to entry->mac now; no longer the entry's */
    bool router_lost; /* it was a router and is none now (RFC 4861 section 7.2.5) */
};
/* An advertisement, or an ARP reply (solicited when it was sent to us, override). Creates nothing
 * (RFC 4861 section 7.2.5). */
struct ik_neigh_change ik_neigh_confirm(struct ik_neigh *n, ik_ns now,
                                        const struct ik_neigh_news *news);
/* The source of a solicitation, ARP request, router solicitation or advertisement, or the target of
 * a redirect, with its address (RFC 4861 section 7.2.3, RFC 826). Without `create` only what is
 * there is changed, as for an ARP request that was for somebody else. */
struct ik_neigh_change ik_neigh_learn(struct ik_neigh *n, ik_ns now,
                                      const struct ik_neigh_news *news, bool create);
/* A configured neighbour, which nothing from the network changes; a queue that it had stays with
 * it. *given_up as above. IK_E_FULL when all are configured. */
IK_MUST_USE enum ik_err ik_neigh_put(struct ik_neigh *n, ik_ns now, uint8_t port,
                                     const struct ik_addr *addr, const uint8_t mac[static 6],
                                     uint32_t *given_up);
/* Ends an entry; its queue is the caller's. */
void ik_neigh_remove(struct ik_neigh *n, struct ik_neigh_entry *e);

enum ik_neigh_todo_kind {
    IK_NEIGH_ASK_ALL, /* send a solicitation to all (solicited-node group, broadcast) */
    IK_NEIGH_ASK_ONE, /* send one to entry->mac */
    IK_NEIGH_GIVE_UP, /* it does not answer: answer and drop what is in `queue` */
};
struct ik_neigh_todo {
    enum ik_neigh_todo_kind kind;
    const struct ik_neigh_entry *entry;
    uint32_t queue; /* GIVE_UP: IK_NEIGH_NO_QUEUE where it failed as a known neighbour */
};
/* One thing that is due at `now`; false when nothing more is. */
bool ik_neigh_timeout(struct ik_neigh *n, ik_ns now, struct ik_neigh_todo *todo);
/* When ik_neigh_timeout has something, or IK_NEVER. */
ik_ns ik_neigh_deadline(const struct ik_neigh *n);
