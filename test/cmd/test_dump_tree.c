/* SPDX-License-Identifier: MIT */
#include "dump_rig.h"

#define NOV14 (1700000000 * IK_NS_PER_S)

static const char *tree(struct dump_rig *r)
{
    r->used = 0;
    ik_dump_tree(&r->style, &r->stamp, &r->p, dump_rig_piece, r);
    return r->text;
}

static const char *hex(struct dump_rig *r, size_t from, bool ascii)
{
    r->used = 0;
    r->text[0] = 0;
    ik_dump_hex(r->p.frame.bytes, from, ascii, &r->p.faults, dump_rig_piece, r);
    return r->text;
}

static void contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no '%s' in:\n%s", part, text);
}

static void tree__of_an_echo__has_places_and_marks_the_protocol(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    dump_rig_echo(r, NOV14, "10.0.0.1", "10.0.0.2", 8, 1);
    const char *text = tree(r);
    contains(text, "packet 1: 2023-11-14 22:13:20.000000 +0000, 50 bytes\n"
                   "  0-13        ethernet: 02:00:00:00:00:01 > 02:00:00:00:00:02\n"
                   "  14-33       IPv4\n"
                   "    14.0-3      version: 4\n"
                   "    14.4-7      header length: 20 bytes\n");
    contains(text, "    23          protocol: 1 (icmp)  <== this makes it ICMP\n");
    contains(text, "  34-49       ICMP\n    34          type: 8 (echo-request)\n");
    contains(text, "    38-39       identifier: 7\n    40-41       sequence number: 1\n"
                   "    42-49       data: 8 bytes\n");
    dump_rig_end(r);
}

/* Only the outer header is marked, though the inner one has the same number. */
static void quote__in_an_error__stands_in_brackets(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    rig_echo(&r->ip, "10.0.0.1", "10.9.9.9", 8, 7, 1, 8);
    assert_true(dump_rig_error(r, NOV14, "10.0.0.254", "10.0.0.1", 11, 0, 0));
    const char *text = tree(r);
    const char *mark = strstr(text, "<==");
    assert_non_null(mark);
    assert_null(strstr(mark + 1, "<=="));
    contains(text, "    42-77       packet that it is about [\n");
    contains(strstr(text, " [\n"), "        58-61       destination address: 10.9.9.9\n");
    contains(strstr(text, "10.9.9.9"), "\n    ]\n");
    dump_rig_end(r);
}

static void flaw__in_a_field__is_told_there(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    rig_echo(&r->ip, "10.0.0.1", "10.0.0.2", 8, 7, 1, 8);
    r->ip.bytes[22] = 0x12;
    r->ip.bytes[23] = 0x34;
    dump_rig_take(r, NOV14);
    contains(tree(r), "    36-37       checksum: 0x1234  <-- bad-checksum\n");
    dump_rig_end(r);
}

/* Every type that a row names, and some that none does: the walk ends, and no place lies outside of
 * the packet. */
static void any_type__of_noise__stays_inside(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    for (unsigned type = 0; type < 512; type++) {
        char text[400];
        int n = snprintf(text, sizeof(text), "%02x000000", type & 255);
        for (unsigned i = 0; i < 100; i++)
            n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", (type * 31 + i * 7) & 255);
        const bool six = type > 255;
        dump_rig_icmp(r, NOV14, six ? "fe80::1" : "10.0.0.1", six ? "fe80::2" : "10.0.0.2", text);
        for (const char *line = strchr(tree(r), '\n'); line && line[1];
             line = strchr(line + 1, '\n')) {
            unsigned long at = 0;
            if (sscanf(line + 1, " %lu", &at) == 1)
                assert_true(at < r->frame_bytes);
        }
        dump_rig_line(r);
    }
    dump_rig_end(r);
}

static void hex__with_flaws__marks_the_bytes(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    rig_echo(&r->ip, "10.0.0.1", "10.0.0.2", 8, 7, 1, 8);
    r->ip.bytes[22] = 0x12;
    dump_rig_take(r, NOV14);
    const char *text = hex(r, RIG_ETHER, false);
    contains(text, "\t0x0000:  4500 0024 0002 0000 4001 66d5 0a00 0001\n");
    contains(text, "\t0x0010:  0a00 0002 0800 12");
    contains(text, "\n\t                        ^^ bad-checksum\n\t0x0020:  ");
    text = hex(r, 0, true); /* shifted by the link: another place in the row */
    contains(text, "\t0x0000:  0200 0000 0002 0200 0000 0001 0800 4500  ..............E.\n");
    contains(text, "\n\t                   ^^ bad-checksum\n");
    dump_rig_end(r);
}

/* The last byte of a row, and a flaw past the end of what was captured. */
static void hex__flaws_at_the_edges__are_put_where_they_are(void **state)
{
    (void)state;
    struct dump_rig *r = dump_rig_begin();
    dump_rig_echo(r, NOV14, "10.0.0.1", "10.0.0.2", 8, 1);
    r->p.faults = (struct ik_faults){
        .n = 3, .list = {{IK_FLAW_TRUNCATED, 50}, {IK_FLAW_BAD_CODE, 15}, {IK_FLAW_RESERVED, 15}}};
    const char *text = hex(r, 0, false);
    contains(text,
             "4500\n\t                                              ^^ bad-code reserved-set\n");
    assert_non_null(strstr(text, "truncated"));
    r->p.faults.list[0].at = 4000;
    assert_null(strstr(hex(r, 0, false), "truncated"));
    dump_rig_end(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree__of_an_echo__has_places_and_marks_the_protocol),
        cmocka_unit_test(quote__in_an_error__stands_in_brackets),
        cmocka_unit_test(flaw__in_a_field__is_told_there),
        cmocka_unit_test(any_type__of_noise__stays_inside),
        cmocka_unit_test(hex__with_flaws__marks_the_bytes),
        cmocka_unit_test(hex__flaws_at_the_edges__are_put_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
