/* SPDX-License-Identifier: MIT */
#include "rig6.h"

static const ik_ns second = IK_NS_PER_S;

static void solicit(struct rig *r, const char *src, const char *dst, const char *target,
                    uint8_t hop_limit, bool with_link)
{
    static const uint8_t option[8] = {1, 1, 2, 0, 0, 0, 9, 2};
    const struct ik_icmp m = {
        .family = 6,
        .type = IK_ICMP6_NEIGHBOR_SOL,
        .kind = IK_ICMP_NEIGHBOR_SOL,
        .neighbor_sol = {.target = rig_addr(target), .options = {option, with_link ? 8 : 0}}};
    const struct ik_ip head = rig_head(src, dst, hop_limit);
    rig_icmp(r, 0, 2, &head, &m);
}

/* R4861-7.1.1-01 */
static void solicitation__for_an_address_of_the_port__is_answered(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    rig_settle(&r);
    solicit(&r, "2001:db8:1::2", "ff02::1:ff00:1", "2001:db8:1::1", 255, true);
    const struct rig_out *na = rig_find(&r, IK_ICMP6_NEIGHBOR_ADV);
    assert_non_null(na);
    assert_addr(&na->ip.dst, "2001:db8:1::2");
    assert_int_equal(na->ip.ttl, 255);
    assert_int_equal(na->icmp.neighbor_adv.flags, IK_NA_ROUTER | IK_NA_SOLICITED | IK_NA_OVERRIDE);
    const uint8_t want[8] = {2, 1, 2, 0, 0, 0, 1, 0};
    assert_int_equal(na->icmp.neighbor_adv.options.left, 8);
    assert_memory_equal(na->icmp.neighbor_adv.options.p, want, 8);
    r.n_out = 0;
    /* an address of the other port is asked for on the other link */
    solicit(&r, "2001:db8:1::2", "ff02::1:ff00:1", "2001:db8:2::1", 255, true);
    assert_int_equal(r.n_out, 0);
    solicit(&r, "2001:db8:1::2", "ff02::1:ff00:1", "2001:db8:1::1", 254, true);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* Its source is known from then on: the answer to it needs no question. */
static void solicitation__with_link_address__teaches_its_source(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    solicit(&r, "2001:db8:1::2", "ff02::1:ff00:1", "2001:db8:1::1", 255, true);
    r.n_out = 0;
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:1::1", 64);
    assert_int_equal(r.n_out, 1);
    const struct rig_out *reply = rig_find(&r, IK_ICMP6_ECHO_REPLY);
    assert_non_null(reply);
    assert_int_equal(reply->dst_mac[5], 2);
    rig_end(&r);
}

/* A flood of option faults before the one that counts does not hide it. */
static void solicitation__with_many_bad_options__is_not_taken(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    uint8_t options[8 * 40];
    for (size_t i = 0; i < sizeof(options); i += 8)
        memcpy(options + i, (const uint8_t[8]){5, 1, 0, 0, 0, 0, 0, 1}, 8); /* MTU 1 */
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_NEIGHBOR_SOL,
                              .kind = IK_ICMP_NEIGHBOR_SOL,
                              .neighbor_sol = {.target = rig_addr("2001:db8:1::1"),
                                               .options = {options, sizeof(options)}}};
    const struct ik_ip head = rig_head("2001:db8:1::2", "2001:db8:1::1", 64);
    rig_icmp(&r, 0, 2, &head, &m);
    assert_null(rig_find(&r, IK_ICMP6_NEIGHBOR_ADV));
    rig_end(&r);
}

static void start__node__reports_groups_then_verifies_addresses(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_run(&r, second);
    size_t reports = 0, solicitations = 0;
    for (size_t i = 0; i < r.n_out; i++) {
        const struct rig_out *o = &r.out[i];
        reports += o->icmp.type == IK_ICMP6_MLD2_REPORT;
        if (o->icmp.type != IK_ICMP6_NEIGHBOR_SOL)
            continue;
        assert_true(reports > 0);
        assert_true(ik_addr_is_any(&o->ip.src));
        assert_int_equal(o->icmp.neighbor_sol.options.left, 0);
        solicitations++;
    }
    assert_int_equal(solicitations, 2); /* the link-local address too */
    rig_end(&r);
}

/* One that has been up for long says nothing unasked, uses its addresses at once, and defends them.
 */
static void start__settled_node__is_silent_and_answers(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    r.options.settled = true;
    rig_start(&r);
    rig_run(&r, 10 * second);
    assert_int_equal(r.n_out, 0);
    solicit(&r, "::", "ff02::1:ff00:1", "2001:db8:1::1", 255, false);
    assert_non_null(rig_find(&r, IK_ICMP6_NEIGHBOR_ADV));
    rig_end(&r);
}

static void duplicate__claimed_in_time__address_is_given_up(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_run(&r, second);
    rig_advertise(&r, 0, 2, "2001:db8:1::1", IK_NA_OVERRIDE, 2);
    rig_settle(&r);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:1::1", 64);
    solicit(&r, "2001:db8:1::2", "ff02::1:ff00:1", "2001:db8:1::1", 255, true);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* A solicitation from nobody would claim the address that it asks for. */
static void duplicate__of_all_addresses__leaves_nobody_to_ask(void **state)
{
    (void)state;
    struct rig r;
    static const uint8_t msg[8] = {IK_ICMP6_ECHO};
    struct ik_event ev = {.kind = IK_EV_FRAME};
    rig_init(&r, IK_STACK_HOST);
    r.options.upper = true;
    rig_start(&r);
    rig_run(&r, second);
    rig_advertise(&r, 0, 2, "2001:db8:1::1", IK_NA_OVERRIDE, 2);
    rig_advertise(&r, 0, 2, "fe80::ff:fe00:100", IK_NA_OVERRIDE, 2);
    rig_settle(&r);
    ev.frame = (struct ik_frame){.medium = IK_MEDIUM_ICMP6, .bytes = {msg, sizeof(msg)}};
    ev.frame.meta = (struct ik_meta){.known = IK_KNOW_DST | IK_KNOW_SRC,
                                     .src = rig_addr("2001:db8:1::1"),
                                     .dst = rig_addr("2001:db8:1::2")};
    ik_stack_engine(r.s)->ops->input(ik_stack_engine(r.s), rig_now(&r), IK_STACK_UPPER, &ev, 1);
    rig_run(&r, r.now + 10 * second);
    assert_null(rig_find(&r, IK_ICMP6_NEIGHBOR_SOL));
    rig_end(&r);
}

static void duplicate__claimed_too_late__address_is_defended(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    solicit(&r, "::", "ff02::1:ff00:1", "2001:db8:1::1", 255, false);
    const struct rig_out *na = rig_find(&r, IK_ICMP6_NEIGHBOR_ADV);
    assert_non_null(na);
    assert_addr(&na->ip.dst, "ff02::1");
    assert_int_equal(na->icmp.neighbor_adv.flags, IK_NA_OVERRIDE);
    rig_end(&r);
}

/* A host that stands for a prefix is asked for each of its addresses. */
static void prefix__that_a_host_stands_for__is_its_own(void **state)
{
    (void)state;
    struct rig r;
    const struct ik_prefix own[] = {{.addr = rig_addr("2001:db8:1:0:8000::"), .bits = 65}};
    rig_init(&r, IK_STACK_HOST);
    r.options.prefixes = own;
    r.options.n_prefixes = 1;
    rig_start(&r);
    rig_settle(&r);
    solicit(&r, "2001:db8:1::2", "ff02::1:ff34:5678", "2001:db8:1:0:8000:0:1234:5678", 255, true);
    const struct rig_out *na = rig_find(&r, IK_ICMP6_NEIGHBOR_ADV);
    assert_non_null(na);
    assert_addr(&na->icmp.neighbor_adv.target, "2001:db8:1:0:8000:0:1234:5678");
    r.n_out = 0;
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:1:0:8000:0:1234:5678", 64);
    const struct rig_out *reply = rig_find(&r, IK_ICMP6_ECHO_REPLY);
    assert_non_null(reply);
    assert_addr(&reply->ip.src, "2001:db8:1:0:8000:0:1234:5678");
    r.n_out = 0;
    solicit(&r, "2001:db8:1::2", "ff02::1:ff34:5678", "2001:db8:1:0:7000:0:1234:5678", 255, true);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R4861-7.2.2-01 */
static void neighbour__silent__each_packet_is_answered_after_three_solicitations(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    rig_start(&r);
    rig_settle(&r);
    rig_advertise(&r, 0, 2, "2001:db8:1::2", IK_NA_SOLICITED | IK_NA_OVERRIDE, 2);
    solicit(&r, "2001:db8:1::2", "ff02::1:ff00:1", "2001:db8:1::1", 255, true);
    r.n_out = 0;
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:2::77", 64);
    rig_echo(&r, 0, 2, "2001:db8:1::2", "2001:db8:2::77", 64);
    rig_run(&r, r.now + 10 * second);
    size_t asked = 0, told = 0;
    for (size_t i = 0; i < r.n_out; i++) {
        const struct rig_out *o = &r.out[i];
        if (o->port == 1 && o->icmp.type == IK_ICMP6_NEIGHBOR_SOL) {
            assert_addr(&o->ip.dst, "ff02::1:ff00:77");
            assert_int_equal(o->dst_mac[0], 0x33);
            asked++;
        }
        told += o->port == 0 && o->icmp.type == IK_ICMP6_UNREACHABLE && o->icmp.code == 3;
    }
    assert_int_equal(asked, 3);
    assert_int_equal(told, 2);
    rig_end(&r);
}

/* A neighbour is one station: its packets in frames to a group would reach the whole link. */
static void solicitation__with_the_link_address_of_a_group__teaches_nothing(void **state)
{
    (void)state;
    struct rig r;
    static const uint8_t option[8] = {1, 1, 0x33, 0x33, 0, 0, 0, 1};
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    const struct ik_icmp m = {
        .family = 6,
        .type = IK_ICMP6_NEIGHBOR_SOL,
        .kind = IK_ICMP_NEIGHBOR_SOL,
        .neighbor_sol = {.target = rig_addr("2001:db8:1::1"), .options = {option, 8}}};
    const struct ik_ip head = rig_head("2001:db8:1::2", "2001:db8:1::1", 255);
    rig_icmp(&r, 0, 2, &head, &m);
    assert_null(rig_find(&r, IK_ICMP6_NEIGHBOR_ADV));
    assert_non_null(rig_find(&r, IK_ICMP6_NEIGHBOR_SOL)); /* it asks instead */
    rig_end(&r);
}

/* It may be another link: what somebody claimed on the old one is verified anew. */
static void duplicate__after_the_link_came_back__is_verified_again(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_run(&r, second);
    rig_advertise(&r, 0, 2, "2001:db8:1::1", IK_NA_OVERRIDE, 2);
    rig_settle(&r);
    ik_stack_iface_up(r.s, rig_now(&r), 0, false);
    ik_stack_iface_up(r.s, rig_now(&r), 0, true);
    rig_run(&r, r.now + 5 * second);
    size_t asked = 0;
    for (size_t i = 0; i < r.n_out; i++)
        asked += r.out[i].icmp.type == IK_ICMP6_NEIGHBOR_SOL &&
                 ik_addr_same_host(&r.out[i].icmp.neighbor_sol.target, &r.addrs[0][0].addr);
    assert_int_equal(asked, 1);
    r.n_out = 0;
    solicit(&r, "2001:db8:1::2", "ff02::1:ff00:1", "2001:db8:1::1", 255, true);
    assert_non_null(rig_find(&r, IK_ICMP6_NEIGHBOR_ADV));
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(solicitation__for_an_address_of_the_port__is_answered),
        cmocka_unit_test(solicitation__with_link_address__teaches_its_source),
        cmocka_unit_test(solicitation__with_many_bad_options__is_not_taken),
        cmocka_unit_test(start__node__reports_groups_then_verifies_addresses),
        cmocka_unit_test(start__settled_node__is_silent_and_answers),
        cmocka_unit_test(duplicate__claimed_in_time__address_is_given_up),
        cmocka_unit_test(duplicate__of_all_addresses__leaves_nobody_to_ask),
        cmocka_unit_test(duplicate__claimed_too_late__address_is_defended),
        cmocka_unit_test(prefix__that_a_host_stands_for__is_its_own),
        cmocka_unit_test(neighbour__silent__each_packet_is_answered_after_three_solicitations),
        cmocka_unit_test(solicitation__with_the_link_address_of_a_group__teaches_nothing),
        cmocka_unit_test(duplicate__after_the_link_came_back__is_verified_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
