/* SPDX-License-Identifier: MIT */
#include "storm_frames.h"

#include "storm_int.h"

/* ---- addresses ------------------------------------------------------------------------------- */

/* Mostly the first choices; the rest is forged. */
static void address4(struct making *m, bool source, uint8_t out[4])
{
    const struct storm_side *s = m->s;
    static const uint8_t odd[][4] = {
        {127, 0, 0, 1}, {0, 0, 0, 0},     {255, 255, 255, 255}, {224, 0, 0, 1}, {239, 1, 2, 3},
        {240, 0, 0, 1}, {169, 254, 1, 1}, {10, 255, 255, 255},  {0, 0, 0, 9},   {224, 0, 0, 2}};
    switch (pick(m, 16)) {
    case 0:
        memcpy(out, odd[pick(m, sizeof(odd) / sizeof(*odd))], 4);
        return;
    case 1: /* broadcast of the net, old and new */
        memcpy(out, s->addr4, 4);
        out[3] = one_in(m, 2) ? 255 : 0;
        return;
    case 2: /* the node itself, by one of its sides */
        memcpy(out, m->g->side[pick(m, m->g->sides)].addr4, 4);
        return;
    case 3:
        fill_random(m, out, 4);
        return;
    case 4:
    case 5:
    case 6:
    case 7: /* a neighbour, or somebody far */
        if (one_in(m, 2)) {
            memcpy(out, m->g->side[pick(m, m->g->sides)].peer4, 4);
            out[3] = (uint8_t)pick(m, 256);
        } else {
            memcpy(out, m->g->far.net4[pick(m, 4)], 4);
            out[3] = (uint8_t)(1 + pick(m, 250));
        }
        return;
    default:
        memcpy(out, source ? s->peer4 : s->addr4, 4);
        if (source && one_in(m, 2))
            out[3] = (uint8_t)(2 + pick(m, 60));
    }
}

static void address6(struct making *m, bool source, uint8_t out[16])
{
    const struct storm_side *s = m->s;
    static const uint8_t odd[][16] = {{[15] = 1},
                                      {0},
                                      {0xff, 0x02, [15] = 1},
                                      {0xff, 0x02, [15] = 2},
                                      {0xff, 0x0e, [15] = 9},
                                      {0xfe, 0x80, [15] = 7},
                                      {[10] = 0xff, 0xff, 10, 0, 0, 1},
                                      {0xfc, [15] = 1}};
    switch (pick(m, 16)) {
    case 0:
    case 1:
        memcpy(out, odd[pick(m, sizeof(odd) / sizeof(*odd))], 16);
        return;
    case 2:
        memcpy(out, m->g->side[pick(m, m->g->sides)].addr6, 16);
        return;
    case 3:
        fill_random(m, out, 16);
        return;
    case 4: /* solicited-node group */
        memcpy(out, (const uint8_t[]){0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff}, 13);
        memcpy(out + 13, s->addr6 + 13, 3);
        return;
    case 5:
    case 6:
    case 7:
        if (one_in(m, 2))
            memcpy(out, m->g->side[pick(m, m->g->sides)].peer6, 16);
        else
            memcpy(out, m->g->far.net6[pick(m, 4)], 16);
        out[15] = (uint8_t)pick(m, 256);
        return;
    case 8: /* the link-local address of the node */
        memcpy(out, (const uint8_t[]){0xfe, 0x80, 0, 0, 0, 0, 0, 0}, 8);
        memcpy(out + 8,
               (const uint8_t[]){s->mac[0] ^ 2, s->mac[1], s->mac[2], 0xff, 0xfe, s->mac[3],
                                 s->mac[4], s->mac[5]},
               8);
        return;
    default:
        memcpy(out, source ? s->peer6 : s->addr6, 16);
        if (source && one_in(m, 2))
            out[15] = (uint8_t)(2 + pick(m, 60));
    }
}

/* ---- headers --------------------------------------------------------------------------------- */

static void ether(struct making *m, uint16_t type)
{
    memcpy(m->bytes, m->s->mac, 6);
    if (one_in(m, 40))
        memset(m->bytes, 255, 6);
    else if (one_in(m, 60))
        fill_random(m, m->bytes, 6);
    memcpy(m->bytes + 6, m->s->own_mac, 6);
    ik_store_be16(m->bytes + 12, type);
    m->len = ETHER;
}

static uint8_t some_ttl(struct making *m)
{
    static const uint8_t ttls[] = {0, 1, 1, 2, 255};
    return one_in(m, 5) ? ttls[pick(m, sizeof(ttls))] : 64;
}

static size_t options4(struct making *m, uint8_t *o)
{
    const struct storm_side *s = m->s;
    const size_t room = 4 * (size_t)(1 + pick(m, 10));
    memset(o, 1, 40);
    switch (pick(m, 6)) {
    case 0: /* record route, timestamp */
        o[0] = one_in(m, 2) ? 7 : 68;
        o[1] = (uint8_t)(o[0] == 7 ? 3 + 4 * pick(m, 10) : 4 + 4 * pick(m, 10));
        o[2] = (uint8_t)(one_in(m, 4) ? pick(m, 45) : 4 + 4 * pick(m, 3) + (o[0] == 68));
        o[3] = (uint8_t)(o[0] == 68 ? pick(m, 4) : 0);
        break;
    case 1:
    case 2: /* source routes */
        o[0] = one_in(m, 2) ? 131 : 137;
        o[1] = (uint8_t)(3 + 4 * (1 + pick(m, 3)));
        o[2] = (uint8_t)(one_in(m, 5) ? pick(m, 20) : 4 + 4 * pick(m, 4));
        for (size_t i = 3; i + 4 <= o[1]; i += 4)
            address4(m, false, o + i);
        if (one_in(m, 2))
            memcpy(o + 3, s->peer4, 4);
        break;
    case 3: /* router alert */
        memcpy(o, (const uint8_t[]){148, 4, 0, 0}, 4);
        break;
    default:
        fill_random(m, o, room);
    }
    return room;
}

static void header4(struct making *m, uint8_t proto)
{
    uint8_t *h = m->bytes + ETHER;
    size_t header = IP4;
    ether(m, 0x0800);
    memset(h, 0, IP4);
    address4(m, true, h + 12);
    address4(m, false, h + 16);
    if (one_in(m, 8))
        header += options4(m, h + IP4);
    h[0] = (uint8_t)(0x40 + header / 4);
    h[1] = one_in(m, 8) ? (uint8_t)pick(m, 256) : 0;
    ik_store_be16(h + 4, (uint16_t)pick(m, 65536));
    h[6] = one_in(m, 3) ? 0x40 : 0;
    h[8] = some_ttl(m);
    h[9] = proto;
    m->body_at = ETHER + header;
    m->len = m->body_at;
    m->family = 4;
    m->proto = proto;
}

static void finish4(struct making *m)
{
    uint8_t *h = m->bytes + ETHER;
    ik_store_be16(h + 2, (uint16_t)(m->len - ETHER));
    ik_store_be16(h + 10, 0);
    ik_store_be16(h + 10,
                  ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, 4 * (size_t)(h[0] & 15)})));
}

/* One extension header at `at`; returns its bytes. */
static size_t extension(struct making *m, uint8_t kind, uint8_t next, uint8_t *at)
{
    const size_t words = one_in(m, 4) ? pick(m, 6) : 0;
    memset(at, 0, 8 + 8 * words);
    at[0] = next;
    at[1] = (uint8_t)words;
    switch (kind) {
    case 0:
    case 60: /* padding, or an option that nobody knows */
        at[2] = 1;
        at[3] = (uint8_t)(4 + 8 * words);
        if (one_in(m, 3)) {
            at[2] = (uint8_t)(pick(m, 4) << 6 | 0x1e);
            at[3] = (uint8_t)(one_in(m, 6) ? pick(m, 256) : 4 + 8 * words);
        }
        break;
    case 43:
        at[2] = (uint8_t)(one_in(m, 2) ? 0 : pick(m, 6));
        at[3] = (uint8_t)pick(m, 4);
        break;
    case 44: /* alone in its datagram, or a part of one that never ends */
        at[1] = 0;
        ik_store_be16(at + 2, one_in(m, 2) ? 0 : (uint16_t)pick(m, 65536));
        fill_random(m, at + 4, 4);
        return 8;
    case 51:
        at[1] = (uint8_t)(2 * words);
        return 4 * ((size_t)at[1] + 2);
    default:
        break;
    }
    return 8 + 8 * words;
}

static void header6(struct making *m, uint8_t proto)
{
    static const uint8_t kinds[] = {0, 60, 43, 44, 51, 60, 135};
    uint8_t *h = m->bytes + ETHER, *next = h + 6;
    ether(m, 0x86dd);
    memset(h, 0, IP6);
    ik_store_be32(h, 0x60000000 | pick(m, 1 << 20) | (one_in(m, 8) ? pick(m, 256) << 20 : 0));
    h[7] = some_ttl(m);
    address6(m, true, h + 8);
    address6(m, false, h + 24);
    size_t at = IP6;
    uint32_t n = one_in(m, 5) ? 1 + pick(m, 4) : 0;
    n = one_in(m, 200) ? 30 : n;
    while (n--) {
        const uint8_t kind = at == IP6 && one_in(m, 3) ? 0 : kinds[pick(m, sizeof(kinds))];
        *next = kind;
        next = h + at;
        at += extension(m, kind, proto, h + at);
    }
    *next = proto;
    m->body_at = m->len = ETHER + at;
    m->family = 6;
    m->proto = proto;
}

static void finish6(struct making *m)
{
    ik_store_be16(m->bytes + ETHER + 4, (uint16_t)(m->len - ETHER - IP6));
}

static void finish(struct making *m)
{
    if (m->family == 4)
        finish4(m);
    else
        finish6(m);
}

/* The checksum of the body, where it belongs. */
static void seal(struct making *m, size_t at)
{
    uint8_t *b = m->bytes + m->body_at;
    const size_t n = m->len - m->body_at;
    const uint8_t *h = m->bytes + ETHER;
    struct ik_addr src = {.family = m->family}, dst = src;
    memcpy(src.bytes, h + (m->family == 4 ? 12 : 8), m->family == 4 ? 4 : 16);
    memcpy(dst.bytes, h + (m->family == 4 ? 16 : 24), m->family == 4 ? 4 : 16);
    if (n < at + 2)
        return;
    ik_store_be16(b + at, 0);
    uint64_t sum = ik_cksum_add(0, (struct ik_rd){b, n});
    if (m->proto != 1)
        sum = ik_cksum_add_pseudo(sum, &src, &dst, m->proto, (uint32_t)n);
    ik_store_be16(b + at, one_in(m, 30) ? (uint16_t)pick(m, 65536) : ik_cksum_fold(sum));
}

static size_t some_length(struct making *m)
{
    switch (pick(m, 16)) {
    case 0:
        return pick(m, BODY_MAX);
    case 1:
        return 1200 + pick(m, 300);
    case 2:
    case 3:
        return pick(m, 9);
    default:
        return pick(m, 100);
    }
}

static void header(struct making *m, uint8_t family, uint8_t proto)
{
    if (family == 4)
        header4(m, proto);
    else
        header6(m, proto);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void make_echo(struct making *m, uint8_t family)
{
    header(m, family, family == 4 ? 1 : 58);
    uint8_t *b = body(m, 8 + some_length(m));
    b[0] = family == 4 ? 8 : 128;
    fill_random(m, b + 4, m->len - m->body_at - 4);
    seal(m, 2);
}

static void make_udp(struct making *m, uint8_t family)
{
    header(m, family, 17);
    uint8_t *b = body(m, 8 + some_length(m));
    fill_random(m, b, m->len - m->body_at);
    ik_store_be16(b + 4, (uint16_t)(one_in(m, 20) ? pick(m, 65536) : m->len - m->body_at));
    seal(m, 6);
}

static void make_tcp(struct making *m, uint8_t family)
{
    static const uint8_t flags[] = {2, 16, 4, 17, 18, 1, 0, 255, 20, 6};
    header(m, family, 6);
    uint8_t *b = body(m, 20 + (one_in(m, 4) ? some_length(m) : 0));
    fill_random(m, b, m->len - m->body_at);
    ik_store_be16(b + 2, one_in(m, 2) ? 80 : (uint16_t)pick(m, 65536));
    b[12] = one_in(m, 10) ? (uint8_t)pick(m, 256) : 0x50;
    b[13] = flags[pick(m, sizeof(flags))];
    seal(m, 16);
}

/* A packet as the node itself might have sent it. */
static size_t quote(struct making *m, uint8_t family, uint8_t *q)
{
    const struct storm_side *s = m->s;
    const size_t n = pick(m, 100);
    memset(q, 0, 48 + n);
    if (family == 4) {
        q[0] = 0x45;
        ik_store_be16(q + 2, (uint16_t)(28 + pick(m, 1400)));
        fill_random(m, q + 4, 2);
        q[6] = 0x40;
        q[8] = 60;
        q[9] = one_in(m, 2) ? 17 : one_in(m, 2) ? 6 : 1;
        memcpy(q + 12, s->addr4, 4);
        address4(m, true, q + 16);
        fill_random(m, q + 20, 8 + n);
        return 28 + n;
    }
    q[0] = 0x60;
    ik_store_be16(q + 4, (uint16_t)(8 + pick(m, 1400)));
    q[6] = one_in(m, 2) ? 17 : 58;
    q[7] = 60;
    memcpy(q + 8, s->addr6, 16);
    address6(m, true, q + 24);
    fill_random(m, q + 40, 8 + n);
    return 48 + n;
}

static void make_error(struct making *m, uint8_t family)
{
    static const uint8_t types4[] = {3, 3, 3, 4, 5, 11, 12}, types6[] = {1, 2, 2, 3, 4, 100, 127};
    header(m, family, family == 4 ? 1 : 58);
    uint8_t *b = body(m, 8);
    const uint8_t type = family == 4 ? types4[pick(m, 7)] : types6[pick(m, 7)];
    m->len += quote(m, family, b + 8);
    b[0] = type;
    b[1] = (uint8_t)pick(m, one_in(m, 4) ? 256 : 8);
    if (one_in(m, 2))
        ik_store_be32(b + 4, pick(m, 1600));
    if (family == 4 && type == 5)
        address4(m, true, b + 4);
    seal(m, 2);
}

static void make_query4(struct making *m)
{
    static const uint8_t types[] = {13, 15, 17, 9, 10, 0, 14, 18, 30, 42, 40, 200};
    header4(m, 1);
    uint8_t *b = body(m, 20 + (one_in(m, 4) ? some_length(m) : 0));
    fill_random(m, b, m->len - m->body_at);
    b[0] = one_in(m, 8) ? (uint8_t)pick(m, 256) : types[pick(m, sizeof(types))];
    b[1] = 0;
    if (b[0] == 9)
        memcpy(b + 4, (const uint8_t[]){1, 2, 7, 8}, 4);
    if (b[0] == 42) /* an extended echo: a structure with one object */
        memcpy(b + 8, (const uint8_t[]){0x20, 0, 0, 0, 0, 8, 3, 2, 0, 0, 0, 1}, 12);
    seal(m, 2);
}

/* Neighbour discovery and listeners, with options. */
static void make_query6(struct making *m)
{
    static const uint8_t types[] = {133, 134, 135, 136, 137, 130, 131, 143, 129, 139, 160, 200};
    header6(m, 58);
    uint8_t *h = m->bytes + ETHER;
    uint8_t *b = body(m, 24);
    b[0] = types[pick(m, sizeof(types))];
    if (b[0] >= 133 && b[0] <= 137 && !one_in(m, 8))
        h[7] = 255;
    fill_random(m, b + 4, 4);
    if (b[0] == 137)
        (void)body(m, 16);
    if (b[0] == 135 || b[0] == 136 || b[0] == 137)
        address6(m, b[0] != 135, b + 8);
    if (b[0] == 137)
        address6(m, false, b + 24);
    if (b[0] == 134)
        m->len -= 8;
    if ((b[0] == 134 || b[0] == 137) && one_in(m, 2))
        memcpy(h + 8, (const uint8_t[]){0xfe, 0x80, [15] = 9}, 16);
    for (uint32_t n = pick(m, 3); n; n--) {
        static const uint8_t kinds[] = {1, 2, 3, 4, 5, 25, 200};
        uint8_t *o = body(m, 8 * (size_t)(1 + pick(m, 4)));
        fill_random(m, o, (size_t)(m->bytes + m->len - o));
        o[0] = kinds[pick(m, sizeof(kinds))];
        o[1] = (uint8_t)(one_in(m, 10) ? pick(m, 4) : (m->bytes + m->len - o) / 8);
        if (o[0] < 3)
            memcpy(o + 2, m->s->own_mac, 6);
    }
    seal(m, 2);
}

static void make_strange(struct making *m, uint8_t family)
{
    header(m, family, (uint8_t)pick(m, 256));
    uint8_t *b = body(m, some_length(m));
    fill_random(m, b, m->len - m->body_at);
}

static void make_arp(struct making *m)
{
    ether(m, 0x0806);
    if (one_in(m, 2))
        memset(m->bytes, 255, 6);
    uint8_t *a = body(m, 28 + (one_in(m, 2) ? 18 : 0));
    memcpy(a, (const uint8_t[]){0, 1, 8, 0, 6, 4, 0, 1}, 8);
    a[7] = (uint8_t)(one_in(m, 8) ? pick(m, 256) : 1 + pick(m, 2));
    memcpy(a + 8, m->s->own_mac, 6);
    address4(m, true, a + 14);
    address4(m, false, a + 24);
    m->family = 0;
}

static void make(struct making *m)
{
    const uint8_t family = one_in(m, 2) ? 4 : 6;
    switch (pick(m, 12)) {
    case 0:
    case 1:
    case 2:
        make_echo(m, family);
        break;
    case 3:
    case 4:
        make_udp(m, family);
        break;
    case 5:
        make_tcp(m, family);
        break;
    case 6:
    case 7:
        make_error(m, family);
        break;
    case 8:
    case 9:
        if (family == 4)
            make_query4(m);
        else
            make_query6(m);
        break;
    case 10:
        make_strange(m, family);
        break;
    default:
        make_arp(m);
        return;
    }
    finish(m);
}

void storm_gen_init(struct storm_gen *g, uint64_t seed)
{
    g->rng.state = seed;
    for (size_t i = 0; i < STORM_NOISE; i += 8)
        ik_store_be64(g->noise + i, ik_rng_next(&g->rng));
}

/* The next pending piece. */
static size_t piece(struct storm_gen *g, uint8_t *out)
{
    const size_t i = g->pending_sent++, at = g->backwards ? g->pending_n - 1 - i : i;
    memcpy(out, g->pending[at], g->pending_len[at]);
    return g->pending_len[at];
}

size_t storm_gen_next(struct storm_gen *g, uint8_t out[STORM_FRAME_MAX], uint8_t *side)
{
    *side = g->side_now;
    if (g->pending_sent < g->pending_n)
        return piece(g, out);
    g->pending_sent = g->pending_n = 0;
    *side = g->side_now = (uint8_t)(g->turn++ / STORM_RUN % g->sides);
    struct making m; /* not zeroed, which would take longer than all the rest */
    m.g = g;
    m.s = &g->side[*side];
    make(&m);
    if (m.family && one_in(&m, 8))
        storm_spoil_split(&m);
    if (g->pending_n) {
        g->backwards = one_in(&m, 2);
        return piece(g, out);
    }
    storm_spoil_frame(&m);
    if (m.len > STORM_FRAME_MAX)
        m.len = STORM_FRAME_MAX;
    memcpy(out, m.bytes, m.len);
    return m.len;
}
