/* SPDX-License-Identifier: MIT */
#include "sim/flight.h"

#include <stdlib.h>

/* Of a slot for so many bytes. */
static uint32_t lines_of(size_t bytes)
{
    const size_t whole = offsetof(struct ik_flight, bytes) + bytes;
    return (uint32_t)((whole + IK_FLIGHT_LINE - 1) / IK_FLIGHT_LINE);
}

enum ik_err ik_flight_init(struct ik_flights *f, uint32_t frames, uint32_t frame_bytes)
{
    const uint32_t lines[IK_FLIGHT_SIZES] = {lines_of(IK_FLIGHT_SHORT), lines_of(frame_bytes),
                                             lines_of(IK_FLIGHT_DATAGRAM)};
    const uint32_t slots[IK_FLIGHT_SIZES] = {frames, frames, IK_FLIGHT_DATAGRAMS};
    uint64_t end = 0;
    *f = (struct ik_flights){.cap = frames, .frame_bytes = frame_bytes};
    for (int i = 0; i < IK_FLIGHT_SIZES; i++) {
        const uint64_t first = end;
        end += (uint64_t)lines[i] * slots[i];
        f->sizes[i] =
            (struct ik_flight_size){lines[i], (uint32_t)first, (uint32_t)end, IK_FLIGHT_NONE};
    }
    f->mem = end < UINT32_MAX / 2 ? aligned_alloc(IK_FLIGHT_LINE, end * IK_FLIGHT_LINE) : NULL;
    return f->mem ? IK_OK : IK_E_NOMEM;
}

void ik_flight_fini(struct ik_flights *f)
{
    free(f->mem);
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
