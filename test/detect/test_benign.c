/* SPDX-License-Identifier: MIT
 * A network where nobody means harm, as a capture at its gateway that begins when all of it is
 * under way: pings that are answered, late, twice or not at all; traces; monitors; connections with
 * errors and small links; names asked for; scans of our own; neighbours and routers; fragments;
 * hosts whose packets go another way; frames that the capture lost. All detectors have to be
 * silent.
 *
 * `test_benign PACKETS SEED LOSS` takes that many packets instead of a few, LOSS of a thousand are
 * lost by the capture. Then errors are seen about packets that were not: they may be told as
 * unusual, never as abuse. */
#include "benign.h"

#include <stdio.h>

enum { PACKETS = 150000 };
#define WARM (300 * S) /* that the capture misses */

static void begin(struct world *w, struct talk *t)
{
    uint32_t dice = benign_below(w, 1000);
    const uint32_t life = t->life + 1;
    const struct kind *k = benign_kinds;
    for (; dice >= k->share; k++)
        dice -= k->share;
    *t = (struct talk){.kind = k, .life = life, .v6 = benign_chance(w, 400)};
    t->near = benign_host(t->v6, benign_below(w, HOSTS));
    t->far = benign_remote(t->v6, benign_below(w, REMOTES));
    t->rtt = benign_between(w, MS, 20 * MS);
    if (benign_chance(w, 300))
        t->rtt = benign_between(w, 20 * MS, 300 * MS);
    k->begin(w, t);
}

enum { BEGIN = 0xffff };

static void run(struct world *w)
{
    while (w->f->n < w->wanted) {
        const struct event e = benign_next(w);
        struct talk *t = &w->talks[e.talk];
        w->now = e.at;
        if (e.what == BEGIN) {
            begin(w, t);
            benign_expect(w, t, benign_between(w, 5 * S, benign_chance(w, 100) ? 600 * S : 40 * S),
                          BEGIN, 0, 0);
        } else if (e.life == t->life) {
            t->kind->happen(w, t, &e);
        }
    }
}

static uint64_t wanted = PACKETS, seed = 1;
static uint32_t loss;

/* What is worth knowing is no alarm. */
static void quiet(struct frames *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->n_found; i++) {
        if (f->found[i].severity > (loss ? IK_SEVERITY_LOW : IK_SEVERITY_INFO))
            f->found[kept++] = f->found[i];
    }
    print_message("%zu findings below\n", f->n_found - kept);
    f->n_found = kept;
    frames_silent(f);
}

/* With and without knowing what is ours. */
static void look_at(bool homes)
{
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_prefix home[] = {frames_prefix("10.0.0.0/16"), frames_prefix("2001:db8::/64")};
    cfg.home = home;
    cfg.n_home = homes ? 2 : 0;
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    memcpy(cfg.secret, "another 16 bytes", sizeof(cfg.secret));
    w->f = frames_new(NULL, &cfg);
    w->rng.state = seed;
    w->now = w->f->now;
    w->start = w->now + WARM;
    w->wanted = wanted;
    w->loss = loss;
    for (uint32_t i = 0; i < TALKS; i++)
        benign_expect(w, &w->talks[i], benign_between(w, 0, 40 * S), BEGIN, 0, 0);
    run(w);
    print_message("%llu packets, %.0f s\n", (unsigned long long)w->f->n,
                  (double)(w->now - w->start) / (double)S);
    quiet(w->f);
    frames_free(w->f);
    free(w);
}

static void network__where_nobody_means_harm__is_silent(void **state)
{
    (void)state;
    look_at(false);
}

static void network__of_which_is_known_what_is_ours__is_silent(void **state)
{
    (void)state;
    look_at(true);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network__where_nobody_means_harm__is_silent),
        cmocka_unit_test(network__of_which_is_known_what_is_ours__is_silent),
    };
    wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : wanted;
    loss = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : loss;
    seed = argc > 2 ? strtoull(argv[2], NULL, 10) : seed;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
