/* SPDX-License-Identifier: MIT
 * Every frame of layers_vectors.h down to its IP packet; then cut and spoilt in every way. */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "layers_vectors.h"
#include "vector.h"

#include <stdio.h>

static struct ik_rd bytes_of(const struct layers_vector *v)
{
    return vector_hex(v->hex);
}

/* The headers as layers_vectors.h writes them. */
static void spell(const struct ik_layers *l, char *out, size_t cap)
{
    size_t n = 0;
    out[0] = 0;
    for (unsigned i = 0; i < l->n; i++) {
        const struct ik_layer *y = &l->list[i];
        n += (size_t)snprintf(out + n, cap - n, "%s%s", i ? " " : "", ik_layer_name(y->kind));
        if (y->ident || y->priority)
            n += (size_t)snprintf(out + n, cap - n, ":%u", y->ident);
        if (y->priority)
            n += (size_t)snprintf(out + n, cap - n, "/%u", y->priority);
    }
}

/* Headers lie one behind the other, and the packet behind the last. */
static void expect_sound(const struct ik_layers *l, struct ik_rd frame)
{
    uint32_t at = 0;
    assert_true(l->n <= IK_LAYERS_MAX);
    for (unsigned i = 0; i < l->n; i++) {
        assert_int_equal(l->list[i].at_bytes, at);
        at += l->list[i].bytes;
    }
    assert_int_equal(l->ip_at_bytes, at);
    assert_true(at <= frame.left);
    assert_ptr_equal(l->ip.p, frame.p + at);
    assert_true(l->ip.left <= frame.left - at);
}

static void each_vector__has_its_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < LAYERS_VECTORS; i++) {
        const struct layers_vector *v = &layers_vectors[i];
        const struct ik_rd frame = bytes_of(v);
        struct ik_layers l;
        struct ik_faults faults = {.n = 0};
        char text[256];
        const enum ik_err err = ik_layers_decode(&l, v->linktype, frame, &faults);
        spell(&l, text, sizeof(text));
        if (err || faults.n || strcmp(text, v->layers) || l.has_ip != (v->version != '-'))
            fail_msg("%s: err %d, %d flaws, \"%s\", IP %d", v->name, err, faults.n, text, l.has_ip);
        expect_sound(&l, frame);
        if (l.has_ip)
            assert_int_equal(l.ip.p[0] >> 4, v->version - '0');
        vector_free(frame);
    }
}

/* The innermost packet is the echo request, and nothing of what was behind it in the tunnel. */
static void each_vector__leads_to_the_echo(void **state)
{
    (void)state;
    unsigned n = 0;
    for (size_t i = 0; i < LAYERS_VECTORS; i++) {
        const struct layers_vector *v = &layers_vectors[i];
        const struct ik_rd frame = bytes_of(v);
        struct ik_layers l;
        struct ik_ip ip;
        assert_int_equal(ik_layers_decode(&l, v->linktype, frame, NULL), IK_OK);
        if (l.has_ip && v->version != '1' && !ik_ip_decode(&ip, l.ip, NULL) &&
            ip.proto == (ip.version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6)) {
            assert_int_equal(ip.payload.left, 8);
            assert_int_equal(ip.payload.p[0], ip.version == 4 ? 8 : 128);
            assert_true(l.ethertype == (ip.version == 4 ? 0x0800 : 0x86dd));
            n++;
        }
        vector_free(frame);
    }
    assert_int_equal(n, 73); /* the others carry something else */
}

static void macs__of_the_outermost_ethernet__are_given(void **state)
{
    (void)state;
    static const uint8_t src[6] = {2, 0, 0, 0, 0, 1}, dst[6] = {2, 0, 0, 0, 0, 2}, none[6];
    const struct ik_rd outer = bytes_of(&layers_vectors[0]);
    struct ik_layers l;
    assert_int_equal(ik_layers_decode(&l, 1, outer, NULL), IK_OK);
    assert_memory_equal(l.src_mac, src, 6);
    assert_memory_equal(l.dst_mac, dst, 6);
    vector_free(outer);
    for (size_t i = 0; i < LAYERS_VECTORS; i++)
        if (strcmp(layers_vectors[i].name, "vxlan") == 0) {
            const struct ik_rd inner = bytes_of(&layers_vectors[i]);
            assert_int_equal(ik_layers_decode(&l, 101, inner, NULL), IK_OK);
            assert_memory_equal(l.src_mac, none, 6);
            vector_free(inner);
        }
}

static void type__of_what_is_no_ip__is_told(void **state)
{
    (void)state;
    const struct ik_rd arp = vector_hex("020000000002020000000001 8100 0005 0806 00010800");
    struct ik_layers l;
    assert_int_equal(ik_layers_decode(&l, 1, arp, NULL), IK_OK);
    assert_false(l.has_ip);
    assert_int_equal(l.ethertype, 0x0806);
    assert_int_equal(l.ip.left, 4);
    vector_free(arp);
}

static void link_type__that_we_do_not_read__is_refused(void **state)
{
    (void)state;
    const struct ik_rd frame = bytes_of(&layers_vectors[0]);
    struct ik_layers l;
    assert_int_equal(ik_layers_decode(&l, 127, frame, NULL), IK_E_UNSUPPORTED);
    assert_false(l.has_ip);
    assert_int_equal(l.n, 0);
    assert_int_equal(ik_layers_decode(&l, UINT16_MAX, frame, NULL), IK_E_UNSUPPORTED);
    vector_free(frame);
}

/* A frame of nothing but tags: following stops, and the walk ends. */
static void tags__without_end__are_followed_so_far(void **state)
{
    (void)state;
    uint8_t frame[14 + 4 * 40];
    struct ik_layers l;
    memset(frame, 0, sizeof(frame));
    for (size_t i = 12; i < sizeof(frame); i += 4) {
        frame[i] = 0x81;
    }
    assert_int_equal(ik_layers_decode(&l, 1, (struct ik_rd){frame, sizeof(frame)}, NULL), IK_OK);
    assert_true(l.more);
    assert_false(l.has_ip);
    assert_int_equal(l.n, IK_LAYERS_MAX);
    assert_int_equal(l.ip_at_bytes, 14 + 4 * (IK_LAYERS_MAX - 1));
}

/* Where following stops inside tunnels there is a packet all the same. */
static void tunnels__without_end__stop_at_a_packet(void **state)
{
    (void)state;
    enum { DEEP = 40 };
    uint8_t packet[20 * DEEP];
    struct ik_layers l;
    memset(packet, 0, sizeof(packet));
    for (size_t i = 0; i < DEEP; i++) {
        uint8_t *h = packet + 20 * i;
        h[0] = 0x45;
        h[2] = (uint8_t)(20 * (DEEP - i) >> 8);
        h[3] = (uint8_t)(20 * (DEEP - i));
        h[8] = 64;
        h[9] = 4;
    }
    assert_int_equal(ik_layers_decode_ip(&l, (struct ik_rd){packet, sizeof(packet)}, NULL), IK_OK);
    assert_true(l.more && l.has_ip);
    assert_int_equal(l.n, IK_LAYERS_MAX);
    assert_int_equal(l.ip_at_bytes, 20 * IK_LAYERS_MAX);
}

/* Cut: the frame ends inside a header and that is a flaw, or it is as short as it may be. A port is
 * no proof of a tunnel, so nothing is held against what does not fill one. */
static void each_vector__cut_anywhere__says_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < LAYERS_VECTORS; i++) {
        const struct layers_vector *v = &layers_vectors[i];
        const struct ik_rd frame = bytes_of(v);
        struct ik_layers whole;
        assert_int_equal(ik_layers_decode(&whole, v->linktype, frame, NULL), IK_OK);
        for (size_t cut = 0; cut < frame.left; cut++) {
            uint8_t *block = vector_block(frame.p, cut);
            const struct ik_rd part = {block, cut};
            struct ik_layers l;
            struct ik_faults faults = {.n = 0};
            const enum ik_err err = ik_layers_decode(&l, v->linktype, part, &faults);
            expect_sound(&l, part);
            assert_true(err == IK_OK || err == IK_E_SHORT);
            assert_true(err == IK_OK || vector_has_flaw(&faults, IK_FLAW_SHORT, (unsigned)cut));
            /* Labels may end a frame: what is behind them they do not say. */
            assert_true(err == IK_E_SHORT || l.has_ip || cut >= whole.ip_at_bytes ||
                        (l.n > 0 && l.list[l.n - 1].kind == IK_LAYER_MPLS));
            assert_true(l.n <= whole.n || strcmp(v->layers, "") == 0);
            free(block);
        }
        vector_free(frame);
    }
}

static void flaw__in_an_outer_header__has_its_place_in_the_frame(void **state)
{
    (void)state;
    struct ik_layers l;
    struct ik_faults faults = {.n = 0, .base = 100};
    for (size_t i = 0; i < LAYERS_VECTORS; i++)
        if (strcmp(layers_vectors[i].name, "6in4") == 0) {
            struct ik_rd frame = bytes_of(&layers_vectors[i]);
            uint8_t *bytes = vector_block(frame.p, frame.left);
            bytes[14 + 10] ^= 1; /* checksum of the outer header */
            assert_int_equal(ik_layers_decode(&l, 1, (struct ik_rd){bytes, frame.left}, &faults),
                             IK_OK);
            assert_int_equal(l.ip_at_bytes, 34);
            assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CHECKSUM, 100 + 14 + 10));
            assert_int_equal(faults.n, 1);
            assert_int_equal(faults.base, 100);
            free(bytes);
            vector_free(frame);
        }
    assert_int_equal(faults.n, 1);
}

static uint16_t torture_linktype;

static void decode_any(struct ik_rd in)
{
    struct ik_layers l;
    struct ik_faults faults = {.n = 0};
    const enum ik_err err = ik_layers_decode(&l, torture_linktype, in, &faults);
    assert_true(err == IK_OK || err == IK_E_SHORT);
    expect_sound(&l, in);
}

static void each_vector__spoilt__stays_inside(void **state)
{
    (void)state;
    for (size_t i = 0; i < LAYERS_VECTORS; i++) {
        torture_linktype = layers_vectors[i].linktype;
        vector_torture(layers_vectors[i].hex, decode_any);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_vector__has_its_headers),
        cmocka_unit_test(each_vector__leads_to_the_echo),
        cmocka_unit_test(macs__of_the_outermost_ethernet__are_given),
        cmocka_unit_test(type__of_what_is_no_ip__is_told),
        cmocka_unit_test(link_type__that_we_do_not_read__is_refused),
        cmocka_unit_test(tags__without_end__are_followed_so_far),
        cmocka_unit_test(tunnels__without_end__stop_at_a_packet),
        cmocka_unit_test(each_vector__cut_anywhere__says_so),
        cmocka_unit_test(flaw__in_an_outer_header__has_its_place_in_the_frame),
        cmocka_unit_test(each_vector__spoilt__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
