/* SPDX-License-Identifier: MIT */
#include "hostname.h"

#include <icmpkit/record.h>

#include <stdlib.h>
#include <string.h>

/* Those who answer choose the addresses, so the table is bounded and its order seeded. */
enum { SLOTS = 2048, MOST = 1024, NAME_BYTES = 256 };

struct entry {
    struct ik_hostnames *owner;
    struct ik_addr addr; /* family 0: the slot is free */
    ik_ns until;
    bool answered;
    char *name; /* NULL: none */
};

struct ik_hostnames {
    struct ik_hostnames_cfg cfg;
    uint64_t seed;
    uint32_t used;
    bool asking; /* an answer within ik_names_reverse itself needs no call back */
    struct entry slots[SLOTS];
};

enum ik_err ik_hostnames_new(struct ik_hostnames **out, const struct ik_hostnames_cfg *cfg)
{
    struct ik_hostnames *h = calloc(1, sizeof *h);
    if (!h)
        return IK_E_NOMEM;
    h->cfg = *cfg;
    const enum ik_err err = ik_entropy(&h->seed, sizeof h->seed);
    if (err) {
        free(h);
        return err;
    }
    *out = h;
    return IK_OK;
}

void ik_hostnames_free(struct ik_hostnames *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        free(h->slots[i].name);
    free(h);
}

static uint32_t hash(uint64_t seed, const struct ik_addr *addr)
{
    uint64_t half[2];
    memcpy(half, addr->bytes, sizeof half);
    uint64_t v = seed ^ addr->scope;
    for (int i = 0; i < 2; i++) {
        v = (v ^ half[i]) * 0x9e3779b97f4a7c15u;
        v ^= v >> 29;
    }
    return (uint32_t)(v >> 32) % SLOTS;
}

/* The entry of that address, a free one, or NULL when the table has its fill. */
static struct entry *find(struct ik_hostnames *h, const struct ik_addr *addr)
{
    uint32_t at = hash(h->seed, addr);
    while (h->slots[at].addr.family && !ik_addr_equal(&h->slots[at].addr, addr))
        at = (at + 1) % SLOTS;
    struct entry *e = &h->slots[at];
    return e->addr.family || h->used < MOST ? e : NULL;
}

static void answer(void *ctx, struct ik_now now, const struct ik_names_answer *a)
{
    struct entry *e = ctx;
    e->answered = true;
    if (!a->err && a->name && *a->name && !e->name) {
        char safe[NAME_BYTES];
        const struct ik_rd bytes = {(const uint8_t *)a->name, strlen(a->name)};
        e->name = strdup(ik_text_escape(bytes, safe, sizeof safe));
    }
    if (!e->owner->asking)
        e->owner->cfg.settled(e->owner->cfg.ctx, now);
}

bool ik_hostnames_get(struct ik_hostnames *h, struct ik_now now, const struct ik_addr *addr,
                      const char **name, ik_ns *until)
{
    struct entry *e = find(h, addr);
    *name = NULL;
    if (!e)
        return true;
    if (!e->addr.family) {
        *e = (struct entry){.owner = h, .addr = *addr, .until = now.mono + IK_HOSTNAME_PATIENCE};
        h->used++;
        h->asking = true;
        if (h->cfg.ask(h->cfg.ctx, addr, answer, e))
            e->answered = true;
        h->asking = false;
    }
    *name = e->name;
    *until = e->until;
    return e->answered || now.mono >= e->until;
}
