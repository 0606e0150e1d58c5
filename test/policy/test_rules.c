/* SPDX-License-Identifier: MIT
 * What passes and what does not, held against the lists of RFC 4890 and of the others. */
#include <icmpkit/policy.h>

#include <icmpkit/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum ik_policy_verdict verdict(enum ik_policy_role role, enum ik_policy_hook hook,
                                      uint8_t family, uint8_t type, uint8_t code)
{
    return ik_policy_judge(role, hook, family, type, code).verdict;
}

static enum ik_policy_verdict transit6(uint8_t type, uint8_t code)
{
    return verdict(IK_POLICY_ROUTER, IK_POLICY_TRANSIT, 6, type, code);
}

static enum ik_policy_verdict local6(uint8_t type, uint8_t code)
{
    return verdict(IK_POLICY_ROUTER, IK_POLICY_LOCAL, 6, type, code);
}

static void transit__of_the_list_that_must_not_drop__passes(void **state) /* R4890-4.3.1-01 */
{
    (void)state;
    for (unsigned code = 0; code < 256; code++)
        assert_int_not_equal(transit6(1, (uint8_t)code), IK_POLICY_DROP);
    for (unsigned code = 0; code < 256; code++)
        assert_int_equal(transit6(2, (uint8_t)code), IK_POLICY_PASS);
    assert_int_not_equal(transit6(3, 0), IK_POLICY_DROP);
    assert_int_not_equal(transit6(4, 1), IK_POLICY_DROP);
    assert_int_not_equal(transit6(4, 2), IK_POLICY_DROP);
    assert_int_equal(transit6(128, 0), IK_POLICY_LIMITED);
    assert_int_equal(transit6(129, 0), IK_POLICY_KNOWN);
}

static void transit__of_the_list_normally_not_dropped__passes(void **state) /* R4890-4.3.2-01 */
{
    (void)state;
    assert_int_not_equal(transit6(3, 1), IK_POLICY_DROP);
    assert_int_not_equal(transit6(4, 0), IK_POLICY_DROP);
    for (uint8_t type = 144; type <= 147; type++)
        assert_int_not_equal(transit6(type, 0), IK_POLICY_DROP);
}

static const uint8_t link_types[] = {130, 131, 132, 133, 134, 135, 136, 137,
                                     141, 142, 143, 148, 149, 151, 152, 153};

static void transit__of_one_link__stops_at_routers_alone(void **state) /* R4890-4.3.3-01 */
{
    (void)state;
    for (size_t i = 0; i < sizeof link_types; i++) {
        assert_int_equal(transit6(link_types[i], 0), IK_POLICY_DROP);
        assert_int_equal(verdict(IK_POLICY_BRIDGE, IK_POLICY_TRANSIT, 6, link_types[i], 0),
                         IK_POLICY_PROVEN);
    }
}

static void local__of_one_link__needs_its_proof(void **state) /* R4890-4.3.3-02, R4861-6.1-01 */
{
    (void)state;
    for (size_t i = 0; i < sizeof link_types; i++) {
        const uint8_t t = link_types[i];
        const struct ik_policy_rule r = ik_policy_judge(IK_POLICY_HOST, IK_POLICY_LOCAL, 6, t, 0);
        const bool groups = (t >= 130 && t <= 132) || t == 143, mrd = t >= 151 && t <= 153;
        assert_int_equal(r.verdict, IK_POLICY_PROVEN);
        assert_int_equal(r.proof, groups ? IK_POLICY_LINK_LOCAL
                                  : mrd  ? IK_POLICY_HOPS_1
                                         : IK_POLICY_HOPS_255);
    }
}

static void every_type__has_a_rule_with_a_name_and_a_reason(void **state) /* R4890-4.3.4-01 */
{
    (void)state;
    for (unsigned role = IK_POLICY_HOST; role <= IK_POLICY_BRIDGE; role++) {
        for (unsigned hook = IK_POLICY_LOCAL; hook <= IK_POLICY_TRANSIT; hook++) {
            if (!ik_policy_rules(role, hook, 4, NULL, 0))
                continue;
            for (unsigned i = 0; i < 512; i++) {
                const struct ik_policy_rule r =
                    ik_policy_judge(role, hook, i < 256 ? 4 : 6, (uint8_t)i, 0);
                assert_true(r.name[0] && r.why[0]);
            }
        }
    }
    assert_string_equal(ik_policy_judge(IK_POLICY_ROUTER, IK_POLICY_TRANSIT, 6, 50, 0).name,
                        "unassigned");
    assert_int_equal(transit6(50, 0), IK_POLICY_DROP);
    assert_int_equal(transit6(150, 0), IK_POLICY_DROP);
}

/* R6092-REC10-01, R6092-REC18-01. To the gateway itself they may come by another way. */
static void gateway__of_what_it_has_not_seen__passes_no_error(void **state)
{
    (void)state;
    for (uint8_t type = 1; type <= 4; type++) {
        const enum ik_policy_verdict self = verdict(IK_POLICY_GATEWAY, IK_POLICY_LOCAL, 6, type, 0);
        assert_int_equal(verdict(IK_POLICY_GATEWAY, IK_POLICY_TRANSIT, 6, type, 0),
                         IK_POLICY_TRACKED);
        assert_int_equal(self, local6(type, 0));
    }
    assert_int_equal(verdict(IK_POLICY_GATEWAY, IK_POLICY_TRANSIT, 6, 128, 0), IK_POLICY_LIMITED);
    assert_int_equal(verdict(IK_POLICY_GATEWAY, IK_POLICY_TRANSIT, 6, 137, 0), IK_POLICY_DROP);
}

static void without_a_case_for_them__types_are_dropped(void **state) /* R4890-4.3.5-01, -4.4.5-01 */
{
    static const uint8_t types[] = {138, 139, 140, 100, 101, 200, 201, 127, 255};
    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        assert_int_equal(transit6(types[i], 0), IK_POLICY_DROP);
        assert_int_equal(local6(types[i], 0), IK_POLICY_DROP);
    }
}

static void local__of_the_list_that_must_not_drop__passes(void **state) /* R4890-4.4.1-01 */
{
    static const uint8_t types[] = {1,   2,   128, 129, 130, 131, 132, 133, 134, 135,
                                    136, 141, 142, 143, 148, 149, 151, 152, 153};
    (void)state;
    for (unsigned role = IK_POLICY_HOST; role <= IK_POLICY_GATEWAY; role++) {
        for (size_t i = 0; i < sizeof types; i++)
            assert_int_not_equal(verdict(role, IK_POLICY_LOCAL, 6, types[i], 0), IK_POLICY_DROP);
        assert_int_not_equal(verdict(role, IK_POLICY_LOCAL, 6, 3, 0), IK_POLICY_DROP);
        assert_int_not_equal(verdict(role, IK_POLICY_LOCAL, 6, 4, 1), IK_POLICY_DROP);
        assert_int_not_equal(verdict(role, IK_POLICY_LOCAL, 6, 4, 2), IK_POLICY_DROP);
    }
    assert_int_not_equal(local6(3, 1), IK_POLICY_DROP); /* R4890-4.4.2-01 */
    assert_int_not_equal(local6(4, 0), IK_POLICY_DROP);
}

static void redirect__by_role__is_decided(void **state) /* R4890-4.4.4-01 */
{
    (void)state;
    assert_int_equal(verdict(IK_POLICY_HOST, IK_POLICY_LOCAL, 6, 137, 0), IK_POLICY_PROVEN);
    assert_int_equal(local6(137, 0), IK_POLICY_DROP);
    for (uint8_t code = 0; code < 4; code++)
        assert_int_equal(verdict(IK_POLICY_HOST, IK_POLICY_LOCAL, 4, 5, code), IK_POLICY_DROP);
}

static void ipv4__what_paths_and_programs_need__passes(void **state)
{
    (void)state;
    for (unsigned role = IK_POLICY_HOST; role <= IK_POLICY_BRIDGE; role++) {
        for (unsigned hook = IK_POLICY_LOCAL; hook <= IK_POLICY_TRANSIT; hook++) {
            if (!ik_policy_rules(role, hook, 4, NULL, 0))
                continue;
            const bool gate = role == IK_POLICY_GATEWAY && hook == IK_POLICY_TRANSIT;
            const int known = gate ? IK_POLICY_TRACKED : IK_POLICY_KNOWN;
            assert_int_equal(verdict(role, hook, 4, 3, 4), gate ? known : IK_POLICY_PASS);
            for (uint8_t code = 0; code < 16; code++) { /* 8 is obsolete */
                const bool passes = verdict(role, hook, 4, 3, code) != IK_POLICY_DROP;
                assert_int_equal(passes, code != 8);
            }
            assert_int_equal(verdict(role, hook, 4, 11, 0), known);
            assert_int_equal(verdict(role, hook, 4, 12, 0), known);
            assert_int_equal(verdict(role, hook, 4, 8, 0), IK_POLICY_LIMITED);
            assert_int_equal(verdict(role, hook, 4, 4, 0), IK_POLICY_DROP); /* R6633-8-01 */
            for (uint8_t type = 13; type <= 18; type++)                     /* R6918-2-02 */
                assert_int_equal(verdict(role, hook, 4, type, 0), IK_POLICY_DROP);
        }
    }
}

static void rules__with_little_room__are_counted_all_the_same(void **state)
{
    struct ik_policy_rule one[1], all[IK_POLICY_RULES];
    (void)state;
    const size_t n = ik_policy_rules(IK_POLICY_HOST, IK_POLICY_LOCAL, 6, all, IK_POLICY_RULES);
    assert_in_range(n, 20, IK_POLICY_RULES);
    assert_int_equal(ik_policy_rules(IK_POLICY_HOST, IK_POLICY_LOCAL, 6, one, 1) > 1, true);
    assert_int_equal(one[0].first_type, all[0].first_type);
    assert_int_equal(ik_policy_rules(IK_POLICY_HOST, IK_POLICY_TRANSIT, 6, all, IK_POLICY_RULES),
                     0);
    assert_int_equal(ik_policy_rules(IK_POLICY_BRIDGE, IK_POLICY_LOCAL, 4, all, IK_POLICY_RULES),
                     0);
    assert_int_equal(ik_policy_rules(IK_POLICY_HOST, IK_POLICY_LOCAL, 5, all, IK_POLICY_RULES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transit__of_the_list_that_must_not_drop__passes),
        cmocka_unit_test(transit__of_the_list_normally_not_dropped__passes),
        cmocka_unit_test(transit__of_one_link__stops_at_routers_alone),
        cmocka_unit_test(local__of_one_link__needs_its_proof),
        cmocka_unit_test(every_type__has_a_rule_with_a_name_and_a_reason),
        cmocka_unit_test(gateway__of_what_it_has_not_seen__passes_no_error),
        cmocka_unit_test(without_a_case_for_them__types_are_dropped),
        cmocka_unit_test(local__of_the_list_that_must_not_drop__passes),
        cmocka_unit_test(redirect__by_role__is_decided),
        cmocka_unit_test(ipv4__what_paths_and_programs_need__passes),
        cmocka_unit_test(rules__with_little_room__are_counted_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
