/* SPDX-License-Identifier: MIT
 * Quotes cut, extended and rewritten. */
#include "trace_net.h"

/* All routers of a path of 4 are `like`, the target is plain; the text must be `hops` and the end.
 */
static void expect_all(const struct net_router *like, const char *hops, const int bits[NET_WAYS])
{
    for (size_t k = 0; k < NET_WAYS; k++) {
        const struct ik_trace_cfg cfg = net_cfg(net_ways[k].method);
        struct net *n = net_new(net_ways[k].family, IK_MEDIUM_IP, &cfg, 4);
        for (int h = 1; h <= 3; h++)
            n->routers[h] = *like;
        char text[128];
        snprintf(text, sizeof(text), "%s|99 = %s yes 4", hops, net_ways[k].stop);
        net_run(n);
        assert_string_equal(net_text(n), text);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(n->said[i].match_bits, bits[k]);
        net_free(n);
    }
}

static void quote__whole__64_bits(void **state)
{
    (void)state;
    expect_all(&(struct net_router){0}, "1|2|3", (const int[]){64, 64, 64, 64, 64, 64});
}

static void quote__8_bytes__still_matched(void **state)
{
    (void)state;
    expect_all(&(struct net_router){.quote_bytes = 8}, "1|2|3",
               (const int[]){32, 16, 32, 32, 48, 48});
}

/* CVE-2020-11910: fewer than 8 bytes say nothing; no read past them either. */
static void quote__cve_2020_11910_short__is_nobodys(void **state)
{
    (void)state;
    for (int bytes = 1; bytes < 8; bytes++) {
        for (size_t k = 0; k < NET_WAYS; k++) {
            const struct ik_trace_cfg cfg = net_cfg(net_ways[k].method);
            struct net *n = net_new(net_ways[k].family, IK_MEDIUM_IP, &cfg, 4);
            n->routers[2].quote_bytes = bytes;
            struct ik_trace_totals totals;
            net_run(n);
            ik_trace_totals(n->t, &totals);
            assert_int_equal(totals.strangers, 1);
            assert_memory_equal(net_text(n), "1|l|3|99", 8);
            net_free(n);
        }
    }
}

/* DF-traceroute-04: what routers and NATs change is not looked at. */
static void quote__ttl_tos_length_checksum_changed__still_matched(void **state)
{
    (void)state;
    expect_all(&(struct net_router){.mess = true}, "1|2|3", (const int[]){64, 64, 64, 64, 64, 64});
    expect_all(&(struct net_router){.mess = true, .quote_bytes = 8}, "1|2|3",
               (const int[]){32, 16, 32, 32, 48, 48});
}

/* CVE-2022-23093: a quoted header of up to 15 words. */
static void quote__cve_2022_23093_options__transport_found_behind_them(void **state)
{
    (void)state;
    for (int options = 4; options <= 40; options += 4) {
        for (int bytes = 0; bytes <= 8; bytes += 8) {
            const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
            struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
            n->routers[1].quote_options = n->routers[2].quote_options = options;
            n->routers[1].quote_bytes = bytes;
            net_expect(n, "1|2|99 = port-unreachable yes 3");
        }
    }
}

/* DF-traceroute-06 */
static void quote__ttl_above_one__told(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(6, IK_MEDIUM_IP, &cfg, 3);
    n->routers[2].quoted_ttl = 3;
    net_run(n);
    assert_int_equal(n->said[0].quoted_ttl, 1);
    assert_int_equal(n->said[1].quoted_ttl, 3);
    net_free(n);
}

/* The NAT rewrote the packet and its quote came back untranslated: the checksum still fits. */
static void nat__source_and_port_rewritten__matched_and_told(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    for (int bytes = 0; bytes <= 8; bytes += 8) {
        struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 4);
        for (int h = 2; h <= 4; h++) {
            n->routers[h].nat_addr = true;
            n->routers[h].nat_port = 1025;
            n->routers[h].quote_bytes = bytes;
            /* What RFC 3022 does to the checksum: address .100 becomes .77, port 0x4142 1025. */
            const uint16_t moved =
                ik_cksum_update(ik_cksum_update(0x1234, NET_ME, 77), 0x4142, 1025);
            const uint32_t shift = (uint32_t)moved + (uint16_t)~0x1234;
            n->routers[h].nat_shift = (uint16_t)((shift & 0xffff) + (shift >> 16));
        }
        net_run(n);
        assert_string_equal(net_text(n), "1|2~|3~|99~ = port-unreachable yes 4");
        assert_int_equal(n->said[1].match_bits, bytes ? 32 : 64);
        net_free(n);
    }
}

/* The NAT put its addresses right in the quote and forgot the checksum: one constant a flow. The
 * first time it confirms nothing, afterwards it does. */
static void nat__checksum_shifted_by_a_constant__matched_and_told(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 5);
    for (int h = 2; h <= 5; h++) {
        n->routers[h].nat_shift = 0x7b31;
        n->routers[h].quote_bytes = 8;
    }
    net_run(n);
    assert_string_equal(net_text(n), "1|2~|3~|4~|99~ = port-unreachable yes 5");
    assert_int_equal(n->said[0].match_bits, 64);
    assert_int_equal(n->said[1].match_bits, 16);
    assert_int_equal(n->said[2].match_bits, 32);
    net_free(n);
}

/* R4884-5.1-01: a quoted transport checksum that is wrong does not reject an extended error. */
static void quote__wrong_checksum_with_extensions__accepted(void **state)
{
    (void)state;
    static const uint8_t ext[12] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0, 1, 1, 1};
    for (int tcp = 0; tcp < 2; tcp++) {
        const struct ik_trace_cfg cfg = net_cfg(tcp ? IK_TRACE_TCP : IK_TRACE_UDP);
        struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 9);
        for (int h = 1; h <= 8; h++) {
            n->routers[h].nat_shift = (uint16_t)(0x1111 * h); /* another every time */
            n->routers[h].ext = ext;
            n->routers[h].ext_bytes = sizeof(ext);
        }
        net_run(n);
        assert_true(n->end.reached);
        assert_int_equal(n->end.received, 9 + n->n_sent - 9 - (n->n_sent - 9));
        for (size_t i = 0; i < 8; i++) {
            assert_string_equal(n->said[i].state, "answered");
            assert_int_equal(n->said[i].extensions.left, 12);
        }
        net_free(n);
    }
}

static void quote__identification_bytes_swapped__matched(void **state)
{
    (void)state;
    const struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
    n->routers[1].swap_id = n->routers[2].swap_id = true;
    n->routers[1].quote_bytes = 8;
    net_expect(n, "1|2|99 = port-unreachable yes 3");
}

/* Firewalls that rewrite the identification leave the payload; those that rewrite sequence numbers
 * leave the identification. */
static void quote__identification_rewritten__payload_tells(void **state)
{
    (void)state;
    expect_all(&(struct net_router){.new_id = true}, "1|2|3",
               (const int[]){64, 64, 64, 64, 64, 64});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quote__whole__64_bits),
        cmocka_unit_test(quote__8_bytes__still_matched),
        cmocka_unit_test(quote__cve_2020_11910_short__is_nobodys),
        cmocka_unit_test(quote__ttl_tos_length_checksum_changed__still_matched),
        cmocka_unit_test(quote__cve_2022_23093_options__transport_found_behind_them),
        cmocka_unit_test(quote__ttl_above_one__told),
        cmocka_unit_test(nat__source_and_port_rewritten__matched_and_told),
        cmocka_unit_test(nat__checksum_shifted_by_a_constant__matched_and_told),
        cmocka_unit_test(quote__wrong_checksum_with_extensions__accepted),
        cmocka_unit_test(quote__identification_bytes_swapped__matched),
        cmocka_unit_test(quote__identification_rewritten__payload_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
