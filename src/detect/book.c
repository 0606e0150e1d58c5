/* SPDX-License-Identifier: MIT
 * The book of findings.
 *
 *   report: new cause -> NEW; more severe -> UPDATED at once; much added -> UPDATED, now and then
 *   tick:   not so severe for `hold` -> lowered, UPDATED; not seen for `hold` -> ENDED, forgotten
 *
 * A detector has at most IK_BOOK_SOURCES findings of its own causes. What comes beyond them is told
 * as one finding of many sources, unless it outdoes the least of the others and takes its place: so
 * those who do most stay named, however many sources are made up beside them. */
#include "detect/book.h"

#include "base/map.h"
#include "base/rd.h"
#include "base/siphash.h"
#include "net/distinct.h"

#include <string.h>

enum {
    SEVERITIES = IK_SEVERITY_CRITICAL + 1,
    NOBODY = IK_BOOK_MAX, /* no number of an entry */
    CAUSE_BYTES = 1 + 2 * 17,
    NET_BYTES = 8, /* of IPv6 sources */
    MUCH = 2,      /* so many times the packets that were told are news */
    OUTDO = 2,     /* so many times the value takes the place of the least */
};

/* What waits to be told of an entry. */
enum { SAY_NEW = 1, SAY_UPDATED = 2, SAY_ENDED = 4 };

struct entry {
    struct ik_finding f;
    uint64_t hash;          /* of the cause */
    ik_ns seen[SEVERITIES]; /* when it was last reported as that severe, or more */
    ik_ns told;             /* when news of it were last made */
    uint64_t told_packets;  /* and what was told */
    uint16_t open_at;       /* its place in book.open */
    uint8_t say;
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
    struct ik_map map; /* from the hash of a cause to its entry, while it is open */
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
    return map_at() + ik_map_bytes(IK_BOOK_MAX);
}

struct ik_book *ik_book_init(void *mem, const struct ik_detect_cfg *cfg)
{
    struct ik_book *b = mem;
    memset(b, 0, sizeof(*b));
    b->cfg = cfg;
    b->last = NOBODY;
    ik_map_init(&b->map, (uint8_t *)mem + map_at(), IK_BOOK_MAX, cfg->secret);
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
        return &e->f;
    }
    e->f.state = IK_FINDING_ENDED;
    e->say = 0;
    take_news(b);
    b->free[b->n_free++] = i; /* what is in it stays until the next report */
    return &e->f;
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

static uint64_t hash_of(const struct ik_book *b, enum ik_detector d, const struct ik_addr *src,
                        const struct ik_addr *dst)
{
    uint8_t cause[CAUSE_BYTES];
    cause[0] = (uint8_t)d;
    cause[1] = src->family;
    memcpy(cause + 2, src->bytes, sizeof(src->bytes));
    cause[18] = dst->family;
    memcpy(cause + 19, dst->bytes, sizeof(dst->bytes));
    return ik_siphash(b->cfg->secret, cause, sizeof(cause));
}

static bool is_cause(const struct ik_finding *f, const struct ik_report *r)
{
    return f->detector == r->detector && ik_addr_same_host(&f->src, &r->src) &&
           ik_addr_same_host(&f->dst, &r->dst);
}

/* 64 bits under a secret key name the cause: nobody finds two with the same. */
static struct entry *find(struct ik_book *b, uint64_t hash)
{
    uint32_t i;
    return ik_map_get(&b->map, hash, &i) ? &b->entries[i] : NULL;
}

static struct entry *place(struct ik_book *b, ik_ns now, const struct ik_report *r)
{
    if (b->n_free == 0)
        drop_news(b);
    if (b->n_free == 0)
        return NULL;
    const uint16_t i = b->free[--b->n_free];
    struct entry *e = &b->entries[i];
    *e = (struct entry){.f = {.id = ++b->opened, .detector = r->detector}, .open_at = b->n_open};
    for (int s = 0; s < SEVERITIES; s++)
        e->seen[s] = INT64_MIN;
    b->open[b->n_open++] = i;
    say(b, e, now, SAY_NEW);
    return e;
}

static void end(struct ik_book *b, struct entry *e, ik_ns now)
{
    const uint16_t i = index_of(b, e);
    struct detector *d = &b->detectors[e->f.detector];
    if (e->many) {
        d->many = NOBODY;
    } else {
        ik_map_remove(&b->map, e->hash);
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

/* ---- evidence -------------------------------------------------------------------------------- */

/* Where the bytes lie, counted from the first byte of the frame, or of the datagram. False: in
 * neither. */
static bool find_bytes(const struct ik_look_packet *p, struct ik_rd bytes, uint32_t *at)
{
    const struct ik_rd in = p->reassembled ? p->ip_bytes : p->frame.bytes;
    const uintptr_t from = (uintptr_t)in.p, here = (uintptr_t)bytes.p;
    if (here < from || here - from > in.left || bytes.left > in.left - (here - from))
        return false;
    *at = (uint32_t)(here - from) + (p->reassembled ? p->ip_at_bytes : 0);
    return true;
}

/* The first three frames, except that one which makes it more severe takes the last place: how it
 * began, and what proves the worst of it. More of the same would prove no more. */
static void keep(struct ik_book *b, struct ik_finding *f, const struct ik_report *r, bool raised)
{
    const struct ik_look_packet *p = r->p;
    if (!p || (f->n_evidence == IK_EVIDENCE_MAX && !raised))
        return;
    if (f->n_evidence && f->evidence[f->n_evidence - 1].n == p->frame.n)
        return;
    if (f->n_evidence < IK_EVIDENCE_MAX)
        f->n_evidence++;
    struct ik_evidence *e = &f->evidence[f->n_evidence - 1];
    *e = (struct ik_evidence){.n = p->frame.n, .time = p->frame.time};
    struct ik_rd bytes = r->bytes;
    if (bytes.left == 0)
        bytes = p->has_icmp ? p->icmp_bytes : p->ip_bytes;
    bytes = ik_rd_head(bytes, IK_EVIDENCE_BYTES);
    if (find_bytes(p, bytes, &e->at_bytes)) {
        e->n_bytes = (uint8_t)bytes.left;
        memcpy(e->bytes, bytes.p, bytes.left);
    }
    b->kept = true;
}

/* ---- reports --------------------------------------------------------------------------------- */

static const char *source_of(const struct ik_report *r)
{
    if (r->source)
        return r->source;
    return r->limit < IK_LIMITS ? ik_limit_row(r->limit)->source : "the format itself";
}

static void adopt(struct ik_finding *f, const struct ik_report *r)
{
    f->severity = r->severity;
    f->window = r->window;
    f->value = r->value;
    f->threshold = r->threshold;
    f->limit = r->limit;
    f->why = r->why;
    f->source = source_of(r);
    f->remedy = r->remedy;
    f->family = r->family;
    f->type = r->type;
    f->code = r->code;
}

/* Further from the threshold, on whichever side of it the finding is. */
static bool is_worse(const struct ik_finding *f, const struct ik_report *r)
{
    return r->limit == f->limit &&
           (f->value >= f->threshold ? r->value > f->value : r->value < f->value);
}

static void add(struct ik_book *b, struct entry *e, ik_ns now, const struct ik_report *r)
{
    struct ik_finding *f = &e->f;
    const bool first = f->packets == 0 && f->why == NULL;
    const bool raised = first || r->severity > f->severity;
    const ik_ns time = r->p && r->p->frame.time != IK_NEVER ? r->p->frame.time : now - b->shift;
    f->first = first || time < f->first ? time : f->first;
    f->last = first || time > f->last ? time : f->last;
    f->packets += r->packets;
    if (first)
        e->told_packets = r->packets;
    if (raised) {
        adopt(f, r);
    } else if (r->severity == f->severity && is_worse(f, r)) {
        f->value = r->value;
        f->threshold = r->threshold;
        f->window = r->window;
    }
    f->tool = r->tool ? r->tool : f->tool;
    for (int s = 0; s <= (int)r->severity; s++)
        e->seen[s] = now;
    keep(b, f, r, raised && !first);
    const bool much = f->packets >= MUCH * e->told_packets;
    if ((raised && !first) || (much && now - e->told >= b->cfg->limits[IK_LIM_AGAIN]))
        say(b, e, now, SAY_UPDATED);
}

static struct entry *open_named(struct ik_book *b, ik_ns now, const struct ik_report *r,
                                uint64_t hash)
{
    struct detector *d = &b->detectors[r->detector];
    struct entry *e = place(b, now, r);
    if (!e)
        return NULL;
    /* There is room: the map has as many places as there are entries. */
    const enum ik_err err = ik_map_put(&b->map, hash, index_of(b, e));
    (void)err;
    e->hash = hash;
    e->f.src = r->src;
    e->f.dst = r->dst;
    d->named[d->n_named++] = index_of(b, e);
    return e;
}

/* ---- many sources ---------------------------------------------------------------------------- */

static struct entry *least_of(struct ik_book *b, struct detector *d)
{
    struct entry *least = &b->entries[d->named[0]];
    for (uint16_t i = 1; i < d->n_named; i++) {
        struct entry *e = &b->entries[d->named[i]];
        if (e->f.severity < least->f.severity ||
            (e->f.severity == least->f.severity && e->f.value < least->f.value))
            least = e;
    }
    d->least_severity = least->f.severity;
    d->least_value = least->f.value;
    return least;
}

static bool outdoes(const struct detector *d, const struct ik_report *r)
{
    return r->severity > d->least_severity ||
           (r->severity == d->least_severity && r->value > OUTDO * d->least_value);
}

/* A remedy against one source means nothing when there are many. */
static enum ik_remedy remedy_of_many(enum ik_remedy r, bool one_src, bool one_dst)
{
    if (r == IK_REMEDY_LIMIT_SOURCE && !one_src)
        return one_dst ? IK_REMEDY_LIMIT_DST : IK_REMEDY_NONE;
    if (r == IK_REMEDY_BLOCK_PAIR && !(one_src && one_dst))
        return IK_REMEDY_NONE;
    return r;
}

static void count_source(struct ik_book *b, struct ik_finding *f, const struct ik_report *r)
{
    struct detector *d = &b->detectors[f->detector];
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
    struct ik_finding *f = &e->f;
    if (!e->many) {
        e->many = true;
        d->many = index_of(b, e);
        d->sources = (struct ik_distinct){.n = 0};
        f->src = r->src;
        f->dst = r->dst;
    }
    const bool same_kind =
        f->why == NULL || (f->family == r->family && f->type == r->type && f->code == r->code);
    add(b, e, now, r);
    if (!same_kind)
        f->family = f->type = f->code = 0;
    if (!ik_addr_same_host(&f->src, &r->src))
        f->src = (struct ik_addr){.family = 0};
    if (!ik_addr_same_host(&f->dst, &r->dst))
        f->dst = (struct ik_addr){.family = 0};
    f->remedy = remedy_of_many(f->remedy, f->src.family, f->dst.family);
    count_source(b, f, r);
    b->merged++;
}

/* What a finding was, as a report of it. */
static struct ik_report report_of(const struct ik_finding *f)
{
    return (struct ik_report){
        .detector = f->detector,
        .severity = f->severity,
        .src = f->src,
        .dst = f->dst,
        .family = f->family,
        .type = f->type,
        .code = f->code,
        .window = f->window,
        .value = f->value,
        .threshold = f->threshold,
        .limit = f->limit,
        .why = f->why,
        .source = f->source,
        .tool = f->tool,
        .remedy = f->remedy,
        .packets = f->packets,
        .sources = f->sources,
    };
}

/* A cause that is not known while all places of its detector are taken. */
static struct entry *crowd(struct ik_book *b, ik_ns now, const struct ik_report *r, uint64_t hash)
{
    struct detector *d = &b->detectors[r->detector];
    if (!outdoes(d, r))
        return NULL;
    struct entry *least = least_of(b, d);
    if (!outdoes(d, r))
        return NULL;
    const struct ik_report was = report_of(&least->f);
    end(b, least, now);
    add_to_many(b, now, &was);
    struct entry *e = open_named(b, now, r, hash);
    d->least_severity = IK_SEVERITY_INFO;
    d->least_value = 0;
    return e;
}

void ik_book_report(struct ik_book *b, ik_ns now, const struct ik_report *r)
{
    struct detector *d = &b->detectors[r->detector];
    struct entry *e = b->last == NOBODY ? NULL : &b->entries[b->last];
    if (!e || !is_cause(&e->f, r)) {
        const uint64_t hash = hash_of(b, r->detector, &r->src, &r->dst);
        e = find(b, hash);
        if (!e)
            e = d->n_named < IK_BOOK_SOURCES ? open_named(b, now, r, hash) : crowd(b, now, r, hash);
    }
    if (!e) {
        add_to_many(b, now, r);
        return;
    }
    add(b, e, now, r);
    if (r->sources > e->f.sources)
        e->f.sources = r->sources;
    else if (e->f.sources == 0)
        e->f.sources = e->f.src.family != 0;
    b->last = index_of(b, e);
}

/* ---- time ------------------------------------------------------------------------------------ */

static bool is_over(ik_ns seen, ik_ns now, ik_ns hold)
{
    return seen == INT64_MIN || now - seen > hold;
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
    const bool much = e->f.packets >= MUCH * e->told_packets;
    if (s != e->f.severity || (much && now - e->told >= b->cfg->limits[IK_LIM_AGAIN]))
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

const struct ik_finding *ik_book_open(const struct ik_book *b, size_t i)
{
    return i < b->n_open ? &b->entries[b->open[i]].f : NULL;
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
