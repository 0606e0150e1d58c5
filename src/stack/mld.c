/* SPDX-License-Identifier: MIT
 * Multicast listener discovery, the listener's side (RFC 3810, and RFC 2710 while a querier of it
 * is there). A node listens to all nodes (which is never reported), to the solicited-node group of
 * each of its addresses, and as a router to all routers; it wants every source of a group, so each
 * report is EXCLUDE of nothing.
 *
 *   start, interface up --(random, twice)--> state change report
 *   query --(random below its maximum)--> current state report of what was asked for */
#include "stack/nd_int.h"

#include "icmpkit/icmp_lists.h"
#include "net/scope.h"

#include <limits.h>

enum {
    RECORDS = 60, /* of one report: it may never be fragmented */
    RECORD_BYTES = 20,
    ROUTER_GROUPS = 2,
    ROBUSTNESS = 2, /* RFC 3810 section 9.1 */
    ALERT_BYTES = 8,
};
static const ik_ns first_delay = IK_NS_PER_S / 2;      /* before addresses are verified */
static const ik_ns repeat_interval = IK_NS_PER_S;      /* section 9.11 */
static const ik_ns query_interval = 125 * IK_NS_PER_S; /* section 9.2 */

/* Instants are IK_NEVER where nothing is due. */
struct mld_port {
    uint64_t *pending; /* groups that a query asked for: a bit each, by their number */
    ik_ns due, latest; /* the next of their reports, and the end of what the query allows */
    ik_ns change_at;   /* the next state change report */
    ik_ns v1_until;    /* the querier speaks version 1 */
    uint8_t changes_left;
};

struct ik_mld {
    uint8_t n_ports;
    uint8_t words; /* of each `pending` */
    struct mld_port ports[];
};

/* ---- groups ---------------------------------------------------------------------------------- */

static struct ik_addr all_routers(uint8_t scope)
{
    return (struct ik_addr){.family = 6, .bytes = {[0] = 0xff, [1] = scope, [15] = 2}};
}

/* The groups that are reported on a port, one after the other: those of its addresses, of the
 * link-local one that comes from the MAC, of routers. Groups that two addresses share stand twice
 * here, and are reported once. */
struct walk {
    const struct ik_stack_iface *iface;
    unsigned at; /* number of the group that was taken last, plus 1 */
    unsigned next_addr, beyond;
    unsigned n_beyond; /* behind the addresses: 1, of routers 3; without IPv6 none */
};

static struct walk walk_begin(const struct ik_stack *s, uint8_t port)
{
    const unsigned n = ik_stack_is_router(s) ? 1 + ROUTER_GROUPS : 1;
    return (struct walk){.iface = &s->ifaces[port], .n_beyond = s->nd->ports[port].used ? n : 0};
}

static bool walk_take(struct walk *w, struct ik_addr *group)
{
    const struct ik_stack_iface *f = w->iface;
    while (w->next_addr < f->n_addrs && f->addrs[w->next_addr].addr.family != 6)
        w->next_addr++;
    if (w->next_addr < f->n_addrs) {
        *group = ik_scope_solicited_node(&f->addrs[w->next_addr++].addr);
    } else if (w->beyond == w->n_beyond) {
        return false;
    } else if (w->beyond++ == 0) {
        const struct ik_addr own = ik_scope_link_local(f->mac);
        *group = ik_scope_solicited_node(&own);
    } else {
        *group = all_routers(w->beyond == 2 ? IK_SCOPE_LINK : IK_SCOPE_SITE);
    }
    w->at++;
    return true;
}

/* True when one of the first `numbers` groups of the port is that one. */
static bool stands_before(const struct ik_stack *s, uint8_t port, unsigned numbers,
                          const struct ik_addr *group)
{
    struct ik_addr other;
    for (struct walk w = walk_begin(s, port); w.at < numbers && walk_take(&w, &other);)
        if (ik_addr_same_host(&other, group))
            return true;
    return false;
}

static bool is_pending(const struct mld_port *mp, unsigned number)
{
    return mp->pending[number / 64] >> number % 64 & 1;
}

static bool anything_is_pending(const struct ik_mld *m, const struct mld_port *mp)
{
    for (unsigned i = 0; i < m->words; i++)
        if (mp->pending[i])
            return true;
    return false;
}

/* True when the host stands for addresses of which any could have that solicited-node group. */
static bool stands_for(const struct ik_stack *s, const struct ik_addr *group)
{
    static const uint8_t solicited[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
    if (memcmp(group->bytes, solicited, sizeof(solicited)) != 0)
        return false;
    for (unsigned i = 0; i < s->opt->n_prefixes; i++)
        if (s->opt->prefixes[i].addr.family == 6)
            return true;
    return false;
}

bool ik_stack_mld_joined(const struct ik_stack *s, uint8_t port, const struct ik_addr *group)
{
    if (!s->nd || port >= s->n_ifaces || !s->nd->ports[port].used)
        return false;
    const struct ik_addr all = ik_nd_all_nodes();
    if (ik_addr_same_host(group, &all) || stands_for(s, group))
        return true;
    return stands_before(s, port, UINT_MAX, group);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Hop limit 1, from a link-local address, with a Router Alert (RFC 2710 section 3). */
static void send(struct ik_stack *s, uint8_t port, const struct ik_addr *dst,
                 const struct ik_icmp *msg)
{
    static const uint8_t alert[ALERT_BYTES] = {IK_PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0};
    uint8_t bytes[IK_ND_BYTES_MAX - IK_IP6_BYTES - ALERT_BYTES];
    size_t len;
    const struct ik_addr src = ik_nd_link_local(s, port);
    const struct ik_icmp_ctx ctx = {.family = 6, .src = &src, .dst = dst};
    if (ik_icmp_encode(msg, &ctx, false, bytes, sizeof(bytes), &len) != IK_OK)
        return; /* cannot be: RECORDS fit */
    struct ik_ip ip = ik_stack_output_ip6(s, &src, dst, IK_PROTO_ICMP6);
    ip.ttl = 1;
    ip.next_header = IK_PROTO_HOPOPTS;
    ip.options = (struct ik_rd){alert, sizeof(alert)};
    ip.payload = (struct ik_rd){bytes, len};
    const struct ik_stack_hop hop = {
        .kind = IK_STACK_ROUTE_VIA,
        .port = port,
        .on_link = true,
        .next = *dst,
        .mtu = s->ifaces[port].mtu,
    };
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){.hop = &hop});
}

static void send_records(struct ik_stack *s, uint8_t port, struct ik_wr *records)
{
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_MLD2_REPORT,
        .kind = IK_ICMP_MLD2_REPORT,
        .mld2_report = {.count = (uint16_t)(records->used / RECORD_BYTES),
                        .records = {records->p, records->used}},
    };
    const struct ik_addr routers = {.family = 6, .bytes = {[0] = 0xff, [1] = 2, [15] = 0x16}};
    if (records->used > 0)
        send(s, port, &routers, &msg);
    records->used = 0;
}

/* Reports all groups of the port, or those that are pending, in as many reports as they need. */
static void report2(struct ik_stack *s, uint8_t port, bool all, uint8_t type)
{
    const struct mld_port *mp = &s->mld->ports[port];
    uint8_t records[RECORDS * RECORD_BYTES];
    struct ik_addr group;
    struct ik_wr w;
    ik_wr_init(&w, records, sizeof(records));
    for (struct walk walk = walk_begin(s, port); walk_take(&walk, &group);) {
        const unsigned number = walk.at - 1;
        if ((!all && !is_pending(mp, number)) || stands_before(s, port, number, &group))
            continue;
        if (w.used == sizeof(records))
            send_records(s, port, &w);
        ik_wr_put8(&w, type);
        ik_wr_zero(&w, 3); /* no auxiliary data, no sources */
        ik_wr_put(&w, (struct ik_rd){group.bytes, 16});
    }
    send_records(s, port, &w);
}

/* Version 1 reports each group by itself, to the group: the first that is pending, which is so no
 * more. */
static void report1(struct ik_stack *s, uint8_t port)
{
    struct mld_port *mp = &s->mld->ports[port];
    struct walk w = walk_begin(s, port);
    struct ik_addr group;
    while (walk_take(&w, &group))
        if (is_pending(mp, w.at - 1))
            break;
    const unsigned number = w.at - 1;
    mp->pending[number / 64] &= ~(UINT64_C(1) << number % 64);
    if (stands_before(s, port, number, &group))
        return;
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_MLD_REPORT,
        .kind = IK_ICMP_MLD,
        .mld = {.group = group},
    };
    send(s, port, &group, &msg);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static bool is_valid(const struct ik_faults *faults)
{
    for (unsigned i = 0; i < faults->n; i++) {
        switch (faults->list[i].what) {
        case IK_FLAW_BAD_HOP_LIMIT:
        case IK_FLAW_BAD_SOURCE:
        case IK_FLAW_NO_ROUTER_ALERT:
        case IK_FLAW_BAD_TARGET:
            return false;
        default:
            break;
        }
    }
    return faults->more == 0;
}

/* Sets or clears the groups that are asked for, :: for all; true when there is one. */
static bool groups_mark(struct ik_stack *s, uint8_t port, const struct ik_addr *asked, bool pending)
{
    struct mld_port *mp = &s->mld->ports[port];
    struct ik_addr group;
    bool any = false;
    for (struct walk w = walk_begin(s, port); walk_take(&w, &group);) {
        const unsigned number = w.at - 1;
        const uint64_t bit = UINT64_C(1) << number % 64;
        if (!ik_addr_is_any(asked) && !ik_addr_same_host(asked, &group))
            continue;
        any = true;
        if (pending)
            mp->pending[number / 64] |= bit;
        else
            mp->pending[number / 64] &= ~bit;
    }
    return any;
}

/* Uniform in 0 .. most, whole milliseconds. */
static ik_ns delay_below(struct ik_stack *s, ik_ns most)
{
    return IK_NS_PER_MS * (ik_ns)ik_rng_below(&s->rng, (uint64_t)(most / IK_NS_PER_MS) + 1);
}

/* An answer that is due sooner anyway serves the new query too (RFC 3810 section 6.2). */
static void answer_later(struct ik_stack *s, uint8_t port, const struct ik_addr *asked, ik_ns most)
{
    struct mld_port *mp = &s->mld->ports[port];
    const bool waited = anything_is_pending(s->mld, mp);
    if (!groups_mark(s, port, asked, true))
        return;
    const ik_ns due = s->now.mono + delay_below(s, most);
    if (!waited || due < mp->due)
        mp->due = due;
    if (!waited || s->now.mono + most < mp->latest)
        mp->latest = s->now.mono + most;
    ik_stack_arm(s, mp->due);
}

static void query_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    struct mld_port *mp = &s->mld->ports[p->port];
    const bool v1 = m->kind == IK_ICMP_MLD;
    const struct ik_addr *group = v1 ? &m->mld.group : &m->mld2_query.group;
    const uint32_t ms = v1 ? m->mld.max_delay_ms : ik_mld_time_ms(m->mld2_query.max_code);
    const ik_ns most = ms * IK_NS_PER_MS;
    if (v1) /* section 9.12: Older Version Querier Present Timeout */
        mp->v1_until = s->now.mono + ROBUSTNESS * query_interval + most;
    ik_stack_event_say(s, "decided", IK_RULE_R3810_6_2_01, p, "listener report to come");
    answer_later(s, p->port, group, most);
}

/* Somebody else reported the group: version 1 needs no second report (RFC 2710 section 4). */
static void report_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (s->now.mono < s->mld->ports[p->port].v1_until)
        groups_mark(s, p->port, &m->mld.group, false);
}

void ik_stack_mld_input(struct ik_stack *s, struct ik_pkt *p, const struct ik_icmp *m,
                        const struct ik_faults *faults)
{
    if (!s->mld || p->own || p->port >= s->n_ifaces)
        return;
    if (!is_valid(faults)) {
        ik_stack_event_drop(s, IK_STACK_BAD_ICMP, IK_RULE_R3810_6_2_01, p,
                            "listener discovery that is invalid");
        return;
    }
    if (m->type == IK_ICMP6_MLD_QUERY)
        query_input(s, p, m);
    else if (!ik_addr_is_any(&m->mld.group))
        report_input(s, p, m);
}

/* ---- memory and time ------------------------------------------------------------------------- */

/* A bit for each group that the interface with most of them may report. */
static uint8_t words_of(const struct ik_stack_cfg *cfg)
{
    unsigned most = 0;
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        most = cfg->ifaces[i].n_addrs > most ? cfg->ifaces[i].n_addrs : most;
    return (uint8_t)((most + 1 + ROUTER_GROUPS + 63) / 64);
}

size_t ik_stack_mld_bytes(const struct ik_stack_cfg *cfg)
{
    const size_t port = sizeof(struct mld_port) + words_of(cfg) * sizeof(uint64_t);
    return ik_stack_nd_bytes(cfg) ? sizeof(struct ik_mld) + cfg->n_ifaces * port : 0;
}

void ik_stack_mld_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    const size_t bytes = ik_stack_mld_bytes(cfg);
    if (bytes == 0)
        return;
    memset(mem, 0, bytes);
    s->mld = mem;
    s->mld->n_ports = cfg->n_ifaces;
    s->mld->words = words_of(cfg);
    uint64_t *bits = (void *)(s->mld->ports + cfg->n_ifaces);
    for (unsigned i = 0; i < cfg->n_ifaces; i++, bits += s->mld->words)
        s->mld->ports[i] =
            (struct mld_port){.pending = bits, .due = IK_NEVER, .change_at = IK_NEVER};
}

void ik_stack_mld_port_up(struct ik_stack *s, uint8_t port)
{
    if (!s->mld || !s->nd->ports[port].used)
        return;
    struct mld_port *mp = &s->mld->ports[port];
    mp->changes_left = ROBUSTNESS;
    mp->change_at = s->now.mono + ik_rng_below(&s->rng, (uint64_t)first_delay);
    ik_stack_arm(s, mp->change_at);
}

void ik_stack_mld_start(struct ik_stack *s)
{
    (void)s; /* ik_stack_nd_port_up does it, for each interface that comes up */
}

/* Repeated, because it may get lost (RFC 3810 section 6.1). */
static void send_change(struct ik_stack *s, uint8_t port)
{
    struct mld_port *mp = &s->mld->ports[port];
    mp->changes_left--;
    mp->change_at = mp->changes_left
                        ? s->now.mono + ik_rng_below(&s->rng, (uint64_t)repeat_interval)
                        : IK_NEVER;
    if (s->now.mono < mp->v1_until) {
        const struct ik_addr any = {.family = 6};
        answer_later(s, port, &any, 0);
        return;
    }
    report2(s, port, true, IK_MLD2_TO_EXCLUDE);
}

static void send_answer(struct ik_stack *s, uint8_t port)
{
    struct mld_port *mp = &s->mld->ports[port];
    mp->due = IK_NEVER;
    if (s->now.mono >= mp->v1_until) {
        report2(s, port, false, IK_MLD2_IS_EXCLUDE);
        memset(mp->pending, 0, s->mld->words * sizeof(*mp->pending));
        return;
    }
    if (!anything_is_pending(s->mld, mp))
        return;
    report1(s, port);
    const ik_ns left = mp->latest > s->now.mono ? mp->latest - s->now.mono : 0;
    if (anything_is_pending(s->mld, mp))
        mp->due = s->now.mono + delay_below(s, left);
}

ik_ns ik_stack_mld_timeout(struct ik_stack *s)
{
    ik_ns next = IK_NEVER;
    for (uint8_t i = 0; s->mld && i < s->mld->n_ports; i++) {
        struct mld_port *mp = &s->mld->ports[i];
        if (mp->change_at <= s->now.mono)
            send_change(s, i);
        if (mp->due <= s->now.mono)
            send_answer(s, i);
        next = mp->due < next ? mp->due : next;
        next = mp->change_at < next ? mp->change_at : next;
    }
    return next;
}
