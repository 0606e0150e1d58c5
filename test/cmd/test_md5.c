/* SPDX-License-Identifier: MIT */
#include "cmd/md5.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* RFC 1321 appendix A.5, as far as it fits in one block. */
static void digest__vectors__match(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[16];
        char hex[33];
        ik_md5_short((const uint8_t *)rows[i][0], strlen(rows[i][0]), out);
        for (size_t j = 0; j < 16; j++)
            snprintf(hex + 2 * j, 3, "%02x", out[j]);
        assert_string_equal(hex, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(digest__vectors__match)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
