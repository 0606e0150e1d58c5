/* SPDX-License-Identifier: MIT
 * What was sent to the node: the latest frames, found by two keys each. */
#include "checker_int.h"

#include <stdlib.h>

bool past_init(struct past_book *b)
{
    *b = (struct past_book){
        .list = calloc(PAST_FRAMES, sizeof(*b->list)),
        .bytes = malloc(PAST_BYTES),
        .heads = calloc((size_t)PAST_KEYS * PAST_FRAMES, sizeof(*b->heads)),
    };
    return b->list && b->bytes && b->heads;
}

void past_fini(struct past_book *b)
{
    free(b->list);
    free(b->bytes);
    free(b->heads);
}

static struct past *numbered(const struct past_book *b, uint64_t number)
{
    if (!number || number + PAST_FRAMES <= b->count)
        return NULL;
    struct past *p = &b->list[number % PAST_FRAMES];
    return p->at + PAST_BYTES >= b->written ? p : NULL;
}

static uint64_t *head(const struct past_book *b, int which, uint64_t key)
{
    key ^= key >> 32;
    key *= 0x9e3779b97f4a7c15u;
    return &b->heads[(size_t)which * PAST_FRAMES + (key >> 40) % PAST_FRAMES];
}

void past_put(struct past_book *b, uint8_t port, const uint8_t *frame, size_t len,
              const uint64_t keys[PAST_KEYS])
{
    if (len > PAST_BYTES - b->written % PAST_BYTES)
        b->written += PAST_BYTES - b->written % PAST_BYTES;
    const uint64_t number = ++b->count;
    struct past *p = &b->list[number % PAST_FRAMES];
    *p = (struct past){
        .at = b->written, .len = (uint16_t)len, .port = port, .group_frame = len && frame[0] % 2};
    memcpy(b->bytes + b->written % PAST_BYTES, frame, len);
    b->written += len;
    for (int i = 0; i < PAST_KEYS; i++) {
        uint64_t *h = head(b, i, keys[i]);
        p->before[i] = *h;
        *h = number;
    }
}

struct past *past_find(struct past_book *b, int which, uint64_t key)
{
    return numbered(b, *head(b, which, key));
}

struct past *past_before(struct past_book *b, int which, const struct past *p)
{
    return numbered(b, p->before[which]);
}

struct past *past_back(struct past_book *b, uint64_t back)
{
    return back < b->count ? numbered(b, b->count - back) : NULL;
}

const uint8_t *past_bytes(const struct past_book *b, const struct past *p)
{
    return b->bytes + p->at % PAST_BYTES;
}
