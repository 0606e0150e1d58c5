/* SPDX-License-Identifier: MIT
 * Packets in memory of the pool (pool.c), and queues of them. */
#pragma once

#include "base/rd.h"
#include "icmpkit/stack.h"

enum {
    IK_BUF_HEADROOM = 16, /* before the IP header of a fresh buffer: an Ethernet header fits */
    IK_IP_BYTES_MAX = 65535,
    /* Of a big buffer: the longest datagram of either family with all its headers, and what the
     * reassembler notes of it. */
    IK_BUF_BIG_BYTES = 1280 + 65536 + 2304,
};

/* On whose behalf a packet leaves: who hears of it when it cannot. */
enum ik_who {
    IK_WHO_NODE,      /* the node itself (answers, errors, discovery): nobody */
    IK_WHO_UPPER,     /* its user: an error of the node itself goes to upper */
    IK_WHO_FORWARDED, /* the source of the packet */
};

/* A packet in memory of the pool: `len` bytes at `start` (IP packets start at IK_BUF_HEADROOM, so
 * that a frame header can be put before them without a copy). What every packet needs lies beside
 * its first bytes, what few need before that. */
struct ik_buf {
    struct ik_meta meta; /* frames of UPPER */
    ik_ns since;         /* while it waits for a neighbour: since when */
    struct ik_buf *next;
    uint32_t cap; /* bytes of room behind `bytes` */
    uint32_t start, len;
    uint8_t port;       /* the frame goes out by it */
    uint8_t medium;     /* enum ik_medium of the bytes at `start` */
    uint8_t who;        /* enum ik_who */
    bool source_routed; /* its destination was taken from a source route, here */
    uint8_t cast;       /* enum ik_cast: how the frame that it came in was addressed */
    bool big;           /* one of the 64 KiB kind */
    bool is_first;      /* while it waits: no fragment of its datagram waited before it */
    uint32_t key;       /* of the frame of UPPER whose packet it is, or begins; 0: none */
    uint32_t queue;     /* while it waits for a neighbour: which */
    uint32_t datagram;  /* and of which datagram it is a fragment; 0: of none */
    _Alignas(8) uint8_t bytes[];
};

/* A singly linked queue of buffers. */
struct ik_bufs {
    struct ik_buf *first, *last;
};

/* A buffer with room for `bytes` after the headroom, empty, start IK_BUF_HEADROOM; above what a
 * buffer holds one of the 64 KiB kind. NULL, counted as NO_ROOM, when there is none, or when this
 * stack holds its part already. Packets that wait for a neighbour never keep others out: the oldest
 * of them goes first. */
struct ik_buf *ik_stack_pool_take(struct ik_stack *s, size_t bytes);
/* True when ik_stack_pool_take would give one now, without one that waits. */
bool ik_stack_pool_has(struct ik_stack *s, size_t bytes);
/* Gives a buffer back that ik_stack_pool_take gave; its bytes stay until the next take. */
void ik_stack_pool_give(struct ik_stack *s, struct ik_buf *b);
/* Remembers, for the stacks of the pool together, a datagram that lost some of its fragments, by a
 * number that is hard to meet (not 0); until enough others did. */
void ik_stack_pool_give_up(struct ik_stack *s, uint64_t datagram);
bool ik_stack_pool_gave_up(const struct ik_stack *s, uint64_t datagram);
/* IP bytes that a small buffer holds. */
uint32_t ik_stack_pool_room(const struct ik_stack_pool *pool);
static inline uint8_t *ik_buf_at(struct ik_buf *b)
{
    return b->bytes + b->start;
}
static inline struct ik_rd ik_buf_rd(const struct ik_buf *b)
{
    return (struct ik_rd){b->bytes + b->start, b->len};
}
static inline void ik_bufs_put(struct ik_bufs *q, struct ik_buf *b)
{
    b->next = NULL;
    if (q->last)
        q->last->next = b;
    else
        q->first = b;
    q->last = b;
}
/* NULL when empty. */
static inline struct ik_buf *ik_bufs_take(struct ik_bufs *q)
{
    struct ik_buf *b = q->first;
    if (!b)
        return NULL;
    q->first = b->next;
    if (!q->first)
        q->last = NULL;
    return b;
}
