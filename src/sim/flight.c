/* SPDX-License-Identifier: MIT */
#include "sim/flight.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };

enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes)
{
    const size_t stride = ((size_t)frame_bytes + LINE - 1) / LINE * LINE;
    struct ik_flight *list = malloc(frames * sizeof(*list));
    uint8_t *mem = aligned_alloc(LINE, stride * frames);
    if (!list || !mem) {
        free(list);
        free(mem);
        return IK_E_NOMEM;
    }
    *f = (struct ik_flights){.list = list,
                             .mem = mem,
                             .stride = stride,
                             .cap = frames,
                             .frame_bytes = frame_bytes,
                             .free = IK_FLIGHT_NONE};
    return IK_OK;
}

void ik_flight_fini(struct ik_flights *f)
{
    free(f->list);
    free(f->mem);
}

uint32_t ik_flight_take(struct ik_flights *f, struct ik_rd bytes)
{
    uint32_t i = f->free;
    if (bytes.left > f->frame_bytes || (i == IK_FLIGHT_NONE && f->fresh == f->cap))
        return IK_FLIGHT_NONE;
    if (i == IK_FLIGHT_NONE)
        i = f->fresh++;
    else
        f->free = f->list[i].next;
    f->used++;
    f->list[i].next = IK_FLIGHT_NONE;
    f->list[i].bytes = (uint32_t)bytes.left;
    memcpy(ik_flight_at(f, i), bytes.p, bytes.left);
    return i;
}

void ik_flight_give(struct ik_flights *f, uint32_t i)
{
    f->list[i].next = f->free;
    f->free = i;
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
