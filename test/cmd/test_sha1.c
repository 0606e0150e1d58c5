/* SPDX-License-Identifier: MIT */
#include "cmd/sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, const char *hex)
{
    uint8_t got[IK_SHA1_BYTES];
    char shown[2 * IK_SHA1_BYTES + 1] = "";
    ik_sha1_short((const uint8_t *)text, strlen(text), got);
    for (size_t i = 0; i < sizeof got; i++) {
        shown[2 * i] = "0123456789abcdef"[got[i] >> 4];
        shown[2 * i + 1] = "0123456789abcdef"[got[i] & 15];
    }
    assert_string_equal(shown, hex);
}

/* FIPS 180-4's example and RFC 3174's, the empty text, and the longest that one block holds. */
static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    check("abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    check("", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check("a", "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
    check("The quick brown fox jumps over the lazy dog",
          "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12");
    check("1234567890123456789012345678901234567890123456789012345",
          "827a683fdfdbef225a2421078b7789b134c7eafa");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(digests_are_those_of_the_standard)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
