/* SPDX-License-Identifier: MIT
 * IP headers of both versions: what is kept, what is refused, round trips. */
#include "vector.h"

#include "base/bytes.h"

static struct ik_faults faults;

static struct ik_ip decoded(struct ik_rd in)
{
    struct ik_ip ip;
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ip_decode(&ip, in, &faults), IK_OK);
    return ip;
}

static void assert_refused(struct ik_rd in, enum ik_err err, enum ik_flaw what, unsigned at)
{
    struct ik_ip ip = {.version = 99};
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ip_decode(&ip, in, &faults), err);
    assert_true(vector_has_flaw(&faults, what, at));
    assert_int_equal(ip.version, 99);
}

static void ip4__plain__keeps_every_field(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("45100054 d2454000 4001 e6ff c0a80001 c0a80002");
    const struct ik_ip ip = decoded(in);
    assert_int_equal(ip.version, 4);
    assert_int_equal(ip.tos, 0x10);
    assert_int_equal(ip.ttl, 64);
    assert_int_equal(ip.proto, 1);
    assert_int_equal(ip.next_header, 1);
    assert_int_equal(ip.id, 0xd245);
    assert_int_equal(ip.header_bytes, 20);
    assert_int_equal(ip.total_bytes, 84);
    assert_true(ip.df && !ip.mf && !ip.fragment && !ip.reserved_flag);
    assert_true(ip.truncated);
    assert_true(ip.checksum_ok);
    assert_int_equal(ip.checksum, 0xe6ff);
    assert_int_equal(ip.src.bytes[3], 1);
    assert_int_equal(ip.dst.bytes[3], 2);
    assert_true(ik_addr_equal(&ip.dst, &ip.final_dst));
    assert_false(ip.final_dst_known);
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRUNCATED, 2));
    assert_int_equal(faults.n, 1);
    vector_free(in);
}

/* R791-3.1-02 */
static void ip4__impossible_lengths__are_refused(void **state)
{
    (void)state;
    uint8_t h[20];
    vector_bytes("450000140000000040010000c0a80001c0a80002", h, sizeof(h));
    uint8_t *p = vector_block(h, 20);
    p[0] = 0x44;
    assert_refused((struct ik_rd){p, 20}, IK_E_LENGTH, IK_FLAW_BAD_LENGTH, 0);
    p[0] = 0x40;
    assert_refused((struct ik_rd){p, 20}, IK_E_LENGTH, IK_FLAW_BAD_LENGTH, 0);
    p[0] = 0x4f; /* CVE-2022-23093: room for options that are not there */
    p[3] = 60;
    assert_refused((struct ik_rd){p, 20}, IK_E_SHORT, IK_FLAW_SHORT, 0);
    p[0] = 0x45;
    p[3] = 19;
    assert_refused((struct ik_rd){p, 20}, IK_E_LENGTH, IK_FLAW_BAD_LENGTH, 2);
    p[0] = 0x55;
    assert_refused((struct ik_rd){p, 20}, IK_E_VERSION, IK_FLAW_BAD_VERSION, 0);
    assert_refused((struct ik_rd){p, 0}, IK_E_SHORT, IK_FLAW_SHORT, 0);
    free(p);
}

/* Only a reader of captures takes it: to a host such a packet is none. */
static void ip4__length_zero_in_a_capture__is_all_the_bytes(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("45000000 00000000 4001 f995 c0a80001 c0a80002 0800f7ff");
    struct ik_ip ip;
    assert_refused(in, IK_E_LENGTH, IK_FLAW_BAD_LENGTH, 2);
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ip_decode_captured(&ip, in, &faults), IK_OK);
    assert_int_equal(ip.total_bytes, 24);
    assert_int_equal(ip.length_field, 0);
    assert_int_equal(ip.payload.left, 4);
    assert_false(ip.truncated);
    vector_free(in);
}

/* R791-3.1-03 */
static void ip4__bytes_after_total_length__are_not_payload(void **state)
{
    (void)state;
    uint8_t frame[46];
    memset(frame, 0xaa, sizeof(frame));
    vector_bytes("4500001c 00010000 4001f6dc c0000201 c0000202 0800f7fd 00010001", frame, 46);
    const struct ik_rd in = {vector_block(frame, 46), 46};
    const struct ik_ip ip = decoded(in);
    assert_int_equal(ip.payload.left, 8);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(0, ip.payload)), 0);
    assert_false(ip.truncated);
    uint8_t again[46];
    size_t len;
    assert_int_equal(ik_ip_encode(&ip, false, again, sizeof(again), &len), IK_OK);
    assert_int_equal(len, 28);
    vector_free(in);
}

/* R791-3.1-01 */
static void ip4__wrong_checksum__is_a_flaw_at_byte_10(void **state)
{
    (void)state;
    uint8_t h[20];
    vector_bytes("45000073000040004011b861c0a80001c0a800c7", h, sizeof(h));
    struct ik_ip ip = decoded((struct ik_rd){h, 20});
    assert_true(ip.checksum_ok);
    for (unsigned bit = 0; bit < 160; bit++) {
        if (bit / 8 == 0 || bit / 8 == 2 || bit / 8 == 3)
            continue; /* version and lengths are refused for themselves */
        h[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ip = decoded((struct ik_rd){h, 20});
        assert_false(ip.checksum_ok);
        assert_true(vector_has_flaw(&faults, IK_FLAW_BAD_CHECKSUM, 10));
        h[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* CVE-2022-23093: a header of 60 bytes, all of it options. */
static void ip4__ihl_15__has_40_bytes_of_options(void **state)
{
    (void)state;
    uint8_t h[64] = {0x4f, 0, 0, 64, [8] = 64, 1};
    memset(h + 20, IK_IPOPT_NOP, 40);
    h[60] = 8;
    const struct ik_rd in = {vector_block(h, 64), 64};
    const struct ik_ip ip = decoded(in);
    assert_int_equal(ip.header_bytes, 60);
    assert_int_equal(ip.options.left, 40);
    assert_int_equal(ip.payload.left, 4);
    assert_int_equal(ip.payload.p[0], 8);
    vector_free(in);
}

/* CVE-2018-4407: an option that is wrong, in a header of 60 bytes. */
static void ip4__bad_option__is_a_flaw_at_its_byte(void **state)
{
    (void)state;
    uint8_t h[60] = {0x4f, 0, 0, 60, [8] = 64, 1};
    memset(h + 20, IK_IPOPT_NOP, 40);
    h[30] = IK_IPOPT_RECORD_ROUTE;
    h[31] = 7;
    h[32] = 0; /* pointer below 4 */
    h[50] = 130;
    h[51] = 11; /* one past the end */
    const struct ik_rd in = {vector_block(h, 60), 60};
    (void)decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_POINTER, 32));
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_PAST_END, 51));
    vector_free(in);
}

static void ip4__fragment__has_offset_in_bytes(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("45000020 12342003 40010000 c0000201 c0000202 0102030405060708"
                                 "090a0b0c");
    struct ik_ip ip = decoded(in);
    assert_int_equal(ip.offset_bytes, 24);
    assert_true(ip.mf && ip.fragment);
    assert_true(vector_has_flaw(&faults, IK_FLAW_FRAGMENT_LENGTH, 2)); /* 12 bytes */
    vector_free(in);
    /* a last fragment may have any length */
    in = vector_hex("45000017 12340003 40010000 c0000201 c0000202 010203");
    ip = decoded(in);
    assert_true(ip.fragment && !ip.mf);
    assert_false(vector_has_flaw(&faults, IK_FLAW_FRAGMENT_LENGTH, 2));
    vector_free(in);
}

/* The bound of R791-3.2-04: offset 8189 and 1000 bytes. */
static void ip4__ping_of_death__is_a_flaw_at_its_offset(void **state)
{
    (void)state;
    uint8_t p[1020];
    memset(p, 0, sizeof(p));
    vector_bytes("450003fc 12341ffd 40010000 c0000201 c0000202", p, sizeof(p));
    (void)decoded((struct ik_rd){p, sizeof(p)});
    assert_true(vector_has_flaw(&faults, IK_FLAW_FRAGMENT_PAST_END, 6));
    /* one that ends at 65535 exactly, and one a byte longer */
    vector_bytes("45000017 12341ffd", p, sizeof(p));
    (void)decoded((struct ik_rd){p, sizeof(p)});
    assert_false(vector_has_flaw(&faults, IK_FLAW_FRAGMENT_PAST_END, 6));
    vector_bytes("45000018 12341ffd", p, sizeof(p));
    (void)decoded((struct ik_rd){p, sizeof(p)});
    assert_true(vector_has_flaw(&faults, IK_FLAW_FRAGMENT_PAST_END, 6));
}

/* ---- IPv6 ------------------------------------------------------------------------------------ */

static void ip6__chain__is_followed_to_its_end(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex(vector_of("ip", "chain"));
    const struct ik_ip ip = decoded(in);
    assert_int_equal(ip.next_header, 0);
    assert_int_equal(ip.proto, 58);
    assert_int_equal(ip.header_bytes, 64);
    assert_int_equal(ip.options.left, 24);
    assert_int_equal(ip.payload.left, 8);
    assert_int_equal(ip.id, 0xdeadbeef);
    assert_true(ip.mf && ip.fragment);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

/* R4443-2.3-02 */
static void ip6__routing_header__gives_the_final_destination(void **state)
{
    (void)state;
    const char *packets[] = {vector_of("ip", "route-one"), vector_of("ip", "route-two")};
    for (size_t i = 0; i < 2; i++) {
        const struct ik_rd in = vector_hex(packets[i]);
        const struct ik_ip ip = decoded(in);
        assert_true(ip.final_dst_known);
        assert_false(ik_addr_equal(&ip.dst, &ip.final_dst));
        const uint64_t right = ik_cksum_add_pseudo(0, &ip.src, &ip.final_dst, 58, 8);
        assert_int_equal(ik_cksum_fold(ik_cksum_add(right, ip.payload)), 0);
        const uint64_t wrong = ik_cksum_add_pseudo(0, &ip.src, &ip.dst, 58, 8);
        assert_int_not_equal(ik_cksum_fold(ik_cksum_add(wrong, ip.payload)), 0);
        vector_free(in);
    }
}

static void ip6__routing_header_used_up__leaves_the_destination(void **state)
{
    (void)state;
    uint8_t p[88];
    const size_t n = vector_bytes(vector_of("ip", "route-one"), p, sizeof(p));
    p[43] = 0; /* segments left */
    const struct ik_ip ip = decoded((struct ik_rd){p, n});
    assert_false(ip.final_dst_known);
    assert_true(ik_addr_equal(&ip.dst, &ip.final_dst));
}

static void ip6__segment_routing__ends_at_the_first_of_the_list(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex(vector_of("ip", "srv6"));
    const struct ik_ip ip = decoded(in);
    assert_int_equal(ip.proto, 41);
    assert_true(ip.final_dst_known);
    assert_int_equal(ip.final_dst.bytes[15], 0xd6);
    vector_free(in);
}

static void ip6__compressed_route__is_decompressed(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex(vector_of("ip", "rpl"));
    const struct ik_ip ip = decoded(in);
    assert_true(ip.final_dst_known);
    char text[IK_ADDR_TEXT];
    assert_string_equal(ik_addr_text(&ip.final_dst, text), "2001:db8::4");
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

static void ip6__atomic_fragment__is_no_fragment(void **state)
{
    (void)state;
    uint8_t p[72];
    const size_t n = vector_bytes(vector_of("ip", "chain"), p, sizeof(p));
    p[59] = 0; /* offset and flags of the fragment header at 56 */
    const struct ik_ip ip = decoded((struct ik_rd){p, n});
    assert_false(ip.fragment);
    assert_int_equal(ip.id, 0xdeadbeef);
}

static void ip6__later_fragment__has_data_and_no_more_headers(void **state)
{
    (void)state;
    uint8_t p[72];
    const size_t n = vector_bytes(vector_of("ip", "chain"), p, sizeof(p));
    p[56] = 60;   /* destination options: in a later fragment, only a number */
    p[59] = 0x08; /* offset 8, last */
    const struct ik_ip ip = decoded((struct ik_rd){p, n});
    assert_int_equal(ip.offset_bytes, 8);
    assert_int_equal(ip.proto, 60);
    assert_int_equal(ip.payload.left, 8);
    assert_int_equal(faults.n, 0);
}

/* Offsets where RFC 8200 section 4.5 has Parameter Problem point at. */
static void ip6__bad_fragments__have_flaws_at_length_and_offset(void **state)
{
    (void)state;
    uint8_t p[80] = {0};
    vector_bytes("6000000000102c40", p, 8);
    vector_bytes("3a00fff900000001", p + 40, 8);
    (void)decoded((struct ik_rd){p, 56});
    assert_true(vector_has_flaw(&faults, IK_FLAW_FRAGMENT_PAST_END, 42));
    p[5] = 0x17; /* 15 bytes after the fragment header, more to come */
    vector_bytes("3a000001", p + 40, 4);
    (void)decoded((struct ik_rd){p, 63});
    assert_true(vector_has_flaw(&faults, IK_FLAW_FRAGMENT_LENGTH, 4));
}

/* CVE-2020-17441: a payload length that is not the wire's, too long and too short. */
static void ip6__payload_length_beyond_the_wire__is_truncated(void **state)
{
    (void)state;
    uint8_t p[72];
    const size_t n = vector_bytes(vector_of("ip", "chain"), p, sizeof(p));
    ik_store_be16(p + 4, 0xffff);
    struct ik_rd in = {vector_block(p, n), n};
    struct ik_ip ip = decoded(in);
    assert_true(ip.truncated);
    assert_true(vector_has_flaw(&faults, IK_FLAW_TRUNCATED, 4));
    assert_int_equal(ip.payload.left, 8);
    vector_free(in);
    ik_store_be16(p + 4, 12); /* ends inside the second header */
    in = (struct ik_rd){vector_block(p, n), n};
    ip = decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_CHAIN_CUT, 48));
    assert_int_equal(ip.proto, 60);
    assert_int_equal(ip.header_bytes, 48);
    assert_int_equal(ip.payload.left, 4);
    vector_free(in);
}

/* CVE-2020-17445: an option that says more than its header holds. */
static void ip6__option_past_its_header__is_a_flaw_at_its_length(void **state)
{
    (void)state;
    uint8_t p[72];
    const size_t n = vector_bytes(vector_of("ip", "chain"), p, sizeof(p));
    p[51] = 5; /* the PadN of the destination options at 48 holds 4 */
    const struct ik_rd in = {vector_block(p, n), n};
    (void)decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_OPTION_PAST_END, 51));
    vector_free(in);
}

static void ip6__headers_out_of_place__are_flaws(void **state)
{
    (void)state;
    uint8_t p[72];
    const size_t n = vector_bytes(vector_of("ip", "chain"), p, sizeof(p));
    p[6] = 60; /* destination options, then hop-by-hop */
    p[40] = 0;
    struct ik_ip ip = decoded((struct ik_rd){p, n});
    assert_true(vector_has_flaw(&faults, IK_FLAW_CHAIN_ORDER, 48));
    assert_int_equal(ip.proto, 58);
    p[6] = 44; /* two fragment headers */
    vector_bytes("2c000001", p + 40, 4);
    ip = decoded((struct ik_rd){p, n});
    assert_true(vector_has_flaw(&faults, IK_FLAW_CHAIN_REPEATED, 48));
}

static void ip6__authentication_header__counts_words_of_4(void **state)
{
    (void)state;
    uint8_t p[40 + 24 + 4] = {0};
    vector_bytes("60000000001c3340", p, 8);
    vector_bytes("3a04000000001000 00000001", p + 40, 12);
    const struct ik_ip ip = decoded((struct ik_rd){p, sizeof(p)});
    assert_int_equal(ip.proto, 58);
    assert_int_equal(ip.header_bytes, 64);
    assert_int_equal(ip.payload.left, 4);
}

static void ip6__mobility_hip_shim6__are_followed(void **state)
{
    (void)state;
    uint8_t p[40 + 24] = {0};
    vector_bytes("6000000000188740", p, 8);
    p[40] = IK_PROTO_HIP;
    p[48] = IK_PROTO_SHIM6;
    p[56] = IK_PROTO_NONE;
    const struct ik_ip ip = decoded((struct ik_rd){p, sizeof(p)});
    assert_int_equal(ip.proto, IK_PROTO_NONE);
    assert_int_equal(ip.header_bytes, 64);
    assert_int_equal(faults.n, 0);
}

static void ip6__jumbogram__has_the_length_of_its_option(void **state)
{
    (void)state;
    const size_t n = 40 + 70000;
    uint8_t *p = calloc(1, n);
    vector_bytes("6000000000000040", p, 8);
    vector_bytes("3a00c20400011170", p + 40, 8); /* 70000 */
    const struct ik_rd in = {p, n};
    struct ik_ip ip = decoded(in);
    assert_int_equal(ip.total_bytes, n);
    assert_int_equal(ip.payload.left, n - 48);
    assert_false(ip.truncated);
    assert_int_equal(faults.n, 0);
    uint8_t *again = malloc(n);
    size_t len;
    assert_int_equal(ik_ip_encode(&ip, true, again, n, &len), IK_OK);
    assert_int_equal(len, n);
    assert_memory_equal(again, p, n);
    assert_int_equal(ik_ip_encode(&ip, false, again, n, &len), IK_E_TOO_BIG);
    /* the faults of RFC 2675 section 3, where they are to be pointed at */
    ik_store_be32(p + 44, 65535);
    (void)decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_JUMBO, 44));
    ik_store_be16(p + 4, 16);
    (void)decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_JUMBO, 42));
    vector_bytes("6000000000000040", p, 8);
    vector_bytes("3a00010400000000", p + 40, 8);
    ip = decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_JUMBO, 4));
    assert_int_equal(ip.total_bytes, 40);
    vector_bytes("2c00c20400011170 3a00000000000000", p + 40, 16);
    (void)decoded(in);
    assert_true(vector_has_flaw(&faults, IK_FLAW_JUMBO, 48));
    /* a length that 32 bits cannot add 40 to */
    vector_bytes("3a00c204ffffffff", p + 40, 8);
    ip = decoded(in);
    assert_int_equal(ip.total_bytes, UINT32_MAX);
    assert_true(ip.truncated);
    assert_int_equal(ip.payload.left, n - 48);
    free(again);
    free(p);
}

/* R7112-5-01 is a host's; here the header that is missing is told. */
static void ip6__first_fragment_without_all_headers__is_a_flaw(void **state)
{
    (void)state;
    uint8_t p[56] = {0};
    vector_bytes("6000000000102c40", p, 8);
    vector_bytes("3c000001000000013aff000000000000", p + 40, 16);
    const struct ik_ip ip = decoded((struct ik_rd){p, sizeof(p)});
    assert_true(vector_has_flaw(&faults, IK_FLAW_CHAIN_CUT, 48));
    assert_int_equal(ip.proto, 60);
}

/* ---- both ------------------------------------------------------------------------------------ */

static void assert_round_trip(struct ik_rd in, enum ik_err (*decode)(struct ik_ip *, struct ik_rd,
                                                                     struct ik_faults *))
{
    struct ik_ip ip;
    struct ik_faults f = {0};
    if (decode(&ip, in, &f))
        return;
    assert_true(vector_inside(ip.options, in));
    assert_true(vector_inside(ip.payload, in));
    uint8_t *again = malloc(in.left);
    size_t len = 0;
    assert_int_equal(ik_ip_encode(&ip, true, again, in.left, &len), IK_OK);
    assert_true(len <= in.left);
    /* what is missing is what the length field excludes */
    assert_memory_equal(again, in.p, len);
    if (len < in.left && ip.header_bytes <= in.left)
        assert_true(len == ip.total_bytes || ip.total_bytes < ip.header_bytes);
    free(again);
    for (unsigned i = 0; i < f.n; i++)
        assert_true(f.list[i].at <= in.left);
}

static void round_trip(struct ik_rd in)
{
    assert_round_trip(in, ik_ip_decode);
    assert_round_trip(in, ik_ip_decode_quoted);
}

/* CVE-2017-12895, 13012, 13021, 13041, 2018-14462: reads past the end of what was captured. */
static void ip__cut_and_flipped__never_reads_outside_and_encodes_to_itself(void **state)
{
    (void)state;
    vector_torture_all("ip", round_trip);
}

/* Members are written one by one: none may be forgotten. */
static void ip__decoded_into_used_memory__keeps_nothing_of_it(void **state)
{
    (void)state;
    static const char plain6[] = "6000000000003a40 fe800000000000000000000000000001"
                                 "ff020000000000000000000000000001";
    const char *packets[] = {vector_of("ip", "echo4"), plain6};
    for (size_t i = 0; i < 2; i++) {
        struct ik_ip clean, used;
        struct ik_rd in = vector_hex(packets[i]);
        memset(&clean, 0, sizeof(clean));
        memset(&used, 0xff, sizeof(used));
        assert_int_equal(ik_ip_decode(&clean, in, NULL), IK_OK);
        assert_int_equal(ik_ip_decode(&used, in, NULL), IK_OK);
#define SAME(member) assert_int_equal(clean.member, used.member)
        SAME(version);
        SAME(tos);
        SAME(ttl);
        SAME(proto);
        SAME(next_header);
        SAME(reserved_flag);
        SAME(length_field);
        SAME(flow);
        SAME(id);
        SAME(header_bytes);
        SAME(total_bytes);
        SAME(df);
        SAME(mf);
        SAME(fragment);
        SAME(truncated);
        SAME(checksum_ok);
        SAME(final_dst_known);
        SAME(checksum);
        SAME(offset_bytes);
        SAME(options.left);
        SAME(payload.left);
#undef SAME
        assert_true(ik_addr_equal(&clean.src, &used.src));
        assert_true(ik_addr_equal(&clean.dst, &used.dst));
        assert_true(ik_addr_equal(&clean.final_dst, &used.final_dst));
        vector_free(in);
    }
}

static void ip__too_many_flaws__are_counted(void **state)
{
    (void)state;
    uint8_t p[40 + 8 * 30] = {0};
    vector_bytes("6000000000f03c40", p, 8);
    for (size_t at = 40; at < sizeof(p); at += 8)
        p[at] = 60;
    struct ik_ip ip = decoded((struct ik_rd){p, sizeof(p)});
    assert_int_equal(faults.n, IK_FAULTS_MAX);
    assert_true(faults.more > 0);
    assert_int_equal(ik_ip_decode(&ip, (struct ik_rd){p, sizeof(p)}, NULL), IK_OK);
}

static void encode__computed__has_lengths_and_checksum(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t len = 0;
    struct ik_ip ip = {.version = 4,
                       .ttl = 3,
                       .proto = 17,
                       .id = 7,
                       .df = true,
                       .src = {.family = 4, .bytes = {192, 0, 2, 1}},
                       .dst = {.family = 4, .bytes = {192, 0, 2, 2}},
                       .options = {(const uint8_t *)"\x94\x04\0\0\x01", 5},
                       .payload = {(const uint8_t *)"abcd", 4}};
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_OK);
    assert_int_equal(len, 32);
    assert_int_equal(out[0], 0x47); /* options filled up to 8 bytes */
    const struct ik_ip back = decoded((struct ik_rd){out, len});
    assert_true(back.checksum_ok);
    assert_int_equal(back.total_bytes, 32);
    assert_int_equal(faults.n, 0);
    assert_int_equal(ik_ip_encode(&ip, false, out, 31, &len), IK_E_FULL);
    ip.id = 0x10000;
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_E_VALUE);
    ip.id = 0;
    ip.options.left = 41;
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_E_VALUE);
    ip.options.left = 0;
    ip.payload.left = 65516;
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_E_TOO_BIG);
    ip.payload.left = 0;
    ip.version = 6;
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_E_VALUE);
    ip.version = 5;
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_E_VERSION);
}

static void encode__payload_in_place__is_left_there(void **state)
{
    (void)state;
    uint8_t out[48] = {0};
    size_t len;
    memcpy(out + 40, "icmpkit!", 8);
    const struct ik_ip ip = {.version = 6,
                             .proto = 58,
                             .next_header = 17, /* counts only with options */
                             .ttl = 255,
                             .flow = 0xabcde,
                             .src = {.family = 6},
                             .dst = {.family = 6},
                             .payload = {out + 40, 8}};
    assert_int_equal(ik_ip_encode(&ip, false, out, sizeof(out), &len), IK_OK);
    const struct ik_ip back = decoded((struct ik_rd){out, len});
    assert_int_equal(back.proto, 58);
    assert_int_equal(back.flow, 0xabcde);
    assert_memory_equal(back.payload.p, "icmpkit!", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip4__plain__keeps_every_field),
        cmocka_unit_test(ip4__impossible_lengths__are_refused),
        cmocka_unit_test(ip4__length_zero_in_a_capture__is_all_the_bytes),
        cmocka_unit_test(ip4__bytes_after_total_length__are_not_payload),
        cmocka_unit_test(ip4__wrong_checksum__is_a_flaw_at_byte_10),
        cmocka_unit_test(ip4__ihl_15__has_40_bytes_of_options),
        cmocka_unit_test(ip4__bad_option__is_a_flaw_at_its_byte),
        cmocka_unit_test(ip4__fragment__has_offset_in_bytes),
        cmocka_unit_test(ip4__ping_of_death__is_a_flaw_at_its_offset),
        cmocka_unit_test(ip6__chain__is_followed_to_its_end),
        cmocka_unit_test(ip6__routing_header__gives_the_final_destination),
        cmocka_unit_test(ip6__routing_header_used_up__leaves_the_destination),
        cmocka_unit_test(ip6__segment_routing__ends_at_the_first_of_the_list),
        cmocka_unit_test(ip6__compressed_route__is_decompressed),
        cmocka_unit_test(ip6__atomic_fragment__is_no_fragment),
        cmocka_unit_test(ip6__later_fragment__has_data_and_no_more_headers),
        cmocka_unit_test(ip6__bad_fragments__have_flaws_at_length_and_offset),
        cmocka_unit_test(ip6__payload_length_beyond_the_wire__is_truncated),
        cmocka_unit_test(ip6__option_past_its_header__is_a_flaw_at_its_length),
        cmocka_unit_test(ip6__headers_out_of_place__are_flaws),
        cmocka_unit_test(ip6__authentication_header__counts_words_of_4),
        cmocka_unit_test(ip6__mobility_hip_shim6__are_followed),
        cmocka_unit_test(ip6__jumbogram__has_the_length_of_its_option),
        cmocka_unit_test(ip6__first_fragment_without_all_headers__is_a_flaw),
        cmocka_unit_test(ip__cut_and_flipped__never_reads_outside_and_encodes_to_itself),
        cmocka_unit_test(ip__decoded_into_used_memory__keeps_nothing_of_it),
        cmocka_unit_test(ip__too_many_flaws__are_counted),
        cmocka_unit_test(encode__computed__has_lengths_and_checksum),
        cmocka_unit_test(encode__payload_in_place__is_left_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
