/* SPDX-License-Identifier: MIT
 * What the files of the trace engine share: probes, targets and the engine itself.
 *
 * A probe:  UNSENT -> OUT -> HELD -> ANSWERED          (HELD waits for the stamp of its departure)
 *                     OUT -> LOST | UNKNOWN | FAILED
 *                     OUT -> AGAIN -> OUT              (an error quoted nothing: ask again, alone)
 *                     OUT -> CANCELLED                 (beyond the end of the path: never said)
 * Records are said strictly by index; a probe can be said from ANSWERED on. */
#pragma once

#include "base/wr.h"
#include "icmpkit/probe.h"
#include "icmpkit/record.h"

enum trace_state {
    TRACE_UNSENT,
    TRACE_OUT,
    TRACE_AGAIN,
    TRACE_HELD,
    TRACE_ANSWERED, /* from here on the fate is known */
    TRACE_LOST,
    TRACE_UNKNOWN,
    TRACE_FAILED,
    TRACE_AMBIGUOUS,
    TRACE_CANCELLED
};

/* id, spelling in trace_summary: how a trace ends. */
#define TRACE_STOPS(X)                      \
    X(NONE, NULL)                           \
    X(PORT_UNREACHABLE, "port-unreachable") \
    X(ECHO_REPLY, "echo-reply")             \
    X(UDP_REPLY, "udp-reply")               \
    X(TCP_RESET, "tcp-reset")               \
    X(TCP_SYN_ACK, "tcp-syn-ack")           \
    X(UNREACHABLE, "unreachable")           \
    X(MAX_TTL, "max-ttl")                   \
    X(GAP, "gap")                           \
    X(LOOP, "loop")                         \
    X(INTERRUPTED, "interrupted")

enum trace_stop {
#define X(id, name) TRACE_STOP_##id,
    TRACE_STOPS(X)
#undef X
        TRACE_STOP_COUNT
};

enum { TRACE_EXT_MAX = 256, TRACE_SHIFTS = 4, TRACE_BUFFER_BYTES = 1 << 18 };
enum { TRACE_LONE_PAUSE = 10 * 1000 * 1000 }; /* ns, after an answer that quotes nothing */

/* What an answer says of the probe that it belongs to. Numbers are -1 where unknown. */
struct trace_answer {
    struct ik_addr from;
    struct ik_stamp at;
    ik_ns user;           /* when the loop saw it */
    enum trace_stop ends; /* NONE: a router on the way */
    int16_t type, code;   /* of ICMP; -1 for TCP and UDP answers */
    int16_t reply_ttl, quoted_ttl, quoted_tos;
    int64_t mtu;
    uint8_t match_bits;
    bool nat, lenient;
    bool lone;        /* it quotes nothing: only this probe was out */
    struct ik_rd ext; /* borrowed until copied into the probe */
};

struct trace_probe {
    enum trace_state state;
    uint8_t attempts;
    bool dropped;      /* the socket lost messages while it was out */
    uint32_t counter;  /* of the frame: what stamps and marks lead back to it */
    uint16_t mark;     /* 16 bits, keyed, unique among probes that are out */
    uint16_t checksum; /* UDP: as sent, in the flow's own addresses */
    uint16_t dport;
    uint64_t token;  /* its first 16 bits are the mark */
    ik_ns sent_user; /* when the link took it */
    struct ik_stamp sent;
    enum ik_err err; /* FAILED */
    uint32_t err_mtu;
    struct trace_answer answer;
};

struct trace_target {
    const char *name;
    struct ik_addr addr, source;
    enum ik_medium medium;
    uint8_t port;
    uint16_t sport; /* source port or identifier */
    uint32_t packet_bytes;
    uint32_t next;       /* first probe never sent */
    uint32_t said;       /* first probe not said */
    uint32_t limit;      /* probes that matter: shrinks when the end of the path is known */
    uint32_t out, again; /* probes in those states */
    uint32_t ambiguous;  /* errors without a quote since the last round of AGAIN */
    ik_ns vague_at;      /* when the last of them came */
    uint32_t planned;    /* within one output */
    ik_ns send_at, wake;
    uint8_t deepest;  /* greatest TTL that a router or the target answered at */
    uint8_t barrier;  /* least TTL that an unreachable came for, 0 none */
    uint8_t last_ttl; /* the last TTL with an answer that was said */
    uint32_t silent;  /* silent hops in a row, said */
    enum trace_stop stop;
    bool interrupted, summary_said;
    uint8_t shifts;
    uint16_t shift[TRACE_SHIFTS]; /* constants that NATs added to quoted UDP checksums */
    uint64_t sent, received;
    struct trace_probe *probes;
};

/* What the timer of a probe did, and when; told in that order, the oldest lost when nobody asks. */
struct trace_timer {
    ik_ns real, time;
    uint32_t slot;
    const char *what;
};
enum { TRACE_TIMERS = 256 };

struct trace_offer {
    uint32_t slot, counter;
    uint16_t mark, checksum;
    uint64_t token;
};

struct ik_trace {
    struct ik_engine engine;
    struct ik_trace_cfg cfg;
    uint32_t per_target; /* probes */
    uint32_t n_targets, unfinished, turn, say_turn;
    uint32_t out;     /* probes that are out, over all targets */
    uint32_t counter; /* of frames */
    uint32_t ring_mask;
    bool complete;
    bool stamped[2];   /* by port: departures are stamped */
    bool unstamped[2]; /* by port: one was waited for in vain */
    ik_ns real;        /* time of records */
    uint8_t feistel[4][256];
    struct ik_trace_totals totals;
    struct trace_target *targets;
    struct trace_probe *probes;
    uint8_t *exts;   /* TRACE_EXT_MAX a probe, apart: most are never touched */
    uint32_t *ring;  /* counter & ring_mask -> slot + 1; the newest wins */
    uint8_t *buffer; /* frames of one output */
    uint32_t buffer_each, buffer_n;
    uint32_t n_offers;
    struct trace_offer offers[IK_BATCH];
    uint32_t first_timer, n_timers;
    struct trace_timer timers[TRACE_TIMERS];
    struct ik_record rec;
    char mark[16], icmp[64], timer[64];
};

static inline struct trace_target *ik_trace_target_of(struct ik_trace *t, uint32_t slot)
{
    return &t->targets[slot / t->per_target];
}

/* TTL of the probe with that index. */
static inline uint8_t ik_trace_ttl(const struct ik_trace *t, uint32_t index)
{
    return (uint8_t)(t->cfg.first_ttl + index / t->cfg.queries);
}

/* One past the last probe of the hop with that TTL. */
static inline uint32_t ik_trace_hop_end(const struct ik_trace *t, uint8_t ttl)
{
    return ((uint32_t)ttl - t->cfg.first_ttl + 1) * t->cfg.queries;
}
