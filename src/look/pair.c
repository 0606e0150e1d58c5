/* SPDX-License-Identifier: MIT
 * Pairing. A key is what request and answer have in common: family, type of the request, who asked,
 * who was asked, and the octets that the asker chose. */
#include "look/pair.h"

#include "base/rd.h"
#include "base/siphash.h"

#include <string.h>

enum { WAYS = 8, TAG_MAX = 16, NOBODY = UINT32_MAX };

/* Family, type of the request and of the answer; where after the checksum the octets lie that come
 * back unchanged, and how many; whether the target among them says who is asked (neighbour
 * discovery asks a group, or nobody in particular). */
#define PAIRS(X)                                            \
    X(4, ECHO, ECHO_REPLY, 0, 4, false)                     \
    X(4, TIMESTAMP, TIMESTAMP_REPLY, 0, 4, false)           \
    X(4, INFO, INFO_REPLY, 0, 4, false)                     \
    X(4, MASK, MASK_REPLY, 0, 4, false)                     \
    X(4, DOMAIN_NAME, DOMAIN_NAME_REPLY, 0, 4, false)       \
    X(4, EXT_ECHO, EXT_ECHO_REPLY, 0, 3, false)             \
    X(6, ECHO, ECHO_REPLY, 0, 4, false)                     \
    X(6, NEIGHBOR_SOL, NEIGHBOR_ADV, 4, 16, true)           \
    X(6, NODE_QUERY, NODE_REPLY, 4, 8, false)               \
    X(6, HOME_AGENT, HOME_AGENT_REPLY, 0, 2, false)         \
    X(6, MOBILE_PREFIX_SOL, MOBILE_PREFIX_ADV, 0, 2, false) \
    X(6, EXT_ECHO, EXT_ECHO_REPLY, 0, 3, false)

static const struct pair_row {
    uint8_t family, request, reply, tag_at, tag_bytes;
    bool by_target;
} rows[] = {
#define X(family, request, reply, at, bytes, target) \
    {family, IK_ICMP##family##_##request, IK_ICMP##family##_##reply, at, bytes, target},
    PAIRS(X)
#undef X
};

struct key {
    uint8_t bytes[2 + 16 + 16 + TAG_MAX]; /* the rest is zero */
    uint8_t n;
};

struct entry {
    struct key key;
    bool waiting, group, repeated;
    uint8_t family, type;
    uint16_t ip_id, checksum; /* to know a copy of the same packet from a request made again */
    uint64_t n;
    ik_ns at;
    struct ik_addr src, dst;
    uint32_t before, after; /* in the order of arrival, of those that wait */
};

/* The hashes of a bucket share a cache line; 0 is empty. */
struct bucket {
    uint64_t hash[WAYS];
};

struct ik_pair {
    uint32_t mask; /* buckets - 1 */
    uint8_t secret[16];
    ik_ns within;
    uint64_t waiting, evicted;
    uint32_t oldest, newest;
    struct bucket *buckets;
    struct entry *entries;
};

static uint32_t buckets_for(uint32_t requests)
{
    uint32_t n = 1;
    while (n < UINT32_MAX / 2 / WAYS && n * WAYS < requests)
        n *= 2;
    return n;
}

static size_t buckets_at(void)
{
    return (sizeof(struct ik_pair) + 63) & ~(size_t)63;
}

size_t ik_pair_bytes(uint32_t requests)
{
    return buckets_at() +
           buckets_for(requests) * (sizeof(struct bucket) + WAYS * sizeof(struct entry));
}

struct ik_pair *ik_pair_init(void *mem, uint32_t requests, ik_ns within, const uint8_t secret[16])
{
    struct ik_pair *t = mem;
    uint8_t *p = mem;
    const uint32_t n = buckets_for(requests);
    *t = (struct ik_pair){
        .mask = n - 1,
        .within = within,
        .oldest = NOBODY,
        .newest = NOBODY,
        .buckets = (struct bucket *)(void *)(p + buckets_at()),
        .entries = (struct entry *)(void *)(p + buckets_at() + n * sizeof(struct bucket)),
    };
    memcpy(t->secret, secret, sizeof(t->secret));
    memset(t->buckets, 0, n * sizeof(struct bucket));
    return t;
}

uint64_t ik_pair_waiting(const struct ik_pair *t)
{
    return t->waiting;
}

uint64_t ik_pair_evicted(const struct ik_pair *t)
{
    return t->evicted;
}

/* ---- those that wait ------------------------------------------------------------------------- */

static void stop_waiting(struct ik_pair *t, struct entry *e)
{
    if (!e->waiting)
        return;
    e->waiting = false;
    t->waiting--;
    if (e->before == NOBODY)
        t->oldest = e->after;
    else
        t->entries[e->before].after = e->after;
    if (e->after == NOBODY)
        t->newest = e->before;
    else
        t->entries[e->after].before = e->before;
}

static void start_waiting(struct ik_pair *t, struct entry *e)
{
    const uint32_t i = (uint32_t)(e - t->entries);
    e->waiting = true;
    t->waiting++;
    e->before = t->newest;
    e->after = NOBODY;
    if (t->newest == NOBODY)
        t->oldest = i;
    else
        t->entries[t->newest].after = i;
    t->newest = i;
}

/* The tag of a key: its last octets. */
static const uint8_t *tag_of(const struct key *k, const struct pair_row *row)
{
    return k->bytes + k->n - row->tag_bytes;
}

static const struct pair_row *row_of(uint8_t family, uint8_t type, bool *is_reply)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].family != family || (rows[i].request != type && rows[i].reply != type))
            continue;
        *is_reply = rows[i].reply == type;
        return &rows[i];
    }
    return NULL;
}

void ik_pair_unanswered(const struct ik_pair *t, ik_ns before,
                        void (*fn)(void *ctx, const struct ik_look_request *request), void *ctx)
{
    for (uint32_t i = t->oldest; i != NOBODY; i = t->entries[i].after) {
        const struct entry *e = &t->entries[i];
        bool is_reply;
        const struct pair_row *row = row_of(e->family, e->type, &is_reply);
        if (!row || (before != IK_NEVER && e->at > before))
            continue;
        const uint8_t *tag = tag_of(&e->key, row);
        const struct ik_look_request request = {
            .n = e->n,
            .time = e->at,
            .src = e->src,
            .dst = e->dst,
            .type = e->type,
            .ident = ik_load_be16(tag),
            .seq = row->tag_bytes >= 4   ? ik_load_be16(tag + 2)
                   : row->tag_bytes == 3 ? tag[2]
                                         : 0,
        };
        fn(ctx, &request);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void key_put(struct key *k, const void *bytes, size_t n)
{
    memcpy(k->bytes + k->n, bytes, n);
    k->n = (uint8_t)(k->n + n);
}

/* NULL stands for "whoever". */
static void key_put_addr(struct key *k, uint8_t family, const struct ik_addr *a)
{
    static const uint8_t nobody[16];
    key_put(k, a ? a->bytes : nobody, ik_addr_bytes(family));
}

static struct key key_make(const struct pair_row *row, const struct ik_addr *asker,
                           const struct ik_addr *asked, const uint8_t *tag)
{
    struct key k;
    memset(&k, 0, sizeof(k));
    k.bytes[0] = row->family;
    k.bytes[1] = row->request;
    k.n = 2;
    key_put_addr(&k, row->family, asker);
    key_put_addr(&k, row->family, asked);
    key_put(&k, tag, row->tag_bytes);
    return k;
}

/* True where several may answer. */
static bool is_group(const struct ik_addr *a)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    return ik_addr_is_multicast(a) || (a->family == 4 && !memcmp(a->bytes, all, 4));
}

/* ---- the table ------------------------------------------------------------------------------- */

static uint64_t hash_of(const struct ik_pair *t, const struct key *k)
{
    const uint64_t h = ik_siphash(t->secret, k->bytes, k->n);
    return h ? h : 1;
}

static struct entry *find(const struct ik_pair *t, const struct key *k)
{
    const uint64_t h = hash_of(t, k);
    const uint32_t b = (uint32_t)h & t->mask;
    for (uint32_t i = 0; i < WAYS; i++) {
        struct entry *e = &t->entries[b * WAYS + i];
        if (t->buckets[b].hash[i] == h && !memcmp(e->key.bytes, k->bytes, sizeof(k->bytes)))
            return e;
    }
    return NULL;
}

/* A place for the key: free, else of one answered, else of the oldest, which is then lost. */
static struct entry *place(struct ik_pair *t, const struct key *k)
{
    const uint64_t h = hash_of(t, k);
    const uint32_t b = (uint32_t)h & t->mask;
    struct entry *best = NULL;
    for (uint32_t i = 0; i < WAYS; i++) {
        struct entry *e = &t->entries[b * WAYS + i];
        if (t->buckets[b].hash[i] == 0) {
            e->waiting = false;
            best = e;
            break;
        }
        if (!best || (best->waiting && !e->waiting) ||
            (best->waiting == e->waiting && e->at < best->at))
            best = e;
    }
    t->evicted += best->waiting;
    stop_waiting(t, best);
    t->buckets[b].hash[best - &t->entries[b * WAYS]] = h;
    return best;
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool in_time(const struct ik_pair *t, ik_ns from, ik_ns to)
{
    ik_ns took;
    return from == IK_NEVER || to == IK_NEVER || __builtin_sub_overflow(to, from, &took) ||
           took <= t->within;
}

/* IK_NEVER where it cannot be told: no stamps, a clock that went back, or a request that was made
 * twice, so that nobody knows which of the two was answered (Karn). */
static ik_ns round_trip(const struct entry *e, ik_ns at)
{
    ik_ns took;
    if (e->repeated || e->at == IK_NEVER || at == IK_NEVER ||
        __builtin_sub_overflow(at, e->at, &took) || took < 0)
        return IK_NEVER;
    return took;
}

static void judge_request(struct ik_pair *t, struct ik_look_packet *p, const struct pair_row *row)
{
    const struct ik_ip *ip = &p->ip;
    const bool group = row->by_target || is_group(&ip->final_dst);
    const struct key k =
        key_make(row, &ip->src, group ? NULL : &ip->final_dst, p->icmp.raw.p + row->tag_at);
    struct entry *e = find(t, &k);
    if (e && e->waiting && in_time(t, e->at, p->frame.time)) {
        p->pair = IK_LOOK_PAIR_REPEATED;
        p->pair_n = e->n;
        /* The same packet seen twice (captured on both sides of a router) is no second request. */
        e->repeated =
            e->repeated || e->checksum != p->icmp.checksum || e->ip_id != (uint16_t)ip->id;
        return;
    }
    if (e)
        stop_waiting(t, e);
    else
        e = place(t, &k);
    *e = (struct entry){.key = k,
                        .group = group,
                        .family = ip->version,
                        .type = p->icmp.type,
                        .ip_id = (uint16_t)ip->id,
                        .checksum = p->icmp.checksum,
                        .n = p->frame.n,
                        .at = p->frame.time,
                        .src = ip->src,
                        .dst = ip->dst};
    start_waiting(t, e);
}

static void answered(struct ik_pair *t, struct ik_look_packet *p, struct entry *e,
                     enum ik_look_pair_kind kind)
{
    p->pair = kind;
    p->pair_n = e->n;
    p->pair_rtt = round_trip(e, p->frame.time);
    if (kind == IK_LOOK_PAIR_REPLY && !e->waiting && !e->group)
        p->pair = IK_LOOK_PAIR_DUPLICATE;
    stop_waiting(t, e);
}

static void judge_reply(struct ik_pair *t, struct ik_look_packet *p, const struct pair_row *row)
{
    const struct ik_ip *ip = &p->ip;
    const uint8_t *tag = p->icmp.raw.p + row->tag_at;
    /* An advertisement to all goes to whoever asked without an address. */
    const struct ik_addr *asker =
        row->by_target && ik_addr_is_multicast(&ip->final_dst) ? NULL : &ip->final_dst;
    struct entry *e = NULL;
    if (!row->by_target) {
        const struct key exact = key_make(row, asker, &ip->src, tag);
        e = find(t, &exact);
    }
    if (!e) {
        const struct key group = key_make(row, asker, NULL, tag);
        e = find(t, &group);
    }
    if (e && in_time(t, e->at, p->frame.time))
        answered(t, p, e, IK_LOOK_PAIR_REPLY);
    else if (!row->by_target) /* neighbours may advertise without being asked */
        p->pair = IK_LOOK_PAIR_UNASKED;
}

/* The request that an error quotes, where it is one with identifier and sequence number. */
static void judge_error(struct ik_pair *t, struct ik_look_packet *p)
{
    const struct ik_quote *q = &p->quote;
    bool is_reply;
    const struct pair_row *row = row_of(q->ip.version, q->icmp_type, &is_reply);
    if (!row || is_reply || row->tag_at || row->tag_bytes != 4 || q->transport.left < 8)
        return;
    const bool group = is_group(&q->ip.dst);
    const struct key k = key_make(row, &q->ip.src, group ? NULL : &q->ip.dst, q->transport.p + 4);
    struct entry *e = find(t, &k);
    if (e && in_time(t, e->at, p->frame.time))
        answered(t, p, e, IK_LOOK_PAIR_ERROR);
}

void ik_pair_judge(struct ik_pair *t, struct ik_look_packet *p)
{
    bool is_reply;
    p->pair = IK_LOOK_PAIR_NONE;
    p->pair_n = 0;
    p->pair_rtt = IK_NEVER;
    if (p->has_quote && p->quote.has & IK_QUOTE_ICMP_ECHO) {
        judge_error(t, p);
        return;
    }
    const struct pair_row *row = row_of(p->ip.version, p->icmp.type, &is_reply);
    if (!row || p->icmp.raw.left < (size_t)row->tag_at + row->tag_bytes)
        return;
    if (is_reply)
        judge_reply(t, p, row);
    else
        judge_request(t, p, row);
}
