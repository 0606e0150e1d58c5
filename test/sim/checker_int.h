/* SPDX-License-Identifier: MIT
 * What the files of the checker share: its own view of a packet, and its memory of what was sent.
 */
#pragma once

#include "checker.h"

#include <string.h>

enum { ETHER = 14, P_ICMP = 1, P_TCP = 6, P_UDP = 17, P_ICMP6 = 58 };

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] * 256 + p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) * 65536 + get16(p + 2);
}

/* A packet as far as it makes sense. */
struct view {
    const uint8_t *ip; /* from the IP header */
    size_t len;        /* as the header says */
    size_t there;      /* bytes that are really there */
    int version;
    uint8_t ttl, proto;
    const uint8_t *src, *dst; /* 4 or 16 bytes */
    size_t addr_bytes;
    const uint8_t *body; /* after all headers */
    size_t body_len;
    uint32_t id, offset; /* offset of a fragment, bytes */
    bool fragment, more, df;
    bool sane;      /* version, lengths */
    bool sum_right; /* IPv4 header; true for IPv6 */
    bool options;   /* IPv4 options, or IPv6 headers but a fragment header */
    bool routed;    /* a source route or routing header: dst is not the last */
    uint8_t last_dst[16];
    bool odd_chain; /* IPv6: the chain could not be followed to its end */
    bool strange;   /* IPv6: a header is in it that few know (AH, mobility, HIP, SHIM6), or that
                       may not be there: who comes to it stops */
};
/* False when not even the fixed header is there. */
bool view_make(struct view *v, const uint8_t *ip, size_t there);
/* The one's complement sum of all, 0 when a checksum in it is right. */
uint16_t view_sum(const uint8_t *p, size_t n, uint32_t start);
/* Of the pseudo-header. */
uint32_t view_pseudo(const struct view *v, const uint8_t *dst, uint8_t proto, size_t len);
bool view_is_error(int version, uint8_t type);
/* Address kinds; `bytes` 4 or 16. */
bool addr_is_group(const uint8_t *a, size_t bytes);
bool addr_is_zero(const uint8_t *a, size_t bytes);
bool addr_is_loopback(const uint8_t *a, size_t bytes);
/* True for what a packet's source must not be: zero, group, broadcast, loopback, class E. */
bool addr_is_no_host(const struct checker_node *n, const uint8_t *a, size_t bytes);
bool addr_is_no_host_at(const struct checker_node *n, uint8_t port, const uint8_t *a, size_t bytes);
bool addr_is_broadcast(const struct checker_node *n, const uint8_t *a, size_t bytes);
/* Of that port's net alone. */
bool addr_is_broadcast_at(const struct checker_node *n, uint8_t port, const uint8_t *a,
                          size_t bytes);
void addr_link_local(const uint8_t mac[6], uint8_t out[16]);
/* The port whose address it is; -1. */
int addr_port(const struct checker_node *n, const uint8_t *a, size_t bytes);

/* ---- memory (checker_past.c) ----------------------------------------------------------------- */

/* More than a node holds anything for: what it answers later than that has no reason. */
enum { PAST_FRAMES = 1 << 15, PAST_BYTES = 1 << 23, PAST_KEYS = 2 };

/* A frame that was sent to the node. */
struct past {
    uint64_t at;                /* where its bytes are, counted from the first ever */
    uint64_t before[PAST_KEYS]; /* the one before it with the same hash: its number, from 1 */
    uint16_t len;
    uint8_t port;
    bool group_frame; /* to a group MAC */
    uint16_t errors, redirects, replies, forwards;
};

struct past_book {
    struct past *list;
    uint8_t *bytes;
    uint64_t *heads; /* PAST_KEYS hashes */
    uint64_t count, written;
};
bool past_init(struct past_book *b);
void past_fini(struct past_book *b);
void past_put(struct past_book *b, uint8_t port, const uint8_t *frame, size_t len,
              const uint64_t keys[PAST_KEYS]);
/* The latest with that key, then the one before; NULL at the end. */
struct past *past_find(struct past_book *b, int which, uint64_t key);
struct past *past_before(struct past_book *b, int which, const struct past *p);
/* The latest, or that many before it; NULL when it is forgotten. */
struct past *past_back(struct past_book *b, uint64_t back);
const uint8_t *past_bytes(const struct past_book *b, const struct past *p);

struct limit {
    uint8_t addr[16];
    int64_t at;
    double level;
};

enum { LIMITS = 4096 };

struct checker {
    const struct checker_node *node;
    struct checker_stats stats;
    struct past_book past;
    struct limit all, one[LIMITS];
    int64_t now;
};

/* Keys of a packet: by its addresses and identification; of a request: by what its answer tells. */
uint64_t key_packet(const struct checker *c, const struct view *v);
uint64_t key_request(const uint8_t *who, size_t addr_bytes, uint8_t proto, uint32_t what);

/* ---- judges ---------------------------------------------------------------------------------- */

/* An ICMP error of the node (checker_error.c). */
enum checker_rule judge_error(struct checker *c, const struct view *v);
/* Something that the node forwarded (checker_forward.c); CHECKER_ABOUT_NOTHING never, but
 * CHECKER_FORWARD when nothing fits. */
enum checker_rule judge_forward(struct checker *c, uint8_t port, const struct view *v);
/* The same of a fragment that a translator may have given another identification. */
enum checker_rule judge_renumbered(struct checker *c, uint8_t port, const struct view *v);
/* Echo, timestamps, TCP. */
enum checker_rule judge_answer(struct checker *c, const struct view *v);
