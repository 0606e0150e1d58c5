/* SPDX-License-Identifier: MIT
 * Longest prefix match. Prefixes are nested or apart, never crossing; so the longest one around an
 * address is either the last that begins at or before it, or one around that. */
#include "net/lpm.h"

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

enum { NONE = UINT16_MAX };

struct key {
    uint64_t hi, lo;
    uint8_t bits;
};

static struct key key_of(const struct ik_addr *a, uint8_t bits)
{
    if (a->family == 4)
        return (struct key){(uint64_t)ik_load_be32(a->bytes) << 32, 0, bits};
    return (struct key){ik_load_be64(a->bytes), ik_load_be64(a->bytes + 8), bits};
}

static uint64_t high_bits(unsigned n)
{
    return n == 0 ? 0 : UINT64_MAX << (64 - n);
}

static bool covers(const struct ik_lpm_row *r, uint64_t hi, uint64_t lo)
{
    if (r->bits <= 64)
        return ((hi ^ r->hi) & high_bits(r->bits)) == 0;
    return hi == r->hi && ((lo ^ r->lo) & high_bits(r->bits - 64u)) == 0;
}

static bool is_after(const struct ik_lpm_row *r, const struct key *k)
{
    if (r->hi != k->hi)
        return r->hi > k->hi;
    return r->lo != k->lo ? r->lo > k->lo : r->bits > k->bits;
}

/* How many rows of the family are at or before the key, counted from row 0. */
static uint32_t upper(const struct ik_lpm *l, uint8_t family, const struct key *k)
{
    uint32_t low = family == 4 ? 0 : l->n_v4;
    uint32_t high = family == 4 ? l->n_v4 : l->n;
    while (low < high) {
        const uint32_t mid = (low + high) / 2;
        if (is_after(&l->rows[mid], k))
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

/* The longest prefix around an address, walking outwards from the row before `end`. */
static uint32_t around(const struct ik_lpm *l, uint8_t family, uint32_t end, const struct key *k)
{
    uint32_t i = end == (family == 4 ? 0 : l->n_v4) ? NONE : end - 1;
    while (i != NONE && !covers(&l->rows[i], k->hi, k->lo))
        i = l->rows[i].around;
    return i;
}

static bool is_key(const struct ik_lpm_row *r, const struct key *k)
{
    return r->hi == k->hi && r->lo == k->lo && r->bits == k->bits;
}

/* The row of exactly that prefix, or NONE with where it would go. */
static uint32_t exact(const struct ik_lpm *l, uint8_t family, const struct key *k, uint32_t *place)
{
    *place = upper(l, family, k);
    const bool any = *place > (family == 4 ? 0 : l->n_v4);
    return any && is_key(&l->rows[*place - 1], k) ? *place - 1 : NONE;
}

size_t ik_lpm_bytes(uint32_t bound)
{
    return bound * sizeof(struct ik_lpm_row);
}

void ik_lpm_init(struct ik_lpm *l, void *mem, uint32_t bound)
{
    assert(bound <= IK_LPM_MAX);
    *l = (struct ik_lpm){.rows = mem, .bound = (uint16_t)bound};
}

/* Makes room at `place`; the rows behind and what points at them move up. */
static void shift_up(struct ik_lpm *l, uint32_t place)
{
    memmove(&l->rows[place + 1], &l->rows[place], (l->n - place) * sizeof(l->rows[0]));
    l->n++;
    for (uint32_t i = place + 1; i < l->n; i++)
        if (l->rows[i].around != NONE && l->rows[i].around >= place)
            l->rows[i].around++;
}

static void shift_down(struct ik_lpm *l, uint32_t place)
{
    l->n--;
    memmove(&l->rows[place], &l->rows[place + 1], (l->n - place) * sizeof(l->rows[0]));
    for (uint32_t i = place; i < l->n; i++)
        if (l->rows[i].around != NONE && l->rows[i].around > place)
            l->rows[i].around--;
}

/* The rows inside row `place` follow it; those that lay directly in `from` now lie in `to`. */
static void rehang(struct ik_lpm *l, uint8_t family, uint32_t place, uint16_t from, uint16_t to)
{
    const struct ik_lpm_row *outer = &l->rows[place];
    const uint32_t end = family == 4 ? l->n_v4 : l->n;
    for (uint32_t i = place + 1; i < end && covers(outer, l->rows[i].hi, l->rows[i].lo); i++)
        if (l->rows[i].around == from)
            l->rows[i].around = to;
}

enum ik_err ik_lpm_put(struct ik_lpm *l, const struct ik_prefix *p, uint32_t value)
{
    const uint8_t family = p->addr.family;
    const struct key k = key_of(&p->addr, p->bits);
    uint32_t place;
    const uint32_t there = exact(l, family, &k, &place);
    if (there != NONE) {
        l->rows[there].value = value;
        return IK_OK;
    }
    if (l->n == l->bound)
        return IK_E_FULL;
    const uint16_t outer = (uint16_t)around(l, family, place, &k);
    shift_up(l, place);
    if (family == 4)
        l->n_v4++;
    l->rows[place] = (struct ik_lpm_row){k.hi, k.lo, value, outer, p->bits};
    rehang(l, family, place, outer, (uint16_t)place);
    return IK_OK;
}

bool ik_lpm_remove(struct ik_lpm *l, const struct ik_prefix *p)
{
    const uint8_t family = p->addr.family;
    const struct key k = key_of(&p->addr, p->bits);
    uint32_t place;
    const uint32_t there = exact(l, family, &k, &place);
    if (there == NONE)
        return false;
    rehang(l, family, there, (uint16_t)there, l->rows[there].around);
    shift_down(l, there);
    if (family == 4)
        l->n_v4--;
    return true;
}

bool ik_lpm_get(const struct ik_lpm *l, const struct ik_addr *addr, uint32_t *value)
{
    const struct key k = key_of(addr, UINT8_MAX);
    const uint32_t i = around(l, addr->family, upper(l, addr->family, &k), &k);
    if (i == NONE)
        return false;
    *value = l->rows[i].value;
    return true;
}

void ik_lpm_at(const struct ik_lpm *l, uint32_t i, struct ik_prefix *p, uint32_t *value)
{
    const struct ik_lpm_row *r = &l->rows[i];
    *p = (struct ik_prefix){.bits = r->bits};
    if (i < l->n_v4) {
        p->addr.family = 4;
        ik_store_be32(p->addr.bytes, (uint32_t)(r->hi >> 32));
    } else {
        p->addr.family = 6;
        ik_store_be64(p->addr.bytes, r->hi);
        ik_store_be64(p->addr.bytes + 8, r->lo);
    }
    *value = r->value;
}
