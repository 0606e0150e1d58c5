/* SPDX-License-Identifier: MIT */
#include "look/join.h"

#include "look_rig.h"

enum { DATAGRAMS = 4, PARTS = 64 };

struct part {
    uint8_t *bytes; /* a block of exactly its size */
    size_t n;
};

struct fixture {
    void *mem;
    struct ik_join *j;
    struct part parts[PARTS];
    size_t n_parts;
    struct rig_packet packet;
    struct ik_faults faults;
    struct ik_rd whole;
    uint16_t count;
};

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->mem = malloc(ik_join_bytes(DATAGRAMS));
    f->j = ik_join_init(f->mem, DATAGRAMS, 60 * IK_NS_PER_S);
    return f;
}

static void end(struct fixture *f)
{
    for (size_t i = 0; i < f->n_parts; i++)
        free(f->parts[i].bytes);
    free(f->mem);
    free(f);
}

/* Cuts the packet into fragments of at most `mtu` bytes, behind those that are there. */
static void cut(struct fixture *f, uint32_t mtu, uint32_t id)
{
    struct ik_ip ip;
    struct ik_frag frag;
    uint8_t out[2048];
    size_t n;
    const struct ik_rd all = {f->packet.bytes, f->packet.n};
    assert_int_equal(ik_ip_decode(&ip, all, NULL), IK_OK);
    ip.id = id;
    assert_int_equal(ik_frag_init(&frag, &ip, mtu, id), IK_OK);
    while (ik_frag_take(&frag, out, sizeof(out), &n) == IK_OK) {
        assert_true(f->n_parts < PARTS);
        f->parts[f->n_parts] = (struct part){malloc(n), n};
        memcpy(f->parts[f->n_parts++].bytes, out, n);
    }
}

static bool put(struct fixture *f, ik_ns now, size_t i)
{
    struct ik_ip ip;
    const struct ik_rd bytes = {f->parts[i].bytes, f->parts[i].n};
    f->faults = (struct ik_faults){.n = 0};
    assert_int_equal(ik_ip_decode(&ip, bytes, &f->faults), IK_OK);
    ik_join_next(f->j);
    return ik_join_put(f->j, now, &ip, bytes, &f->faults, &f->whole, &f->count);
}

static void assert_is_packet(const struct fixture *f)
{
    assert_int_equal(f->whole.left, f->packet.n);
    assert_memory_equal(f->whole.p, f->packet.bytes, f->packet.n);
}

/* The whole is what was cut, byte for byte, in whatever order its parts come: the first one, which
 * has the headers, may be the last. */
static void put__any_order__whole_is_what_was_cut(const char *src, const char *dst, uint8_t type)
{
    static const size_t orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    for (size_t o = 0; o < 4; o++) {
        struct fixture *f = begin();
        rig_echo(&f->packet, src, dst, type, 7, 1, 4000);
        cut(f, 1280, 2); /* the id of an IPv4 packet with sequence number 1 is 2 */
        assert_int_equal(f->n_parts, 4);
        for (size_t i = 0; i < 3; i++)
            assert_false(put(f, 0, orders[o][i]));
        assert_true(put(f, 0, orders[o][3]));
        assert_int_equal(f->count, 4);
        assert_is_packet(f);
        end(f);
    }
}

static void put__ipv4_any_order__whole_is_what_was_cut(void **state)
{
    (void)state;
    put__any_order__whole_is_what_was_cut("192.0.2.1", "192.0.2.2", 8);
}

static void put__ipv6_any_order__whole_is_what_was_cut(void **state)
{
    (void)state;
    put__any_order__whole_is_what_was_cut("2001:db8::1", "2001:db8::2", 128);
}

/* Networks copy packets: an exact copy is no overlap and counts for nothing. */
static void put__exact_copies__are_ignored(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 3000);
    cut(f, 1500, 2);
    assert_int_equal(f->n_parts, 3);
    assert_false(put(f, 0, 1));
    assert_false(put(f, 0, 1));
    assert_false(put(f, 0, 2));
    assert_false(put(f, 0, 2));
    assert_int_equal(f->faults.n, 0);
    assert_true(put(f, 0, 0));
    assert_int_equal(f->count, 3);
    assert_is_packet(f);
    end(f);
}

/* Same place, other bytes: nobody knows what the receiver took. The datagram is dead, also for
 * parts that would complete it (RFC 5722 section 4). */
static void put__other_bytes_at_same_place__fault_and_dead(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 3000);
    cut(f, 1500, 2);
    assert_false(put(f, 0, 1));
    f->parts[1].bytes[700] ^= 1;
    assert_false(put(f, 0, 1));
    assert_int_equal(f->faults.n, 1);
    assert_int_equal(f->faults.list[0].what, IK_FLAW_FRAGMENT_OVERLAP);
    assert_int_equal(f->faults.list[0].at, 20);
    f->parts[1].bytes[700] ^= 1;
    assert_false(put(f, 0, 0));
    assert_false(put(f, 0, 2));
    assert_false(put(f, 0, 1));
    assert_int_equal(ik_join_stats(f->j)->overlapped, 1);
    end(f);
}

/* A last fragment that ends before bytes that are there already (teardrop's kin). */
static void put__last_ends_before_known_bytes__dead(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 3000);
    cut(f, 1500, 2);
    assert_false(put(f, 0, 1));
    /* The first one now claims to be the last: no MF. */
    f->parts[0].bytes[6] &= 0xdf;
    ik_store_be16(f->parts[0].bytes + 10, 0);
    ik_store_be16(f->parts[0].bytes + 10,
                  ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){f->parts[0].bytes, 20})));
    f->faults = (struct ik_faults){.n = 0};
    struct ik_ip ip;
    const struct ik_rd bytes = {f->parts[0].bytes, f->parts[0].n};
    assert_int_equal(ik_ip_decode(&ip, bytes, &f->faults), IK_OK);
    ip.fragment = true; /* offset 0 without MF looks whole to the decoder */
    assert_false(ik_join_put(f->j, 0, &ip, bytes, &f->faults, &f->whole, &f->count));
    assert_int_equal(ik_join_stats(f->j)->overlapped, 1);
    end(f);
}

/* Identifications are 16 bits: parts of an old datagram must not complete a new one. */
static void put__parts_too_far_apart__are_not_one(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 2000);
    cut(f, 1500, 2);
    assert_false(put(f, 0, 0));
    assert_false(put(f, 61 * IK_NS_PER_S, 1));
    assert_int_equal(ik_join_stats(f->j)->expired, 1);
    assert_true(put(f, 62 * IK_NS_PER_S, 0));
    end(f);
}

/* Another protocol, source or id is another datagram. */
static void put__same_id_other_source__not_mixed(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 2000);
    cut(f, 1500, 2);
    rig_echo(&f->packet, "192.0.2.3", "192.0.2.2", 8, 7, 1, 2000);
    cut(f, 1500, 2);
    assert_int_equal(f->n_parts, 4);
    assert_false(put(f, 0, 0));
    assert_false(put(f, 0, 3));
    assert_true(put(f, 0, 2));
    assert_is_packet(f);
    assert_true(put(f, 0, 1));
    end(f);
}

/* More at once than there is room for: the one that waits longest goes, and is counted. */
static void put__full__oldest_goes(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 2000);
    for (uint32_t id = 1; id <= DATAGRAMS + 1; id++)
        cut(f, 1500, id);
    for (size_t i = 0; i <= DATAGRAMS; i++)
        assert_false(put(f, (ik_ns)i, 2 * i));
    assert_int_equal(ik_join_stats(f->j)->evicted, 1);
    for (size_t i = 1; i <= DATAGRAMS; i++)
        assert_true(put(f, 10, 2 * i + 1));
    assert_false(put(f, 10, 1));
    end(f);
}

/* 65,535 bytes in all can be said by a header; one byte more cannot (ping of death). */
static void put__longest__whole_and_one_more_never(void **state)
{
    (void)state;
    struct fixture *f = begin();
    rig_echo(&f->packet, "192.0.2.1", "192.0.2.2", 8, 7, 1, 65535 - 20 - 8);
    cut(f, 1500, 2);
    for (size_t i = 0; i + 1 < f->n_parts; i++)
        assert_false(put(f, 0, i));
    assert_true(put(f, 0, f->n_parts - 1));
    assert_is_packet(f);

    /* The last part, moved up by 8 bytes, and one between. */
    struct ik_ip ip;
    const struct ik_rd last = {f->parts[f->n_parts - 1].bytes, f->parts[f->n_parts - 1].n};
    for (size_t i = 0; i + 1 < f->n_parts; i++)
        assert_false(put(f, 1, i));
    assert_int_equal(ik_ip_decode(&ip, last, NULL), IK_OK);
    ip.offset_bytes = 65528;
    assert_false(ik_join_put(f->j, 1, &ip, last, &f->faults, &f->whole, &f->count));
    end(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put__ipv4_any_order__whole_is_what_was_cut),
        cmocka_unit_test(put__ipv6_any_order__whole_is_what_was_cut),
        cmocka_unit_test(put__exact_copies__are_ignored),
        cmocka_unit_test(put__other_bytes_at_same_place__fault_and_dead),
        cmocka_unit_test(put__last_ends_before_known_bytes__dead),
        cmocka_unit_test(put__parts_too_far_apart__are_not_one),
        cmocka_unit_test(put__same_id_other_source__not_mixed),
        cmocka_unit_test(put__full__oldest_goes),
        cmocka_unit_test(put__longest__whole_and_one_more_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
