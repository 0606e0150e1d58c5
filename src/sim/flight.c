/* SPDX-License-Identifier: MIT */
#include "sim/flight.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };

/* Of slots for so many bytes. */
static size_t stride(size_t bytes)
{
    return (offsetof(struct ik_flight, bytes) + bytes + LINE - 1) / LINE * LINE;
}

enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes)
{
    *f = (struct ik_flights){
        .mem = aligned_alloc(LINE, (size_t)IK_FLIGHT_SLOT * frames),
        .long_stride = stride(frame_bytes),
        .datagram_stride = stride(IK_FLIGHT_DATAGRAM),
        .cap = frames,
        .frame_bytes = frame_bytes,
        .sizes = {{0, frames, IK_FLIGHT_NONE},
                  {frames, 2 * frames, IK_FLIGHT_NONE},
                  {2 * frames, 2 * frames + IK_FLIGHT_DATAGRAMS, IK_FLIGHT_NONE}},
    };
    f->long_mem = aligned_alloc(LINE, f->long_stride * frames);
    f->datagrams = aligned_alloc(LINE, f->datagram_stride * IK_FLIGHT_DATAGRAMS);
    if (f->mem && f->long_mem && f->datagrams)
        return IK_OK;
    ik_flight_fini(f);
    return IK_E_NOMEM;
}

void ik_flight_fini(struct ik_flights *f)
{
    free(f->mem);
    free(f->long_mem);
    free(f->datagrams);
}

uint32_t ik_flight_take(struct ik_flights *f, struct ik_rd bytes)
{
    if (bytes.left > IK_FLIGHT_DATAGRAM || f->used == f->cap)
        return IK_FLIGHT_NONE;
    struct ik_flight_size *size =
        &f->sizes[(bytes.left > IK_FLIGHT_SHORT) + (bytes.left > f->frame_bytes)];
    uint32_t i = size->free;
    if (i == IK_FLIGHT_NONE && size->fresh == size->end)
        return IK_FLIGHT_NONE;
    struct ik_flight *at = ik_flight_of(f, i == IK_FLIGHT_NONE ? size->fresh : i);
    if (i == IK_FLIGHT_NONE)
        i = size->fresh++;
    else
        size->free = at->next;
    f->used++;
    at->next = IK_FLIGHT_NONE;
    at->left = (uint32_t)bytes.left;
    memcpy(at->bytes, bytes.p, bytes.left);
    return i;
}

void ik_flight_give(struct ik_flights *f, uint32_t i)
{
    struct ik_flight_size *size = &f->sizes[(i >= f->cap) + (i >= 2 * f->cap)];
    ik_flight_of(f, i)->next = size->free;
    size->free = i;
    f->used--;
}

void ik_flight_queue_put(struct ik_flights *f, struct ik_flight_queue *q, uint32_t i)
{
    ik_flight_of(f, i)->next = IK_FLIGHT_NONE;
    if (q->last == IK_FLIGHT_NONE)
        q->first = i;
    else
        ik_flight_of(f, q->last)->next = i;
    q->last = i;
    q->n++;
}

uint32_t ik_flight_queue_take(struct ik_flights *f, struct ik_flight_queue *q)
{
    const uint32_t i = q->first;
    if (i == IK_FLIGHT_NONE)
        return i;
    q->first = ik_flight_of(f, i)->next;
    if (q->first == IK_FLIGHT_NONE)
        q->last = IK_FLIGHT_NONE;
    q->n--;
    return i;
}
