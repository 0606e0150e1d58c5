/* SPDX-License-Identifier: MIT
 * Who measures the limit of a host's ICMP errors (SAD DNS, CVE-2020-25705): bursts of packets to
 * closed ports, each burst as large as the limit allows, and then one more, whose answer tells how
 * many ports of the burst were open. What shows is the host's port unreachables: as many as a
 * burst of the limit within 50 ms, for ever different ports, again and again.
 *
 * Errors that come in are answers to a scan of our own. Where nobody knows which way is in, all of
 * them to one host are that too: whoever measures makes its packets come from several. */
#include "detect/part.h"

#include "base/bytes.h"
#include "net/distinct.h"
#include "net/ways.h"

#include <string.h>

enum {
    EMITTERS = 128,
    PORT_BITS = 1024,
    PORT_SHIFT = 6, /* of 16-bit hashes of ports */
    SEVERAL = 2,    /* hosts that errors go to */
};

#define BURST (50 * IK_NS_PER_MS)

struct emitter {
    ik_ns from, second;           /* when the present burst and the present second began */
    struct ik_report_begin since; /* the first of the present second */
    uint32_t n, again;            /* errors of the burst; of ports that it had already */
    uint32_t bursts;              /* of the second */
    bool counted;                 /* the present one is among them */
    uint64_t towards;             /* bits of ik_distinct_of_bits */
    uint64_t ports[PORT_BITS / 64];
};

struct probing {
    uint64_t evicted;
    uint16_t odd; /* makes of a port its bit; secret */
    struct ik_ways ways;
    _Alignas(64) struct ik_ways_row rows[EMITTERS];
    struct emitter emitters[EMITTERS];
};

static size_t probing_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct probing);
}

static void probing_init(void *state, const struct ik_detect_cfg *cfg)
{
    struct probing *p = state;
    p->odd = (uint16_t)(ik_load_be16(cfg->secret) | 1);
    ik_ways_init(&p->ways, p->rows, EMITTERS);
}

static uint64_t probing_evicted(const void *state)
{
    return ((const struct probing *)state)->evicted;
}

static bool is_port_unreachable(const struct ik_look_packet *p)
{
    const bool type =
        p->ip.version == 4
            ? p->icmp.type == IK_ICMP4_UNREACHABLE && p->icmp.code == IK_ICMP4_UNREACHABLE_PORT
            : p->icmp.type == IK_ICMP6_UNREACHABLE && p->icmp.code == IK_ICMP6_UNREACHABLE_PORT;
    return type && p->has_quote && p->quote.ip.proto == IK_PROTO_UDP &&
           p->quote.has & IK_QUOTE_PORTS;
}

static struct emitter *emitter_of(struct probing *p, const struct ik_sight *s)
{
    const uint32_t row = ik_ways_take(&p->ways, s->src_hash);
    struct emitter *e = &p->emitters[row];
    if (p->rows[row].at == INT64_MIN) {
        p->evicted += s->now - e->second < IK_NS_PER_S &&
                      (e->bursts > 0 || 2 * e->n >= s->cfg->limits[IK_LIM_PROBE_BURST]);
        *e = (struct emitter){.from = s->now, .second = s->now, .since = ik_sight_begin(s)};
    }
    p->rows[row].at = s->now;
    return e;
}

/* True when the port was quoted in this burst before; two in 40 may seem so by chance. */
static bool port_again(struct probing *p, struct emitter *e, uint16_t port)
{
    const uint32_t bit = (uint16_t)(port * (uint32_t)p->odd) >> PORT_SHIFT;
    const uint64_t mask = (uint64_t)1 << bit % 64;
    const bool again = e->ports[bit / 64] & mask;
    e->ports[bit / 64] |= mask;
    return again;
}

static void turn(struct emitter *e, const struct ik_sight *s)
{
    const ik_ns now = s->now;
    if (now - e->second >= IK_NS_PER_S) {
        e->second = now;
        e->since = ik_sight_begin(s);
        e->bursts = 0;
        e->towards = 0;
    }
    if (now - e->from < BURST)
        return;
    e->from = now;
    e->n = e->again = 0;
    e->counted = false;
    memset(e->ports, 0, sizeof(e->ports));
}

static bool is_ours(const struct ik_sight *s, const struct emitter *e)
{
    if (s->way == IK_WAY_IN)
        return true;
    return s->way != IK_WAY_OUT && __builtin_popcountll(e->towards) < SEVERAL;
}

static void tell(const struct ik_sight *s, const struct emitter *e)
{
    const struct ik_icmp *m = &s->p->icmp;
    const struct ik_report report = {
        .detector = IK_DETECT_RATE_PROBE,
        .severity = IK_SEVERITY_MEDIUM,
        .dst = s->p->ip.src,
        .family = m->family,
        .type = m->type,
        .code = m->code,
        .window = IK_NS_PER_S,
        .value = e->bursts,
        .threshold = (double)s->cfg->limits[IK_LIM_PROBE_BURSTS],
        .limit = IK_LIM_PROBE_BURSTS,
        .why = "Somebody makes a host use up its limit of ICMP errors, burst after burst, to learn "
               "which ports are open.",
        .remedy = IK_REMEDY_NONE,
        .packets = e->n,
        .since = e->since,
        .p = s->p,
    };
    ik_book_report(s->book, s->now, &report);
}

static void probing_input(void *state, struct ik_sight *s)
{
    struct probing *p = state;
    if (!is_port_unreachable(s->p) || !ik_sight_minds(s, IK_DETECT_RATE_PROBE))
        return;
    const ik_ns *limits = s->cfg->limits;
    struct emitter *e = emitter_of(p, s);
    turn(e, s);
    e->towards |= ik_distinct_bit(s->dst_hash);
    if (e->counted)
        return;
    e->n++;
    e->again += port_again(p, e, s->p->quote.dport);
    if (e->n < limits[IK_LIM_PROBE_BURST] ||
        100 * (int64_t)(e->n - e->again) < limits[IK_LIM_PROBE_PORTS] * (int64_t)e->n)
        return;
    e->counted = true;
    e->bursts++;
    if (e->bursts >= limits[IK_LIM_PROBE_BURSTS] && !is_ours(s, e))
        tell(s, e);
}

const struct ik_part ik_part_probing = {
    .wants = IK_WANTS_ERRORS,
    .bytes = probing_bytes,
    .init = probing_init,
    .input = probing_input,
    .evicted = probing_evicted,
};
