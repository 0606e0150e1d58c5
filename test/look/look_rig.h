/* SPDX-License-Identifier: MIT
 * Packets for the tests of what passes by, made with the codec. */
#pragma once

#include "icmpkit/look.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { RIG_BYTES = 70000 };

static inline struct ik_addr rig_addr(const char *text)
{
    struct ik_addr a;
    if (ik_addr_parse(text, &a) != IK_OK)
        fail_msg("cannot parse %s", text);
    return a;
}

/* One IP packet and what was decoded of it. */
struct rig_packet {
    uint8_t bytes[RIG_BYTES];
    size_t n;
};

/* A packet around `payload`. */
static inline void rig_ip(struct rig_packet *p, const char *src, const char *dst, uint8_t proto,
                          uint32_t id, const void *payload, size_t n)
{
    struct ik_ip ip = {.src = rig_addr(src), .dst = rig_addr(dst), .ttl = 64, .id = id};
    ip.version = ip.src.family;
    ip.proto = ip.next_header = proto;
    ip.final_dst = ip.dst;
    ip.options = (struct ik_rd){p->bytes, 0};
    ip.payload = (struct ik_rd){payload, n};
    assert_int_equal(ik_ip_encode(&ip, false, p->bytes, sizeof(p->bytes), &p->n), IK_OK);
}

/* An echo message, `type` as the family has it, with `data_bytes` of a pattern. */
static inline void rig_echo(struct rig_packet *p, const char *src, const char *dst, uint8_t type,
                            uint16_t id, uint16_t seq, size_t data_bytes)
{
    static uint8_t data[RIG_BYTES], icmp[RIG_BYTES];
    const struct ik_addr from = rig_addr(src), to = rig_addr(dst);
    for (size_t i = 0; i < data_bytes; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    struct ik_icmp m = {.family = from.family,
                        .type = type,
                        .kind = IK_ICMP_ECHO,
                        .echo = {.id = id, .seq = seq, .data = {data, data_bytes}}};
    const struct ik_icmp_ctx ctx = {.family = from.family, .src = &from, .dst = &to};
    size_t n;
    assert_int_equal(ik_icmp_encode(&m, &ctx, false, icmp, sizeof(icmp), &n), IK_OK);
    rig_ip(p, src, dst, from.family == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6, (uint32_t)seq + 1, icmp,
           n);
}
