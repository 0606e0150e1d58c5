/* SPDX-License-Identifier: MIT
 * What requests carried, and replies held against it. */
#include "frames.h"

#include "detect/mirror.h"

enum { MAX = 65507 };

static uint8_t data[MAX];
static const uint8_t secret[16] = {1, 2, 3};

struct rig {
    struct ik_mirror m;
    void *mem;
};

static struct rig rig_new(void)
{
    struct rig r;
    r.mem = calloc(1, ik_mirror_bytes());
    assert_non_null(r.mem);
    ik_mirror_init(&r.m, r.mem, secret);
    struct ik_rng rng = {1};
    for (size_t i = 0; i < MAX; i++)
        data[i] = (uint8_t)ik_rng_next(&rng);
    return r;
}

/* The mark of n bytes, of which `captured` are there; family 6: no checksum of the message helps.
 */
static struct ik_mirror_mark mark(const struct rig *r, uint8_t family, size_t n, size_t captured)
{
    static uint8_t message[8 + MAX];
    struct ik_look_packet p = {.has_icmp = true};
    memset(message, 0, 8);
    memcpy(message + 8, data, captured);
    p.icmp.family = family;
    p.icmp.raw = (struct ik_rd){message + 4, 4 + captured};
    p.icmp.checksum_known = p.icmp.checksum_ok = captured == n;
    p.icmp.checksum = ik_cksum_fold(ik_cksum_add(0, p.icmp.raw));
    const struct ik_sight s = {.p = &p, .icmp = true};
    const struct ik_payload e = {
        .data = {message + 8, captured}, .n = (uint32_t)n, .cut = captured < n};
    return ik_mirror_mark(&r->m, &s, &e);
}

static enum ik_mirror_result check(struct rig *r, uint64_t key, struct ik_mirror_mark reply)
{
    bool again;
    return ik_mirror_check(&r->m, key, reply, &again);
}

/* One byte changed, at each place that hashes or the checksum cover. */
static void check__one_byte_changed__is_different(void **state)
{
    static const size_t sizes[] = {1, 7, 8, 56, 63, 64, 65, 128, 256, 257, 1400, 65507};
    struct rig r = rig_new();
    (void)state;
    for (int family = 4; family <= 6; family += 2) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            const size_t n = sizes[i];
            const uint64_t key = 1000 * n;
            ik_mirror_put(&r.m, key, mark(&r, (uint8_t)family, n, n));
            assert_int_equal(check(&r, key, mark(&r, (uint8_t)family, n, n)), IK_MIRROR_SAME);
            for (size_t at = 0; at < n; at += n < 300 ? 1 : n / 40) {
                data[at] ^= 0x21;
                const enum ik_mirror_result got = check(&r, key, mark(&r, (uint8_t)family, n, n));
                data[at] ^= 0x21;
                if (got != IK_MIRROR_DIFFERENT)
                    fail_msg("byte %zu of %zu: %d", at, n, got);
            }
        }
    }
    free(r.mem);
}

/* Two words that change places leave the checksum: for most payloads the place that only we know
 * does not cover them, but all of the first 256 bytes of a short one are covered. */
static void check__words_swapped__are_different(void **state)
{
    struct rig r = rig_new();
    (void)state;
    for (size_t at = 0; at + 4 <= 256; at += 2) {
        ik_mirror_put(&r.m, 7, mark(&r, 4, 256, 256));
        uint8_t was[4];
        memcpy(was, data + at, 4);
        memcpy(data + at, was + 2, 2);
        memcpy(data + at + 2, was, 2);
        if (memcmp(was, data + at, 4))
            assert_int_equal(check(&r, 7, mark(&r, 4, 256, 256)), IK_MIRROR_DIFFERENT);
        memcpy(data + at, was, 4);
    }
    free(r.mem);
}

/* Large providers cut replies; what they return has to be the begin all the same. */
static void check__reply_cut_to_64_or_more__is_the_same(void **state)
{
    struct rig r = rig_new();
    (void)state;
    ik_mirror_put(&r.m, 1, mark(&r, 4, 1000, 1000));
    assert_int_equal(check(&r, 1, mark(&r, 4, 64, 64)), IK_MIRROR_SAME);
    assert_int_equal(check(&r, 1, mark(&r, 4, 68, 68)), IK_MIRROR_SAME);
    assert_int_equal(check(&r, 1, mark(&r, 4, 63, 63)), IK_MIRROR_DIFFERENT);
    assert_int_equal(check(&r, 1, mark(&r, 4, 0, 0)), IK_MIRROR_DIFFERENT);
    assert_int_equal(check(&r, 1, mark(&r, 4, 1001, 1001)), IK_MIRROR_DIFFERENT);
    data[5] ^= 1;
    assert_int_equal(check(&r, 1, mark(&r, 4, 68, 68)), IK_MIRROR_DIFFERENT);
    free(r.mem);
}

/* A capture that keeps only the first bytes: lengths and what is there are compared. */
static void check__cut_by_the_capture__compares_what_is_there(void **state)
{
    struct rig r = rig_new();
    (void)state;
    ik_mirror_put(&r.m, 1, mark(&r, 4, 1000, 80));
    assert_int_equal(check(&r, 1, mark(&r, 4, 1000, 80)), IK_MIRROR_SAME);
    assert_int_equal(check(&r, 1, mark(&r, 4, 1000, 1000)), IK_MIRROR_SAME);
    assert_int_equal(check(&r, 1, mark(&r, 4, 1000, 20)), IK_MIRROR_UNKNOWN);
    assert_int_equal(check(&r, 1, mark(&r, 4, 20, 20)), IK_MIRROR_DIFFERENT);
    data[70] ^= 1; /* not seen of the request */
    assert_int_equal(check(&r, 1, mark(&r, 4, 1000, 1000)), IK_MIRROR_SAME);
    data[7] ^= 1;
    assert_int_equal(check(&r, 1, mark(&r, 4, 1000, 80)), IK_MIRROR_DIFFERENT);
    free(r.mem);
}

static void check__request_made_again_otherwise__any_of_them_will_do(void **state)
{
    struct rig r = rig_new();
    (void)state;
    const struct ik_mirror_mark first = mark(&r, 4, 32, 32), second = mark(&r, 4, 33, 33);
    bool again;
    ik_mirror_put(&r.m, 9, first);
    ik_mirror_put(&r.m, 9, second);
    ik_mirror_put(&r.m, 9, second); /* the same once more takes no place */
    assert_int_equal(ik_mirror_check(&r.m, 9, first, &again), IK_MIRROR_SAME);
    assert_false(again);
    assert_int_equal(ik_mirror_check(&r.m, 9, second, &again), IK_MIRROR_SAME);
    assert_true(again);
    ik_mirror_put(&r.m, 9, second);
    ik_mirror_put(&r.m, 9, first);
    assert_int_equal(ik_mirror_check(&r.m, 9, first, &again), IK_MIRROR_SAME);
    assert_false(again);
    free(r.mem);
}

static void check__request_that_gave_way__is_none(void **state)
{
    struct rig r = rig_new();
    (void)state;
    const struct ik_mirror_mark m = mark(&r, 4, 56, 56);
    const struct ik_payload e = {.id = 1, .seq = 2};
    assert_int_equal(check(&r, ik_mirror_key(5, &e), m), IK_MIRROR_NONE);
    for (uint64_t i = 0; i < IK_MIRROR_REQUESTS / 4; i++)
        ik_mirror_put(&r.m, ik_mirror_key(i * 0x9e3779b97f4a7c15u, &e), m);
    unsigned there = 0;
    for (uint64_t i = 0; i < IK_MIRROR_REQUESTS / 4; i++)
        there += check(&r, ik_mirror_key(i * 0x9e3779b97f4a7c15u, &e), m) == IK_MIRROR_SAME;
    assert_in_range(there, IK_MIRROR_REQUESTS / 4 * 99 / 100, IK_MIRROR_REQUESTS / 4);
    for (uint64_t i = 0; i < 16 * IK_MIRROR_REQUESTS; i++)
        ik_mirror_put(&r.m, ik_mirror_key((1000000 + i) * 0x9e3779b97f4a7c15u, &e), m);
    there = 0;
    for (uint64_t i = 0; i < IK_MIRROR_REQUESTS / 4; i++)
        there += check(&r, ik_mirror_key(i * 0x9e3779b97f4a7c15u, &e), m) != IK_MIRROR_NONE;
    assert_in_range(there, 0, 10);
    free(r.mem);
}

static void key__all_numbers_of_one_pair__spread(void **state)
{
    static unsigned hits[1 << 14];
    (void)state;
    memset(hits, 0, sizeof(hits));
    for (uint32_t seq = 0; seq < 65536; seq++)
        hits[ik_mirror_key(0x1234567890abcdef,
                           &(struct ik_payload){.id = 7, .seq = (uint16_t)seq}) >>
             50]++;
    unsigned most = 0;
    for (size_t i = 0; i < sizeof(hits) / sizeof(hits[0]); i++)
        most = hits[i] > most ? hits[i] : most;
    assert_in_range(most, 4, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__one_byte_changed__is_different),
        cmocka_unit_test(check__words_swapped__are_different),
        cmocka_unit_test(check__reply_cut_to_64_or_more__is_the_same),
        cmocka_unit_test(check__cut_by_the_capture__compares_what_is_there),
        cmocka_unit_test(check__request_made_again_otherwise__any_of_them_will_do),
        cmocka_unit_test(check__request_that_gave_way__is_none),
        cmocka_unit_test(key__all_numbers_of_one_pair__spread),
    };
    return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
