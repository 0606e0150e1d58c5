/* SPDX-License-Identifier: MIT
 * What echo requests carried. */
#include "detect/mirror.h"

#include "base/rd.h"

#include <string.h>

enum {
    WAYS = 4,
    BUCKET_BITS = 14,
    HEAD_BYTES = 64,
    WHOLE_MAX = 256, /* hashed to the last byte */
    PROVIDER_MIN = 64,
};

#define ANSWERED 1u

_Static_assert(WAYS << BUCKET_BITS == IK_MIRROR_REQUESTS, "all of them");
_Static_assert((int)WHOLE_MAX <= (int)IK_NH_MAX, "the key reaches as far");

size_t ik_mirror_bytes(void)
{
    return IK_MIRROR_REQUESTS * sizeof(struct ik_mirror_mark);
}

void ik_mirror_init(struct ik_mirror *m, void *mem, const uint8_t secret[16])
{
    *m = (struct ik_mirror){.marks = mem};
    memcpy(m->secret, secret, sizeof(m->secret));
    ik_nh_init(&m->nh, secret);
}

static struct ik_mirror_mark *bucket(const struct ik_mirror *m, uint64_t key)
{
    return m->marks + (size_t)WAYS * (key >> (64 - BUCKET_BITS));
}

void ik_mirror_expect(const struct ik_mirror *m, uint64_t key)
{
    __builtin_prefetch(bucket(m, key));
}

/* ---- marks ----------------------------------------------------------------------------------- */

/* 0 stands for "not known". */
static uint32_t small(const struct ik_mirror *m, uint64_t sum)
{
    const uint32_t hash = ik_nh_small(&m->nh, sum);
    return hash + !hash;
}

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

struct ik_mirror_mark ik_mirror_mark(const struct ik_mirror *m, const struct ik_sight *s,
                                     const struct ik_payload *e)
{
    const struct ik_rd d = e->data;
    struct ik_mirror_mark mark = {.bytes = (uint16_t)e->n};
    const size_t head_bytes = ik_rd_head(d, HEAD_BYTES).left;
    uint64_t sum = ik_nh_sum(&m->nh, 0, d.p, head_bytes);
    if (!e->cut || d.left >= HEAD_BYTES)
        mark.head = small(m, sum);
    if (e->cut)
        return mark;
    if (d.left > WHOLE_MAX) {
        sum += sum_inside(m, d);
        mark.sum = sum_of(s->p);
    } else {
        sum += ik_nh_sum(&m->nh, HEAD_BYTES, d.p + head_bytes, d.left - head_bytes);
    }
    mark.whole = small(m, sum);
    return mark;
}

/* ---- requests and replies -------------------------------------------------------------------- */

static bool same(const struct ik_mirror_mark *a, const struct ik_mirror_mark *b)
{
    return a->whole == b->whole && a->head == b->head && a->sum == b->sum && a->bytes == b->bytes;
}

static uint32_t tag_of(uint64_t key)
{
    const uint32_t tag = (uint32_t)key & ~ANSWERED;
    return tag ? tag : 2;
}

void ik_mirror_put(struct ik_mirror *m, uint64_t key, struct ik_mirror_mark mark)
{
    struct ik_mirror_mark *b = bucket(m, key);
    const uint32_t tag = tag_of(key);
    int i = 0;
    while (i < WAYS - 1 && !((b[i].tag & ~ANSWERED) == tag && same(&b[i], &mark)))
        i++;
    /* What it equals, or the oldest, gives way. */
    for (; i > 0; i--)
        b[i] = b[i - 1];
    b[0] = mark;
    b[0].tag = tag;
}

static enum ik_mirror_result compare(const struct ik_mirror_mark *request,
                                     const struct ik_mirror_mark *reply)
{
    const bool heads = request->head && reply->head;
    if (request->bytes != reply->bytes) {
        if (reply->bytes > request->bytes || reply->bytes < PROVIDER_MIN)
            return IK_MIRROR_DIFFERENT;
        if (!heads)
            return IK_MIRROR_UNKNOWN;
        return request->head == reply->head ? IK_MIRROR_SAME : IK_MIRROR_DIFFERENT;
    }
    if (heads && request->head != reply->head)
        return IK_MIRROR_DIFFERENT;
    if (request->whole && reply->whole) {
        const bool sums = request->sum && reply->sum;
        return request->whole == reply->whole && (!sums || request->sum == reply->sum)
                   ? IK_MIRROR_SAME
                   : IK_MIRROR_DIFFERENT;
    }
    return heads ? IK_MIRROR_SAME : IK_MIRROR_UNKNOWN;
}

enum ik_mirror_result ik_mirror_check(struct ik_mirror *m, uint64_t key,
                                      const struct ik_mirror_mark *reply, bool *again)
{
    struct ik_mirror_mark *b = bucket(m, key);
    const uint32_t tag = tag_of(key);
    enum ik_mirror_result result = IK_MIRROR_NONE;
    *again = false;
    for (int i = 0; i < WAYS; i++) {
        if ((b[i].tag & ~ANSWERED) != tag)
            continue;
        const enum ik_mirror_result r = compare(&b[i], reply);
        if (result != IK_MIRROR_SAME && (r == IK_MIRROR_SAME || r > result))
            result = r;
        *again = *again || b[i].tag & ANSWERED;
        b[i].tag |= ANSWERED;
    }
    return result;
}
