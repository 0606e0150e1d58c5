/* SPDX-License-Identifier: MIT
 * What echo requests carried. */
#include "detect/mirror.h"

#include "base/rd.h"

#include <string.h>

enum {
    HEAD_BYTES = IK_MIRROR_HEAD,
    WHOLE_MAX = 256, /* hashed to the last byte */
    PROVIDER_MIN = 64,
    WAYS = IK_MIRROR_WAYS,
};

#define ANSWERED IK_MIRROR_ANSWERED

_Static_assert((int)WHOLE_MAX <= (int)IK_NH_MAX, "the key reaches as far");

size_t ik_mirror_bytes(void)
{
    return ((size_t)1 << IK_MIRROR_SET_BITS) * sizeof(struct ik_mirror_set);
}

void ik_mirror_init(struct ik_mirror *m, void *mem, const uint8_t secret[16])
{
    *m = (struct ik_mirror){.sets = mem};
    memcpy(m->secret, secret, sizeof(m->secret));
    ik_nh_init(&m->nh, secret);
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* 64 bytes behind the first 64 of a long payload, from a place that only we know. */
static uint64_t sum_inside(const struct ik_mirror *m, struct ik_rd d)
{
    const uint64_t room = d.left - 2 * HEAD_BYTES + 1;
    const uint32_t turn = ik_load_be32(m->secret) ^ (uint32_t)d.left * 2654435769u;
    return ik_nh_sum(&m->nh, HEAD_BYTES, d.p + HEAD_BYTES + (turn * room >> 32), HEAD_BYTES);
}

/* The checksum that the message would have with type and code zero, and without the addresses that
 * ICMPv6 adds: the same one way and back. That of ICMPv4 stands in the message. */
static uint16_t sum_of(const struct ik_look_packet *p)
{
    const struct ik_icmp *icmp = &p->icmp;
    uint16_t sum;
    if (icmp->family == 4 && icmp->checksum_known && icmp->checksum_ok)
        sum = ik_cksum_update(icmp->checksum, (uint16_t)(icmp->type << 8 | icmp->code), 0);
    else
        sum = ik_cksum_fold(ik_cksum_add(0, icmp->raw));
    return sum ? sum : UINT16_MAX; /* both are zero, and 0 is "not known" */
}

struct ik_mirror_mark ik_mirror_mark_any(const struct ik_mirror *m, const struct ik_sight *s,
                                         const struct ik_payload *e)
{
    const struct ik_rd d = e->data;
    struct ik_mirror_mark mark = {.sizes = (uint16_t)e->n};
    const size_t head_bytes = ik_rd_head(d, HEAD_BYTES).left;
    uint64_t sum = ik_nh_sum(&m->nh, 0, d.p, head_bytes);
    if (!e->cut || d.left >= HEAD_BYTES)
        mark.head = ik_mirror_small(m, sum);
    if (e->cut)
        return mark;
    if (d.left > WHOLE_MAX) {
        sum += sum_inside(m, d);
        mark.sizes |= (uint32_t)sum_of(s->p) << 16;
    } else {
        sum += ik_nh_sum(&m->nh, HEAD_BYTES, d.p + head_bytes, d.left - head_bytes);
    }
    mark.whole = ik_mirror_small(m, sum);
    return mark;
}

/* ---- requests and replies -------------------------------------------------------------------- */

static struct ik_mirror_mark mark_at(const struct ik_mirror_set *set, int i)
{
    return (struct ik_mirror_mark){set->whole[i], set->head[i], set->sizes[i]};
}

static void copy(struct ik_mirror_set *set, int to, int from)
{
    set->tags[to] = set->tags[from];
    set->whole[to] = set->whole[from];
    set->head[to] = set->head[from];
    set->sizes[to] = set->sizes[from];
}

void ik_mirror_put_again(struct ik_mirror_set *set, uint32_t tag, struct ik_mirror_mark mark)
{
    int i = 0;
    while (i < WAYS - 1 && !((set->tags[i] | ANSWERED) == tag && set->whole[i] == mark.whole &&
                             set->head[i] == mark.head && set->sizes[i] == mark.sizes))
        i++;
    /* What it equals, or the oldest, gives way. */
    for (; i > 0; i--)
        copy(set, i, i - 1);
    set->tags[0] = tag & ~ANSWERED;
    set->whole[0] = mark.whole;
    set->head[0] = mark.head;
    set->sizes[0] = mark.sizes;
}

static enum ik_mirror_result compare(const struct ik_mirror_mark *request,
                                     const struct ik_mirror_mark *reply)
{
    const bool heads = request->head && reply->head;
    const uint16_t asked = (uint16_t)request->sizes, answered = (uint16_t)reply->sizes;
    if (asked != answered) {
        if (answered > asked || answered < PROVIDER_MIN)
            return IK_MIRROR_DIFFERENT;
        if (!heads)
            return IK_MIRROR_UNKNOWN;
        return request->head == reply->head ? IK_MIRROR_SAME : IK_MIRROR_DIFFERENT;
    }
    if (heads && request->head != reply->head)
        return IK_MIRROR_DIFFERENT;
    if (request->whole && reply->whole) {
        const bool sums = request->sizes >> 16 && reply->sizes >> 16;
        return request->whole == reply->whole && (!sums || request->sizes == reply->sizes)
                   ? IK_MIRROR_SAME
                   : IK_MIRROR_DIFFERENT;
    }
    return heads ? IK_MIRROR_SAME : IK_MIRROR_UNKNOWN;
}

enum ik_mirror_result ik_mirror_check_any(struct ik_mirror_set *set, unsigned ways,
                                          struct ik_mirror_mark reply, bool *again)
{
    enum ik_mirror_result result = IK_MIRROR_NONE;
    for (; ways; ways &= ways - 1) {
        const int i = __builtin_ctz(ways);
        const struct ik_mirror_mark request = mark_at(set, i);
        const enum ik_mirror_result r = compare(&request, &reply);
        if (result != IK_MIRROR_SAME && (r == IK_MIRROR_SAME || r > result))
            result = r;
        *again = *again || set->tags[i] & ANSWERED;
        set->tags[i] |= ANSWERED;
    }
    return result;
}
