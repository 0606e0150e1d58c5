/* SPDX-License-Identifier: MIT
 * A network where nobody means harm: chance, time, addresses and packets. */
#include "benign.h"

#include "base/rd.h"

enum {
    ONE_WAY = 17, /* of so many hosts one's packets are not seen */
    HEAD = 14,
};

/* ---- chance ---------------------------------------------------------------------------------- */

uint32_t benign_below(struct world *w, uint32_t n)
{
    return ik_rng_below(&w->rng, n);
}

bool benign_chance(struct world *w, uint32_t per_mille)
{
    return benign_below(w, 1000) < per_mille;
}

ik_ns benign_between(struct world *w, ik_ns from, ik_ns to)
{
    return from + (ik_ns)(ik_rng_next(&w->rng) % (uint64_t)(to - from));
}

/* ---- what is to happen ----------------------------------------------------------------------- */

static void swap(struct event *a, struct event *b)
{
    const struct event x = *a;
    *a = *b;
    *b = x;
}

void benign_expect(struct world *w, const struct talk *t, ik_ns after, uint16_t what, uint32_t a,
                   uint32_t b)
{
    assert_true(w->n_events < EVENTS);
    uint32_t i = w->n_events++;
    w->events[i] = (struct event){w->now + after, (uint32_t)(t - w->talks), what, t->life, a, b};
    for (; i && w->events[(i - 1) / 2].at > w->events[i].at; i = (i - 1) / 2)
        swap(&w->events[i], &w->events[(i - 1) / 2]);
}

struct event benign_next(struct world *w)
{
    const struct event e = w->events[0];
    w->events[0] = w->events[--w->n_events];
    for (uint32_t i = 0, c; (c = 2 * i + 1) < w->n_events; i = c) {
        if (c + 1 < w->n_events && w->events[c + 1].at < w->events[c].at)
            c++;
        if (w->events[i].at <= w->events[c].at)
            break;
        swap(&w->events[i], &w->events[c]);
    }
    return e;
}

/* ---- addresses ------------------------------------------------------------------------------- */

struct ik_addr benign_host(bool v6, uint32_t i)
{
    struct ik_addr a = {.family = v6 ? 6 : 4};
    if (v6) {
        ik_store_be32(a.bytes, 0x20010db8);
        ik_store_be32(a.bytes + 12, i + 16);
    } else {
        ik_store_be32(a.bytes, 0x0a000010 + i);
    }
    return a;
}

struct ik_addr benign_remote(bool v6, uint32_t i)
{
    struct ik_addr a = {.family = v6 ? 6 : 4};
    if (v6) {
        ik_store_be32(a.bytes, 0x2a000000 + i % 700);
        ik_store_be32(a.bytes + 12, i + 1);
    } else {
        ik_store_be32(a.bytes, 0xc6120001 + i * 257 % 0x1ffff);
    }
    return a;
}

bool benign_is_near(const struct ik_addr *a)
{
    if (a->family == 4)
        return a->bytes[0] == 10;
    return a->bytes[0] == 0x20 || ik_addr_is_link_local(a) || ik_addr_is_any(a) ||
           ik_addr_is_multicast(a);
}

void benign_mac_of(const struct ik_addr *a, uint8_t mac[MAC])
{
    static const uint8_t gateway[MAC] = {2, 0xff, 0, 0, 0, 1};
    memcpy(mac, gateway, MAC);
    if (a->family == 6 && ik_addr_is_multicast(a)) {
        memcpy(mac, "\x33\x33", 2);
        memcpy(mac + 2, a->bytes + 12, 4);
    } else if (benign_is_near(a) && ik_load_be16(a->bytes + (a->family == 4 ? 2 : 14)) > 1) {
        memcpy(mac, "\2\0\0\0", 4);
        memcpy(mac + 4, a->bytes + (a->family == 4 ? 2 : 14), 2);
    }
}

/* ---- packets --------------------------------------------------------------------------------- */

uint32_t benign_number(const struct ik_addr *a)
{
    return ik_load_be32(a->bytes + (a->family == 4 ? 0 : 12));
}

static void put(struct world *w, const struct ik_addr *src, const struct ik_addr *dst,
                const uint8_t *packet, size_t n)
{
    struct frames *f = w->f;
    /* Not seen: what goes another way, what was before the capture, what it lost. */
    if ((benign_is_near(src) && !benign_is_near(dst) && benign_number(src) % ONE_WAY == 3) ||
        w->now < w->start || benign_chance(w, w->loss))
        return;
    f->now = w->now;
    benign_mac_of(dst, f->bytes);
    benign_mac_of(src, f->bytes + MAC);
    ik_store_be16(f->bytes + 2 * MAC, src->family == 4 ? 0x0800 : 0x86dd);
    memcpy(f->bytes + HEAD, packet, n);
    frames_put(f, IK_LINKTYPE_ETHERNET, f->bytes, HEAD + n);
}

struct ik_ip benign_ip_of(struct world *w, const struct ik_addr *src, const struct ik_addr *dst,
                          uint8_t proto, uint8_t ttl)
{
    static const uint8_t nothing;
    struct ik_ip ip = {.version = src->family, .ttl = ttl, .proto = proto, .next_header = proto};
    ip.id = src->family == 4 ? ++w->ip_id : 0;
    ip.src = *src;
    ip.dst = ip.final_dst = *dst;
    ip.options = (struct ik_rd){&nothing, 0};
    return ip;
}

static size_t whole(const struct ik_ip *ip, uint8_t *out)
{
    size_t n;
    assert_int_equal(ik_ip_encode(ip, false, out, FRAMES_BYTES, &n), IK_OK);
    return n;
}

/* Sends the packet, in fragments where it is too long, which may change places. What errors quote
 * is its first bytes, but a TTL less. */
void benign_send(struct world *w, struct talk *t, struct ik_ip *ip)
{
    static uint8_t out[FRAMES_BYTES], part[2][MTU];
    size_t n = whole(ip, out), len[2];
    struct ik_frag frag;
    if (t) {
        t->n_last = n < sizeof(t->last) ? n : sizeof(t->last);
        memcpy(t->last, out, t->n_last);
    }
    if (n <= MTU) {
        put(w, &ip->src, &ip->dst, out, n);
        return;
    }
    struct ik_ip again;
    assert_int_equal(ik_ip_decode(&again, (struct ik_rd){out, n}, NULL), IK_OK);
    assert_int_equal(ik_frag_init(&frag, &again, MTU, (uint32_t)ik_rng_next(&w->rng)), IK_OK);
    for (bool first = true; !ik_frag_take(&frag, part[0], MTU, &len[0]); first = false) {
        if (t && first)
            memcpy(t->last, part[0], len[0]);
        const bool two = !ik_frag_take(&frag, part[1], MTU, &len[1]);
        const bool turned = two && benign_chance(w, 50);
        if (!benign_chance(w, 2))
            put(w, &ip->src, &ip->dst, part[turned], len[turned]);
        if (two && !benign_chance(w, 2))
            put(w, &ip->src, &ip->dst, part[!turned], len[!turned]);
    }
}

void benign_send_icmp(struct world *w, struct talk *t, const struct ik_addr *src,
                      const struct ik_addr *dst, uint8_t ttl, const struct ik_icmp *m)
{
    static uint8_t message[FRAMES_BYTES];
    const struct ik_icmp_ctx ctx = {.family = src->family, .src = src, .dst = dst};
    struct ik_ip ip =
        benign_ip_of(w, src, dst, src->family == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6, ttl);
    size_t n;
    assert_int_equal(ik_icmp_encode(m, &ctx, false, message, sizeof(message), &n), IK_OK);
    ip.payload = (struct ik_rd){message, n};
    benign_send(w, t, &ip);
}

void benign_send_udp(struct world *w, struct talk *t, bool back, uint8_t ttl, bool df, size_t n)
{
    static uint8_t zeros[FRAMES_BYTES], bytes[FRAMES_BYTES];
    const struct ik_addr *src = back ? &t->far : &t->near, *dst = back ? &t->near : &t->far;
    const struct ik_udp udp = {.sport = back ? t->dport : t->sport,
                               .dport = back ? t->sport : t->dport,
                               .data = {zeros, n}};
    struct ik_ip ip = benign_ip_of(w, src, dst, IK_PROTO_UDP, ttl);
    size_t len;
    assert_int_equal(ik_udp_encode(&udp, src, dst, bytes, sizeof(bytes), &len), IK_OK);
    ip.df = df && !t->v6;
    ip.payload = (struct ik_rd){bytes, len};
    benign_send(w, t, &ip);
}

/* An error about the bytes `quoted`, from `src`, with MTU or zero. Routers quote the least or much.
 */
static void send_error(struct world *w, const struct ik_addr *src, const struct ik_addr *dst,
                       uint8_t type, uint8_t code, uint32_t mtu, const uint8_t *quoted, size_t n)
{
    const bool v6 = src->family == 6;
    const size_t least = v6 ? 48 : 28, much = v6 ? 1232 : 548;
    size_t take = n < least || benign_chance(w, 300) ? least : much;
    uint8_t quote[MTU];
    take = take < n ? take : n;
    memcpy(quote, quoted, take);
    quote[v6 ? 7 : 8] = 1;
    struct ik_icmp m = {.family = src->family, .type = type, .code = code, .kind = IK_ICMP_ERROR};
    m.error.mtu = mtu;
    m.error.quote = (struct ik_rd){quote, take};
    m.error.extensions = (struct ik_rd){quote, 0};
    benign_send_icmp(w, NULL, src, dst, (uint8_t)(64 - benign_below(w, 20)), &m);
}

/* The same trouble in both families. */
void benign_trouble(struct world *w, const struct talk *t, const struct ik_addr *src,
                    const struct ik_addr *dst, enum trouble what)
{
    static const uint8_t codes[][4] = {{3, 0, 1, 0},  {3, 1, 1, 3}, {3, 3, 1, 4}, {3, 13, 1, 1},
                                       {11, 0, 3, 0}, {3, 4, 2, 0}, {11, 1, 3, 1}};
    const uint8_t *row = codes[what] + (src->family == 6 ? 2 : 0);
    send_error(w, src, dst, row[0], row[1], what == TOO_BIG ? t->mtu : 0, t->last, t->n_last);
}

struct ik_addr benign_router(const struct talk *t, uint32_t hop)
{
    return benign_remote(t->v6, 90000 + hop * 31 + t->far.bytes[15] % 7);
}
