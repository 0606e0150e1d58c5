/* SPDX-License-Identifier: MIT
 * Findings in, orders out: what is in force, for how long, and what became of it. */
#include "daemon/warden.h"

#include <icmpkit/host.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORCES = 4096,
    REFUSALS = 256, /* findings whose refusal was told */
    /* Renewed when less than this share of the time is left. */
    RENEW_DIVISOR = 2,
    WAIT_MS = 200,
};
#define COUNT_EVERY IK_NS_PER_S

enum state { FREE, ASKED, IN_FORCE, LEAVING, PARDONED };

/* For how long, and for whose sake. */
struct term {
    ik_ns until;
    uint32_t seconds;
    uint64_t finding;
};

struct slot {
    struct ik_force force; /* as it stands: what is asked anew changes it once it is granted */
    struct term wanted;
    uint32_t asked; /* number of the latest ask; 0: none */
    uint8_t state;
    bool known;      /* it was told as done: this is a renewal */
    bool unseen;     /* which only the counter asked for */
    ik_ns saw;       /* when a detector saw last what it is about */
    ik_ns last;      /* of the finding, then */
    uint64_t before; /* what its counter was when it began */
};

/* Orders are counted in rounds, some at a time, the next when there is an answer. */
struct round {
    ik_ns next;      /* when one is to begin */
    uint32_t asked;  /* number of the ask that is out; 0: none */
    uint32_t cursor; /* the first slot after those asked for */
    uint32_t n, slots[IK_WARDEN_ORDERS];
    struct ik_order orders[IK_WARDEN_ORDERS];
};

struct ik_enforce {
    struct ik_source source; /* first: ready() gets back from it */
    struct ik_enforce_cfg cfg;
    struct ik_spared spared[IK_SPARED_MAX];
    struct ik_orders_cfg orders;
    struct ik_warden warden;
    bool lost;
    uint32_t number;  /* of the latest ask */
    uint32_t n_slots; /* the first so many were ever used */
    struct slot slots[FORCES];
    struct round round;
    uint64_t refused[REFUSALS]; /* ids of findings, by their last bits */
    uint64_t stopped[IK_ORDERS];
};

static const struct {
    const char *name, *text;
} deeds[] = {
#define X(id, name, text) {name, text},
    IK_DEEDS(X)
#undef X
};

static const char *const ways[] = {
#define X(id, name) name,
    IK_ENFORCE_WAYS(X)
#undef X
};

const char *ik_enforce_way_name(enum ik_enforce_way w)
{
    return ways[w];
}

const char *ik_deed_name(enum ik_deed_what w)
{
    return deeds[w].name;
}

const char *ik_deed_text(enum ik_deed_what w)
{
    return deeds[w].text;
}

static void tell(struct ik_enforce *e, enum ik_deed_what what, const struct ik_order *o,
                 const char *why)
{
    const struct ik_deed deed = {
        .what = what, .order = *o, .stopped = IK_STOPPED_UNKNOWN, .why = why};
    e->cfg.on_deed(e->cfg.ctx, &deed);
}

static void tell_prolonged(struct ik_enforce *e, const struct ik_force *f)
{
    const struct ik_deed deed = {
        .what = IK_DEED_PROLONGED, .order = f->order, .stopped = f->stopped};
    e->cfg.on_deed(e->cfg.ctx, &deed);
}

/* ---- asking the warden ----------------------------------------------------------------------- */

static void lose(struct ik_enforce *e, const char *why)
{
    static const struct ik_order none;
    if (e->lost)
        return;
    e->lost = true;
    tell(e, IK_DEED_LOST, &none, why);
}

static enum ik_err send(struct ik_enforce *e, enum ik_warden_op op, const struct ik_order *orders,
                        uint32_t n)
{
    struct ik_warden_ask a = {.number = ++e->number ? e->number : ++e->number, .op = op, .n = n};
    memcpy(a.orders, orders, n * sizeof(*orders));
    return ik_warden_ask(&e->warden, &a);
}

static enum ik_err ask(struct ik_enforce *e, struct slot *s, enum ik_warden_op op,
                       const struct ik_order *o)
{
    const enum ik_err err = send(e, op, o, 1);
    if (!err)
        s->asked = e->number;
    return err;
}

static bool is_over(const struct slot *s, ik_ns now)
{
    return s->state == FREE ||
           ((s->state == IN_FORCE || s->state == PARDONED) && s->force.until <= now);
}

static struct ik_order order_wanted(const struct slot *s)
{
    struct ik_order o = s->force.order;
    o.seconds = s->wanted.seconds;
    o.finding = s->wanted.finding;
    return o;
}

static void grant(struct slot *s)
{
    s->force.order = order_wanted(s);
    s->force.until = s->wanted.until;
}

/* As wanted, anew or for longer. What cannot be asked is told, and changes nothing. */
static void ask_to_add(struct ik_enforce *e, struct slot *s)
{
    const struct ik_order o = order_wanted(s);
    const enum ik_err err = ask(e, s, IK_WARDEN_ADD, &o);
    if (!err)
        s->state = ASKED;
    else if (err == IK_E_AGAIN)
        tell(e, IK_DEED_FAILED, &o, "enforcement is too slow");
    else
        lose(e, "");
}

/* ---- what orders stop ------------------------------------------------------------------------ */

static bool counts(const struct slot *s, ik_ns now)
{
    return (s->state == IN_FORCE || s->known) && s->force.until > now;
}

/* Asks for the next so many; the first time of a round also for none, so that kinds are counted. */
static void ask_counts(struct ik_enforce *e, bool first, ik_ns now)
{
    struct round *r = &e->round;
    r->asked = r->n = 0;
    for (; r->cursor < e->n_slots && r->n < IK_WARDEN_ORDERS; r->cursor++) {
        const struct slot *s = &e->slots[r->cursor];
        if (!counts(s, now))
            continue;
        r->slots[r->n] = r->cursor;
        r->orders[r->n++] = s->force.order;
    }
    if ((r->n || first) && !send(e, IK_WARDEN_COUNT, r->orders, r->n))
        r->asked = e->number;
}

static void begin_round(struct ik_enforce *e, ik_ns now)
{
    e->round.next = now + COUNT_EVERY;
    e->round.cursor = 0;
    ask_counts(e, true, now);
}

/* What an order stops goes on: it does, too. Once it was seen for so long by nobody but the filter,
 * which knows less than a detector, it ends. */
static void prolong(struct ik_enforce *e, struct slot *s, ik_ns now)
{
    const ik_ns length = (ik_ns)e->orders.seconds * IK_NS_PER_S;
    const ik_ns until = ik_order_until(s->saw, now, e->orders.seconds);
    if (s->state != IN_FORCE || s->force.until - now > length / RENEW_DIVISOR ||
        until <= s->force.until || until - now < IK_NS_PER_S)
        return;
    s->wanted = (struct term){.until = until,
                              .seconds = (uint32_t)((until - now) / IK_NS_PER_S),
                              .finding = s->force.order.finding};
    s->unseen = true;
    ask_to_add(e, s);
}

static void take_count(struct ik_enforce *e, struct slot *s, uint64_t counted, ik_ns now)
{
    if (counted == IK_STOPPED_UNKNOWN || counted < s->before)
        return;
    const uint64_t sum = counted - s->before, more = sum - s->force.stopped;
    if (sum <= s->force.stopped)
        return;
    s->force.stopped = sum;
    e->cfg.on_stopped(e->cfg.ctx, &s->force.order, more);
    prolong(e, s, now);
}

/* An order may have ended since it was asked for, and another have its slot. */
static void take_counts(struct ik_enforce *e, const struct ik_warden_told *told, ik_ns now)
{
    struct round *r = &e->round;
    for (uint32_t i = 0; i < r->n && !told->err && !e->lost; i++) {
        struct slot *s = &e->slots[r->slots[i]];
        if (counts(s, now) && ik_order_same(&s->force.order, &r->orders[i]))
            take_count(e, s, told->stopped_by[i], now);
    }
    ask_counts(e, false, now);
}

/* ---- news of the warden ---------------------------------------------------------------------- */

static struct slot *slot_of(struct ik_enforce *e, uint32_t number)
{
    for (uint32_t i = 0; i < e->n_slots; i++) {
        if (e->slots[i].state != FREE && e->slots[i].asked == number)
            return &e->slots[i];
    }
    return NULL;
}

static void take_removed(struct ik_enforce *e, struct slot *s, const struct ik_warden_told *told)
{
    const struct ik_order order = s->force.order;
    s->state = told->err ? IN_FORCE : PARDONED;
    s->known = told->err;
    tell(e, told->err ? IK_DEED_FAILED : IK_DEED_REMOVED, &order, told->err ? told->why : NULL);
}

/* One that was in force before stays so until its time, whatever the answer. */
static void take_added(struct ik_enforce *e, struct slot *s, const struct ik_warden_told *told)
{
    const struct ik_order order = order_wanted(s);
    const bool again = s->known, prolonged = again && s->unseen;
    s->state = again || !told->err ? IN_FORCE : FREE;
    s->known = s->state == IN_FORCE;
    s->unseen = false;
    if (told->err) {
        tell(e, IK_DEED_FAILED, &order, told->why);
        return;
    }
    grant(s);
    if (prolonged)
        tell_prolonged(e, &s->force);
    if (again)
        return;
    s->before = told->stopped_by[0];
    s->force.stopped = s->before == IK_STOPPED_UNKNOWN ? IK_STOPPED_UNKNOWN : 0;
    tell(e, IK_DEED_DONE, &order, NULL);
}

/* Who is to be spared and is not, and counters that are there no more, are the end of it. */
static bool is_end(const struct ik_warden_told *told)
{
    return told->err && (told->op == IK_WARDEN_SPARE ||
                         (told->op == IK_WARDEN_COUNT && told->err == IK_E_SYSTEM));
}

static void take_news(struct ik_enforce *e, const struct ik_warden_told *told, ik_ns now)
{
    struct slot *s = slot_of(e, told->number);
    if (!told->err)
        memcpy(e->stopped, told->stopped, sizeof(e->stopped));
    if (is_end(told))
        lose(e, told->why);
    else if (told->number == e->round.asked)
        take_counts(e, told, now);
    if (s && s->state == LEAVING)
        take_removed(e, s, told);
    else if (s && s->state == ASKED)
        take_added(e, s, told);
}

static void ready(struct ik_source *source, struct ik_now now)
{
    struct ik_enforce *e = (struct ik_enforce *)source;
    struct ik_warden_told told;
    while (!e->lost && ik_warden_hear(&e->warden, &told)) {
        if (told.number)
            take_news(e, &told, now.mono);
        else
            lose(e, told.why);
    }
}

/* ---- orders ---------------------------------------------------------------------------------- */

/* That of the same order, or a free one; NULL when all are in use. */
static struct slot *place_of(struct ik_enforce *e, const struct ik_order *o, ik_ns now)
{
    struct slot *free_slot = NULL;
    for (uint32_t i = 0; i < e->n_slots; i++) {
        struct slot *s = &e->slots[i];
        if (is_over(s, now))
            s->state = FREE;
        if (s->state != FREE && ik_order_same(&s->force.order, o))
            return s;
        if (s->state == FREE && !free_slot)
            free_slot = s;
    }
    if (!free_slot && e->n_slots < FORCES)
        free_slot = &e->slots[e->n_slots++];
    return free_slot;
}

/* `last`: of the finding. What was not seen anew since is the counter's to prolong. */
static void give(struct ik_enforce *e, const struct ik_order *o, ik_ns last, ik_ns now)
{
    const ik_ns length = (ik_ns)o->seconds * IK_NS_PER_S;
    struct slot *s = place_of(e, o, now);
    if (!s) {
        tell(e, IK_DEED_FAILED, o, "too many orders are in force");
        return;
    }
    const bool again = s->state != FREE;
    if (s->state == LEAVING || s->state == PARDONED || (again && last == s->last))
        return;
    s->saw = now;
    s->last = last;
    if (s->state == ASKED || (again && s->force.until - now > length / RENEW_DIVISOR))
        return;
    s->wanted = (struct term){.until = now + length, .seconds = o->seconds, .finding = o->finding};
    s->unseen = false;
    if (!again) {
        s->force = (struct ik_force){.order = *o, .since = now, .stopped = IK_STOPPED_UNKNOWN};
        s->known = false;
    }
    if (!e->cfg.dry) {
        ask_to_add(e, s);
        return;
    }
    grant(s);
    s->state = IN_FORCE;
    if (!again)
        tell(e, IK_DEED_WOULD, o, NULL);
}

static void refuse(struct ik_enforce *e, const struct ik_finding *f, const char *why)
{
    uint64_t *told = &e->refused[f->id % REFUSALS];
    if (*told == f->id)
        return;
    *told = f->id;
    tell(e, IK_DEED_REFUSED, &(struct ik_order){.finding = f->id}, why);
}

void ik_enforce_finding(struct ik_enforce *e, const struct ik_finding *f, ik_ns now)
{
    struct ik_order orders[IK_ORDERS_MAX];
    const char *refused;
    const size_t n = ik_orders_of(f, &e->orders, orders, &refused);
    for (size_t i = 0; i < n && !e->lost; i++)
        give(e, &orders[i], f->last, now);
    if (refused)
        refuse(e, f, refused);
}

/* ---- who asks -------------------------------------------------------------------------------- */

static bool is_about(const struct ik_order *o, const struct ik_addr *who)
{
    return ik_prefix_contains(&o->who, who) ||
           (ik_order_key(o->kind) == IK_ORDER_KEY_PAIR && ik_prefix_contains(&o->other, who));
}

size_t ik_enforce_pardon(struct ik_enforce *e, const struct ik_addr *who, ik_ns now)
{
    size_t n = 0;
    for (uint32_t i = 0; i < e->n_slots && !e->lost; i++) {
        struct slot *s = &e->slots[i];
        if (is_over(s, now) || s->state == LEAVING || s->state == PARDONED ||
            !is_about(&s->force.order, who) ||
            (!e->cfg.dry && ask(e, s, IK_WARDEN_REMOVE, &s->force.order)))
            continue;
        n++;
        s->known = false;
        s->state = e->cfg.dry ? PARDONED : LEAVING;
        s->force.until = now + (ik_ns)s->force.order.seconds * IK_NS_PER_S;
    }
    return n;
}

bool ik_enforce_at(const struct ik_enforce *e, size_t i, ik_ns now, struct ik_force *out)
{
    for (uint32_t k = 0; k < e->n_slots && !e->lost; k++) {
        const struct slot *s = &e->slots[k];
        if (!counts(s, now) || i--)
            continue;
        *out = s->force;
        return true;
    }
    return false;
}

uint64_t ik_enforce_stopped(const struct ik_enforce *e, enum ik_order_kind k)
{
    return e->stopped[k];
}

bool ik_enforce_is_lost(const struct ik_enforce *e)
{
    return e->lost;
}

static void hear_round(struct ik_enforce *e, ik_ns now)
{
    struct pollfd fd = {e->source.fd, POLLIN, 0};
    while (!e->lost && e->round.asked && poll(&fd, 1, WAIT_MS) == 1)
        ready(&e->source, (struct ik_now){.mono = now});
}

/* One that is under way may be older than what is asked now. */
void ik_enforce_count(struct ik_enforce *e, ik_ns now)
{
    if (e->cfg.dry)
        return;
    hear_round(e, now);
    if (!e->lost)
        begin_round(e, now);
    hear_round(e, now);
}

ik_ns ik_enforce_tick(struct ik_enforce *e, ik_ns now)
{
    bool any = false;
    if (e->cfg.dry || e->lost || e->cfg.way != IK_ENFORCE_XDP)
        return IK_NEVER;
    for (uint32_t i = 0; i < e->n_slots && !any; i++)
        any = counts(&e->slots[i], now) || e->slots[i].state == ASKED;
    if (any && !e->round.asked && now >= e->round.next)
        begin_round(e, now);
    return any ? now + COUNT_EVERY : IK_NEVER;
}

/* ---- life ------------------------------------------------------------------------------------ */

static enum ik_err open_warden(struct ik_enforce *e, char why[static IK_ENFORCE_TEXT])
{
    struct ik_warden_cfg cfg = {.way = e->cfg.way,
                                .keep = e->cfg.keep,
                                .spared = e->spared,
                                .n_spared = e->orders.n_spared};
    const enum ik_err err =
        cfg.way == IK_ENFORCE_XDP ? ik_iface_index(e->cfg.interface, &cfg.ifindex) : IK_OK;
    return err ? err : ik_warden_open(&e->warden, &cfg, why);
}

enum ik_err ik_enforce_open(struct ik_enforce **out, const struct ik_enforce_cfg *cfg,
                            char why[static IK_ENFORCE_TEXT])
{
    why[0] = '\0';
    struct ik_enforce *e = calloc(1, sizeof(*e));
    if (!e)
        return IK_E_NOMEM;
    e->cfg = *cfg;
    e->warden = (struct ik_warden){.fd = -1, .pid = -1};
    e->orders.spared = e->spared;
    enum ik_err err = ik_spared_gather(cfg->here, e->spared, IK_SPARED_MAX, &e->orders.n_spared);
    if (!err && !cfg->dry)
        err = open_warden(e, why);
    if (err) {
        free(e);
        return err;
    }
    e->source = (struct ik_source){.fd = e->warden.fd, .ready = ready};
    *out = e;
    return IK_OK;
}

static bool is_spared(const struct ik_enforce *e, const struct ik_prefix *p)
{
    for (size_t i = 0; i < e->orders.n_spared; i++) {
        const struct ik_prefix *q = &e->spared[i].who;
        if (!e->spared[i].own && q->bits == p->bits && ik_addr_same_host(&q->addr, &p->addr))
            return true;
    }
    return false;
}

enum ik_err ik_enforce_settle(struct ik_enforce *e, const struct ik_detect_cfg *detect,
                              const struct ik_prefix *spare, size_t n_spare, uint32_t seconds)
{
    e->orders.home = detect->home;
    e->orders.n_home = detect->n_home;
    e->orders.mtu4_least = detect->limits[IK_LIM_MTU4];
    e->orders.seconds = seconds;
    for (size_t i = 0; i < n_spare; i++) {
        if (is_spared(e, &spare[i]))
            continue;
        if (e->orders.n_spared == IK_SPARED_MAX)
            return IK_E_FULL;
        e->spared[e->orders.n_spared++] =
            (struct ik_spared){.who = spare[i], .why = "the configuration spares it"};
        const enum ik_err err =
            e->cfg.dry ? IK_OK : send(e, IK_WARDEN_SPARE, &(struct ik_order){.who = spare[i]}, 1);
        if (err)
            return err;
    }
    return IK_OK;
}

bool ik_enforce_spares(const struct ik_enforce *e, size_t i, struct ik_spared *out)
{
    for (size_t k = 0; k < e->orders.n_spared; k++) {
        const struct ik_spared *s = &e->spared[k];
        if (s->own || s->no_host || i--)
            continue;
        *out = *s;
        return true;
    }
    return false;
}

bool ik_enforce_is_generic(const struct ik_enforce *e)
{
    return e->warden.generic;
}

struct ik_source *ik_enforce_source(struct ik_enforce *e)
{
    return e->cfg.dry ? NULL : &e->source;
}

void ik_enforce_close(struct ik_enforce *e)
{
    if (!e)
        return;
    ik_warden_close(&e->warden);
    free(e);
}
