/* SPDX-License-Identifier: MIT
 * Entropy, and what machine this is. */
#include <icmpkit/host.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>
#include <sys/utsname.h>

static void entropy__two_blocks__differ_and_are_full(void **state)
{
    (void)state;
    /* Longer than one getrandom call must give (256 bytes). */
    uint8_t a[4096] = {0}, b[4096] = {0};
    assert_int_equal(ik_entropy(a, sizeof(a)), IK_OK);
    assert_int_equal(ik_entropy(b, sizeof(b)), IK_OK);
    assert_memory_not_equal(a, b, sizeof(a));
    /* A tail left at zero: 64 zero bytes by chance are 2^-512. */
    const uint8_t zero[64] = {0};
    assert_memory_not_equal(a + sizeof(a) - 64, zero, 64);
}

static void entropy__fewer_bytes__leaves_the_rest(void **state)
{
    (void)state;
    uint8_t a[8];
    memset(a, 0x55, sizeof(a));
    assert_int_equal(ik_entropy(a, 0), IK_OK);
    for (int i = 0; i < 64; i++)
        assert_int_equal(ik_entropy(a, 4), IK_OK);
    for (size_t i = 4; i < sizeof(a); i++)
        assert_int_equal(a[i], 0x55);
}

/* The first numbers of splitmix64 from seed 0 begin with e2, 6e, 06, f8 (Vigna's reference). */
static void entropy_seeded__known_seed__is_as_on_every_machine(void **state)
{
    (void)state;
    uint8_t a[5] = {0, 0, 0, 0, 0x77}, b[16], c[16];
    ik_entropy_seeded(0, a, 4);
    assert_memory_equal(a, "\xe2\x6e\x06\xf8\x77", 5);
    ik_entropy_seeded(7, b, sizeof(b));
    ik_entropy_seeded(7, c, sizeof(c));
    assert_memory_equal(b, c, sizeof(b));
    ik_entropy_seeded(8, c, sizeof(c));
    assert_memory_not_equal(b, c, sizeof(b));
}

static void kernel__long_enough_buffer__is_the_release(void **state)
{
    (void)state;
    struct utsname name;
    char buf[128];
    assert_int_equal(uname(&name), 0);
    assert_string_equal(ik_host_kernel(buf, sizeof(buf)), name.release);
}

static void kernel__short_buffer__is_cut_and_terminated(void **state)
{
    (void)state;
    char buf[4] = "xxx";
    assert_ptr_equal(ik_host_kernel(buf, 3), buf);
    assert_int_equal(strlen(buf), 2);
    assert_int_equal(buf[3], '\0');
    buf[0] = 'x';
    ik_host_kernel(buf, 0);
    assert_int_equal(buf[0], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entropy__two_blocks__differ_and_are_full),
        cmocka_unit_test(entropy__fewer_bytes__leaves_the_rest),
        cmocka_unit_test(entropy_seeded__known_seed__is_as_on_every_machine),
        cmocka_unit_test(kernel__long_enough_buffer__is_the_release),
        cmocka_unit_test(kernel__short_buffer__is_cut_and_terminated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
