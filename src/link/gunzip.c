/* SPDX-License-Identifier: MIT
 * By zlib. */
#include "link/gunzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_ALONE = 16 + MAX_WBITS };

struct ik_gunzip {
    z_stream z;
    bool between; /* behind a member: another may follow */
    bool damaged;
};

bool ik_gunzip_have(void)
{
    return true;
}

struct ik_gunzip *ik_gunzip_new(void)
{
    struct ik_gunzip *g = calloc(1, sizeof(*g));
    if (g && inflateInit2(&g->z, GZIP_ALONE) != Z_OK) {
        free(g);
        g = NULL;
    }
    return g;
}

void ik_gunzip_free(struct ik_gunzip *g)
{
    if (!g)
        return;
    inflateEnd(&g->z);
    free(g);
}

bool ik_gunzip_may_end(const struct ik_gunzip *g)
{
    return g->between;
}

/* Skips padding; false when nothing is left. */
static bool next_member(struct ik_gunzip *g, struct ik_rd *in)
{
    while (in->left && *in->p == 0) {
        in->p++;
        in->left--;
    }
    if (in->left == 0)
        return false;
    g->between = false;
    return inflateReset(&g->z) == Z_OK;
}

static uInt bounded(size_t n)
{
    return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

enum ik_err ik_gunzip_take(struct ik_gunzip *g, struct ik_rd *in, uint8_t *out, size_t cap,
                           size_t *n)
{
    *n = 0;
    if (g->damaged)
        return IK_E_VALUE;
    if (g->between && !next_member(g, in))
        return IK_OK;
    const uInt given = bounded(in->left), room = bounded(cap);
    g->z.next_in = (z_const Bytef *)(uintptr_t)in->p; /* it is only read */
    g->z.avail_in = given;
    g->z.next_out = out;
    g->z.avail_out = room;
    const int status = inflate(&g->z, Z_NO_FLUSH);
    in->p += given - g->z.avail_in;
    in->left -= given - g->z.avail_in;
    *n = room - g->z.avail_out;
    g->between = status == Z_STREAM_END;
    g->damaged = status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR;
    return g->damaged && *n == 0 ? IK_E_VALUE : IK_OK; /* what came out before it is given first */
}
