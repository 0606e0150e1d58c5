/* SPDX-License-Identifier: MIT */
#include <icmpkit/explain.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void expression__each_tool__has_the_numbers_in_its_words(void **state)
{
    static const struct {
        uint8_t family, type;
        int code;
        const char *wireshark, *tcpdump, *nft;
    } cases[] = {
        {4, 3, 3, "icmp.type == 3 && icmp.code == 3", "icmp[0] == 3 and icmp[1] == 3",
         "icmp type 3 icmp code 3"},
        {4, 8, -1, "icmp.type == 8", "icmp[0] == 8", "icmp type 8"},
        {6, 155, 138, "icmpv6.type == 155 && icmpv6.code == 138",
         "icmp6[0] == 155 and icmp6[1] == 138", "icmpv6 type 155 icmpv6 code 138"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buf[IK_EXPLAIN_EXPRESSION_MAX];
        const struct ik_explain *e = ik_explain_get(cases[i].family, cases[i].type, cases[i].code);
        assert_non_null(e);
        assert_string_equal(ik_explain_expression(e, IK_EXPLAIN_WIRESHARK, buf),
                            cases[i].wireshark);
        assert_string_equal(ik_explain_expression(e, IK_EXPLAIN_TCPDUMP, buf), cases[i].tcpdump);
        assert_string_equal(ik_explain_expression(e, IK_EXPLAIN_NFT, buf), cases[i].nft);
    }
}

static void expression__topic__is_empty(void **state)
{
    char buf[IK_EXPLAIN_EXPRESSION_MAX] = "x";
    const struct ik_explain *e = ik_explain_at(ik_explain_count() - 1);
    (void)state;
    assert_int_equal(e->family, 0);
    assert_string_equal(ik_explain_expression(e, IK_EXPLAIN_NFT, buf), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expression__each_tool__has_the_numbers_in_its_words),
        cmocka_unit_test(expression__topic__is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
