/* SPDX-License-Identifier: MIT
 * Counts in windows. */
#include "detect/often.h"

static struct ik_often_row *row_of(struct ik_often *t, uint64_t key, ik_ns now, ik_ns window)
{
    struct ik_often_row *set = t->rows[(key >> 20) % IK_OFTEN_SETS], *least = &set[0];
    for (int i = 0; i < IK_OFTEN_WAYS; i++) {
        if (set[i].n && now - set[i].since > window)
            set[i].n = 0;
        if (set[i].n && set[i].key == key)
            return &set[i];
        if (set[i].n < least->n)
            least = &set[i];
    }
    t->evicted += least->n != 0;
    *least = (struct ik_often_row){.key = key, .since = now, .latest = now};
    return least;
}

const struct ik_often_row *ik_often_add(struct ik_often *t, uint64_t key, ik_ns now, ik_ns window)
{
    struct ik_often_row *r = row_of(t, key, now, window);
    r->seconds += r->n == 0 || now / IK_NS_PER_S != r->latest / IK_NS_PER_S;
    r->latest = now;
    r->n++;
    return r;
}
