/* SPDX-License-Identifier: MIT */
#include "cmd/page.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* What is put on a page of that width. */
struct sheet {
    struct ik_page page;
    char *text;
    size_t n;
};

static void open_sheet(struct sheet *s, int width)
{
    s->page = (struct ik_page){.width = width};
    s->page.to = open_memstream(&s->text, &s->n);
    assert_non_null(s->page.to);
}

static void expect(struct sheet *s, const char *text)
{
    fclose(s->page.to);
    assert_string_equal(s->text, text);
    free(s->text);
}

static void fill(int width, const char *text, int at, int indent, const char *want)
{
    struct sheet s;
    open_sheet(&s, width);
    ik_page_fill(&s.page, text, strlen(text), at, indent);
    expect(&s, want);
}

static void fill__words__use_each_line_to_its_last_column(void **state)
{
    (void)state;
    fill(10, "one two three", 0, 0, "one two\nthree\n");
    fill(13, "one two three", 0, 0, "one two three\n");
    fill(12, "one two three", 0, 0, "one two\nthree\n");
    fill(10, "one two three", 4, 2, "one\n  two\n  three\n");
    fill(10, "", 4, 2, "\n");
}

static void fill__word_longer_than_a_line__stays_whole(void **state)
{
    (void)state;
    fill(8, "a extraordinarily b", 0, 2, "a\n  extraordinarily\n  b\n");
    fill(8, "extraordinarily", 2, 2, "extraordinarily\n");
}

static void fill__part_of_a_text__ends_there(void **state)
{
    struct sheet s;
    (void)state;
    open_sheet(&s, 20);
    ik_page_fill(&s.page, "one two three", 7, 0, 0);
    expect(&s, "one two\n");
}

/* Each Hangul syllable takes two columns and three bytes. */
static void fill__hangul__counts_columns(void **state)
{
    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    assert_int_equal(ik_page_columns("포트"), 4);
    assert_int_equal(ik_page_columns("포트 도달 불가"), 14);
    fill(9, "포트 도달 불가", 0, 0, "포트 도달\n불가\n");
    fill(8, "포트 도달 불가", 0, 0, "포트\n도달\n불가\n");
    setlocale(LC_CTYPE, "C");
}

static void columns__bytes_that_are_no_character__count_one_each(void **state)
{
    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    assert_int_equal(ik_page_columns("a\xff\xfe"), 3);
    assert_int_equal(ik_page_columns("\xed\x8f"), 2);
    assert_int_equal(ik_page_columns(""), 0);
    setlocale(LC_CTYPE, "C");
}

static void put__mark__is_there_with_colour_alone(void **state)
{
    struct sheet s;
    (void)state;
    open_sheet(&s, 80);
    ik_page_put(&s.page, IK_PAGE_HEAD, "x");
    s.page.colour = true;
    ik_page_put(&s.page, IK_PAGE_PLAIN, "y");
    ik_page_put(&s.page, IK_PAGE_HEAD, "z");
    expect(&s, "xy\x1b[1mz\x1b[0m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fill__words__use_each_line_to_its_last_column),
        cmocka_unit_test(fill__word_longer_than_a_line__stays_whole),
        cmocka_unit_test(fill__part_of_a_text__ends_there),
        cmocka_unit_test(fill__hangul__counts_columns),
        cmocka_unit_test(columns__bytes_that_are_no_character__count_one_each),
        cmocka_unit_test(put__mark__is_there_with_colour_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
