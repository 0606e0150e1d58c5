/* SPDX-License-Identifier: MIT */
#include "cmd/lang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void environment(const char *all, const char *messages, const char *lang,
                        const char *language)
{
    const char *const v[][2] = {
        {"LC_ALL", all}, {"LC_MESSAGES", messages}, {"LANG", lang}, {"LANGUAGE", language}};
    for (size_t i = 0; i < 4; i++) {
        if (v[i][1])
            assert_int_equal(setenv(v[i][0], v[i][1], 1), 0);
        else
            assert_int_equal(unsetenv(v[i][0]), 0);
    }
}

static enum ik_explain_lang wanted(const char *a, const char *b, const char *c)
{
    char *argv[4] = {strdup(a), strdup(b), c ? strdup(c) : NULL, NULL};
    const enum ik_explain_lang lang = ik_lang_wanted(argv);
    for (int i = 0; i < 3; i++)
        free(argv[i]);
    return lang;
}

static void wanted__environment__as_gettext_reads_it(void **state)
{
    (void)state;
    static const struct {
        const char *all, *messages, *lang, *language;
        enum ik_explain_lang want;
    } rows[] = {
        {NULL, NULL, NULL, NULL, IK_EXPLAIN_EN},
        {NULL, NULL, "ko_KR.UTF-8", NULL, IK_EXPLAIN_KO},
        {NULL, NULL, "ko", NULL, IK_EXPLAIN_KO},
        {NULL, NULL, "kok_IN", NULL, IK_EXPLAIN_EN}, /* Konkani */
        {NULL, "en_US.UTF-8", "ko_KR.UTF-8", NULL, IK_EXPLAIN_EN},
        {"C", "ko_KR.UTF-8", "ko_KR.UTF-8", NULL, IK_EXPLAIN_EN},
        {"", NULL, "ko_KR.UTF-8", NULL, IK_EXPLAIN_KO}, /* empty is not set */
        {NULL, NULL, "en_US.UTF-8", "ko:en", IK_EXPLAIN_KO},
        {NULL, NULL, "ko_KR.UTF-8", "en", IK_EXPLAIN_EN},
        {NULL, NULL, "C", "ko", IK_EXPLAIN_EN}, /* gettext asks LANGUAGE in a locale only */
        {NULL, NULL, "C.UTF-8", "ko", IK_EXPLAIN_KO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        environment(rows[i].all, rows[i].messages, rows[i].lang, rows[i].language);
        if (wanted("ping", "192.0.2.1", NULL) != rows[i].want)
            fail_msg("row %zu", i);
    }
}

static void wanted__option__is_before_the_environment(void **state)
{
    (void)state;
    environment(NULL, NULL, "ko_KR.UTF-8", NULL);
    assert_int_equal(wanted("ping", "--lang", "en"), IK_EXPLAIN_EN);
    assert_int_equal(wanted("ping", "--lang=en", "x"), IK_EXPLAIN_EN);
    environment(NULL, NULL, NULL, NULL);
    assert_int_equal(wanted("ping", "--lang", "ko"), IK_EXPLAIN_KO);
    assert_int_equal(wanted("--lang=ko", "ping", "x"), IK_EXPLAIN_KO);
    /* Behind -- it is an operand; without a value it is the parser's to refuse. */
    assert_int_equal(wanted("--", "--lang=ko", "x"), IK_EXPLAIN_EN);
    assert_int_equal(wanted("ping", "x", "--lang"), IK_EXPLAIN_EN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wanted__environment__as_gettext_reads_it),
        cmocka_unit_test(wanted__option__is_before_the_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
