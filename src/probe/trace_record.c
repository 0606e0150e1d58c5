/* SPDX-License-Identifier: MIT
 * Records of a trace. */
#include "probe/trace_record.h"

#include "base/fmt.h"
#include "icmpkit/wire.h"
#include "probe/trace_path.h"
#include "probe/trace_plan.h"

/* ---- marks ----------------------------------------------------------------------------------- */

/* Codes of Destination Unreachable as traceroute marks them: "" for the port, NULL for a number. */
static const char *const marks4[] = {"!N", "!H", "!P", "",   NULL, "!S", "!N", "!H",
                                     "!N", "!X", "!X", "!N", "!H", "!X", "!V", "!C"};
static const char *const marks6[] = {"!N", "!X", "!H", "!H", ""};

static const char *unreachable_mark(uint8_t family, int code)
{
    const char *const *marks = family == 6 ? marks6 : marks4;
    const int n = family == 6 ? (int)(sizeof(marks6) / sizeof(*marks6))
                              : (int)(sizeof(marks4) / sizeof(*marks4));
    return code >= 0 && code < n ? marks[code] : NULL;
}

static const char *put_big(char buf[static TRACE_MARK_TEXT], int64_t mtu)
{
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, TRACE_MARK_TEXT - 1);
    ik_fmt_put_text(&w, "!F-");
    ik_fmt_put_i64(&w, mtu);
    buf[w.used] = '\0';
    return buf;
}

const char *ik_trace_record_mark(uint8_t family, int type, int code, int64_t mtu,
                                 char buf[static TRACE_MARK_TEXT])
{
    const bool unreachable =
        type == (family == 6 ? (int)IK_ICMP6_UNREACHABLE : (int)IK_ICMP4_UNREACHABLE);
    const bool exceeded =
        type == (family == 6 ? (int)IK_ICMP6_TIME_EXCEEDED : (int)IK_ICMP4_TIME_EXCEEDED);
    const bool reply = type == (family == 6 ? (int)IK_ICMP6_ECHO_REPLY : (int)IK_ICMP4_ECHO_REPLY);
    if (mtu >= 0)
        return put_big(buf, mtu);
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, TRACE_MARK_TEXT - 1);
    const char *fixed = unreachable ? unreachable_mark(family, code) : NULL;
    if (type < 0 || reply || (exceeded && code == 0)) {
        /* nothing to say */
    } else if (fixed) {
        ik_fmt_put_text(&w, fixed);
    } else if (unreachable) {
        ik_fmt_put_text(&w, "!<");
        ik_fmt_put_i64(&w, code);
        ik_fmt_put_text(&w, ">");
    } else {
        ik_fmt_put_text(&w, "!<");
        ik_fmt_put_i64(&w, type);
        ik_fmt_put_text(&w, "-");
        ik_fmt_put_i64(&w, code);
        ik_fmt_put_text(&w, ">");
    }
    buf[w.used] = '\0';
    return buf;
}

/* ---- hop ------------------------------------------------------------------------------------- */

static const char *clock_name(enum ik_clock clock)
{
    static const char *const names[] = {
#define X(id, name) name,
        IK_CLOCKS(X)
#undef X
    };
    return names[clock];
}

static const char *state_name(enum trace_state state)
{
    switch (state) {
    case TRACE_ANSWERED:
        return "answered";
    case TRACE_UNKNOWN:
        return "unknown";
    case TRACE_FAILED:
        return "send_error";
    case TRACE_AMBIGUOUS:
        return "ambiguous";
    default:
        return "lost";
    }
}

/* From handing over to leaving the machine, where the kernel's stamp is on our clock. */
static ik_ns wait_of(const struct trace_probe *p)
{
    if (p->sent.clock != IK_CLOCK_KERNEL && p->sent.clock != IK_CLOCK_VIRTUAL)
        return IK_NEVER;
    const ik_ns wait = p->sent.mono - p->sent_user;
    return wait < 0 ? 0 : wait;
}

static void fill_answer(struct ik_trace *t, uint8_t family, const struct trace_probe *p,
                        struct ik_rec_hop *h)
{
    const struct trace_answer *a = &p->answer;
    enum ik_clock clock;
    h->from = a->from;
    h->rtt_ns = ik_trace_plan_rtt(p, &clock);
    h->clock = clock_name(clock);
    h->wait_ns = wait_of(p);
    h->type = a->type;
    h->code = a->code;
    if (a->type >= 0)
        h->icmp =
            ik_icmp_name(family, (uint8_t)a->type, (uint8_t)a->code, t->icmp, sizeof(t->icmp));
    h->reply_ttl = a->reply_ttl;
    h->quoted_ttl = a->quoted_ttl;
    h->quoted_tos = a->quoted_tos;
    h->mtu = a->mtu;
    if (*ik_trace_record_mark(family, a->type, a->code, a->mtu, t->mark))
        h->mark = t->mark;
    h->extensions = a->ext;
    h->lenient = a->lenient;
    h->nat = a->nat;
    h->match_bits = a->match_bits;
    h->final = a->ends != TRACE_STOP_NONE;
}

void ik_trace_record_hop(struct ik_trace *t, const struct trace_target *tt, uint32_t index)
{
    const struct trace_probe *p = &tt->probes[index];
    t->rec = ik_record_make(IK_REC_hop, t->real);
    struct ik_rec_hop *h = &t->rec.hop;
    h->target = tt->name;
    h->addr = tt->addr;
    h->ttl = ik_trace_ttl(t, index);
    h->probe = index % t->cfg.queries + 1;
    h->flow = t->cfg.classic ? (int64_t)index + 1 : 1;
    h->match_bits = 0;
    h->state = state_name(p->state);
    if (p->state == TRACE_ANSWERED) {
        fill_answer(t, tt->addr.family, p, h);
    } else if (p->state == TRACE_FAILED) {
        h->error = ik_err_text(p->err);
        h->mtu = p->err_mtu ? (int64_t)p->err_mtu : -1; /* no mark: no router said so */
    } else if (p->state == TRACE_LOST && tt->deepest > h->ttl) {
        /* What is forwarded well beyond this hop was not lost at it (RFC 1812 section 4.3.2.8: a
         * router may limit the rate of its errors). */
        h->verdict = "reply-limited";
    }
}

void ik_trace_record_summary(struct ik_trace *t, const struct trace_target *tt)
{
    static const char *const stops[] = {
#define X(id, name) name,
        TRACE_STOPS(X)
#undef X
    };
    static const char *const methods[] = {"udp", "icmp", "tcp"};
    t->rec = ik_record_make(IK_REC_trace_summary, t->real);
    struct ik_rec_trace_summary *s = &t->rec.trace_summary;
    s->target = tt->name;
    s->addr = tt->addr;
    s->method = methods[t->cfg.method];
    s->reached = tt->stop < TRACE_STOP_UNREACHABLE;
    s->stop = stops[tt->stop];
    s->hops = tt->last_ttl;
    s->distance = ik_trace_path_distance(t, tt);
    s->sent = (int64_t)tt->sent;
    s->received = (int64_t)tt->received;
}

/* ---- timers ---------------------------------------------------------------------------------- */

void ik_trace_record_note(struct ik_trace *t, uint32_t slot, const char *what, ik_ns time)
{
    if (!t->cfg.timers_of)
        return;
    if (t->n_timers == TRACE_TIMERS) {
        t->first_timer = (t->first_timer + 1) % TRACE_TIMERS;
        t->n_timers--;
    }
    t->timers[(t->first_timer + t->n_timers++) % TRACE_TIMERS] =
        (struct trace_timer){.real = t->real, .time = time, .slot = slot, .what = what};
}

bool ik_trace_record_timer(struct ik_trace *t)
{
    if (t->n_timers == 0)
        return false;
    const struct trace_timer *m = &t->timers[t->first_timer];
    const uint32_t index = m->slot % t->per_target;
    struct ik_wr w;
    t->first_timer = (t->first_timer + 1) % TRACE_TIMERS;
    t->n_timers--;
    ik_wr_init(&w, (uint8_t *)t->timer, sizeof(t->timer) - 1);
    ik_fmt_put_text(&w, "probe ");
    ik_fmt_put_u64(&w, index % t->cfg.queries + 1);
    ik_fmt_put_text(&w, " of TTL ");
    ik_fmt_put_u64(&w, ik_trace_ttl(t, index));
    ik_fmt_put_text(&w, " ");
    ik_fmt_put_text(&w, m->what);
    ik_fmt_put_text(&w, " ");
    ik_fmt_put_fixed(&w, m->time, 6, 3);
    ik_fmt_put_text(&w, " ms");
    t->timer[w.used] = '\0';
    t->rec = ik_record_make(IK_REC_event, m->real);
    t->rec.event.node = t->cfg.timers_of;
    t->rec.event.kind = "timer";
    t->rec.event.what = t->timer;
    t->rec.event.packet = ik_trace_target_of(t, m->slot)->name;
    return true;
}
