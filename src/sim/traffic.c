/* SPDX-License-Identifier: MIT
 * Generated traffic. Packets are given to the sending node as those of its user; what comes back is
 * seen where it reaches the node, which keeps all but what only this file understands: data and
 * acknowledgements of the AIMD sender. */
#include "base/rd.h"
#include "sim/aimd.h"
#include "sim/sim_int.h"

#include <string.h>

enum {
    ETHER = 14,
    TYPE_IP4 = 0x0800,
    TYPE_IP6 = 0x86dd,
    HEADERS = 48, /* IPv6 and UDP or an echo: the longer */
    BYTES = 56,
    PAYLOAD_MOST = 65000,
    TTL = 64,
    PORT_DISCARD = 9,
    NUMBER_FIRST = 0xe000, /* identifier or source port of traffic 0 */
    NUMBER_LAST = 0xffff,
    MARK_BYTES = 12
};
/* The first bytes of a payload; then number of the traffic, and of the packet. */
#define MARK_DATA 0x494b7264u
#define MARK_ACK 0x494b6163u

struct ik_traffic {
    struct ik_sim_traffic_cfg cfg;
    struct ik_sim_traffic_stats stats;
    struct ik_aimd *aimd;
    uint8_t *packet;         /* HEADERS and the payload: the last one, or that with number 0 */
    size_t len;              /* of it; 0: not made yet */
    struct ik_addr src;      /* of it */
    uint16_t sum;            /* of the words under its checksum, number 0 */
    ik_ns at, gap;           /* of the next packet by the rate; from one to the next */
    uint64_t rest, gap_rest; /* what is left of a nanosecond, in parts of rate_mpps */
    uint32_t item, sent;     /* of the agenda; number of the next packet */
    bool met;                /* the receiver of an AIMD sender was looked for */
};

/* A packet of an address to another, as UDP or as an echo request. */
struct letter {
    struct ik_addr src, dst;
    uint16_t sport, dport;
    uint32_t mark, traffic, number;
    uint32_t bytes;
    uint8_t ttl;
};

/* ---- packets --------------------------------------------------------------------------------- */

/* After the mark comes what fill_payload wrote. */
static struct ik_rd payload_of(const struct letter *l, uint8_t *at)
{
    ik_store_be32(at, l->mark);
    ik_store_be32(at + 4, l->traffic);
    ik_store_be32(at + 8, l->number);
    return (struct ik_rd){at, l->bytes};
}

static size_t ip_bytes(uint8_t family)
{
    return family == 6 ? 40 : 20;
}

/* What is the same in all packets of a traffic is written once: numbers that count up. */
static void fill_payload(const struct ik_sim_traffic_cfg *cfg, uint8_t *packet)
{
    uint8_t *at = packet + ip_bytes(cfg->to.family) + 8;
    for (uint32_t i = MARK_BYTES; i < cfg->bytes; i++)
        at[i] = (uint8_t)i;
}

static enum ik_err put_echo(const struct letter *l, struct ik_rd data, uint8_t *out, size_t *len)
{
    const bool v6 = l->dst.family == 6;
    const struct ik_icmp_ctx ctx = {.family = l->dst.family, .src = &l->src, .dst = &l->dst};
    const struct ik_icmp icmp = {
        .family = l->dst.family,
        .type = v6 ? IK_ICMP6_ECHO : IK_ICMP4_ECHO,
        .kind = IK_ICMP_ECHO,
        .echo = {.id = l->sport, .seq = (uint16_t)l->number, .data = data},
    };
    return ik_icmp_encode(&icmp, &ctx, false, out, 8 + data.left, len);
}

static enum ik_err put_udp(const struct letter *l, struct ik_rd data, uint8_t *out, size_t *len)
{
    const struct ik_udp udp = {.sport = l->sport, .dport = l->dport, .data = data};
    return ik_udp_encode(&udp, &l->src, &l->dst, out, 8 + data.left, len);
}

/* Writes the whole packet; its bytes, 0 when it cannot be. */
static size_t put(const struct letter *l, bool echo, uint8_t *out)
{
    const size_t header = ip_bytes(l->dst.family);
    const struct ik_rd data = payload_of(l, out + header + 8);
    const uint8_t icmp = l->dst.family == 6 ? IK_PROTO_ICMP6 : IK_PROTO_ICMP4;
    size_t len;
    if ((echo ? put_echo : put_udp)(l, data, out + header, &len) != IK_OK)
        return 0;
    const struct ik_ip ip = {
        .version = l->dst.family,
        .ttl = l->ttl,
        .proto = echo ? icmp : IK_PROTO_UDP,
        .header_bytes = (uint32_t)header,
        .src = l->src,
        .dst = l->dst,
        .final_dst = l->dst,
        .options = {out, 0},
        .payload = {out + header, len},
    };
    return ik_ip_encode(&ip, false, out, header + len, &len) == IK_OK ? len : 0;
}

static void post(struct ik_sim *sim, uint32_t node, const uint8_t *packet, size_t len)
{
    if (len)
        ik_simnode_packet(sim, node, (struct ik_rd){packet, len});
}

/* Where the checksum of what IP carries stands, after the IP header. */
static size_t checksum_at(bool echo)
{
    return echo ? 2 : 6;
}

/* Writes the packet with number 0: all others of the traffic are made from it. */
static void put_first(struct ik_traffic *t, const struct letter *l, bool echo)
{
    t->src = l->src;
    t->len = put(l, echo, t->packet);
    if (!t->len)
        return;
    const uint16_t sum =
        (uint16_t)~ik_load_be16(t->packet + ip_bytes(t->src.family) + checksum_at(echo));
    t->sum = sum ? sum : 0xffff; /* of words that are not all 0 */
}

/* Gives the packet its number, and the checksum that this makes (RFC 1624). */
static void put_number(struct ik_traffic *t, uint32_t number, bool echo)
{
    uint8_t *at = t->packet + ip_bytes(t->src.family);
    uint64_t sum = (uint64_t)t->sum + (number >> 16) + (number & 0xffff);
    ik_store_be32(at + 8 + 8, number);
    if (echo) {
        ik_store_be16(at + 6, (uint16_t)number);
        sum += number & 0xffff;
    }
    const uint16_t checksum = ik_cksum_fold(sum);
    ik_store_be16(at + checksum_at(echo), checksum || echo ? checksum : 0xffff);
}

static uint8_t ttl_of(const struct ik_simnode *n, uint8_t asked)
{
    if (asked)
        return asked;
    return n->options && n->options->ttl ? n->options->ttl : TTL;
}

static struct letter letter_of(const struct ik_sim *sim, uint32_t index, const struct ik_addr *src)
{
    const struct ik_traffic *t = &sim->traffics[index];
    return (struct letter){.src = *src,
                           .dst = t->cfg.to,
                           .sport = (uint16_t)(NUMBER_FIRST + index),
                           .dport = t->cfg.port,
                           .mark = MARK_DATA,
                           .traffic = index,
                           .bytes = t->cfg.bytes,
                           .ttl = ttl_of(&sim->nodes[t->cfg.from], t->cfg.ttl)};
}

/* One packet of a traffic; false when the node is down or knows no way. */
static bool send(struct ik_sim *sim, uint32_t index, uint32_t number)
{
    struct ik_traffic *t = &sim->traffics[index];
    const struct ik_simnode *n = &sim->nodes[t->cfg.from];
    const bool echo = t->cfg.kind == IK_TRAFFIC_ECHO;
    struct ik_addr src = t->cfg.source;
    if (!n->engine)
        return false;
    if (!src.family && n->ops->source)
        src = n->ops->source(n, &t->cfg.to);
    if (!src.family)
        return false;
    t->stats.sent++;
    if (!t->len || !ik_addr_equal(&src, &t->src)) {
        const struct letter l = letter_of(sim, index, &src);
        put_first(t, &l, echo);
    }
    if (t->len)
        put_number(t, number, echo);
    post(sim, t->cfg.from, t->packet, t->len);
    return true;
}

/* ---- what is due ----------------------------------------------------------------------------- */

static void wake_at(struct ik_sim *sim, const struct ik_traffic *t, ik_ns at)
{
    const bool over = t->cfg.stop && at >= t->cfg.stop;
    ik_due_set(&sim->agenda, over ? IK_NEVER : at, ik_sim_order(sim), t->item);
}

/* Moves t->at to the next packet of the rate: exact in the long run. */
static void step(struct ik_traffic *t)
{
    t->at += t->gap;
    t->rest += t->gap_rest;
    if (t->rest >= t->cfg.rate_mpps) {
        t->rest -= t->cfg.rate_mpps;
        t->at++;
    }
}

static void steady_due(struct ik_sim *sim, uint32_t index)
{
    struct ik_traffic *t = &sim->traffics[index];
    (void)send(sim, index, t->sent++);
    step(t);
    wake_at(sim, t, t->at);
}

static void frames_due(struct ik_sim *sim, uint32_t index)
{
    struct ik_traffic *t = &sim->traffics[index];
    const struct ik_sim_timed_frame *f = &t->cfg.frames[t->sent];
    if (sim->nodes[t->cfg.from].engine) {
        t->stats.sent++;
        ik_simnode_packet(sim, t->cfg.from, f->packet);
    }
    if (++t->sent < t->cfg.n_frames)
        wake_at(sim, t, t->cfg.start + t->cfg.frames[t->sent].at);
}

/* The nodes that have the address see what arrives for it. */
static void meet(struct ik_sim *sim, struct ik_traffic *t)
{
    t->met = true;
    for (uint32_t i = 0; i < sim->n_nodes; i++)
        if (ik_simnode_owns(&sim->nodes[i], &t->cfg.to))
            sim->nodes[i].watched = true;
}

/* Sends what the window allows, as fast as the rate does, and waits for what is first: the rate or
 * the time to give up. */
static void fill_window(struct ik_sim *sim, uint32_t index)
{
    struct ik_traffic *t = &sim->traffics[index];
    ik_ns at = IK_NEVER;
    while (ik_aimd_may_send(t->aimd)) {
        if (t->cfg.rate_mpps && t->at > sim->now.mono) {
            at = t->at;
            break;
        }
        if (t->at < sim->now.mono)
            t->at = sim->now.mono;
        if (!send(sim, index, t->aimd->next)) {
            at = sim->now.mono + IK_NS_PER_S;
            break;
        }
        (void)ik_aimd_sent(t->aimd, sim->now.mono);
        if (t->cfg.rate_mpps)
            step(t);
    }
    const ik_ns give_up = ik_aimd_deadline(t->aimd);
    wake_at(sim, t, at < give_up ? at : give_up);
}

static void aimd_due(struct ik_sim *sim, uint32_t index)
{
    struct ik_traffic *t = &sim->traffics[index];
    if (!t->met)
        meet(sim, t);
    if (ik_aimd_deadline(t->aimd) <= sim->now.mono)
        ik_aimd_expired(t->aimd, sim->now.mono);
    fill_window(sim, index);
}

void ik_traffic_due(struct ik_sim *sim, uint32_t traffic)
{
    switch (sim->traffics[traffic].cfg.kind) {
    case IK_TRAFFIC_ECHO:
    case IK_TRAFFIC_UDP:
        steady_due(sim, traffic);
        break;
    case IK_TRAFFIC_AIMD:
        aimd_due(sim, traffic);
        break;
    case IK_TRAFFIC_FRAMES:
        frames_due(sim, traffic);
        break;
    }
}

/* ---- what comes back ------------------------------------------------------------------------- */

/* The traffic of this node with that identifier or source port; IK_SIM_NONE. */
static uint32_t traffic_of(const struct ik_sim *sim, uint32_t node, uint16_t number)
{
    const uint32_t index = (uint32_t)number - NUMBER_FIRST;
    return number >= NUMBER_FIRST && index < sim->n_traffics &&
                   sim->traffics[index].cfg.from == node
               ? index
               : IK_SIM_NONE;
}

static bool running(const struct ik_sim *sim, const struct ik_traffic *t)
{
    return !t->cfg.stop || sim->now.mono < t->cfg.stop;
}

static void quenched(struct ik_sim *sim, uint32_t node, struct ik_rd quote)
{
    struct ik_quote q;
    if (ik_quote_decode(&q, quote, NULL) != IK_OK)
        return;
    const uint16_t number = q.has & IK_QUOTE_PORTS ? q.sport : q.icmp_id;
    const uint32_t index = traffic_of(sim, node, number);
    if (index == IK_SIM_NONE || !ik_addr_same_host(&q.ip.dst, &sim->traffics[index].cfg.to))
        return;
    struct ik_traffic *t = &sim->traffics[index];
    t->stats.quenched++;
    if (t->aimd && t->cfg.obey_quench)
        ik_aimd_quenched(t->aimd, sim->now.mono);
}

static void look_at_icmp(struct ik_sim *sim, uint32_t node, const struct ik_ip *ip)
{
    const struct ik_icmp_ctx ctx = {.family = ip->version, .src = &ip->src, .dst = &ip->final_dst};
    struct ik_icmp icmp;
    if (ik_icmp_decode(&icmp, ip->payload, &ctx, NULL) != IK_OK || !icmp.checksum_ok)
        return;
    if (ip->version == 4 && icmp.type == IK_ICMP4_SOURCE_QUENCH) {
        quenched(sim, node, icmp.error.quote);
        return;
    }
    if (icmp.type != (ip->version == 4 ? IK_ICMP4_ECHO_REPLY : IK_ICMP6_ECHO_REPLY))
        return;
    const uint32_t index = traffic_of(sim, node, icmp.echo.id);
    if (index == IK_SIM_NONE || sim->traffics[index].cfg.kind != IK_TRAFFIC_ECHO ||
        icmp.echo.data.left < MARK_BYTES || ik_load_be32(icmp.echo.data.p) != MARK_DATA)
        return;
    sim->traffics[index].stats.answered++;
}

/* Data of an AIMD sender reached its receiver: the packet ends here. */
static bool acknowledge(struct ik_sim *sim, uint32_t node, const struct ik_ip *ip,
                        const struct ik_udp *udp)
{
    const uint32_t index = ik_load_be32(udp->data.p + 4);
    if (index >= sim->n_traffics || sim->traffics[index].cfg.kind != IK_TRAFFIC_AIMD ||
        udp->dport != sim->traffics[index].cfg.port)
        return false;
    const struct letter ack = {.src = ip->dst,
                               .dst = ip->src,
                               .sport = udp->dport,
                               .dport = udp->sport,
                               .mark = MARK_ACK,
                               .traffic = index,
                               .number = ik_load_be32(udp->data.p + 8),
                               .bytes = MARK_BYTES,
                               .ttl = ttl_of(&sim->nodes[node], 0)};
    uint8_t packet[HEADERS + MARK_BYTES];
    post(sim, node, packet, put(&ack, false, packet));
    return true;
}

static bool acknowledged(struct ik_sim *sim, uint32_t node, const struct ik_udp *udp)
{
    const uint32_t index = ik_load_be32(udp->data.p + 4);
    if (index >= sim->n_traffics || sim->traffics[index].cfg.from != node ||
        !sim->traffics[index].aimd)
        return false;
    struct ik_traffic *t = &sim->traffics[index];
    if (ik_aimd_acked(t->aimd, sim->now.mono, ik_load_be32(udp->data.p + 8)))
        t->stats.answered++;
    if (running(sim, t))
        fill_window(sim, index);
    return true;
}

static bool look_at_udp(struct ik_sim *sim, uint32_t node, const struct ik_ip *ip)
{
    struct ik_udp udp;
    if (ik_udp_decode(&udp, ip->payload, NULL) != IK_OK || udp.data.left < MARK_BYTES)
        return false;
    switch (ik_load_be32(udp.data.p)) {
    case MARK_DATA:
        return acknowledge(sim, node, ip, &udp);
    case MARK_ACK:
        return acknowledged(sim, node, &udp);
    default:
        return false;
    }
}

bool ik_traffic_look(struct ik_sim *sim, uint32_t node, struct ik_rd frame)
{
    if (frame.left < ETHER || !sim->nodes[node].engine)
        return false;
    const uint16_t type = ik_load_be16(frame.p + 12);
    struct ik_ip ip;
    if ((type != TYPE_IP4 && type != TYPE_IP6) ||
        ik_ip_decode(&ip, ik_rd_from(frame, ETHER), NULL) != IK_OK || ip.fragment || ip.truncated ||
        !ik_simnode_owns(&sim->nodes[node], &ip.dst))
        return false;
    if (ip.proto == IK_PROTO_UDP)
        return look_at_udp(sim, node, &ip);
    if (ip.proto == (ip.version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6))
        look_at_icmp(sim, node, &ip);
    return false;
}

/* ---- building -------------------------------------------------------------------------------- */

static enum ik_err check(const struct ik_sim *sim, const struct ik_sim_traffic_cfg *cfg)
{
    if (cfg->from >= sim->n_nodes || sim->nodes[cfg->from].external || cfg->start < sim->now.mono ||
        sim->n_traffics > NUMBER_LAST - NUMBER_FIRST)
        return IK_E_VALUE;
    if (cfg->kind == IK_TRAFFIC_FRAMES) {
        for (size_t i = 0; i < cfg->n_frames; i++)
            if (cfg->frames[i].at < (i ? cfg->frames[i - 1].at : 0))
                return IK_E_VALUE;
        return IK_OK;
    }
    if ((cfg->to.family != 4 && cfg->to.family != 6) || cfg->bytes > PAYLOAD_MOST ||
        (cfg->bytes && cfg->bytes < MARK_BYTES))
        return IK_E_VALUE;
    return cfg->rate_mpps || cfg->kind == IK_TRAFFIC_AIMD ? IK_OK : IK_E_VALUE;
}

static enum ik_err equip(struct ik_sim *sim, struct ik_traffic *t)
{
    if (t->cfg.kind == IK_TRAFFIC_FRAMES)
        return IK_OK;
    if (t->cfg.rate_mpps) {
        const uint64_t whole = 1000 * (uint64_t)IK_NS_PER_S;
        t->gap = (ik_ns)(whole / t->cfg.rate_mpps);
        t->gap_rest = whole % t->cfg.rate_mpps;
    }
    t->cfg.bytes = t->cfg.bytes ? t->cfg.bytes : BYTES;
    t->cfg.port = t->cfg.port ? t->cfg.port : PORT_DISCARD;
    t->packet = ik_sim_alloc(sim, HEADERS + t->cfg.bytes);
    if (!t->packet)
        return IK_E_NOMEM;
    fill_payload(&t->cfg, t->packet);
    if (t->cfg.kind != IK_TRAFFIC_AIMD)
        return IK_OK;
    t->aimd = ik_sim_alloc(sim, sizeof(*t->aimd));
    if (!t->aimd)
        return IK_E_NOMEM;
    ik_aimd_init(t->aimd);
    return IK_OK;
}

enum ik_err ik_sim_add_traffic(struct ik_sim *sim, const struct ik_sim_traffic_cfg *cfg,
                               uint32_t *traffic)
{
    enum ik_err err = check(sim, cfg);
    if (!err)
        err = ik_sim_grow((void **)&sim->traffics, &sim->cap_traffics, sim->n_traffics,
                          sizeof(*sim->traffics));
    if (err)
        return err;
    struct ik_traffic *t = &sim->traffics[sim->n_traffics];
    *t = (struct ik_traffic){.cfg = *cfg, .at = cfg->start};
    err = equip(sim, t);
    const struct ik_agenda_item item = {.kind = IK_AGENDA_TRAFFIC, .what = sim->n_traffics};
    const bool idle = cfg->kind == IK_TRAFFIC_FRAMES && !cfg->n_frames;
    const ik_ns first = idle                             ? IK_NEVER
                        : cfg->kind == IK_TRAFFIC_FRAMES ? cfg->start + cfg->frames[0].at
                                                         : cfg->start;
    if (!err)
        err = ik_agenda_add(sim, first, item, &t->item);
    if (err)
        return err;
    sim->nodes[cfg->from].watched |= cfg->kind != IK_TRAFFIC_FRAMES;
    *traffic = sim->n_traffics++;
    return IK_OK;
}

ik_ns ik_sim_traffic_end(const struct ik_sim *sim)
{
    ik_ns end = 0;
    for (uint32_t i = 0; i < sim->n_traffics; i++) {
        const struct ik_sim_traffic_cfg *c = &sim->traffics[i].cfg;
        ik_ns last = c->stop ? c->stop : IK_NEVER;
        if (c->kind == IK_TRAFFIC_FRAMES)
            last = c->start + (c->n_frames ? c->frames[c->n_frames - 1].at : 0);
        end = last > end ? last : end;
    }
    return end;
}

void ik_sim_traffic_stats(const struct ik_sim *sim, uint32_t traffic,
                          struct ik_sim_traffic_stats *out)
{
    const struct ik_traffic *t = &sim->traffics[traffic];
    *out = t->stats;
    if (t->aimd) {
        out->window = t->aimd->window;
        out->losses = t->aimd->losses;
    }
}
