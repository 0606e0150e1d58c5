/* SPDX-License-Identifier: MIT
 * The book of findings.
 *
 *   report: new cause -> NEW; more severe, or of one detector more -> UPDATED at once;
 *           much added -> UPDATED, now and then
 *   stopped unseen: kept as it is -> UPDATED, now and then
 *   tick:   not so severe for `hold` -> lowered, UPDATED; not seen for `hold` -> ENDED, forgotten
 *
 * A detector has at most IK_BOOK_SOURCES findings of its own causes. What comes beyond them is told
 * as one finding of many sources, unless it outdoes the least of the others and takes its place: so
 * those who do most stay named, however many sources are made up beside them. */
#include "detect/book.h"

#include "detect/cause.h"
#include "detect/proof.h"

#include "base/map.h"
#include "base/siphash.h"
#include "net/distinct.h"

#include <string.h>

enum {
    SEVERITIES = IK_SEVERITY_CRITICAL + 1,
    NOBODY = IK_BOOK_MAX, /* no number of an entry */
    KEYS =
        4 * IK_BOOK_MAX, /* three detectors and what they share, at most, where that is another */
    NET_BYTES = 8,       /* of IPv6 sources */
    MUCH = 2,            /* so many times the packets that were told are news */
    OUTDO = 2,           /* so many times the value takes the place of the least */
};

/* What waits to be told of an entry. */
enum { SAY_NEW = 1, SAY_UPDATED = 2, SAY_ENDED = 4 };

struct entry {
    struct ik_finding f; /* of what its detectors say there is only the severity; see tell() */
    struct ik_cause cause;
    uint64_t kin;           /* what reports of its kin share; 0: nothing */
    ik_ns seen[SEVERITIES]; /* when it was last reported as that severe, or more */
    ik_ns told;             /* when news of it were last made */
    uint64_t told_packets;  /* and what was told */
    uint64_t told_stopped;
    uint16_t open_at; /* its place in book.open */
    uint8_t say;
    uint8_t shelf; /* the detector among whose findings it counts: the one that opened it */
    bool many;
};

/* The open findings of one detector. */
struct detector {
    uint16_t named[IK_BOOK_SOURCES];
    uint16_t n_named;
    uint16_t many; /* or NOBODY */
    enum ik_severity least_severity;
    double least_value;         /* no named one is below these two */
    struct ik_distinct sources; /* of `many` */
};

struct ik_book {
    const struct ik_detect_cfg *cfg;
    ik_ns shift;
    bool kept;
    uint16_t last; /* that was reported, or NOBODY */
    uint64_t opened, merged, lost;
    struct ik_map map; /* from the keys of causes to their entries, while they are open */
    uint16_t n_open, n_free, n_news, first_news;
    uint16_t open[IK_BOOK_MAX], free[IK_BOOK_MAX];
    uint16_t news[IK_BOOK_MAX]; /* a ring: entries that have something to say */
    struct detector detectors[IK_DETECTORS];
    struct entry entries[IK_BOOK_MAX];
};
_Static_assert(IK_DETECTORS *(IK_BOOK_SOURCES + 1) < IK_BOOK_MAX,
               "what is open leaves room for what is over and was not told yet");

static size_t map_at(void)
{
    return (sizeof(struct ik_book) + 63) & ~(size_t)63;
}

size_t ik_book_bytes(void)
{
    return map_at() + ik_map_bytes(KEYS);
}

struct ik_book *ik_book_init(void *mem, const struct ik_detect_cfg *cfg)
{
    struct ik_book *b = mem;
    memset(b, 0, sizeof(*b));
    b->cfg = cfg;
    b->last = NOBODY;
    ik_map_init(&b->map, (uint8_t *)mem + map_at(), KEYS, cfg->secret);
    for (uint16_t i = 0; i < IK_BOOK_MAX; i++)
        b->free[b->n_free++] = (uint16_t)(IK_BOOK_MAX - 1 - i);
    for (int i = 0; i < IK_DETECTORS; i++)
        b->detectors[i].many = NOBODY;
    return b;
}

void ik_book_reload(struct ik_book *b, const struct ik_detect_cfg *cfg)
{
    b->cfg = cfg;
}

void ik_book_next(struct ik_book *b, ik_ns shift)
{
    b->kept = false;
    b->shift = shift;
}

static uint16_t index_of(const struct ik_book *b, const struct entry *e)
{
    return (uint16_t)(e - b->entries);
}

/* ---- news ------------------------------------------------------------------------------------ */

static void put_news(struct ik_book *b, uint16_t i)
{
    b->news[(b->first_news + b->n_news++) % IK_BOOK_MAX] = i;
}

static uint16_t take_news(struct ik_book *b)
{
    const uint16_t i = b->news[b->first_news];
    b->first_news = (uint16_t)((b->first_news + 1) % IK_BOOK_MAX);
    b->n_news--;
    return i;
}

static void say(struct ik_book *b, struct entry *e, ik_ns now, uint8_t what)
{
    if (!e->say)
        put_news(b, index_of(b, e));
    e->say |= what;
    e->told = now;
    e->told_packets = e->f.packets;
    e->told_stopped = e->f.stopped;
}

/* The finding with all that its detectors say. */
static const struct ik_finding *tell(struct entry *e)
{
    ik_cause_tell(&e->cause, &e->f);
    return &e->f;
}

const struct ik_finding *ik_book_take(struct ik_book *b)
{
    if (b->n_news == 0)
        return NULL;
    const uint16_t i = b->news[b->first_news];
    struct entry *e = &b->entries[i];
    if (e->say & SAY_NEW || !(e->say & SAY_ENDED)) {
        e->f.state = e->say & SAY_NEW ? IK_FINDING_NEW : IK_FINDING_UPDATED;
        e->say &= SAY_ENDED;
        if (!e->say)
            take_news(b);
        return tell(e);
    }
    e->f.state = IK_FINDING_ENDED;
    e->say = 0;
    take_news(b);
    b->free[b->n_free++] = i; /* what is in it stays until the next report */
    return tell(e);
}

/* Nobody took what there was to say: the oldest of what is over goes untold. */
static void drop_news(struct ik_book *b)
{
    for (uint16_t n = b->n_news; n > 0; n--) {
        const uint16_t i = take_news(b);
        if (b->entries[i].say & SAY_ENDED) {
            b->entries[i].say = 0;
            b->free[b->n_free++] = i;
            b->lost++;
            return;
        }
        put_news(b, i);
    }
}

/* ---- causes ---------------------------------------------------------------------------------- */

/* 64 bits under a secret key name the cause: nobody finds two with the same. */
static struct entry *find(struct ik_book *b, uint64_t key)
{
    uint32_t i;
    return ik_map_get(&b->map, key, &i) ? &b->entries[i] : NULL;
}

/* Makes the entry known by the key, unless another is. */
static void put_key(struct ik_book *b, const struct entry *e, uint64_t key)
{
    if (find(b, key))
        return;
    /* There is room for all the keys that open findings can have. */
    const enum ik_err err = ik_map_put(&b->map, key, index_of(b, e));
    (void)err;
}

static void drop_key(struct ik_book *b, const struct entry *e, uint64_t key)
{
    if (find(b, key) == e)
        ik_map_remove(&b->map, key);
}

static struct entry *place(struct ik_book *b, ik_ns now, const struct ik_report *r)
{
    if (b->n_free == 0)
        drop_news(b);
    if (b->n_free == 0)
        return NULL;
    const uint16_t i = b->free[--b->n_free];
    struct entry *e = &b->entries[i];
    e->f = (struct ik_finding){.id = ++b->opened};
    e->cause.n = 0;
    e->kin = 0;
    e->told_packets = e->told_stopped = 0;
    e->open_at = b->n_open;
    e->shelf = (uint8_t)r->detector;
    e->say = 0;
    e->many = false;
    for (int s = 0; s < SEVERITIES; s++)
        e->seen[s] = INT64_MIN;
    b->open[b->n_open++] = i;
    say(b, e, now, SAY_NEW);
    return e;
}

static void end(struct ik_book *b, struct entry *e, ik_ns now)
{
    const uint16_t i = index_of(b, e);
    struct detector *d = &b->detectors[e->shelf];
    if (e->many) {
        d->many = NOBODY;
    } else {
        for (unsigned v = 0; v < e->cause.n; v++)
            drop_key(b, e, e->cause.voices[v].key);
        drop_key(b, e, e->kin);
        for (uint16_t k = 0; k < d->n_named; k++) {
            if (d->named[k] == i) {
                d->named[k] = d->named[--d->n_named];
                break;
            }
        }
    }
    const uint16_t moved = b->open[--b->n_open];
    b->open[e->open_at] = moved;
    b->entries[moved].open_at = e->open_at;
    if (b->last == i)
        b->last = NOBODY;
    say(b, e, now, SAY_ENDED);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void add_times(const struct ik_book *b, struct ik_finding *f, ik_ns now,
                      const struct ik_report *r, bool first)
{
    const ik_ns time = r->p && r->p->frame.time != IK_NEVER ? r->p->frame.time : now - b->shift;
    const ik_ns since =
        r->since.n && r->since.time - b->shift < time ? r->since.time - b->shift : time;
    f->first = first || since < f->first ? since : f->first;
    f->last = first || time > f->last ? time : f->last;
}

/* The other end, as long as there is only one. */
static void add_other(struct ik_finding *f, const struct ik_report *r, bool first)
{
    if (first)
        f->other = r->other;
    else if (!(r->src.family && r->dst.family) && !ik_addr_same_host(&f->other, &r->other))
        f->other.family = 0;
}

/* Takes a report of voice i, which may be new. */
static void add(struct ik_book *b, struct entry *e, unsigned i, ik_ns now,
                const struct ik_report *r)
{
    struct ik_finding *f = &e->f;
    struct ik_cause *c = &e->cause;
    const bool joins = c->voices[i].voice.why == NULL, first = joins && c->n == 1;
    const bool raised = first || r->severity > f->severity;
    const enum ik_detector was = c->voices[0].voice.detector;
    add_times(b, f, now, r, first);
    add_other(f, r, first);
    c->voices[i].packets += r->packets;
    f->packets = c->voices[i].packets > f->packets ? c->voices[i].packets : f->packets;
    if (first)
        e->told_packets = r->packets;
    ik_cause_add(c, i, r, now);
    if (raised)
        f->severity = r->severity;
    f->tool = r->tool ? r->tool : f->tool;
    for (int s = 0; s <= (int)r->severity; s++)
        e->seen[s] = now;
    b->kept |= ik_proof_keep(f, r, raised && !first, b->shift);
    const bool news = raised || joins || c->voices[0].voice.detector != was;
    const bool much = f->packets >= MUCH * e->told_packets;
    if ((news && !first) || (much && now - e->told >= b->cfg->limits[IK_LIM_AGAIN]))
        say(b, e, now, SAY_UPDATED);
}

static struct entry *open_named(struct ik_book *b, ik_ns now, const struct ik_report *r,
                                uint64_t key, uint64_t kin)
{
    struct detector *d = &b->detectors[r->detector];
    struct entry *e = place(b, now, r);
    if (!e)
        return NULL;
    (void)ik_cause_join(&e->cause, r, key);
    put_key(b, e, key);
    if (kin && kin != key) {
        e->kin = kin;
        put_key(b, e, kin);
    }
    d->named[d->n_named++] = index_of(b, e);
    return e;
}

/* ---- many sources ---------------------------------------------------------------------------- */

/* What the detector says whose finding it counts as. */
static const struct ik_voice *voice_of_shelf(const struct entry *e)
{
    const struct ik_cause *c = &e->cause;
    unsigned i = 0;
    while (i + 1 < c->n && c->voices[i].voice.detector != e->shelf)
        i++;
    return &c->voices[i].voice;
}

static bool is_less(const struct entry *a, const struct entry *b)
{
    if (a->f.severity != b->f.severity)
        return a->f.severity < b->f.severity;
    return voice_of_shelf(a)->value < voice_of_shelf(b)->value;
}

static struct entry *least_of(struct ik_book *b, struct detector *d)
{
    struct entry *least = &b->entries[d->named[0]];
    for (uint16_t i = 1; i < d->n_named; i++) {
        struct entry *e = &b->entries[d->named[i]];
        if (is_less(e, least))
            least = e;
    }
    d->least_severity = least->f.severity;
    d->least_value = voice_of_shelf(least)->value;
    return least;
}

static bool outdoes(const struct detector *d, const struct ik_report *r)
{
    return r->severity > d->least_severity ||
           (r->severity == d->least_severity && r->value > OUTDO * d->least_value);
}

static void count_source(struct ik_book *b, struct ik_finding *f, const struct ik_report *r)
{
    struct detector *d = &b->detectors[r->detector];
    struct ik_addr src = r->src;
    if (src.family == 6)
        memset(src.bytes + NET_BYTES, 0, sizeof(src.bytes) - NET_BYTES);
    if (src.family &&
        ik_distinct_add(&d->sources, ik_siphash(b->cfg->secret, src.bytes, sizeof(src.bytes))))
        f->sources = ik_distinct_count(&d->sources);
}

/* Adds to the finding of many sources, which is opened where there is none. */
static void add_to_many(struct ik_book *b, ik_ns now, const struct ik_report *r)
{
    struct detector *d = &b->detectors[r->detector];
    struct entry *e = d->many == NOBODY ? place(b, now, r) : &b->entries[d->many];
    if (!e)
        return;
    struct ik_voice *v = &e->cause.voices[0].voice;
    if (!e->many) {
        e->many = true;
        d->many = index_of(b, e);
        d->sources = (struct ik_distinct){.n = 0};
        (void)ik_cause_join(&e->cause, r, 0);
    }
    const bool same_kind =
        v->why == NULL || (v->family == r->family && v->type == r->type && v->code == r->code);
    add(b, e, 0, now, r);
    ik_cause_blur(v, r, same_kind);
    e->f.other.family = 0;
    count_source(b, &e->f, r);
    b->merged++;
}

/* What a finding was to the detector that it counts as, as a report of it. */
static struct ik_report report_of(const struct entry *e)
{
    struct ik_report r = ik_cause_report(voice_of_shelf(e));
    r.detector = (enum ik_detector)e->shelf;
    r.tool = e->f.tool;
    r.packets = e->f.packets;
    r.sources = e->f.sources;
    return r;
}

/* A cause that is not known while all places of its detector are taken. */
static struct entry *crowd(struct ik_book *b, ik_ns now, const struct ik_report *r, uint64_t key,
                           uint64_t kin)
{
    struct detector *d = &b->detectors[r->detector];
    if (!outdoes(d, r))
        return NULL;
    struct entry *least = least_of(b, d);
    if (!outdoes(d, r))
        return NULL;
    const struct ik_report was = report_of(least);
    end(b, least, now);
    add_to_many(b, now, &was);
    struct entry *e = open_named(b, now, r, key, kin);
    d->least_severity = IK_SEVERITY_INFO;
    d->least_value = 0;
    return e;
}

/* The entry of the report's cause, and in *voice the voice that tells of it, new where it has to
 * be. NULL: there is no room for one more. */
static struct entry *entry_of(struct ik_book *b, ik_ns now, const struct ik_report *r,
                              unsigned *voice)
{
    struct entry *e = b->last == NOBODY ? NULL : &b->entries[b->last];
    if (e && (*voice = ik_cause_find(&e->cause, r)) < e->cause.n)
        return e;
    const uint8_t *secret = b->cfg->secret;
    const uint64_t key = ik_cause_key(secret, r), kin = ik_cause_kin(secret, r);
    e = find(b, key);
    if (e && (*voice = ik_cause_find(&e->cause, r)) < e->cause.n)
        return e;
    if (kin && kin != key)
        e = find(b, kin);
    if (e && ik_cause_may_join(&e->cause, r)) {
        *voice = ik_cause_join(&e->cause, r, key);
        put_key(b, e, key);
        return e;
    }
    *voice = 0;
    return b->detectors[r->detector].n_named < IK_BOOK_SOURCES ? open_named(b, now, r, key, kin)
                                                               : crowd(b, now, r, key, kin);
}

void ik_book_report(struct ik_book *b, ik_ns now, const struct ik_report *r)
{
    unsigned voice;
    struct entry *e = entry_of(b, now, r, &voice);
    if (!e) {
        add_to_many(b, now, r);
        return;
    }
    add(b, e, voice, now, r);
    if (r->sources > e->f.sources)
        e->f.sources = r->sources;
    else if (e->f.sources == 0)
        e->f.sources = r->src.family != 0;
    b->last = index_of(b, e);
}

/* ---- what nobody saw ------------------------------------------------------------------------- */

static struct entry *with_id(struct ik_book *b, uint64_t id)
{
    for (uint16_t i = 0; i < b->n_open; i++) {
        if (b->entries[b->open[i]].f.id == id)
            return &b->entries[b->open[i]];
    }
    return NULL;
}

/* Who does not see how much it is lowers nothing. Who reads on is told at least as often as he
 * would have been told of its end. */
bool ik_book_stopped(struct ik_book *b, ik_ns now, uint64_t id, uint64_t packets)
{
    struct entry *e = with_id(b, id);
    if (!e)
        return false;
    e->f.stopped += packets;
    e->f.stopped_last = now - b->shift;
    for (int s = 0; s <= (int)e->f.severity; s++)
        e->seen[s] = now;
    for (unsigned i = 0; i < e->cause.n; i++)
        e->cause.voices[i].last = now;
    const int64_t *limits = b->cfg->limits;
    const bool much = e->f.stopped >= MUCH * e->told_stopped;
    if (now - e->told >= limits[much ? IK_LIM_AGAIN : IK_LIM_HOLD])
        say(b, e, now, SAY_UPDATED);
    return true;
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool is_over(ik_ns seen, ik_ns now, ik_ns hold)
{
    return seen == INT64_MIN || now - seen > hold;
}

static bool has_key(const struct ik_cause *c, uint64_t key)
{
    for (unsigned i = 0; i < c->n; i++) {
        if (c->voices[i].key == key)
            return true;
    }
    return false;
}

/* Forgets detectors that have said nothing for long, but for the last one. True: another names it
 * now. */
static bool forget(struct ik_book *b, struct entry *e, ik_ns now)
{
    struct ik_cause *c = &e->cause;
    const enum ik_detector was = c->voices[0].voice.detector;
    for (unsigned i = c->n; i > 0 && c->n > 1; i--) {
        const struct ik_cause_voice *v = &c->voices[i - 1];
        if (!is_over(v->last, now, b->cfg->limits[IK_LIM_HOLD]))
            continue;
        const uint64_t key = v->key;
        ik_cause_leave(c, i - 1);
        if (!has_key(c, key))
            drop_key(b, e, key);
    }
    return c->voices[0].voice.detector != was;
}

static void settle(struct ik_book *b, struct entry *e, ik_ns now)
{
    const ik_ns hold = b->cfg->limits[IK_LIM_HOLD];
    if (is_over(e->seen[IK_SEVERITY_INFO], now, hold)) {
        end(b, e, now);
        return;
    }
    enum ik_severity s = e->f.severity;
    while (s > IK_SEVERITY_INFO && is_over(e->seen[s], now, hold))
        s--;
    const bool much = e->f.packets >= MUCH * e->told_packets, other = forget(b, e, now);
    if (s != e->f.severity)
        ik_cause_lower(&e->cause, s);
    if (other || s != e->f.severity || (much && now - e->told >= b->cfg->limits[IK_LIM_AGAIN]))
        say(b, e, now, SAY_UPDATED);
    e->f.severity = s;
}

void ik_book_tick(struct ik_book *b, ik_ns now)
{
    for (uint16_t i = b->n_open; i > 0; i--) /* ending one moves the last into its place */
        settle(b, &b->entries[b->open[i - 1]], now);
    for (int i = 0; i < IK_DETECTORS; i++) {
        if (b->detectors[i].n_named == IK_BOOK_SOURCES)
            least_of(b, &b->detectors[i]);
    }
}

/* In the order in which they began: so people read them. */
void ik_book_stop(struct ik_book *b, ik_ns now)
{
    while (b->n_open) {
        struct entry *first = &b->entries[b->open[0]];
        for (uint16_t i = 1; i < b->n_open; i++) {
            struct entry *e = &b->entries[b->open[i]];
            if (e->f.id < first->f.id)
                first = e;
        }
        end(b, first, now);
    }
}

/* ---- what it has ----------------------------------------------------------------------------- */

bool ik_book_kept(const struct ik_book *b)
{
    return b->kept;
}

const struct ik_finding *ik_book_open(struct ik_book *b, size_t i)
{
    return i < b->n_open ? tell(&b->entries[b->open[i]]) : NULL;
}

uint64_t ik_book_opened(const struct ik_book *b)
{
    return b->opened;
}

uint64_t ik_book_merged(const struct ik_book *b)
{
    return b->merged;
}

uint64_t ik_book_lost(const struct ik_book *b)
{
    return b->lost;
}
