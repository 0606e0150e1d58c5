/* SPDX-License-Identifier: MIT
 * The only source of randomness. */
#include <icmpkit/host.h>

#include "base/rng.h"

#include <errno.h>
#include <sys/random.h>

enum ik_err ik_entropy(void *out, size_t n)
{
    uint8_t *at = out;
    while (n) {
        const ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return IK_E_SYSTEM;
        at += got;
        n -= (size_t)got;
    }
    return IK_OK;
}

void ik_entropy_seeded(uint64_t seed, void *out, size_t n)
{
    struct ik_rng rng = {seed};
    uint8_t *at = out;
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(ik_rng_next(&rng) >> 56);
}
