/* SPDX-License-Identifier: MIT
 * Packet buffers in caller's memory: two free lists, of packets and of whole datagrams. */
#include "stack/stack_int.h"

enum {
    BUFFERS_MIN = 64,
    STACK_PART_PERCENT = 75, /* of all buffers: no stack takes everything from the others */
    GIVEN_UP = 16,           /* datagrams */
};

struct ik_stack_pool {
    struct ik_buf *free, *free_big;
    uint32_t buffers, buffer_bytes;
    uint32_t used, most_of_one;
    uint64_t given_up[GIVEN_UP];
    uint32_t next_given_up;
};

/* Buffers begin where lines of the cache do. */
enum { LINE = 64 };

static size_t round_up(size_t n)
{
    return (n + LINE - 1) & ~(size_t)(LINE - 1);
}

static size_t stride_of(size_t bytes)
{
    return round_up(sizeof(struct ik_buf) + IK_BUF_HEADROOM + bytes);
}

size_t ik_stack_pool_bytes(const struct ik_stack_pool_cfg *cfg)
{
    return LINE + round_up(sizeof(struct ik_stack_pool)) +
           cfg->buffers * stride_of(cfg->buffer_bytes) +
           cfg->reassemblies * stride_of(IK_BUF_BIG_BYTES);
}

/* Makes n buffers from *mem on; returns the first of their list. */
static struct ik_buf *carve(uint8_t **mem, uint32_t n, size_t bytes, bool big)
{
    struct ik_buf *first = NULL, *last = NULL;
    for (uint32_t i = 0; i < n; i++) {
        struct ik_buf *b = (struct ik_buf *)(void *)*mem;
        *mem += stride_of(bytes);
        *b = (struct ik_buf){.cap = (uint32_t)(IK_BUF_HEADROOM + bytes), .big = big};
        if (last)
            last->next = b;
        else
            first = b;
        last = b;
    }
    return first;
}

enum ik_err ik_stack_pool_init(struct ik_stack_pool **out, void *mem,
                               const struct ik_stack_pool_cfg *cfg)
{
    if (cfg->buffers < BUFFERS_MIN || cfg->buffer_bytes < IK_ETHER_BYTES + 68)
        return IK_E_VALUE;
    const uint32_t ip_bytes = cfg->buffer_bytes - IK_ETHER_BYTES;
    struct ik_stack_pool *p = mem;
    *p = (struct ik_stack_pool){
        .buffers = cfg->buffers,
        .buffer_bytes = ip_bytes < IK_IP_BYTES_MAX ? ip_bytes : IK_IP_BYTES_MAX,
        .most_of_one = (uint32_t)((uint64_t)cfg->buffers * STACK_PART_PERCENT / 100),
    };
    uint8_t *at = (uint8_t *)mem + round_up(sizeof(*p));
    at += round_up((uintptr_t)at) - (uintptr_t)at;
    p->free = carve(&at, cfg->buffers, cfg->buffer_bytes, false);
    p->free_big = carve(&at, cfg->reassemblies, IK_BUF_BIG_BYTES, true);
    *out = p;
    return IK_OK;
}

uint32_t ik_stack_pool_used(const struct ik_stack_pool *pool)
{
    return pool->used;
}

uint32_t ik_stack_pool_room(const struct ik_stack_pool *pool)
{
    return pool->buffer_bytes;
}

/* A few big ones are shared by all: the part of one stack is what reassembly_max says, kept by the
 * reassembler; another user of a big one gives it back within the call. */
static struct ik_buf **list_for(struct ik_stack *s, size_t bytes)
{
    struct ik_stack_pool *p = s->pool;
    if (bytes > p->buffer_bytes)
        return bytes <= IK_BUF_BIG_BYTES ? &p->free_big : NULL;
    return s->held < p->most_of_one ? &p->free : NULL;
}

bool ik_stack_pool_has(struct ik_stack *s, size_t bytes)
{
    struct ik_buf **list = list_for(s, bytes);
    return list && *list;
}

/* The list that has one for so many bytes, NULL when there is none. Mostly there is: what is done
 * else stays out of the way. */
__attribute__((noinline, cold)) static struct ik_buf **list_after_all(struct ik_stack *s,
                                                                      size_t bytes)
{
    struct ik_buf **list = list_for(s, bytes);
    /* Else who asks for neighbours that do not exist would silence the node. */
    while (bytes <= s->pool->buffer_bytes && !(list && *list) && ik_stack_nbr_drop_oldest(s))
        list = list_for(s, bytes);
    return list && *list ? list : NULL;
}

static inline struct ik_buf **list_with(struct ik_stack *s, size_t bytes)
{
    struct ik_buf **list = list_for(s, bytes);
    return list && *list ? list : list_after_all(s, bytes);
}

struct ik_buf *ik_stack_pool_take(struct ik_stack *s, size_t bytes)
{
    struct ik_buf **list = list_with(s, bytes);
    if (!list) {
        ik_stack_event_drop(s, IK_STACK_NO_ROOM, IK_RULE_NONE, NULL, "no packet buffer is left");
        return NULL;
    }
    struct ik_buf *b = *list;
    *list = b->next;
    b->next = NULL;
    b->start = IK_BUF_HEADROOM;
    b->len = 0;
    b->who = IK_WHO_NODE;
    b->source_routed = false;
    b->key = 0;
    b->cast = 0;
    s->held += !b->big;
    s->pool->used++;
    return b;
}

void ik_stack_pool_give(struct ik_stack *s, struct ik_buf *b)
{
    struct ik_buf **list = b->big ? &s->pool->free_big : &s->pool->free;
    b->next = *list;
    *list = b;
    s->held -= !b->big;
    s->pool->used--;
}

void ik_stack_pool_give_up(struct ik_stack *s, uint64_t datagram)
{
    s->pool->given_up[s->pool->next_given_up++ % GIVEN_UP] = datagram;
}

bool ik_stack_pool_gave_up(const struct ik_stack *s, uint64_t datagram)
{
    for (unsigned i = 0; i < GIVEN_UP; i++)
        if (s->pool->given_up[i] == datagram)
            return true;
    return false;
}
