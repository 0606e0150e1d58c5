/* SPDX-License-Identifier: MIT
 * MPLS label stacks. */
#include "vector.h"

static struct ik_faults faults;

/* R4950-5-01 */
static void take__entry__has_label_tc_bottom_and_ttl(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("00010101 073d9e40");
    struct ik_rd r = in;
    struct ik_mpls m;
    assert_int_equal(ik_mpls_take(&r, &m), IK_OK);
    assert_int_equal(m.label, 16);
    assert_int_equal(m.tc, 0);
    assert_true(m.bottom);
    assert_int_equal(m.ttl, 1);
    assert_int_equal(ik_mpls_take(&r, &m), IK_OK);
    assert_int_equal(m.label, 0x073d9);
    assert_int_equal(m.tc, 7);
    assert_false(m.bottom);
    assert_int_equal(m.ttl, 0x40);
    assert_int_equal(ik_mpls_take(&r, &m), IK_E_NOT_FOUND);
    vector_free(in);
    in = vector_hex("00010101 0001");
    r = in;
    assert_int_equal(ik_mpls_take(&r, &m), IK_OK);
    assert_int_equal(ik_mpls_take(&r, &m), IK_E_SHORT);
    assert_int_equal(ik_mpls_take(&r, &m), IK_E_NOT_FOUND);
    vector_free(in);
}

/* R4950-5-04 */
static void check__bottom_bit__is_on_the_last_and_only_there(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool right;
        unsigned at;
    } cases[] = {
        {"00010101", true, 0},           {"00010001 00020101", true, 0},
        {"00010101 00020101", false, 0}, {"00010101 00020001", false, 0},
        {"00010001 00020001", false, 4}, {"00010001", false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct ik_rd in = vector_hex(cases[i].hex);
        faults = (struct ik_faults){0};
        assert_int_equal(ik_mpls_check(in, &faults), cases[i].right);
        assert_int_equal(vector_has_flaw(&faults, IK_FLAW_MPLS_BOTTOM, cases[i].at),
                         !cases[i].right);
        vector_free(in);
    }
    assert_false(ik_mpls_check((struct ik_rd){(const uint8_t *)"", 0}, &faults));
    assert_false(ik_mpls_check((struct ik_rd){(const uint8_t *)"\0\1\1\1\0", 5}, &faults));
}

/* R4950-5-01, R4950-5-02: two labels make one object of 12 bytes, top first. */
static void put__stack_of_two__is_one_object(void **state)
{
    (void)state;
    uint8_t out[32];
    size_t len;
    struct ik_ext_writer w;
    const struct ik_mpls stack[] = {{.label = 0x73d9, .ttl = 1},
                                    {.label = 0xfffff, .tc = 7, .ttl = 255, .bottom = true}};
    assert_int_equal(ik_ext_begin(&w, 4, 11, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_mpls_put(&w, stack, 2), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    assert_int_equal(len, 16);
    assert_memory_equal(out + 4, "\x00\x0c\x01\x01\x07\x3d\x90\x01\xff\xff\xff\xff", 12);
}

/* R4950-5-03 */
static void put__what_cannot_stand__is_refused(void **state)
{
    (void)state;
    uint8_t out[32];
    struct ik_ext_writer w;
    const struct ik_mpls right = {.label = 1, .bottom = true};
    const struct ik_mpls wide = {.label = 0x100000, .bottom = true};
    const struct ik_mpls tc = {.tc = 8, .bottom = true};
    const struct ik_mpls two[] = {right, right};
    assert_int_equal(ik_ext_begin(&w, 4, 12, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_mpls_put(&w, &right, 1), IK_E_UNSUPPORTED);
    assert_int_equal(ik_ext_begin(&w, 4, 3, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_mpls_put(&w, &wide, 1), IK_E_VALUE);
    assert_int_equal(ik_mpls_put(&w, &tc, 1), IK_E_VALUE);
    assert_int_equal(ik_mpls_put(&w, two, 2), IK_E_VALUE);
    assert_int_equal(ik_mpls_put(&w, two, 0), IK_E_VALUE);
    assert_int_equal(ik_mpls_put(&w, &right, 1), IK_OK);
    assert_int_equal(ik_mpls_put(&w, &right, 1), IK_E_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__entry__has_label_tc_bottom_and_ttl),
        cmocka_unit_test(check__bottom_bit__is_on_the_last_and_only_there),
        cmocka_unit_test(put__stack_of_two__is_one_object),
        cmocka_unit_test(put__what_cannot_stand__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
