/* SPDX-License-Identifier: MIT
 * What the files of the echo engine share.
 *
 *     echo_plan     whose turn it is        -> a planned slot
 *     echo_frame    the bytes of a probe
 *     echo_match    whose answer it is      <- a frame, or an error
 *     echo_account  what becomes of a probe: every counter is changed there and nowhere else
 *     echo_say      records
 *     echo          the contract of engines around them */
#pragma once

#include "icmpkit/probe.h"
#include "icmpkit/record.h"
#include "icmpkit/wire.h"
#include "probe/pace.h"
#include "net/rtt.h"
#include "net/sketch.h"
#include "probe/slots.h"

#define IK_ECHO_NO_TARGET UINT32_MAX

/* Where a target stands in the order of sending. Each list is in the order of `due`. */
enum ik_echo_list {
    IK_ECHO_FRESH, /* still to send its first probes */
    IK_ECHO_READY, /* may send at once: it was answered (flood, adaptive) */
    IK_ECHO_CYCLE, /* waits for its interval */
    IK_ECHO_LISTS,
    IK_ECHO_OFF = IK_ECHO_LISTS, /* nothing more to send */
};

struct ik_echo_target {
    struct ik_addr addr;
    const char *name;                       /* NULL: the text of the address */
    uint64_t seq;                           /* of the last probe planned, from 1 */
    uint64_t received, late, lost, unknown; /* with in_flight: all that left */
    struct ik_rtt_sums rtt;
    ik_ns due, first, last; /* next probe; first probe; last probe */
    uint32_t duplicates, corrupt, errors, send_errors, local_drops; /* stop at their maximum */
    uint32_t in_flight;
    uint32_t unacked; /* probes planned after the last one that was answered */
    uint32_t ewma8_us;
    uint32_t last_number; /* of the last probe sent */
    uint32_t prev, next;  /* in its list */
    int16_t run;          /* answers in a row, or losses when negative */
    uint8_t list;         /* enum ik_echo_list */
    bool finished; /* its end was reached before all was answered: nobody waits for the rest */
};

/* The promise is 200 bytes a target at a million targets; the rest of the engine does not grow with
 * them, but pages are touched as a whole, and the verb keeps a bit or two. */
_Static_assert(sizeof(struct ik_echo_target) <= 192, "the promise of 200 bytes a target");

struct ik_echo_queue {
    uint32_t head, tail;
};

/* A record with the texts that it points to. */
struct ik_echo_entry {
    struct ik_record rec;
    char name[IK_ADDR_TEXT], text[64];
};

/* One turn of the loop takes at most IK_BATCH events, and a batch of frames; an event makes at most
 * three records, a probe at most two. */
enum { IK_ECHO_RING = 512, IK_ECHO_RING_OUTPUT = 128 };

struct ik_echo_pending {
    uint32_t slot;
    uint8_t buffer;
};

/* Which summaries are being said, one a call of record(). */
enum ik_echo_saying { IK_ECHO_SAY_NOTHING, IK_ECHO_SAY_INTERIM, IK_ECHO_SAY_FINAL };

/* What the end does to probes that are still open. */
enum ik_echo_closing {
    IK_ECHO_CLOSE_NONE,
    IK_ECHO_CLOSE_LINGERED, /* lost where they waited for as long as linger allows */
    IK_ECHO_CLOSE_ALL,      /* lost */
};

struct ik_echo_engine {
    struct ik_engine engine;
    struct ik_echo_cfg cfg;
    struct ik_now now; /* of the last call */
    bool has_now;
    struct ik_echo_totals totals; /* kept up to date, but for `targets` and `until_reached` */

    struct ik_echo_target *targets;
    struct ik_sketch *sketches; /* NULL: none are kept */
    struct ik_slots slots;
    uint32_t n_targets, n_reached;
    uint32_t n_sending; /* targets that are in a list */
    uint32_t n_live;    /* open probes of targets that are not finished */

    struct ik_echo_queue lists[IK_ECHO_LISTS];
    struct ik_pace pace;
    uint32_t window; /* 0: by interval; else how many may be unanswered */
    ik_ns
        unanswered; /* the interval, or 10 ms in a flood: the wait for the next without an answer */
    ik_ns spread;   /* between the first probes of two targets */
    ik_ns next_first;   /* when the next new target begins, at the earliest */
    ik_ns coalesce;     /* how much later than due a probe may go, to go with others */
    ik_ns linger_check; /* when all is sent: when to look again who waited long enough */

    uint8_t *frames; /* IK_BATCH of them, preformatted */
    uint32_t frame_bytes, frame_stride;
    uint64_t rest_sum; /* checksum of what is the same in every probe */
    uint64_t free_buffers;
    struct ik_echo_pending pending[IK_BATCH];
    uint32_t n_pending;

    uint64_t pipe; /* most probes out at the arrival of an answer */

    ik_ns drops_at[2]; /* by port: when the last rise of the drop counter was told */

    struct ik_echo_entry *ring;
    uint32_t ring_head, ring_used;
    struct ik_echo_entry summary; /* the one being said */
    enum ik_echo_saying saying;
    uint32_t say_next;
    enum ik_echo_closing closing;
    uint32_t close_next;

    bool backlog[2]; /* by port: the last batch was full */
    bool tokened;    /* probes carry a token */
    bool complete;   /* no target will be added */
    bool over;       /* nothing more is sent or counted */
};

/* at + wait, IK_NEVER where that is beyond the end of time. */
static inline ik_ns ik_echo_later(ik_ns at, ik_ns wait)
{
    ik_ns sum;
    return __builtin_add_overflow(at, wait, &sum) ? IK_NEVER : sum;
}

static inline struct ik_echo_target *ik_echo_target_of(const struct ik_echo_engine *e,
                                                       uint32_t slot)
{
    return &e->targets[e->slots.slot[slot].target];
}

static inline uint8_t ik_echo_port(const struct ik_echo_target *t)
{
    return t->addr.family == 6;
}

/* What came in, decoded. */
struct ik_echo_seen {
    uint8_t family;
    struct ik_addr from; /* family 0: unknown */
    int ttl, tos;        /* -1: unknown */
    struct ik_rd options;
    struct ik_rd message; /* ICMP, from its type octet */
    struct ik_stamp at;
    struct ik_icmp icmp;
};

/* ---- echo_frame ---- */

/* Bytes of a probe on the wire, and of memory for each of them. */
uint32_t ik_echo_frame_bytes(const struct ik_echo_cfg *cfg);
uint32_t ik_echo_frame_stride(const struct ik_echo_cfg *cfg);
/* Writes into every buffer what does not change from probe to probe. */
void ik_echo_frame_init(struct ik_echo_engine *e);
/* Writes the rest for one probe, whose slot has target, number, seq and hash. */
void ik_echo_frame_put(struct ik_echo_engine *e, uint8_t buffer, uint32_t slot, struct ik_now now);
/* The payload that a probe carries, but for its token. */
struct ik_rd ik_echo_frame_payload(const struct ik_echo_engine *e);
/* The frame as the link takes it. */
struct ik_frame ik_echo_frame_of(const struct ik_echo_engine *e, const struct ik_echo_pending *p);
/* Milliseconds since midnight UT (RFC 792). */
uint32_t ik_echo_frame_ms(ik_ns real);

/* ---- echo_plan ---- */

void ik_echo_plan_init(struct ik_echo_engine *e);
/* Puts a new target into the order of sending. */
void ik_echo_plan_add(struct ik_echo_engine *e, uint32_t target, struct ik_now now);
/* Takes a target out of it for good. */
void ik_echo_plan_remove(struct ik_echo_engine *e, uint32_t target);
/* Plans the next probe that is due and appends it to `pending`. False when none is. */
bool ik_echo_plan_next(struct ik_echo_engine *e, struct ik_now now);
/* The probe of that sequence was answered: with a window, the next may go. */
void ik_echo_plan_answered(struct ik_echo_engine *e, uint32_t target, uint64_t seq,
                           struct ik_now now);
/* Drops planned probes that the link did not take: all, or those of finished targets. */
void ik_echo_plan_drop(struct ik_echo_engine *e, bool all);
/* When the next probe is due, IK_NEVER when none is to come or none has room. */
ik_ns ik_echo_plan_due(const struct ik_echo_engine *e);

/* ---- echo_match ---- */

/* The key under which the probe is found without its token. */
uint64_t ik_echo_match_hash(const struct ik_echo_engine *e, const struct ik_addr *addr,
                            uint64_t seq);
/* The address that this is done under: its own, or none where anybody may answer. */
struct ik_addr ik_echo_match_addr(const struct ik_echo_engine *e, const struct ik_addr *target);
/* Takes an event of kind FRAME or ERROR to its probe, or counts why it has none. */
void ik_echo_match_frame(struct ik_echo_engine *e, struct ik_now now, const struct ik_event *ev);
void ik_echo_match_error(struct ik_echo_engine *e, struct ik_now now, uint8_t port,
                         const struct ik_event *ev);

/* ---- echo_account ---- */

/* The planned probe was taken by the link. */
void ik_echo_account_sent(struct ik_echo_engine *e, uint32_t slot, struct ik_now now);
/* It never left, says the link. */
void ik_echo_account_failed(struct ik_echo_engine *e, uint32_t slot, struct ik_now now,
                            enum ik_err err, uint32_t mtu);
/* Its answer came; all but the checksum was found to be right. */
void ik_echo_account_answer(struct ik_echo_engine *e, uint32_t slot, struct ik_now now,
                            const struct ik_echo_seen *seen);

/* An ICMP error about a probe, whichever way it came. */
struct ik_echo_error {
    struct ik_addr from;
    uint8_t family, type, code;
    bool local, mtu_known, pointer_known;
    int ttl, match_bits;
    uint32_t mtu, pointer;
    struct ik_addr gateway;
    struct ik_rd quote, extensions;
    struct ik_stamp at;
};
void ik_echo_account_error(struct ik_echo_engine *e, uint32_t slot, struct ik_now now,
                           const struct ik_echo_error *err);
/* Closes the probes whose time is over, as many as there is room to tell of. */
void ik_echo_account_expire(struct ik_echo_engine *e, struct ik_now now);
/* When all is sent: the same for those that lingered long enough. */
void ik_echo_account_linger(struct ik_echo_engine *e, struct ik_now now);
/* Goes on with what the end does to open probes, as far as there is room to tell of them. */
void ik_echo_account_close_some(struct ik_echo_engine *e);
/* The instant of the next expiry, IK_NEVER without open probes. */
ik_ns ik_echo_account_due(const struct ik_echo_engine *e);
/* Ends the engine: nothing is sent or counted any more, the summaries are said. */
void ik_echo_account_end(struct ik_echo_engine *e, enum ik_echo_closing closing);

/* ---- echo_say ---- */

/* What is told of an answer. */
struct ik_echo_reply {
    const char *state;
    bool timed;
    ik_ns rtt, wait;
    enum ik_clock clock;
    bool other_source;
    int64_t mismatch_at, mismatch_got, mismatch_sent, cut_bytes; /* -1: none */
};
void ik_echo_say_reply(struct ik_echo_engine *e, uint32_t slot, const struct ik_echo_seen *seen,
                       const struct ik_echo_reply *reply);
/* err and mtu: of a send error, else 0. */
void ik_echo_say_lost(struct ik_echo_engine *e, uint32_t slot, const char *state, enum ik_err err,
                      uint32_t mtu);
void ik_echo_say_error(struct ik_echo_engine *e, uint32_t slot, const struct ik_echo_error *err,
                       bool timed, ik_ns rtt);
/* What the timer of a probe does ("started, lasts", "answered after", "expired after"; static), and
 * how long that is. Only with cfg.timers_of. */
void ik_echo_say_timer(struct ik_echo_engine *e, uint32_t slot, const char *what, ik_ns time);
/* what, text: static. target IK_ECHO_NO_TARGET: about none. count -1: none. */
void ik_echo_say_notice(struct ik_echo_engine *e, uint32_t target, const char *what,
                        const char *text, int64_t count);
/* The next record, or NULL. */
const struct ik_record *ik_echo_say_next(struct ik_echo_engine *e);
