/* SPDX-License-Identifier: MIT
 * Pairing. A key is what request and answer have in common: family, type of the request, who asked,
 * who was asked, and the octets that the asker chose. Requests stand in a ring in the order in
 * which they came, so that those whose answers come soon are still in the cache; a new one takes
 * the place of the oldest. */
#include "look/pair.h"

#include "base/rd.h"
#include "base/siphash.h"
#include "look/index.h"

#include <string.h>

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

/* Their numbers. */
enum {
#define X(family, request, reply, at, bytes, target) PAIR_##family##_##request,
    PAIRS(X)
#undef X
};

static const struct pair_row {
    uint8_t family, request, reply, tag_at, tag_bytes;
    bool by_target;
} rows[] = {
#define X(family, request, reply, at, bytes, target) \
    {family, IK_ICMP##family##_##request, IK_ICMP##family##_##reply, at, bytes, target},
    PAIRS(X)
#undef X
};

/* Of each type of both families, 1 and on; 0: it has no partner. */
static const uint8_t row_numbers[2][256] = {
#define X(family, request, reply, at, bytes, target)                              \
    [(family) == 6][IK_ICMP##family##_##request] = 1 + PAIR_##family##_##request, \
                 [(family) == 6][IK_ICMP##family##_##reply] = 1 + PAIR_##family##_##request,
    PAIRS(X)
#undef X
};

/* Family and type, then asker, asked and tag, in words of which all bits are used, so that hashing
 * and comparing read what was just written in the same width. IPv4 has what is left of the first
 * word for the asker and shares the second between asked and tag. */
enum { KEY4_WORDS = 2, KEY6_WORDS = 7, ASKER6_AT = 1, ASKED6_AT = 3, TAG6_AT = 5, TAG_MAX = 16 };
_Static_assert(sizeof(((struct ik_pair_key *)NULL)->word) == KEY6_WORDS * sizeof(uint64_t),
               "the longer of both");

/* All that the pairing of an IPv4 echo reads and writes lies in the first 64 bytes, a cache line
 * where the memory is aligned so. */
struct entry {
    uint64_t hash; /* 0: nobody */
    uint64_t n;
    ik_ns at;
    uint16_t ip_id, checksum; /* to know a copy of the same packet from a request made again */
    uint8_t family, type;
    bool waiting, group, repeated;
    uint64_t key[KEY6_WORDS];
    uint8_t dst[16];
    uint8_t unused[16];
};
_Static_assert(sizeof(struct entry) == 128, "two cache lines");

struct ik_pair {
    uint8_t secret[16];
    ik_ns within;
    uint64_t waiting, evicted;
    uint32_t size;   /* of the ring, a power of two */
    uint32_t serial; /* of the next request, from 1: its place in the ring follows from it */
    bool full;       /* every place of the ring was taken once */
    struct ik_index index;
    struct entry *entries;
};

static uint32_t ring_size(uint32_t requests)
{
    uint32_t n = 1;
    while (n < UINT32_MAX / 2 && n < requests)
        n *= 2;
    return n;
}

static size_t index_at(void)
{
    return (sizeof(struct ik_pair) + 63) & ~(size_t)63;
}

static size_t entries_at(uint32_t requests)
{
    return index_at() + ik_index_bytes(ring_size(requests));
}

size_t ik_pair_bytes(uint32_t requests)
{
    return entries_at(requests) + ring_size(requests) * sizeof(struct entry);
}

struct ik_pair *ik_pair_init(void *mem, uint32_t requests, ik_ns within, const uint8_t secret[16])
{
    struct ik_pair *t = mem;
    uint8_t *p = mem;
    *t = (struct ik_pair){
        .within = within,
        .size = ring_size(requests),
        .serial = 1,
        .entries = (struct entry *)(void *)(p + entries_at(requests)),
    };
    memcpy(t->secret, secret, sizeof(t->secret));
    ik_index_init(&t->index, p + index_at(), t->size);
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

static struct entry *at(const struct ik_pair *t, uint32_t serial)
{
    return &t->entries[serial & (t->size - 1)];
}

/* Places of the ring that have been taken; the others hold nothing that means anything. */
static uint32_t taken(const struct ik_pair *t)
{
    return t->full ? t->size : t->serial - 1;
}

/* ---- those that wait ------------------------------------------------------------------------- */

static void stop_waiting(struct ik_pair *t, struct entry *e)
{
    t->waiting -= e->waiting;
    e->waiting = false;
}

static const struct pair_row *row_of(uint8_t family, uint8_t type, bool *is_reply)
{
    const uint8_t number = row_numbers[family == 6][type];
    const struct pair_row *row = number ? &rows[number - 1] : NULL;
    *is_reply = row && row->reply == type;
    return row;
}

static struct ik_addr asker_of(const struct entry *e)
{
    struct ik_addr a = {.family = e->family};
    if (e->family == 4) {
        ik_store_be32(a.bytes, (uint32_t)e->key[0]);
    } else {
        ik_store_be64(a.bytes, e->key[ASKER6_AT]);
        ik_store_be64(a.bytes + 8, e->key[ASKER6_AT + 1]);
    }
    return a;
}

static struct ik_addr dst_of(const struct entry *e)
{
    struct ik_addr a = {.family = e->family};
    memcpy(a.bytes, e->dst, ik_addr_bytes(e->family));
    return a;
}

/* The first four octets of the tag. */
static uint32_t tag_of(const struct entry *e)
{
    return (uint32_t)(e->family == 4 ? e->key[1] : e->key[TAG6_AT] >> 32);
}

void ik_pair_unanswered(const struct ik_pair *t, ik_ns before,
                        void (*fn)(void *ctx, const struct ik_look_request *request), void *ctx)
{
    for (uint32_t i = taken(t); i > 0; i--) {
        const struct entry *e = at(t, t->serial - i);
        bool is_reply;
        if (!e->waiting || (before != IK_NEVER && e->at > before))
            continue;
        const struct pair_row *row = row_of(e->family, e->type, &is_reply);
        const uint32_t tag = tag_of(e);
        const struct ik_look_request request = {
            .n = e->n,
            .time = e->at,
            .src = asker_of(e),
            .dst = dst_of(e),
            .type = e->type,
            .ident = (uint16_t)(tag >> 16),
            .seq = (uint16_t)(row->tag_bytes >= 4   ? tag
                              : row->tag_bytes == 3 ? tag >> 8 & 0xff
                                                    : 0),
        };
        fn(ctx, &request);
    }
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Octets of a tag as the two words that TAG_MAX of them make, zeros behind. */
static void tag_load(uint64_t word[static 2], const uint8_t *tag, size_t n)
{
    uint8_t all[TAG_MAX] = {0};
    memcpy(all, tag, n);
    word[0] = ik_load_be64(all);
    word[1] = ik_load_be64(all + 8);
}

/* NULL stands for "whoever". */
static void key_make4(struct ik_pair_key *k, const struct pair_row *row,
                      const struct ik_addr *asker, const struct ik_addr *asked, const uint8_t *tag)
{
    uint64_t octets[2] = {0, 0};
    if (row->tag_bytes == 4)
        octets[0] = (uint64_t)ik_load_be32(tag) << 32;
    else
        tag_load(octets, tag, row->tag_bytes);
    k->word[0] = (uint64_t)row->family << 56 | (uint64_t)row->request << 48 |
                 (asker ? ik_load_be32(asker->bytes) : 0);
    k->word[1] = (uint64_t)(asked ? ik_load_be32(asked->bytes) : 0) << 32 | octets[0] >> 32;
    k->n = KEY4_WORDS;
}

static void key_make6(struct ik_pair_key *k, const struct pair_row *row,
                      const struct ik_addr *asker, const struct ik_addr *asked, const uint8_t *tag)
{
    k->word[0] = (uint64_t)row->family << 56 | (uint64_t)row->request << 48;
    for (size_t i = 0; i < 2; i++) {
        k->word[ASKER6_AT + i] = asker ? ik_load_be64(asker->bytes + 8 * i) : 0;
        k->word[ASKED6_AT + i] = asked ? ik_load_be64(asked->bytes + 8 * i) : 0;
    }
    tag_load(k->word + TAG6_AT, tag, row->tag_bytes);
    k->n = KEY6_WORDS;
}

static void key_make(struct ik_pair_key *k, const struct pair_row *row, const struct ik_addr *asker,
                     const struct ik_addr *asked, const uint8_t *tag)
{
    if (row->family == 4)
        key_make4(k, row, asker, asked, tag);
    else
        key_make6(k, row, asker, asked, tag);
}

/* Keys of both families differ in their first word. */
static bool key_is(const struct ik_pair_key *k, const uint64_t *word)
{
    bool same = k->word[0] == word[0] && k->word[1] == word[1];
    for (size_t i = KEY4_WORDS; i < k->n && same; i++)
        same = k->word[i] == word[i];
    return same;
}

/* True where several may answer. */
static bool is_group(const struct ik_addr *a)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    return ik_addr_is_multicast(a) || (a->family == 4 && !memcmp(a->bytes, all, 4));
}

/* ---- the table ------------------------------------------------------------------------------- */

static void hash_make(const struct ik_pair *t, struct ik_pair_key *k)
{
    const uint64_t h = k->n == KEY4_WORDS
                           ? ik_siphash13(t->secret, k->word, KEY4_WORDS * sizeof(k->word[0]))
                           : ik_siphash13(t->secret, k->word, KEY6_WORDS * sizeof(k->word[0]));
    k->hash = h ? h : 1;
}

static struct entry *find(const struct ik_pair *t, const struct ik_pair_key *k)
{
    const struct ik_index_bucket *b = ik_index_at(&t->index, k->hash);
    for (unsigned ways = ik_index_match(b, k->hash); ways; ways &= ways - 1) {
        const uint32_t serial = b->what[__builtin_ctz(ways)];
        struct entry *e = at(t, serial);
        if (serial && e->hash == k->hash && key_is(k, e->key))
            return e;
    }
    return NULL;
}

/* Of a key that has no hash yet. */
static struct entry *find_key(const struct ik_pair *t, struct ik_pair_key *k)
{
    hash_make(t, k);
    return find(t, k);
}

static void forget(struct ik_pair *t, struct entry *e)
{
    t->evicted += e->waiting;
    stop_waiting(t, e);
    e->hash = 0;
}

/* Where a new request is indexed: a way that is free, or whose request has left the ring, else that
 * of the oldest there (a bucket is twice as large as its share, so that hardly happens). */
static int way_for(struct ik_pair *t, const struct ik_index_bucket *b)
{
    int oldest = 0;
    uint32_t most = 0;
    for (int i = 0; i < IK_INDEX_WAYS; i++) {
        const uint32_t age = t->serial - b->what[i];
        if (b->what[i] == 0 || age >= t->size)
            return i;
        if (age > most) {
            most = age;
            oldest = i;
        }
    }
    forget(t, at(t, b->what[oldest]));
    return oldest;
}

/* The next place of the ring, indexed under the hash. */
static struct entry *place(struct ik_pair *t, uint64_t hash)
{
    struct ik_index_bucket *b = ik_index_at(&t->index, hash);
    struct entry *e = at(t, t->serial);
    if (t->full)
        forget(t, e);
    ik_index_set(b, way_for(t, b), hash, t->serial);
    t->full = t->full || t->serial == t->size;
    t->serial = t->serial + 1 ? t->serial + 1 : 1;
    return e;
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

/* A request takes its place, to wait for an answer. */
static void wait_for_answer(struct ik_pair *t, const struct ik_look_packet *p,
                            const struct ik_pair_key *k, bool group)
{
    struct entry *e = place(t, k->hash);
    e->hash = k->hash;
    e->n = p->frame.n;
    e->at = p->frame.time;
    e->ip_id = (uint16_t)p->ip.id;
    e->checksum = p->icmp.checksum;
    e->family = p->ip.version;
    e->type = p->icmp.type;
    e->waiting = true;
    e->group = group;
    e->repeated = false;
    if (k->n == KEY4_WORDS) {
        memcpy(e->key, k->word, KEY4_WORDS * sizeof(k->word[0]));
        memcpy(e->dst, p->ip.dst.bytes, 4);
    } else {
        memcpy(e->key, k->word, sizeof(k->word));
        memcpy(e->dst, p->ip.dst.bytes, 16);
    }
    t->waiting++;
}

static void judge_request(struct ik_pair *t, struct ik_look_packet *p, const struct pair_row *row,
                          const struct ik_pair_key *k)
{
    const bool group = row->by_target || is_group(&p->ip.final_dst);
    struct ik_pair_key whole;
    if (row->by_target) {
        key_make(&whole, row, &p->ip.src, NULL, p->icmp.raw.p + row->tag_at);
        hash_make(t, &whole);
        k = &whole;
    }
    struct entry *e = find(t, k);
    if (e && e->waiting && in_time(t, e->at, p->frame.time)) {
        p->pair = IK_LOOK_PAIR_REPEATED;
        p->pair_n = e->n;
        /* The same packet seen twice (captured on both sides of a router) is no second request. */
        e->repeated =
            e->repeated || e->checksum != p->icmp.checksum || e->ip_id != (uint16_t)p->ip.id;
        return;
    }
    if (e) {
        stop_waiting(t, e); /* history: another request with the same numbers */
        e->hash = 0;
    }
    wait_for_answer(t, p, k, group);
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

static void judge_reply(struct ik_pair *t, struct ik_look_packet *p, const struct pair_row *row,
                        const struct ik_pair_key *k)
{
    const struct ik_ip *ip = &p->ip;
    /* An advertisement to all goes to whoever asked without an address. */
    const struct ik_addr *asker =
        row->by_target && ik_addr_is_multicast(&ip->final_dst) ? NULL : &ip->final_dst;
    struct entry *e = row->by_target ? NULL : find(t, k);
    if (!e) {
        struct ik_pair_key group;
        key_make(&group, row, asker, NULL, p->icmp.raw.p + row->tag_at);
        e = find_key(t, &group);
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
    struct ik_pair_key k;
    key_make(&k, row, &q->ip.src, is_group(&q->ip.dst) ? NULL : &q->ip.dst, q->transport.p + 4);
    struct entry *e = find_key(t, &k);
    if (e && in_time(t, e->at, p->frame.time))
        answered(t, p, e, IK_LOOK_PAIR_ERROR);
}

void ik_pair_expect(const struct ik_pair *t, const struct ik_ip *ip, struct ik_pair_key *key)
{
    enum { HEAD = 4 };
    const struct ik_rd m = ip->payload;
    bool is_reply;
    const struct pair_row *row = m.left ? row_of(ip->version, m.p[0], &is_reply) : NULL;
    key->n = 0;
    if (!row || row->by_target || m.left < HEAD + (size_t)row->tag_at + row->tag_bytes)
        return;
    const struct ik_addr *asker = is_reply ? &ip->final_dst : &ip->src;
    const struct ik_addr *asked = is_reply ? &ip->src : &ip->final_dst;
    key_make(key, row, asker, is_group(asked) ? NULL : asked, m.p + HEAD + row->tag_at);
    hash_make(t, key);
    __builtin_prefetch(ik_index_at(&t->index, key->hash));
}

void ik_pair_judge(struct ik_pair *t, struct ik_look_packet *p, const struct ik_pair_key *key)
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
        judge_reply(t, p, row, key);
    else
        judge_request(t, p, row, key);
}
