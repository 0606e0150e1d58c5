/* SPDX-License-Identifier: MIT
 * The asking engines: echo sessions (ping) and traces. State machines over (now, events); memory is
 * the caller's. */
#pragma once

#include <icmpkit/base.h>

/* ---- echo ------------------------------------------------------------------------------------ */

/* What is sent. */
enum ik_echo_kind { IK_ECHO_ECHO, IK_ECHO_TIMESTAMP, IK_ECHO_NODE_INFO };

/* Everything but targets and links; copied by ik_echo_init, except what it points to. */
struct ik_echo_cfg {
    uint32_t max_targets;   /* room */
    uint32_t max_in_flight; /* probes whose fate is open, over all targets, 1 .. 2^22; at most what
                               the links' receive buffers hold (ik_link_ops.in_flight_max) */
    enum ik_echo_kind kind;
    uint32_t payload_bytes; /* -s; 16 or more carry the 64-bit token, below it identifier, sequence
                               and address alone tell whose answer it is. Only kind ECHO has one */
    const uint8_t *pattern; /* -p, borrowed, repeated; NULL: iputils' 00 01 02 ... In both cases the
                               token stands over bytes 0-15 */
    uint32_t pattern_bytes;
    uint16_t ident[2]; /* by port: 0 is IPv4, 1 is IPv6; as the link sends it */
    uint8_t key[16];   /* of tokens and hashes, random */
    uint32_t tag;      /* run tag: bytes 0-3 of the token */
    ik_ns interval;    /* between probes of one target; 0: as `flood` */
    ik_ns min_gap;     /* between any two probes; 0 none */
    uint64_t count;    /* probes a target, 0: no end; one that could not be sent counts */
    ik_ns timeout;     /* after which a probe is lost (-W); an answer later is `late` */
    ik_ns linger;      /* when all is sent: how long after its own sending an unanswered probe is
                          waited for, never longer than timeout; -1: as iputils, where the target
                          answered before, twice its longest round trip, at least the interval
                          (10 ms in a flood); where it did not, timeout */
    uint32_t preload;  /* -l: this many at once; 0 as 1 */
    bool flood;        /* -f: next as soon as answered, and at least 100/s whatever is answered;
                          `interval` does not count. Unanswered are at most `preload` and one more
                          for each answer so far, up to `flood_window` (0: preload) */
    uint32_t flood_window;
    bool adaptive;    /* -A: next as soon as answered, `preload` unanswered, else after interval */
    bool broadcast;   /* -b: IPv4 targets may be broadcast addresses, answered by anybody */
    bool say_waiting; /* -O: a `lost` record with state "waiting" before the next probe */
    bool say_replies; /* reply records; summaries come always */
    bool say_lost; /* lost records of state lost and unknown; those of what could not be sent, and
                      icmp_error records, come always */
    bool percentiles; /* a sketch a target (max_targets <= IK_ECHO_SKETCH_TARGETS) */
    bool raw;         /* links are raw: identifiers are judged here */
    bool answers_end; /* -w: a target ends after `count` answers (0: none) or its first ICMP error,
                         not after count probes */
    uint32_t until_up, until_down; /* --until: a target ends after this many answers, or losses, in
                                      a row, at most IK_ECHO_UNTIL_MAX; 0 off */
    uint16_t node_query;           /* NODE_INFO: qtype */
    uint16_t node_flags;
    struct ik_rd node_subject; /* at most IK_ECHO_SUBJECT_MAX bytes */
    uint8_t node_code;
    const char *timers_of; /* event records, of the node of that name, tell of the timer of each
                              probe: started, answered, expired; NULL: none */
};

enum { IK_ECHO_SKETCH_TARGETS = 4096, IK_ECHO_SUBJECT_MAX = 1024, IK_ECHO_UNTIL_MAX = 32767 };

/* The engine's `stop` sends nothing more and says the summaries at once. A probe that has waited as
 * long as `linger` allows is lost then, a younger one counts as in_flight. A redirect or source
 * quench is told (icmp_error) but does not end the probe: its answer still comes. */
struct ik_echo_engine;

/* Bytes of memory that an engine of that configuration needs (aligned to 64). */
size_t ik_echo_bytes(const struct ik_echo_cfg *cfg);
/* Starts in mem (ik_echo_bytes(cfg) bytes, aligned to 64, zeroed; the caller frees it after use).
 * IK_E_VALUE for a configuration that contradicts itself. */
IK_MUST_USE enum ik_err ik_echo_init(struct ik_echo_engine **out, void *mem,
                                     const struct ik_echo_cfg *cfg);
struct ik_engine *ik_echo_engine(struct ik_echo_engine *e);
/* The identifier of a link that was opened later than the engine was started. Before the first
 * target of that family. */
void ik_echo_set_ident(struct ik_echo_engine *e, uint8_t port, uint16_t ident);
/* Adds a target; its first probe goes when its turn comes. `name` is borrowed for the engine's life
 * and is what records call the target; NULL stands for the text of its address, which the engine
 * writes anew into each record (so that a million targets of a prefix store no names). *index is
 * its number from 0. IK_E_FULL; IK_E_UNSUPPORTED for a family that the kind of probe does not exist
 * in (timestamps are IPv4, node information IPv6). */
IK_MUST_USE enum ik_err ik_echo_add(struct ik_echo_engine *e, struct ik_now now, const char *name,
                                    const struct ik_addr *addr, uint32_t *index);
/* No target will be added any more: the engine may end. */
void ik_echo_complete(struct ik_echo_engine *e);
/* The time is over (-w): every probe in flight is lost now, and the engine stops. */
void ik_echo_expire(struct ik_echo_engine *e, struct ik_now now);
/* Says a ping_summary with final=false for every target (SIGQUIT). */
void ik_echo_say_summary(struct ik_echo_engine *e, struct ik_now now);

struct ik_echo_totals {
    uint64_t targets, alive; /* alive: at least one answer in time or late */
    uint64_t sent, received, late, lost, unknown, in_flight, duplicates, corrupt, errors,
        send_errors, local_drops;
    uint64_t strangers;      /* answers to our identifier without our token, or to no probe */
    uint64_t untimed;        /* answers whose stamps cannot be true: counted, without round trip */
    uint64_t malformed;      /* messages that are none, or errors that fail their checksum */
    uint64_t receive_drops;  /* messages that this host dropped before we could read them */
    uint64_t records_missed; /* records that nobody fetched in time; 0 under any loop */
    bool until_reached;      /* by every target */
};
/* Constant time whatever the number of targets: it is asked once a turn. */
void ik_echo_totals(const struct ik_echo_engine *e, struct ik_echo_totals *out);

/* ---- trace ----------------------------------------------------------------------------------- */

/* Probes of many hops are in flight together; one hop record a probe comes strictly in order of TTL
 * and probe, each as soon as its fate is known, and a trace_summary ends each target. All probes of
 * a target are one flow (unless `classic`): routers that balance by flow send them one way. */

enum ik_trace_method { IK_TRACE_UDP, IK_TRACE_ICMP, IK_TRACE_TCP };

struct ik_trace_cfg {
    uint32_t max_targets;
    enum ik_trace_method method;
    bool classic; /* UDP: the destination port counts up from dport; ICMP: the sequence
                     counts up and the checksum varies; one flow a probe. Not for TCP */
    uint8_t first_ttl, max_ttl;
    uint32_t queries;       /* probes a hop (-q), 1 .. IK_TRACE_QUERIES_MAX */
    uint32_t in_flight;     /* probes of one target in flight together (-N), at least 1 */
    uint32_t max_in_flight; /* the same over all targets, at most what the links' receive buffers
                               hold; 0: in_flight * max_targets */
    ik_ns timeout;          /* -w: after which a probe is lost */
    uint32_t here_percent; /* -w ,here: no longer than this part of the round trip of an answer from
                              the same hop; 0 off */
    uint32_t near_percent; /* -w ,,near: the same for an answer from a later hop; 0 off. Both wait
                              at least IK_TRACE_PATIENCE */
    ik_ns gap;             /* least time between two probes of one target (-z) */
    uint32_t max_silent;   /* stop after this many silent hops in a row; 0 never */
    uint16_t dport, sport; /* dport: UDP, TCP; ICMP classic: the first sequence. sport 0: ident */
    uint16_t ident[2];     /* by port: 0 is IPv4, 1 is IPv6; as the link sends it */
    uint32_t packet_bytes; /* whole IP packet; 0: IP header and 40; raised to what a token needs */
    int tclass;            /* -1 default */
    uint32_t flow_label;   /* IPv6, 20 bits */
    bool dont_fragment;
    bool lenient_ext;      /* RFC 4884 section 5.5 */
    uint8_t key[16];       /* of tokens, random */
    const char *timers_of; /* as of ik_echo_cfg */
};

enum {
    IK_TRACE_QUERIES_MAX = 100,
    IK_TRACE_PACKET_MAX = 65000,
    IK_TRACE_PATIENCE = 50 * 1000 * 1000 /* ns: routers answer from their slow path */
};

struct ik_trace;

/* Bytes of a whole probe of that configuration to that family. */
uint32_t ik_trace_packet_bytes(const struct ik_trace_cfg *cfg, uint8_t family);
/* Bytes of memory that an engine of that configuration needs (aligned to 64); 0 when it contradicts
 * itself. */
size_t ik_trace_bytes(const struct ik_trace_cfg *cfg);
/* Starts in mem (ik_trace_bytes(cfg) bytes, aligned to 64, zeroed; the caller frees it after use).
 * IK_E_VALUE for a configuration that contradicts itself. */
IK_MUST_USE enum ik_err ik_trace_init(struct ik_trace **out, void *mem,
                                      const struct ik_trace_cfg *cfg);
struct ik_engine *ik_trace_engine(struct ik_trace *t);
/* Adds a target; its probes go on port 0 (IPv4) or 1 (IPv6). `name` is borrowed for the engine's
 * life. `source` is needed where the link takes whole packets (checksums): ik_route_get. `medium`
 * is what the link of that family takes: IK_MEDIUM_IP, IK_MEDIUM_UDP (unprivileged; UDP only), or
 * IK_MEDIUM_ICMP4/6 (datagram ICMP; ICMP only). IK_E_FULL; IK_E_VALUE when method, family and
 * medium do not go together. */
IK_MUST_USE enum ik_err ik_trace_add(struct ik_trace *t, struct ik_now now, const char *name,
                                     const struct ik_addr *addr, const struct ik_addr *source,
                                     enum ik_medium medium);
/* No target will be added any more: the engine may end. */
void ik_trace_complete(struct ik_trace *t);

struct ik_trace_totals {
    uint64_t targets, reached; /* reached: the target itself answered */
    uint64_t sent, received, lost, unknown, send_errors;
    uint64_t late, duplicates; /* answers to probes whose fate was known */
    uint64_t strangers;        /* answers without our token */
    uint64_t corrupt;          /* ICMP messages whose checksum is wrong */
    uint64_t ambiguous;        /* errors that quoted nothing while several probes were in flight */
};
void ik_trace_totals(const struct ik_trace *t, struct ik_trace_totals *out);

/* How far one target is. */
struct ik_trace_progress {
    const char *name;        /* as it was added; borrowed */
    uint32_t hops;           /* whose records were all said */
    uint64_t sent, received; /* probes that left, and those that were answered */
    bool ended;              /* its summary was said */
};
/* Of target number `index`, from 0 in the order of ik_trace_add. False when there is none: *out is
 * untouched. */
IK_MUST_USE bool ik_trace_progress(const struct ik_trace *t, uint32_t index,
                                   struct ik_trace_progress *out);
