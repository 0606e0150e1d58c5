/* SPDX-License-Identifier: MIT
 * Traffic that lets the table of flows know what it can know, for tests of errors. */
#pragma once

#include "frames.h"

static const struct frames_head talk_out4 = {.src = "192.0.2.1", .dst = "198.51.100.7", .df = true};
static const struct frames_head talk_in4 = {.src = "198.51.100.7", .dst = "192.0.2.1", .df = true};
static const struct frames_head talk_router4 = {.src = "203.0.113.254", .dst = "192.0.2.1"};
static const struct frames_head talk_out6 = {.src = "2001:db8::1", .dst = "2001:db8:7::7"};
static const struct frames_head talk_in6 = {.src = "2001:db8:7::7", .dst = "2001:db8::1"};
static const struct frames_head talk_router6 = {.src = "2001:db8:fe::1", .dst = "2001:db8::1"};

/* The host of both families sends some of each protocol, long enough before the present that what
 * is missing from now on was never sent. */
static inline void talk_settle(struct frames *f)
{
    const struct ik_tcp syn = {.sport = 1, .dport = 2, .flags = IK_TCP_SYN};
    for (int i = 0; i < 2; i++) {
        frames_tcp(f, &talk_out4, &syn);
        frames_tcp(f, &talk_out6, &syn);
        frames_udp(f, &talk_out4, 1, 2, 0);
        frames_udp(f, &talk_out6, 1, 2, 0);
        frames_echo(f, &talk_out4, false, 1, 1, "", 0);
        frames_echo(f, &talk_out6, false, 1, 1, "", 0);
        f->now += 61 * IK_NS_PER_S;
    }
}

/* A connection between port 40000 and port 443 of `there`: 1,000 bytes sent from 5,000 on, of which
 * `acked` were acknowledged. */
static inline void talk_tcp(struct frames *f, const struct frames_head *out,
                            const struct frames_head *in, uint32_t acked)
{
    static const uint8_t data[1000];
    const struct ik_tcp syn = {
        .sport = 40000, .dport = 443, .seq = 4999, .flags = IK_TCP_SYN, .window = 65535};
    const struct ik_tcp syn_ack = {
        .sport = 443, .dport = 40000, .seq = 899999, .ack = 5000, .flags = IK_TCP_SYN | IK_TCP_ACK};
    const struct ik_tcp sent = {.sport = 40000,
                                .dport = 443,
                                .seq = 5000,
                                .ack = 900000,
                                .flags = IK_TCP_ACK,
                                .data = {data, sizeof(data)}};
    const struct ik_tcp ack = {
        .sport = 443, .dport = 40000, .seq = 900000, .ack = 5000 + acked, .flags = IK_TCP_ACK};
    frames_tcp(f, out, &syn);
    frames_tcp(f, in, &syn_ack);
    frames_tcp(f, out, &sent);
    frames_tcp(f, in, &ack);
}

/* The packet of that connection that begins at `seq`, `data_bytes` long, as a router quotes it. */
static inline size_t talk_quote_tcp(const struct frames_head *out, uint16_t sport, uint32_t seq,
                                    size_t data_bytes, uint8_t *bytes)
{
    static const uint8_t data[2000];
    const struct ik_tcp tcp = {.sport = sport,
                               .dport = 443,
                               .seq = seq,
                               .ack = 900000,
                               .flags = IK_TCP_ACK,
                               .data = {data, data_bytes}};
    const size_t n = frames_make_tcp(out, &tcp, bytes),
                 head = frames_addr(out->src).family == 4 ? 28 : 48;
    return n < head ? n : head;
}
