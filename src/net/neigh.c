/* SPDX-License-Identifier: MIT
 * The neighbour cache. Each state has a list. In INCOMPLETE, DELAY and PROBE all wait equally long,
 * so a list is in the order of its deadlines and only heads are ever looked at (after a change of
 * `retrans` one may wait for those before it). */
#include "net/neigh.h"

#include "net/ways.h"

#include <assert.h>
#include <string.h>

enum { NONE = UINT16_MAX, FEW = 8 };

static uint32_t buckets_for(uint32_t bound)
{
    uint32_t count = 1;
    while (count < bound)
        count *= 2;
    return count;
}

size_t ik_neigh_bytes(const struct ik_neigh_cfg *cfg)
{
    return cfg->bound * sizeof(struct ik_neigh_entry) + buckets_for(cfg->bound) * sizeof(uint16_t);
}

void ik_neigh_init(struct ik_neigh *n, void *mem, const struct ik_neigh_cfg *cfg)
{
    assert(cfg->bound >= 1 && cfg->bound <= IK_NEIGH_MAX);
    struct ik_neigh_entry *entries = mem;
    const uint32_t n_buckets = buckets_for(cfg->bound);
    *n = (struct ik_neigh){
        .entries = entries,
        .buckets = (void *)(entries + cfg->bound),
        .key = cfg->key,
        .rng = {cfg->seed},
        .reachable = IK_NEIGH_REACHABLE_TIME,
        .retrans = IK_NEIGH_RETRANS_TIMER,
        .next_lapse = IK_NEVER,
        .bound = (uint16_t)cfg->bound,
        .bucket_mask = (uint16_t)(n_buckets - 1),
    };
    memset(n->buckets, 0xff, n_buckets * sizeof(n->buckets[0]));
    memset(n->list, 0xff, sizeof(n->list));
}

/* ---- rows, lists, buckets -------------------------------------------------------------------- */

static uint16_t index_of(const struct ik_neigh *n, const struct ik_neigh_entry *e)
{
    return (uint16_t)(e - n->entries);
}

static struct ik_neigh_entry *head(const struct ik_neigh *n, enum ik_neigh_state state)
{
    return n->list[state].head == NONE ? NULL : &n->entries[n->list[state].head];
}

static void append(struct ik_neigh *n, struct ik_neigh_entry *e, enum ik_neigh_state state)
{
    struct ik_neigh_list *list = &n->list[state];
    e->state = (uint8_t)state;
    e->prev = list->tail;
    e->next = NONE;
    if (list->tail == NONE)
        list->head = index_of(n, e);
    else
        n->entries[list->tail].next = index_of(n, e);
    list->tail = index_of(n, e);
    n->n_incomplete = (uint16_t)(n->n_incomplete + (state == IK_NEIGH_INCOMPLETE));
}

static void unlink_entry(struct ik_neigh *n, struct ik_neigh_entry *e)
{
    struct ik_neigh_list *list = &n->list[e->state];
    if (e->prev == NONE)
        list->head = e->next;
    else
        n->entries[e->prev].next = e->next;
    if (e->next == NONE)
        list->tail = e->prev;
    else
        n->entries[e->next].prev = e->prev;
    n->n_incomplete = (uint16_t)(n->n_incomplete - (e->state == IK_NEIGH_INCOMPLETE));
}

/* Goes into the state, or to the end of it again, until `deadline`. */
static void enter(struct ik_neigh *n, struct ik_neigh_entry *e, enum ik_neigh_state state,
                  ik_ns deadline)
{
    unlink_entry(n, e);
    append(n, e, state);
    e->deadline = deadline;
}

/* Ports are few and chosen by nobody, so they need not go through the keyed hash. */
static uint16_t *bucket(const struct ik_neigh *n, uint8_t port, const struct ik_addr *addr)
{
    const uint64_t id = ik_ways_id(n->key, addr, 8 * (unsigned)ik_addr_bytes(addr->family));
    return &n->buckets[(id + port) & n->bucket_mask];
}

struct ik_addr ik_neigh_addr(const struct ik_neigh_entry *e)
{
    struct ik_addr a = {.family = e->family};
    memcpy(a.bytes, e->bytes, sizeof(a.bytes));
    return a;
}

static bool is_of(const struct ik_neigh_entry *e, uint8_t port, const struct ik_addr *addr)
{
    return e->port == port && e->family == addr->family &&
           memcmp(e->bytes, addr->bytes, sizeof(e->bytes)) == 0;
}

/* Most nodes have so few neighbours that looking at each costs less than the hash. */
static struct ik_neigh_entry *find_few(const struct ik_neigh *n, uint8_t port,
                                       const struct ik_addr *addr)
{
    for (uint16_t i = 0; i < n->n_touched; i++)
        if (n->entries[i].state != IK_NEIGH_FREE && is_of(&n->entries[i], port, addr))
            return &n->entries[i];
    return NULL;
}

struct ik_neigh_entry *ik_neigh_find(const struct ik_neigh *n, uint8_t port,
                                     const struct ik_addr *addr)
{
    if (n->n_touched <= FEW)
        return find_few(n, port, addr);
    uint16_t i = *bucket(n, port, addr);
    while (i != NONE && !is_of(&n->entries[i], port, addr))
        i = n->entries[i].chain;
    return i == NONE ? NULL : &n->entries[i];
}

void ik_neigh_remove(struct ik_neigh *n, struct ik_neigh_entry *e)
{
    const struct ik_addr addr = ik_neigh_addr(e);
    uint16_t *at = bucket(n, e->port, &addr);
    while (*at != index_of(n, e))
        at = &n->entries[*at].chain;
    *at = e->chain;
    unlink_entry(n, e);
    append(n, e, IK_NEIGH_FREE);
}

const struct ik_neigh_entry *ik_neigh_at(const struct ik_neigh *n, uint32_t i)
{
    return n->entries[i].state == IK_NEIGH_FREE ? NULL : &n->entries[i];
}

/* ---- what goes for a new one ----------------------------------------------------------------- */

enum ik_neigh_state ik_neigh_state(const struct ik_neigh_entry *e, ik_ns now)
{
    const bool lapsed = e->state == IK_NEIGH_REACHABLE && now >= e->deadline;
    return lapsed ? IK_NEIGH_STALE : (enum ik_neigh_state)e->state;
}

/* REACHABLE ones lapse where they are, so that no timer runs for them; here they are sorted out. */
static void sweep_lapsed(struct ik_neigh *n, ik_ns now)
{
    if (now < n->next_lapse)
        return;
    n->next_lapse = IK_NEVER;
    uint16_t next;
    for (uint16_t i = n->list[IK_NEIGH_REACHABLE].head; i != NONE; i = next) {
        struct ik_neigh_entry *e = &n->entries[i];
        next = e->next;
        if (now >= e->deadline)
            enter(n, e, IK_NEIGH_STALE, IK_NEVER);
        else if (e->deadline < n->next_lapse)
            n->next_lapse = e->deadline;
    }
}

/* What may go for whoever comes: neither waited for nor in use. */
static struct ik_neigh_entry *unused(struct ik_neigh *n, ik_ns now)
{
    if (head(n, IK_NEIGH_FAILED))
        return head(n, IK_NEIGH_FAILED);
    if (!head(n, IK_NEIGH_STALE))
        sweep_lapsed(n, now);
    return head(n, IK_NEIGH_STALE);
}

static struct ik_neigh_entry *in_use(const struct ik_neigh *n)
{
    static const uint8_t order[] = {IK_NEIGH_REACHABLE, IK_NEIGH_PROBE, IK_NEIGH_DELAY,
                                    IK_NEIGH_INCOMPLETE};
    if (n->n_incomplete && n->n_incomplete >= n->bound / 4)
        return head(n, IK_NEIGH_INCOMPLETE);
    for (size_t i = 0; i < sizeof(order); i++)
        if (head(n, order[i]))
            return head(n, order[i]);
    return NULL;
}

/* A row that nobody has, NULL when all are taken. */
static struct ik_neigh_entry *vacant(struct ik_neigh *n)
{
    struct ik_neigh_entry *e = head(n, IK_NEIGH_FREE);
    if (e || n->n_touched == n->bound)
        return e;
    e = &n->entries[n->n_touched++];
    append(n, e, IK_NEIGH_FREE);
    return e;
}

/* A new entry in `state`; NULL when there is no room for it. */
static struct ik_neigh_entry *create(struct ik_neigh *n, struct ik_neigh_entry *victim,
                                     uint8_t port, const struct ik_addr *addr)
{
    struct ik_neigh_entry *e = vacant(n);
    if (!e) {
        if (!victim)
            return NULL;
        ik_neigh_remove(n, victim);
        e = victim;
    }
    uint16_t *at = bucket(n, port, addr);
    const struct ik_neigh_entry links = *e;
    *e = (struct ik_neigh_entry){.deadline = IK_NEVER,
                                 .queue = IK_NEIGH_NO_QUEUE,
                                 .chain = *at,
                                 .prev = links.prev,
                                 .next = links.next,
                                 .family = addr->family,
                                 .port = port};
    memcpy(e->bytes, addr->bytes, sizeof(e->bytes));
    *at = index_of(n, e);
    return e;
}

static bool has_room(const struct ik_neigh *n)
{
    return n->n_touched < n->bound || head(n, IK_NEIGH_FREE);
}

/* A new entry for a packet that we are to send, or by configuration. */
static struct ik_neigh_entry *create_needed(struct ik_neigh *n, ik_ns now, uint8_t port,
                                            const struct ik_addr *addr, uint32_t *given_up)
{
    *given_up = IK_NEIGH_NO_QUEUE;
    if (has_room(n))
        return create(n, NULL, port, addr);
    struct ik_neigh_entry *victim = unused(n, now);
    if (!victim)
        victim = in_use(n);
    if (victim)
        *given_up = victim->queue;
    return create(n, victim, port, addr);
}

/* ---- the state machine ----------------------------------------------------------------------- */

static enum ik_neigh_verdict solicit(struct ik_neigh *n, ik_ns now, struct ik_neigh_entry *e)
{
    e->probes = 1;
    enter(n, e, IK_NEIGH_INCOMPLETE, now + n->retrans);
    return IK_NEIGH_SOLICIT;
}

enum ik_neigh_verdict ik_neigh_use(struct ik_neigh *n, ik_ns now, uint8_t port,
                                   const struct ik_addr *addr, struct ik_neigh_entry **out,
                                   uint32_t *given_up)
{
    *given_up = IK_NEIGH_NO_QUEUE;
    struct ik_neigh_entry *e = ik_neigh_find(n, port, addr);
    *out = e;
    if (!e) {
        *out = e = create_needed(n, now, port, addr, given_up);
        return e ? solicit(n, now, e) : IK_NEIGH_FULL;
    }
    switch (ik_neigh_state(e, now)) {
    case IK_NEIGH_INCOMPLETE:
        return IK_NEIGH_WAIT;
    case IK_NEIGH_FAILED:
        return solicit(n, now, e);
    case IK_NEIGH_REACHABLE:
        enter(n, e, IK_NEIGH_REACHABLE, e->deadline);
        return IK_NEIGH_READY;
    case IK_NEIGH_STALE:
        enter(n, e, IK_NEIGH_DELAY, now + IK_NEIGH_DELAY_FIRST_PROBE);
        return IK_NEIGH_READY;
    default:
        return IK_NEIGH_READY;
    }
}

/* RFC 4861 section 6.3.2: between half and one and a half of the base, so that neighbours of one
 * router do not all ask at once. */
static void make_reachable(struct ik_neigh *n, ik_ns now, struct ik_neigh_entry *e)
{
    const uint64_t chance = ik_rng_next(&n->rng) >> 32;
    const ik_ns us = (ik_ns)(chance * (uint64_t)(n->reachable / IK_NS_PER_US) >> 32);
    const ik_ns until = now + n->reachable / 2 + us * IK_NS_PER_US;
    enter(n, e, IK_NEIGH_REACHABLE, until);
    if (until < n->next_lapse)
        n->next_lapse = until;
}

/* An address became known without proof that it is reachable. Packets that waited for it are a use
 * of it. */
static void make_stale(struct ik_neigh *n, ik_ns now, struct ik_neigh_entry *e)
{
    if (e->queue == IK_NEIGH_NO_QUEUE)
        enter(n, e, IK_NEIGH_STALE, IK_NEVER);
    else
        enter(n, e, IK_NEIGH_DELAY, now + IK_NEIGH_DELAY_FIRST_PROBE);
}

/* True when its address is one to send to. */
static bool is_known(const struct ik_neigh_entry *e)
{
    return e->state != IK_NEIGH_FREE && e->state != IK_NEIGH_INCOMPLETE &&
           e->state != IK_NEIGH_FAILED;
}

/* Takes what the message says of its being a router, and the queue where packets can go now. */
static struct ik_neigh_change change(struct ik_neigh_entry *e, const struct ik_neigh_news *news)
{
    struct ik_neigh_change c = {
        .entry = e, .queue = IK_NEIGH_NO_QUEUE, .router_lost = e->is_router && news->host};
    if (news->router || news->host)
        e->is_router = news->router;
    if (is_known(e)) {
        c.queue = e->queue;
        e->queue = IK_NEIGH_NO_QUEUE;
    }
    return c;
}

static struct ik_neigh_change unchanged(struct ik_neigh_entry *e)
{
    return (struct ik_neigh_change){.entry = e, .queue = IK_NEIGH_NO_QUEUE};
}

static void set_mac(struct ik_neigh_entry *e, const uint8_t *mac)
{
    memcpy(e->mac, mac, sizeof(e->mac));
}

/* The first address that is heard of an unresolved one, whatever its flags. */
static void resolve(struct ik_neigh *n, ik_ns now, struct ik_neigh_entry *e,
                    const struct ik_neigh_news *news)
{
    set_mac(e, news->mac);
    if (news->solicited)
        make_reachable(n, now, e);
    else
        make_stale(n, now, e);
}

struct ik_neigh_change ik_neigh_confirm(struct ik_neigh *n, ik_ns now,
                                        const struct ik_neigh_news *news)
{
    struct ik_neigh_entry *e = ik_neigh_find(n, news->port, &news->addr);
    if (!e || e->state == IK_NEIGH_PERMANENT)
        return unchanged(e);
    if (!is_known(e)) {
        /* A FAILED entry is one that section 7.3.3 has deleted; we only remember that it was. */
        if (!news->mac || e->state == IK_NEIGH_FAILED)
            return unchanged(e);
        resolve(n, now, e, news);
        return change(e, news);
    }
    const bool differs = news->mac && memcmp(e->mac, news->mac, sizeof(e->mac)) != 0;
    if (differs && !news->override) {
        if (ik_neigh_state(e, now) == IK_NEIGH_REACHABLE)
            enter(n, e, IK_NEIGH_STALE, IK_NEVER);
        return unchanged(e);
    }
    if (differs)
        set_mac(e, news->mac);
    if (news->solicited)
        make_reachable(n, now, e);
    else if (differs)
        enter(n, e, IK_NEIGH_STALE, IK_NEVER);
    return change(e, news);
}

struct ik_neigh_change ik_neigh_learn(struct ik_neigh *n, ik_ns now,
                                      const struct ik_neigh_news *news, bool may_create)
{
    struct ik_neigh_entry *e = ik_neigh_find(n, news->port, &news->addr);
    if (e && e->state == IK_NEIGH_PERMANENT)
        return unchanged(e);
    if (!news->mac)
        return e ? change(e, news) : unchanged(NULL);
    if (!e) {
        if (may_create)
            e = create(n, has_room(n) ? NULL : unused(n, now), news->port, &news->addr);
        if (!e)
            return unchanged(NULL);
    }
    if (!is_known(e) || memcmp(e->mac, news->mac, sizeof(e->mac)) != 0) {
        set_mac(e, news->mac);
        make_stale(n, now, e);
    }
    return change(e, news);
}

enum ik_err ik_neigh_put(struct ik_neigh *n, ik_ns now, uint8_t port, const struct ik_addr *addr,
                         const uint8_t mac[static 6], uint32_t *given_up)
{
    *given_up = IK_NEIGH_NO_QUEUE;
    struct ik_neigh_entry *e = ik_neigh_find(n, port, addr);
    if (!e)
        e = create_needed(n, now, port, addr, given_up);
    if (!e)
        return IK_E_FULL;
    set_mac(e, mac);
    enter(n, e, IK_NEIGH_PERMANENT, IK_NEVER);
    return IK_OK;
}

/* ---- timers ---------------------------------------------------------------------------------- */

static bool is_due(const struct ik_neigh_entry *e, ik_ns now)
{
    return e && now >= e->deadline;
}

static struct ik_neigh_todo ask(struct ik_neigh *n, ik_ns now, struct ik_neigh_entry *e,
                                enum ik_neigh_state state)
{
    e->probes++;
    enter(n, e, state, now + n->retrans);
    return (struct ik_neigh_todo){.kind =
                                      state == IK_NEIGH_PROBE ? IK_NEIGH_ASK_ONE : IK_NEIGH_ASK_ALL,
                                  .entry = e,
                                  .queue = IK_NEIGH_NO_QUEUE};
}

static struct ik_neigh_todo give_up(struct ik_neigh *n, struct ik_neigh_entry *e)
{
    const struct ik_neigh_todo todo = {.kind = IK_NEIGH_GIVE_UP, .entry = e, .queue = e->queue};
    e->queue = IK_NEIGH_NO_QUEUE;
    enter(n, e, IK_NEIGH_FAILED, IK_NEVER);
    return todo;
}

bool ik_neigh_timeout(struct ik_neigh *n, ik_ns now, struct ik_neigh_todo *todo)
{
    static const uint8_t asking[] = {IK_NEIGH_PROBE, IK_NEIGH_INCOMPLETE};
    struct ik_neigh_entry *e = head(n, IK_NEIGH_DELAY);
    if (is_due(e, now)) {
        e->probes = 0;
        *todo = ask(n, now, e, IK_NEIGH_PROBE);
        return true;
    }
    for (size_t i = 0; i < sizeof(asking); i++) {
        e = head(n, asking[i]);
        if (!is_due(e, now))
            continue;
        *todo = e->probes < IK_NEIGH_SOLICITATIONS ? ask(n, now, e, asking[i]) : give_up(n, e);
        return true;
    }
    return false;
}

ik_ns ik_neigh_deadline(const struct ik_neigh *n)
{
    static const uint8_t timed[] = {IK_NEIGH_DELAY, IK_NEIGH_PROBE, IK_NEIGH_INCOMPLETE};
    ik_ns first = IK_NEVER;
    for (size_t i = 0; i < sizeof(timed); i++) {
        const struct ik_neigh_entry *e = head(n, timed[i]);
        if (e && e->deadline < first)
            first = e->deadline;
    }
    return first;
}
