/* SPDX-License-Identifier: MIT
 * What passes by: frames in; packets with their meaning, their partner and their flaws out, and
 * totals of many. State is bounded and fixed at start, hashes are keyed; what was evicted is
 * counted and never guessed. No I/O, no clock: time is that of the frames. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/capture.h>
#include <icmpkit/record.h>
#include <icmpkit/wire.h>

/* ---- one packet ------------------------------------------------------------------------------ */

/* Which way a frame went, where whoever captured it knows. */
enum ik_look_way { IK_LOOK_WAY_UNKNOWN, IK_LOOK_WAY_IN, IK_LOOK_WAY_OUT };

/* A frame as it was captured. */
struct ik_look_frame {
    uint64_t n; /* from 1, over all frames of the source, ICMP or not */
    ik_ns time; /* real; IK_NEVER unknown */
    struct ik_rd bytes;
    uint32_t wire_bytes; /* as long as it was; more than bytes.left: cut by the capture */
    uint16_t linktype;
    const char *interface; /* NULL: not told */
    bool checksum_left;    /* the checksum of what IP carries was left to the card: what stands
                              there is no flaw */
    enum ik_look_way way;  /* to or from the machine that captured it */
};

/* How a packet relates to an earlier one. */
enum ik_look_pair_kind {
    IK_LOOK_PAIR_NONE,
    IK_LOOK_PAIR_REPLY,     /* it answers request `n` */
    IK_LOOK_PAIR_ERROR,     /* it is an error about packet `n` (an ICMP request that was seen) */
    IK_LOOK_PAIR_DUPLICATE, /* it answers request `n`, which was answered before */
    IK_LOOK_PAIR_REPEATED,  /* a request that equals the unanswered request `n` */
    IK_LOOK_PAIR_UNASKED,   /* an answer whose request was not seen: it may be older than the
                               capture, have gone another way, have been evicted, or not exist */
};

/* One packet looked at. Spans borrow from the frame, or from the looker's reassembly buffer: valid
 * until the next input. */
struct ik_look_packet {
    struct ik_look_frame frame;
    bool has_ip, has_icmp, has_quote;
    bool part; /* a fragment of an ICMP message that is not whole, or not yet; of the first one
                  `icmp` has what is there, without verdict on its checksum */
    bool reassembled;     /* `ip` is the whole datagram, put together; the frame is its last part */
    uint16_t fragments;   /* that it came in, when reassembled */
    uint32_t ip_at_bytes; /* where ip_bytes lie, in what faults are counted from */
    enum ik_look_pair_kind pair; /* and with which frame, and after how long */
    uint64_t pair_n;
    ik_ns pair_rtt;          /* IK_NEVER: unknown */
    struct ik_rd ip_bytes;   /* those of the innermost IP packet, from its header on */
    struct ik_rd icmp_bytes; /* from the type octet on */
    struct ik_ip ip;         /* the innermost IP packet */
    struct ik_icmp icmp;
    struct ik_faults faults; /* offsets from the first byte of the frame; when reassembled, from
                                the first byte of the datagram */
    struct ik_layers layers;
    struct ik_quote quote;
};

struct ik_look_cfg {
    uint8_t secret[16];      /* key of the hashes; whatever, where nobody hostile can send */
    uint32_t requests;       /* that wait for an answer at most; 0: 65536 */
    uint32_t datagrams;      /* in reassembly at most; 0: 64 */
    ik_ns reply_within;      /* an answer later than this belongs to nothing; 0: 60 s */
    ik_ns reassemble_within; /* 0: 60 s (RFC 8200 section 4.5) */
    bool unpaired;           /* nobody wants to know partners: all are IK_LOOK_PAIR_NONE */
};

struct ik_look;
/* Bytes of memory that a looker needs. */
size_t ik_look_bytes(const struct ik_look_cfg *cfg);
/* Makes a looker in `mem` (aligned as malloc does, ik_look_bytes of them). It needs no end. */
struct ik_look *ik_look_init(void *mem, const struct ik_look_cfg *cfg);
/* Looks at a frame, which may be out->frame itself (that saves a copy), and fills *out. False when
 * the frame completes no ICMP message: then only frame, layers, part, ip and faults mean something.
 * Flaws are those of the packet: that a capture kept only its first bytes is none (frame.wire_bytes
 * tells). */
bool ik_look_input(struct ik_look *look, const struct ik_look_frame *frame,
                   struct ik_look_packet *out);
/* Begins to look at the frame that comes after the one that ik_look_input is given next, so that
 * what it needs is fetched meanwhile; never needed, and never a difference but in speed. Its turn
 * is then the input of the same frame and the same *out, whose bytes lie where they did. */
void ik_look_ahead(struct ik_look *look, const struct ik_look_frame *frame,
                   struct ik_look_packet *out);

struct ik_look_stats {
    uint64_t frames, icmp, not_ip, unread; /* unread: of a link type that we do not know */
    uint64_t fragments, reassembled;
    uint64_t waiting;                             /* requests without an answer now */
    uint64_t evicted_requests, evicted_datagrams; /* not observed, because a table was full */
    uint64_t expired_datagrams;                   /* parts were missing */
    uint64_t overlapped_datagrams;                /* not put together: RFC 5722, and IPv4 too */
};
struct ik_look_stats ik_look_stats(const struct ik_look *look);

/* A request that nothing answered. */
struct ik_look_request {
    uint64_t n;
    ik_ns time;
    struct ik_addr src, dst;
    uint8_t type;
    uint16_t ident, seq; /* the first and second 16 bits of what tells it from its like */
};
/* Calls fn for each request that waits and was sent at `before` or earlier (IK_NEVER: for all), in
 * the order in which they came. */
void ik_look_unanswered(const struct ik_look *look, ik_ns before,
                        void (*fn)(void *ctx, const struct ik_look_request *request), void *ctx);

/* The packet as a record (kind IK_REC_packet), borrowed from *p. */
struct ik_record ik_look_record(const struct ik_look_packet *p);

/* ---- totals ---------------------------------------------------------------------------------- */

enum {
    IK_TOTAL_KINDS = 128,  /* types and codes shown; each is counted */
    IK_TOTAL_TALKERS = 16, /* shown */
    IK_TOTAL_BINS = 40,    /* of the histogram: powers of two of a microsecond */
};

struct ik_total;
size_t ik_total_bytes(void);
struct ik_total *ik_total_init(void *mem, const uint8_t secret[16]);
void ik_total_add(struct ik_total *t, const struct ik_look_packet *p);

/* What was counted. Arrays are sorted, most first; they live as long as nothing is added. */
struct ik_total_view {
    uint64_t packets, bytes, flawed;
    ik_ns first, last; /* time of the first and last packet */
    const struct ik_total_kind *kinds;
    size_t n_kinds;
    uint64_t other_kinds; /* packets of those not shown */
    const struct ik_total_talker *talkers;
    size_t n_talkers;
    uint64_t replies, errors, duplicates, repeated, unasked; /* by pairing */
    struct ik_rec_rtt rtt;                                   /* of replies */
    uint64_t bins[IK_TOTAL_BINS];  /* bin i: round trips below 2^i us, and not in an earlier bin */
    uint64_t flaws[IK_FLAW_COUNT]; /* packets with that flaw */
};
void ik_total_view(struct ik_total *t, struct ik_total_view *out);
