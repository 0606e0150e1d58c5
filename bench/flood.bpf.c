/* SPDX-License-Identifier: MIT
 * Programs of flood and of bench_xdp: one that sends each frame that it is run for, from a source
 * drawn anew; and the least that a program can do against a flood. */
#include "flood_shared.h"

#include <stdbool.h>

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __type(key, uint32_t);
    __type(value, struct flood_plan);
} flood_plans SEC(".maps");

static __always_inline void turn(uint16_t *checksum, uint32_t *word, uint32_t mask)
{
    const uint32_t old = *word, new = (old & ~mask) | (bpf_get_prandom_u32() & mask);
    /* RFC 1624 equation 3; the same in any byte order. */
    uint32_t sum = (uint16_t) ~*checksum + (uint16_t)~old + (uint16_t)(~old >> 16) +
                   (uint16_t) new + (new >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    *checksum = (uint16_t)~sum;
    *word = new;
}

enum { LATE_MOST = 100000000 }; /* what was missed in so many ns is caught up on */

/* False: not yet, or no more. */
static __always_inline bool is_due(struct flood_plan *plan)
{
    if (!plan->left)
        return false;
    if (plan->every) {
        const uint64_t now = bpf_ktime_get_ns();
        if (now < plan->next)
            return false;
        if (now > plan->next + LATE_MOST)
            plan->next = now;
        plan->next += plan->every;
    }
    plan->left--;
    return true;
}

SEC("xdp")
int flood_send(struct xdp_md *ctx)
{
    const uint32_t zero = 0;
    struct flood_plan *plan = bpf_map_lookup_elem(&flood_plans, &zero);
    uint8_t *data = (uint8_t *)(long)ctx->data, *end = (uint8_t *)(long)ctx->data_end;
    if (!plan)
        return XDP_ABORTED;
    uint8_t *src = data + (plan->src & 63), *checksum = data + (plan->checksum & 63);
    if (src + 4 * FLOOD_WORDS > end || checksum + 2 > end)
        return XDP_ABORTED;
    if (!is_due(plan))
        return XDP_DROP;
    for (int i = 0; i < FLOOD_WORDS; i++) {
        if (plan->mask[i])
            turn((uint16_t *)checksum, (uint32_t *)(src + 4 * i), plan->mask[i]);
    }
    return bpf_redirect(plan->ifindex, 0);
}

SEC("xdp.frags")
int bare_drop(struct xdp_md *ctx)
{
    (void)ctx;
    return XDP_DROP;
}

/* The least that a filter can do that looks at anything: the cost of fetching the frame. */
SEC("xdp.frags")
int bare_read(struct xdp_md *ctx)
{
    const uint8_t *data = (const uint8_t *)(long)ctx->data,
                  *end = (const uint8_t *)(long)ctx->data_end;
    return data + 35 > end || data[34] != 255 ? XDP_DROP : XDP_PASS;
}

/* For a link that flood_send is to send through: what takes frames there needs to run a program. */
SEC("xdp.frags")
int bare_pass(struct xdp_md *ctx)
{
    (void)ctx;
    return XDP_PASS;
}

const char _license[] SEC("license") = "Dual MIT/GPL";
