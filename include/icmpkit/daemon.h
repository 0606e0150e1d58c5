/* SPDX-License-Identifier: MIT
 * What verbs that run for long are assembled of. */
#pragma once

#include <icmpkit/conf.h>
#include <icmpkit/detect.h>

/* ---- the configuration of guard ---------------------------------------------------------------
 */

/* What a file says; what it does not say is empty, or the default. Keys: icmp-guard(1). */
struct ik_config {
    const char *interface; /* NULL: not told */
    const struct ik_prefix *home;
    uint32_t n_home;
    const struct ik_addr *routers;
    uint32_t n_routers;
    const struct ik_detect_allow *allow;
    uint32_t n_allow;
    uint32_t off; /* bit n: detector n is off */
    int64_t limits[IK_LIMITS];
    const struct ik_prefix *spare; /* whom enforcement spares besides */
    uint32_t n_spare;
    ik_ns hold; /* how long what it did holds; whole seconds */
};

/* Reads a file of YAML. On success *out is the caller's, with all that it points to, ended by
 * ik_config_close. IK_E_NOT_FOUND, IK_E_ACCESS, IK_E_SYSTEM (no such file...), IK_E_VALUE (what is
 * written in it), IK_E_NOMEM, IK_E_UNSUPPORTED (built without libyaml); then *fault says what. */
IK_MUST_USE enum ik_err ik_config_open(const struct ik_config **out, const char *path,
                                       struct ik_conf_fault *fault);
void ik_config_close(const struct ik_config *c);

enum { IK_CONFIG_LIST = 64 }; /* most of home, routers, allow, spare */
#define IK_CONFIG_HOLD (600 * IK_NS_PER_S)

/* Detector by its name, NONE when there is none; *near is then the name that was probably meant, or
 * NULL. */
enum ik_detector ik_config_detector(const char *name, const char **near);

/* ---- enforcement: orders -----------------------------------------------------------------------
 */

/* How an order is keyed: by a host, with a type, with type and code, or by two hosts. */
enum ik_order_key {
    IK_ORDER_KEY_HOST,
    IK_ORDER_KEY_TYPE,
    IK_ORDER_KEY_CODE,
    IK_ORDER_KEY_PAIR,
};

/* What can be done against what was found: id, name (of the set that it stands in), key, what is
 * done, for people (msgid). None of these touches anything but ICMP, stops neighbour discovery,
 * packet too big or fragmentation needed that could be true, or drops errors or echo of IPv6 (RFC
 * 4890 section 4.3.1): those are limited. */
#define IK_ORDER_KINDS(X)                                                                          \
    X(LIMIT_SOURCE, "limit", TYPE, "let 10 messages of this type a second pass from this source")  \
    X(LIMIT_DST, "flood", TYPE,                                                                    \
      "let 10 messages of this type a second pass to this host from each source, 500 in all")      \
    X(LIMIT_UNKNOWN, "unknown", HOST,                                                              \
      "let 10 errors a second pass to this host that quote flows nobody knows")                    \
    X(BLOCK_PAIR, "pair", PAIR, "drop echo between these hosts")                                   \
    X(LIMIT_PAIR, "slow", PAIR, "let one echo message a second pass between these hosts")          \
    X(DROP_KIND, "kind", CODE, "drop this type and code from this source")                         \
    X(DROP_OVERSIZE, "oversize", HOST,                                                             \
      "drop fragments of ICMP to this host that lie beyond 64,000 bytes")                          \
    X(LIMIT_FRAGMENT, "fragment", HOST, "let 10 fragments of ICMP a second pass from this source") \
    X(DROP_GROUP, "group", HOST, "drop echo in the name of this group")                            \
    X(DROP_MTU, "mtu", HOST, "drop reports to this host of a path MTU that cannot be true")        \
    X(DROP_HOP_LIMIT, "hops", HOST,                                                                \
      "drop neighbour discovery of this source that came through a router")
enum ik_order_kind {
#define X(id, name, key, text) IK_ORDER_##id,
    IK_ORDER_KINDS(X)
#undef X
        IK_ORDERS
};
const char *ik_order_name(enum ik_order_kind k);
const char *ik_order_text(enum ik_order_kind k);
enum ik_order_key ik_order_key(enum ik_order_kind k);

/* One of them, against somebody, for a time. */
struct ik_order {
    enum ik_order_kind kind;
    struct ik_prefix who, other; /* other: of a pair */
    uint8_t type, code;          /* where the key has them */
    uint32_t seconds;            /* it ends by itself after these */
    uint64_t finding;            /* for whose sake */
};
bool ik_order_same(const struct ik_order *a, const struct ik_order *b); /* by kind and key */

/* Who is never acted against, and why (msgid). */
struct ik_spared {
    struct ik_prefix who;
    bool own; /* one of our addresses: it may be one end of a pair */
    const char *why;
    bool no_host; /* it is no address of a host */
};

struct ik_orders_cfg {
    const struct ik_spared *spared;
    size_t n_spared;
    const struct ik_prefix *home; /* what is ours; none: not known */
    size_t n_home;
    uint32_t seconds;   /* how long an order holds */
    int64_t mtu4_least; /* the least path MTU of IPv4 that is no finding */
};
enum { IK_ORDER_MTU4 = 552 }; /* DROP_MTU drops reports of less */

/* What may be done against a finding, by each of its detectors that has it as medium or worse: up
 * to IK_ORDERS_MAX orders, none twice, their number returned. 0: nothing, and *refused says why
 * (msgid), NULL where nothing was to be done. A source can be forged: what is known only from
 * packets that anybody could have sent is limited, and only the kind of message that was seen. */
enum { IK_ORDERS_MAX = 8 };
size_t ik_orders_of(const struct ik_finding *f, const struct ik_orders_cfg *cfg,
                    struct ik_order out[static IK_ORDERS_MAX], const char **refused);
/* NULL when the order is one that may be carried out; else why not (msgid). */
const char *ik_order_fault(const struct ik_order *o, const struct ik_orders_cfg *cfg);
enum { IK_ORDER_SECONDS_MAX = 86400 };
/* Until when one holds that is given, or prolonged, at `now`: for its seconds, but no longer than
 * IK_ORDER_SECONDS_MAX after a detector last `saw` what it is about. */
ik_ns ik_order_until(ik_ns saw, ik_ns now, uint32_t seconds);

/* Fills in whom this machine spares, up to `cap`: its own addresses, gateways, resolvers, the peers
 * of SSH sessions that we run under; `here` false: only what is no host's address. *n: how many.
 * IK_E_FULL: there are more; IK_E_SYSTEM, IK_E_NOMEM: the kernel does not say. */
IK_MUST_USE enum ik_err ik_spared_gather(bool here, struct ik_spared *out, size_t cap, size_t *n);
enum { IK_SPARED_MAX = 512 };

/* ---- enforcement: carrying them out ------------------------------------------------------------
 */

enum { IK_ENFORCE_TEXT = 256 };

/* What carries orders out: id, spelling. NFT: nftables, for all that comes into the machine or
 * passes it. XDP: a program at one interface, for what arrives there. */
#define IK_ENFORCE_WAYS(X) \
    X(NFT, "nft")          \
    X(XDP, "xdp")
enum ik_enforce_way {
#define X(id, name) IK_ENFORCE_##id,
    IK_ENFORCE_WAYS(X)
#undef X
};
const char *ik_enforce_way_name(enum ik_enforce_way w);

/* What became of an order: id, spelling in outputs, for people (msgid). */
#define IK_DEEDS(X)                        \
    X(WOULD, "would", "would be done")     \
    X(DONE, "done", "done")                \
    X(PROLONGED, "prolonged", "prolonged") \
    X(REFUSED, "refused", "not done")      \
    X(FAILED, "failed", "failed")          \
    X(REMOVED, "removed", "taken back")    \
    X(LOST, "lost", "enforcement has ended")
enum ik_deed_what {
#define X(id, name, text) IK_DEED_##id,
    IK_DEEDS(X)
#undef X
};
const char *ik_deed_name(enum ik_deed_what w);
const char *ik_deed_text(enum ik_deed_what w);

struct ik_deed {
    enum ik_deed_what what;
    struct ik_order order; /* of REFUSED only its finding; of LOST nothing */
    uint64_t stopped;      /* packets that it stopped so far; or IK_STOPPED_UNKNOWN */
    const char *why;       /* of REFUSED a msgid; of FAILED and LOST what was said of it (a msgid,
                              or nftables' own words), unescaped, may be empty; else NULL */
};

/* An order in force. */
struct ik_force {
    struct ik_order order;
    ik_ns since, until; /* on the scale of the `now` that was given */
    uint64_t stopped;   /* packets, as of the latest news; or IK_STOPPED_UNKNOWN */
};
#define IK_STOPPED_UNKNOWN UINT64_MAX

#define IK_NFT_TABLE "icmpkit_guard" /* of family inet: where orders stand, the way being nft */

struct ik_enforce_cfg {
    enum ik_enforce_way way;
    const char *interface; /* where, for XDP */
    bool dry;              /* say what would be done, do nothing: no privileges */
    bool here;             /* packets are of this machine: whom it cannot do without is spared */
    bool keep;             /* what was installed stays at the end, until it expires */
    void (*on_deed)(void *ctx, const struct ik_deed *deed);
    /* An order stopped so many packets more that nobody could look at. */
    void (*on_stopped)(void *ctx, const struct ik_order *o, uint64_t packets);
    void *ctx;
};

struct ik_enforce;
/* Starts enforcement, for which privileges are needed now and not later: a process of its own keeps
 * what they opened, and takes nothing but orders. NFT: CAP_NET_ADMIN; XDP: CAP_BPF too. What a dead
 * guard left is replaced. On success *out is the caller's, ended by ik_enforce_close;
 * ik_enforce_settle is to follow. IK_E_NOT_FOUND: no nft(8), or no icmp-warden-xdp here;
 * IK_E_ACCESS; IK_E_EXISTS: another guard enforces in this network namespace, or at this interface,
 * or, then `why` says so, an XDP program that is not ours is attached; IK_E_VALUE: nft refused,
 * `why` is what it said; IK_E_IFACE: no such interface; IK_E_UNSUPPORTED: not for that interface,
 * or by this kernel; IK_E_FULL: too many addresses to spare; IK_E_SYSTEM, IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_enforce_open(struct ik_enforce **out, const struct ik_enforce_cfg *cfg,
                                        char why[static IK_ENFORCE_TEXT]);
/* What is ours and what is normal (detect->home is borrowed, the limits are not), whom to spare
 * besides (copied; once spared is spared to the end), and how many seconds orders hold from now on.
 * IK_E_FULL: too many to spare; IK_E_AGAIN, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_enforce_settle(struct ik_enforce *e, const struct ik_detect_cfg *detect,
                                          const struct ik_prefix *spare, size_t n_spare,
                                          uint32_t seconds);
/* Whom it spares: number i of them, our own addresses and what is no host's left out; false past
 * the last. */
bool ik_enforce_spares(const struct ik_enforce *e, size_t i, struct ik_spared *out);
/* True when the XDP program is not in the interface's driver but above it, which is slower. */
bool ik_enforce_is_generic(const struct ik_enforce *e);
/* What to give to the loop; NULL for a dry one. */
struct ik_source *ik_enforce_source(struct ik_enforce *e);
/* Asks now and then what orders stopped that no detector sees, the way being XDP, and prolongs
 * those that go on stopping. To be called at `now`, and again when it says (IK_NEVER: no order is
 * in force). */
ik_ns ik_enforce_tick(struct ik_enforce *e, ik_ns now);
/* True when nothing is enforced any more, which was told as a deed. */
bool ik_enforce_is_lost(const struct ik_enforce *e);
/* Acts on a finding that was told. `now` never goes back. */
void ik_enforce_finding(struct ik_enforce *e, const struct ik_finding *f, ik_ns now);
/* Takes back what is in force about an address: their number. The deeds are told later. The same is
 * not done again for as long as it would have held. */
size_t ik_enforce_pardon(struct ik_enforce *e, const struct ik_addr *who, ik_ns now);
/* Order number i of those in force at `now`; false past the last. */
bool ik_enforce_at(const struct ik_enforce *e, size_t i, ik_ns now, struct ik_force *out);
/* Packets that orders of this kind stopped, as of the latest news. */
uint64_t ik_enforce_stopped(const struct ik_enforce *e, enum ik_order_kind k);
/* Brings ik_enforce_stopped, and what each order stopped, up to date; gives up when 0.2 s go by
 * without an answer. */
void ik_enforce_count(struct ik_enforce *e, ik_ns now);
void ik_enforce_close(struct ik_enforce *e);

/* ---- a word with a guard that runs -------------------------------------------------------------
 */

#define IK_CONTROL_PATH "/run/icmpkit/guard.sock"

enum ik_control_op {
    IK_CONTROL_STATUS, /* one row of STATUS */
    IK_CONTROL_LIST,   /* one row of STATUS, then one of FORCE an order in force */
    IK_CONTROL_PARDON, /* `who` is let go: one row of COUNT, the orders taken back */
};
struct ik_control_ask {
    enum ik_control_op op;
    struct ik_addr who;
};

enum ik_control_kind {
    IK_CONTROL_END,
    IK_CONTROL_IS_STATUS,
    IK_CONTROL_IS_FORCE,
    IK_CONTROL_IS_COUNT
};
struct ik_control_status {
    int32_t pid;
    bool enforces, dry;
    enum ik_enforce_way way;
    bool generic; /* ik_enforce_is_generic */
    char interface[16];
    ik_ns since; /* real time */
    uint64_t frames, packets, findings, open, evicted;
    uint64_t dropped; /* UINT64_MAX: not known */
    uint64_t forces;
    uint64_t stopped[IK_ORDERS];
};
struct ik_control_row {
    enum ik_control_kind kind;
    union {
        struct ik_control_status status;
        struct {
            struct ik_order order;
            uint32_t left;    /* seconds */
            uint64_t stopped; /* packets; or IK_STOPPED_UNKNOWN */
        } force;
        uint64_t count;
    };
};

struct ik_control;
struct ik_control_talk;
typedef void ik_control_fn(void *ctx, const struct ik_control_ask *ask,
                           struct ik_control_talk *talk);
/* Listens at `path`, for its own user only (mode 0600); its folder is made when it is missing, with
 * mode 0755. A socket that nobody listens at is replaced. fn is called for each question, from
 * ready(). On success *out is the caller's, ended by ik_control_close, which removes the socket.
 * IK_E_EXISTS: a guard listens there; IK_E_ACCESS, IK_E_NOT_FOUND (no such folder), IK_E_VALUE (too
 * long, or no socket), IK_E_NOMEM, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_control_open(struct ik_control **out, const char *path,
                                        ik_control_fn *fn, void *ctx);
struct ik_source *ik_control_source(struct ik_control *c);
/* One row of the answer; who does not read it for a second is hung up on. */
void ik_control_say(struct ik_control_talk *talk, const struct ik_control_row *row);
void ik_control_close(struct ik_control *c);

/* Asks the guard at `path`, and calls fn for each row of its answer. IK_E_NOT_FOUND: nobody listens
 * there; IK_E_ACCESS: not to us; IK_E_TIMEOUT: no answer within 5 s; IK_E_UNSUPPORTED: it is of
 * another version; IK_E_VALUE, IK_E_SYSTEM. */
IK_MUST_USE enum ik_err ik_control_call(const char *path, const struct ik_control_ask *ask,
                                        void (*fn)(void *ctx, const struct ik_control_row *row),
                                        void *ctx);
