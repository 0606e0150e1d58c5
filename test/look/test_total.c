/* SPDX-License-Identifier: MIT */
#include "look_rig.h"

static const uint8_t secret[16] = "0123456789abcde";

struct fixture {
    void *mem;
    struct ik_total *t;
    struct ik_look_packet p;
    struct ik_total_view v;
};

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->mem = malloc(ik_total_bytes());
    f->t = ik_total_init(f->mem, secret);
    f->p.ip.version = 4;
    f->p.ip.src = rig_addr("192.0.2.1");
    f->p.ip.total_bytes = 84;
    return f;
}

static void end(struct fixture *f)
{
    free(f->mem);
    free(f);
}

static void add(struct fixture *f, uint8_t type, uint8_t code, ik_ns at)
{
    f->p.icmp.type = type;
    f->p.icmp.code = code;
    f->p.frame.time = at;
    ik_total_add(f->t, &f->p);
}

static void view__nothing__is_empty(void **state)
{
    (void)state;
    struct fixture *f = begin();
    ik_total_view(f->t, &f->v);
    assert_int_equal(f->v.packets, 0);
    assert_int_equal(f->v.n_kinds, 0);
    assert_int_equal(f->v.n_talkers, 0);
    assert_int_equal(f->v.first, IK_NEVER);
    assert_int_equal(f->v.rtt.min, IK_NEVER);
    assert_int_equal(f->v.rtt.p99, IK_NEVER);
    end(f);
}

/* The same numbers mean other things in the other family. */
static void view__kinds__by_family_most_first(void **state)
{
    (void)state;
    struct fixture *f = begin();
    for (int i = 0; i < 3; i++)
        add(f, 3, 1, 5);
    for (int i = 0; i < 7; i++)
        add(f, 3, 3, 9);
    f->p.ip.version = 6;
    for (int i = 0; i < 5; i++)
        add(f, 3, 1, 2);
    ik_total_view(f->t, &f->v);
    assert_int_equal(f->v.packets, 15);
    assert_int_equal(f->v.bytes, 15 * 84);
    assert_int_equal(f->v.first, 2);
    assert_int_equal(f->v.last, 9);
    assert_int_equal(f->v.n_kinds, 3);
    assert_int_equal(f->v.kinds[0].code, 3);
    assert_int_equal(f->v.kinds[0].packets, 7);
    assert_int_equal(f->v.kinds[1].family, 6);
    assert_int_equal(f->v.kinds[1].packets, 5);
    assert_int_equal(f->v.kinds[2].packets, 3);
    /* Seen twice is counted once. */
    ik_total_view(f->t, &f->v);
    assert_int_equal(f->v.n_kinds, 3);
    end(f);
}

/* A stranger who sends every type and code hides none: what is not listed is counted as one. */
static void view__more_kinds_than_shown__rest_is_counted(void **state)
{
    (void)state;
    struct fixture *f = begin();
    for (int i = 0; i < 65536; i++)
        add(f, (uint8_t)(i >> 8), (uint8_t)i, 0);
    add(f, 250, 9, 0);
    ik_total_view(f->t, &f->v);
    assert_int_equal(f->v.n_kinds, IK_TOTAL_KINDS);
    assert_int_equal(f->v.kinds[0].type, 250);
    assert_int_equal(f->v.kinds[0].code, 9);
    assert_int_equal(f->v.kinds[0].packets, 2);
    assert_int_equal(f->v.other_kinds, 65537 - IK_TOTAL_KINDS - 1);
    end(f);
}

static void view__round_trips__bins_and_sums(void **state)
{
    (void)state;
    static const ik_ns rtts[] = {0, 999, 1000, 1999, 2000, 3999, 4000, 5 * IK_NS_PER_MS};
    struct fixture *f = begin();
    f->p.pair = IK_LOOK_PAIR_REPLY;
    for (size_t i = 0; i < sizeof(rtts) / sizeof(rtts[0]); i++) {
        f->p.pair_rtt = rtts[i];
        add(f, 0, 0, 0);
    }
    f->p.pair_rtt = IK_NEVER;
    add(f, 0, 0, 0);
    f->p.pair = IK_LOOK_PAIR_DUPLICATE;
    f->p.pair_rtt = 77;
    add(f, 0, 0, 0);
    ik_total_view(f->t, &f->v);
    assert_int_equal(f->v.replies, 9);
    assert_int_equal(f->v.duplicates, 1);
    assert_int_equal(f->v.bins[0], 2); /* below 1 us */
    assert_int_equal(f->v.bins[1], 2); /* below 2 */
    assert_int_equal(f->v.bins[2], 2); /* below 4 */
    assert_int_equal(f->v.bins[3], 1);
    assert_int_equal(f->v.bins[13], 1); /* below 8192 */
    assert_int_equal(f->v.rtt.min, 0);
    assert_int_equal(f->v.rtt.max, 5 * IK_NS_PER_MS);
    end(f);
}

/* One packet with one flaw at two places is one packet with that flaw. */
static void view__same_flaw_twice__counts_packets(void **state)
{
    (void)state;
    struct fixture *f = begin();
    f->p.faults.n = 3;
    f->p.faults.list[0].what = IK_FLAW_RESERVED;
    f->p.faults.list[1].what = IK_FLAW_BAD_CHECKSUM;
    f->p.faults.list[2].what = IK_FLAW_RESERVED;
    add(f, 0, 0, 0);
    f->p.faults.n = 0;
    add(f, 0, 0, 0);
    ik_total_view(f->t, &f->v);
    assert_int_equal(f->v.flawed, 1);
    assert_int_equal(f->v.flaws[IK_FLAW_RESERVED], 1);
    assert_int_equal(f->v.flaws[IK_FLAW_BAD_CHECKSUM], 1);
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(view__nothing__is_empty),
        cmocka_unit_test(view__kinds__by_family_most_first),
        cmocka_unit_test(view__more_kinds_than_shown__rest_is_counted),
        cmocka_unit_test(view__round_trips__bins_and_sums),
        cmocka_unit_test(view__same_flaw_twice__counts_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
