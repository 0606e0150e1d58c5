/* SPDX-License-Identifier: MIT
 * Packets that were looked at, for the tests of what dump shows. */
#pragma once

#include "../look/look_rig.h"

#include "cmd/dump_text.h"

#include <stdio.h>

enum { RIG_ETHER = 14, RIG_TEXT = 1 << 16 };

struct dump_rig {
    void *mem;
    struct ik_look *look;
    struct rig_packet ip;
    uint8_t frame[RIG_BYTES + RIG_ETHER];
    size_t frame_bytes;
    uint64_t n;
    struct ik_look_packet p;
    struct ik_dump_style style;
    struct ik_dump_stamp stamp;
    char text[RIG_TEXT];
    size_t used;
};

static inline struct dump_rig *dump_rig_begin(void)
{
    const struct ik_look_cfg cfg = {.requests = 64, .datagrams = 4};
    struct dump_rig *r = calloc(1, sizeof(*r));
    r->mem = malloc(ik_look_bytes(&cfg));
    r->look = ik_look_init(r->mem, &cfg);
    ik_dump_stamp_init(&r->stamp, IK_DUMP_CLOCK, false, true);
    return r;
}

static inline void dump_rig_end(struct dump_rig *r)
{
    free(r->mem);
    free(r);
}

/* Looks at the frame that the rig holds. */
static inline bool dump_rig_look(struct dump_rig *r, ik_ns at)
{
    const struct ik_look_frame f = {.n = ++r->n,
                                    .time = at,
                                    .bytes = {r->frame, r->frame_bytes},
                                    .wire_bytes = (uint32_t)r->frame_bytes,
                                    .linktype = IK_LINKTYPE_ETHERNET};
    return ik_look_input(r->look, &f, &r->p);
}

/* Puts an Ethernet header before the IP packet that the rig holds, and looks at it. */
static inline bool dump_rig_take(struct dump_rig *r, ik_ns at)
{
    static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    memcpy(r->frame, macs, sizeof(macs));
    ik_store_be16(r->frame + 12, r->ip.bytes[0] >> 4 == 4 ? 0x0800 : 0x86dd);
    memcpy(r->frame + RIG_ETHER, r->ip.bytes, r->ip.n);
    r->frame_bytes = RIG_ETHER + r->ip.n;
    return dump_rig_look(r, at);
}

static inline bool dump_rig_echo(struct dump_rig *r, ik_ns at, const char *src, const char *dst,
                                 uint8_t type, uint16_t seq)
{
    rig_echo(&r->ip, src, dst, type, 7, seq, 8);
    return dump_rig_take(r, at);
}

/* A whole IPv4 or IPv6 packet of hexadecimal digits, blanks between, as ICMP of `type` and so on
 * with its checksum put right. */
static inline bool dump_rig_icmp(struct dump_rig *r, ik_ns at, const char *src, const char *dst,
                                 const char *hex)
{
    static uint8_t icmp[RIG_BYTES];
    size_t n = 0;
    for (; *hex; hex += 2) {
        while (*hex == ' ')
            hex++;
        unsigned v;
        assert_int_equal(sscanf(hex, "%2x", &v), 1);
        icmp[n++] = (uint8_t)v;
    }
    const struct ik_addr from = rig_addr(src), to = rig_addr(dst);
    ik_store_be16(icmp + 2, 0);
    uint64_t sum = 0;
    if (from.family == 6)
        sum = ik_cksum_add_pseudo(0, &from, &to, IK_PROTO_ICMP6, (uint32_t)n);
    ik_store_be16(icmp + 2, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){icmp, n})));
    rig_ip(&r->ip, src, dst, from.family == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6, 1, icmp, n);
    return dump_rig_take(r, at);
}

/* An ICMPv4 error about the packet that the rig holds, with the octets 4 to 7. */
static inline bool dump_rig_error(struct dump_rig *r, ik_ns at, const char *from, const char *to,
                                  uint8_t type, uint8_t code, uint32_t rest)
{
    uint8_t quote[128];
    char hex[2 * sizeof(quote) + 32];
    const size_t n = r->ip.n < sizeof(quote) ? r->ip.n : sizeof(quote);
    memcpy(quote, r->ip.bytes, n);
    int at_text = snprintf(hex, sizeof(hex), "%02x%02x0000%08x", type, code, rest);
    for (size_t i = 0; i < n; i++)
        at_text += snprintf(hex + at_text, sizeof(hex) - (size_t)at_text, "%02x", quote[i]);
    return dump_rig_icmp(r, at, from, to, hex);
}

/* The line of the packet, without its end. */
static inline const char *dump_rig_line(struct dump_rig *r)
{
    struct ik_put w;
    ik_put_init(&w, r->text, IK_DUMP_LINE);
    ik_dump_text_line(&w, &r->style, &r->stamp, &r->p);
    assert_true(ik_put_used(&w) > 0 && w.at[-1] == '\n');
    w.at[-1] = 0;
    return r->text;
}

/* Collects pieces of text. */
static inline void dump_rig_piece(void *ctx, const struct ik_put *text)
{
    struct dump_rig *r = ctx;
    const size_t n = ik_put_used(text);
    assert_true(r->used + n < sizeof(r->text));
    memcpy(r->text + r->used, text->start, n);
    r->used += n;
    r->text[r->used] = 0;
}
