/* SPDX-License-Identifier: MIT
 * How many errors leave: a destination's share before that of all (src/net/limit.h). */
#include "net/limit.h"
#include "stack/stack_int.h"

/* What zero in the options means: RFC 4443 section 2.4 (f) proposes 10 and 10; the common bucket as
 * Linux has it. */
enum { EACH_RATE = 10, EACH_BURST = 10, ALL_RATE = 1000, ALL_BURST = 50, DRAIN = 3 };
enum { DESTINATIONS = 64 };

static uint32_t or_else(uint32_t value, uint32_t standard)
{
    return value ? value : standard;
}

static struct ik_limit_cfg limit_cfg(const struct ik_stack_options *o)
{
    return (struct ik_limit_cfg){
        .rate = o->error_unlimited ? 0 : or_else(o->error_rate, EACH_RATE),
        .burst = or_else(o->error_burst, EACH_BURST),
        .global_rate = o->error_unlimited ? 0 : or_else(o->error_rate_all, ALL_RATE),
        .global_burst = or_else(o->error_burst_all, ALL_BURST),
        .drain = DRAIN,
        .destinations = or_else(o->destinations_max, DESTINATIONS),
    };
}

size_t ik_stack_limits_bytes(const struct ik_stack_cfg *cfg)
{
    const struct ik_limit_cfg c = limit_cfg(cfg->options);
    return cfg->options->error_unlimited ? 0 : sizeof(struct ik_limit) + ik_limit_bytes(&c);
}

void ik_stack_limits_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (cfg->options->error_unlimited)
        return;
    (void)ik_rng_next(&s->rng); /* the seed: see nbr.c */
    s->limit = mem;
}

void ik_stack_limits_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_limits_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

/* Made with the first error: most nodes never send one. */
static void limits_make(struct ik_stack *s)
{
    struct ik_limit_cfg c = limit_cfg(s->opt);
    struct ik_rng late = s->late;
    (void)ik_rng_next(&late); /* that of the neighbours */
    c.seed = ik_rng_next(&late);
    c.key = s->key;
    ik_limit_init(s->limit, s->limit + 1, &c);
}

bool ik_stack_limits_take(struct ik_stack *s, const struct ik_addr *dst)
{
    if (s->limit && !s->limit->key)
        limits_make(s);
    return !s->limit || ik_limit_take(s->limit, s->now.mono, dst);
}
