/* SPDX-License-Identifier: MIT
 * Redirects that are forged, and those of the router in use. */
#include "talk.h"

extern const struct ik_part ik_part_flow, ik_part_redirect;
static const struct ik_part *const parts[] = {&ik_part_flow, &ik_part_redirect, NULL};

enum { PORT = 5000, DNS = 53 };

/* The router that frames of the tests are handed to, and another station. */
static const char router_mac[] = "\2\2\2\2\2\2", other_mac[] = "\2\0\0\0\0\7",
                  host_mac[] = "\2\0\0\0\0\1";

static uint8_t quote[FRAMES_BYTES];

static size_t quote_udp(const struct frames_head *h, uint16_t sport)
{
    return frames_make_udp(h, sport, DNS, 8, quote);
}

static uint32_t address(const char *text)
{
    return ik_load_be32(frames_addr(text).bytes);
}

static const struct frames_head router4 = {
    .src = "192.0.2.254", .dst = "192.0.2.1", .src_mac = router_mac};
static const struct frames_head router6 = {
    .src = "fe80::1", .dst = "2001:db8::1", .src_mac = router_mac};

/* A redirect for the host, to 192.0.2.253. */
static void redirect4(struct frames *f, const struct frames_head *h, const char *gateway,
                      size_t n_quote)
{
    frames_error(f, h, IK_ICMP4_REDIRECT, 1, address(gateway), quote, n_quote);
}

static void redirect6(struct frames *f, const struct frames_head *h, const char *target,
                      size_t n_quote)
{
    uint8_t options[512];
    size_t len = 0;
    const struct ik_ndopt_view view = {.type = IK_NDOPT_REDIRECTED,
                                       .kind = IK_NDOPT_KIND_REDIRECTED,
                                       .redirected = {.packet = {quote, n_quote}}};
    if (n_quote)
        assert_int_equal(ik_ndopt_encode(&view, options, sizeof(options), &len), IK_OK);
    struct ik_icmp m = {.family = 6, .type = IK_ICMP6_REDIRECT, .kind = IK_ICMP_REDIRECT};
    m.redirect.target = frames_addr(target);
    m.redirect.destination = frames_addr("2001:db8:7::7");
    m.redirect.options = (struct ik_rd){options, len};
    frames_icmp(f, h, &m);
}

/* A host that was seen for long, and sent a packet of each family to the router. */
static struct frames *begin(const struct ik_detect_cfg *cfg)
{
    struct frames *f = frames_new(parts, cfg);
    struct frames_head h4 = talk_out4, h6 = talk_out6;
    h4.src_mac = h6.src_mac = host_mac;
    talk_settle(f);
    frames_udp(f, &h4, PORT, DNS, 8);
    frames_udp(f, &h6, PORT, DNS, 8);
    return f;
}

static void found_medium(struct frames *f)
{
    const struct ik_finding *found = frames_found(f, IK_DETECT_REDIRECT);
    assert_int_equal(found->severity, IK_SEVERITY_MEDIUM);
    assert_int_equal(found->packets, 1);
    assert_int_equal(found->n_evidence, 1);
    frames_free(f);
}

/* ---- honest ---------------------------------------------------------------------------------- */

static void redirect__of_the_router_in_use__is_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    for (int i = 0; i < 100; i++, f->now += IK_NS_PER_S) {
        redirect4(f, &router4, "192.0.2.253", quote_udp(&talk_out4, PORT));
        redirect6(f, &router6, "fe80::2", quote_udp(&talk_out6, PORT));
    }
    frames_silent(f);
    frames_free(f);
}

/* The destination is a neighbour: the target is the destination itself (RFC 4861 section 8.2). */
static void redirect__to_the_destination_itself__is_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    redirect6(f, &router6, "2001:db8:7::7", quote_udp(&talk_out6, PORT));
    frames_silent(f);
    frames_free(f);
}

/* A capture of ICMP alone, or one that has just begun, can neither prove nor disprove it. */
static void redirect__of_which_nothing_is_known__is_only_told(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        struct frames *f = frames_new(parts, NULL);
        if (v6)
            redirect6(f, &router6, "fe80::2", quote_udp(&talk_out6, PORT));
        else
            redirect4(f, &router4, "192.0.2.253", quote_udp(&talk_out4, PORT));
        assert_int_equal(frames_found(f, IK_DETECT_REDIRECT)->severity, IK_SEVERITY_INFO);
        frames_free(f);
    }
}

static void redirect__of_a_named_router__is_silent_from_the_start(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_addr named[] = {frames_addr("192.0.2.254"), frames_addr("fe80::1")};
    cfg.routers = named;
    cfg.n_routers = 2;
    struct frames *f = frames_new(parts, &cfg);
    redirect4(f, &router4, "192.0.2.253", quote_udp(&talk_out4, PORT));
    redirect6(f, &router6, "fe80::2", quote_udp(&talk_out6, PORT));
    frames_silent(f);
    frames_free(f);
}

/* The list of routers was taken from one machine, and the capture sees other hosts too. */
static void redirect__of_the_station_in_use__is_silent_though_others_are_named(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_addr named = frames_addr("192.0.2.200");
    cfg.routers = &named;
    cfg.n_routers = 1;
    struct frames *f = begin(&cfg);
    redirect4(f, &router4, "192.0.2.253", quote_udp(&talk_out4, PORT));
    frames_silent(f);
    frames_free(f);
}

/* ---- forged ---------------------------------------------------------------------------------- */

static void redirect__for_a_packet_never_sent__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    redirect4(f, &router4, "192.0.2.66", quote_udp(&talk_out4, PORT + 1));
    assert_int_equal(frames_found(f, IK_DETECT_REDIRECT)->remedy, IK_REMEDY_DROP_TYPE);
    found_medium(f);
    f = begin(NULL);
    redirect6(f, &router6, "fe80::66", quote_udp(&talk_out6, PORT + 1));
    assert_int_equal(frames_found(f, IK_DETECT_REDIRECT)->remedy, IK_REMEDY_NONE);
    found_medium(f);
}

static void redirect__of_another_station__is_found(void **state)
{
    (void)state;
    struct frames_head h = router4;
    h.src_mac = other_mac; /* with the router's address */
    struct frames *f = begin(NULL);
    redirect4(f, &h, "192.0.2.66", quote_udp(&talk_out4, PORT));
    found_medium(f);
    h = router6;
    h.src_mac = other_mac;
    f = begin(NULL);
    redirect6(f, &h, "fe80::66", quote_udp(&talk_out6, PORT));
    found_medium(f);
}

static void redirect__of_none_of_the_named_routers__is_found(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_addr named = frames_addr("192.0.2.254");
    cfg.routers = &named;
    cfg.n_routers = 1;
    struct frames *f = frames_new(parts, &cfg);
    struct frames_head h = router4;
    h.src = "192.0.2.7";
    redirect4(f, &h, "192.0.2.66", quote_udp(&talk_out4, PORT));
    found_medium(f);
}

static void redirect__for_another_hosts_packet__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    redirect4(f, &router4, "192.0.2.66",
              quote_udp(&(struct frames_head){.src = "192.0.2.9", .dst = "198.51.100.7"}, PORT));
    found_medium(f);
}

static void redirect__of_a_connection_with_a_guessed_number__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    talk_tcp(f, &talk_out4, &talk_in4, 500);
    redirect4(f, &router4, "192.0.2.253", talk_quote_tcp(&talk_out4, 40000, 5500, 100, quote));
    frames_silent(f);
    redirect4(f, &router4, "192.0.2.66", talk_quote_tcp(&talk_out4, 40000, 0x70000000, 100, quote));
    found_medium(f);
}

static void redirect__without_a_packet__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    redirect4(f, &router4, "192.0.2.66", 0);
    found_medium(f);
    f = begin(NULL);
    quote_udp(&talk_out4, PORT);
    redirect4(f, &router4, "192.0.2.66", 19); /* not even a header */
    found_medium(f);
}

/* RFC 1122 section 3.2.2.2: the new router must be on the network that the old one is reached by.
 */
static void redirect__to_what_cannot_be_a_router__is_found(void **state)
{
    (void)state;
    static const char *const gateways[] = {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255",
                                           "192.0.2.254"};
    for (size_t i = 0; i < sizeof(gateways) / sizeof(*gateways); i++) {
        struct frames *f = begin(NULL);
        redirect4(f, &router4, gateways[i], quote_udp(&talk_out4, PORT));
        found_medium(f);
    }
    struct frames *f = begin(NULL);
    redirect6(f, &router6, "2001:db8:66::66", quote_udp(&talk_out6, PORT));
    found_medium(f);
}

static void redirect__off_the_link__is_found_where_networks_are_known(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    struct ik_prefix home = frames_prefix("192.0.2.0/24");
    cfg.home = &home;
    cfg.n_home = 1;
    struct frames *f = begin(&cfg);
    redirect4(f, &router4, "192.0.2.253", quote_udp(&talk_out4, PORT));
    frames_silent(f);
    redirect4(f, &router4, "198.51.100.66", quote_udp(&talk_out4, PORT));
    found_medium(f);
    home = frames_prefix("192.0.2.1/32"); /* the host alone: its link is not known */
    f = begin(&cfg);
    redirect4(f, &router4, "192.0.2.253", quote_udp(&talk_out4, PORT));
    frames_silent(f);
    frames_free(f);
}

/* R4861-6.1-01, R4890-4.3.3-02 */
static void redirect__from_beyond_the_link__is_found(void **state)
{
    (void)state;
    struct frames_head h = router6;
    h.ttl = 254;
    struct frames *f = begin(NULL);
    redirect6(f, &h, "fe80::2", quote_udp(&talk_out6, PORT));
    assert_int_equal(frames_found(f, IK_DETECT_REDIRECT)->remedy, IK_REMEDY_DROP_HOP_LIMIT);
    found_medium(f);
    h = router6;
    h.src = "2001:db8::fe";
    f = begin(NULL);
    redirect6(f, &h, "fe80::2", quote_udp(&talk_out6, PORT));
    found_medium(f);
}

/* A checksum that does not verify means that no host obeys. */
static void redirect__that_is_broken__is_silent(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    uint8_t message[64] = {IK_ICMP4_REDIRECT, 1, 0x12, 0x34, 192, 0, 2, 66};
    frames_ip(f, &router4, message, sizeof(message));
    frames_silent(f);
    frames_free(f);
}

static void redirect__is_silent_where_off_or_allowed(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_detect_allow allow = {.source = frames_prefix("192.0.2.254/32"),
                                          .detectors = 1u << IK_DETECT_REDIRECT};
    cfg.allow = &allow;
    cfg.n_allow = 1;
    struct frames *f = begin(&cfg);
    redirect4(f, &router4, "192.0.2.66", quote_udp(&talk_out4, PORT + 1));
    frames_silent(f);
    frames_free(f);
    cfg = ik_detect_defaults();
    cfg.off = 1u << IK_DETECT_REDIRECT;
    f = begin(&cfg);
    redirect4(f, &router4, "192.0.2.66", quote_udp(&talk_out4, PORT + 1));
    frames_silent(f);
    frames_free(f);
}

/* The one who forges still stands among a million whose flows do not matter. */
static void redirect__is_found_among_a_million_sources(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct ik_rng rng = {7};
    uint8_t packet[FRAMES_BYTES];
    const struct frames_head any = {.src = "10.0.0.1", .dst = "192.0.2.1"};
    const size_t n = frames_make_udp(&any, 1, DNS, 0, packet);
    for (int i = 0; i < 1000000; i++) {
        f->now += IK_NS_PER_US;
        ik_store_be32(packet + 12, (uint32_t)ik_rng_next(&rng) % 0xdfffffff);
        ik_store_be16(packet + 10, 0);
        ik_store_be16(packet + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){packet, 20})));
        frames_put(f, IK_LINKTYPE_RAW, packet, n);
    }
    redirect4(f, &(struct frames_head){.src = "192.0.2.66", .dst = "192.0.2.1"}, "192.0.2.66",
              quote_udp(&talk_out4, PORT + 1));
    const struct ik_finding *found = frames_found(f, IK_DETECT_REDIRECT);
    const struct ik_addr who = frames_addr("192.0.2.66");
    assert_true(ik_addr_same_host(&found->src, &who));
    assert_int_equal(found->severity, IK_SEVERITY_MEDIUM); /* to its own sender */
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(redirect__of_the_router_in_use__is_silent),
        cmocka_unit_test(redirect__to_the_destination_itself__is_silent),
        cmocka_unit_test(redirect__of_which_nothing_is_known__is_only_told),
        cmocka_unit_test(redirect__of_a_named_router__is_silent_from_the_start),
        cmocka_unit_test(redirect__of_the_station_in_use__is_silent_though_others_are_named),
        cmocka_unit_test(redirect__for_a_packet_never_sent__is_found),
        cmocka_unit_test(redirect__of_another_station__is_found),
        cmocka_unit_test(redirect__of_none_of_the_named_routers__is_found),
        cmocka_unit_test(redirect__for_another_hosts_packet__is_found),
        cmocka_unit_test(redirect__of_a_connection_with_a_guessed_number__is_found),
        cmocka_unit_test(redirect__without_a_packet__is_found),
        cmocka_unit_test(redirect__to_what_cannot_be_a_router__is_found),
        cmocka_unit_test(redirect__off_the_link__is_found_where_networks_are_known),
        cmocka_unit_test(redirect__from_beyond_the_link__is_found),
        cmocka_unit_test(redirect__that_is_broken__is_silent),
        cmocka_unit_test(redirect__is_silent_where_off_or_allowed),
        cmocka_unit_test(redirect__is_found_among_a_million_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
