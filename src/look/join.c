/* SPDX-License-Identifier: MIT
 * Reassembly. What is looked through at each fragment is small and stands together; the bytes lie
 * apart: room for headers, then 65,535 bytes at their offsets. */
#include "look/join.h"

#include "base/rd.h"
#include "wire/fault.h"

#include <string.h>

enum {
    HEAD_MAX = 1280, /* headers before the data; a first fragment with more is not put together */
    DATA_MAX = 65535,
    UNITS = 8192, /* of 8 bytes */
    IP4_BYTES = 20,
    IP4_LENGTH_AT = 2,
    IP4_FLAGS_AT = 6,
    IP4_SUM_AT = 10,
    IP6_BYTES = 40,
    IP6_LENGTH_AT = 4,
    IP6_NEXT_AT = 6,
};

struct store {
    uint8_t filled[UNITS / 8]; /* a bit a unit */
    uint8_t head[HEAD_MAX];    /* right-aligned: the data follows */
    uint8_t data[DATA_MAX + 1];
};

struct slot {
    bool used, dead, whole; /* dead: overlapped, the rest of it is ignored */
    uint8_t family, proto;
    uint16_t parts;
    uint32_t id;
    struct ik_addr src, dst;
    ik_ns since;
    uint32_t have, total; /* bytes of data there, of all (0: the last fragment is not there) */
    uint32_t end;         /* of the last byte there */
    uint32_t head_bytes;  /* 0: the first fragment is not there */
};

struct ik_join {
    uint32_t n;
    ik_ns within;
    struct ik_join_stats stats;
    bool any_whole;
    struct slot *slots;
    struct store *stores;
};

static size_t slots_at(void)
{
    return (sizeof(struct ik_join) + 15) & ~(size_t)15;
}

static size_t stores_at(uint32_t datagrams)
{
    return (slots_at() + datagrams * sizeof(struct slot) + 15) & ~(size_t)15;
}

size_t ik_join_bytes(uint32_t datagrams)
{
    return stores_at(datagrams) + datagrams * sizeof(struct store);
}

struct ik_join *ik_join_init(void *mem, uint32_t datagrams, ik_ns within)
{
    struct ik_join *j = mem;
    uint8_t *p = mem;
    *j = (struct ik_join){
        .n = datagrams,
        .within = within,
        .slots = (struct slot *)(void *)(p + slots_at()),
        .stores = (struct store *)(void *)(p + stores_at(datagrams)),
    };
    memset(j->slots, 0, datagrams * sizeof(struct slot));
    return j;
}

const struct ik_join_stats *ik_join_stats(const struct ik_join *j)
{
    return &j->stats;
}

void ik_join_next(struct ik_join *j)
{
    for (uint32_t i = 0; j->any_whole && i < j->n; i++) {
        if (j->slots[i].whole)
            j->slots[i].used = j->slots[i].whole = false;
    }
    j->any_whole = false;
}

/* ---- the datagram ---------------------------------------------------------------------------- */

/* RFC 791 section 3.2 tells datagrams apart by protocol too, RFC 8200 section 4.5 does not. */
static bool is_of(const struct slot *s, const struct ik_ip *ip)
{
    return s->used && !s->whole && s->id == ip->id && s->family == ip->version &&
           (ip->version == 6 || s->proto == ip->proto) && ik_addr_same_host(&s->src, &ip->src) &&
           ik_addr_same_host(&s->dst, &ip->dst);
}

/* A free slot, else the one that waits longest; never one that is whole and lent out. */
static struct slot *free_slot(struct ik_join *j)
{
    struct slot *oldest = NULL;
    for (uint32_t i = 0; i < j->n; i++) {
        struct slot *s = &j->slots[i];
        if (!s->used)
            return s;
        if (!s->whole && (!oldest || s->since < oldest->since))
            oldest = s;
    }
    if (oldest)
        j->stats.evicted++;
    return oldest;
}

/* The datagram that the fragment is part of, begun if need be; what waited for too long goes. NULL
 * when every slot is lent out. */
static struct slot *slot_for(struct ik_join *j, ik_ns now, const struct ik_ip *ip)
{
    for (uint32_t i = 0; i < j->n; i++) {
        struct slot *s = &j->slots[i];
        if (s->used && !s->whole && now - s->since > j->within) {
            s->used = false;
            j->stats.expired += !s->dead;
        }
        if (is_of(s, ip))
            return s;
    }
    struct slot *s = free_slot(j);
    if (!s)
        return NULL;
    *s = (struct slot){.used = true,
                       .family = ip->version,
                       .proto = ip->proto,
                       .id = ip->id,
                       .src = ip->src,
                       .dst = ip->dst,
                       .since = now};
    memset(j->stores[s - j->slots].filled, 0, UNITS / 8);
    return s;
}

/* ---- the pieces ------------------------------------------------------------------------------ */

static bool unit_is_filled(const struct store *st, uint32_t unit)
{
    return st->filled[unit / 8] >> unit % 8 & 1;
}

enum fit { FIT_NEW, FIT_KNOWN, FIT_OVERLAP };

/* Whether the bytes are new, a copy of what is there (networks make those), or neither. */
static enum fit fit(const struct slot *s, const struct store *st, uint32_t at, struct ik_rd data,
                    bool last)
{
    const uint32_t end = at + (uint32_t)data.left;
    if (s->total ? end > s->total || (last && end != s->total) : last && end < s->end)
        return FIT_OVERLAP;
    uint32_t filled = 0, units = 0;
    for (uint32_t u = at / 8; u * 8 < end; u++, units++)
        filled += unit_is_filled(st, u);
    if (!filled)
        return FIT_NEW;
    return filled == units && !memcmp(st->data + at, data.p, data.left) ? FIT_KNOWN : FIT_OVERLAP;
}

static void fill(struct slot *s, struct store *st, uint32_t at, struct ik_rd data, bool last)
{
    const uint32_t end = at + (uint32_t)data.left;
    memcpy(st->data + at, data.p, data.left);
    for (uint32_t u = at / 8; u * 8 < end; u++)
        st->filled[u / 8] = (uint8_t)(st->filled[u / 8] | 1u << u % 8);
    s->have += (uint32_t)data.left;
    s->parts++;
    if (end > s->end)
        s->end = end;
    if (last)
        s->total = end;
}

/* Bytes of the headers that stand before the data in the whole IPv6 datagram: all up to the
 * fragment header, which is left out, and where its next header is named. 0 when there is none. */
static uint32_t head6(const struct ik_ip *ip, uint32_t *named_at, uint8_t *next)
{
    struct ik_rd chain = ip->options;
    uint8_t proto = ip->next_header;
    uint32_t at = IP6_BYTES;
    *named_at = IP6_NEXT_AT;
    struct ik_ip6ext ext;
    while (!ik_ip6ext_take(&chain, &proto, &ext, NULL)) {
        if (ext.proto == IK_PROTO_FRAGMENT) {
            *next = ext.next;
            return at;
        }
        *named_at = at; /* every extension header begins with it */
        at += (uint32_t)ext.bytes.left;
    }
    return 0;
}

/* Keeps the headers of the first fragment, as those of the whole: only lengths are missing. */
static void keep_head(struct slot *s, struct store *st, const struct ik_ip *ip, struct ik_rd bytes)
{
    uint32_t n = ip->header_bytes, named_at = 0;
    uint8_t next = 0;
    if (ip->version == 6)
        n = head6(ip, &named_at, &next);
    if (n == 0 || n > HEAD_MAX || n > bytes.left)
        return;
    uint8_t *head = st->head + HEAD_MAX - n;
    memcpy(head, bytes.p, n);
    if (ip->version == 6)
        head[named_at] = next;
    s->head_bytes = n;
}

/* Lengths and checksum of the whole. False when no header can say that length. */
static bool close_head(const struct slot *s, struct store *st)
{
    uint8_t *head = st->head + HEAD_MAX - s->head_bytes;
    const uint32_t all = s->head_bytes + s->total;
    if (s->family == 6) {
        if (all - IP6_BYTES > DATA_MAX)
            return false;
        ik_store_be16(head + IP6_LENGTH_AT, (uint16_t)(all - IP6_BYTES));
        return true;
    }
    if (all > DATA_MAX)
        return false;
    ik_store_be16(head + IP4_LENGTH_AT, (uint16_t)all);
    head[IP4_FLAGS_AT] &= 0x40; /* DF may stand beside MF; the offset is 0 */
    head[IP4_FLAGS_AT + 1] = 0;
    ik_store_be16(head + IP4_SUM_AT, 0);
    const struct ik_rd header = {head, s->head_bytes};
    ik_store_be16(head + IP4_SUM_AT, ik_cksum_fold(ik_cksum_add(0, header)));
    return true;
}

static bool is_whole(const struct slot *s)
{
    return s->head_bytes && s->total && s->have == s->total;
}

bool ik_join_put(struct ik_join *j, ik_ns now, const struct ik_ip *ip, struct ik_rd bytes,
                 struct ik_faults *faults, struct ik_rd *whole, uint16_t *parts)
{
    const struct ik_rd data = ip->payload;
    const uint32_t at = ip->offset_bytes;
    j->stats.fragments++;
    /* What a receiver drops is no part of anything; the decoder told the flaw. */
    if (ip->truncated || data.left == 0 || at + data.left > DATA_MAX || (ip->mf && data.left % 8))
        return false;
    struct slot *s = slot_for(j, now, ip);
    if (!s || s->dead)
        return false;
    struct store *st = &j->stores[s - j->slots];
    const enum fit how = fit(s, st, at, data, !ip->mf);
    if (how == FIT_OVERLAP) {
        s->dead = true;
        j->stats.overlapped++;
        ik_fault_add(faults, IK_FLAW_FRAGMENT_OVERLAP, ip->header_bytes);
        return false;
    }
    if (how == FIT_NEW)
        fill(s, st, at, data, !ip->mf);
    if (at == 0 && !s->head_bytes)
        keep_head(s, st, ip, bytes);
    if (!is_whole(s))
        return false;
    if (!close_head(s, st)) {
        s->dead = true;
        return false;
    }
    s->whole = j->any_whole = true;
    j->stats.whole++;
    *whole = (struct ik_rd){st->head + HEAD_MAX - s->head_bytes, s->head_bytes + s->total};
    *parts = s->parts;
    return true;
}
