/* SPDX-License-Identifier: MIT
 * Items of a capture file: a buffer between where the bytes come from (capsource.h) and the reader
 * of the formats (ik_capfile_take). */
#include "icmpkit/link.h"

#include "base/rd.h"
#include "link/capsource.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for many packets at a time, little enough to stay in the cache. It grows for a block that
 * is longer, which has a bound (IK_CAPFILE_BLOCK_MAX). */
enum { BUFFER_BYTES = 1 << 18 };

struct ik_capread {
    struct ik_capsource source;
    uint8_t *buffer;
    size_t cap, at, end; /* what is in it and was not taken: from at to end */
    bool ended;          /* nothing more comes from the source */
    char why[IK_CAPREAD_TEXT];
    struct ik_capfile file;
};

enum ik_err ik_capread_open(struct ik_capread **out, const char *path, bool follow,
                            char why[static IK_CAPREAD_TEXT])
{
    struct ik_capread *r = malloc(sizeof(*r));
    uint8_t *buffer = malloc(BUFFER_BYTES);
    enum ik_err err = r && buffer ? IK_OK : IK_E_NOMEM;
    if (err)
        snprintf(why, IK_CAPREAD_TEXT, "%s", ik_err_text(err));
    else if ((err = ik_capsource_open(&r->source, path, follow)))
        snprintf(why, IK_CAPREAD_TEXT, "%s", r->source.why);
    if (err) {
        free(buffer);
        free(r);
        return err;
    }
    r->buffer = buffer;
    r->cap = BUFFER_BYTES;
    r->at = r->end = 0;
    r->ended = false;
    r->why[0] = 0;
    ik_capfile_init(&r->file);
    *out = r;
    return IK_OK;
}

void ik_capread_close(struct ik_capread *r)
{
    if (!r)
        return;
    ik_capsource_close(&r->source);
    free(r->buffer);
    free(r);
}

int ik_capread_fd(const struct ik_capread *r)
{
    return ik_capsource_fd(&r->source);
}

const char *ik_capread_why(const struct ik_capread *r)
{
    return r->why;
}

/* Room for so many bytes from `at` on. */
static enum ik_err make_room(struct ik_capread *r, size_t need)
{
    memmove(r->buffer, r->buffer + r->at, r->end - r->at);
    r->end -= r->at;
    r->at = 0;
    if (need <= r->cap)
        return IK_OK;
    size_t cap = r->cap;
    while (cap < need)
        cap *= 2;
    uint8_t *more = realloc(r->buffer, cap);
    if (!more)
        return IK_E_NOMEM;
    r->buffer = more;
    r->cap = cap;
    return IK_OK;
}

static enum ik_err fill(struct ik_capread *r, size_t need)
{
    size_t n;
    enum ik_err err = make_room(r, need);
    if (err) {
        snprintf(r->why, sizeof(r->why), "%s", ik_err_text(err));
        return err;
    }
    err = ik_capsource_read(&r->source, r->buffer + r->end, r->cap - r->end, &n);
    if (!err)
        r->end += n;
    r->ended = err && err != IK_E_AGAIN;
    return err == IK_E_AGAIN ? err : IK_OK;
}

/* An item that tells only where reading ended. */
static void nothing(const struct ik_capread *r, struct ik_capfile_item *out)
{
    *out = (struct ik_capfile_item){.kind = IK_CAPFILE_OTHER,
                                    .at_bytes = r->file.at_bytes,
                                    .linktype = UINT16_MAX,
                                    .time = IK_NEVER,
                                    .bytes = {r->buffer, 0},
                                    .name = {r->buffer, 0},
                                    .comment = {r->buffer, 0}};
}

/* The end of the source is not always that of the file: it may have failed. */
static enum ik_err judge(struct ik_capread *r, enum ik_err err, struct ik_capfile_item *out)
{
    if (err == IK_E_NOT_FOUND && r->source.failed)
        nothing(r, out);
    if (r->source.failed && (err == IK_E_NOT_FOUND || err == IK_E_SHORT)) {
        err = r->source.failed;
        if (!r->source.fault) {
            snprintf(r->why, sizeof(r->why), "%s", r->source.why);
            return err;
        }
        out->fault = r->source.fault;
        out->at_bytes = r->source.packed_bytes;
    }
    if (err && err != IK_E_NOT_FOUND)
        snprintf(r->why, sizeof(r->why), "byte %" PRIu64 ": %s", out->at_bytes,
                 ik_capfile_fault_text(out->fault));
    return err;
}

static enum ik_err take(struct ik_capread *r, struct ik_capfile_item *out, size_t *need)
{
    struct ik_rd in = {r->buffer + r->at, r->end - r->at};
    const enum ik_err err = ik_capfile_take(&r->file, &in, r->ended, out, need);
    r->at = r->end - in.left;
    return err && err != IK_E_AGAIN ? judge(r, err, out) : err;
}

enum ik_err ik_capread_ahead(struct ik_capread *r, struct ik_capfile_item *out)
{
    size_t need = 0;
    return take(r, out, &need);
}

enum ik_err ik_capread_take(struct ik_capread *r, struct ik_capfile_item *out)
{
    for (;;) {
        size_t need = 0;
        const enum ik_err err = take(r, out, &need);
        if (err != IK_E_AGAIN)
            return err;
        const enum ik_err filled = fill(r, need);
        if (filled == IK_E_NOMEM)
            nothing(r, out);
        if (filled)
            return filled;
    }
}
