/* SPDX-License-Identifier: MIT
 * instead of gunzip.c where zlib is not there. */
#include "link/gunzip.h"

bool ik_gunzip_have(void)
{
    return false;
}

struct ik_gunzip *ik_gunzip_new(void)
{
    return NULL;
}

void ik_gunzip_free(struct ik_gunzip *g)
{
    (void)g;
}

bool ik_gunzip_may_end(const struct ik_gunzip *g)
{
    (void)g;
    return true;
}

enum ik_err ik_gunzip_take(struct ik_gunzip *g, struct ik_rd *in, uint8_t *out, size_t cap,
                           size_t *n)
{
    (void)g;
    (void)in;
    (void)out;
    (void)cap;
    *n = 0;
    return IK_E_UNSUPPORTED;
}
