/* SPDX-License-Identifier: MIT
 * The bytes of probes: 64 buffers that hold what never changes; a probe adds its header and its
 * token. Checksums of ICMPv6 are the kernel's, which alone knows the source address. */
#include "probe/echo_int.h"

#include "base/bytes.h"
#include "probe/token.h"

#include <string.h>

enum { HEADER = 8, TIMESTAMP_BYTES = 20, NODE_INFO_HEADER = 16, CACHE_LINE = 64 };

uint32_t ik_echo_frame_bytes(const struct ik_echo_cfg *cfg)
{
    switch (cfg->kind) {
    case IK_ECHO_TIMESTAMP:
        return TIMESTAMP_BYTES;
    case IK_ECHO_NODE_INFO:
        return NODE_INFO_HEADER + (uint32_t)cfg->node_subject.left;
    case IK_ECHO_ECHO:
        break;
    }
    return HEADER + cfg->payload_bytes;
}

uint32_t ik_echo_frame_stride(const struct ik_echo_cfg *cfg)
{
    return (ik_echo_frame_bytes(cfg) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static void fill(const struct ik_echo_cfg *cfg, uint8_t *frame)
{
    if (cfg->kind == IK_ECHO_NODE_INFO) {
        if (cfg->node_subject.left)
            memcpy(frame + NODE_INFO_HEADER, cfg->node_subject.p, cfg->node_subject.left);
        return;
    }
    for (uint32_t i = 0; cfg->kind == IK_ECHO_ECHO && i < cfg->payload_bytes; i++)
        frame[HEADER + i] = cfg->pattern ? cfg->pattern[i % cfg->pattern_bytes] : (uint8_t)i;
}

void ik_echo_frame_init(struct ik_echo_engine *e)
{
    e->frame_bytes = ik_echo_frame_bytes(&e->cfg);
    e->frame_stride = ik_echo_frame_stride(&e->cfg);
    e->free_buffers = UINT64_MAX;
    for (size_t i = 0; i < IK_BATCH; i++)
        fill(&e->cfg, e->frames + i * e->frame_stride);
    const uint32_t changing = HEADER + (e->tokened ? IK_TOKEN_BYTES : 0);
    if (e->cfg.kind == IK_ECHO_ECHO)
        e->rest_sum =
            ik_cksum_add(0, (struct ik_rd){e->frames + changing, e->frame_bytes - changing});
}

struct ik_rd ik_echo_frame_payload(const struct ik_echo_engine *e)
{
    return (struct ik_rd){e->frames + HEADER, e->frame_bytes - HEADER};
}

uint32_t ik_echo_frame_ms(ik_ns real)
{
    const ik_ns day = 86400 * IK_NS_PER_S, in_day = real % day;
    return (uint32_t)((in_day < 0 ? in_day + day : in_day) / IK_NS_PER_MS);
}

static void put_node_info(const struct ik_echo_cfg *cfg, uint8_t *frame, uint64_t nonce)
{
    frame[0] = IK_ICMP6_NODE_QUERY;
    frame[1] = cfg->node_code;
    ik_store_be16(frame + 2, 0);
    ik_store_be16(frame + 4, cfg->node_query);
    ik_store_be16(frame + 6, cfg->node_flags);
    ik_store_be64(frame + 8, nonce);
}

void ik_echo_frame_put(struct ik_echo_engine *e, uint8_t buffer, uint32_t index, struct ik_now now)
{
    struct ik_slot *slot = &e->slots.slot[index];
    const uint8_t port = ik_echo_port(&e->targets[slot->target]);
    uint8_t *frame = e->frames + (size_t)buffer * e->frame_stride;
    if (e->cfg.kind == IK_ECHO_NODE_INFO) {
        put_node_info(&e->cfg, frame, slot->hash);
        return;
    }
    const bool stamp = e->cfg.kind == IK_ECHO_TIMESTAMP;
    frame[0] = port ? IK_ICMP6_ECHO : stamp ? IK_ICMP4_TIMESTAMP : IK_ICMP4_ECHO;
    frame[1] = 0;
    ik_store_be16(frame + 2, 0);
    ik_store_be16(frame + 4, e->cfg.ident[port]);
    ik_store_be16(frame + 6, (uint16_t)slot->seq);
    size_t changing = HEADER;
    if (stamp) {
        slot->originate = ik_echo_frame_ms(now.real);
        ik_store_be32(frame + HEADER, slot->originate);
        changing = TIMESTAMP_BYTES;
    } else if (e->tokened) {
        ik_token_put(frame + HEADER, e->cfg.tag, slot->number, slot->hash);
        changing = HEADER + IK_TOKEN_BYTES;
    }
    if (port == 0) {
        const uint64_t sum = ik_cksum_add(e->rest_sum, (struct ik_rd){frame, changing});
        ik_store_be16(frame + 2, ik_cksum_fold(sum));
    }
}

struct ik_frame ik_echo_frame_of(const struct ik_echo_engine *e, const struct ik_echo_pending *p)
{
    const struct ik_slot *slot = &e->slots.slot[p->slot];
    const struct ik_echo_target *t = &e->targets[slot->target];
    const uint8_t port = ik_echo_port(t);
    return (struct ik_frame){
        .medium = port ? IK_MEDIUM_ICMP6 : IK_MEDIUM_ICMP4,
        .key = slot->number,
        .port = port,
        .bytes = {e->frames + (size_t)p->buffer * e->frame_stride, e->frame_bytes},
        .meta = {.known = IK_KNOW_DST, .dst = t->addr},
    };
}
