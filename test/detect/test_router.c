/* SPDX-License-Identifier: MIT
 * Routers that are none, and routers that are. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_router;
static const struct ik_part *const parts[] = {&ik_part_router, NULL};

enum { LIFETIME = 1800, HIGH = 0x08, MINUTE = 60 };

/* What a router says. Zeros: fe80::1 to all nodes, its MAC address, no prefix. */
struct says {
    const char *src, *dst, *mac, *prefix;
    const char *option_mac;
    uint8_t ttl, flags, hop_limit;
    bool ends;
};

static const char mac[] = "\2\0\0\0\0\1", other_mac[] = "\2\0\0\0\0\2";

static size_t option(const struct ik_ndopt_view *v, uint8_t *out)
{
    size_t n;
    assert_int_equal(ik_ndopt_encode(v, out, 64, &n), IK_OK);
    return n;
}

static void advertise(struct frames *f, const struct says *a)
{
    uint8_t options[256];
    size_t n = 0;
    if (a->prefix) {
        struct ik_ndopt_view v = {.type = IK_NDOPT_PREFIX, .kind = IK_NDOPT_KIND_PREFIX};
        v.prefix.prefix = frames_addr(a->prefix);
        v.prefix.prefix_bits = 64;
        v.prefix.flags = 0xc0;
        v.prefix.valid_s = v.prefix.preferred_s = 86400;
        n += option(&v, options + n);
    }
    if (a->option_mac) {
        struct ik_ndopt_view v = {.type = IK_NDOPT_SOURCE_LINK, .kind = IK_NDOPT_KIND_LINK};
        v.link.addr = (struct ik_rd){(const uint8_t *)a->option_mac, 6};
        n += option(&v, options + n);
    }
    struct ik_icmp m = {.family = 6, .type = IK_ICMP6_ROUTER_ADV, .kind = IK_ICMP_ROUTER_ADV};
    m.router_adv.lifetime_s = a->ends ? 0 : LIFETIME;
    m.router_adv.flags = a->flags;
    m.router_adv.hop_limit = a->hop_limit;
    m.router_adv.options = (struct ik_rd){options, n};
    const struct frames_head h = {.src = a->src ? a->src : "fe80::1",
                                  .dst = a->dst ? a->dst : "ff02::1",
                                  .ttl = a->ttl,
                                  .src_mac = a->mac ? a->mac : mac};
    frames_icmp(f, &h, &m);
}

static const struct says known = {.prefix = "2001:db8::", .option_mac = mac, .hop_limit = 64};

/* A link whose router was heard for half an hour. */
static struct frames *begin(const struct ik_detect_cfg *cfg)
{
    struct frames *f = frames_new(parts, cfg);
    for (int i = 0; i < 30; i++, f->now += MINUTE * IK_NS_PER_S)
        advertise(f, &known);
    frames_silent(f);
    return f;
}

static const struct ik_finding *found(struct frames *f, enum ik_severity severity)
{
    const struct ik_finding *one = frames_found(f, IK_DETECT_RA_SPOOF);
    assert_int_equal(one->severity, severity);
    return one;
}

/* ---- routers --------------------------------------------------------------------------------- */

static void router__that_renews__is_silent_for_ever(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says to_one = known;
    to_one.dst = "fe80::99"; /* asked by a solicitation */
    for (int i = 0; i < 1000; i++, f->now += (3 + i % 600) * IK_NS_PER_S) {
        advertise(f, &known);
        advertise(f, &to_one);
    }
    frames_silent(f);
    frames_free(f);
}

/* Two uplinks, in a capture that has just begun: which of the two is right nobody can say. */
static void routers__two_of_a_new_capture__are_no_abuse(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const struct says second = {.src = "fe80::2", .mac = other_mac, .prefix = "2001:db8:2::"};
    for (int i = 0; i < 100; i++, f->now += MINUTE * IK_NS_PER_S) {
        advertise(f, &known);
        advertise(f, &second);
    }
    assert_int_equal(f->n_found, 1);
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

/* Link-local addresses are unique on their link only. */
static void routers__of_two_links__are_two(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says other = known;
    other.mac = other.option_mac = other_mac;
    advertise(f, &other);
    found(f, IK_SEVERITY_MEDIUM); /* the same link */
    frames_free(f);
    f = begin(NULL);
    uint8_t tagged[FRAMES_BYTES];
    advertise(f, &known);
    memcpy(tagged, f->bytes, 12);
    memcpy(tagged + 12, "\x81\x00\x00\x07", 4); /* VLAN 7 */
    memcpy(tagged + 16, f->bytes + 12, f->n_bytes - 12);
    memcpy(tagged + 6, other_mac, 6);
    frames_put(f, IK_LINKTYPE_ETHERNET, tagged, f->n_bytes + 4);
    frames_silent(f);
    frames_free(f);
}

/* A router of no uplink tells its networks and is no default router; so it may stay. */
static void router__without_uplink__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct says ula = known;
    ula.ends = true;
    for (int i = 0; i < 100; i++, f->now += MINUTE * IK_NS_PER_S)
        advertise(f, &ula);
    advertise(f, &known); /* it has one now */
    frames_silent(f);
    frames_free(f);
}

static void router__that_ends__is_noticed_once(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says last = known;
    last.ends = true;
    for (int i = 0; i < 3; i++, f->now += 3 * IK_NS_PER_S)
        advertise(f, &last);
    found(f, IK_SEVERITY_LOW);
    for (int i = 0; i < 300; i++, f->now += MINUTE * IK_NS_PER_S)
        advertise(f, &last); /* its uplink is gone for hours */
    advertise(f, &known);
    assert_int_equal(f->n_found, 1);
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

static void router__that_was_replaced__is_accepted_when_the_old_one_is_gone(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says new = known;
    new.mac = new.option_mac = other_mac;
    f->now += 1801 * IK_NS_PER_S;
    advertise(f, &new);
    assert_int_equal(f->n_found, 1);
    f->now += 120 * IK_NS_PER_S;
    for (int i = 0; i < 10; i++, f->now += MINUTE * IK_NS_PER_S)
        advertise(f, &new);
    assert_int_equal(f->n_found, 1);
    frames_free(f);
}

static void router__named__is_silent_whenever_it_comes(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct ik_addr named[] = {frames_addr("fe80::1"), frames_addr("fe80::2")};
    cfg.routers = named;
    cfg.n_routers = 2;
    struct frames *f = begin(&cfg);
    advertise(f, &(struct says){.src = "fe80::2", .mac = other_mac, .prefix = "2001:db8:2::"});
    frames_silent(f);
    frames_free(f);
}

/* A gateway by a global address is no list of those who advertise; and what this machine says
 * itself is no attack on it. */
static void router__is_not_held_against_a_list_that_cannot_name_it(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    struct ik_addr named = frames_addr("2001:db8::fe");
    cfg.routers = &named;
    cfg.n_routers = 1;
    struct frames *f = frames_new(parts, &cfg);
    advertise(f, &known);
    frames_silent(f);
    frames_free(f);
    named = frames_addr("fe80::fe");
    f = frames_new(parts, &cfg);
    f->way = IK_LOOK_WAY_OUT;
    advertise(f, &known);
    frames_silent(f);
    f->way = IK_LOOK_WAY_IN;
    advertise(f, &(struct says){.src = "fe80::66", .mac = other_mac});
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* ---- others ---------------------------------------------------------------------------------- */

static void router__new_on_a_known_link__is_found_at_the_first(void **state)
{
    (void)state;
    static const struct says rogues[] = {
        {.src = "fe80::66", .mac = other_mac, .prefix = "2001:db8:66::"},
        {.src = "fe80::66", .mac = other_mac, .prefix = "2001:db8::"},
        {.src = "fe80::66", .mac = other_mac},
        {.src = "fe80::66", .mac = other_mac, .flags = HIGH},
        {.src = "fe80::66", .mac = other_mac, .ends = true},
    };
    for (size_t i = 0; i < sizeof(rogues) / sizeof(*rogues); i++) {
        struct frames *f = begin(NULL);
        advertise(f, &rogues[i]);
        assert_int_equal(found(f, IK_SEVERITY_MEDIUM)->packets, 1);
        for (int n = 0; n < 10; n++, f->now += 10 * IK_NS_PER_S)
            advertise(f, &rogues[i]);
        assert_int_equal(f->n_found, 1); /* and goes on */
        assert_int_equal(found(f, IK_SEVERITY_MEDIUM)->remedy, IK_REMEDY_NONE);
        frames_free(f);
    }
}

static void router__that_wants_to_be_preferred__is_found_from_the_start(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    advertise(f, &known);
    advertise(f, &(struct says){.src = "fe80::66", .mac = other_mac, .flags = HIGH});
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* kill_router6: somebody ends a router in its name. */
static void router__ended_by_another__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says end = known;
    end.ends = true;
    advertise(f, &end); /* not to be told from an honest end, but told */
    found(f, IK_SEVERITY_LOW);
    for (int i = 0; i < 3; i++, f->now += IK_NS_PER_S)
        advertise(f, &end);
    found(f, IK_SEVERITY_MEDIUM); /* four within eight seconds are no router's */
    frames_free(f);

    f = begin(NULL);
    end.mac = other_mac;
    advertise(f, &end);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* Slowly: the router contradicts. */
static void router__ended_and_back_again_and_again__is_found(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says end = known;
    end.ends = true;
    for (int i = 0; i < 2; i++) {
        advertise(f, &end);
        f->now += 5 * MINUTE * IK_NS_PER_S;
        advertise(f, &known);
        f->now += 5 * MINUTE * IK_NS_PER_S;
    }
    frames_stop(f);
    for (size_t i = 0; i < f->n_found; i++)
        assert_int_equal(f->found[i].severity, IK_SEVERITY_LOW);
    f->n_found = 0;
    advertise(f, &end);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

static void router__at_another_link_address__is_found(void **state)
{
    (void)state;
    struct says moved = known;
    moved.mac = other_mac;
    struct frames *f = begin(NULL);
    advertise(f, &moved);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
    moved = known;
    moved.option_mac = other_mac; /* only what it says */
    f = begin(NULL);
    advertise(f, &moved);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

static void router__with_another_network__is_noticed(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says moved = known;
    moved.prefix = "2001:db8:66::";
    advertise(f, &moved);
    found(f, IK_SEVERITY_LOW);
    f->now += 120 * IK_NS_PER_S;
    for (int i = 0; i < 10; i++, f->now += MINUTE * IK_NS_PER_S)
        advertise(f, &moved); /* renumbered */
    assert_int_equal(f->n_found, 1);
    frames_free(f);
}

/* R4861-6.1-01, R4890-4.3.3-02 */
static void router__from_beyond_the_link__is_found(void **state)
{
    (void)state;
    struct says far = known;
    far.ttl = 64;
    struct frames *f = begin(NULL);
    advertise(f, &far);
    const struct ik_finding *one = found(f, IK_SEVERITY_MEDIUM);
    assert_int_equal(one->remedy, IK_REMEDY_DROP_HOP_LIMIT);
    assert_true(one->value == 64 && one->threshold == 255);
    frames_free(f);
    far = known;
    far.src = "2001:db8::1";
    f = begin(NULL);
    advertise(f, &far);
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* CVE-2015-2922 */
static void router__that_cuts_hosts_off__is_noticed(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct says low = known;
    low.hop_limit = 32;
    advertise(f, &low);
    frames_silent(f);
    low.hop_limit = 31;
    advertise(f, &low);
    found(f, IK_SEVERITY_LOW);
    frames_free(f);
}

static void router__of_ipv4__is_learnt_too(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct frames_head h = {.src = "192.0.2.254", .dst = "224.0.0.1", .ttl = 1, .src_mac = mac};
    uint8_t message[16] = {IK_ICMP4_ROUTER_ADV, 0, 0, 0, 1, 2, 7, 8, 192, 0, 2, 254};
    for (int i = 0; i < 30; i++, f->now += MINUTE * IK_NS_PER_S)
        frames_raw(f, &h, message, sizeof(message));
    frames_silent(f);
    h.src = "192.0.2.66";
    h.src_mac = other_mac;
    message[11] = 66;
    frames_raw(f, &h, message, sizeof(message));
    found(f, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* flood_router6: the known one is not forgotten, and there are few findings. */
static void routers__a_million_forged__are_a_flood_and_the_known_one_stays(void **state)
{
    (void)state;
    struct frames *f = begin(NULL);
    struct ik_rng rng = {11};
    uint8_t packet[FRAMES_BYTES];
    advertise(f, &(struct says){.src = "fe80::ffff", .mac = other_mac, .prefix = "2001:db8:66::"});
    const size_t n = f->n_bytes;
    memcpy(packet, f->bytes, n);
    for (int i = 0; i < 1000000; i++) {
        f->now += 10 * IK_NS_PER_US;
        const uint32_t a = (uint32_t)ik_rng_next(&rng);
        /* Four octets and their inverse sum up to what stood there: the checksum holds. */
        ik_store_be32(packet + 14 + 16, a);
        ik_store_be32(packet + 14 + 20, ~a);
        ik_store_be32(packet + 6, a | 0x02000000);
        frames_put(f, IK_LINKTYPE_ETHERNET, packet, n);
    }
    assert_in_range(f->n_found, 2, 200);
    size_t high = 0;
    for (size_t i = 0; i < f->n_found; i++)
        high += f->found[i].severity == IK_SEVERITY_HIGH;
    assert_in_range(high, 1, 200);
    frames_stop(f);
    f->n_found = 0;
    f->now += 1000 * IK_NS_PER_S;
    advertise(f, &known);
    frames_silent(f);
    assert_true(ik_detect_stats(f->detect).evicted > 900000);
    frames_free(f);
}

static void detector__is_silent_where_broken_or_off(void **state)
{
    (void)state;
    struct ik_detect_cfg cfg = ik_detect_defaults();
    const struct says rogue = {.src = "fe80::66", .mac = other_mac, .flags = HIGH};
    struct frames *f = begin(NULL);
    advertise(f, &rogue);
    assert_int_equal(f->n_found, 1);
    f->n_found = 0;
    uint8_t frame[FRAMES_BYTES];
    const size_t n = f->n_bytes;
    memcpy(frame, f->bytes, n);
    frames_free(f);
    f = begin(NULL);
    frame[14 + 40 + 2] ^= 1; /* the checksum */
    frames_put(f, IK_LINKTYPE_ETHERNET, frame, n);
    frames_silent(f);
    frames_free(f);
    cfg.off = 1u << IK_DETECT_RA_SPOOF;
    f = begin(&cfg);
    advertise(f, &rogue);
    frames_silent(f);
    frames_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(router__that_renews__is_silent_for_ever),
        cmocka_unit_test(routers__two_of_a_new_capture__are_no_abuse),
        cmocka_unit_test(routers__of_two_links__are_two),
        cmocka_unit_test(router__without_uplink__is_silent),
        cmocka_unit_test(router__that_ends__is_noticed_once),
        cmocka_unit_test(router__that_was_replaced__is_accepted_when_the_old_one_is_gone),
        cmocka_unit_test(router__named__is_silent_whenever_it_comes),
        cmocka_unit_test(router__is_not_held_against_a_list_that_cannot_name_it),
        cmocka_unit_test(router__new_on_a_known_link__is_found_at_the_first),
        cmocka_unit_test(router__that_wants_to_be_preferred__is_found_from_the_start),
        cmocka_unit_test(router__ended_by_another__is_found),
        cmocka_unit_test(router__ended_and_back_again_and_again__is_found),
        cmocka_unit_test(router__at_another_link_address__is_found),
        cmocka_unit_test(router__with_another_network__is_noticed),
        cmocka_unit_test(router__from_beyond_the_link__is_found),
        cmocka_unit_test(router__that_cuts_hosts_off__is_noticed),
        cmocka_unit_test(router__of_ipv4__is_learnt_too),
        cmocka_unit_test(routers__a_million_forged__are_a_flood_and_the_known_one_stays),
        cmocka_unit_test(detector__is_silent_where_broken_or_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
