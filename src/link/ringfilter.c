/* SPDX-License-Identifier: MIT
 * The head decides on direction and tags; it leaves accumulator and index register zero and jumps
 * into nothing behind it, so that a program goes on after it unchanged but for its loads. */
#include "link/ringfilter.h"

#include <linux/if_arp.h>
#include <linux/if_packet.h>
#include <string.h>

enum { COOKED_BYTES = 20 };

static const struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);

static struct sock_filter load(uint32_t ancillary)
{
    return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, SKF_AD_OFF + ancillary);
}

/* Goes on at the next instruction when the accumulator is k, else behind it; or the other way. */
static struct sock_filter next_if(uint32_t k)
{
    return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
}

static struct sock_filter skip_if(uint32_t k)
{
    return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0);
}

static size_t put_direction(struct sock_filter *out, enum ik_capture_direction direction)
{
    size_t n = 0;
    out[n++] = load(SKF_AD_PKTTYPE);
    if (direction == IK_CAPTURE_BOTH) {
        out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 3);
        out[n++] = load(SKF_AD_HATYPE);
        out[n++] = next_if(ARPHRD_LOOPBACK);
    } else {
        out[n++] = direction == IK_CAPTURE_IN ? next_if(PACKET_OUTGOING) : skip_if(PACKET_OUTGOING);
    }
    out[n++] = drop;
    return n;
}

/* Members of a cooked header, version 2, that the kernel knows by other names. */
static bool translate_head(struct sock_filter *at)
{
    static const struct {
        uint32_t k, ancillary;
        uint16_t size;
    } members[] = {
        {0, SKF_AD_PROTOCOL, BPF_H},
        {4, SKF_AD_IFINDEX, BPF_W},
        {8, SKF_AD_HATYPE, BPF_H},
        {10, SKF_AD_PKTTYPE, BPF_B},
    };
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        if (at->k != members[i].k || BPF_SIZE(at->code) != members[i].size)
            continue;
        *at = load(members[i].ancillary);
        return true;
    }
    return false;
}

/* A load of a frame behind a cooked header, for the same frame without it. */
static bool translate_load(struct sock_filter *at)
{
    switch (BPF_MODE(at->code)) {
    case BPF_ABS:
        if (at->k >= (uint32_t)SKF_LL_OFF) /* beside the frame already */
            return true;
        if (at->k < COOKED_BYTES)
            return translate_head(at);
        break;
    case BPF_IND:
    case BPF_MSH:
        if (at->k < COOKED_BYTES || at->k >= (uint32_t)SKF_LL_OFF)
            return false;
        break;
    case BPF_LEN:
        return false;
    default:
        return true;
    }
    at->k -= COOKED_BYTES;
    return true;
}

static bool translate(struct sock_filter *at, const struct ik_ringfilter *f, uint32_t all)
{
    const uint16_t class = BPF_CLASS(at->code);
    if (class == BPF_RET) {
        if (BPF_RVAL(at->code) != BPF_K)
            return false;
        at->k = at->k ? all : 0;
        return true;
    }
    return !f->cooked || (class != BPF_LD && class != BPF_LDX) || translate_load(at);
}

size_t ik_ringfilter_make(struct sock_filter out[static BPF_MAXINSNS],
                          const struct ik_ringfilter *f, const struct sock_filter *program,
                          size_t n)
{
    const uint32_t all = f->snap_bytes ? f->snap_bytes : UINT32_MAX;
    const struct sock_filter take = BPF_STMT(BPF_RET | BPF_K, all);
    const size_t head = put_direction(out, f->direction);
    size_t at = head;
    if (!n || n > BPF_MAXINSNS - IK_RINGFILTER_HEAD) {
        out[at++] = take;
        return at;
    }
    out[at++] = load(SKF_AD_VLAN_TAG_PRESENT);
    out[at++] = skip_if(0);
    out[at++] = take;
    for (size_t i = 0; i < n; i++) {
        out[at] = program[i];
        if (!translate(&out[at++], f, all)) {
            out[head] = take;
            return head + 1;
        }
    }
    return at;
}
