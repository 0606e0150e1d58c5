/* SPDX-License-Identifier: MIT
 * What a node tells of itself: a ring of events, made only where options.events asks for them. */
#include "stack/stack_int.h"
#include "stack/words.h"

/* More than one batch of frames makes; when it overflows the oldest are lost, and that is told. */
enum { EVENT_ROWS = 512, EVENT_WHAT_BYTES = 120, EVENT_PACKET_BYTES = 168 };

struct row {
    ik_ns real;
    const char *kind;
    uint16_t rule;
    uint8_t port;
    uint8_t what[EVENT_WHAT_BYTES]; /* terminated */
    uint8_t packet[EVENT_PACKET_BYTES];
};

struct ik_events {
    uint32_t first, n, lost;
    struct ik_wr open; /* of the event that is being written */
    struct ik_record said;
    uint8_t lost_text[48];
    struct row rows[EVENT_ROWS];
};

size_t ik_stack_event_bytes(const struct ik_stack_cfg *cfg)
{
    return cfg->options->events ? sizeof(struct ik_events) : 0;
}

void ik_stack_event_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (!cfg->options->events)
        return;
    s->events = mem;
    s->events->first = s->events->n = s->events->lost = 0;
}

void ik_stack_event_start(struct ik_stack *s)
{
    (void)s;
}

ik_ns ik_stack_event_timeout(struct ik_stack *s)
{
    (void)s;
    return IK_NEVER;
}

static struct row *row_new(struct ik_events *e)
{
    if (e->n == EVENT_ROWS) {
        e->first = (e->first + 1) % EVENT_ROWS;
        e->n--;
        e->lost++;
    }
    return &e->rows[(e->first + e->n++) % EVENT_ROWS];
}

struct ik_wr *ik_stack_event_begin(struct ik_stack *s, const char *kind, enum ik_rule rule,
                                   const struct ik_pkt *p)
{
    struct ik_events *e = s->events;
    if (!e)
        return NULL;
    struct row *r = row_new(e);
    r->real = s->now.real;
    r->kind = kind;
    r->rule = (uint16_t)rule;
    r->port = p ? p->port : IK_STACK_UPPER;
    r->packet[0] = '\0';
    if (p && p->ip.version) {
        struct ik_wr w;
        ik_wr_init(&w, r->packet, sizeof(r->packet) - 1);
        ik_words_put_packet(&w, &p->ip);
        r->packet[w.used] = '\0';
    }
    ik_wr_init(&e->open, r->what, sizeof(r->what) - 1);
    return &e->open;
}

void ik_stack_event_end(struct ik_stack *s)
{
    s->events->open.p[s->events->open.used] = '\0';
}

void ik_stack_event_say(struct ik_stack *s, const char *kind, enum ik_rule rule,
                        const struct ik_pkt *p, const char *what)
{
    struct ik_wr *w = ik_stack_event_begin(s, kind, rule, p);
    if (!w)
        return;
    ik_fmt_put_text(w, what);
    ik_stack_event_end(s);
}

void ik_stack_event_drop(struct ik_stack *s, enum ik_stack_count why, enum ik_rule rule,
                         const struct ik_pkt *p, const char *what)
{
    ik_stack_tally(s, why);
    ik_stack_event_say(s, "dropped", rule, p, what);
}

static void put_iface(struct ik_wr *w, const struct ik_stack *s, uint8_t port)
{
    if (!s->ifaces[port].name)
        return;
    ik_fmt_put_text(w, " by ");
    ik_fmt_put_text(w, s->ifaces[port].name);
}

void ik_stack_event_forwarded(struct ik_stack *s, const struct ik_pkt *p,
                              const struct ik_stack_hop *hop)
{
    const bool v4 = p->ip.version == 4, waits = !ik_stack_nbr_is_known(s, hop);
    struct ik_wr *w = ik_stack_event_begin(s, waits ? "waiting" : "forwarded",
                                           v4 ? IK_RULE_R1812_5_3_1_01 : IK_RULE_R4443_3_3_01, p);
    if (!w)
        return;
    ik_fmt_put_text(w, v4 ? "TTL " : "hop limit ");
    ik_fmt_put_u64(w, p->ip.ttl);
    ik_fmt_put_text(w, " -> ");
    ik_fmt_put_u64(w, p->ip.ttl - !s->opt->mpls_hides);
    ik_fmt_put_text(w, waits ? ", for the address of " : ", to ");
    ik_words_put_addr(w, &hop->next);
    put_iface(w, s, hop->port);
    ik_stack_event_end(s);
}

void ik_stack_event_sent(struct ik_stack *s, const struct ik_ip *ip, const struct ik_stack_hop *hop)
{
    const bool waits = !ik_stack_nbr_is_known(s, hop);
    struct ik_pkt p = {.port = hop->port, .own = true, .ip = *ip};
    p.ip.total_bytes = ip->header_bytes + (uint32_t)ip->payload.left;
    struct ik_wr *w = ik_stack_event_begin(s, waits ? "waiting" : "sent", IK_RULE_NONE, &p);
    if (!w)
        return;
    ik_fmt_put_text(w, "from this node");
    if (waits) {
        ik_fmt_put_text(w, ", for the address of ");
        ik_words_put_addr(w, &hop->next);
    }
    ik_stack_event_end(s);
}

/* What a buffer holds, as far as it can be told: a packet, or nothing that was decoded. */
static struct ik_pkt packet_of(const struct ik_buf *b, uint8_t port)
{
    struct ik_pkt p = {.port = port};
    struct ik_ip ip;
    if (b && ik_ip_decode(&ip, ik_buf_rd(b), NULL) == IK_OK)
        p.ip = ip;
    return p;
}

void ik_stack_event_resolved(struct ik_stack *s, const struct ik_buf *b, uint8_t port,
                             const struct ik_addr *to)
{
    const struct ik_pkt p = packet_of(b, port);
    struct ik_wr *w = ik_stack_event_begin(s, b->who == IK_WHO_FORWARDED ? "forwarded" : "sent",
                                           IK_RULE_NONE, &p);
    if (!w)
        return;
    ik_fmt_put_text(w, "to ");
    ik_words_put_addr(w, to);
    ik_fmt_put_text(w, ", after ");
    ik_fmt_put_fixed(w, s->now.mono - b->since, 6, 3);
    ik_fmt_put_text(w, " ms for its address");
    ik_stack_event_end(s);
}

void ik_stack_event_buffer(struct ik_stack *s, enum ik_stack_count why, const struct ik_buf *b,
                           uint8_t port, const char *what)
{
    const struct ik_pkt p = s->events ? packet_of(b, port) : (struct ik_pkt){.port = port};
    ik_stack_event_drop(s, why, IK_RULE_NONE, &p, what);
}

static const struct ik_record *lost_record(struct ik_stack *s)
{
    struct ik_events *e = s->events;
    struct ik_wr w;
    ik_wr_init(&w, e->lost_text, sizeof(e->lost_text) - 1);
    ik_fmt_put_u64(&w, e->lost);
    ik_fmt_put_text(&w, " earlier events are lost");
    e->lost_text[w.used] = '\0';
    e->lost = 0;
    e->said = ik_record_make(IK_REC_event, s->now.real);
    e->said.event.kind = "state";
    e->said.event.what = (const char *)e->lost_text;
    return &e->said;
}

const struct ik_record *ik_stack_event_record(struct ik_stack *s)
{
    struct ik_events *e = s->events;
    if (!e || (e->n == 0 && e->lost == 0))
        return NULL;
    if (e->lost)
        return lost_record(s);
    const struct row *r = &e->rows[e->first];
    e->first = (e->first + 1) % EVENT_ROWS;
    e->n--;
    e->said = ik_record_make(IK_REC_event, r->real);
    e->said.event.kind = r->kind;
    e->said.event.what = (const char *)r->what;
    e->said.event.rule = ik_rule_id((enum ik_rule)r->rule);
    if (r->port < s->n_ifaces)
        e->said.event.port = s->ifaces[r->port].name;
    if (r->packet[0])
        e->said.event.packet = (const char *)r->packet;
    return &e->said;
}
