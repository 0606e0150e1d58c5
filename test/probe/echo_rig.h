/* SPDX-License-Identifier: MIT
 * An echo engine on a table: virtual time, frames that are kept, answers made of them. */
#pragma once

#include "icmpkit/probe.h"
#include "icmpkit/record.h"
#include "icmpkit/wire.h"

#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define MS IK_NS_PER_MS
#define SEC IK_NS_PER_S

enum { RIG_FRAMES = 64, RIG_RECORDS = 512, RIG_BYTES = 2048 };

/* A frame that the engine sent. */
struct sent {
    uint8_t bytes[RIG_BYTES];
    size_t n;
    uint32_t key;
    uint8_t port;
    struct ik_addr to;
    ik_ns at;
};

struct rig {
    void *mem;
    struct ik_echo_engine *e;
    struct ik_engine *engine;
    struct ik_now now;
    struct sent sent[RIG_FRAMES];
    size_t n_sent; /* of the last rig_send */
    struct ik_record records[RIG_RECORDS];
    size_t n_records; /* since rig_forget */
};

static inline struct ik_echo_cfg rig_cfg(void)
{
    return (struct ik_echo_cfg){
        .max_targets = 4,
        .max_in_flight = 64,
        .payload_bytes = 56,
        .ident = {0x1234, 0x5678},
        .key = {1, 2, 3, 4},
        .tag = 0xfeedbeef,
        .interval = SEC,
        .timeout = 10 * SEC,
        .linger = -1,
        .say_replies = true,
        .say_lost = true,
        .raw = true,
    };
}

static inline void rig_open(struct rig *r, const struct ik_echo_cfg *cfg)
{
    memset(r, 0, sizeof(*r));
    const size_t bytes = ik_echo_bytes(cfg);
    r->mem = aligned_alloc(64, bytes);
    assert_non_null(r->mem);
    memset(r->mem, 0, bytes);
    assert_int_equal(ik_echo_init(&r->e, r->mem, cfg), IK_OK);
    r->engine = ik_echo_engine(r->e);
    r->now = (struct ik_now){1000 * SEC, 1700000000 * SEC};
}

static inline void rig_close(struct rig *r)
{
    free(r->mem);
}

static inline struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static inline uint32_t rig_add(struct rig *r, const char *text)
{
    const struct ik_addr a = addr(text);
    uint32_t index = UINT32_MAX;
    assert_int_equal(ik_echo_add(r->e, r->now, text, &a, &index), IK_OK);
    return index;
}

static inline void rig_step(struct rig *r, ik_ns by)
{
    r->now.mono += by;
    r->now.real += by;
}

static inline void rig_drain(struct rig *r)
{
    const struct ik_record *rec;
    while ((rec = r->engine->ops->record(r->engine))) {
        assert_true(r->n_records < RIG_RECORDS);
        r->records[r->n_records++] = *rec;
    }
}

static inline void rig_forget(struct rig *r)
{
    r->n_records = 0;
}

/* One output, of which the link takes `take` frames. */
static inline size_t rig_send_some(struct rig *r, size_t take)
{
    static struct ik_frame frames[RIG_FRAMES];
    const size_t n = r->engine->ops->output(r->engine, r->now, frames, RIG_FRAMES);
    take = take < n ? take : n;
    for (size_t i = 0; i < take; i++) {
        struct sent *s = &r->sent[i];
        assert_true(frames[i].bytes.left <= RIG_BYTES);
        memcpy(s->bytes, frames[i].bytes.p, frames[i].bytes.left);
        s->n = frames[i].bytes.left;
        s->key = frames[i].key;
        s->port = frames[i].port;
        s->to = frames[i].meta.dst;
        s->at = r->now.mono;
        assert_int_equal(frames[i].medium, s->port ? IK_MEDIUM_ICMP6 : IK_MEDIUM_ICMP4);
    }
    r->engine->ops->accepted(r->engine, r->now, take);
    r->n_sent = take;
    rig_drain(r);
    return take;
}

static inline size_t rig_send(struct rig *r)
{
    return rig_send_some(r, RIG_FRAMES);
}

static inline void rig_input(struct rig *r, uint8_t port, const struct ik_event *ev)
{
    r->engine->ops->input(r->engine, r->now, port, ev, 1);
    rig_drain(r);
}

static inline void rig_stamp(struct rig *r, const struct sent *s, ik_ns at, enum ik_clock clock)
{
    const struct ik_event ev = {.kind = IK_EV_SENT, .key = s->key, .at = {at, clock}};
    rig_input(r, s->port, &ev);
}

static inline void rig_fail(struct rig *r, const struct sent *s, enum ik_err err, uint32_t mtu)
{
    const struct ik_event ev = {
        .kind = IK_EV_FAILED, .key = s->key, .failed = {.err = err, .mtu = mtu}};
    rig_input(r, s->port, &ev);
}

static inline void rig_drops(struct rig *r, uint8_t port, uint32_t n)
{
    const struct ik_event ev = {.kind = IK_EV_DROPS, .drops = n};
    rig_input(r, port, &ev);
}

/* Puts the checksum of an ICMPv4 message right. */
static inline void fix4(uint8_t *message, size_t n)
{
    ik_store_be16(message + 2, 0);
    ik_store_be16(message + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){message, n})));
}

/* Writes an IPv4 packet around a message; header_words 5 .. 15, the options are no-operations. */
static inline size_t packet4(uint8_t *out, const char *from, const char *to, unsigned header_words,
                             const uint8_t *message, size_t n)
{
    const size_t header = header_words * 4;
    memset(out, 1, header);
    out[0] = (uint8_t)(0x40 | header_words);
    out[1] = 0;
    ik_store_be16(out + 2, (uint16_t)(header + n));
    ik_store_be32(out + 4, 0x00010000);
    out[8] = 61;
    out[9] = 1;
    memcpy(out + 12, addr(from).bytes, 4);
    memcpy(out + 16, addr(to).bytes, 4);
    ik_store_be16(out + 10, 0);
    ik_store_be16(out + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){out, header})));
    memcpy(out + header, message, n);
    return header + n;
}

/* A whole packet arrives on a raw IPv4 socket. */
static inline void rig_packet4(struct rig *r, const char *from, const uint8_t *message, size_t n,
                               struct ik_stamp at)
{
    uint8_t packet[RIG_BYTES + 60];
    const size_t total = packet4(packet, from, "192.0.2.200", 5, message, n);
    const struct ik_event ev = {
        .kind = IK_EV_FRAME,
        .at = at,
        .frame = {.medium = IK_MEDIUM_IP, .bytes = {packet, total}},
    };
    rig_input(r, 0, &ev);
}

/* A message arrives without its header. */
static inline void rig_message(struct rig *r, uint8_t port, const char *from,
                               const uint8_t *message, size_t n, struct ik_stamp at)
{
    const struct ik_event ev = {
        .kind = IK_EV_FRAME,
        .at = at,
        .frame = {.medium = port ? IK_MEDIUM_ICMP6 : IK_MEDIUM_ICMP4,
                  .bytes = {message, n},
                  .meta = {.known = IK_KNOW_SRC | IK_KNOW_TTL, .src = addr(from), .ttl = 64}},
    };
    rig_input(r, port, &ev);
}

/* The answer to a probe: what a host makes of it. */
static inline struct sent answer_to(const struct sent *s)
{
    struct sent a = *s;
    a.bytes[0] = a.port ? 129 : a.bytes[0] == 13 ? 14 : 0;
    if (!a.port)
        fix4(a.bytes, a.n);
    return a;
}

/* It answers now, from the address probed; stamps of the user. */
static inline void rig_answer_from(struct rig *r, const struct sent *s, const char *from)
{
    const struct sent a = answer_to(s);
    rig_message(r, a.port, from, a.bytes, a.n, (struct ik_stamp){r->now.mono, IK_CLOCK_NONE});
}

static inline void rig_answer(struct rig *r, const struct sent *s)
{
    char text[IK_ADDR_TEXT];
    rig_answer_from(r, s, ik_addr_text(&s->to, text));
}

/* An ICMPv4 error that quotes `quoted` bytes of the probe behind a header of `words` words, with
 * destination `to`, arrives on a raw socket from `from`. */
static inline void rig_error4(struct rig *r, const struct sent *s, uint8_t type, uint8_t code,
                              const char *from, const char *to, unsigned words, size_t quoted)
{
    uint8_t message[8 + 60 + RIG_BYTES] = {type, code};
    const size_t n = 8 + packet4(message + 8, "192.0.2.200", to, words, s->bytes, quoted);
    fix4(message, n);
    rig_packet4(r, from, message, n, (struct ik_stamp){r->now.mono, IK_CLOCK_NONE});
}

static inline struct ik_echo_totals rig_totals(const struct rig *r)
{
    struct ik_echo_totals t;
    ik_echo_totals(r->e, &t);
    assert_int_equal(t.sent, t.received + t.late + t.lost + t.unknown + t.in_flight);
    return t;
}

/* The last record of that kind, which must be there. */
static inline const struct ik_record *rig_last(const struct rig *r, enum ik_record_kind kind)
{
    for (size_t i = r->n_records; i > 0; i--)
        if (r->records[i - 1].kind == kind)
            return &r->records[i - 1];
    fail_msg("no such record");
    return NULL;
}

static inline size_t rig_count(const struct rig *r, enum ik_record_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_records; i++)
        n += r->records[i].kind == kind;
    return n;
}

/* Goes to the next deadline and sends what is due there. False when there is none. */
static inline bool rig_advance(struct rig *r)
{
    const ik_ns at = r->engine->ops->deadline(r->engine);
    if (at == IK_NEVER)
        return false;
    if (at > r->now.mono)
        rig_step(r, at - r->now.mono);
    rig_send(r);
    return true;
}
