/* SPDX-License-Identifier: MIT
 * The links of traces on real sockets; live_sockets.sh makes the network that this expects. */
#include "rig.h"

static void udp__closed_port__is_an_error_with_our_payload(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig r = rig_open(UDP, family);
        warm_up(&r);
        await(&r, IK_EV_ERROR, 0);
        send_echoes(&r, 1, 500, 8);
        await(&r, IK_EV_ERROR, 8);
        assert_int_equal(count(&r, IK_EV_SENT), 8);
        const struct seen *s = find(&r, IK_EV_ERROR, 503), *sent = find(&r, IK_EV_SENT, 503);
        const struct ik_addr dst = target(family, 1, 4);
        assert_non_null(s);
        assert_true(sent->at.mono <= s->at.mono);
        assert_int_equal(s->medium, IK_MEDIUM_UDP);
        assert_int_equal(s->bytes, 64);
        assert_int_equal(s->type, family == 4 ? 3 : 1);
        assert_int_equal(s->code, family == 4 ? 3 : 4);
        assert_true(ik_addr_same_host(&s->meta.dst, &dst));
        if (family == 4) /* IPv6 answers with an address of its interface */
            assert_true(ik_addr_same_host(&s->from, &dst));
        assert_int_equal(s->meta.dport, 33434);
        assert_int_equal(ik_link_ident(r.l), IDENT);
        rig_close(&r);
    }
}

static void udp__ttl_of_one_frame__expires_at_the_first_router(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig r = rig_open(UDP, family);
        uint8_t b[2][64];
        struct ik_frame f[2];
        warm_up(&r);
        for (uint32_t i = 0; i < 2; i++) {
            f[i] = frame(&r, b[i], sizeof(b[i]), target(family, 9, 1), i);
            f[i].meta.known |= IK_KNOW_TTL | IK_KNOW_TCLASS;
            f[i].meta.ttl = 1;
            f[i].meta.tclass = 4;
        }
        send_all(&r, f, 2);
        await(&r, IK_EV_ERROR, 2);
        const struct seen *s = find(&r, IK_EV_ERROR, 1);
        assert_int_equal(s->type, family == 4 ? 11 : 3);
        assert_int_equal(s->from.bytes[family == 4 ? 3 : 15], 2);
        rig_close(&r);
    }
}

/* An ICMPv4 time exceeded about `quoted`, RFC 4884 with one MPLS entry, to ourselves. */
static void answer_with_extension(const uint8_t *quoted, size_t n)
{
    uint8_t b[8 + 128 + 12] = {11};
    b[5] = 128 / 4;
    memcpy(b + 8, quoted, n);
    uint8_t *ext = b + 8 + 128;
    ext[0] = 0x20;
    ik_store_be16(ext + 4, 8);
    ext[6] = 1;
    ext[7] = 1;
    ik_store_be32(ext + 8, 16001u << 12 | 1 << 8 | 1);
    ik_store_be16(ext + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){ext, 12})));
    ik_store_be16(b + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){b, sizeof(b)})));
    const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    assert_return_code(sendto(fd, b, sizeof(b), 0, (const struct sockaddr *)&to, sizeof(to)),
                       errno);
    close(fd);
}

static void udp__error_with_extensions__tells_them_apart_from_the_quote(void **state)
{
    (void)state;
    struct rig r = rig_open(UDP, 4);
    uint8_t quoted[28 + 16] = {0x45, 0, 0, sizeof(quoted), 0, 1, 0, 0, 1, 17};
    const uint8_t here[4] = {127, 0, 0, 1}, there[4] = {10, 77, 1, 9};
    memcpy(quoted + 12, here, 4);
    memcpy(quoted + 16, there, 4);
    ik_store_be16(quoted + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){quoted, 20})));
    ik_store_be16(quoted + 20, IDENT);
    ik_store_be16(quoted + 22, 33434);
    ik_store_be16(quoted + 24, sizeof(quoted) - 20);
    ik_store_be32(quoted + 28 + 12, 777);
    answer_with_extension(quoted, sizeof(quoted));
    await(&r, IK_EV_ERROR, 1);
    const struct seen *s = &r.seen[0];
    assert_int_equal(s->key, 777);
    assert_int_equal(s->type, 11);
    assert_int_equal(s->bytes, 128 - 28);
    assert_int_equal(s->extensions, 12);
    rig_close(&r);
}

/* A whole packet around `payload` (transport header first, its checksum at `sum_at`). */
static struct ik_frame packet(uint8_t *b, uint8_t family, struct ik_addr dst, uint8_t proto,
                              uint8_t ttl, const uint8_t *payload, size_t n, size_t sum_at,
                              uint32_t key)
{
    const struct ik_addr src = our_address(family);
    const size_t h = family == 4 ? 20 : 40;
    memset(b, 0, h);
    memcpy(b + h, payload, n);
    if (family == 4) {
        b[0] = 0x45;
        ik_store_be16(b + 2, (uint16_t)(h + n));
        ik_store_be16(b + 4, 4242);
        b[8] = ttl;
        b[9] = proto;
        memcpy(b + 12, src.bytes, 4);
        memcpy(b + 16, dst.bytes, 4);
        ik_store_be16(b + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){b, 20})));
    } else {
        b[0] = 0x60;
        ik_store_be16(b + 4, (uint16_t)n);
        b[6] = proto;
        b[7] = ttl;
        memcpy(b + 8, src.bytes, 16);
        memcpy(b + 24, dst.bytes, 16);
    }
    uint64_t sum =
        proto == IPPROTO_ICMP ? 0 : ik_cksum_add_pseudo(0, &src, &dst, proto, (uint32_t)n);
    ik_store_be16(b + h + sum_at, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){b + h, n})));
    return (struct ik_frame){.medium = IK_MEDIUM_IP, .key = key, .bytes = {b, h + n}};
}

static const struct seen *exchange(struct rig *r, const struct ik_frame *f)
{
    r->n = 0;
    send_all(r, f, 1);
    await(r, IK_EV_FRAME, 1);
    const struct seen *sent = find(r, IK_EV_SENT, f->key), *s = &r->seen[r->n - 1];
    assert_non_null(sent);
    assert_int_equal(s->kind, IK_EV_FRAME);
    assert_true(sent->at.mono <= s->at.mono);
    return s;
}

static void rawip__each_method__hears_its_answers(void **state)
{
    (void)state;
    for (uint8_t family = 4; family <= 6; family += 2) {
        const bool v4 = family == 4;
        const size_t at = v4 ? 20 : 0;
        struct rig r = rig_open(RAWIP, family);
        uint8_t b[128], udp[24] = {0}, tcp[20] = {0}, echo[24] = {v4 ? 8 : 128};
        pause_ms(20);
        ik_store_be16(udp, IDENT);
        ik_store_be16(udp + 2, 33434);
        ik_store_be16(udp + 4, sizeof(udp));
        ik_store_be16(tcp, IDENT);
        ik_store_be16(tcp + 2, 81);
        tcp[12] = 5 << 4;
        tcp[13] = 2; /* SYN */
        ik_store_be16(echo + 4, IDENT);

        /* The first answers may meet a stamping that has not begun. */
        struct ik_frame f = packet(b, family, target(family, 1, 1), 17, 64, udp, sizeof(udp), 6, 1);
        send_all(&r, &f, 1);
        await(&r, IK_EV_FRAME, 1);
        pause_ms(20);

        const struct seen *s = exchange(&r, &f);
        assert_int_equal(s->head[at], v4 ? 3 : 1);
        assert_int_equal(s->head[at + 1], v4 ? 3 : 4);
        if (v4) /* the identification stays as it was given */
            assert_int_equal(ik_load_be16(s->head + 28 + 4), 4242);

        f = packet(b, family, target(family, 9, 1), 17, 1, udp, sizeof(udp), 6, 2);
        s = exchange(&r, &f);
        assert_int_equal(s->head[at], v4 ? 11 : 3);

        f = packet(b, family, target(family, 1, 1), 6, 64, tcp, sizeof(tcp), 16, 3);
        s = exchange(&r, &f);
        assert_int_equal(s->medium, v4 ? IK_MEDIUM_IP : IK_MEDIUM_TCP);
        assert_int_equal(ik_load_be16(s->head + at + 2), IDENT);
        assert_true(s->head[at + 13] & 4); /* RST */

        f = packet(b, family, target(family, 1, 1), v4 ? 1 : 58, 64, echo, sizeof(echo), 2, 4);
        s = exchange(&r, &f);
        assert_int_equal(s->head[at], v4 ? 0 : 129);

        /* Of another program: not for us. */
        ik_store_be16(udp, IDENT + 1);
        f = packet(b, family, target(family, 1, 1), 17, 64, udp, sizeof(udp), 6, 5);
        r.n = 0;
        send_all(&r, &f, 1);
        pause_ms(50);
        take(&r, read_clock());
        assert_int_equal(count(&r, IK_EV_FRAME), 0);
        assert_quiet(&r);
        rig_close(&r);
    }
}

static void rawip__larger_than_the_interface__fails_with_its_mtu(void **state)
{
    (void)state;
    static uint8_t b[3100], payload[3000];
    struct rig r = rig_open(RAWIP, 4);
    const struct ik_frame f = packet(b, 4, target(4, 1, 1), 17, 64, payload, sizeof(payload), 6, 1);
    send_all(&r, &f, 1);
    take(&r, read_clock());
    assert_int_equal(r.n, 1);
    assert_int_equal(r.seen[0].err, IK_E_TOO_BIG);
    assert_int_equal(r.seen[0].mtu, 1500);
    rig_close(&r);
}

static void rawip__failures_amid_a_batch__stamps_stay_right(void **state)
{
    (void)state;
    enum { ALL = 33 };
    static uint8_t b[ALL][3100], payload[3000];
    for (uint8_t family = 4; family <= 6; family += 2) {
        struct rig r = rig_open(RAWIP, family);
        struct ik_frame f[ALL];
        pause_ms(20);
        ik_store_be16(payload, IDENT);
        ik_store_be16(payload + 2, 33434);
        for (uint32_t turn = 0; turn < 4; turn++) {
            r.n = 0;
            for (uint32_t i = 0; i < ALL; i++) {
                const size_t n = i % 3 == 1 ? sizeof(payload) : 36;
                ik_store_be16(payload + 4, (uint16_t)n);
                ik_store_be16(payload + 6, 0);
                /* The answer quotes the key: 36 bytes of UDP, the last 4 of them. */
                ik_store_be32(payload + 32, 1000 * turn + i);
                f[i] = packet(b[i], family, target(family, 1, 1), 17, 64, payload, n, 6,
                              1000 * turn + i);
            }
            send_all(&r, f, ALL);
            await(&r, IK_EV_FRAME, ALL * 2 / 3);
        }
        assert_int_equal(count(&r, IK_EV_FAILED), ALL / 3);
        assert_int_equal(count(&r, IK_EV_SENT), ALL * 2 / 3);
        for (size_t i = 0; i < r.n; i++) {
            if (r.seen[i].kind != IK_EV_FRAME)
                continue;
            const size_t at = family == 4 ? 28 + 20 : 8 + 40;
            const struct seen *sent = find(&r, IK_EV_SENT, ik_load_be32(r.seen[i].head + at + 32));
            assert_non_null(sent);
            assert_true(sent < &r.seen[i]);
            assert_true(sent->at.mono <= r.seen[i].at.mono);
        }
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp__closed_port__is_an_error_with_our_payload),
        cmocka_unit_test(udp__ttl_of_one_frame__expires_at_the_first_router),
        cmocka_unit_test(udp__error_with_extensions__tells_them_apart_from_the_quote),
        cmocka_unit_test(rawip__each_method__hears_its_answers),
        cmocka_unit_test(rawip__failures_amid_a_batch__stamps_stay_right),
        cmocka_unit_test(rawip__larger_than_the_interface__fails_with_its_mtu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
