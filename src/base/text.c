/* SPDX-License-Identifier: MIT
 * Words. */
#include "icmpkit/base.h"

#include <string.h>

unsigned ik_text_distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    const size_t la = strlen(a), lb = strlen(b);
    if (la >= MAX || lb >= MAX)
        return MAX;
    unsigned d[MAX][MAX];
    for (unsigned i = 0; i <= la; i++)
        d[i][0] = i;
    for (unsigned j = 0; j <= lb; j++)
        d[0][j] = j;
    for (size_t i = 1; i <= la; i++) {
        for (size_t j = 1; j <= lb; j++) {
            unsigned best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
            best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
            const bool swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swap && d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[la][lb];
}

/* How unlike a word may be, so that it is still taken for a slip. */
static unsigned slips(size_t letters)
{
    return letters < 2 ? 0 : letters < 5 ? 1 : 2;
}

static bool is_another(const char *have, const char *name)
{
    const size_t n = strlen(name);
    return n <= 3 && strlen(have) == n && (have[0] != name[0] || have[n - 1] != name[n - 1]);
}

/* Two neighbours the wrong way round: all letters are there. */
static bool is_swap(const char *have, const char *name)
{
    const size_t same = strspn(name, have);
    return same == strlen(name) && strspn(have, name) == strlen(have);
}

const char *ik_text_nearest(const char *name, const char *(*get)(const void *ctx, size_t i),
                            const void *ctx, size_t n)
{
    const char *best = NULL, *begun = NULL;
    const size_t length = strlen(name);
    unsigned nearest = slips(length) + 1, beginnings = 0;
    for (size_t i = 0; i < n; i++) {
        const char *have = get(ctx, i);
        if (!have)
            continue;
        if (length && !strncmp(have, name, length)) {
            beginnings++;
            begun = have;
        }
        const unsigned d = ik_text_distance(have, name);
        if (d >= nearest || (is_another(have, name) && !is_swap(have, name)))
            continue;
        nearest = d;
        best = have;
    }
    return beginnings == 1 ? begun : best;
}
