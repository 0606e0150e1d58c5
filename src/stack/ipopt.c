/* SPDX-License-Identifier: MIT
 * IPv4 options on the way and at the end. */
#include "stack/ipopt.h"

#include "base/bytes.h"
#include "base/rd.h"

#include <string.h>

/* Octets of an option, from its type. Pointers in options count from 1. */
enum { LENGTH = 1, POINTER = 2, FLAGS = 3, ROUTE_HEAD = 3, STAMP_HEAD = 4, ADDR = 4, TIME = 4 };
enum { SRC = 12, DST = 16 };
enum { FLAG_TIMES = 0, FLAG_ADDRS = 1, FLAG_ASKED = 3, OVERFLOW_MAX = 15 };

static struct ik_addr addr4(const uint8_t *p)
{
    struct ik_addr a = {.family = 4};
    memcpy(a.bytes, p, ADDR);
    return a;
}

/* Octets that one entry of a timestamp needs; 0 for a flag that is none. */
static uint8_t stamp_entry(uint8_t flags)
{
    switch (flags & 0xf) {
    case FLAG_TIMES:
        return TIME;
    case FLAG_ADDRS:
    case FLAG_ASKED:
        return ADDR + TIME;
    default:
        return 0;
    }
}

/* What is wrong with a record or source route, as octets from its type; 0: nothing. There must be
 * room for a whole address at the pointer, or none at all. */
static uint8_t judge_route(const struct ik_ipopt *opt)
{
    const uint8_t *o = opt->bytes.p;
    if (opt->bytes.left < ROUTE_HEAD)
        return LENGTH;
    const uint8_t pointer = o[POINTER];
    if (pointer <= ROUTE_HEAD)
        return POINTER;
    if (pointer > opt->bytes.left)
        return 0;
    const bool between = (pointer - ROUTE_HEAD - 1) % ADDR;
    return between || pointer - 1u + ADDR > opt->bytes.left ? POINTER : 0;
}

static uint8_t judge_stamp(const struct ik_ipopt *opt)
{
    const uint8_t *o = opt->bytes.p;
    if (opt->bytes.left < STAMP_HEAD)
        return LENGTH;
    const uint8_t pointer = o[POINTER], entry = stamp_entry(o[FLAGS]);
    if (pointer <= STAMP_HEAD)
        return POINTER;
    if (entry == 0)
        return FLAGS;
    if (pointer > opt->bytes.left)
        return o[FLAGS] >> 4 == OVERFLOW_MAX ? FLAGS : 0;
    const bool between = (pointer - STAMP_HEAD - 1) % entry;
    return between || pointer - 1u + entry > opt->bytes.left ? POINTER : 0;
}

static void note_route(struct ik_ipopt_scan *s, const struct ik_ipopt *opt)
{
    const uint8_t *o = opt->bytes.p;
    const uint8_t full = (uint8_t)((o[LENGTH] - ROUTE_HEAD) / ADDR);
    const uint8_t moved = (uint8_t)((o[POINTER] - ROUTE_HEAD - 1) / ADDR);
    s->strict = opt->type == IK_IPOPT_SSRR;
    s->ended = o[POINTER] > o[LENGTH];
    s->passed = moved < full ? moved : full;
    if (!s->ended)
        s->next = addr4(o + o[POINTER] - 1);
}

static void note_stamp(struct ik_ipopt_scan *s, const struct ik_ipopt *opt)
{
    const uint8_t *o = opt->bytes.p;
    s->asks = (o[FLAGS] & 0xf) == FLAG_ASKED && o[POINTER] <= opt->bytes.left;
    if (s->asks)
        s->asked = addr4(o + o[POINTER] - 1);
}

/* One option at `at`. Returns the octet that is wrong, from its type, or -1. Record route,
 * timestamp and the source routes stand at most once (RFC 791 section 3.1; both source routes
 * together: RFC 1812 section 5.2.4.1). */
static int note(struct ik_ipopt_scan *s, const struct ik_ipopt *opt, uint8_t at)
{
    uint8_t wrong = 0, *seen;
    if (opt->type == IK_IPOPT_RECORD_ROUTE)
        seen = &s->record;
    else if (opt->type == IK_IPOPT_TIMESTAMP)
        seen = &s->stamp;
    else if (opt->type == IK_IPOPT_LSRR || opt->type == IK_IPOPT_SSRR)
        seen = &s->route;
    else
        return -1;
    if (*seen)
        return 0;
    *seen = at;
    wrong = seen == &s->stamp ? judge_stamp(opt) : judge_route(opt);
    if (wrong)
        return wrong;
    if (seen == &s->route)
        note_route(s, opt);
    else if (seen == &s->stamp)
        note_stamp(s, opt);
    return -1;
}

enum ik_err ik_ipopt_scan(struct ik_rd header, struct ik_ipopt_scan *out, uint8_t *pointer)
{
    struct ik_ipopt_scan s = {0};
    struct ik_rd rest = ik_rd_from(header, IK_IPOPT_FIXED);
    for (;;) {
        const uint8_t at = (uint8_t)(header.left - rest.left);
        const bool alone = rest.left < 2; /* no octet for a length: the type itself is wrong */
        struct ik_ipopt opt;
        const enum ik_err err = ik_ipopt_take(&rest, &opt, NULL);
        if (err == IK_E_NOT_FOUND)
            break;
        const int wrong = err ? (alone ? 0 : LENGTH) : note(&s, &opt, at);
        if (wrong >= 0) {
            *pointer = (uint8_t)(at + wrong);
            return IK_E_VALUE;
        }
    }
    *out = s;
    return IK_OK;
}

bool ik_ipopt_is_full_count(const uint8_t *header, uint8_t pointer)
{
    if (pointer < IK_IPOPT_FIXED + FLAGS)
        return false;
    const uint8_t *o = header + pointer - FLAGS;
    return o[0] == IK_IPOPT_TIMESTAMP && o[POINTER] > o[LENGTH] && o[FLAGS] >> 4 == OVERFLOW_MAX;
}

static void enter_record(uint8_t *o, const struct ik_ipopt_self *self)
{
    if (o[POINTER] > o[LENGTH])
        return;
    memcpy(o + o[POINTER] - 1, self->addr.bytes, ADDR);
    o[POINTER] = (uint8_t)(o[POINTER] + ADDR);
}

static void enter_stamp(uint8_t *o, const struct ik_ipopt_scan *scan,
                        const struct ik_ipopt_self *self)
{
    if (o[POINTER] > o[LENGTH]) {
        o[FLAGS] = (uint8_t)(o[FLAGS] + 0x10);
        return;
    }
    if (scan->asks && !self->asked)
        return;
    uint8_t *entry = o + o[POINTER] - 1;
    const uint8_t n = stamp_entry(o[FLAGS]);
    if ((o[FLAGS] & 0xf) == FLAG_ADDRS)
        memcpy(entry, self->addr.bytes, ADDR);
    ik_store_be32(entry + n - TIME, self->ms);
    o[POINTER] = (uint8_t)(o[POINTER] + n);
}

void ik_ipopt_enter(uint8_t *header, const struct ik_ipopt_scan *scan,
                    const struct ik_ipopt_self *self)
{
    if (scan->record)
        enter_record(header + scan->record, self);
    if (scan->stamp)
        enter_stamp(header + scan->stamp, scan, self);
}

void ik_ipopt_advance(uint8_t *header, const struct ik_ipopt_scan *scan, const struct ik_addr *addr)
{
    uint8_t *o = header + scan->route;
    memcpy(header + DST, scan->next.bytes, ADDR);
    memcpy(o + o[POINTER] - 1, addr->bytes, ADDR);
    o[POINTER] = (uint8_t)(o[POINTER] + ADDR);
}

struct ik_addr ik_ipopt_passed(struct ik_rd header, const struct ik_ipopt_scan *scan, uint8_t i)
{
    return addr4(header.p + scan->route + ROUTE_HEAD + (scan->passed - 1 - i) * ADDR);
}

/* The n first recorded addresses, last first; the last is where the packet goes first, and the
 * source comes at the end. */
static void back_route(const uint8_t *header, const uint8_t *o, uint8_t n,
                       struct ik_ipopt_back *out)
{
    const uint8_t *addrs = o + ROUTE_HEAD, *src = header + SRC;
    const uint8_t skip = n > 0 && memcmp(addrs, src, ADDR) == 0;
    if (n == skip)
        return;
    out->first = addr4(addrs + (n - 1) * ADDR);
    uint8_t *to = out->bytes + out->n;
    to[0] = o[0];
    to[POINTER] = ROUTE_HEAD + 1;
    uint8_t used = ROUTE_HEAD;
    for (uint8_t i = (uint8_t)(n - 1); i > skip; i--, used += ADDR)
        memcpy(to + used, addrs + (i - 1) * ADDR, ADDR);
    memcpy(to + used, src, ADDR);
    used += ADDR;
    to[LENGTH] = used;
    out->n = (uint8_t)(out->n + used);
}

static void back_copy(const uint8_t *o, struct ik_ipopt_back *out)
{
    memcpy(out->bytes + out->n, o, o[LENGTH]);
    out->n = (uint8_t)(out->n + o[LENGTH]);
}

void ik_ipopt_back(struct ik_rd header, const struct ik_ipopt_scan *scan, bool whole, uint8_t own,
                   struct ik_ipopt_back *out)
{
    *out = (struct ik_ipopt_back){.first = addr4(header.p + SRC)};
    for (uint8_t at = IK_IPOPT_FIXED; at < header.left; at++) {
        if (at == scan->route)
            back_route(header.p, header.p + at, (uint8_t)(scan->passed - own), out);
        else if (whole && (at == scan->record || at == scan->stamp))
            back_copy(header.p + at, out);
    }
    while (out->n % 4)
        out->bytes[out->n++] = IK_IPOPT_END;
}
