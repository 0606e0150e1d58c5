/* SPDX-License-Identifier: MIT
 * Rules of packet filters: which packets a rule is about. */
#include "stack/acl.h"

#include "../wire/vector.h"

#include "base/bytes.h"

/* A packet of 10.0.0.1 to 192.0.2.7 or 2001:db8::1 to 2001:db8::7, payload of 8 bytes. */
static struct ik_ip packet(uint8_t version, uint8_t proto, const uint8_t *payload)
{
    struct ik_ip ip = {.version = version, .proto = proto, .payload = {payload, 8}};
    ip.header_bytes = version == 4 ? 20 : 40;
    ip.total_bytes = ip.header_bytes + 8;
    const char *src = version == 4 ? "10.0.0.1" : "2001:db8::1";
    const char *dst = version == 4 ? "192.0.2.7" : "2001:db8::7";
    assert_int_equal(ik_addr_parse(src, &ip.src), IK_OK);
    assert_int_equal(ik_addr_parse(dst, &ip.dst), IK_OK);
    return ip;
}

static struct ik_prefix prefix(const char *text)
{
    struct ik_prefix p;
    assert_int_equal(ik_prefix_parse(text, &p), IK_OK);
    return p;
}

static bool fits(struct ik_stack_filter_rule rule, const struct ik_ip *ip)
{
    return ik_stack_acl_find(&rule, 1, ip, IK_ACL_FORWARDED) != NULL;
}

static const uint8_t syn_to_80[8] = {0x12, 0x34, 0, 80}, echo[8] = {8}, unreachable[8] = {3, 13};
static const uint8_t big6[8] = {2}, redirect6[8] = {137}, echo6[8] = {128};

static void find__empty_rule__is_about_everything(void **state)
{
    (void)state;
    const struct ik_ip tcp = packet(4, IK_PROTO_TCP, syn_to_80), v6 = packet(6, 58, echo6);
    assert_true(fits((struct ik_stack_filter_rule){0}, &tcp));
    assert_true(fits((struct ik_stack_filter_rule){0}, &v6));
    assert_null(ik_stack_acl_find(NULL, 0, &tcp, IK_ACL_IN));
}

static void find__each_member__narrows(void **state)
{
    (void)state;
    const struct ik_ip tcp = packet(4, IK_PROTO_TCP, syn_to_80), ping = packet(4, 1, echo);
    const struct ik_prefix ten = prefix("10.0.0.0/8"), net = prefix("192.0.2.0/24");
    assert_true(fits((struct ik_stack_filter_rule){.direction = 1}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.direction = 2}, &tcp));
    assert_true(fits((struct ik_stack_filter_rule){.family = 4}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.family = 6}, &tcp));
    assert_true(fits((struct ik_stack_filter_rule){.has_proto = true, .proto = 6}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.has_proto = true, .proto = 6}, &ping));
    assert_false(fits((struct ik_stack_filter_rule){.has_proto = true}, &tcp)); /* 0 is a number */
    assert_true(fits((struct ik_stack_filter_rule){.src = ten, .dst = net}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.src = net}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.dst = ten}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.longer_than = 28}, &tcp));
    assert_true(fits((struct ik_stack_filter_rule){.longer_than = 27}, &tcp));
}

static void find__ports__only_where_there_are_some(void **state)
{
    (void)state;
    struct ik_ip tcp = packet(4, IK_PROTO_TCP, syn_to_80), ping = packet(4, 1, syn_to_80);
    assert_true(fits((struct ik_stack_filter_rule){.port_low = 80, .port_high = 80}, &tcp));
    assert_true(fits((struct ik_stack_filter_rule){.port_low = 1, .port_high = 1023}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.port_low = 81, .port_high = 90}, &tcp));
    assert_false(fits((struct ik_stack_filter_rule){.port_low = 80, .port_high = 80}, &ping));
    tcp.payload.left = 3;
    assert_false(fits((struct ik_stack_filter_rule){.port_low = 80, .port_high = 80}, &tcp));
}

/* A later fragment has payload where the ports would be: it must not be taken for them. */
static void find__later_fragment__has_neither_ports_nor_type(void **state)
{
    (void)state;
    struct ik_ip later = packet(4, IK_PROTO_TCP, syn_to_80);
    later.fragment = true;
    later.offset_bytes = 1480;
    assert_false(fits((struct ik_stack_filter_rule){.port_low = 80, .port_high = 80}, &later));
    assert_true(fits((struct ik_stack_filter_rule){.fragments = true}, &later));
    later.proto = 1;
    later.payload.p = unreachable;
    assert_false(fits((struct ik_stack_filter_rule){.has_type = true, .type = 3}, &later));
    assert_false(ik_stack_acl_is_error(&later));
    const struct ik_ip whole = packet(4, IK_PROTO_TCP, syn_to_80);
    assert_false(fits((struct ik_stack_filter_rule){.fragments = true}, &whole));
}

/* The same number means other things in the other family, and nothing in UDP. */
static void find__icmp_type__of_the_family_alone(void **state)
{
    (void)state;
    const struct ik_ip ping = packet(4, 1, echo), ping6 = packet(6, 58, echo6);
    const struct ik_ip udp = packet(4, 17, echo), odd = packet(6, 1, echo);
    const struct ik_ip dest = packet(4, 1, unreachable);
    assert_true(fits((struct ik_stack_filter_rule){.has_type = true, .type = 8}, &ping));
    assert_false(fits((struct ik_stack_filter_rule){.has_type = true, .type = 8}, &ping6));
    assert_false(fits((struct ik_stack_filter_rule){.has_type = true, .type = 8}, &udp));
    assert_false(fits((struct ik_stack_filter_rule){.has_type = true, .type = 8}, &odd));
    assert_true(fits(
        (struct ik_stack_filter_rule){.has_type = true, .type = 3, .has_code = true, .code = 13},
        &dest));
    assert_false(fits(
        (struct ik_stack_filter_rule){.has_type = true, .type = 3, .has_code = true, .code = 4},
        &dest));
}

/* R1812-5.3.3.3-01 */
static void find__precedence__never_about_errors(void **state)
{
    (void)state;
    const struct ik_stack_filter_rule high = {.precedence_from = 6}, low = {.precedence_below = 3};
    struct ik_ip ping = packet(4, 1, echo), dest = packet(4, 1, unreachable);
    ping.tos = dest.tos = 0xc0;
    assert_true(fits(high, &ping));
    assert_false(fits(high, &dest));
    assert_false(fits(low, &ping));
    ping.tos = dest.tos = 0x5c; /* precedence 2, other bits set */
    assert_false(fits(high, &ping));
    assert_true(fits(low, &ping));
    assert_false(fits(low, &dest));
    const struct ik_stack_filter_rule between = {.precedence_from = 3, .precedence_below = 4};
    ping.tos = 0x60;
    assert_true(fits(between, &ping));
}

static void is_error__of_either_family__by_its_type(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        const uint8_t message[8] = {(uint8_t)type};
        const struct ik_ip v4 = packet(4, 1, message);
        assert_int_equal(ik_stack_acl_is_error(&v4),
                         type == 3 || type == 5 || type == 11 || type == 12);
    }
    const struct ik_ip big = packet(6, 58, big6), redirect = packet(6, 58, redirect6);
    const struct ik_ip ping = packet(6, 58, echo6), udp = packet(6, 17, big6);
    assert_true(ik_stack_acl_is_error(&big));
    assert_true(ik_stack_acl_is_error(&redirect));
    assert_false(ik_stack_acl_is_error(&ping));
    assert_false(ik_stack_acl_is_error(&udp));
}

static void find__several__first_counts(void **state)
{
    (void)state;
    const struct ik_stack_filter_rule rules[] = {
        {.act = IK_ACT_REJECT, .has_proto = true, .proto = 17},
        {.act = IK_ACT_ACCEPT, .has_type = true, .type = 8},
        {.act = IK_ACT_DROP},
    };
    const struct ik_ip ping = packet(4, 1, echo), dest = packet(4, 1, unreachable);
    assert_ptr_equal(ik_stack_acl_find(rules, 3, &ping, IK_ACL_IN), &rules[1]);
    assert_ptr_equal(ik_stack_acl_find(rules, 3, &dest, IK_ACL_IN), &rules[2]);
}

/* R1812-5.3.9-01, R1812-5.3.3.3-02 */
static void code__of_a_reject__by_family_and_reason(void **state)
{
    (void)state;
    const struct ik_stack_filter_rule plain = {.act = IK_ACT_REJECT};
    const struct ik_stack_filter_rule low = {.act = IK_ACT_REJECT, .precedence_below = 3};
    const struct ik_stack_filter_rule own = {
        .act = IK_ACT_REJECT, .has_reject_code = true, .reject_code = 10};
    const struct ik_stack_filter_rule net = {.act = IK_ACT_REJECT, .has_reject_code = true};
    assert_int_equal(ik_stack_acl_code(&plain, 4), 13);
    assert_int_equal(ik_stack_acl_code(&plain, 6), 1);
    assert_int_equal(ik_stack_acl_code(&low, 4), 14);
    assert_int_equal(ik_stack_acl_code(&low, 6), 1);
    assert_int_equal(ik_stack_acl_code(&own, 4), 10);
    assert_int_equal(ik_stack_acl_code(&own, 6), 1);
    assert_int_equal(ik_stack_acl_code(&net, 4), 0);
    assert_int_equal(ik_stack_acl_code(&net, 6), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__empty_rule__is_about_everything),
        cmocka_unit_test(find__each_member__narrows),
        cmocka_unit_test(find__ports__only_where_there_are_some),
        cmocka_unit_test(find__later_fragment__has_neither_ports_nor_type),
        cmocka_unit_test(find__icmp_type__of_the_family_alone),
        cmocka_unit_test(find__precedence__never_about_errors),
        cmocka_unit_test(is_error__of_either_family__by_its_type),
        cmocka_unit_test(find__several__first_counts),
        cmocka_unit_test(code__of_a_reject__by_family_and_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
