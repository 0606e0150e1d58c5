/* SPDX-License-Identifier: MIT
 * Extension structures: header, objects, the whole, and their building. */
#include "vector.h"

#include "base/bytes.h"

static struct ik_faults faults;

static enum ik_err opened(struct ik_rd in, struct ik_rd *objects)
{
    faults = (struct ik_faults){0};
    return ik_ext_open(objects, in, &faults);
}

/* R4884-7-02 */
static void open__each_version__only_2_is_read(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 16; version++) {
        uint8_t p[8] = {(uint8_t)(version << 4), 0, 0, 0, 0, 4, 200, 1};
        struct ik_rd objects;
        const enum ik_err err = opened((struct ik_rd){p, 8}, &objects);
        assert_int_equal(err, version == 2 ? IK_OK : IK_E_VERSION);
        assert_int_equal(vector_has_flaw(&faults, IK_FLAW_EXT_VERSION, 0), version != 2);
    }
}

/* R4884-7-03 */
static void open__checksum__zero_is_none_and_wrong_is_refused(void **state)
{
    (void)state;
    uint8_t p[16];
    struct ik_rd objects;
    vector_bytes(vector_of("ext", "mpls"), p, sizeof(p));
    assert_int_equal(opened((struct ik_rd){p, 16}, &objects), IK_OK);
    assert_int_equal(objects.left, 12);
    p[15] ^= 1;
    assert_int_equal(opened((struct ik_rd){p, 16}, &objects), IK_E_CHECKSUM);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_CHECKSUM, 2));
    ik_store_be16(p + 2, 0);
    assert_int_equal(opened((struct ik_rd){p, 16}, &objects), IK_OK);
    assert_int_equal(faults.n, 0);
}

static void open__reserved_bits_and_short_headers__are_flaws(void **state)
{
    (void)state;
    uint8_t p[4] = {0x20, 0x01, 0, 0};
    struct ik_rd objects;
    assert_int_equal(opened((struct ik_rd){p, 4}, &objects), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_RESERVED, 0));
    assert_int_equal(opened((struct ik_rd){p, 3}, &objects), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_SHORT, 3));
}

/* R4884-7-04 */
static void take__unknown_class__is_passed_by_its_length(void **state)
{
    (void)state;
    const struct ik_rd in = vector_hex("20000000 0008c807 deadbeef 00080101 00010101");
    struct ik_rd objects;
    struct ik_ext_object object;
    assert_int_equal(opened(in, &objects), IK_OK);
    assert_int_equal(ik_ext_take(&objects, &object, &faults), IK_OK);
    assert_int_equal(object.class_num, 200);
    assert_int_equal(object.ctype, 7);
    assert_memory_equal(object.payload.p, "\xde\xad\xbe\xef", 4);
    assert_int_equal(ik_ext_take(&objects, &object, &faults), IK_OK);
    assert_int_equal(object.class_num, 1);
    assert_int_equal(ik_ext_take(&objects, &object, &faults), IK_E_NOT_FOUND);
    assert_int_equal(ik_ext_check(in, 4, &faults), IK_OK);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

/* R4884-8-01, R4884-8-02 */
static void take__bad_object_length__stops(void **state)
{
    (void)state;
    static const struct {
        uint16_t len;
        enum ik_err err;
    } cases[] = {{0, IK_E_LENGTH}, {3, IK_E_LENGTH},  {6, IK_E_LENGTH},
                 {7, IK_E_LENGTH}, {400, IK_E_SHORT}, {20, IK_E_SHORT}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t p[20] = {0x20, 0, 0, 0, [6] = 1, 1};
        ik_store_be16(p + 4, cases[i].len);
        const struct ik_rd in = {vector_block(p, 20), 20};
        struct ik_rd objects;
        struct ik_ext_object object;
        assert_int_equal(opened(in, &objects), IK_OK);
        assert_int_equal(ik_ext_take(&objects, &object, &faults), cases[i].err);
        assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENGTH, 0));
        assert_int_equal(objects.left, 0);
        assert_int_equal(ik_ext_take(&objects, &object, &faults), IK_E_NOT_FOUND);
        faults = (struct ik_faults){.base = 100};
        assert_int_equal(ik_ext_check(in, 4, &faults), cases[i].err);
        assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENGTH, 104));
        vector_free(in);
    }
}

/* R5837-4.5-02: what a host needs to know to discard the message. */
static void check__two_objects_of_one_role__discards_the_message(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("20000000 00080208 00000001 00080208 00000002");
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ext_check(in, 4, &faults), IK_E_VALUE);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_REPEATED, 12));
    vector_free(in);
    in = vector_hex("20000000 00080208 00000001 00080248 00000002 00080288 00000003"
                    "000802c8 00000004");
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ext_check(in, 4, &faults), IK_OK);
    assert_int_equal(faults.n, 0);
    vector_free(in);
}

static void check__other_oddities__are_told_where_they_are(void **state)
{
    (void)state;
    struct ik_rd in = vector_hex("20000000");
    faults = (struct ik_faults){0};
    assert_int_equal(ik_ext_check(in, 4, &faults), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_EMPTY, 0));
    vector_free(in);
    in = vector_hex("20000000 00080101 00010101 00080101 00010101"); /* two label stacks */
    assert_int_equal(ik_ext_check(in, 4, &faults), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_REPEATED, 12));
    vector_free(in);
    in = vector_hex("20000000 000c0204 00010000 c0000201"); /* IPv4 in ICMPv6 */
    assert_int_equal(ik_ext_check(in, 6, &faults), IK_OK);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_VALUE, 8));
    vector_free(in);
    in = vector_hex("20000000 00100101 00010001 00010101 00010101"); /* bottom too early */
    assert_int_equal(ik_ext_check(in, 4, &faults), IK_E_LENGTH);
    assert_true(vector_has_flaw(&faults, IK_FLAW_MPLS_BOTTOM, 12));
    vector_free(in);
    in = vector_hex("20000000 00080301 00000000 00080302 00000001");
    assert_int_equal(ik_ext_check(in, 4, &faults), IK_E_SHORT);
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_LENGTH, 8)); /* a name of nothing */
    assert_true(vector_has_flaw(&faults, IK_FLAW_EXT_REPEATED, 12));
    vector_free(in);
}

/* ---- building -------------------------------------------------------------------------------- */

/* R4884-7-02, R4884-7-03 */
static void build__one_object__is_what_a_router_sent(void **state)
{
    (void)state;
    uint8_t want[16], out[64];
    size_t len;
    struct ik_ext_writer w;
    vector_bytes(vector_of("ext", "mpls"), want, sizeof(want));
    assert_int_equal(ik_ext_begin(&w, 4, 11, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ext_put(&w, 1, 1, (struct ik_rd){want + 8, 8}), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    assert_int_equal(len, 16);
    assert_memory_equal(out, want, 16);
}

/* R4884-4.6-01 and the list as RFC 8335 section 6 has it */
static void build__in_a_message_without_extensions__is_refused(void **state)
{
    (void)state;
    const uint8_t v4[] = {3, 11, 12, 42, 43}, v6[] = {1, 3, 160, 161};
    for (unsigned type = 0; type < 256; type++) {
        uint8_t out[8];
        struct ik_ext_writer w;
        const bool in4 = memchr(v4, (int)type, sizeof(v4)) != NULL;
        const bool in6 = memchr(v6, (int)type, sizeof(v6)) != NULL;
        assert_int_equal(ik_ext_begin(&w, 4, (uint8_t)type, out, 8),
                         in4 ? IK_OK : IK_E_UNSUPPORTED);
        assert_int_equal(ik_ext_begin(&w, 6, (uint8_t)type, out, 8),
                         in6 ? IK_OK : IK_E_UNSUPPORTED);
    }
}

/* R4950-5-03 is a router's choice of messages; R5837-4-01; R8335-2-02 */
static void build__class_by_message__only_where_allowed(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, type;
        bool other, mpls, ifinfo, ident;
    } cases[] = {{4, 3, true, true, true, false},    {4, 11, true, true, true, false},
                 {4, 12, true, false, true, false},  {6, 1, true, true, true, false},
                 {6, 3, true, true, true, false},    {4, 42, true, false, false, true},
                 {6, 160, true, false, false, true}, {4, 43, true, false, false, false},
                 {6, 161, true, false, false, false}};
    const uint8_t word[4] = {0, 1, 1, 1};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t out[64];
        struct ik_ext_writer w;
        const struct ik_rd payload = {word, 4};
        assert_int_equal(ik_ext_begin(&w, cases[i].family, cases[i].type, out, 64), IK_OK);
        assert_int_equal(ik_ext_put(&w, 200, 1, payload), IK_OK);
        assert_int_equal(ik_ext_put(&w, 1, 1, payload), cases[i].mpls ? IK_OK : IK_E_UNSUPPORTED);
        assert_int_equal(ik_ext_put(&w, 2, 8, payload), cases[i].ifinfo ? IK_OK : IK_E_UNSUPPORTED);
        assert_int_equal(ik_ext_put(&w, 3, 2, payload), cases[i].ident ? IK_OK : IK_E_UNSUPPORTED);
    }
}

static void build__what_may_stand_once__is_refused_twice(void **state)
{
    (void)state;
    uint8_t out[64];
    const uint8_t word[4] = {0, 1, 1, 1};
    const struct ik_rd payload = {word, 4};
    struct ik_ext_writer w;
    size_t len;
    assert_int_equal(ik_ext_begin(&w, 4, 11, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ext_put(&w, 1, 1, payload), IK_OK);
    assert_int_equal(ik_ext_put(&w, 1, 1, payload), IK_E_EXISTS);
    assert_int_equal(ik_ext_put(&w, 200, 1, payload), IK_OK);
    assert_int_equal(ik_ext_put(&w, 200, 1, payload), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    assert_int_equal(len, 28);
    assert_int_equal(ik_ext_check((struct ik_rd){out, len}, 4, NULL), IK_OK);
}

static void build__what_does_not_fit__leaves_the_rest_as_it_was(void **state)
{
    (void)state;
    uint8_t out[19];
    const uint8_t words[12] = {0, 1, 0, 1, 0, 1, 1, 1};
    struct ik_ext_writer w;
    size_t len = 99;
    assert_int_equal(ik_ext_begin(&w, 6, 3, out, 3), IK_E_FULL);
    assert_int_equal(ik_ext_begin(&w, 6, 3, out, sizeof(out)), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_E_VALUE);
    assert_int_equal(len, 99);
    assert_int_equal(ik_ext_put(&w, 1, 1, (struct ik_rd){words, 12}), IK_E_FULL);
    assert_int_equal(ik_ext_put(&w, 1, 1, (struct ik_rd){words, 7}), IK_E_VALUE);
    assert_int_equal(ik_ext_put(&w, 1, 1, (struct ik_rd){words, 8}), IK_OK);
    assert_int_equal(ik_ext_end(&w, &len), IK_OK);
    assert_int_equal(len, 16);
    assert_int_equal(ik_ext_check((struct ik_rd){out, len}, 6, NULL), IK_OK);
}

static void check(struct ik_rd in)
{
    faults = (struct ik_faults){0};
    const enum ik_err loud = ik_ext_check(in, 4, &faults);
    assert_int_equal(ik_ext_check(in, 4, NULL), loud);
    assert_true(loud == IK_OK || faults.n > 0);
    for (unsigned i = 0; i < faults.n; i++)
        assert_true(faults.list[i].at <= in.left);
}

/* CVE-2017-12895 and kin: extension objects past the end of what was captured. */
static void check__cut_and_flipped__stays_inside(void **state)
{
    (void)state;
    vector_torture_all("ext", check);
    vector_torture_all("ext", check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__each_version__only_2_is_read),
        cmocka_unit_test(open__checksum__zero_is_none_and_wrong_is_refused),
        cmocka_unit_test(open__reserved_bits_and_short_headers__are_flaws),
        cmocka_unit_test(take__unknown_class__is_passed_by_its_length),
        cmocka_unit_test(take__bad_object_length__stops),
        cmocka_unit_test(check__two_objects_of_one_role__discards_the_message),
        cmocka_unit_test(check__other_oddities__are_told_where_they_are),
        cmocka_unit_test(build__one_object__is_what_a_router_sent),
        cmocka_unit_test(build__in_a_message_without_extensions__is_refused),
        cmocka_unit_test(build__class_by_message__only_where_allowed),
        cmocka_unit_test(build__what_may_stand_once__is_refused_twice),
        cmocka_unit_test(build__what_does_not_fit__leaves_the_rest_as_it_was),
        cmocka_unit_test(check__cut_and_flipped__stays_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
