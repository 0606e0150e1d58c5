/* SPDX-License-Identifier: MIT
 * A table of keys that is no lab's: each kind of value, right, at its edges and wrong. */
#include "conf/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum { LIMITS = 6 };

struct watch {
    int64_t limits[LIMITS];
    uint8_t tries;
    uint32_t share, each_second;
    bool on, closed;
    uint32_t words;
    uint8_t choice;
    const char *name;
    struct ik_keys_texts names;
    struct ik_keys_prefixes home;
    struct ik_keys_ports ports;
    struct ik_addr router;
};

#define AT(member) IK_KEYS_MEMBER(struct watch, member)
static const char *const words[] = {"none", "nft", "xdp", NULL};
static const struct ik_key keys[] = {
    {"flood-dst", IK_KEY_PER_SECOND, AT(limits[0]), .min = 10, .max = 100000000},
    {"hold", IK_KEY_TIME, AT(limits[1]), .min = IK_NS_PER_S, .max = 3600 * IK_NS_PER_S},
    {"odd-size", IK_KEY_BYTES, AT(limits[2]), .min = 64, .max = 65535},
    {"mismatch", IK_KEY_PERCENT, AT(limits[3]), .min = 1, .max = 100},
    {"replies", IK_KEY_INT, AT(limits[4]), .min = 2, .max = 100000},
    {"any", IK_KEY_INT, AT(limits[5])},
    {"tries", IK_KEY_INT, AT(tries), .min = 0, .max = 255},
    {"share", IK_KEY_PERCENT, AT(share)},
    {"rate", IK_KEY_PER_SECOND, AT(each_second)},
    {"on", IK_KEY_FLAG, AT(on)},
    {"open", IK_KEY_OFF, AT(closed)},
    {"words", IK_KEY_WORDS, AT(words), .words = words},
    {"enforce", IK_KEY_CHOICE, AT(choice), .words = words},
    {"name", IK_KEY_TEXT, AT(name)},
    {"interfaces", IK_KEY_TEXTS, AT(names), .max = 3},
    {"home", IK_KEY_PREFIXES, AT(home), .max = 3},
    {"ports", IK_KEY_PORTS, AT(ports)},
    {"router", IK_KEY_ADDR, AT(router)},
};
static const struct ik_keys watch_of = {"guard", keys, COUNT(keys)};

static struct ik_conf_fault fault;

static enum ik_err read_text(struct ik_arena *arena, const char *text, struct watch *out)
{
    const struct ik_keys_ctx ctx = {arena, &fault, "icmp-guard(5)"};
    const struct ik_tree_node *root;
    memset(&fault, 0, sizeof(fault));
    const enum ik_err err =
        ik_tree_parse(&root, arena, (struct ik_rd){(const uint8_t *)text, strlen(text)}, &fault);
    return err ? err : ik_keys_read(&ctx, &watch_of, root, out);
}

static void read__every_kind__is_stored(void **state)
{
    (void)state;
    struct ik_arena arena = {0};
    struct watch w = {.name = "as it was"};
    assert_int_equal(read_text(&arena,
                               "flood-dst: 250/s\nhold: 90s\nodd-size: 1KiB\nmismatch: 50%\n"
                               "replies: 8\nany: -3\ntries: 255\nshare: 7%\nrate: 120/min\n"
                               "on: yes\nopen: off\nwords: [nft, xdp]\nenforce: nft\n"
                               "interfaces: [eth0, eth1]\nhome: [10.0.0.0/8, \"2001:db8::1\"]\n"
                               "ports: 53\nrouter: 192.0.2.1\n",
                               &w),
                     IK_OK);
    assert_int_equal(w.limits[0], 250);
    assert_int_equal(w.limits[1], 90 * IK_NS_PER_S);
    assert_int_equal(w.limits[2], 1024);
    assert_int_equal(w.limits[3], 50);
    assert_int_equal(w.limits[4], 8);
    assert_int_equal(w.limits[5], -3);
    assert_int_equal(w.tries, 255);
    assert_int_equal(w.share, 7);
    assert_int_equal(w.each_second, 2);
    assert_true(w.on && w.closed);
    assert_int_equal(w.words, 6);
    assert_int_equal(w.choice, 1);
    assert_string_equal(w.name, "as it was");
    assert_int_equal(w.names.n, 2);
    assert_string_equal(w.names.texts[1], "eth1");
    assert_int_equal(w.home.n, 2);
    assert_int_equal(w.home.prefixes[0].bits, 8);
    assert_int_equal(w.home.prefixes[1].bits, 128);
    assert_int_equal(w.ports.n, 1);
    assert_int_equal(w.ports.ports[0], 53);
    assert_int_equal(w.router.bytes[3], 1);
    ik_arena_free(&arena);
}

static void read__one_instead_of_a_list__is_a_list_of_one(void **state)
{
    (void)state;
    struct ik_arena arena = {0};
    struct watch w = {0};
    assert_int_equal(read_text(&arena, "{interfaces: lo, home: 10.0.0.0/8}", &w), IK_OK);
    assert_int_equal(w.names.n, 1);
    assert_string_equal(w.names.texts[0], "lo");
    assert_int_equal(w.home.n, 1);
    assert_int_equal(read_text(&arena, "{interfaces: [], home: []}", &w), IK_OK);
    assert_int_equal(w.names.n, 0);
    assert_int_equal(w.home.n, 0);
    ik_arena_free(&arena);
}

static void read__what_is_wrong__is_said_with_what_would_be_right(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"flood-dts: 3", "unknown key \"flood-dts\" of guard: did you mean flood-dst?"},
        {"zzzzzzzzz: 3",
         "unknown key \"zzzzzzzzz\" of guard: there are flood-dst, hold, odd-size, mismatch, "
         "replies, any, tries, share, rate, on, open, words, enforce, name, interfaces, home, "
         "ports, router"},
        {"flood-dst: 250", "wrong value \"250\" for flood-dst: must be a whole number a second, "
                           "from 10/s to 100000000/s"},
        {"flood-dst: 9/s", "wrong value \"9/s\" for flood-dst: must be a whole number a second, "
                           "from 10/s to 100000000/s"},
        {"rate: 1000000001/s",
         "wrong value \"1000000001/s\" for rate: must be a whole number a second, such as 100/s"},
        {"hold: 999ms", "wrong value \"999ms\" for hold: must be a time with its unit (500us, 5ms, "
                        "2s, 1min), from 1s to 1h"},
        {"odd-size: 64KiB", "wrong value \"64KiB\" for odd-size: must be a number of bytes such as "
                            "1500, 64KiB or 4MB, from 64 to 65535"},
        {"mismatch: 0%",
         "wrong value \"0%\" for mismatch: must be a whole part in percent from 1% to 100%"},
        {"share: 101%",
         "wrong value \"101%\" for share: must be a whole part in percent such as 90%"},
        {"tries: 256", "wrong value \"256\" for tries: must be a whole number from 0 to 255"},
        {"any: x", "wrong value \"x\" for any: must be a whole number"},
        {"any: [1]", "wrong value \"[...]\" for any: must be a whole number"},
        {"on: 1", "wrong value \"1\" for on: must be on or off"},
        {"enforce: bpf", "wrong value \"bpf\" for enforce: must be none, nft or xdp"},
        {"words: [nft, bpf]", "wrong value \"bpf\" for words: must be none, nft or xdp"},
        {"name: [a]", "wrong value \"[...]\" for name: must be one word"},
        {"interfaces: [a, [b]]", "wrong value \"[...]\" for interfaces: must be one word"},
        {"interfaces: [a, b, c, d]", "4 words are too many: at most 3"},
        {"home: [1.0.0.0/8, 2.0.0.0/8, 3.0.0.0/8, 4.0.0.0/8]",
         "4 prefixes are too many: at most 3"},
        {"home: [10.0.0.1/8]", "wrong value \"10.0.0.1/8\" for home: must be 10.0.0.0/8, or "
                               "10.0.0.1 for that address alone"},
        {"home: here", "wrong value \"here\" for home: must be a prefix, such as 192.0.2.0/24"},
        {"ports: [0]", "wrong value \"0\" for ports: must be a port from 1 to 65535"},
        {"router: x", "wrong value \"x\" for router: must be an address, such as 192.0.2.1"},
        {"- a", "guard must be a map such as {flood-dst: 100/s}, not [...]"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ik_arena arena = {0};
        struct watch w = {0};
        const struct watch none = {0};
        assert_int_equal(read_text(&arena, cases[i].text, &w), IK_E_VALUE);
        assert_string_equal(fault.text, cases[i].want);
        assert_int_equal(fault.line, 1);
        assert_memory_equal(w.limits, none.limits, sizeof(w.limits));
        ik_arena_free(&arena);
    }
}

/* A language that has the arguments in another order. */
static const char *other(const char *format)
{
    static const char *const texts[][2] = {
        {"wrong value \"%.80s\" for %s: must be %s", "%2$s(%1$.80s)?? %3$s!"},
        {"a whole number from %s to %s", "%2$s..%1$s"},
        {" or ", " aut "},
        {"prefixes", "praefixa"},
        {"%u %s are too many: at most %u", "%2$s: %1$u > %3$u"},
        {"unknown key \"%.80s\" of %s: did you mean %s?", "%3$s <- %1$.80s (%2$s)"},
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        if (strcmp(texts[i][0], format) == 0)
            return texts[i][1];
    return format;
}

static void read__in_another_language__has_the_arguments_where_they_belong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"tries: 256", "tries(256)?? 255..0!"},
        {"enforce: bpf", "enforce(bpf)?? none, nft aut xdp!"},
        {"home: [1.0.0.0/8, 2.0.0.0/8, 3.0.0.0/8, 4.0.0.0/8]", "praefixa: 4 > 3"},
        {"hodl: 3", "hold <- hodl (guard)"},
        {"name: [a]", "name([...])?? one word!"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct ik_arena arena = {0};
        struct watch w = {0};
        struct ik_conf_fault said = {.translate = other};
        const struct ik_keys_ctx ctx = {&arena, &said, "icmp-guard(5)"};
        const struct ik_tree_node *root;
        const struct ik_rd bytes = {(const uint8_t *)cases[i].text, strlen(cases[i].text)};
        assert_int_equal(ik_tree_parse(&root, &arena, bytes, &said), IK_OK);
        assert_int_equal(ik_keys_read(&ctx, &watch_of, root, &w), IK_E_VALUE);
        assert_string_equal(said.text, cases[i].want);
        ik_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__every_kind__is_stored),
        cmocka_unit_test(read__one_instead_of_a_list__is_a_list_of_one),
        cmocka_unit_test(read__what_is_wrong__is_said_with_what_would_be_right),
        cmocka_unit_test(read__in_another_language__has_the_arguments_where_they_belong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
