/* SPDX-License-Identifier: MIT
 * Extended echo requests: who is answered, and what is malformed. */
#include "stack/extecho.h"

#include "../wire/vector.h"

static struct ik_stack_probe_source anywhere[] = {{.prefix = {.addr = {.family = 4}}}};

static const struct ik_stack_probe_cfg all = {.enabled = true,
                                              .remote = true,
                                              .by_name = true,
                                              .by_index = true,
                                              .by_addr = true,
                                              .permitted = anywhere,
                                              .n_permitted = 1};

/* Objects of a structure whose checksum is 0: not verified. */
#define NAME "0008 0301 65746830"
#define INDEX "0008 0302 00000007"
#define ADDR "000c 0303 0001 04 00 c0000201"
#define MAC "0010 0303 4005 06 00 0200 0000 0001 0000"

static enum ik_stack_extecho_verdict judge_from(const struct ik_stack_probe_cfg *cfg,
                                                const char *source, bool local, const char *objects,
                                                struct ik_ifident *ident)
{
    char hex[200] = "20000000";
    strcat(hex, objects);
    const struct ik_rd structure = vector_hex(objects[0] == '-' ? "" : hex);
    const struct ik_icmp_ext_echo request = {.extensions = structure, .local = local};
    struct ik_addr src;
    assert_int_equal(ik_addr_parse(source, &src), IK_OK);
    const enum ik_stack_extecho_verdict v = ik_stack_extecho_judge(cfg, &src, &request, ident);
    vector_free(structure);
    return v;
}

static enum ik_stack_extecho_verdict judge(const struct ik_stack_probe_cfg *cfg, bool local,
                                           const char *objects)
{
    struct ik_ifident ident;
    return judge_from(cfg, "10.0.0.1", local, objects, &ident);
}

/* R8335-8-01: off; once on, L set but nothing by which to ask and nobody who may. */
static void judge__defaults__are_off_step_by_step(void **state)
{
    (void)state;
    struct ik_stack_probe_cfg cfg = {0};
    assert_int_equal(judge(&cfg, true, NAME), IK_EXTECHO_SILENT);
    cfg.enabled = true;
    assert_int_equal(judge(&cfg, true, NAME), IK_EXTECHO_SILENT);
    cfg.permitted = anywhere;
    cfg.n_permitted = 1;
    assert_int_equal(judge(&cfg, true, NAME), IK_EXTECHO_SILENT);
    assert_int_equal(judge(&cfg, true, INDEX), IK_EXTECHO_SILENT);
    assert_int_equal(judge(&cfg, true, ADDR), IK_EXTECHO_SILENT);
    cfg.by_name = true;
    assert_int_equal(judge(&cfg, true, NAME), IK_EXTECHO_LOOK_UP);
    assert_int_equal(judge(&cfg, true, INDEX), IK_EXTECHO_SILENT);
    cfg.by_addr = true;
    assert_int_equal(judge(&cfg, true, ADDR), IK_EXTECHO_LOOK_UP);
    assert_int_equal(judge(&cfg, false, ADDR), IK_EXTECHO_SILENT);
    cfg.remote = true;
    assert_int_equal(judge(&cfg, false, ADDR), IK_EXTECHO_LOOK_UP);
    cfg.no_local = true;
    assert_int_equal(judge(&cfg, true, ADDR), IK_EXTECHO_SILENT);
    cfg.enabled = false;
    assert_int_equal(judge(&cfg, false, ADDR), IK_EXTECHO_SILENT);
}

/* R8335-4-01: each source by its own prefixes; several add up, none goes beyond what is enabled. */
static void judge__sources__each_by_its_prefixes(void **state)
{
    (void)state;
    struct ik_stack_probe_source sources[] = {
        {.what = IK_PROBE_LOCAL | IK_PROBE_BY_NAME},
        {.what = IK_PROBE_REMOTE | IK_PROBE_BY_ADDR},
        {.what = 0},
    };
    assert_int_equal(ik_prefix_parse("10.0.0.0/8", &sources[0].prefix), IK_OK);
    assert_int_equal(ik_prefix_parse("10.0.0.0/24", &sources[1].prefix), IK_OK);
    assert_int_equal(ik_prefix_parse("2001:db8::/32", &sources[2].prefix), IK_OK);
    struct ik_stack_probe_cfg cfg = all;
    cfg.permitted = sources;
    cfg.n_permitted = 3;
    cfg.by_index = false;
    struct ik_ifident ident;
    static const struct {
        const char *source, *objects;
        bool local, answered;
    } cases[] = {
        {"10.9.0.1", NAME, true, true},     {"10.9.0.1", ADDR, true, false},
        {"10.9.0.1", ADDR, false, false},   {"10.0.0.1", ADDR, false, true},
        {"10.0.0.1", NAME, true, true},     {"10.0.0.1", ADDR, true, true},
        {"11.0.0.1", NAME, true, false},    {"2001:db8::1", NAME, true, true},
        {"2001:db8::1", ADDR, false, true}, {"2001:db8::1", INDEX, true, false},
        {"2001:db9::1", NAME, true, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const int v = judge_from(&cfg, cases[i].source, cases[i].local, cases[i].objects, &ident);
        if ((v == IK_EXTECHO_LOOK_UP) != cases[i].answered || v == IK_EXTECHO_MALFORMED)
            fail_msg("case %zu: %d", i, v);
    }
}

/* R8335-4.1-01 */
static void judge__malformed__is_told(void **state)
{
    (void)state;
    static const struct {
        bool local;
        const char *objects;
    } cases[] = {
        {true, "-"},       /* no structure */
        {true, ""},        /* no object */
        {true, NAME NAME}, /* two */
        {true, NAME INDEX},
        {true, "0008 0201 65746830"},                     /* one, of another class */
        {true, "0008 0304 65746830"},                     /* unknown C-Type */
        {true, "0004 0302"},                              /* an index without index */
        {true, "000c 0302 00000007 00000000"},            /* too long for one */
        {true, "000c 0303 0001 08 00 c0000201"},          /* address longer than the object */
        {true, "0010 0303 0001 08 00 c0000201 00000000"}, /* and than its family */
        {true, "0004 0301"},                              /* an empty name */
        {true, NAME "0003 0000"},                         /* length below that of its header */
        {true, "0010 0301 65746830"},                     /* past the end */
        {false, NAME},                                    /* L clear: by address alone */
        {false, INDEX},
        {false, "-"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (judge(&all, cases[i].local, cases[i].objects) != IK_EXTECHO_MALFORMED)
            fail_msg("case %zu", i);
    /* But not to those who may not ask that. */
    assert_int_equal(judge(&(struct ik_stack_probe_cfg){0}, true, "-"), IK_EXTECHO_SILENT);
    struct ik_ifident ident;
    assert_int_equal(judge_from(&all, "2001:db8::1", true, "-", &ident), IK_EXTECHO_SILENT);
}

static void judge__checksum_of_the_structure__is_held(void **state)
{
    (void)state;
    const struct ik_rd bad = vector_hex("20001234" NAME);
    const struct ik_icmp_ext_echo request = {.extensions = bad, .local = true};
    struct ik_ifident ident;
    const struct ik_addr src = {.family = 4, .bytes = {10, 0, 0, 1}};
    assert_int_equal(ik_stack_extecho_judge(&all, &src, &request, &ident), IK_EXTECHO_MALFORMED);
    vector_free(bad);
}

static void judge__other_objects_beside__do_not_matter(void **state)
{
    (void)state;
    struct ik_ifident ident;
    assert_int_equal(judge_from(&all, "10.0.0.1", true, "0008 0201 00000001" INDEX, &ident),
                     IK_EXTECHO_LOOK_UP);
    assert_int_equal(ident.ctype, IK_IFIDENT_INDEX);
    assert_int_equal(ident.index, 7);
    assert_int_equal(judge(&all, false, MAC), IK_EXTECHO_LOOK_UP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judge__defaults__are_off_step_by_step),
        cmocka_unit_test(judge__sources__each_by_its_prefixes),
        cmocka_unit_test(judge__malformed__is_told),
        cmocka_unit_test(judge__checksum_of_the_structure__is_held),
        cmocka_unit_test(judge__other_objects_beside__do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
