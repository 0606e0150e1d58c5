/* SPDX-License-Identifier: MIT
 * With m the mean and x what a second brought, the excess is S = max(0, S + x - m - max(25, m)).
 * While it is beyond the limit the mean stays as it is, so that what lasts does not become usual;
 * and it is held below twice the limit, so that it is soon gone after what was too much ended. A
 * second that brought less than the limit is never too much: without that, 60 a second towards a
 * host that was never seen would be told after ten seconds, for the mean rises slowly. */
#include "detect/habit.h"

/* Of the last second; a second is forgotten after fifty. */
#define ALPHA 0.02f
/* What is allowed beyond the mean at least: pings of a few people at the same time. */
#define SPARE 25.0f
/* Below these a habit is as good as new. */
#define NOTHING 0.001f

static float allowed(const struct ik_habit *h, float limit)
{
    const float mean = h->cold ? limit : h->mean;
    return mean + (mean > SPARE ? mean : SPARE);
}

static float clamped(float v, float most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

/* The excess when the present second would end now. */
static float sum(const struct ik_habit *h, float limit)
{
    return h->excess + (float)h->n - allowed(h, limit);
}

static bool is_beyond(const struct ik_habit *h, float limit)
{
    return (float)h->n >= limit && (float)h->n > allowed(h, limit) && sum(h, limit) >= limit;
}

static void end_second(struct ik_habit *h, float limit)
{
    const bool beyond = is_beyond(h, limit);
    h->excess = clamped(sum(h, limit), 2 * limit);
    if (h->cold)
        h->mean = clamped((float)h->n, limit);
    else if (!beyond)
        h->mean += ALPHA * ((float)h->n - h->mean);
    h->cold = false;
    h->n = 0;
}

void ik_habit_turn(struct ik_habit *h, uint32_t bin, float limit)
{
    /* Ends: in a second of nothing both fall, the mean by a fiftieth, the excess by 25 or more. */
    while (h->bin != bin) {
        end_second(h, limit);
        h->bin++;
        if (h->mean < NOTHING && h->excess < NOTHING) {
            h->mean = h->excess = 0;
            h->bin = bin;
        }
    }
}

float ik_habit_over(const struct ik_habit *h, float limit)
{
    return is_beyond(h, limit) ? sum(h, limit) : 0;
}
