/* SPDX-License-Identifier: MIT
 * What the files of the generator share. */
#pragma once

#include "base/bytes.h"
#include "icmpkit/wire.h"
#include "storm_frames.h"

#include <string.h>

enum { ETHER = 14, IP4 = 20, IP6 = 40, BODY_MAX = 1500 };

/* A frame in the making. */
struct making {
    struct storm_gen *g;
    const struct storm_side *s;
    uint8_t bytes[4096];
    size_t len;     /* from the Ethernet header */
    size_t body_at; /* of the transport header */
    uint8_t family, proto;
};

/* 0 .. n-1; near enough to even, and without a division. */
static inline uint32_t pick(struct making *m, uint32_t n)
{
    return (uint32_t)((ik_rng_next(&m->g->rng) >> 32) * n >> 32);
}

static inline bool one_in(struct making *m, uint32_t n)
{
    return pick(m, n) == 0;
}

static inline void fill_random(struct making *m, uint8_t *p, size_t n)
{
    uint8_t some[8];
    ik_store_be64(some, ik_rng_next(&m->g->rng));
    memcpy(p, some, n < 8 ? n : 8);
    /* What is longer is payload: any piece of the generator's own will do. */
    for (size_t at = 8, some_n; at < n; at += some_n) {
        some_n = n - at < STORM_NOISE / 2 ? n - at : STORM_NOISE / 2;
        memcpy(p + at, m->g->noise + pick(m, STORM_NOISE / 2), some_n);
    }
}

/* Room for n more bytes, zeroed. */
static inline uint8_t *body(struct making *m, size_t n)
{
    uint8_t *at = m->bytes + m->len;
    memset(at, 0, n);
    m->len += n;
    return at;
}

/* Cuts a finished datagram into pieces that wait in the generator. */
void storm_spoil_split(struct making *m);
/* Does to a finished frame what lines and attackers do. */
void storm_spoil_frame(struct making *m);
