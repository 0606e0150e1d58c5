/* SPDX-License-Identifier: MIT
 * The checker of the storm against frames made by hand: each rule is broken once, and seen. */
#include "checker.h"

#include "base/bytes.h"
#include "icmpkit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static const struct checker_node router = {
    .name = "router",
    .router = true,
    .n_ports = 2,
    .port = {{.mac = {2, 0, 0, 0, 0, 1},
              .addr4 = {10, 1, 0, 1},
              .bits4 = 24,
              .addr6 = {0x20, 1, 0x0d, 0xb8, [15] = 1},
              .bits6 = 64,
              .mtu = 1500},
             {.mac = {2, 0, 0, 0, 0, 2},
              .addr4 = {10, 2, 0, 1},
              .bits4 = 24,
              .addr6 = {0x20, 1, 0x0d, 0xb8, 0, 2, [15] = 1},
              .bits6 = 64,
              .mtu = 1500}},
    .rate = 10,
    .burst = 10,
    .rate_all = 1000,
    .burst_all = 50,
};

/* A frame of IPv4 in the making; finish() sets lengths and checksums. */
struct made {
    uint8_t b[2048];
    size_t len;
};

enum { IP = 14, BODY = 34 };
#define A "\x0a\x01\x00\x05" /* a neighbour */
#define R "\x0a\x01\x00\x01" /* the router, where it hears him */
#define FAR "\xc0\x00\x02\x09"

static void finish(struct made *m)
{
    uint8_t *h = m->b + IP, *body = m->b + BODY;
    const size_t n = m->len - BODY;
    const size_t at = h[9] == 1 ? 2 : h[9] == 6 ? 16 : 6;
    struct ik_addr src = {.family = 4}, dst = {.family = 4};
    memcpy(src.bytes, h + 12, 4);
    memcpy(dst.bytes, h + 16, 4);
    ik_store_be16(h + 2, (uint16_t)(m->len - IP));
    ik_store_be16(h + 10, 0);
    ik_store_be16(h + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, 20})));
    if (n < at + 2 || (ik_load_be16(h + 6) & 0x1fff))
        return;
    ik_store_be16(body + at, 0);
    const uint64_t sum = h[9] == 1 ? 0 : ik_cksum_add_pseudo(0, &src, &dst, h[9], (uint32_t)n);
    ik_store_be16(body + at, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){body, n})));
}

static struct made packet(const char *src, const char *dst, uint8_t proto, size_t body)
{
    struct made m = {.len = BODY + body};
    uint8_t *h = m.b + IP;
    memcpy(m.b, "\x02\x00\x00\x00\x00\x01\x06\x00\x00\x00\x00\x01\x08\x00", IP);
    h[0] = 0x45;
    ik_store_be16(h + 4, 77);
    h[8] = 64;
    h[9] = proto;
    memcpy(h + 12, src, 4);
    memcpy(h + 16, dst, 4);
    for (size_t i = 0; i < body; i++)
        m.b[BODY + i] = (uint8_t)(i + 1);
    if (proto == 17)
        ik_store_be16(m.b + BODY + 4, (uint16_t)body);
    finish(&m);
    return m;
}

/* What the router says of it: an error that quotes n bytes, to its source. */
static struct made error(const struct made *about, uint8_t type, uint8_t code, size_t n)
{
    struct made m = packet(R, (const char *)about->b + IP + 12, 1, 8 + n);
    memcpy(m.b, about->b + 6, 6);
    memcpy(m.b + 6, router.port[0].mac, 6);
    memset(m.b + BODY, 0, 8);
    m.b[BODY] = type;
    m.b[BODY + 1] = code;
    memcpy(m.b + BODY + 8, about->b + IP, n);
    finish(&m);
    return m;
}

static void sent(struct checker *c, const struct made *m)
{
    checker_sent(c, 0, m->b, m->len);
}

static void left(struct checker *c, uint8_t port, const struct made *m, enum checker_rule want)
{
    const enum checker_rule rule = checker_left(c, 0, port, m->b, m->len);
    if (rule != want)
        print_error("%s instead of %s\n", checker_rule_name(rule), checker_rule_name(want));
    assert_int_equal(rule, want);
}

static struct checker *begin(const struct checker_node *n)
{
    struct checker *c = checker_new(n);
    assert_non_null(c);
    return c;
}

static void error__about_what_it_may_be__is_fine_once(void **state)
{
    (void)state;
    struct checker *c = begin(&router);
    const struct made p = packet(A, FAR, 17, 100), e = error(&p, 3, 0, 48);
    left(c, 0, &e, CHECKER_ABOUT_NOTHING);
    sent(c, &p);
    left(c, 0, &e, CHECKER_OK);
    left(c, 0, &e, CHECKER_ABOUT_TWICE);
    struct made other = e;
    other.b[BODY + 8 + 30]++; /* a quoted byte */
    finish(&other);
    left(c, 0, &other, CHECKER_ABOUT_NOTHING);
    checker_free(c);
}

/* What is done to a packet before an error about it is judged. */
static struct made spoilt(int how)
{
    struct made p = packet(A, FAR, how == 0 ? 1 : 17, 100);
    uint8_t *h = p.b + IP;
    switch (how) {
    case 0:
        p.b[BODY] = 11;
        break;
    case 1:
        memcpy(h + 16, "\xff\xff\xff\xff", 4);
        break;
    case 2:
        p.b[0] |= 1;
        break;
    case 3:
        h[7] = 1;
        break;
    case 4:
        memcpy(h + 12, "\x7f\x00\x00\x01", 4);
        break;
    default:
        break;
    }
    finish(&p);
    if (how == 5)
        h[10] ^= 1;
    if (how == 6)
        p.len -= 20;
    return p;
}

static void error__about_what_it_may_not_be__is_seen(void **state)
{
    (void)state;
    static const enum checker_rule want[] = {
        CHECKER_ABOUT_ERROR, CHECKER_ABOUT_GROUP,  CHECKER_ABOUT_GROUP, CHECKER_ABOUT_FRAGMENT,
        CHECKER_HEADER,      CHECKER_ABOUT_BROKEN, CHECKER_ABOUT_BROKEN};
    for (int how = 0; how < 7; how++) {
        struct checker *c = begin(&router);
        const struct made p = spoilt(how), e = error(&p, 3, 0, 48);
        sent(c, &p);
        left(c, 0, &e, want[how]);
        checker_free(c);
    }
}

static void error__itself_wrong__is_seen(void **state)
{
    (void)state;
    const struct made p = packet(A, FAR, 17, 1000);
    struct made to = error(&p, 3, 0, 48), zero = error(&p, 3, 0, 48), sum = error(&p, 3, 0, 48);
    const struct made shorter = error(&p, 3, 0, 24), longer = error(&p, 3, 0, 600);
    const struct made host = error(&p, 11, 0, 48);
    memcpy(to.b + IP + 16, "\x0a\x01\x00\x06", 4);
    finish(&to);
    zero.b[BODY + 6] = 1;
    finish(&zero);
    sum.b[BODY + 2] ^= 1;
    struct checker_node other = router;
    other.router = false;
    const struct {
        const struct checker_node *node;
        const struct made *e;
        enum checker_rule want;
    } rows[] = {{&router, &to, CHECKER_ERROR_TO},       {&router, &zero, CHECKER_ERROR_ZEROES},
                {&router, &sum, CHECKER_SUM},           {&router, &shorter, CHECKER_QUOTE_SHORT},
                {&router, &longer, CHECKER_ERROR_LONG}, {&other, &host, CHECKER_ROLE}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct checker *c = begin(rows[i].node);
        sent(c, &p);
        left(c, 0, rows[i].e, rows[i].want);
        checker_free(c);
    }
}

static void errors__too_many__are_seen(void **state)
{
    (void)state;
    for (int many = 0; many < 2; many++) {
        struct checker *c = begin(&router);
        const uint32_t most = many ? router.burst_all : router.burst;
        for (uint32_t i = 0; i <= most; i++) {
            struct made p = packet(A, FAR, 17, 50);
            p.b[IP + 15] = (uint8_t)(many ? 10 + i : 5);
            ik_store_be16(p.b + IP + 4, (uint16_t)i);
            finish(&p);
            sent(c, &p);
            const struct made e = error(&p, 3, 0, 48);
            left(c, 0, &e, i < most ? CHECKER_OK : many ? CHECKER_LIMIT_ALL : CHECKER_LIMIT_ONE);
        }
        checker_free(c);
    }
}

static struct made reply_to(const struct made *q, uint8_t type)
{
    struct made m = *q;
    memcpy(m.b, q->b + 6, 6);
    memcpy(m.b + 6, router.port[0].mac, 6);
    memcpy(m.b + IP + 12, R, 4);
    memcpy(m.b + IP + 16, q->b + IP + 12, 4);
    m.b[BODY] = type;
    finish(&m);
    return m;
}

static void answers__to_whom_and_with_what__are_judged(void **state)
{
    (void)state;
    struct checker *c = begin(&router);
    struct made q = packet(A, R, 1, 60);
    q.b[BODY] = 8;
    q.b[BODY + 1] = 0;
    finish(&q);
    const struct made r = reply_to(&q, 0);
    left(c, 0, &r, CHECKER_REPLY);
    sent(c, &q);
    struct made other = r;
    other.b[BODY + 50]++;
    finish(&other);
    left(c, 0, &other, CHECKER_REPLY);
    left(c, 0, &r, CHECKER_OK);
    left(c, 0, &r, CHECKER_REPLY_TWICE);
    memcpy(q.b + IP + 16, "\x0a\x01\x00\xff", 4);
    q.b[BODY + 7] = 99;
    finish(&q);
    sent(c, &q);
    const struct made all = reply_to(&q, 0);
    left(c, 0, &all, CHECKER_REPLY_GROUP);
    const struct made quench = reply_to(&q, 4);
    left(c, 0, &quench, CHECKER_UNASKED);
    /* A reset in answer to a reset. */
    struct made s = packet(A, R, 6, 20);
    s.b[BODY + 12] = 0x50;
    s.b[BODY + 13] = 4;
    finish(&s);
    sent(c, &s);
    struct made reset = reply_to(&s, s.b[BODY + 2]);
    memcpy(reset.b + BODY, s.b + BODY + 2, 2);
    memcpy(reset.b + BODY + 2, s.b + BODY, 2);
    finish(&reset);
    left(c, 0, &reset, CHECKER_RESET);
    checker_free(c);
}

static struct made hop_later(const struct made *p)
{
    struct made m = *p;
    memcpy(m.b, "\x06\x00\x00\x00\x00\x02", 6);
    memcpy(m.b + 6, router.port[1].mac, 6);
    m.b[IP + 8]--;
    finish(&m);
    return m;
}

static void forwarding__changes_nothing_else__once(void **state)
{
    (void)state;
    struct checker *c = begin(&router);
    const struct made p = packet(A, FAR, 17, 100), f = hop_later(&p);
    left(c, 1, &f, CHECKER_FORWARD);
    sent(c, &p);
    struct made changed = f;
    changed.b[BODY + 60]++;
    left(c, 1, &changed, CHECKER_FORWARD);
    left(c, 1, &f, CHECKER_OK);
    left(c, 1, &f, CHECKER_FORWARD_TWICE);
    const struct made local = packet(A, "\xa9\xfe\x01\x01", 17, 100), g = hop_later(&local);
    sent(c, &local);
    left(c, 1, &g, CHECKER_FORWARD_BANNED);
    checker_free(c);
    struct checker_node host = router;
    host.router = false;
    c = begin(&host);
    sent(c, &p);
    left(c, 1, &f, CHECKER_HOST_FORWARDS);
    checker_free(c);
    struct checker_node translator = router;
    translator.nat = true;
    c = begin(&translator);
    sent(c, &p);
    left(c, 1, &f, CHECKER_LEAK);
    checker_free(c);
}

/* ---- translation ----------------------------------------------------------------------------- */

static const struct checker_node *translator(void)
{
    static struct checker_node t;
    t = router;
    t.nat = true;
    return &t;
}

#define OUTSIDE "\x0a\x02\x00\x01" /* the translator, where all the world hears it */

/* The packet as a translator passes it on: with another source (from inside) or destination. */
static struct made translated(const struct made *p, bool out)
{
    struct made m = *p;
    const uint16_t sum_at = p->b[IP + 9] == 6 ? 16 : 6;
    uint16_t sum = ik_load_be16(m.b + BODY + sum_at);
    uint8_t *addr = m.b + IP + (out ? 12 : 16), *port = m.b + BODY + (out ? 0 : 2);
    const uint8_t *to = (const uint8_t *)(out ? OUTSIDE : A);
    for (int i = 0; i < 4; i += 2)
        sum = ik_cksum_update(sum, ik_load_be16(addr + i), ik_load_be16(to + i));
    sum = ik_cksum_update(sum, ik_load_be16(port), 5555);
    m.b[IP + 8]--;
    memcpy(addr, to, 4);
    finish(&m);
    ik_store_be16(port, 5555);
    ik_store_be16(m.b + BODY + sum_at, sum);
    memcpy(m.b, "\x06\x00\x00\x00\x00\x02", 6);
    memcpy(m.b + 6, router.port[out].mac, 6);
    return m;
}

/* Of several packets that look alike after translation each frame has one that explains it. */
static void translated__of_packets_alike__each_is_found(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct checker *c = begin(translator());
        const struct made right = packet(A, FAR, 17, 8);
        struct made wrong = packet("\x0a\x01\x00\x06", FAR, 17, 8);
        wrong.b[BODY + 6] ^= 0x55;
        const struct made right_left = translated(&right, true),
                          left_wrong = translated(&wrong, true);
        sent(c, order ? &right : &wrong);
        sent(c, order ? &wrong : &right);
        left(c, 1, &left_wrong, CHECKER_OK);
        left(c, 1, &right_left, CHECKER_OK);
        left(c, 1, &right_left, CHECKER_FORWARD_TWICE);
        checker_free(c);
    }
    struct checker *c = begin(translator());
    const struct made right = packet(A, FAR, 17, 8);
    struct made damaged = translated(&right, true);
    damaged.b[BODY + 6] ^= 0x55;
    sent(c, &right);
    left(c, 1, &damaged, CHECKER_SUM);
    checker_free(c);
}

/* n octets of p's body, from there, as a fragment. */
static void sent_part(struct checker *c, uint8_t port, const struct made *p, size_t from, size_t n)
{
    struct made m = *p;
    m.len = BODY + n;
    memcpy(m.b + BODY, p->b + BODY + from, n);
    const bool more = BODY + from + n < p->len;
    uint8_t *h = m.b + IP;
    ik_store_be16(h + 2, (uint16_t)(m.len - IP));
    ik_store_be16(h + 6, (uint16_t)(from / 8 | (more ? 0x2000 : 0)));
    ik_store_be16(h + 10, 0);
    ik_store_be16(h + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, 20})));
    checker_sent(c, port, m.b, m.len);
}

/* Put together from fragments it has the checksum that they had, right or wrong; that of TCP may
 * be in the second one. */
static void translated__joined__has_the_sum_it_had(void **state)
{
    (void)state;
    static const size_t cuts[] = {8, 24};
    for (size_t i = 0; i < 2; i++)
        for (int came = 0; came < 2; came++)
            for (int goes = 0; goes < 2; goes++) {
                struct checker *c = begin(translator());
                struct made p = packet(FAR, OUTSIDE, 6, 60);
                if (came)
                    p.b[BODY + 16] ^= 0x55;
                struct made m = translated(&p, false);
                if (came != goes)
                    m.b[BODY + 16] ^= 0x55;
                sent_part(c, 1, &p, cuts[i], 60 - cuts[i]);
                left(c, 0, &m, CHECKER_FORWARD);
                sent_part(c, 1, &p, 0, cuts[i]);
                struct made other = m;
                other.b[BODY + 50]++;
                left(c, 0, &other, CHECKER_FORWARD);
                left(c, 0, &m, goes && !came ? CHECKER_SUM : CHECKER_OK);
                checker_free(c);
            }
}

/* A fragment that leaves may get another identification; nothing else may. */
static void translated__fragment_renumbered__is_fine_outside(void **state)
{
    (void)state;
    struct checker *c = begin(translator());
    struct made p = packet(A, FAR, 17, 40);
    sent(c, &p);
    struct made whole = translated(&p, true);
    ik_store_be16(whole.b + IP + 4, 78);
    ik_store_be16(whole.b + IP + 10, ik_cksum_update(ik_load_be16(whole.b + IP + 10), 77, 78));
    left(c, 1, &whole, CHECKER_UNASKED);
    struct made first = packet(A, FAR, 17, 24);
    first.b[IP + 6] = 0x20;
    first.b[BODY + 10]++;
    finish(&first);
    sent(c, &first);
    struct made f = translated(&first, true);
    ik_store_be16(f.b + IP + 4, 78);
    ik_store_be16(f.b + IP + 10, ik_cksum_update(ik_load_be16(f.b + IP + 10), 77, 78));
    struct made other = f;
    other.b[BODY + 20]++;
    left(c, 1, &other, CHECKER_UNASKED);
    left(c, 1, &f, CHECKER_OK);
    left(c, 1, &f, CHECKER_FORWARD_TWICE);
    checker_free(c);
}

/* What was put together here and turned back to the inside may be quoted; it is about the first
 * fragment, whichever came last. */
static void translated__turned_back__is_quoted(void **state)
{
    (void)state;
    struct checker *c = begin(translator());
    const struct made p = packet(A, OUTSIDE, 17, 40);
    struct made turned = packet(A, "\x0a\x01\x00\x1f", 17, 40);
    turned.b[IP + 8] = 1;
    ik_store_be16(turned.b + BODY + 2, 5555);
    finish(&turned);
    const struct made e = error(&turned, 11, 0, 60);
    sent_part(c, 0, &p, 16, 24);
    left(c, 0, &e, CHECKER_ABOUT_NOTHING);
    struct made other = p;
    other.b[BODY + 10]++;
    sent_part(c, 0, &other, 0, 16);
    left(c, 0, &e, CHECKER_ABOUT_NOTHING);
    sent_part(c, 0, &p, 0, 16);
    sent_part(c, 0, &p, 16, 24);
    left(c, 0, &e, CHECKER_OK);
    left(c, 0, &e, CHECKER_ABOUT_TWICE);
    checker_free(c);
}

/* ---------------------------------------------------------------------------------------------- */

/* RFC 9293 section 3.10.7.2: what else is in a SYN is looked at in SYN-RECEIVED. */
static void syn__with_fin__may_be_taken(void **state)
{
    (void)state;
    for (int flags = 2; flags < 4; flags++) {
        struct checker *c = begin(&router);
        struct made s = packet(A, R, 6, 20);
        s.b[BODY + 12] = 0x50;
        s.b[BODY + 13] = (uint8_t)flags;
        finish(&s);
        sent(c, &s);
        struct made r = reply_to(&s, s.b[BODY + 2]);
        memcpy(r.b + BODY, s.b + BODY + 2, 2);
        memcpy(r.b + BODY + 2, s.b + BODY, 2);
        r.b[BODY + 13] = 18;
        ik_store_be32(r.b + BODY + 8, ik_load_be32(s.b + BODY + 4) + 2);
        finish(&r);
        left(c, 0, &r, CHECKER_RESET);
        ik_store_be32(r.b + BODY + 8, ik_load_be32(s.b + BODY + 4) + 1);
        finish(&r);
        left(c, 0, &r, CHECKER_OK);
        checker_free(c);
    }
}

static void frames__that_nobody_may_send__are_seen(void **state)
{
    (void)state;
    struct checker *c = begin(&router);
    const struct made p = packet(A, FAR, 17, 100), f = hop_later(&p);
    struct made m = f;
    m.b[11] = 9;
    left(c, 1, &m, CHECKER_FRAME);
    m = f;
    m.len = 1600;
    left(c, 1, &m, CHECKER_LENGTH);
    m = f;
    m.b[IP + 8] = 0;
    finish(&m);
    left(c, 1, &m, CHECKER_TTL);
    m = f;
    m.b[IP + 10] ^= 1;
    left(c, 1, &m, CHECKER_SUM_IP);
    m = f;
    memcpy(m.b + IP + 12, "\xe0\x00\x00\x01", 4);
    finish(&m);
    left(c, 1, &m, CHECKER_SOURCE);
    m = f;
    memcpy(m.b + IP + 16, "\x7f\x00\x00\x01", 4);
    finish(&m);
    left(c, 1, &m, CHECKER_HEADER);
    checker_free(c);
}

static void neighbours__told_unasked_or_from_afar__are_seen(void **state)
{
    (void)state;
    struct checker *c = begin(&router);
    /* An ARP reply to nobody's question. */
    static const uint8_t arp[42] = {6,  0, 0, 0, 0, 1, 2, 0, 0, 0, 0,  1, 8, 6,
                                    0,  1, 8, 0, 6, 4, 0, 2, 2, 0, 0,  0, 0, 1,
                                    10, 1, 0, 1, 6, 0, 0, 0, 0, 1, 10, 1, 0, 5};
    assert_int_equal(checker_left(c, 0, 0, arp, sizeof(arp)), CHECKER_ARP);
    /* A neighbour advertisement that a router passed: hop limit 254; and as it should be. */
    for (int hops = 254; hops <= 255; hops++) {
        uint8_t na[78] = {6, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd, 0x60};
        na[19] = 24;
        na[20] = 58;
        na[21] = (uint8_t)hops;
        memcpy(na + 22, router.port[0].addr6, 16);
        memcpy(na + 38, router.port[0].addr6, 15);
        na[53] = 5;
        na[54] = 136;
        memcpy(na + 62, router.port[0].addr6, 16);
        struct ik_addr src = {.family = 6}, dst = {.family = 6};
        memcpy(src.bytes, na + 22, 16);
        memcpy(dst.bytes, na + 38, 16);
        const uint64_t sum = ik_cksum_add_pseudo(0, &src, &dst, 58, 24);
        ik_store_be16(na + 56, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){na + 54, 24})));
        assert_int_equal(checker_left(c, 0, 0, na, sizeof(na)),
                         hops == 255 ? CHECKER_OK : CHECKER_ND);
    }
    checker_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error__about_what_it_may_be__is_fine_once),
        cmocka_unit_test(error__about_what_it_may_not_be__is_seen),
        cmocka_unit_test(error__itself_wrong__is_seen),
        cmocka_unit_test(errors__too_many__are_seen),
        cmocka_unit_test(answers__to_whom_and_with_what__are_judged),
        cmocka_unit_test(forwarding__changes_nothing_else__once),
        cmocka_unit_test(translated__of_packets_alike__each_is_found),
        cmocka_unit_test(translated__joined__has_the_sum_it_had),
        cmocka_unit_test(translated__fragment_renumbered__is_fine_outside),
        cmocka_unit_test(translated__turned_back__is_quoted),
        cmocka_unit_test(syn__with_fin__may_be_taken),
        cmocka_unit_test(frames__that_nobody_may_send__are_seen),
        cmocka_unit_test(neighbours__told_unasked_or_from_afar__are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
