/* SPDX-License-Identifier: MIT */
#include "conf/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct ik_conf_fault fault;

static enum ik_err parse(struct ik_arena *a, const char *text, const struct ik_tree_node **out)
{
    memset(&fault, 0, sizeof(fault));
    return ik_tree_parse(out, a, (struct ik_rd){(const uint8_t *)text, strlen(text)}, &fault);
}

static void parse__tree__knows_places(void **state)
{
    (void)state;
    struct ik_arena a = {0};
    const struct ik_tree_node *root;
    const char *text = "a: {b: no, c: \"x y\"}\n"
                       "list:\n"
                       "  - 1\n"
                       "  - [2001:db8::1/64, '3']\n";
    assert_int_equal(parse(&a, text, &root), IK_OK);
    assert_int_equal(root->kind, IK_TREE_MAP);
    assert_int_equal(root->n, 2);
    assert_int_equal(root->weight, 13);
    const struct ik_tree_node *b = ik_tree_find(ik_tree_find(root, "a"), "b");
    assert_string_equal(b->text, "no");
    assert_true(b->plain);
    assert_int_equal(b->line, 1);
    assert_int_equal(b->column, 8);
    const struct ik_tree_node *c = ik_tree_find(ik_tree_find(root, "a"), "c");
    assert_string_equal(c->text, "x y");
    assert_false(c->plain);
    const struct ik_tree_node *list = ik_tree_find(root, "list");
    assert_int_equal(list->kind, IK_TREE_LIST);
    assert_null(list->items[0].key);
    assert_int_equal(list->items[0].value->line, 3);
    assert_string_equal(list->items[1].value->items[0].value->text, "2001:db8::1/64");
    assert_int_equal(list->items[1].value->items[1].value->column, 22);
    assert_null(ik_tree_find(root, "b"));
    assert_null(ik_tree_find(list, "b"));
    ik_arena_free(&a);
}

static void parse__empty__is_a_map_without_items(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\n\n", "# nothing\n", "---\n", "{}"};
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        struct ik_arena a = {0};
        const struct ik_tree_node *root;
        assert_int_equal(parse(&a, empty[i], &root), IK_OK);
        assert_true(root->kind == IK_TREE_MAP || root->text[0] == '\0');
        assert_int_equal(root->n, 0);
        ik_arena_free(&a);
    }
}

static void alias__of_a_map__is_the_same_at_its_own_place(void **state)
{
    (void)state;
    struct ik_arena a = {0};
    const struct ik_tree_node *root;
    assert_int_equal(parse(&a, "a: &x {k: 1}\nb: *x\nc: &x 5\nd: *x\n", &root), IK_OK);
    const struct ik_tree_node *b = ik_tree_find(root, "b");
    assert_int_equal(b->line, 2);
    assert_int_equal(b->column, 4);
    assert_string_equal(ik_tree_find(b, "k")->text, "1");
    assert_string_equal(ik_tree_find(root, "d")->text, "5");
    assert_int_equal(root->weight, 1 + 4 + 4 + 2 + 2);
    ik_arena_free(&a);
}

static void parse__faults__are_said_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line, column;
        const char *want;
    } cases[] = {
        {"a: 1\nb: 2\na: 3\n", 3, 1, "\"a\" a second time: the first is in line 1"},
        {"{b: 1, a: 2, b: 3}", 1, 14, "\"b\" a second time: the first is in line 1"},
        {"a: [1, 2\nb: 3\n", 2, 2,
         "not YAML: did not find expected ',' or ']', while parsing a flow sequence from line 1 "
         "on"},
        {"a: *x\n", 1, 4, "nothing is anchored as &x before this"},
        {"a: &x [*x]\n", 1, 8, "nothing is anchored as &x before this"},
        {"a: !!int 3\n", 1, 4, "a tag (tag:yaml.org,2002:int) has no meaning here"},
        {"a: !thing {}\n", 1, 4, "a tag (!thing) has no meaning here"},
        {"a: 1\n---\nb: 2\n", 2, 1, "a second document: a file is one"},
        {"[1, 2]: 3\n", 1, 1, "a key must be a word"},
        {"a: \"x\\0y\"\n", 1, 4, "a text with a zero byte in it"},
        {"a: \"\\xff\n", 2, 1,
         "not YAML: found unexpected end of stream, while scanning a quoted scalar from line 1 on"},
        {"a: \"\\e[2J\\x9b\xe2\x82\xac\" : x", 1, 17,
         "not YAML: mapping values are not allowed in this context"},
        {"\"\\e[2J\\x9b\xe2\x82\xac\": 1\n\"\\e[2J\\x9b\xe2\x82\xac\": 1\n", 2, 1,
         "\"?[2J??\xe2\x82\xac\" a second time: the first is in line 1"},
        {"a: \x80\n", 1, 1, "not YAML: invalid leading UTF-8 octet"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", 1, 17, "nested deeper than 16"},
        {"\t- x", 1, 1,
         "not YAML: found character that cannot start any token, "
         "while scanning for the next token from line 1 on"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ik_arena a = {0};
        const struct ik_tree_node *root = NULL;
        assert_int_equal(parse(&a, cases[i].text, &root), IK_E_VALUE);
        assert_string_equal(fault.text, cases[i].want);
        assert_int_equal(fault.line, cases[i].line);
        assert_int_equal(fault.column, cases[i].column);
        assert_null(root);
        ik_arena_free(&a);
    }
}

/* Nine lines that stand for a thousand million scalars. */
static void alias__that_grows__is_refused(void **state)
{
    (void)state;
    char text[2048] = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; i++) {
        char line[128];
        snprintf(line, sizeof(line), "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        strcat(text, line);
    }
    struct ik_arena a = {0};
    const struct ik_tree_node *root;
    assert_int_equal(parse(&a, text, &root), IK_E_VALUE);
    assert_string_equal(
        fault.text, "too much: more than 400000 values (an alias counts as what it stands for)");
    ik_arena_free(&a);
}

/* Each bound, just inside and just outside. */
static void parse__much__is_bounded(void **state)
{
    (void)state;
    const size_t room = IK_TREE_BYTES_MAX + 16;
    char *text = malloc(room);
    const struct ik_tree_node *root;
    for (int over = 0; over < 2; over++) {
        struct ik_arena a = {0};
        size_t n = 0;
        text[n++] = '[';
        for (int i = 0; i < IK_TREE_NODES_MAX - 1 + over; i++) {
            text[n++] = 'x';
            text[n++] = ',';
        }
        text[n++] = ']';
        const enum ik_err err =
            ik_tree_parse(&root, &a, (struct ik_rd){(const uint8_t *)text, n}, &fault);
        assert_int_equal(err, over ? IK_E_VALUE : IK_OK);
        ik_arena_free(&a);
    }
    for (size_t over = 0; over < 2; over++) {
        struct ik_arena a = {0};
        memset(text, '\n', room);
        const struct ik_rd bytes = {(const uint8_t *)text, IK_TREE_BYTES_MAX + over};
        assert_int_equal(ik_tree_parse(&root, &a, bytes, &fault), over ? IK_E_VALUE : IK_OK);
        ik_arena_free(&a);
    }
    assert_string_equal(fault.text, "too long: more than 4194304 bytes");
    free(text);
}

static void anchors__many__are_bounded(void **state)
{
    (void)state;
    char text[8192] = "";
    for (int i = 0; i <= IK_TREE_ANCHORS_MAX; i++)
        sprintf(text + strlen(text), "- &a%d x\n", i);
    struct ik_arena a = {0};
    const struct ik_tree_node *root;
    assert_int_equal(parse(&a, text, &root), IK_E_VALUE);
    assert_string_equal(fault.text, "more than 256 anchors");
    assert_int_equal(fault.line, 257);
    ik_arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__tree__knows_places),
        cmocka_unit_test(parse__empty__is_a_map_without_items),
        cmocka_unit_test(alias__of_a_map__is_the_same_at_its_own_place),
        cmocka_unit_test(parse__faults__are_said_with_their_place),
        cmocka_unit_test(alias__that_grows__is_refused),
        cmocka_unit_test(parse__much__is_bounded),
        cmocka_unit_test(anchors__many__are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
