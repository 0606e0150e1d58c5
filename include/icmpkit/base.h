/* SPDX-License-Identifier: MIT
 * What every room shares: errors, time, spans of bytes, addresses, and the three contracts
 * (link, engine, source) that the loop drives. No protocol is known here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IK_MUST_USE __attribute__((warn_unused_result))

/* ---- errors ---------------------------------------------------------------------------------- */

/* id, text for people. A row here is the only place where a code is added. */
#define IK_ERRS(X)                                           \
    X(OK, "no error")                                        \
    X(E_SHORT, "fewer bytes than the format needs")          \
    X(E_ZERO_LEN, "a length field of zero")                  \
    X(E_LENGTH, "a length field that contradicts the bytes") \
    X(E_VERSION, "an unknown version")                       \
    X(E_CHECKSUM, "a checksum that does not verify")         \
    X(E_VALUE, "a value outside what the field allows")      \
    X(E_FULL, "no room left")                                \
    X(E_NOMEM, "out of memory")                              \
    X(E_NOT_FOUND, "not found")                              \
    X(E_EXISTS, "exists already")                            \
    X(E_ACCESS, "permission denied")                         \
    X(E_NO_ROUTE, "network is unreachable")                  \
    X(E_HOST_DOWN, "no route to host")                       \
    X(E_BLACKHOLE, "discarded by a blackhole route")         \
    X(E_ADDR, "cannot assign requested address")             \
    X(E_IFACE, "no such interface, or it is down")           \
    X(E_TOO_BIG, "message too long")                         \
    X(E_NOBUFS, "no buffer space available")                 \
    X(E_AGAIN, "would block")                                \
    X(E_REFUSED, "refused by a filter")                      \
    X(E_UNSUPPORTED, "not supported here")                   \
    X(E_TIMEOUT, "timed out")                                \
    X(E_SYSTEM, "system error")

enum ik_err {
#define X(id, text) IK_##id,
    IK_ERRS(X)
#undef X
        IK_ERR_COUNT
};

/* The text of an error, static, never NULL; "unknown error" for a number that is none. */
const char *ik_err_text(enum ik_err err);

/* ---- words ----------------------------------------------------------------------------------- */

/* How unlike two words are: insertions, deletions, changes and swaps of neighbours. Words longer
 * than 31 are as unlike as can be. */
unsigned ik_text_distance(const char *a, const char *b);
/* The word that was probably meant by `name`: the i-th of n (NULL: no word there) that alone begins
 * so, or else is least unlike; NULL when none is near. In a word of three letters a changed one is
 * a slip only between the two that are right. */
const char *ik_text_nearest(const char *name, const char *(*get)(const void *ctx, size_t i),
                            const void *ctx, size_t n);

/* ---- time ------------------------------------------------------------------------------------ */

/* Signed nanoseconds: an instant of the clock that the context names, or a duration. */
typedef int64_t ik_ns;

#define IK_NEVER INT64_MAX
#define IK_NS_PER_US ((ik_ns)1000)
#define IK_NS_PER_MS ((ik_ns)1000000)
#define IK_NS_PER_S ((ik_ns)1000000000)

/* One reading of both clocks. Decisions and durations use `mono`; `real` (since 1970-01-01 UTC) is
 * for telling people when, and for reading stamps that the kernel takes in real time. */
struct ik_now {
    ik_ns mono, real;
};

/* name, spelling in all outputs: where a stamp was taken. */
#define IK_CLOCKS(X)        \
    X(NONE, "none")         \
    X(USER, "user")         \
    X(KERNEL, "kernel")     \
    X(HARDWARE, "hardware") \
    X(VIRTUAL, "virtual")

enum ik_clock {
#define X(id, name) IK_CLOCK_##id,
    IK_CLOCKS(X)
#undef X
        IK_CLOCK_COUNT
};

/* An instant and its source. `mono` is on the monotonic scale of the loop for NONE, USER, KERNEL
 * and VIRTUAL; for HARDWARE it is on the scale of the card. A duration never spans two sources. */
struct ik_stamp {
    ik_ns mono;
    enum ik_clock clock;
};

/* ---- spans ----------------------------------------------------------------------------------- */

/* A reader over borrowed bytes; p is never NULL (an empty span points anywhere valid), left never
 * counts past the input. */
struct ik_rd {
    const uint8_t *p;
    size_t left;
};

/* ---- addresses ------------------------------------------------------------------------------- */

/* An IPv4 or IPv6 address; `family` is 4, 6, or 0 for none. IPv4 uses the first four bytes, the
 * rest are zero. `scope` is the interface index of a link-local IPv6 address, else 0. */
struct ik_addr {
    uint8_t family;
    uint8_t bytes[16];
    uint32_t scope;
};

/* Longest text with terminator: an IPv6 address, '%', ten digits. */
#define IK_ADDR_TEXT 64

/* True when family, bytes and scope are equal. */
bool ik_addr_equal(const struct ik_addr *a, const struct ik_addr *b);
/* True when family and bytes are equal, whatever the scopes. */
bool ik_addr_same_host(const struct ik_addr *a, const struct ik_addr *b);
/* Bytes of an address of that family: 4, 16, or 0. */
size_t ik_addr_bytes(uint8_t family);
/* Writes the text form (IPv4 dotted quad; IPv6 as RFC 5952 section 4, a scope as "%N") and a
 * terminator; "" for family 0. Returns buf. */
const char *ik_addr_text(const struct ik_addr *a, char buf[static IK_ADDR_TEXT]);
/* Reads a text form: strict dotted quad, or IPv6 (RFC 4291 section 2.2) without scope. IK_E_VALUE
 * when it is none; *out is written on success only. */
IK_MUST_USE enum ik_err ik_addr_parse(const char *text, struct ik_addr *out);
/* Multicast: 224.0.0.0/4, ff00::/8. Link-local: 169.254.0.0/16, fe80::/10. Any: all zero. */
bool ik_addr_is_multicast(const struct ik_addr *a);
bool ik_addr_is_link_local(const struct ik_addr *a);
bool ik_addr_is_any(const struct ik_addr *a);

/* ---- frames and events ----------------------------------------------------------------------- */

/* What the first byte of a frame's bytes is. */
enum ik_medium {
    IK_MEDIUM_ETHER,  /* an Ethernet header */
    IK_MEDIUM_IP,     /* an IPv4 or IPv6 header */
    IK_MEDIUM_ICMP4,  /* the ICMPv4 type octet; the IP header is not there */
    IK_MEDIUM_ICMP6,  /* the ICMPv6 type octet */
    IK_MEDIUM_UDP,    /* the first byte of a UDP payload */
    IK_MEDIUM_TCP,    /* a TCP header; the IP header is not there (in only: raw TCP over IPv6) */
    IK_MEDIUM_COOKED, /* a Linux cooked header, version 2 (in only: captures) */
};

/* Which members of ik_meta are known; one that is not is zero and means nothing. */
enum ik_known {
    IK_KNOW_SRC = 1 << 0,
    IK_KNOW_DST = 1 << 1,
    IK_KNOW_TTL = 1 << 2,
    IK_KNOW_TCLASS = 1 << 3,
    IK_KNOW_IFINDEX = 1 << 4,
    IK_KNOW_PORTS = 1 << 5,
};

/* What is known beside the bytes. On transmit it says how to send (dst is required unless the
 * medium carries it; the rest only where the mask says so). */
struct ik_meta {
    uint32_t known; /* enum ik_known */
    struct ik_addr src, dst;
    uint32_t ifindex;
    uint16_t sport, dport;
    uint8_t ttl; /* TTL or hop limit */
    uint8_t tclass;
};

/* A message on its way out or in. Out: the engine owns the bytes until the link took or refused
 * them; `key` comes back with its stamp or failure. In: borrowed until the link's next rx. `port`
 * is the number of the link among those that the engine was attached to, from 0. */
struct ik_frame {
    enum ik_medium medium;
    uint32_t key;
    uint8_t port;
    struct ik_rd bytes;
    struct ik_meta meta;
};

enum ik_event_kind {
    IK_EV_FRAME,  /* a frame arrived */
    IK_EV_ERROR,  /* the kernel tells of an ICMP error about a packet of ours (error queue) */
    IK_EV_SENT,   /* the frame `key` left at `at` */
    IK_EV_FAILED, /* the frame `key` could not be sent: it never left */
    IK_EV_DROPS,  /* the socket dropped `drops` more incoming messages since the last such event */
    IK_EV_DOWN,   /* the interface went down; the link gives nothing more */
};

/* One thing that a link reports. */
struct ik_event {
    enum ik_event_kind kind;
    uint32_t key;       /* SENT, FAILED: the frame's */
    struct ik_stamp at; /* FRAME, ERROR: arrival; SENT: departure */
    /* FRAME: the message, meta as known. ERROR: `bytes` is what came back of our own packet, from
     * the first byte that `medium` names (possibly empty), meta.dst (and dport) where it was going,
     * meta.src nothing. */
    struct ik_frame frame;
    union {
        struct {                 /* ERROR */
            struct ik_addr from; /* who sent the error */
            uint8_t family, type, code;
            uint32_t info;           /* next-hop MTU, or pointer; 0 when none */
            struct ik_rd extensions; /* an RFC 4884 structure from its first byte, or empty */
            bool local;              /* made by this host itself, not received */
            enum ik_err err;         /* what the kernel makes of it */
        } error;
        struct { /* FAILED */
            enum ik_err err;
            uint32_t mtu; /* IK_E_TOO_BIG: the path MTU that forbade it, 0 unknown */
        } failed;
        uint32_t drops; /* DROPS */
        struct {        /* FRAME of a capture (ik_link_open_capture), of no other link */
            ik_ns real; /* arrival as the kernel stamped it; `at` is the same, unless in doubt */
            uint32_t wire_bytes; /* as long as it was; more than bytes.left: snapped */
            bool outgoing;       /* this machine sent it */
            bool checksum_left;  /* the checksum of what IP carries was left to the card: what
                                    stands there is no flaw */
        } captured;
    };
};

/* Events and frames go in batches of at most this many. */
#define IK_BATCH 64

/* ---- the contracts --------------------------------------------------------------------------- */

struct ik_record; /* see <icmpkit/record.h> */

/* A link moves frames in batches. rx: at most cap events, borrowed until the next rx; 0 when there
 * is nothing now. tx: how many of n it took, in order; a frame that it took and could not send
 * comes back as IK_EV_FAILED; fewer than n means "later". fd: readable (or in error) when rx has
 * something, writable when tx takes more; -1 when virtual. next: when rx will have something that
 * no fd tells of: the next virtual arrival, 0 while a real link itself holds events (failed sends,
 * say), else IK_NEVER. in_flight_max: how many unanswered requests its receive buffer holds answers
 * for. */
struct ik_link;
struct ik_link_ops {
    size_t (*rx)(struct ik_link *l, struct ik_now now, struct ik_event *out, size_t cap);
    size_t (*tx)(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n);
    int (*fd)(const struct ik_link *l);
    ik_ns (*next)(const struct ik_link *l);
    uint32_t (*in_flight_max)(const struct ik_link *l);
    void (*close)(struct ik_link *l);
};
/* First member of every link, so that the loop needs no more than this. */
struct ik_link {
    const struct ik_link_ops *ops;
    enum ik_medium medium; /* of the frames that it takes */
    uint8_t family;        /* 4, 6, or 0 for both */
};

/* An engine is a state machine over (now, events): no I/O, no clock, no allocation. input: events
 * of the attached link `port`, borrowed for the call. output: writes at most cap frames that it
 * would send now, tentative, bytes valid until the next output; accepted(n) then makes the first n
 * of them real (the rest are offered again). record: the next record it has to say, borrowed until
 * the next call into the engine, or NULL; the loop drains it after each input, accepted and output,
 * before the link's next rx, so that records may borrow bytes from events. deadline: when it wants
 * output called though nothing arrives (a past instant: at once), IK_NEVER when it only waits.
 * stop: end soon and say the summaries. done: nothing more to send, await or say. */
struct ik_engine;
struct ik_engine_ops {
    void (*input)(struct ik_engine *e, struct ik_now now, uint8_t port, const struct ik_event *in,
                  size_t n);
    size_t (*output)(struct ik_engine *e, struct ik_now now, struct ik_frame *out, size_t cap);
    void (*accepted)(struct ik_engine *e, struct ik_now now, size_t n);
    const struct ik_record *(*record)(struct ik_engine *e);
    ik_ns (*deadline)(const struct ik_engine *e);
    void (*stop)(struct ik_engine *e, struct ik_now now);
    bool (*done)(const struct ik_engine *e);
};
/* First member of every engine. */
struct ik_engine {
    const struct ik_engine_ops *ops;
};

/* What is neither link nor engine: resolver, signals, timers of the verb. ready() is called when fd
 * is readable; it reads until nothing is left. */
struct ik_source {
    int fd;
    void (*ready)(struct ik_source *s, struct ik_now now);
};
