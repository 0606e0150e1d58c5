/* SPDX-License-Identifier: MIT
 * A node for tests of the sim: sends frames at the instants it is told, notes what it gets and
 * when, and can send everything back. */
#pragma once

#include "sim/sim_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SEEN = 8192, PLANNED = 4096, BODY = 64 };

struct seen {
    ik_ns at;
    uint8_t port;
    uint32_t number;
    size_t bytes;
};

struct planned {
    ik_ns at;
    uint8_t port;
    size_t bytes; /* of the frame */
    uint32_t number;
    uint8_t dst[6];
};

struct actor {
    struct ik_engine engine;
    bool echoes; /* sends each frame back where it came from, as it is */
    bool echo_upper;
    size_t n_seen, n_planned, done;
    struct seen seen[SEEN];
    struct planned planned[PLANNED];
    size_t n_echo, echo_first;
    struct planned echo[SEEN];
    uint8_t bytes[IK_BATCH][2048];
    size_t n_offered;
    unsigned lives, congested, carriers, neighbours;
    bool carrier;
    size_t most_at_once; /* events of one input */
    struct ik_addr knows[8];
};

static inline void actor_input(struct ik_engine *e, struct ik_now now, uint8_t port,
                               const struct ik_event *in, size_t n)
{
    struct actor *a = (struct actor *)e;
    a->most_at_once = n > a->most_at_once ? n : a->most_at_once;
    for (size_t i = 0; i < n; i++) {
        const struct ik_rd b = in[i].frame.bytes;
        assert_int_equal(in[i].at.mono, now.mono);
        assert_true(a->n_seen < SEEN);
        const size_t at = port == IK_STACK_UPPER ? 0 : 14;
        const uint32_t number = b.left >= at + 4 ? ik_load_be32(b.p + at) : 0;
        a->seen[a->n_seen++] = (struct seen){now.mono, port, number, b.left};
        const struct planned back = {now.mono, port, b.left, number, {0}};
        if (a->echoes && port != IK_STACK_UPPER)
            a->echo[a->n_echo++] = back;
    }
}

static inline size_t actor_output(struct ik_engine *e, struct ik_now now, struct ik_frame *out,
                                  size_t cap)
{
    struct actor *a = (struct actor *)e;
    size_t n = 0;
    const struct planned *p[IK_BATCH];
    for (size_t i = a->echo_first; i < a->n_echo && n < cap; i++)
        p[n++] = &a->echo[i];
    for (size_t i = a->done; i < a->n_planned && n < cap && a->planned[i].at <= now.mono; i++)
        p[n++] = &a->planned[i];
    for (size_t i = 0; i < n; i++) {
        memset(a->bytes[i], 0, p[i]->bytes);
        memcpy(a->bytes[i], p[i]->dst, 6);
        ik_store_be32(a->bytes[i] + 14, p[i]->number);
        out[i] = (struct ik_frame){
            .medium = IK_MEDIUM_ETHER, .port = p[i]->port, .bytes = {a->bytes[i], p[i]->bytes}};
    }
    a->n_offered = n;
    return n;
}

static inline void actor_accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    struct actor *a = (struct actor *)e;
    (void)now;
    assert_true(n <= a->n_offered);
    while (n--)
        if (a->echo_first < a->n_echo)
            a->echo_first++;
        else
            a->done++;
}

static inline const struct ik_record *actor_record(struct ik_engine *e)
{
    (void)e;
    return NULL;
}

static inline ik_ns actor_deadline(const struct ik_engine *e)
{
    const struct actor *a = (const struct actor *)e;
    return a->done < a->n_planned ? a->planned[a->done].at : IK_NEVER;
}

static const struct ik_engine_ops actor_engine_ops = {.input = actor_input,
                                                      .output = actor_output,
                                                      .accepted = actor_accepted,
                                                      .record = actor_record,
                                                      .deadline = actor_deadline};

static inline struct ik_engine *actor_up(struct ik_sim *sim, struct ik_simnode *node)
{
    struct actor *a = node->mem;
    (void)sim;
    a->engine.ops = &actor_engine_ops;
    a->lives++;
    a->carrier = true;
    return &a->engine;
}

static inline void actor_neighbour(struct ik_simnode *node, uint8_t port,
                                   const struct ik_addr *addr, const uint8_t mac[static 6])
{
    struct actor *a = node->mem;
    (void)port;
    (void)mac;
    if (a->neighbours < 8)
        a->knows[a->neighbours] = *addr;
    a->neighbours++;
}

static inline void actor_iface_up(struct ik_simnode *node, struct ik_now now, uint8_t port, bool up)
{
    struct actor *a = node->mem;
    (void)now;
    (void)port;
    a->carriers++;
    a->carrier = up;
}

static inline void actor_congested(struct ik_simnode *node, struct ik_now now, uint8_t port,
                                   struct ik_rd frame)
{
    (void)now;
    (void)port;
    assert_true(frame.left >= 18);
    ((struct actor *)node->mem)->congested++;
}

static const struct ik_simnode_ops actor_ops = {.up = actor_up,
                                                .neighbour = actor_neighbour,
                                                .iface_up = actor_iface_up,
                                                .congested = actor_congested};

static inline void actor_send(struct actor *a, ik_ns at, uint8_t port, size_t bytes,
                              uint32_t number)
{
    assert_true(a->n_planned < PLANNED);
    a->planned[a->n_planned++] = (struct planned){at, port, bytes, number, {0}};
}

/* A node with that engine; its interfaces have MAC 02:00:00:00:NODE:PORT. */
static inline uint32_t rig_add(struct ik_sim *sim, struct actor *a,
                               const struct ik_stack_iface *ifaces, uint8_t n, ik_ns start)
{
    const struct ik_sim_node_cfg cfg = {
        .name = "actor", .ifaces = ifaces, .n_ifaces = n, .start = start};
    uint32_t node;
    assert_int_equal(ik_simnode_add(sim, &cfg, &actor_ops, a, &node), IK_OK);
    return node;
}

#define RIG_IFACE(node, port)                            \
    {                                                    \
        .mac = {2, 0, 0, 0, (node), (port)}, .mtu = 1500 \
    }

static inline struct ik_sim *rig_sim(uint64_t seed)
{
    const struct ik_sim_cfg cfg = {.seed = seed, .frames = 4096, .frame_bytes = 2048};
    struct ik_sim *sim;
    assert_int_equal(ik_sim_new(&sim, &cfg), IK_OK);
    return sim;
}
