/* SPDX-License-Identifier: MIT
 * Bodies of ICMP messages field by field, neighbour discovery and multicast listeners aside. */
#include "icmp_vectors.h"
#include "vector.h"

#include "base/bytes.h"

static uint8_t buf[256], out[2048];
static struct ik_faults faults;
static struct ik_rd kept;

/* The message of a hex string; its bytes live until the next call. */
static enum ik_err try_decode(struct ik_icmp *msg, uint8_t family, const char *hex)
{
    if (kept.p)
        vector_free(kept);
    kept = vector_hex(hex);
    const struct ik_icmp_ctx ctx = {.family = family, .checksum_verified = true};
    faults = (struct ik_faults){0};
    return ik_icmp_decode(msg, kept, &ctx, &faults);
}

static struct ik_icmp decoded(uint8_t family, const char *hex)
{
    struct ik_icmp msg;
    assert_int_equal(try_decode(&msg, family, hex), IK_OK);
    return msg;
}

static const char *text_of(const struct ik_addr *a)
{
    static char text[IK_ADDR_TEXT];
    return ik_addr_text(a, text);
}

/* R792-Echo-02 */
static void echo__id_and_sequence_zero__is_an_echo(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(4, "08000000 00000000 61");
    assert_int_equal(msg.kind, IK_ICMP_ECHO);
    assert_int_equal(msg.echo.id, 0);
    assert_int_equal(msg.echo.seq, 0);
    assert_int_equal(msg.echo.data.left, 1);
    assert_int_equal(faults.n, 0);
}

static void echo__code_not_zero__is_told(void **state)
{
    (void)state;
    assert_int_equal(decoded(4, "08090000 00010002").kind, IK_ICMP_ECHO);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CODE, 1));
}

/* CVE-2020-17441 and kin: an echo of 4 bytes is no echo. */
static void echo__four_bytes__is_short(void **state)
{
    (void)state;
    struct ik_icmp msg;
    assert_int_equal(try_decode(&msg, 4, "08000000"), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 4));
    assert_int_equal(msg.kind, IK_ICMP_RAW);
    assert_int_equal(msg.type, 8);
    assert_int_equal(try_decode(&msg, 6, "800000"), IK_E_SHORT);
}

/* CVE-2025-12899 */
static void unknown__v4_type_128__is_bytes(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(4, "80000000 00010002");
    assert_int_equal(msg.kind, IK_ICMP_RAW);
    assert_int_equal(msg.raw.left, 4);
    assert_int_equal(faults.n, 0);
}

/* R792-Timestamp-02 */
static void timestamp__values__are_milliseconds_or_have_the_top_bit(void **state)
{
    (void)state;
    struct ik_icmp msg = {.family = 4,
                          .type = 13,
                          .kind = IK_ICMP_TIMESTAMP,
                          .timestamp = {.id = 1, .originate = 1000, .trailing = {buf, 0}}};
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 20);
    assert_int_equal(ik_load_be32(out + 8), 0x000003e8);
    msg = decoded(4, "0e000000 00010002 000003e8 80000001 0526 5c00");
    assert_int_equal(msg.timestamp.originate, 1000);
    assert_int_equal(msg.timestamp.receive, 0x80000001);
    assert_int_equal(msg.timestamp.transmit, 86400000);
}

/* R792-Timestamp-04 */
static void timestamp__other_than_20_bytes__is_refused_or_told(void **state)
{
    (void)state;
    struct ik_icmp msg;
    assert_int_equal(try_decode(&msg, 4, "0d000000 00010002 00000000 00000000 000000"), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 19));
    msg = decoded(4, "0d000000 00010002 00000000 00000000 00000000 ff");
    assert_int_equal(msg.timestamp.trailing.left, 1);
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRAILING, 20));
}

/* R950-App.I-01 */
static void mask__12_bytes__has_its_mask_and_11_are_refused(void **state)
{
    (void)state;
    struct ik_icmp msg = decoded(4, "12000000 00010002 ffffff80");
    assert_string_equal(text_of(&msg.mask.mask), "255.255.255.128");
    assert_int_equal(msg.mask.id, 1);
    assert_int_equal(msg.mask.seq, 2);
    assert_int_equal(try_decode(&msg, 4, "11000000 00010002 ffffff"), IK_E_SHORT);
}

/* R1256-3-01 */
static void router_adv4__two_addresses__have_signed_preferences(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(4, "09000000 02020708 c0000201 fffffffe c0000202 80000000");
    const struct ik_icmp_router_adv4 *v = &msg.router_adv4;
    assert_int_equal(kept.left, 24);
    assert_int_equal(v->lifetime_s, 1800);
    struct ik_rd rd = v->entries;
    struct ik_icmp_router r;
    assert_int_equal(ik_icmp_list_take_router(&rd, v->entry_words, &r), IK_OK);
    assert_string_equal(text_of(&r.addr), "192.0.2.1");
    assert_int_equal(r.preference, -2);
    assert_int_equal(ik_icmp_list_take_router(&rd, v->entry_words, &r), IK_OK);
    assert_true(r.preference == INT32_MIN);
    assert_int_equal(ik_icmp_list_take_router(&rd, v->entry_words, &r), IK_E_NOT_FOUND);
    assert_int_equal(faults.n, 0);
}

static void router_adv4__counts_that_lie__end(void **state)
{
    (void)state;
    struct ik_icmp msg = decoded(4, "09000000 03020708 c0000201 00000000 c0000202");
    assert_int_equal(msg.router_adv4.entries.left, 8);
    assert_int_equal(msg.router_adv4.trailing.left, 4);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_COUNT, 4));
    msg = decoded(4, "09000000 ff000708 c0000201 00000000"); /* entries of no size */
    assert_int_equal(msg.router_adv4.entries.left, 0);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_VALUE, 5));
    struct ik_rd rd = {kept.p + 8, 8};
    struct ik_icmp_router r;
    assert_int_equal(ik_icmp_list_take_router(&rd, 0, &r), IK_E_LENGTH);
    /* entries of three words: the third is kept */
    msg = decoded(4, "09100000 01030708 c0000201 00000001 deadbeef");
    rd = msg.router_adv4.entries;
    assert_int_equal(ik_icmp_list_take_router(&rd, 3, &r), IK_OK);
    assert_int_equal(r.more.left, 4);
    assert_int_equal(faults.n, 0);
}

/* R1393-2.3-01 */
static void traceroute4__20_bytes__have_hops_speed_and_mtu(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(4, "1e010000 1234 0000 0003 ffff 00000000 00000000");
    assert_int_equal(msg.traceroute.id, 0x1234);
    assert_int_equal(msg.traceroute.out_hops, 3);
    assert_int_equal(msg.traceroute.return_hops, 0xffff);
    assert_int_equal(msg.traceroute.speed_bytes_s, 0);
    assert_int_equal(msg.traceroute.mtu, 0);
    assert_string_equal(ik_icmp_code_name(4, 30, 1), "traceroute-no-route");
    assert_string_equal(ik_icmp_code_name(4, 30, 0), "traceroute-forwarded");
}

/* R4065-8-01 */
static void seamoby__subtype__is_kept_and_owns_the_code(void **state)
{
    (void)state;
    struct ik_icmp msg = decoded(4, "29630000 07000000 0102");
    assert_int_equal(msg.kind, IK_ICMP_SEAMOBY);
    assert_int_equal(msg.seamoby.subtype, 7);
    assert_int_equal(msg.seamoby.data.left, 2);
    assert_int_equal(faults.n, 0);
    msg = decoded(6, "96630000 03000000 0102");
    assert_int_equal(msg.seamoby.subtype, 3);
}

/* R4727-4-01 */
static void experiments__types_253_and_254__are_bytes(void **state)
{
    (void)state;
    assert_int_equal(decoded(4, "fd050000 0102").kind, IK_ICMP_RAW);
    assert_int_equal(decoded(4, "fe050000 0102").raw.left, 2);
    assert_int_equal(faults.n, 0);
}

/* ---- extended echo --------------------------------------------------------------------------- */

#define IDENT_NAME "2000 0000 0008 0301 65746830"
#define IDENT_INDEX "0008 0302 00000007"

/* R8335-2-01 */
static void ext_echo__id_1_seq_2_local__is_00010201(void **state)
{
    (void)state;
    const size_t n = vector_bytes(IDENT_NAME, buf, sizeof(buf));
    const struct ik_icmp msg = {
        .family = 4,
        .type = IK_ICMP4_EXT_ECHO,
        .kind = IK_ICMP_EXT_ECHO,
        .ext_echo = {.id = 1, .seq = 2, .local = true, .extensions = {buf, n}},
    };
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(ik_load_be32(out + 4), 0x00010201);
    const struct ik_icmp_ctx ctx = {.family = 4};
    struct ik_icmp back;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_icmp_decode(&back, (struct ik_rd){out, len}, &ctx, &faults), IK_OK);
    assert_true(back.ext_echo.local && back.checksum_ok);
    assert_int_equal(back.ext_echo.extensions.left, n);
    assert_int_equal(faults.n, 0);
}

/* R8335-2-06, in the request: tcpdump's test icmp-rfc8335.pcap, packet 1, has a timestamp after the
 * structure, whose checksum ends with the object. */
static void ext_echo__with_data_after_its_object__splits_it_off(void **state)
{
    (void)state;
    struct ik_icmp msg =
        decoded(4, "2a006314 f6ea0001 2000dcf4 00080302 00000001 65933a33 000ddc2b");
    assert_int_equal(msg.kind, IK_ICMP_EXT_ECHO);
    assert_int_equal(msg.ext_echo.extensions.left, 12);
    assert_int_equal(msg.ext_echo.trailing.left, 8);
    assert_false(vector_has_flaw(&faults, IK_FLAW_PROBE_OBJECT, 8));
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, NULL, true, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 28);
    assert_memory_equal(out, kept.p, 28);
    /* a checksum that fits neither leaves all to the structure, which is then refused */
    msg = decoded(4, "2a006314 f6ea0001 2000dcf5 00080302 00000001 65933a33 000ddc2b");
    assert_int_equal(msg.ext_echo.extensions.left, 20);
    assert_true(vector_has_flaw(&faults, IK_FLAW_PROBE_OBJECT, 8));
    decoded(4, "2a006314 f6ea0001 2000dcf4 fff80302 00000001 65933a33 000ddc2b");
    assert_true(vector_has_flaw(&faults, IK_FLAW_PROBE_OBJECT, 8));
}

/* R8335-2-02 */
static void ext_echo__not_exactly_one_identification__is_told(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "2a000000 00010201",
        "2a000000 00010201 20000000",
        ("2a000000 00010201" IDENT_NAME IDENT_INDEX),
        "2a000000 00010201 20000000 0008 0101 00010101",
        ("2a000000 00010201 10000000" IDENT_INDEX),
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(decoded(4, wrong[i]).kind, IK_ICMP_EXT_ECHO);
        assert_true(vector_has_flaw(&faults, IK_FLAW_PROBE_OBJECT, 8));
    }
    decoded(6, "a0000000 00010201" IDENT_NAME);
    assert_int_equal(faults.n, 0);
    decoded(6, "a0000000 00010203" IDENT_NAME);
    assert_true(vector_has_flaw(&faults, IK_FLAW_RESERVED, 7));
}

static enum ik_err probe_encoded(bool local, const char *objects, const char *dst)
{
    struct ik_addr src, to;
    assert_int_equal(ik_addr_parse("192.0.2.1", &src), IK_OK);
    assert_int_equal(ik_addr_parse(dst, &to), IK_OK);
    const struct ik_icmp_ctx ctx = {.family = 4, .src = &src, .dst = &to};
    const size_t n = vector_bytes(objects, buf, sizeof(buf));
    const struct ik_icmp msg = {
        .family = 4,
        .type = IK_ICMP4_EXT_ECHO,
        .kind = IK_ICMP_EXT_ECHO,
        .ext_echo = {.id = 1, .seq = 2, .local = local, .extensions = {buf, n}},
    };
    size_t len;
    return ik_icmp_encode(&msg, &ctx, false, out, sizeof(out), &len);
}

#define IDENT_ADDR "20000000 000c 0303 0001 04 00 c0000205"

/* R8335-2-03 */
static void ext_echo__remote_interface__is_named_by_address_only(void **state)
{
    (void)state;
    assert_int_equal(probe_encoded(false, IDENT_ADDR, "192.0.2.2"), IK_OK);
    assert_int_equal(probe_encoded(true, IDENT_ADDR, "192.0.2.2"), IK_OK);
    assert_int_equal(probe_encoded(true, IDENT_NAME, "192.0.2.2"), IK_OK);
    assert_int_equal(probe_encoded(false, IDENT_NAME, "192.0.2.2"), IK_E_VALUE);
    assert_int_equal(probe_encoded(false, "20000000" IDENT_INDEX, "192.0.2.2"), IK_E_VALUE);
    assert_int_equal(probe_encoded(true, "20000000", "192.0.2.2"), IK_E_VALUE);
    decoded(4, "2a000000 00010200" IDENT_NAME);
    assert_true(vector_has_flaw(&faults, IK_FLAW_PROBE_OBJECT, 8));
    decoded(4, "2a000000 00010200" IDENT_ADDR);
    assert_int_equal(faults.n, 0);
}

/* R8335-2-04 */
static void ext_echo__to_many__is_not_made(void **state)
{
    (void)state;
    assert_int_equal(probe_encoded(true, IDENT_NAME, "223.255.255.255"), IK_OK);
    assert_int_equal(probe_encoded(true, IDENT_NAME, "224.0.0.1"), IK_E_VALUE);
}

/* R8335-2.1-02: an IPv6 address inside an IPv4 probe. */
static void ext_echo__address_of_the_other_family__is_right(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(4, "2a000000 00010200 20000000 0018 0303 0002 10 00"
                                          "20010db8 00000000 00000000 00000001");
    assert_int_equal(faults.n, 0);
    assert_int_equal(ik_ext_check(msg.ext_echo.extensions, 4, &faults), IK_OK);
    assert_int_equal(faults.n, 0);
}

/* R8335-3-01 */
static void ext_echo_reply__active_dual_stack__is_07(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(4, "2b000000 00010207");
    assert_true(msg.ext_echo_reply.active && msg.ext_echo_reply.ipv4 && msg.ext_echo_reply.ipv6);
    assert_int_equal(msg.ext_echo_reply.state, 0);
    assert_int_equal(decoded(6, "a1000000 000102c4").ext_echo_reply.state, IK_EXT_ECHO_FAILED);
    struct ik_icmp ours = msg;
    ours.ext_echo_reply = (struct ik_icmp_ext_echo_reply){
        .id = 1, .seq = 2, .active = true, .state = IK_EXT_ECHO_STALE, .data = {buf, 0}};
    size_t len;
    assert_int_equal(ik_icmp_encode(&ours, NULL, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(out[7], 0x64);
    ours.ext_echo_reply.state = 8;
    assert_int_equal(ik_icmp_encode(&ours, NULL, false, out, sizeof(out), &len), IK_E_VALUE);
}

/* R8335-2-06 */
static void ext_echo_reply__octets_behind_the_header__are_data(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(4, "2b000000 00010207" IDENT_NAME "01020304");
    assert_int_equal(kept.left, 24);
    assert_int_equal(msg.ext_echo_reply.data.left, 16);
    assert_int_equal(faults.n, 0);
}

/* ---- other ICMPv6 ---------------------------------------------------------------------------- */

#define ADDR_D "20010db800000000000000000000000d"

static void dup_addr__owner_verifier__is_as_long_as_the_code_says(void **state)
{
    (void)state;
    struct ik_icmp msg = decoded(6, "9d000000 0000003c 0200000000000001" ADDR_D);
    assert_int_equal(msg.dup_addr.rovr.left, 8);
    assert_int_equal(msg.dup_addr.lifetime_min, 60);
    assert_string_equal(text_of(&msg.dup_addr.address), "2001:db8::d");
    msg = decoded(6, "9e220000 0305003c 000102030405060708090a0b0c0d0e0f" ADDR_D "ff");
    assert_int_equal(msg.dup_addr.rovr.left, 16); /* a prefix in the high bits of the code */
    assert_int_equal(msg.dup_addr.tid, 5);
    assert_string_equal(text_of(&msg.dup_addr.address), "2001:db8::d");
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRAILING, 40));
    assert_int_equal(try_decode(&msg, 6, "9e020000 0305003c 0001020304050607" ADDR_D), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 32));
    assert_int_equal(try_decode(&msg, 6, "9e050000 0305003c 0001020304050607" ADDR_D), IK_E_VALUE);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CODE, 1));
}

static void rpl__dodagid_flag__decides_whether_it_follows(void **state)
{
    (void)state;
    struct ik_icmp msg = decoded(6, "9b020000 1e c0 00 01" ADDR_D "00 0500");
    assert_true(msg.rpl.has_base && msg.rpl.base.has_dodagid);
    assert_string_equal(text_of(&msg.rpl.base.dodagid), "2001:db8::d");
    struct ik_rd rd = msg.rpl.options;
    struct ik_rpl_option o;
    assert_int_equal(ik_icmp_list_take_rpl(&rd, &o), IK_OK); /* Pad1 has no length */
    assert_int_equal(o.type, 0);
    assert_int_equal(ik_icmp_list_take_rpl(&rd, &o), IK_OK);
    assert_int_equal(o.type, 5);
    assert_int_equal(ik_icmp_list_take_rpl(&rd, &o), IK_E_NOT_FOUND);
    msg = decoded(6, "9b020000 1e 80 00 01" ADDR_D);
    assert_false(msg.rpl.base.has_dodagid);
    assert_int_equal(msg.rpl.options.left, 16);
    assert_int_equal(try_decode(&msg, 6, "9b020000 1e 40 00 01 2001"), IK_E_SHORT);
    assert_int_equal(msg.kind, IK_ICMP_RAW);
}

static void rpl__dio__has_rank_and_mode(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(6, "9b010000 1e f0 0123 88 f1 0000" ADDR_D);
    assert_int_equal(msg.rpl.base.instance, 30);
    assert_int_equal(msg.rpl.base.version, 240);
    assert_int_equal(msg.rpl.base.rank, 0x123);
    assert_int_equal(msg.rpl.base.flags, 0x88);
    assert_int_equal(msg.rpl.base.dtsn, 241);
}

static void rpl__secure_message__keeps_what_is_encrypted_as_bytes(void **state)
{
    (void)state;
    struct ik_icmp msg = decoded(6, "9b800000 00008100 00000007 0102030405060708 05 aabbccdd");
    assert_true(msg.rpl.has_security && !msg.rpl.has_base);
    assert_int_equal(msg.rpl.security.key.left, 9);
    assert_int_equal(msg.rpl.security.counter, 7);
    assert_int_equal(msg.rpl.options.left, 4);
    msg = decoded(6, "9b8a0000 00004200 00000007 1e80beef" ADDR_D "00000009 01020304");
    assert_int_equal(msg.rpl.security.key.left, 0);
    assert_true(msg.rpl.has_base);
    assert_int_equal(msg.rpl.base.nonce, 0xbeef);
    assert_int_equal(msg.rpl.base.counter, 9);
    assert_int_equal(msg.rpl.options.left, 4); /* its MAC */
    assert_int_equal(try_decode(&msg, 6, "9b800000 00008000 00000007 01020304"), IK_E_SHORT);
}

static void rpl__code_that_nobody_defined__is_bytes_and_told(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(6, "9b420000 01020304");
    assert_false(msg.rpl.has_base);
    assert_int_equal(msg.rpl.options.left, 4);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CODE, 1));
    /* the secure form of PDR was never assigned */
    assert_false(decoded(6, "9b890000 00000000 00000007 05 01020304").rpl.has_base);
}

static void locator_update__entries__are_12_bytes(void **state)
{
    (void)state;
    const struct ik_icmp msg =
        decoded(6, "9c000000 02010000 20010db800010000 0001 0e10 20010db800020000 0002");
    struct ik_rd rd = msg.locator_update.locators;
    struct ik_ilnp_locator l;
    assert_int_equal(ik_icmp_list_take_locator(&rd, &l), IK_OK);
    assert_int_equal(l.preference, 1);
    assert_int_equal(l.lifetime_s, 3600);
    assert_int_equal(ik_icmp_list_take_locator(&rd, &l), IK_E_NOT_FOUND);
    assert_int_equal(msg.locator_update.trailing.left, 10);
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_COUNT, 4));
}

static void mpl__seeds__have_identifiers_of_four_lengths(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(6, "9f000000 0504a0 060d 1234 800001 070a 0102030405060708"
                                          "8001 0803 " ADDR_D " 0904");
    static const struct {
        size_t id, bitmap;
    } expected[] = {{0, 1}, {2, 3}, {8, 2}, {16, 0}};
    struct ik_rd rd = msg.mpl.seeds;
    struct ik_mpl_seed s;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(ik_icmp_list_take_seed(&rd, &s), IK_OK);
        assert_int_equal(s.min_seqno, 5 + i);
        assert_int_equal(s.id.left, expected[i].id);
        assert_int_equal(s.buffered.left, expected[i].bitmap);
    }
    assert_int_equal(ik_icmp_list_take_seed(&rd, &s), IK_E_SHORT);
    assert_int_equal(ik_icmp_list_take_seed(&rd, &s), IK_E_NOT_FOUND);
}

static void renumbering__operations__are_3_and_4n_units_long(void **state)
{
    (void)state;
#define MATCH(units) "02" units "01 30 3040 0000 20010db8000100000000000000000000"
#define USE "3010c0c0 00278d00 00093a80 c0000000 20010db8000200000000000000000000"
    struct ik_renum_op op;
    struct ik_renum_use use;
    struct ik_icmp msg =
        decoded(6, "8a000000 00000001 0160 03e8 00000000" MATCH("0b") USE USE MATCH("03"));
    struct ik_rd rd = msg.renumbering.body;
    assert_int_equal(ik_icmp_list_take_op(&rd, &op), IK_OK);
    assert_int_equal(op.match_bits, 48);
    assert_int_equal(ik_icmp_list_take_use(&op.uses, &use), IK_OK);
    assert_int_equal(use.valid_s, 2592000);
    assert_string_equal(text_of(&use.prefix), "2001:db8:2::");
    assert_int_equal(ik_icmp_list_take_use(&op.uses, &use), IK_OK);
    assert_int_equal(ik_icmp_list_take_use(&op.uses, &use), IK_E_NOT_FOUND);
    assert_int_equal(ik_icmp_list_take_op(&rd, &op), IK_OK);
    assert_int_equal(op.uses.left, 0);
    assert_int_equal(ik_icmp_list_take_op(&rd, &op), IK_E_NOT_FOUND);
    static const char *const units[] = {MATCH("00"), MATCH("02"), MATCH("04")};
    for (size_t i = 0; i < 3; i++) { /* a length of zero does not loop */
        rd = vector_hex(units[i]);
        struct ik_rd walk = rd;
        assert_int_equal(ik_icmp_list_take_op(&walk, &op), IK_E_LENGTH);
        assert_int_equal(ik_icmp_list_take_op(&walk, &op), IK_E_NOT_FOUND);
        vector_free(rd);
    }
    rd = vector_hex(MATCH("07"));
    struct ik_rd walk = rd;
    assert_int_equal(ik_icmp_list_take_op(&walk, &op), IK_E_SHORT);
    vector_free(rd);
}

static void multicast_router__second_octet__is_no_code(void **state)
{
    (void)state;
    decoded(6, "97b40000 007d0002");
    assert_int_equal(faults.n, 0);
    decoded(6, "97030000 007d0002");
    assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_VALUE, 1));
    decoded(6, "98010000");
    assert_true(vector_has_flaw(&faults, IK_FLAW_RESERVED, 1));
}

static void node_query__both_ways__keeps_nonce_and_flags(void **state)
{
    (void)state;
    const struct ik_icmp msg = {
        .family = 6,
        .type = IK_ICMP6_NODE_QUERY,
        .kind = IK_ICMP_NODE_INFO,
        .node_info = {2, 0x0004, {1, 2, 3, 4, 5, 6, 7, 8}, {icmp_vector_dst.bytes, 16}},
    };
    const struct ik_icmp_ctx ctx = icmp_vector_ctx(6);
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, &ctx, false, out, sizeof(out), &len), IK_OK);
    struct ik_icmp back;
    assert_int_equal(ik_icmp_decode(&back, (struct ik_rd){out, len}, &ctx, NULL), IK_OK);
    assert_true(back.checksum_ok);
    assert_int_equal(back.node_info.qtype, 2);
    assert_int_equal(back.node_info.flags, 4);
    assert_memory_equal(back.node_info.nonce, msg.node_info.nonce, 8);
    assert_int_equal(back.node_info.data.left, 16);
}

static void home_agent_reply__addresses__are_whole(void **state)
{
    (void)state;
    const struct ik_icmp msg = decoded(6, "91000000 12340000" ADDR_D ADDR_D "20010db8");
    struct ik_rd rd = msg.home_agent.addresses;
    struct ik_addr a;
    assert_int_equal(ik_icmp_list_take_addr(&rd, &a), IK_OK);
    assert_int_equal(ik_icmp_list_take_addr(&rd, &a), IK_OK);
    assert_string_equal(text_of(&a), "2001:db8::d");
    assert_int_equal(ik_icmp_list_take_addr(&rd, &a), IK_E_NOT_FOUND);
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRAILING, 40));
}

static int forget(void **state)
{
    (void)state;
    if (kept.p)
        vector_free(kept);
    kept.p = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(echo__id_and_sequence_zero__is_an_echo),
        cmocka_unit_test(echo__code_not_zero__is_told),
        cmocka_unit_test(echo__four_bytes__is_short),
        cmocka_unit_test(unknown__v4_type_128__is_bytes),
        cmocka_unit_test(timestamp__values__are_milliseconds_or_have_the_top_bit),
        cmocka_unit_test(timestamp__other_than_20_bytes__is_refused_or_told),
        cmocka_unit_test(mask__12_bytes__has_its_mask_and_11_are_refused),
        cmocka_unit_test(router_adv4__two_addresses__have_signed_preferences),
        cmocka_unit_test(router_adv4__counts_that_lie__end),
        cmocka_unit_test(traceroute4__20_bytes__have_hops_speed_and_mtu),
        cmocka_unit_test(seamoby__subtype__is_kept_and_owns_the_code),
        cmocka_unit_test(experiments__types_253_and_254__are_bytes),
        cmocka_unit_test(ext_echo__id_1_seq_2_local__is_00010201),
        cmocka_unit_test(ext_echo__with_data_after_its_object__splits_it_off),
        cmocka_unit_test(ext_echo__not_exactly_one_identification__is_told),
        cmocka_unit_test(ext_echo__remote_interface__is_named_by_address_only),
        cmocka_unit_test(ext_echo__to_many__is_not_made),
        cmocka_unit_test(ext_echo__address_of_the_other_family__is_right),
        cmocka_unit_test(ext_echo_reply__active_dual_stack__is_07),
        cmocka_unit_test(ext_echo_reply__octets_behind_the_header__are_data),
        cmocka_unit_test(dup_addr__owner_verifier__is_as_long_as_the_code_says),
        cmocka_unit_test(rpl__dodagid_flag__decides_whether_it_follows),
        cmocka_unit_test(rpl__dio__has_rank_and_mode),
        cmocka_unit_test(rpl__secure_message__keeps_what_is_encrypted_as_bytes),
        cmocka_unit_test(rpl__code_that_nobody_defined__is_bytes_and_told),
        cmocka_unit_test(locator_update__entries__are_12_bytes),
        cmocka_unit_test(mpl__seeds__have_identifiers_of_four_lengths),
        cmocka_unit_test(renumbering__operations__are_3_and_4n_units_long),
        cmocka_unit_test(multicast_router__second_octet__is_no_code),
        cmocka_unit_test(node_query__both_ways__keeps_nonce_and_flags),
        cmocka_unit_test(home_agent_reply__addresses__are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
