/* SPDX-License-Identifier: MIT
 * A network where nobody means harm, in virtual time: hosts on one side of a gateway, others
 * beyond it, and what they say to each other. test_benign.c runs it. */
#pragma once

#include "frames.h"

enum {
    TALKS = 500,
    EVENTS = 1 << 16,
    HOSTS = 300,
    REMOTES = 3000,
    MTU = 1500,
    MAC = 6,
};
#define MS IK_NS_PER_MS
#define S IK_NS_PER_S

struct world;
struct talk;

/* Something of a talk that is to happen: a packet, mostly. */
struct event {
    ik_ns at;
    uint32_t talk;
    uint16_t what;
    uint32_t life; /* of the talk it belongs to: another one may have its place */
    uint32_t a, b;
};

struct kind {
    const char *name;
    uint32_t share;
    void (*begin)(struct world *w, struct talk *t);
    void (*happen)(struct world *w, struct talk *t, const struct event *e);
};

struct talk {
    const struct kind *kind;
    uint32_t life;
    bool v6;
    struct ik_addr near, far; /* ours, and somebody else's */
    ik_ns rtt, every;
    uint32_t n, left, size;
    uint16_t sport, dport, id;
    uint8_t style, hops, fate;
    uint32_t seq[2], mtu;
    ik_ns clock[16];
    uint8_t last[MTU]; /* the packet that errors are about */
    size_t n_last;
};

struct world {
    struct frames *f;
    struct ik_rng rng;
    ik_ns now, start;
    uint64_t wanted;
    uint32_t loss;
    uint32_t n_events;
    struct event events[EVENTS];
    struct talk talks[TALKS];
    uint16_t ip_id;
};

/* What goes wrong with a packet, in either family. */
enum trouble { NO_ROUTE, NO_HOST, NO_PORT, FORBIDDEN, EXPIRED, TOO_BIG, TOO_LATE };

/* Kinds of talks; the shares are of 1,000. */
extern const struct kind benign_kinds[];

uint32_t benign_below(struct world *w, uint32_t n);
bool benign_chance(struct world *w, uint32_t per_mille);
ik_ns benign_between(struct world *w, ik_ns from, ik_ns to);
/* `what`, with a and b, is to happen to the talk. */
void benign_expect(struct world *w, const struct talk *t, ik_ns after, uint16_t what, uint32_t a,
                   uint32_t b);
/* Takes what happens first. */
struct event benign_next(struct world *w);

/* Host i of ours, and of others. */
struct ik_addr benign_host(bool v6, uint32_t i);
struct ik_addr benign_remote(bool v6, uint32_t i);
/* The router that is so many hops from us on the way to the far end. */
struct ik_addr benign_router(const struct talk *t, uint32_t hop);
bool benign_is_near(const struct ik_addr *a);
uint32_t benign_number(const struct ik_addr *a);
void benign_mac_of(const struct ik_addr *a, uint8_t mac[MAC]);

struct ik_ip benign_ip_of(struct world *w, const struct ik_addr *src, const struct ik_addr *dst,
                          uint8_t proto, uint8_t ttl);
/* Sends the packet, in fragments where it is too long, which may change places. What errors quote
 * is its first bytes. `t` NULL: nothing will be said about it. */
void benign_send(struct world *w, struct talk *t, struct ik_ip *ip);
void benign_send_icmp(struct world *w, struct talk *t, const struct ik_addr *src,
                      const struct ik_addr *dst, uint8_t ttl, const struct ik_icmp *m);
/* n bytes of data between the ends of the talk, `back` to the near one. */
void benign_send_udp(struct world *w, struct talk *t, bool back, uint8_t ttl, bool df, size_t n);
/* An error about what was sent last. */
void benign_trouble(struct world *w, const struct talk *t, const struct ik_addr *src,
                    const struct ik_addr *dst, enum trouble what);
