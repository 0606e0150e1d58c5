/* SPDX-License-Identifier: MIT */
#include "sim/flight.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };

enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes)
{
    *f = (struct ik_flights){
        .list = malloc((2 * (size_t)frames + IK_FLIGHT_DATAGRAMS) * sizeof(*f->list)),
        .mem = aligned_alloc(LINE, (size_t)IK_FLIGHT_SHORT * frames),
        .long_stride = ((size_t)frame_bytes + LINE - 1) / LINE * LINE,
        .cap = frames,
        .frame_bytes = frame_bytes,
        .datagrams = malloc((size_t)IK_FLIGHT_DATAGRAM * IK_FLIGHT_DATAGRAMS),
        .sizes = {{0, frames, IK_FLIGHT_NONE},
                  {frames, 2 * frames, IK_FLIGHT_NONE},
                  {2 * frames, 2 * frames + IK_FLIGHT_DATAGRAMS, IK_FLIGHT_NONE}},
    };
    f->long_mem = aligned_alloc(LINE, f->long_stride * frames);
    if (f->list && f->mem && f->long_mem && f->datagrams)
        return IK_OK;
    ik_flight_fini(f);
    return IK_E_NOMEM;
}

void ik_flight_fini(struct ik_flights *f)
{
    free(f->list);
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
    if (i != IK_FLIGHT_NONE)
        size->free = f->list[i].next;
    else if (size->fresh < size->end)
        i = size->fresh++;
    else
        return IK_FLIGHT_NONE;
    f->used++;
    f->list[i].next = IK_FLIGHT_NONE;
    f->list[i].bytes = (uint32_t)bytes.left;
    memcpy(ik_flight_at(f, i), bytes.p, bytes.left);
    return i;
}

void ik_flight_give(struct ik_flights *f, uint32_t i)
{
    struct ik_flight_size *size = &f->sizes[(i >= f->cap) + (i >= 2 * f->cap)];
    f->list[i].next = size->free;
    size->free = i;
    f->used--;
}

void ik_flight_queue_init(struct ik_flight_queue *q)
{
    *q = (struct ik_flight_queue){.first = IK_FLIGHT_NONE, .last = IK_FLIGHT_NONE};
}

void ik_flight_queue_put(struct ik_flights *f, struct ik_flight_queue *q, uint32_t i)
{
    f->list[i].next = IK_FLIGHT_NONE;
    if (q->last == IK_FLIGHT_NONE)
        q->first = i;
    else
        f->list[q->last].next = i;
    q->last = i;
    q->n++;
}

uint32_t ik_flight_queue_take(struct ik_flights *f, struct ik_flight_queue *q)
{
    const uint32_t i = q->first;
    if (i == IK_FLIGHT_NONE)
        return i;
    q->first = f->list[i].next;
    if (q->first == IK_FLIGHT_NONE)
        q->last = IK_FLIGHT_NONE;
    q->n--;
    return i;
}
