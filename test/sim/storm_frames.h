/* SPDX-License-Identifier: MIT
 * Frames to throw at a node: well formed ones of every kind that it knows, and all that can be made
 * of them by forging, cutting, stretching, splitting and flipping bits. */
#pragma once

#include "base/rng.h"
#include "icmpkit/base.h"

enum {
    STORM_FRAME_MAX = 2000,
    STORM_NOISE = 8192,
    STORM_RUN = 8 /* datagrams for one side before it is the turn of the other */
};

/* What the generator knows of the node at one of its ports. */
struct storm_side {
    uint8_t mac[6], own_mac[6]; /* of the node; of the thrower */
    uint8_t addr4[4], peer4[4]; /* of the node; of the thrower on that net */
    uint8_t addr6[16], peer6[16];
    uint32_t mtu;
};

/* Where packets may go beyond the node, and where they may come from. */
struct storm_far {
    uint8_t net4[4][4];  /* /24 */
    uint8_t net6[4][16]; /* /64 */
};

struct storm_gen {
    struct ik_rng rng;
    struct storm_side side[2];
    uint8_t sides;
    struct storm_far far;
    uint8_t noise[STORM_NOISE];
    uint32_t turn;
    uint8_t side_now;
    /* pieces of a datagram, of which some are still to be sent, the first or the last one first */
    uint8_t pending[8][STORM_FRAME_MAX];
    size_t pending_len[8], pending_n, pending_sent;
    bool backwards;
};

/* Seeds g->rng, and makes the payload that packets take theirs from. */
void storm_gen_init(struct storm_gen *g, uint64_t seed);
/* Writes the next frame, for the side that it chooses; its length. */
size_t storm_gen_next(struct storm_gen *g, uint8_t out[STORM_FRAME_MAX], uint8_t *side);
