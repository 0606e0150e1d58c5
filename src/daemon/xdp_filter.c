/* SPDX-License-Identifier: MIT
 * The side of the XDP filter that has orders carried out, and counts what came of them. */
#include "daemon/xdp_filter.h"

#include "daemon/xdp_filter_int.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ETHER_LEAST = 60 };

/* ---- counters -------------------------------------------------------------------------------- */

/* Of the slots of one element. */
static bool read_counts(struct ik_xdp_filter *f, uint32_t element)
{
    if (bpf_map_lookup_elem(f->stopped, &element, f->each))
        return false;
    for (uint32_t i = 0; i < IK_XDP_COUNTED; i++) {
        struct counted *c = &f->counted[element * IK_XDP_COUNTED + i];
        uint64_t sum = 0;
        for (int cpu = 0; cpu < f->n_cpus; cpu++)
            sum += f->each[cpu].of[i];
        f->stopped_by[c->kind] += sum - c->read;
        c->of += sum - c->read;
        c->read = sum;
    }
    return true;
}

/* A packet that met the order before may be counted yet: it is not the next one's. */
static bool count_anew(struct ik_xdp_filter *f, uint16_t number, enum ik_order_kind kind)
{
    struct counted *c = &f->counted[number];
    if (!read_counts(f, number / IK_XDP_COUNTED))
        return false;
    c->of = 0;
    c->kind = (uint8_t)kind;
    return true;
}

/* ---- orders ---------------------------------------------------------------------------------- */

static enum ik_err put(struct ik_xdp_filter *f, const struct ik_xdp_key *k, uint64_t until)
{
    uint16_t number = ik_xdp_slots_find(f, k);
    if (number) {
        __atomic_store_n(&f->state->slots[number].until, until, __ATOMIC_RELEASE);
        return IK_OK;
    }
    number = ik_xdp_slots_free(f);
    if (!number)
        return IK_E_FULL;
    if (!count_anew(f, number, (enum ik_order_kind)(k->what & 0xff)))
        return IK_E_SYSTEM;
    f->state->slots[number] = (struct ik_xdp_slot){
        .a = {k->a[0], k->a[1]}, .b = {k->b[0], k->b[1]}, .what = k->what, .until = until};
    if (ik_xdp_slots_enter(f, k, number))
        return IK_OK;
    f->state->slots[number].what = 0;
    return IK_E_FULL;
}

/* By the program's own clock. */
static uint64_t now_ns(const struct ik_xdp_filter *f)
{
    static const uint8_t frame[ETHER_LEAST];
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame));
    (void)bpf_prog_test_run_opts(f->clock, &run);
    return __atomic_load_n(&f->state->now, __ATOMIC_RELAXED);
}

enum ik_err ik_xdp_filter_add(struct ik_xdp_filter *f, const struct ik_order *o)
{
    const bool pair = ik_order_key(o->kind) == IK_ORDER_KEY_PAIR;
    const uint64_t now = now_ns(f);
    struct ik_xdp_key key;
    ik_xdp_slots_sweep(f, now);
    for (int i = 0; i <= pair; i++) {
        enum ik_err err = ik_xdp_slots_key(o, i, &key) ? IK_OK : IK_E_VALUE;
        if (!err)
            err = put(f, &key, now + o->seconds * (uint64_t)IK_NS_PER_S);
        if (err)
            return err;
    }
    ik_xdp_slots_settle(f);
    return IK_OK;
}

enum ik_err ik_xdp_filter_remove(struct ik_xdp_filter *f, const struct ik_order *o)
{
    const bool pair = ik_order_key(o->kind) == IK_ORDER_KEY_PAIR;
    struct ik_xdp_key key;
    for (int i = 0; i <= pair; i++) {
        if (!ik_xdp_slots_key(o, i, &key))
            return IK_E_VALUE;
        const uint16_t number = ik_xdp_slots_find(f, &key);
        if (number)
            ik_xdp_slots_end(f, number);
    }
    ik_xdp_slots_settle(f);
    return IK_OK;
}

/* ---- spared ---------------------------------------------------------------------------------- */

/* Tells the program where it has to ask the trie. */
static void mark_spared(struct ik_xdp_filter *f, const struct ik_prefix *who)
{
    uint64_t a[2];
    ik_xdp_slots_halves(&who->addr, a);
    const bool v6 = who->addr.family == 6;
    if (v6 ? who->bits >= 64 : who->bits == 32) {
        f->spared_from[ik_xdp_slots_word_from(f->state, a, v6)] |= (uint16_t)(1u << IK_XDP_SPARED);
    } else if (v6) {
        f->state->wide[1] = 1;
    } else {
        const uint32_t first = (uint32_t)(who->addr.bytes[0] << 8 | who->addr.bytes[1]);
        const uint32_t n = who->bits >= 16 ? 1 : 1u << (16 - who->bits);
        for (uint32_t i = first & ~(n - 1); n && i < (first & ~(n - 1)) + n; i++)
            f->state->wide4[i / 8] |= (uint8_t)(1u << i % 8);
        f->state->wide[0] = 1;
    }
}

enum ik_err ik_xdp_filter_spare(struct ik_xdp_filter *f, const struct ik_prefix *who)
{
    const uint8_t family = who->addr.family, one = 1;
    if ((family != 4 && family != 6) || who->bits > 8 * ik_addr_bytes(family))
        return IK_E_VALUE;
    struct ik_xdp_spared key = {.bits = 8u + who->bits, .bytes = {family}};
    memcpy(key.bytes + 1, who->addr.bytes, ik_addr_bytes(family));
    if (bpf_map_update_elem(f->spared, &key, &one, BPF_ANY))
        return errno == ENOSPC ? IK_E_FULL : IK_E_SYSTEM;
    mark_spared(f, who);
    ik_xdp_slots_settle(f);
    return IK_OK;
}

/* ---- what came of it ------------------------------------------------------------------------- */

enum ik_err ik_xdp_filter_count(struct ik_xdp_filter *f, uint64_t stopped[static IK_ORDERS])
{
    const uint32_t there = ik_xdp_load_there(f);
    bool ok = there && there == f->program;
    for (uint32_t i = 0; i * IK_XDP_COUNTED < f->n_slots && ok; i++)
        ok = read_counts(f, i);
    memcpy(stopped, f->stopped_by, sizeof(f->stopped_by));
    return ok ? IK_OK : IK_E_SYSTEM;
}

uint64_t ik_xdp_filter_stopped(const struct ik_xdp_filter *f, const struct ik_order *o)
{
    const bool pair = ik_order_key(o->kind) == IK_ORDER_KEY_PAIR;
    struct ik_xdp_key key;
    uint64_t sum = 0;
    for (int i = 0; i <= pair; i++) {
        const uint16_t number = ik_xdp_slots_key(o, i, &key) ? ik_xdp_slots_find(f, &key) : 0;
        if (number)
            sum += f->counted[number].of;
    }
    return sum;
}

uint32_t ik_xdp_filter_seconds_left(const struct ik_xdp_filter *f)
{
    const uint64_t now = now_ns(f);
    uint64_t last = now;
    for (uint32_t i = 1; i < f->n_slots; i++) {
        const struct ik_xdp_slot *s = &f->state->slots[i];
        if (s->what && s->until > last)
            last = s->until;
    }
    return (uint32_t)((last - now + IK_NS_PER_S - 1) / IK_NS_PER_S);
}

/* ---- life ------------------------------------------------------------------------------------ */

enum ik_err ik_xdp_filter_open(struct ik_xdp_filter **out, unsigned ifindex, enum ik_xdp_mode *mode,
                               char why[static IK_ENFORCE_TEXT])
{
    why[0] = '\0';
    enum ik_err err = ik_xdp_load_check(ifindex, why);
    if (err)
        return err;
    struct ik_xdp_filter *f = calloc(1, sizeof(*f));
    if (!f)
        return IK_E_NOMEM;
    f->link = -1;
    f->n_slots = 1; /* number 0 is none */
    f->n_cpus = libbpf_num_possible_cpus();
    if (f->n_cpus > 0)
        f->each = calloc((size_t)f->n_cpus, sizeof(*f->each));
    err = f->each ? ik_xdp_load_program(f, why) : IK_E_NOMEM;
    if (!err)
        err = ik_xdp_load_attach(f, ifindex, mode, why);
    if (err)
        ik_xdp_filter_close(f);
    else
        *out = f;
    return err;
}

void ik_xdp_filter_close(struct ik_xdp_filter *f)
{
    if (!f)
        return;
    if (f->link >= 0)
        close(f->link);
    if (f->state)
        munmap(f->state, sizeof(*f->state));
    bpf_object__close(f->object);
    free(f->each);
    free(f);
}
