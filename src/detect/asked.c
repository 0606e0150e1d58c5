/* SPDX-License-Identifier: MIT
 * What is asked of few packets: pairs that give way, groups, and answers without a question. */
#include "detect/asked.h"

/* An answer comes within it, nearly always: what matters here is a rate. */
#define SOON IK_ASKED_UNITS(2 * IK_NS_PER_S)

size_t ik_asked_bytes(void)
{
    return sizeof(struct ik_asked);
}

struct ik_asked *ik_asked_init(void *mem)
{
    return mem;
}

void ik_asked_begin(struct ik_asked *a, ik_ns now)
{
    a->start = now;
}

uint64_t ik_asked_evicted(const struct ik_asked *a)
{
    return a->evicted;
}

/* Bits of the ways for which something waits. Times are years below 2^31. */
static unsigned waiting(const struct ik_asked_set *set, uint32_t now)
{
    const ik_four_signed age = (ik_four_signed)(ik_four_of(now) - ik_four_load(set->when));
    const ik_four_signed over = (ik_four_signed)ik_four_of(IK_ASKED_OVER);
    const ik_four none = (ik_four)(ik_four_load(set->waiting) == ik_four_of(0));
    return ik_four_bits((ik_four)(age < over) & ~none);
}

/* The way that was asked first. */
static unsigned oldest(const struct ik_asked_set *set)
{
    unsigned way = 0;
    for (unsigned i = 1; i < IK_ASKED_WAYS; i++)
        way = set->when[i] < set->when[way] ? i : way;
    return way;
}

unsigned ik_asked_place(struct ik_asked *a, struct ik_asked_set *set, uint64_t hash, uint32_t now)
{
    const unsigned idle = ~waiting(set, now) & ((1u << IK_ASKED_WAYS) - 1);
    const unsigned way = idle ? (unsigned)__builtin_ctz(idle) : oldest(set);
    if (!idle) {
        a->evicted += now - set->when[way] < SOON;
        a->lost = now;
    }
    set->tag[way] = ik_asked_tag(hash);
    set->waiting[way] = 0;
    return way;
}

void ik_asked_group(struct ik_asked *a, const struct ik_sight *s, uint32_t now)
{
    a->groups[a->next_group] = (struct ik_asked_group){.asker = s->p->ip.src, .when = now};
    a->next_group = (a->next_group + 1) % IK_ASKED_GROUPS;
}

static bool asked_many(const struct ik_asked *a, const struct ik_addr *asker, uint32_t now)
{
    for (int i = 0; i < IK_ASKED_GROUPS; i++) {
        const struct ik_asked_group *g = &a->groups[i];
        if (g->when && now - g->when < IK_ASKED_OVER && ik_addr_same_host(&g->asker, asker))
            return true;
    }
    return false;
}

enum ik_answer ik_asked_judge_alone(const struct ik_asked *a, const struct ik_sight *s)
{
    const uint32_t now = ik_asked_units(a, s->now);
    if (asked_many(a, &s->p->ip.dst, now))
        return IK_ANSWER_ASKED;
    const bool lost = a->lost && now - a->lost < SOON;
    return lost || now < SOON ? IK_ANSWER_UNOBSERVED : IK_ANSWER_UNASKED;
}
