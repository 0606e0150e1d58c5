/* SPDX-License-Identifier: MIT
 * A packet that was looked at, as a record. */
#include "icmpkit/look.h"

static const char *pair_name(enum ik_look_pair_kind kind)
{
    switch (kind) {
    case IK_LOOK_PAIR_REPLY:
        return "reply";
    case IK_LOOK_PAIR_ERROR:
        return "error";
    case IK_LOOK_PAIR_DUPLICATE:
        return "duplicate";
    case IK_LOOK_PAIR_REPEATED:
        return "repeated";
    case IK_LOOK_PAIR_UNASKED:
        return "unasked";
    case IK_LOOK_PAIR_NONE:
        break;
    }
    return NULL;
}

struct ik_record ik_look_record(const struct ik_look_packet *p)
{
    struct ik_record r = ik_record_make(IK_REC_packet, p->frame.time);
    struct ik_rec_packet *to = &r.packet;
    to->n = (int64_t)p->frame.n;
    to->interface = p->frame.interface;
    to->bytes = p->frame.wire_bytes;
    if (p->frame.wire_bytes > p->frame.bytes.left)
        to->captured = (int64_t)p->frame.bytes.left;
    if (p->layers.n)
        to->link = &p->layers;
    if (p->reassembled)
        to->fragments = p->fragments;
    if (p->has_ip)
        to->ip = (struct ik_rec_ip){&p->ip, p->ip_bytes};
    if (p->has_icmp)
        to->icmp = (struct ik_rec_icmp){&p->icmp, p->icmp_bytes};
    to->flaws = &p->faults;
    to->pair = (struct ik_rec_pair){pair_name(p->pair), p->pair_n, p->pair_rtt};
    return r;
}
