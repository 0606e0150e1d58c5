/* SPDX-License-Identifier: MIT
 * The tables of the XDP filter, which are mapped into this process. Readers in the
 * kernel do not wait for us, so every change leaves the tables in order between any two stores:
 * a slot is complete before a chain leads to it and its bits are set in the words, and these go
 * first when it ends. A packet that is looked at meanwhile may meet the old state or the new one.
 */
#include "daemon/xdp_filter_int.h"

#include <string.h>

enum { MOVES = 16 };

/* ---- keys ------------------------------------------------------------------------------------ */

/* The source's kinds, or the destination's. */
static bool is_about_source(enum ik_order_kind k)
{
    return k == IK_ORDER_LIMIT_SOURCE || k == IK_ORDER_DROP_KIND || k == IK_ORDER_LIMIT_FRAGMENT ||
           k == IK_ORDER_DROP_HOP_LIMIT;
}

void ik_xdp_slots_halves(const struct ik_addr *a, uint64_t out[2])
{
    uint32_t v4;
    memcpy(out, a->bytes, 16);
    if (a->family == 4) {
        memcpy(&v4, a->bytes, sizeof(v4));
        out[0] = 0;
        out[1] = v4;
    }
}

static bool is_host(const struct ik_prefix *p)
{
    return p->bits == 8 * ik_addr_bytes(p->addr.family);
}

bool ik_xdp_slots_key(const struct ik_order *o, bool turned, struct ik_xdp_key *out)
{
    const enum ik_order_key key = ik_order_key(o->kind);
    const struct ik_prefix *a = turned ? &o->other : &o->who, *b = turned ? &o->who : &o->other;
    const bool net = is_about_source(o->kind) && a->addr.family == 6 && a->bits == 64;
    const bool pair = key == IK_ORDER_KEY_PAIR;
    if ((a->addr.family != 4 && a->addr.family != 6) || (!net && !is_host(a)) ||
        (pair && (b->addr.family != a->addr.family || !is_host(b))))
        return false;
    const enum ik_xdp_form form = a->addr.family == 4 ? IK_XDP_HOST4
                                  : net               ? IK_XDP_NET6
                                                      : IK_XDP_HOST6;
    const bool typed = key == IK_ORDER_KEY_TYPE || key == IK_ORDER_KEY_CODE;
    *out = (struct ik_xdp_key){.what = ik_xdp_what(o->kind, form, typed ? o->type : 0,
                                                   key == IK_ORDER_KEY_CODE ? o->code : 0)};
    ik_xdp_slots_halves(&a->addr, out->a);
    if (net)
        out->a[1] = 0;
    if (pair)
        ik_xdp_slots_halves(&b->addr, out->b);
    return true;
}

static enum ik_order_kind kind_of(const struct ik_xdp_slot *s)
{
    return (enum ik_order_kind)(s->what & 0xff);
}

static struct ik_xdp_key key_in(const struct ik_xdp_slot *s)
{
    return (struct ik_xdp_key){{s->a[0], s->a[1]}, {s->b[0], s->b[1]}, s->what};
}

static bool has_key(const struct ik_xdp_slot *s, const struct ik_xdp_key *k)
{
    return s->what == k->what && !memcmp(s->a, k->a, sizeof(k->a)) &&
           !memcmp(s->b, k->b, sizeof(k->b));
}

/* ---- words ----------------------------------------------------------------------------------- */

uint32_t ik_xdp_slots_word_from(const struct ik_xdp_state *s, const uint64_t a[2], bool v6)
{
    return ik_xdp_word(s, a[0], v6 ? 0 : a[1]);
}

/* Adds a slot's bit to the word of the address that its packets have. */
static void mark(struct ik_xdp_filter *f, const struct ik_xdp_slot *s)
{
    const enum ik_order_kind kind = kind_of(s);
    const bool v6 = s->what >> 24 != IK_XDP_HOST4;
    const uint16_t bit = (uint16_t)(1u << kind);
    const bool pair = ik_order_key(kind) == IK_ORDER_KEY_PAIR;
    if (pair || is_about_source(kind) || kind == IK_ORDER_DROP_GROUP)
        f->from[ik_xdp_slots_word_from(f->state, s->a, v6)] |= bit;
    if (!pair && !is_about_source(kind))
        f->to[ik_xdp_word(f->state, s->a[0], s->a[1])] |= bit;
}

static void show(uint16_t *shown, const uint16_t *words, const uint16_t *more)
{
    for (size_t i = 0; i < IK_XDP_WORDS; i++) {
        const uint16_t word = words[i] | (more ? more[i] : 0);
        if (shown[i] != word)
            __atomic_store_n(&shown[i], word, __ATOMIC_RELEASE);
    }
}

void ik_xdp_slots_settle(struct ik_xdp_filter *f)
{
    uint32_t kinds = 0;
    memset(f->from, 0, sizeof(f->from));
    memset(f->to, 0, sizeof(f->to));
    for (uint32_t i = 1; i < f->n_slots; i++) {
        const struct ik_xdp_slot *s = &f->state->slots[i];
        if (!s->what)
            continue;
        mark(f, s);
        kinds |= 1u << kind_of(s);
    }
    show(f->state->from, f->from, f->spared_from);
    show(f->state->to, f->to, NULL);
    __atomic_store_n(&f->state->kinds, kinds, __ATOMIC_RELEASE);
}

/* ---- slots ----------------------------------------------------------------------------------- */

uint16_t ik_xdp_slots_find(const struct ik_xdp_filter *f, const struct ik_xdp_key *k)
{
    const struct ik_xdp_places places = ik_xdp_places(f->state, k);
    for (int i = 0; i < 2; i++) {
        const uint16_t number = f->state->places[places.at[i]];
        if (has_key(&f->state->slots[number], k))
            return number;
    }
    return 0;
}

static void stand(struct ik_xdp_filter *f, uint32_t place, uint16_t number)
{
    __atomic_store_n(&f->state->places[place], number, __ATOMIC_RELEASE);
}

/* The other place of who stands at this one. */
static uint32_t other_place(const struct ik_xdp_filter *f, uint32_t place)
{
    const struct ik_xdp_key key = key_in(&f->state->slots[f->state->places[place]]);
    const struct ik_xdp_places places = ik_xdp_places(f->state, &key);
    return places.at[places.at[0] == place];
}

/* Makes a place free: who stands there goes to his other one, and who stands there to his, the last
 * of them first. False: nobody finds a free one within MOVES. */
static bool make_room(struct ik_xdp_filter *f, uint32_t place)
{
    uint32_t way[MOVES + 1] = {place};
    int n = 0;
    while (f->state->places[way[n]]) {
        if (n == MOVES)
            return false;
        way[n + 1] = other_place(f, way[n]);
        n++;
    }
    for (; n; n--) {
        stand(f, way[n], f->state->places[way[n - 1]]);
        stand(f, way[n - 1], 0);
    }
    return true;
}

bool ik_xdp_slots_enter(struct ik_xdp_filter *f, const struct ik_xdp_key *k, uint16_t number)
{
    const struct ik_xdp_places places = ik_xdp_places(f->state, k);
    for (int i = 0; i < 2; i++) {
        if (make_room(f, places.at[i])) {
            stand(f, places.at[i], number);
            return true;
        }
    }
    return false;
}

void ik_xdp_slots_end(struct ik_xdp_filter *f, uint16_t number)
{
    struct ik_xdp_slot *s = &f->state->slots[number];
    const struct ik_xdp_key key = key_in(s);
    const struct ik_xdp_places places = ik_xdp_places(f->state, &key);
    __atomic_store_n(&s->until, 0, __ATOMIC_RELEASE);
    stand(f, places.at[f->state->places[places.at[0]] != number], 0);
    s->what = 0;
}

void ik_xdp_slots_sweep(struct ik_xdp_filter *f, uint64_t now)
{
    bool any = false;
    for (uint32_t i = 1; i < f->n_slots; i++) {
        const struct ik_xdp_slot *s = &f->state->slots[i];
        if (!s->what || s->until > now)
            continue;
        ik_xdp_slots_end(f, (uint16_t)i);
        any = true;
    }
    if (any)
        ik_xdp_slots_settle(f);
}

uint16_t ik_xdp_slots_free(struct ik_xdp_filter *f)
{
    for (uint32_t i = 1; i < f->n_slots; i++) {
        if (!f->state->slots[i].what)
            return (uint16_t)i;
    }
    return f->n_slots < IK_XDP_SLOTS ? (uint16_t)f->n_slots++ : 0;
}
