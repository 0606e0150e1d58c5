/* SPDX-License-Identifier: MIT
 * Ids as the reference implementation of the specification gives them (its own tests' vectors). */
#include "cmd/communityid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void check(uint8_t family, const char *from, const char *to, uint8_t type, uint8_t code,
                  const char *want)
{
    struct ik_addr src, dst;
    char got[IK_COMMUNITYID_TEXT];
    assert_int_equal(ik_addr_parse(from, &src), IK_OK);
    assert_int_equal(ik_addr_parse(to, &dst), IK_OK);
    assert_string_equal(ik_communityid(family, &src, &dst, type, code, got), want);
}

static void both_directions_of_an_echo_are_one_flow(void **state)
{
    (void)state;
    check(4, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    check(4, "192.168.0.1", "192.168.0.89", 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
    /* The code of a type that has a partner does not count. */
    check(4, "192.168.0.1", "192.168.0.89", 0, 20, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=");
}

static void what_goes_one_way_has_type_and_code_for_ports(void **state)
{
    (void)state;
    check(4, "192.168.0.89", "192.168.0.1", 20, 0, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI=");
    check(4, "192.168.0.89", "192.168.0.1", 20, 1, "1:tz/fHIDUHs19NkixVVoOZywde+I=");
    check(6, "3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
          "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w=");
    check(6, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:507:0:1:260:97ff:fe07:69ea", 3, 0,
          "1:/OGBt9BN1ofenrmSPWYicpij2Vc=");
}

static void neighbour_discovery_of_both_directions_is_one_flow(void **state)
{
    (void)state;
    check(6, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
          "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
    check(6, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
          "1:dGHyGvjMfljg6Bppwm3bg0LO8TY=");
    check(6, "fe80::260:97ff:fe07:69ea", "ff02::1", 134, 0, "1:pkvHqCL88/tg1k4cPigmZXUtL00=");
    check(6, "3ffe:507:0:1:200:86ff:fe05:80da", "3ffe:501:0:1001::2", 128, 0,
          "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg=");
}

static void an_address_that_is_not_known_has_no_flow(void **state)
{
    (void)state;
    char got[IK_COMMUNITYID_TEXT] = "x";
    const struct ik_addr none = {.family = 0}, four = {.family = 4};
    assert_string_equal(ik_communityid(4, &four, &none, 8, 0, got), "");
    assert_string_equal(ik_communityid(0, &four, &four, 8, 0, got), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_of_an_echo_are_one_flow),
        cmocka_unit_test(what_goes_one_way_has_type_and_code_for_ports),
        cmocka_unit_test(neighbour_discovery_of_both_directions_is_one_flow),
        cmocka_unit_test(an_address_that_is_not_known_has_no_flow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
