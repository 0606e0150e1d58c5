/* SPDX-License-Identifier: MIT
 * Neighbour discovery that no honest node sends, and that of honest ones. */
#include "frames.h"

extern const struct ik_part ik_part_nd;
static const struct ik_part *const parts[] = {&ik_part_nd, NULL};

enum { RA_BYTES = 16, NS_BYTES = 24 };

static const struct frames_head near = {.src = "fe80::1", .dst = "ff02::1", .ttl = 255};

static const struct ik_finding *found(struct frames *f, enum ik_severity severity)
{
    const struct ik_finding *one = frames_found(f, IK_DETECT_ND_MALFORMED);
    assert_int_equal(one->severity, severity);
    assert_int_equal(one->packets, 1);
    assert_int_equal(one->n_evidence, 1);
    return one;
}

/* A router advertisement with these options as bytes, given to a new set. */
static struct frames *advertise(const void *options, size_t n)
{
    struct frames *f = frames_new(parts, NULL);
    uint8_t message[2048] = {IK_ICMP6_ROUTER_ADV, 0, 0, 0, 64, 0, 7, 8};
    memcpy(message + RA_BYTES, options, n);
    frames_raw(f, &near, message, RA_BYTES + n);
    return f;
}

static void silent(struct frames *f)
{
    frames_silent(f);
    frames_free(f);
}

/* ---- options --------------------------------------------------------------------------------- */

/* CVE-2020-16898: an even length leaves half an address. */
static void rdnss__of_even_length__is_found(void **state)
{
    (void)state;
    uint8_t option[8 * 8] = {IK_NDOPT_RDNSS};
    for (uint8_t units = 1; units <= 8; units++) {
        option[1] = units;
        struct frames *f = advertise(option, 8u * units);
        if (units >= 3 && units % 2) {
            silent(f);
            continue;
        }
        const struct ik_finding *one = found(f, IK_SEVERITY_MEDIUM);
        assert_int_equal(one->evidence[0].at_bytes, 40 + RA_BYTES + 1);
        assert_int_equal(one->evidence[0].bytes[0], units);
        frames_free(f);
    }
}

static void option__of_length_zero__is_found(void **state)
{
    (void)state;
    static const uint8_t option[8] = {IK_NDOPT_MTU, 0, 0, 0, 0, 0, 5, 0xdc};
    struct frames *f = advertise(option, sizeof(option));
    assert_int_equal(found(f, IK_SEVERITY_MEDIUM)->evidence[0].at_bytes, 40 + RA_BYTES + 1);
    frames_free(f);
}

static void option__past_the_end__is_found(void **state)
{
    (void)state;
    static const uint8_t option[8] = {IK_NDOPT_MTU, 2, 0, 0, 0, 0, 5, 0xdc};
    struct frames *f = advertise(option, sizeof(option));
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

static void prefix__that_is_not_four_units_or_too_long__is_found(void **state)
{
    (void)state;
    uint8_t option[8 * 5] = {IK_NDOPT_PREFIX, 4, 64, 0xc0};
    for (uint8_t units = 1; units <= 5; units++) {
        option[1] = units;
        struct frames *f = advertise(option, 8u * units);
        if (units == 4) {
            silent(f);
            continue;
        }
        found(f, IK_SEVERITY_MEDIUM);
        frames_free(f);
    }
    option[1] = 4;
    option[2] = 128;
    silent(advertise(option, 32));
    option[2] = 129;
    struct frames *f = advertise(option, 32);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* A code of RFC 8781 that is not assigned yet: whoever knows no better ignores the option. */
static void value__that_may_be_assigned_later__is_only_noticed(void **state)
{
    (void)state;
    uint8_t option[16] = {IK_NDOPT_PREF64, 2, 7, 8 + 5};
    silent(advertise(option, sizeof(option)));
    option[3]++;
    struct frames *f = advertise(option, sizeof(option));
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* What a later option spoils is found behind those that are right. */
static void option__wrong_behind_right_ones__is_found(void **state)
{
    (void)state;
    static const uint8_t options[24] = {
        IK_NDOPT_SOURCE_LINK, 1, 2, 0, 0, 0, 0, 1, IK_NDOPT_MTU, 1, 0, 0, 0, 0, 5, 0xdc, 99, 0};
    struct frames *f = advertise(options, sizeof(options));
    assert_int_equal(found(f, IK_SEVERITY_MEDIUM)->evidence[0].at_bytes, 40 + RA_BYTES + 16 + 1);
    frames_free(f);
}

/* Options that nobody knows yet, and lists of names, whatever stands in them. */
static void option__unknown__is_silent(void **state)
{
    (void)state;
    static const uint8_t unknown[16] = {250, 2, 1, 2, 3};
    static const uint8_t names[32] = "\x1f\4\0\0\0\0\7\x08\7;$(x)`y\3com";
    silent(advertise(unknown, sizeof(unknown)));
    silent(advertise(names, sizeof(names)));
}

static void solicitation__of_nobody_with_an_address__is_noticed(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct frames_head h = {.src = "::", .dst = "ff02::1:ff00:1", .ttl = 255};
    uint8_t message[NS_BYTES + 8] = {IK_ICMP6_NEIGHBOR_SOL};
    memcpy(message + 8, frames_addr("2001:db8::1").bytes, 16);
    message[NS_BYTES] = IK_NDOPT_NONCE; /* duplicate address detection (RFC 7527) */
    message[NS_BYTES + 1] = 1;
    frames_raw(f, &h, message, sizeof(message));
    frames_silent(f);
    message[NS_BYTES] = IK_NDOPT_SOURCE_LINK;
    frames_raw(f, &h, message, sizeof(message));
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* ---- from beyond the link -------------------------------------------------------------------- */

/* R4861-6.1-01: with the other types that stay on a link. Router advertisements and redirects are
 * those of their own detectors. */
static void discovery__with_another_hop_limit__is_found(void **state)
{
    (void)state;
    static const uint8_t types[] = {133, 135, 136, 141, 142, 148, 149};
    for (size_t i = 0; i < sizeof(types); i++) {
        struct frames_head h = near;
        uint8_t message[64] = {types[i]};
        struct frames *f = frames_new(parts, NULL);
        h.ttl = 64;
        frames_raw(f, &h, message, sizeof(message));
        const struct ik_finding *one = found(f, IK_SEVERITY_MEDIUM);
        assert_int_equal(one->type, types[i]);
        assert_int_equal(one->remedy, IK_REMEDY_DROP_HOP_LIMIT);
        assert_true(one->value == 64 && one->threshold == 255);
        frames_free(f);
    }
    for (uint8_t type = 134; type <= 137; type += 3) {
        struct frames_head h = near;
        uint8_t message[40] = {type, 0, 0, 0, 64};
        struct frames *f = frames_new(parts, NULL);
        h.ttl = 64;
        frames_raw(f, &h, message, type == IK_ICMP6_ROUTER_ADV ? RA_BYTES : sizeof(message));
        silent(f);
    }
}

/* R4890-4.3.3-02 */
static void listeners__beyond_the_link__are_noticed(void **state)
{
    (void)state;
    static const uint8_t types[] = {130, 131, 132, 143, 151, 152, 153};
    for (size_t i = 0; i < sizeof(types); i++) {
        struct frames_head h = near;
        uint8_t message[24] = {types[i]};
        h.ttl = 1;
        struct frames *f = frames_new(parts, NULL);
        frames_raw(f, &h, message, sizeof(message));
        frames_silent(f);
        h.src = "2001:db8::1";
        frames_raw(f, &h, message, sizeof(message));
        found(f, IK_SEVERITY_LOW);
        frames_free(f);
        if (types[i] < 151)
            continue;
        h = near;
        h.ttl = 2;
        f = frames_new(parts, NULL);
        frames_raw(f, &h, message, sizeof(message));
        found(f, IK_SEVERITY_MEDIUM);
        frames_free(f);
    }
}

/* A host that has no address yet reports its groups all the same (RFC 3590). */
static void report__of_nobody__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    uint8_t message[8] = {143};
    frames_raw(f, &(struct frames_head){.src = "::", .dst = "ff02::16", .ttl = 1}, message,
               sizeof(message));
    silent(f);
}

/* ---- fragments ------------------------------------------------------------------------------- */

/* The message as one packet with a fragment header that says that there are no other parts. */
static void put_atomic(struct frames *f, uint8_t type, size_t n)
{
    const struct ik_addr src = frames_addr(near.src), dst = frames_addr(near.dst);
    uint8_t bytes[8 + 40] = {IK_PROTO_ICMP6}, *m = bytes + 8;
    m[0] = type;
    m[4] = 64;
    const uint64_t sum = ik_cksum_add_pseudo(0, &src, &dst, IK_PROTO_ICMP6, (uint32_t)n);
    ik_store_be16(m + 2, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){m, n})));
    struct frames_head h = near;
    h.proto = IK_PROTO_FRAGMENT;
    frames_ip(f, &h, bytes, 8 + n);
}

/* R6980-5-01: also where there is only one part. */
static void discovery__in_fragments__is_found(void **state)
{
    (void)state;
    static const uint8_t types[] = {133, 134, 135, 136, 137, 148};
    for (size_t i = 0; i < sizeof(types); i++) {
        struct frames *f = frames_new(parts, NULL);
        put_atomic(f, types[i], 40);
        assert_int_equal(f->packet.icmp.type, types[i]);
        const struct ik_finding *one = found(f, IK_SEVERITY_MEDIUM);
        assert_int_equal(one->remedy, IK_REMEDY_DROP_FRAGMENT);
        frames_free(f);
    }
    /* A path of certificates may be long, and other messages have other rules. */
    static const uint8_t others[] = {149, 128, 129, 1};
    for (size_t i = 0; i < sizeof(others); i++) {
        struct frames *f = frames_new(parts, NULL);
        put_atomic(f, others[i], 12);
        silent(f);
    }
}

/* A part of a message, and the whole when it is there. */
static void discovery__in_parts__is_found_at_the_first(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct ik_addr src = frames_addr(near.src), dst = frames_addr(near.dst);
    uint8_t m[RA_BYTES + 96] = {IK_ICMP6_ROUTER_ADV, 0, 0, 0, 64};
    memcpy(m + RA_BYTES, "\xfa\x0c", 2); /* 96 bytes that nobody knows */
    const uint64_t sum = ik_cksum_add_pseudo(0, &src, &dst, IK_PROTO_ICMP6, sizeof(m));
    ik_store_be16(m + 2, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){m, sizeof(m)})));
    struct frames_head h = near;
    h.mf = true;
    frames_ip(f, &h, m, 56);
    found(f, IK_SEVERITY_MEDIUM);
    h.mf = false;
    h.offset_bytes = 56;
    frames_ip(f, &h, m + 56, sizeof(m) - 56);
    assert_true(f->packet.reassembled);
    assert_int_equal(f->n_found, 1);
    frames_free(f);
}

/* What is in fragments is the tunnel around it. */
static void discovery__in_a_tunnel_in_fragments__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct ik_addr src = frames_addr(near.src), dst = frames_addr(near.dst);
    uint8_t m[RA_BYTES + 96] = {IK_ICMP6_ROUTER_ADV, 0, 0, 0, 64}, inner[FRAMES_BYTES];
    memcpy(m + RA_BYTES, "\xfa\x0c", 2);
    const uint64_t sum = ik_cksum_add_pseudo(0, &src, &dst, IK_PROTO_ICMP6, sizeof(m));
    ik_store_be16(m + 2, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){m, sizeof(m)})));
    const size_t n = frames_make(&near, m, sizeof(m), inner);
    struct frames_head h = {.src = "192.0.2.1", .dst = "192.0.2.2", .proto = 41, .mf = true};
    frames_ip(f, &h, inner, 96);
    h.mf = false;
    h.offset_bytes = 96;
    frames_ip(f, &h, inner + 96, n - 96);
    assert_true(f->packet.reassembled && f->packet.icmp.type == IK_ICMP6_ROUTER_ADV);
    silent(f);
}

/* ---- the rest -------------------------------------------------------------------------------- */

/* A capture that kept the first bytes of each packet is not the sender's fault. */
static void discovery__cut_by_the_capture__is_silent(void **state)
{
    (void)state;
    uint8_t option[32] = {IK_NDOPT_PREFIX, 4, 64, 0xc0};
    struct frames *whole = advertise(option, sizeof(option));
    for (size_t n = 40; n < whole->n_bytes; n++) {
        struct frames *f = frames_new(parts, NULL);
        frames_alone(f);
        uint8_t *exact = malloc(n);
        assert_non_null(exact);
        memcpy(exact, whole->bytes, n);
        const struct ik_look_frame frame = {.n = 1,
                                            .time = f->now,
                                            .bytes = {exact, n},
                                            .wire_bytes = (uint32_t)whole->n_bytes,
                                            .linktype = IK_LINKTYPE_RAW};
        ik_detect_input(f->detect, &f->packet, ik_look_input(f->look, &frame, &f->packet));
        assert_null(ik_detect_take(f->detect));
        free(exact);
        frames_free(f);
    }
    frames_free(whole);
}

static void detector__is_silent_where_broken_or_off(void **state)
{
    (void)state;
    static const uint8_t option[8] = {IK_NDOPT_MTU, 0};
    struct frames *f = advertise(option, sizeof(option));
    uint8_t packet[FRAMES_BYTES];
    const size_t n = f->n_bytes;
    memcpy(packet, f->bytes, n);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
    packet[40 + 2] ^= 1; /* the checksum: nobody reads it */
    f = frames_new(parts, NULL);
    frames_put(f, IK_LINKTYPE_RAW, packet, n);
    silent(f);
    struct ik_detect_cfg cfg = ik_detect_defaults();
    cfg.off = 1u << IK_DETECT_ND_MALFORMED;
    f = frames_new(parts, &cfg);
    packet[40 + 2] ^= 1;
    frames_put(f, IK_LINKTYPE_RAW, packet, n);
    silent(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rdnss__of_even_length__is_found),
        cmocka_unit_test(option__of_length_zero__is_found),
        cmocka_unit_test(option__past_the_end__is_found),
        cmocka_unit_test(prefix__that_is_not_four_units_or_too_long__is_found),
        cmocka_unit_test(value__that_may_be_assigned_later__is_only_noticed),
        cmocka_unit_test(option__wrong_behind_right_ones__is_found),
        cmocka_unit_test(option__unknown__is_silent),
        cmocka_unit_test(solicitation__of_nobody_with_an_address__is_noticed),
        cmocka_unit_test(discovery__with_another_hop_limit__is_found),
        cmocka_unit_test(listeners__beyond_the_link__are_noticed),
        cmocka_unit_test(report__of_nobody__is_silent),
        cmocka_unit_test(discovery__in_fragments__is_found),
        cmocka_unit_test(discovery__in_parts__is_found_at_the_first),
        cmocka_unit_test(discovery__in_a_tunnel_in_fragments__is_silent),
        cmocka_unit_test(discovery__cut_by_the_capture__is_silent),
        cmocka_unit_test(detector__is_silent_where_broken_or_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
