/* SPDX-License-Identifier: MIT
 * Talks of a benign network: pings, monitors, traces, connections. */
#include "benign_talks.h"

/* ---- pings ----------------------------------------------------------------------------------- */

enum { PING_SEND, PING_REPLY, PING_NO_HOST };
enum { IPUTILS, WINDOWS, FPING, BSD, STYLES };

static size_t payload(const struct talk *t, uint32_t seq, uint8_t *data)
{
    const uint64_t us = (uint64_t)t->clock[seq % 16] / 1000;
    memset(data, 0, t->size);
    switch (t->style) {
    case IPUTILS:
        for (uint32_t i = 16; i < t->size; i++)
            data[i] = (uint8_t)i;
        for (int i = 0; i < 8; i++) {
            data[i] = (uint8_t)((us / 1000000 + 1700000000) >> 8 * i);
            data[8 + i] = (uint8_t)(us % 1000000 >> 8 * i);
        }
        break;
    case WINDOWS:
        for (uint32_t i = 0; i < t->size; i++)
            data[i] = (uint8_t)('a' + i % 23);
        break;
    case BSD:
        for (uint32_t i = 8; i < t->size; i++)
            data[i] = (uint8_t)i;
        ik_store_be32(data, (uint32_t)(us / 1000000) + 1700000000);
        ik_store_be32(data + 4, (uint32_t)(us % 1000000));
        break;
    default:
        break;
    }
    return t->size;
}

static void ping_choose(struct world *w, struct talk *t)
{
    static const uint32_t sizes[STYLES] = {56, 32, 56, 56};
    t->style = (uint8_t)benign_below(w, STYLES);
    t->size = sizes[t->style];
    if (t->style == IPUTILS && benign_chance(w, 50))
        t->size = benign_chance(w, 500) ? 1472 : 4000;
    t->id = (uint16_t)ik_rng_next(&w->rng);
    t->seq[0] = t->style == FPING ? 0 : 1;
    t->left = 4 + benign_below(w, benign_chance(w, 100) ? 600 : 30);
    t->every = t->style == IPUTILS && benign_chance(w, 100) ? 200 * MS : S;
    t->fate = benign_chance(w, 60) ? 1 + (uint8_t)benign_below(w, 3)
                                   : 0; /* dead, host unreachable, forbidden */
    if (benign_chance(w, 100)) {        /* somebody out there asks one of us */
        const struct ik_addr x = t->near;
        t->near = t->far;
        t->far = x;
    }
}

void benign_ping_begin(struct world *w, struct talk *t)
{
    ping_choose(w, t);
    benign_expect(w, t, 0, PING_SEND, t->seq[0], 0);
}

static void ping_put(struct world *w, struct talk *t, bool reply, uint32_t seq)
{
    uint8_t data[4096];
    const struct ik_addr *src = reply ? &t->far : &t->near, *dst = reply ? &t->near : &t->far;
    struct ik_icmp m = {.family = src->family, .kind = IK_ICMP_ECHO};
    if (t->v6)
        m.type = reply ? IK_ICMP6_ECHO_REPLY : IK_ICMP6_ECHO;
    else
        m.type = reply ? IK_ICMP4_ECHO_REPLY : IK_ICMP4_ECHO;
    m.echo =
        (struct ik_echo){.id = t->id, .seq = (uint16_t)seq, .data = {data, payload(t, seq, data)}};
    benign_send_icmp(w, reply ? NULL : t, src, dst, t->style == WINDOWS ? 128 : 64, &m);
}

static void ping_send(struct world *w, struct talk *t, uint32_t seq)
{
    t->clock[seq % 16] = w->now;
    ping_put(w, t, false, seq);
    if (t->fate == 0 && !benign_chance(w, 10)) {
        const ik_ns jitter = benign_between(w, 0, t->rtt / 10 + 1);
        const ik_ns late = benign_chance(w, 3) ? benign_between(w, S, 8 * S) : 0;
        benign_expect(w, t, t->rtt + jitter + late, PING_REPLY, seq, 0);
        if (benign_chance(w, 2))
            benign_expect(w, t, t->rtt + jitter + MS, PING_REPLY, seq, 0);
    } else if (t->fate > 1 && benign_chance(w, 500)) {
        benign_expect(w, t, t->rtt, PING_NO_HOST, seq, 0);
    }
    if (--t->left)
        benign_expect(w, t, t->every, PING_SEND, seq + 1, 0);
}

void benign_ping_happen(struct world *w, struct talk *t, const struct event *e)
{
    const struct ik_addr by = benign_router(t, 4);
    if (e->what == PING_SEND)
        ping_send(w, t, e->a);
    else if (e->what == PING_REPLY)
        ping_put(w, t, true, e->a);
    else if (benign_is_near(&t->near))
        benign_trouble(w, t, &by, &t->near, t->fate == 2 ? NO_HOST : FORBIDDEN);
}

/* SmokePing: twenty to each of its targets, every five minutes. */
void benign_monitor_begin(struct world *w, struct talk *t)
{
    ping_choose(w, t);
    t->near = benign_host(t->v6, 1);
    t->far = benign_remote(t->v6, benign_below(w, 40));
    t->style = FPING;
    t->size = 56;
    t->fate = benign_number(&t->far) % 10 == 0;
    t->left = 20;
    t->every = S;
    benign_expect(w, t, 0, PING_SEND, 0, 0);
}

/* ---- traces ---------------------------------------------------------------------------------- */

enum { TRACE_SEND, TRACE_ANSWER };
enum { TRACE_UDP, TRACE_ECHO, TRACE_TCP };

void benign_trace_begin(struct world *w, struct talk *t)
{
    t->style = (uint8_t)benign_below(w, 3);
    t->hops = (uint8_t)(4 + benign_below(w, 16));
    t->id = (uint16_t)ik_rng_next(&w->rng);
    t->sport = (uint16_t)(32768 + benign_below(w, 28000));
    t->left = t->hops * (benign_chance(w, 300) ? 60u : 3u); /* mtr goes on */
    t->every = t->left > 3u * t->hops ? S / t->hops : 50 * MS;
    t->fate = benign_chance(w, 200); /* the end is silent */
    benign_expect(w, t, 0, TRACE_SEND, 0, 0);
}

static void trace_put(struct world *w, struct talk *t, uint32_t k)
{
    static const uint8_t zeros[64];
    const uint8_t ttl = (uint8_t)(k % t->hops + 1);
    t->dport = (uint16_t)(33434 + k % 100);
    if (t->style == TRACE_UDP) {
        benign_send_udp(w, t, false, ttl, false, 32);
    } else if (t->style == TRACE_ECHO) {
        struct ik_icmp m = {.family = t->near.family,
                            .type = t->v6 ? IK_ICMP6_ECHO : IK_ICMP4_ECHO,
                            .kind = IK_ICMP_ECHO};
        m.echo = (struct ik_echo){.id = t->id, .seq = (uint16_t)(33000 + k), .data = {zeros, 36}};
        benign_send_icmp(w, t, &t->near, &t->far, ttl, &m);
    } else {
        uint8_t bytes[64];
        size_t n;
        const struct ik_tcp syn = {.sport = (uint16_t)(t->sport + k % 100),
                                   .dport = 443,
                                   .seq = t->seq[0] + k * 7919,
                                   .flags = IK_TCP_SYN,
                                   .options = {zeros, 0},
                                   .data = {zeros, 0}};
        struct ik_ip ip = benign_ip_of(w, &t->near, &t->far, IK_PROTO_TCP, ttl);
        assert_int_equal(ik_tcp_encode(&syn, &t->near, &t->far, bytes, sizeof(bytes), &n), IK_OK);
        ip.payload = (struct ik_rd){bytes, n};
        benign_send(w, t, &ip);
    }
}

static void trace_answer(struct world *w, struct talk *t, uint32_t k)
{
    static const uint8_t zeros[64];
    const uint32_t hop = k % t->hops + 1;
    const struct ik_addr by = benign_router(t, hop);
    if (hop < t->hops) {
        benign_trouble(w, t, &by, &t->near, EXPIRED);
    } else if (t->style == TRACE_ECHO) {
        struct ik_icmp m = {.family = t->near.family,
                            .type = t->v6 ? IK_ICMP6_ECHO_REPLY : IK_ICMP4_ECHO_REPLY,
                            .kind = IK_ICMP_ECHO};
        m.echo = (struct ik_echo){.id = t->id, .seq = (uint16_t)(33000 + k), .data = {zeros, 36}};
        benign_send_icmp(w, NULL, &t->far, &t->near, 50, &m);
    } else {
        benign_trouble(w, t, &t->far, &t->near, t->style == TRACE_UDP ? NO_PORT : FORBIDDEN);
    }
}

/* The answer is about the probe sent last: they are further apart than a round trip here. */
void benign_trace_happen(struct world *w, struct talk *t, const struct event *e)
{
    const uint32_t hop = e->a % t->hops + 1;
    if (e->what == TRACE_ANSWER) {
        trace_answer(w, t, e->a);
        return;
    }
    trace_put(w, t, e->a);
    const bool silent = hop == t->hops ? t->fate : (hop * 7 + t->id) % 5 == 0;
    if (!silent && !benign_chance(w, 20))
        benign_expect(w, t, t->every / 2, TRACE_ANSWER, e->a, 0);
    if (--t->left)
        benign_expect(w, t, t->every, TRACE_SEND, e->a + 1, 0);
}

/* ---- connections ----------------------------------------------------------------------------- */

enum { TCP_SYN, TCP_SYN_ACK, TCP_REFUSE, TCP_DATA, TCP_ACK, TCP_SOFT };
enum { OPEN, CLOSED, FILTERED, SILENT };

static void tcp_put(struct world *w, struct talk *t, bool back, uint8_t flags, uint32_t n)
{
    static const uint8_t zeros[MTU];
    static uint8_t bytes[FRAMES_BYTES];
    const struct ik_addr *src = back ? &t->far : &t->near, *dst = back ? &t->near : &t->far;
    const struct ik_tcp tcp = {.sport = back ? t->dport : t->sport,
                               .dport = back ? t->sport : t->dport,
                               .seq = t->seq[back],
                               .ack = flags & IK_TCP_ACK ? t->seq[!back] : 0,
                               .flags = flags,
                               .window = 0xffff,
                               .options = {zeros, 0},
                               .data = {zeros, n}};
    struct ik_ip ip = benign_ip_of(w, src, dst, IK_PROTO_TCP, back ? 52 : 64);
    size_t len;
    assert_int_equal(ik_tcp_encode(&tcp, src, dst, bytes, sizeof(bytes), &len), IK_OK);
    ip.df = !t->v6;
    ip.payload = (struct ik_rd){bytes, len};
    benign_send(w, t, &ip);
    t->seq[back] += n + (flags & (IK_TCP_SYN | IK_TCP_FIN) ? 1 : 0);
}

void benign_tcp_begin(struct world *w, struct talk *t)
{
    t->sport = (uint16_t)(32768 + benign_below(w, 28000));
    t->dport = benign_chance(w, 700) ? 443 : (uint16_t)(1 + benign_below(w, 1024));
    t->seq[0] = (uint32_t)ik_rng_next(&w->rng);
    t->seq[1] = (uint32_t)ik_rng_next(&w->rng);
    t->fate = benign_chance(w, 150) ? 1 + (uint8_t)benign_below(w, 3) : OPEN;
    t->mtu = MTU;
    t->left = 2 + benign_below(w, benign_chance(w, 50) ? 200 : 12);
    t->n = 0;
    benign_expect(w, t, 0, TCP_SYN, 0, 0);
}

static uint32_t tcp_room(const struct talk *t)
{
    return t->mtu - 20 - (t->v6 ? 40 : 20);
}

static void tcp_syn(struct world *w, struct talk *t, uint32_t tries)
{
    tcp_put(w, t, false, IK_TCP_SYN, 0);
    t->seq[0]--; /* it may be sent again */
    if (t->fate == OPEN)
        benign_expect(w, t, t->rtt, TCP_SYN_ACK, 0, 0);
    else if (t->fate != SILENT)
        benign_expect(w, t, t->rtt, TCP_REFUSE, 0, 0);
    if (t->fate >= FILTERED && tries < 4)
        benign_expect(w, t, S << tries, TCP_SYN, tries + 1, 0);
}

static void tcp_refuse(struct world *w, struct talk *t)
{
    const struct ik_addr by = benign_router(t, 5);
    if (t->fate == FILTERED)
        benign_trouble(w, t, &by, &t->near, FORBIDDEN);
    else if (benign_chance(w, 500))
        benign_trouble(w, t, &t->far, &t->near, NO_PORT);
    else
        tcp_put(w, t, true, IK_TCP_RST | IK_TCP_ACK, 0);
}

/* A few segments one way, acknowledged; the first that is too big for a small link is reported once
 * for each segment of the burst. */
static void tcp_data(struct world *w, struct talk *t)
{
    const bool back = t->n++ % 2;
    const uint32_t segments = 1 + benign_below(w, 10);
    const bool small = !back && t->mtu == MTU && benign_number(&t->far) % 20 == 0;
    for (uint32_t i = 0; i < segments; i++) {
        tcp_put(w, t, back, IK_TCP_ACK, tcp_room(t));
        if (small) {
            const uint32_t mtu = t->mtu;
            const struct ik_addr by = benign_router(t, 3);
            t->mtu = t->v6 ? 1280 : benign_number(&t->far) % 40 ? 1400 : 1492;
            benign_trouble(w, t, &by, &t->near, TOO_BIG);
            t->mtu = mtu;
        }
    }
    if (small) {
        t->seq[0] -= segments * tcp_room(t); /* once more, smaller */
        t->mtu = t->v6 ? 1280 : benign_number(&t->far) % 40 ? 1400 : 1492;
        t->n--;
    } else if (benign_chance(w, 3)) {
        benign_expect(w, t, benign_between(w, 0, 3 * S), TCP_SOFT, 0, 0);
    }
    benign_expect(w, t, t->rtt, TCP_ACK, !back, 0);
}

void benign_tcp_happen(struct world *w, struct talk *t, const struct event *e)
{
    const struct ik_addr by = benign_router(t, 6);
    switch (e->what) {
    case TCP_SYN:
        tcp_syn(w, t, e->a);
        break;
    case TCP_SYN_ACK:
        t->seq[0]++;
        tcp_put(w, t, true, IK_TCP_SYN | IK_TCP_ACK, 0);
        tcp_put(w, t, false, IK_TCP_ACK, 0);
        benign_expect(w, t, MS, TCP_DATA, 0, 0);
        break;
    case TCP_REFUSE:
        tcp_refuse(w, t);
        break;
    case TCP_DATA:
        tcp_data(w, t);
        break;
    case TCP_ACK:
        tcp_put(w, t, e->a, IK_TCP_ACK, 0);
        if (--t->left)
            benign_expect(w, t, benign_between(w, MS, benign_chance(w, 30) ? 30 * S : 300 * MS),
                          TCP_DATA, 0, 0);
        else
            tcp_put(w, t, false, IK_TCP_ACK | IK_TCP_FIN, 0);
        break;
    case TCP_SOFT: /* a route that flaps */
        if (t->n_last && (t->last[0] >> 4 == 4 ? t->last[12] == 10 : t->last[8] == 0x20))
            benign_trouble(w, t, &by, &t->near, NO_HOST);
        break;
    default:
        break;
    }
}
