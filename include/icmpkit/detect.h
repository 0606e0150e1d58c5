/* SPDX-License-Identifier: MIT
 * Detectors: packets that were looked at in, findings out. State is bounded and fixed at start,
 * hashes are keyed, time is that of the packets; what was evicted is not observed, never guessed.
 * The same code sees a live interface, a capture and a lab. It finds; it never acts. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/look.h>
#include <icmpkit/net.h>
#include <icmpkit/record.h>

/* ---- detectors and their limits -------------------------------------------------------------- */

enum ik_detector {
    IK_DETECTOR_NONE,
#define X(number, id, name, attack, text) IK_DETECT_##id = (number),
#include <icmpkit/detectors.def>
#undef X
    IK_DETECTORS /* one more than the last */
};
/* Name in outputs ("flood-dst"), ATT&CK technique ("" for none), what it finds; static. */
const char *ik_detector_name(enum ik_detector d);
const char *ik_detector_attack(enum ik_detector d);
const char *ik_detector_text(enum ik_detector d);

/* id, spelling in outputs and configuration. */
#define IK_SEVERITIES(X) \
    X(INFO, "info")      \
    X(LOW, "low")        \
    X(MEDIUM, "medium")  \
    X(HIGH, "high")      \
    X(CRITICAL, "critical")
enum ik_severity {
#define X(id, name) IK_SEVERITY_##id,
    IK_SEVERITIES(X)
#undef X
};
const char *ik_severity_name(enum ik_severity s);

enum ik_limit_unit {
    IK_LIMIT_COUNT,
    IK_LIMIT_PPS,
    IK_LIMIT_NS,
    IK_LIMIT_BYTES,
    IK_LIMIT_PERCENT,
};
/* One threshold that can be set; `key` is its name in configuration, `source` where the default
 * comes from. */
struct ik_limit_row {
    const char *key;
    enum ik_limit_unit unit;
    int64_t value, min, max;
    const char *source;
};
enum ik_limit {
#define X(id, key, unit, value, min, max, source) IK_LIM_##id,
#include <icmpkit/detect_limits.def>
#undef X
    IK_LIMITS
};
const struct ik_limit_row *ik_limit_row(enum ik_limit l);

/* A source (a prefix of sources) that certain detectors do not mind: a monitor, say. Bit n of
 * `detectors` is detector n. */
struct ik_detect_allow {
    struct ik_prefix source;
    uint32_t detectors;
};

struct ik_detect_cfg {
    uint8_t secret[16];
    const struct ik_prefix *home; /* what is ours; none: directions are not known */
    size_t n_home;
    const struct ik_detect_allow *allow;
    size_t n_allow;
    const struct ik_addr *routers; /* gateways that are known from the start */
    size_t n_routers;
    uint32_t off;              /* bit n: detector n is off */
    int64_t limits[IK_LIMITS]; /* ik_detect_defaults fills them */
};
/* Zeros, and the default limits. Spans of the cfg are borrowed as long as the detectors live. */
struct ik_detect_cfg ik_detect_defaults(void);

/* ---- findings -------------------------------------------------------------------------------- */

/* What would stop it, as data: what enforcement may do, and no more. */
enum ik_remedy {
    IK_REMEDY_NONE,          /* advice only */
    IK_REMEDY_LIMIT_SOURCE,  /* limit ICMP of `src`, which may be forged: a limit, no ban */
    IK_REMEDY_LIMIT_DST,     /* limit each source of this type towards `dst` */
    IK_REMEDY_LIMIT_UNKNOWN, /* limit errors that quote flows that we do not know */
    IK_REMEDY_BLOCK_PAIR,    /* drop echo between src and dst */
    IK_REMEDY_DROP_TYPE,     /* drop this type and code from src */
    IK_REMEDY_DROP_FRAGMENT, /* drop fragments that reach past 65,535 bytes, or overlap */
    IK_REMEDY_DROP_BROADCAST,
    IK_REMEDY_DROP_MTU,       /* drop reports of a path MTU below the least that can be */
    IK_REMEDY_DROP_HOP_LIMIT, /* drop neighbour discovery whose hop limit is not 255 */
};

/* Its name in outputs ("limit-source"); "" for IK_REMEDY_NONE; static. */
const char *ik_remedy_name(enum ik_remedy r);

/* The first frames of a finding; one that made it more severe takes the last place. */
enum { IK_EVIDENCE_MAX = 3 };

enum ik_finding_state { IK_FINDING_NEW, IK_FINDING_UPDATED, IK_FINDING_ENDED };
const char *ik_finding_state_name(enum ik_finding_state s);

/* What one detector says of a cause. */
struct ik_voice {
    enum ik_detector detector;
    enum ik_severity severity;
    struct ik_addr src, dst;    /* family 0: many or any */
    uint8_t family, type, code; /* of the message that it is about; family 0: of several */
    ik_ns window;               /* what `value` was measured over */
    double value, threshold;
    enum ik_limit limit; /* whose threshold; IK_LIMITS: exact, by the format itself */
    const char *why;     /* what was seen, a sentence, static (msgid) */
    const char *source;  /* where the threshold comes from, static */
    enum ik_remedy remedy;
};

/* Detectors that one cause can have beside the one that names it. */
enum { IK_ALSO_MAX = 6 };

/* One cause. It is told when it is new, when its severity changes, another detector joins or much
 * was added, and when it ended; `id` stays. While packets of it are stopped unseen it is told now
 * and then. Several detectors may see one cause: the most certain of them names it and says what
 * was measured, the others stand in `also`. `severity` is the highest of all. */
struct ik_finding {
    uint64_t id; /* from 1 */
    enum ik_finding_state state;
    enum ik_detector detector;
    enum ik_severity severity;
    struct ik_addr src, dst;    /* family 0: many or any */
    struct ik_addr other;       /* the only other end so far, where src or dst is none */
    uint32_t sources;           /* distinct ones, about; 1 where src says who */
    uint8_t family, type, code; /* of the message that it is about; family 0: of several */
    ik_ns first, last, window;  /* seen first and last; what `value` was measured over */
    uint64_t packets;           /* that counted towards it, with the detector that counted most */
    uint64_t stopped;           /* of ik_detect_stopped: none of these was looked at */
    ik_ns stopped_last;         /* when there were such last; 0: never */
    double value, threshold;
    enum ik_limit limit; /* whose threshold; IK_LIMITS: exact, by the format itself */
    const char *why;     /* what was seen, a sentence, static (msgid) */
    const char *source;  /* where the threshold comes from, static */
    const char *tool;    /* what it looks like ("ptunnel"), static; NULL: unknown */
    enum ik_remedy remedy;
    uint8_t n_evidence, n_also;
    struct ik_evidence evidence[IK_EVIDENCE_MAX];
    struct ik_voice also[IK_ALSO_MAX]; /* the most certain first */
};

/* The finding as detector number i of it has it, with that one's own hosts, severity, measure and
 * remedy, and nobody beside it: 0 is the one that names it. False past the last. */
bool ik_finding_voice(const struct ik_finding *f, size_t i, struct ik_finding *out);
/* Who did it, and to whom, as far as any of its detectors knows; family 0: many or any. */
struct ik_addr ik_finding_src(const struct ik_finding *f);
struct ik_addr ik_finding_dst(const struct ik_finding *f);

/* ---- the set --------------------------------------------------------------------------------- */

struct ik_detect;
/* Bytes of memory for all detectors: fixed, below 16 MiB. */
size_t ik_detect_bytes(const struct ik_detect_cfg *cfg);
/* In `mem` (aligned as malloc does, ik_detect_bytes of them). It needs no end. */
struct ik_detect *ik_detect_init(void *mem, const struct ik_detect_cfg *cfg);
/* Other limits and lists from now on; what was learnt stays. The sizes of tables do not change. */
void ik_detect_reload(struct ik_detect *d, const struct ik_detect_cfg *cfg);
/* Looks at a packet: also one without ICMP (which flows exist) and parts of datagrams, so
 * `p->has_icmp` need not be true. `looked`: what ik_look_input returned. */
void ik_detect_input(struct ik_detect *d, const struct ik_look_packet *p, bool looked);
enum { IK_DETECT_AHEAD = 16 };
/* Begins to fetch what judging those n packets will need, so that memory is waited for once and not
 * by each: never needed, and never a difference but in speed. `p` and `looked` as they will be
 * given to ik_detect_input, which is then called for each of them in this order; until then the
 * packets, and their bytes, stay as they are. Of more than IK_DETECT_AHEAD the first ones count. */
void ik_detect_ahead(struct ik_detect *d, const struct ik_look_packet *p, const bool *looked,
                     size_t n);
/* Lets time pass though no packet comes: windows end. Times of packets rule; `now` is on their
 * scale. */
void ik_detect_tick(struct ik_detect *d, ik_ns now);
/* When tick should be called next, on that scale; IK_NEVER: nothing to wait for. */
ik_ns ik_detect_deadline(const struct ik_detect *d);
/* The next finding that has something to say, borrowed until the next call; NULL: none. To be
 * drained after each input and tick. */
const struct ik_finding *ik_detect_take(struct ik_detect *d);
/* So many packets more were stopped for the sake of a finding before anybody could look at them: it
 * goes on, as severe as it was, and they are told apart from those that were seen. False: it is
 * over, or never was. */
bool ik_detect_stopped(struct ik_detect *d, uint64_t id, uint64_t packets);
/* True when the latest packet became evidence: the place to keep its bytes. */
bool ik_detect_kept(const struct ik_detect *d);
/* The source is over: what waited for more is judged by what is known, and all findings end (they
 * are told as ended). */
void ik_detect_stop(struct ik_detect *d);
/* Finding number i of those that are open, most severe first is not promised; NULL past the last.
 */
const struct ik_finding *ik_detect_open(const struct ik_detect *d, size_t i);

struct ik_detect_stats {
    uint64_t packets, icmp;
    uint64_t backward; /* frames older than the ones before */
    uint64_t findings; /* opened */
    uint64_t evicted;  /* entries of detectors that gave way though something could still have come
                          of them: not observed */
    uint64_t merged;   /* reports told in a finding of many sources */
    uint64_t senders[32]; /* echo requests of each known benign sender: ik_sender_name */
};
struct ik_detect_stats ik_detect_stats(const struct ik_detect *d);
/* Name of a benign sender ("iputils ping"), static; NULL past the last. 0 is "unknown". */
const char *ik_sender_name(unsigned sender);

/* Bits of an address, which a finding names as its source, that mean something: all, or 64 where an
 * IPv6 source is counted by its network. */
uint8_t ik_source_bits(const struct ik_addr *src);
/* "192.0.2.1", or "2001:db8::/64"; returns buf. */
enum { IK_SOURCE_TEXT = IK_ADDR_TEXT + 4 };
const char *ik_source_text(const struct ik_addr *src, char buf[static IK_SOURCE_TEXT]);
/* The finding as a record (kind IK_REC_finding), borrowed from *f and *mem. `text` is f->why as it
 * is; `rule` and `community_id` are for the caller to fill in. */
struct ik_finding_mem {
    const char *also[IK_ALSO_MAX + 1];
    char src[IK_SOURCE_TEXT];
};
struct ik_record ik_finding_record(const struct ik_finding *f, struct ik_finding_mem *mem);
/* The nftables rule that would stop it, for people (a match and a verdict, for a chain of family
 * inet), terminated, by the first of its detectors that has one; "" when none has. Returns buf.
 * Never one that drops neighbour discovery, packet too big or fragmentation needed that could be
 * true, nor one that stops errors or echo of IPv6 altogether: it limits them. */
enum { IK_RULE_TEXT = 320 };
const char *ik_finding_rule(const struct ik_finding *f, char buf[static IK_RULE_TEXT]);
