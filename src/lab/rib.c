/* SPDX-License-Identifier: MIT */
#include "lab/rib.h"

#include <stdlib.h>
#include <string.h>

/* Room for n more of `size` bytes each. */
static bool grow(void **at, size_t *room, size_t have, size_t more, size_t size)
{
    if (have + more <= *room)
        return true;
    size_t to = *room ? *room : 8;
    while (to < have + more)
        to *= 2;
    void *grown = realloc(*at, to * size);
    if (!grown)
        return false;
    *at = grown;
    *room = to;
    return true;
}

/* ---- sets of ways ---------------------------------------------------------------------------- */

static bool set_is(const struct ik_rib *r, const struct ik_rib_set *s,
                   const struct ik_rib_way *ways, size_t n)
{
    if (s->n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (r->ways[s->first + i].port != ways[i].port ||
            !ik_addr_equal(&r->ways[s->first + i].via, &ways[i].via))
            return false;
    return true;
}

static bool set_of(struct ik_rib *r, const struct ik_rib_way *ways, size_t n, uint32_t *out)
{
    /* The last ones are the likeliest; a node has few. */
    for (size_t i = r->n_sets; i-- > 0;) {
        if (set_is(r, &r->sets[i], ways, n)) {
            *out = (uint32_t)i;
            return true;
        }
    }
    void *sets = r->sets, *all = r->ways;
    const bool room = grow(&sets, &r->sets_room, r->n_sets, 1, sizeof(*r->sets));
    r->sets = sets;
    if (!room || !grow(&all, &r->ways_room, r->n_ways, n, sizeof(*r->ways)))
        return false;
    r->ways = all;
    memcpy(r->ways + r->n_ways, ways, n * sizeof(*ways));
    r->sets[r->n_sets] = (struct ik_rib_set){(uint32_t)r->n_ways, (uint32_t)n, 0};
    r->n_ways += n;
    *out = (uint32_t)r->n_sets++;
    return true;
}

/* ---- entries --------------------------------------------------------------------------------- */

static bool bit_of(const struct ik_addr *a, unsigned bit)
{
    return a->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

/* True when b is the upper half of what a is the lower half of. */
static bool are_halves(const struct ik_prefix *a, const struct ik_prefix *b)
{
    if (a->bits != b->bits || a->bits == 0 || a->addr.family != b->addr.family)
        return false;
    const unsigned last = a->bits - 1u;
    if (bit_of(&a->addr, last) || !bit_of(&b->addr, last))
        return false;
    struct ik_addr lower = b->addr;
    lower.bytes[last / 8] &= (uint8_t) ~(0x80u >> last % 8);
    return ik_addr_same_host(&a->addr, &lower);
}

static void drop_last(struct ik_rib *r)
{
    const struct ik_rib_entry *e = &r->entries[--r->n_entries];
    r->sets[e->set].used--;
    r->n_routes -= r->sets[e->set].n;
}

enum ik_err ik_rib_add(struct ik_rib *r, const struct ik_prefix *prefix,
                       const struct ik_rib_way *ways, size_t n)
{
    struct ik_rib_entry add = {.prefix = *prefix};
    void *entries = r->entries;
    if (n == 0)
        return IK_OK;
    if (!set_of(r, ways, n, &add.set) ||
        !grow(&entries, &r->entries_room, r->n_entries, 1, sizeof(*r->entries)))
        return IK_E_NOMEM;
    r->entries = entries;
    while (r->n_entries > 0) {
        const struct ik_rib_entry *before = &r->entries[r->n_entries - 1];
        /* A whole of no bits would be a default route: for addresses that nobody has, too. */
        if (before->set != add.set || add.prefix.bits <= 1 ||
            !are_halves(&before->prefix, &add.prefix))
            break;
        add.prefix = before->prefix;
        add.prefix.bits--;
        drop_last(r);
    }
    r->entries[r->n_entries++] = add;
    r->sets[add.set].used++;
    r->n_routes += n;
    return IK_OK;
}

/* ---- the default route ----------------------------------------------------------------------- */

/* The set that most entries of the family have; the first of equals. False without any. */
static bool commonest(struct ik_rib *r, uint8_t family, uint32_t *out)
{
    for (size_t i = 0; i < r->n_sets; i++)
        r->sets[i].used = 0;
    bool any = false;
    for (size_t i = 0; i < r->n_entries; i++) {
        if (r->entries[i].prefix.addr.family == family) {
            r->sets[r->entries[i].set].used++;
            any = true;
        }
    }
    uint32_t best = 0;
    for (uint32_t i = 1; i < r->n_sets; i++)
        if (r->sets[i].used > r->sets[best].used)
            best = i;
    *out = best;
    return any;
}

static enum ik_err family_default(struct ik_rib *r, uint8_t family)
{
    uint32_t best;
    void *entries = r->entries;
    if (!commonest(r, family, &best))
        return IK_OK;
    size_t kept = 0;
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct ik_rib_entry *e = &r->entries[i];
        if (e->prefix.addr.family == family && e->set == best)
            r->n_routes -= r->sets[best].n;
        else
            r->entries[kept++] = *e;
    }
    r->n_entries = kept;
    if (!grow(&entries, &r->entries_room, kept, 1, sizeof(*r->entries)))
        return IK_E_NOMEM;
    r->entries = entries;
    r->entries[r->n_entries++] =
        (struct ik_rib_entry){.prefix = {.addr = {.family = family}}, .set = best};
    r->n_routes += r->sets[best].n;
    return IK_OK;
}

enum ik_err ik_rib_default(struct ik_rib *r)
{
    const enum ik_err err = family_default(r, 4);
    return err ? err : family_default(r, 6);
}

size_t ik_rib_write(const struct ik_rib *r, struct ik_stack_route *out)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n_entries; i++) {
        const struct ik_rib_set *s = &r->sets[r->entries[i].set];
        for (uint32_t k = 0; k < s->n; k++)
            out[n++] = (struct ik_stack_route){.prefix = r->entries[i].prefix,
                                               .kind = IK_STACK_ROUTE_VIA,
                                               .port = r->ways[s->first + k].port,
                                               .via = r->ways[s->first + k].via};
    }
    return n;
}

void ik_rib_free(struct ik_rib *r)
{
    free(r->entries);
    free(r->sets);
    free(r->ways);
    *r = (struct ik_rib){0};
}
