/* SPDX-License-Identifier: MIT
 * Rules: what each remedy says, and what no rule ever does. live_rules.py asks nftables. */
#include "frames.h"
#include "rules.h"

static const char *rule_of(const struct ik_finding *f)
{
    static char text[IK_RULE_TEXT];
    return ik_finding_rule(f, text);
}

static struct ik_finding finding(enum ik_remedy remedy, const char *src, const char *dst,
                                 uint8_t family, uint8_t type, uint8_t code)
{
    struct ik_finding f = {.id = 7, .remedy = remedy, .limit = IK_LIMITS};
    f.detector = IK_DETECT_FLOOD_DST;
    if (src)
        f.src = frames_addr(src);
    if (dst)
        f.dst = frames_addr(dst);
    f.family = family;
    f.type = type;
    f.code = code;
    return f;
}

static void rule__of_each_remedy__is_as_written(void **state)
{
    (void)state;
    static const struct {
        enum ik_remedy remedy;
        const char *src, *dst;
        uint8_t family, type, code;
        const char *rule;
    } rows[] = {
        {IK_REMEDY_NONE, "192.0.2.1", "192.0.2.2", 4, 8, 0, ""},
        {IK_REMEDY_LIMIT_SOURCE, "192.0.2.1", NULL, 4, 8, 0,
         "ip saddr 192.0.2.1 icmp type echo-request"
         " limit rate over 10/second burst 20 packets drop"},
        {IK_REMEDY_LIMIT_SOURCE, "2001:db8:1:2::5", NULL, 6, 128, 0,
         "ip6 saddr 2001:db8:1:2::/64 icmpv6 type echo-request"
         " limit rate over 10/second burst 20 packets drop"},
        {IK_REMEDY_LIMIT_SOURCE, "fe80::5", NULL, 6, 128, 0,
         "ip6 saddr fe80::5 icmpv6 type echo-request"
         " limit rate over 10/second burst 20 packets drop"},
        {IK_REMEDY_LIMIT_SOURCE, "192.0.2.1", NULL, 4, 3, 3,
         "ip saddr 192.0.2.1 icmp type destination-unreachable icmp code != frag-needed"
         " limit rate over 10/second burst 20 packets drop"},
        {IK_REMEDY_LIMIT_SOURCE, "192.0.2.1", NULL, 0, 0, 0,
         "ip saddr 192.0.2.1 icmp type != destination-unreachable"
         " limit rate over 10/second burst 20 packets drop"},
        {IK_REMEDY_LIMIT_SOURCE, NULL, "192.0.2.1", 4, 8, 0, ""},
        {IK_REMEDY_LIMIT_DST, NULL, "198.51.100.7", 4, 8, 0,
         "ip daddr 198.51.100.7 icmp type echo-request meter guard_7"
         " { ip saddr limit rate over 10/second burst 20 packets } drop"},
        {IK_REMEDY_LIMIT_DST, NULL, "2001:db8::7", 6, 128, 0,
         "ip6 daddr 2001:db8::7 icmpv6 type echo-request meter guard_7 { ip6 saddr and"
         " ffff:ffff:ffff:ffff:: limit rate over 10/second burst 20 packets } drop"},
        {IK_REMEDY_LIMIT_UNKNOWN, NULL, "198.51.100.7", 4, 3, 3,
         "ip daddr 198.51.100.7 icmp type { destination-unreachable, time-exceeded,"
         " parameter-problem } icmp code != frag-needed ct state invalid"
         " limit rate over 10/second burst 20 packets drop"},
        {IK_REMEDY_BLOCK_PAIR, "192.0.2.1", "198.51.100.7", 4, 8, 0,
         "ip saddr { 192.0.2.1, 198.51.100.7 } ip daddr { 192.0.2.1, 198.51.100.7 }"
         " icmp type { echo-request, echo-reply } drop"},
        {IK_REMEDY_BLOCK_PAIR, "192.0.2.1", NULL, 4, 8, 0, ""},
        {IK_REMEDY_DROP_TYPE, "192.0.2.1", "198.51.100.7", 4, 4, 0,
         "ip saddr 192.0.2.1 icmp type source-quench drop"},
        {IK_REMEDY_DROP_TYPE, NULL, "198.51.100.7", 4, 4, 0, "icmp type source-quench drop"},
        {IK_REMEDY_DROP_TYPE, "192.0.2.1", NULL, 4, 3, 2,
         "ip saddr 192.0.2.1 icmp type destination-unreachable icmp code 2 drop"},
        {IK_REMEDY_DROP_TYPE, "192.0.2.1", NULL, 4, 3, 4, ""},
        {IK_REMEDY_DROP_TYPE, "192.0.2.1", NULL, 4, 42, 0, "ip saddr 192.0.2.1 icmp type 42 drop"},
        {IK_REMEDY_DROP_TYPE, "fe80::1", NULL, 6, 134, 0, ""},
        {IK_REMEDY_DROP_TYPE, "2001:db8::1", NULL, 6, 139, 0,
         "ip6 saddr 2001:db8::/64 icmpv6 type 139 drop"},
        {IK_REMEDY_DROP_BROADCAST, "192.0.2.1", "192.0.2.255", 4, 8, 0,
         "icmp type { echo-request, echo-reply } fib daddr type { broadcast, multicast } drop"},
        {IK_REMEDY_DROP_BROADCAST, "224.0.0.1", "192.0.2.1", 4, 8, 0,
         "icmp type { echo-request, echo-reply } fib saddr type { broadcast, multicast } drop"},
        {IK_REMEDY_DROP_MTU, "192.0.2.1", "198.51.100.7", 4, 3, 4,
         "icmp type destination-unreachable icmp code frag-needed icmp mtu 1-551 drop"},
        {IK_REMEDY_DROP_MTU, "2001:db8::1", NULL, 6, 2, 0,
         "icmpv6 type packet-too-big icmpv6 mtu < 1280 drop"},
        {IK_REMEDY_DROP_HOP_LIMIT, "2001:db8::1", NULL, 6, 134, 0,
         "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit,"
         " nd-neighbor-advert, nd-redirect } ip6 hoplimit != 255 drop"},
        {IK_REMEDY_DROP_HOP_LIMIT, "192.0.2.1", NULL, 4, 9, 0, ""},
        {IK_REMEDY_DROP_FRAGMENT, "192.0.2.1", NULL, 4, 8, 0,
         "ip saddr 192.0.2.1 ip protocol icmp ip frag-off & 0x3fff != 0"
         " limit rate over 10/second burst 20 packets drop"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct ik_finding f = finding(rows[i].remedy, rows[i].src, rows[i].dst,
                                            rows[i].family, rows[i].type, rows[i].code);
        assert_string_equal(rule_of(&f), rows[i].rule);
    }
}

static void rule__of_oversized_fragments__names_the_victim(void **state)
{
    (void)state;
    struct ik_finding f = finding(IK_REMEDY_DROP_FRAGMENT, "192.0.2.1", "198.51.100.7", 4, 8, 0);
    f.detector = IK_DETECT_FRAG_OVERSIZE;
    assert_string_equal(rule_of(&f), "ip daddr 198.51.100.7 ip protocol icmp"
                                     " ip frag-off & 0x1fff > 7999 drop");
    f = finding(IK_REMEDY_DROP_FRAGMENT, "2001:db8::1", "2001:db8::2", 6, 128, 0);
    f.detector = IK_DETECT_FRAG_OVERSIZE;
    assert_string_equal(rule_of(&f), "ip6 daddr 2001:db8::2 frag nexthdr icmpv6"
                                     " frag frag-off > 7999 drop");
}

static void rule__of_path_mtu__goes_by_the_threshold(void **state)
{
    (void)state;
    struct ik_finding f = finding(IK_REMEDY_DROP_MTU, "192.0.2.1", NULL, 4, 3, 4);
    f.limit = IK_LIM_MTU4;
    f.threshold = 1000;
    assert_string_equal(rule_of(&f), "icmp type destination-unreachable icmp code frag-needed"
                                     " icmp mtu 1-999 drop");
    f.threshold = 68; /* RFC 791: the least that can be */
    assert_string_equal(rule_of(&f), "icmp type destination-unreachable icmp code frag-needed"
                                     " icmp mtu 1-67 drop");
    f.limit = IK_LIMITS;
    assert_string_equal(rule_of(&f), "icmp type destination-unreachable icmp code frag-needed"
                                     " icmp mtu 1-551 drop");
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Whatever a finding says. R4890-4.3.1-01, R4890-4.4.1-01: of the rules that findings propose. */
static void rule__of_anything__spares_what_networks_live_on(void **state)
{
    (void)state;
    static const char *const link[] = {"130", "131", "132", "133", "134", "135", "136",
                                       "137", "141", "142", "143", "148", "149", "151"};
    struct ik_finding f;
    unsigned n = 0;
    for (unsigned i = 0; rules_finding(i, &f); i++) {
        const char *rule = rule_of(&f), *mtu = strstr(rule, "packet-too-big");
        n += rule[0] != '\0';
        assert_true(rule[0] == '\0' || ends_with(rule, "drop"));
        assert_true(strlen(rule) < IK_RULE_TEXT);
        if (strstr(rule, "nd-"))
            assert_true(ends_with(rule, "ip6 hoplimit != 255 drop"));
        assert_true(!mtu || ends_with(rule, "icmpv6 mtu < 1280 drop"));
        if (strstr(rule, "frag-needed"))
            assert_true(strstr(rule, "!= frag-needed") || ends_with(rule, "icmp mtu 1-551 drop"));
        if (strstr(rule, "icmp type destination-unreachable") && !strstr(rule, "frag-needed"))
            assert_true(strstr(rule, "icmp code ") && !strstr(rule, "icmp code 4"));
        for (size_t k = 0; k < sizeof(link) / sizeof(*link); k++) {
            char type[32] = "icmpv6 type ";
            strcat(type, link[k]);
            assert_null(strstr(rule, type));
        }
        assert_null(strstr(rule, "icmpv6 type 2 "));
        if (strstr(rule, "icmpv6") && (strstr(rule, "echo-re") || strstr(rule, "-problem") ||
                                       strstr(rule, "time-ex") || strstr(rule, "unreachable")))
            assert_true(strstr(rule, "limit rate over") != NULL);
    }
    assert_true(n > 1000);
}

static void rule__of_the_longest_addresses__fits(void **state)
{
    (void)state;
    const struct ik_finding f =
        finding(IK_REMEDY_BLOCK_PAIR, "2001:abcd:abcd:abcd:abcd:abcd:abcd:abcd",
                "2002:abcd:abcd:abcd:abcd:abcd:abcd:abcd", 6, 128, 0);
    assert_true(ends_with(rule_of(&f), "limit rate over 1/second burst 5 packets drop"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule__of_each_remedy__is_as_written),
        cmocka_unit_test(rule__of_oversized_fragments__names_the_victim),
        cmocka_unit_test(rule__of_path_mtu__goes_by_the_threshold),
        cmocka_unit_test(rule__of_anything__spares_what_networks_live_on),
        cmocka_unit_test(rule__of_the_longest_addresses__fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
