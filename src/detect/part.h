/* SPDX-License-Identifier: MIT
 * What the detectors of this room share: a packet with what is known of it, and the table of parts.
 * A part is one file that keeps the state of a few detectors; parts know nothing of each other but
 * what an earlier one put into the sight. */
#pragma once

#include "detect/book.h"

#include "icmpkit/detect.h"

/* Which way a packet goes, by cfg.home. */
enum ik_way {
    IK_WAY_UNKNOWN, /* no homes were given */
    IK_WAY_IN,
    IK_WAY_OUT,
    IK_WAY_INSIDE,
    IK_WAY_ACROSS, /* neither end is ours */
};

/* Whether an address stands for many hosts. */
enum ik_spread {
    IK_SPREAD_ONE,
    IK_SPREAD_MAYBE,     /* it ends as the broadcast addresses of most networks do; nobody knows */
    IK_SPREAD_LINK,      /* the same, in a frame to all hosts of the link */
    IK_SPREAD_HOME,      /* the broadcast or network address of one of our networks */
    IK_SPREAD_LIMITED,   /* 255.255.255.255 */
    IK_SPREAD_MULTICAST, /* 224.0.0.0/4, ff00::/8 */
};

/* Whether the packet that an error quotes was seen to leave. */
enum ik_quoted {
    IK_QUOTED_NOTHING, /* no error, or nothing that names a flow */
    IK_QUOTED_KNOWN,
    IK_QUOTED_UNKNOWN,    /* flows were seen long enough: this one was not among them */
    IK_QUOTED_UNOBSERVED, /* the capture may have begun later, or the flow was evicted */
};

/* Whether an error comes from the station that the quoted packet was handed to, by their link
 * addresses: the router in use. */
enum ik_via {
    IK_VIA_UNKNOWN, /* no link addresses, or one that several routers share */
    IK_VIA_SENDER,
    IK_VIA_OTHER,
};

/* Whether an answer (an echo reply, say) was asked for. */
enum ik_answer {
    IK_ANSWER_NONE, /* it is no answer */
    IK_ANSWER_ASKED,
    IK_ANSWER_UNASKED,    /* more answers than questions between these two hosts */
    IK_ANSWER_UNOBSERVED, /* the question may be older than the capture, or was evicted */
};

/* What a message is in the game of question and answer (neighbour discovery, which answers without
 * being asked, takes no part). */
enum ik_query { IK_QUERY_NONE, IK_QUERY_ASKS, IK_QUERY_ANSWERS };

/* The payload of an echo request or reply. */
struct ik_payload {
    struct ik_rd data; /* as much as was captured */
    uint32_t n;        /* bytes on the wire */
    uint16_t id, seq;
    bool request;
    bool cut; /* fewer were captured than n */
};

/* What names a flow, and which of its directions a packet goes: flow.c's own. */
struct ik_flow_name {
    uint64_t hash;
    uint8_t kind, way;
    bool has_ports, known;
};

/* Where expect_more found what input looks for, each its own. Packets that are judged in between
 * may move it: to be checked. */
struct ik_guess {
    uint64_t echo_hash, echo_key; /* of echo.c: of who asks whom, and with which numbers */
    uint32_t echo;
};

/* A packet on its way through the parts, in the order of ik_parts. */
struct ik_sight {
    const struct ik_look_packet *p;
    const struct ik_detect_cfg *cfg;
    const struct ik_keyed *keyed; /* the key of the hashes */
    struct ik_book *book;
    ik_ns now; /* never goes back */
    bool icmp; /* a whole message: p->icmp means something */
    enum ik_way way;
    /* Keyed hashes of what stands in the IP header: the source as it is counted (IPv6: its /64),
     * the destination, and both hosts in either order. */
    uint64_t src_hash, dst_hash, pair_hash;
    uint64_t host_hash; /* of the source itself, in IPv6 too */
    bool upward;        /* the source has the lower address of the two */
    struct ik_addr src; /* as it is counted: an IPv6 source with its last 64 bits zero */
    enum ik_spread src_spread, dst_spread;
    uint64_t quoted_pair; /* pair_hash of what an error quotes, where p->has_quote */
    enum ik_query query;  /* NONE where not `icmp` */
    bool is_echo;         /* a whole echo message: `echo` means something */
    struct ik_payload echo;
    struct ik_flow_name flow; /* by flow.c's expect: the packet's, or of what an error quotes */
    struct ik_guess guess;
    /* By flow.c, of errors and of IPv6 redirects: */
    enum ik_quoted quoted;
    enum ik_via quoted_via;
    bool quoted_in_window; /* of a flow that was seen: false for TCP whose quoted sequence number
                              was not in flight (RFC 5927 section 4.1) */
    bool quoted_foreign;   /* what is quoted does not come from the host that is told */
    /* By sender.c: who made this echo request or reply, by its form; 0 unknown. And how many of the
     * first payload bytes are a clock that differs from one to the next. */
    uint8_t sender, clock_bytes;
    enum ik_answer answer; /* by rate.c */
    bool tunnel;           /* by tool.c, inner.c and echo.c: it belongs to what they found */
    bool differs; /* by echo.c: most replies between these hosts are not what requests asked for */
};

/* The packet in sight, as the one that a window begins with. */
static inline struct ik_report_begin ik_sight_begin(const struct ik_sight *s)
{
    return (struct ik_report_begin){.n = s->p->frame.n, .time = s->now};
}

/* Which packets a part wants to see. */
enum ik_wants {
    IK_WANTS_ECHO = 1 << 0,   /* whole messages: echo requests and replies (of kind IK_ICMP_ECHO) */
    IK_WANTS_ERRORS = 1 << 1, /* those that quote a packet (of kind IK_ICMP_ERROR) */
    IK_WANTS_REST = 1 << 2,   /* all others, and what could not be decoded */
    IK_WANTS_ICMP = IK_WANTS_ECHO | IK_WANTS_ERRORS | IK_WANTS_REST,
    IK_WANTS_PARTS = 1 << 3, /* fragments of ICMP messages, and what is too short to be one */
    IK_WANTS_OTHER = 1 << 4, /* IP packets that carry something else */
};

/* What most packets are not: a part that minds nothing else is spared the others. */
enum ik_traits {
    IK_TRAIT_PIECES = 1 << 0, /* a fragment, or put together from some */
    IK_TRAIT_MANY = 1 << 1,   /* from or to an address that stands for many hosts, or may */
    IK_TRAIT_ANSWER = 1 << 2, /* of query IK_QUERY_ANSWERS */
    IK_TRAIT_ODD = 1 << 3,    /* a message whose checksum is wrong, an echo whose code is not 0 */
    IK_TRAIT_OTHER = 1 << 4,  /* it is no echo message */
};

struct ik_part {
    uint32_t wants;
    size_t (*bytes)(const struct ik_detect_cfg *cfg);
    /* `state` is zeroed and aligned to 64 bytes. */
    void (*init)(void *state, const struct ik_detect_cfg *cfg);
    void (*input)(void *state, struct ik_sight *s);
    /* Once a second of the packets' time, before the first packet of the next second; several
     * missed seconds are told by one call. NULL: not wanted. */
    void (*tick)(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book);
    /* The source is over: what still waits for more is judged by what is known. NULL: nothing does.
     */
    void (*end)(void *state, ik_ns now, const struct ik_detect_cfg *cfg, struct ik_book *book);
    /* Entries that gave way to others while something could still have come of them: what was idle,
     * or complete, hides nothing. NULL: none ever do. */
    uint64_t (*evicted)(const void *state);
    /* Begins to fetch what input will need of a packet, before the inputs of all parts, so that
     * their tables come from memory at once: of the sight there is what stands before `flow`, but
     * `now`. Other packets may be judged before this one: what is kept is kept in the sight, and
     * what was found in a table is a guess. NULL: input needs nothing that is far. */
    void (*expect)(const void *state, struct ik_sight *s);
    /* The same after the expect of all parts, for what is found by what that fetched. NULL: there
     * is nothing. */
    void (*expect_more)(const void *state, struct ik_sight *s);
    /* enum ik_traits: input is called only for packets that have one of these; 0: for all. */
    uint32_t only;
};

/* In order, ended by NULL. */
extern const struct ik_part *const ik_parts[];

/* Sets of other parts than those of the table, which tests make: as ik_detect_bytes and
 * ik_detect_init. `parts`, ended by NULL, are borrowed as long as the set lives. */
size_t ik_detect_bytes_of(const struct ik_detect_cfg *cfg, const struct ik_part *const *parts);
struct ik_detect *ik_detect_init_of(void *mem, const struct ik_detect_cfg *cfg,
                                    const struct ik_part *const *parts);

/* True when the source is one that detector d does not mind. */
bool ik_sight_is_allowed(const struct ik_sight *s, enum ik_detector d);

/* True when the limits say that detector d looks at packets of this source. */
static inline bool ik_sight_minds(const struct ik_sight *s, enum ik_detector d)
{
    return !(s->cfg->off >> d & 1) && (s->cfg->n_allow == 0 || !ik_sight_is_allowed(s, d));
}
