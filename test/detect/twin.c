/* SPDX-License-Identifier: MIT
 * What is told at once and what is told ahead, compared. */
#include "twin.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Of all that was said, in order. */
struct words {
    uint64_t n, hash;
};

struct twin {
    struct ik_look *look;
    struct ik_detect *detect;
    void *look_mem, *detect_mem;
    struct words first, ours;
    struct ik_rng rng;
    bool left;
    /* What the first was given and we were not: together when there are `together` of them. */
    struct ik_look_frame frames[IK_DETECT_AHEAD];
    size_t n, together;
};

static void *need(size_t n)
{
    void *p = malloc(n);
    assert_non_null(p);
    return p;
}

static bool is_of_table(const struct ik_part *part)
{
    for (int i = 0; ik_parts[i]; i++) {
        if (ik_parts[i] == part)
            return true;
    }
    return false;
}

struct twin *twin_new(const struct ik_part *const *parts, const struct ik_detect_cfg *cfg,
                      const struct ik_look_cfg *look)
{
    for (int i = 0; parts && parts[i]; i++) {
        if (!is_of_table(parts[i]))
            return NULL;
    }
    struct twin *t = need(sizeof(*t));
    *t = (struct twin){.rng = {1}, .together = 1};
    t->look_mem = need(ik_look_bytes(look));
    t->look = ik_look_init(t->look_mem, look);
    parts = parts ? parts : ik_parts;
    t->detect_mem = need(ik_detect_bytes_of(cfg, parts));
    t->detect = ik_detect_init_of(t->detect_mem, cfg, parts);
    return t;
}

/* ---- what was said --------------------------------------------------------------------------- */

static void note(struct words *w, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n--)
        w->hash = (w->hash ^ *p++) * 0x100000001b3u;
}

static void note_addr(struct words *w, const struct ik_addr *a)
{
    note(w, &a->family, sizeof(a->family));
    note(w, a->bytes, sizeof(a->bytes));
}

static void hear(struct words *w, const struct ik_finding *f)
{
    const uint64_t numbers[] = {f->id,       f->state,           f->detector,
                                f->severity, (uint64_t)f->first, (uint64_t)f->last,
                                f->packets,  f->n_evidence,      f->n_also};
    w->n++;
    note(w, numbers, sizeof(numbers));
    note(w, &f->value, sizeof(f->value));
    note_addr(w, &f->src);
    note_addr(w, &f->dst);
    for (uint8_t i = 0; i < f->n_evidence; i++)
        note(w, &f->evidence[i].n, sizeof(f->evidence[i].n));
    for (uint8_t i = 0; i < f->n_also; i++)
        note(w, &f->also[i].detector, sizeof(f->also[i].detector));
}

static void drain(struct twin *t)
{
    for (const struct ik_finding *f; (f = ik_detect_take(t->detect));)
        hear(&t->ours, f);
}

/* Both have seen the same. */
static void judge(const struct twin *t)
{
    const struct ik_detect_stats ours = ik_detect_stats(t->detect);
    if (t->ours.n != t->first.n || t->ours.hash != t->first.hash)
        fail_msg("told ahead, packets before number %llu give %llu news that are not the same as "
                 "%llu without",
                 (unsigned long long)ours.packets, (unsigned long long)t->ours.n,
                 (unsigned long long)t->first.n);
}

/* ---- packets --------------------------------------------------------------------------------- */

/* Looks at as many as can stay together: one that was put together ends them, because its bytes
 * lie where those of the next would. */
static size_t look(struct twin *t, size_t from, struct ik_look_packet *p, bool *looked)
{
    size_t n = 0;
    do {
        looked[n] = ik_look_input(t->look, &t->frames[from + n], &p[n]);
        n++;
    } while (from + n < t->n && !p[n - 1].reassembled);
    return n;
}

static void flush(struct twin *t)
{
    struct ik_look_packet p[IK_DETECT_AHEAD];
    bool looked[IK_DETECT_AHEAD];
    for (size_t at = 0, n; at < t->n; at += n) {
        n = look(t, at, p, looked);
        ik_detect_ahead(t->detect, p, looked, n);
        for (size_t i = 0; i < n; i++) {
            ik_detect_input(t->detect, &p[i], looked[i]);
            drain(t);
        }
    }
    for (size_t i = 0; i < t->n; i++)
        free((void *)(uintptr_t)t->frames[i].bytes.p);
    t->n = 0;
    t->together = 1 + ik_rng_below(&t->rng, IK_DETECT_AHEAD);
    judge(t);
}

void twin_put(struct twin *t, const struct ik_look_frame *frame)
{
    if (!t || t->left)
        return;
    if (t->n == t->together)
        flush(t);
    struct ik_look_frame *f = &t->frames[t->n++];
    uint8_t *bytes = need(frame->bytes.left + 1);
    memcpy(bytes, frame->bytes.p, frame->bytes.left);
    *f = *frame;
    f->bytes.p = bytes;
}

void twin_told(struct twin *t, const struct ik_finding *f)
{
    if (t)
        hear(&t->first, f);
}

void twin_tick(struct twin *t, ik_ns now)
{
    if (!t || t->left)
        return;
    flush(t);
    ik_detect_tick(t->detect, now);
    drain(t);
}

void twin_stop(struct twin *t)
{
    if (!t || t->left)
        return;
    flush(t);
    ik_detect_stop(t->detect);
    drain(t);
}

void twin_leave(struct twin *t)
{
    if (!t)
        return;
    if (!t->left)
        flush(t);
    t->left = true;
}

void twin_free(struct twin *t)
{
    if (!t)
        return;
    twin_leave(t);
    free(t->look_mem);
    free(t->detect_mem);
    free(t);
}
