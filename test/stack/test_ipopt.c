/* SPDX-License-Identifier: MIT
 * IPv4 options: which octet is in error, what a node enters, where a reply goes. */
#include "stack/ipopt.h"

#include "../wire/vector.h"

/* A header from 10.0.0.1 to 10.0.0.2 with these options, in a block of its own. */
static struct ik_rd header(const char *options)
{
    uint8_t buf[60] = {0x45, 0, 0, 60, 0, 1, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2};
    const size_t n = 20 + vector_bytes(options, buf + 20, 40);
    assert_int_equal(n % 4, 0);
    buf[0] = (uint8_t)(0x40 | n / 4);
    return (struct ik_rd){vector_block(buf, n), n};
}

static uint8_t *octets(struct ik_rd h)
{
    return (uint8_t *)(uintptr_t)h.p;
}

/* The pointer of the parameter problem that the options deserve; 0: none. */
static uint8_t wrong(const char *options)
{
    struct ik_rd h = header(options);
    struct ik_ipopt_scan scan = {.record = 99};
    uint8_t pointer = 0;
    const enum ik_err err = ik_ipopt_scan(h, &scan, &pointer);
    assert_int_equal(err, pointer ? IK_E_VALUE : IK_OK);
    assert_int_equal(scan.record == 99, err != IK_OK);
    vector_free(h);
    return pointer;
}

static struct ik_ipopt_scan scan_of(struct ik_rd h)
{
    struct ik_ipopt_scan scan;
    uint8_t pointer = 0;
    assert_int_equal(ik_ipopt_scan(h, &scan, &pointer), IK_OK);
    return scan;
}

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static void assert_options(struct ik_rd h, const char *hex)
{
    uint8_t want[40];
    const size_t n = vector_bytes(hex, want, sizeof(want));
    assert_int_equal(h.left - 20, n);
    assert_memory_equal(h.p + 20, want, n);
}

/* R1122-3.2.1.8-02, R1812-4.3.3.5-01: the octet of the length, or of the type where there is none.
 */
static void scan__bad_length__points_at_it(void **state)
{
    (void)state;
    assert_int_equal(wrong("07000400"), 21);
    assert_int_equal(wrong("07010400"), 21);
    assert_int_equal(wrong("07050400"), 21);
    assert_int_equal(wrong("01 070204"), 22);
    assert_int_equal(wrong("010101 5e"), 23);
    assert_int_equal(wrong("5e000000"), 21);
    assert_int_equal(wrong("5eff0000"), 21);
    assert_int_equal(wrong("07020000"), 21);
    assert_int_equal(wrong("44030500"), 21);
}

/* R791-3.1-09, R1122-3.2.2.5-01: below the first slot, or inside one, or too little room. */
static void scan__bad_pointer__points_at_it(void **state)
{
    (void)state;
    assert_int_equal(wrong("07070300000000 00"), 22);
    assert_int_equal(wrong("07070000000000 00"), 22);
    assert_int_equal(wrong("07090800000000 0000 000000"), 22);
    assert_int_equal(wrong("070b05 0000000000000000 00"), 22);
    assert_int_equal(wrong("01 830703 00000000"), 23);
    assert_int_equal(wrong("4408040000000000"), 22);
    assert_int_equal(wrong("440e0d01 0000000000000000 0000 0000"), 22);
    assert_int_equal(wrong("4408050200000000"), 23);
    assert_int_equal(wrong("440c0901 0000000000000000"), 22);
}

static void scan__what_may_stand_so__is_right(void **state)
{
    (void)state;
    assert_int_equal(wrong(""), 0);
    assert_int_equal(wrong("01010101"), 0);
    assert_int_equal(wrong("00 070004"), 0);
    assert_int_equal(wrong("5e02 0000"), 0);
    assert_int_equal(wrong("5e020000 5e02 0000"), 0);
    assert_int_equal(wrong("070308 00"), 0);
    assert_int_equal(wrong("07070800000000 00"), 0);
    assert_int_equal(wrong("0707ff00000000 00"), 0);
    assert_int_equal(wrong("07090400000000 0000 000000"), 0);
    assert_int_equal(wrong("44040500"), 0);
    assert_int_equal(wrong("820b 000000000000000000 00"), 0);
    assert_int_equal(wrong("94040000"), 0);
    assert_int_equal(wrong("94020000"), 0);
}

/* R1812-5.2.4.1-01: the start of the second; R791-3.1-11: the overflow that is full. */
static void scan__second_route_or_full_overflow__points_at_it(void **state)
{
    (void)state;
    assert_int_equal(wrong("83070400000000 89070400000000 0000"), 27);
    assert_int_equal(wrong("89070400000000 89070400000000 0000"), 27);
    assert_int_equal(wrong("07070400000000 07070400000000 0000"), 27);
    assert_int_equal(wrong("44080900 00000000 44080500 00000000"), 28);
    assert_int_equal(wrong("440809f0 00000000"), 23);
    assert_int_equal(wrong("440809e0 00000000"), 0);
    assert_int_equal(wrong("440805f0 00000000"), 0);
}

static void enter__record_route__fills_a_slot_or_leaves_it(void **state)
{
    (void)state;
    const struct ik_ipopt_self self = {.addr = addr("192.0.2.7")};
    struct ik_rd h = header("01 070b04 0000000000000000");
    for (int i = 0; i < 3; i++) {
        const struct ik_ipopt_scan scan = scan_of(h);
        ik_ipopt_enter(octets(h), &scan, &self);
    }
    assert_options(h, "01 070b0c c0000207c0000207");
    vector_free(h);
}

/* R791-3.1-10, R1812-4.2.2.1-01 */
static void enter__timestamp__stamps_then_counts(void **state)
{
    (void)state;
    const struct ik_ipopt_self self = {.addr = addr("192.0.2.7"), .ms = 0x01020304};
    struct ik_rd h = header("44080500 00000000");
    for (int i = 0; i < 3; i++) {
        const struct ik_ipopt_scan scan = scan_of(h);
        ik_ipopt_enter(octets(h), &scan, &self);
    }
    assert_options(h, "44080920 01020304");
    vector_free(h);

    h = header("44140501 0000000000000000 0000000000000000");
    const struct ik_ipopt_scan scan = scan_of(h);
    ik_ipopt_enter(octets(h), &scan, &self);
    assert_options(h, "44140d01 c000020701020304 0000000000000000");
    vector_free(h);
}

/* Flag 3: only who is asked, in their order; the others leave no trace and count nothing. */
static void enter__prespecified__only_who_is_asked(void **state)
{
    (void)state;
    struct ik_rd h = header("44140503 c000020700000000 c000020900000000");
    struct ik_ipopt_scan scan = scan_of(h);
    const struct ik_addr asked = addr("192.0.2.7");
    assert_true(scan.asks);
    assert_true(ik_addr_equal(&scan.asked, &asked));
    struct ik_ipopt_self self = {.addr = addr("10.9.9.9"), .ms = 77};
    ik_ipopt_enter(octets(h), &scan, &self);
    assert_options(h, "44140503 c000020700000000 c000020900000000");
    self.asked = true;
    ik_ipopt_enter(octets(h), &scan, &self);
    assert_options(h, "44140d03 c00002070000004d c000020900000000");
    scan = scan_of(h);
    ik_ipopt_enter(octets(h), &scan, &self);
    scan = scan_of(h);
    assert_false(scan.asks);
    self.asked = false;
    ik_ipopt_enter(octets(h), &scan, &self);
    assert_options(h, "44141513 c00002070000004d c00002090000004d");
    vector_free(h);
}

static void advance__source_route__swaps_the_addresses(void **state)
{
    (void)state;
    struct ik_rd h = header("890b04 c0000201 c0000202 00");
    struct ik_ipopt_scan scan = scan_of(h);
    assert_true(scan.strict);
    assert_false(scan.ended);
    const struct ik_addr next = addr("192.0.2.1"), self = addr("10.0.0.9");
    assert_true(ik_addr_equal(&scan.next, &next));
    ik_ipopt_advance(octets(h), &scan, &self);
    assert_options(h, "890b08 0a000009 c0000202 00");
    assert_memory_equal(h.p + 16, next.bytes, 4);
    scan = scan_of(h);
    ik_ipopt_advance(octets(h), &scan, &self);
    assert_options(h, "890b0c 0a000009 0a000009 00");
    assert_true(scan_of(h).ended);
    vector_free(h);
}

static void assert_back(const char *options, bool whole, uint8_t own, const char *first,
                        const char *want)
{
    struct ik_rd h = header(options);
    const struct ik_ipopt_scan scan = scan_of(h);
    struct ik_ipopt_back back;
    ik_ipopt_back(h, &scan, whole, own, &back);
    uint8_t bytes[40];
    const size_t n = vector_bytes(want, bytes, sizeof(bytes));
    const struct ik_addr to = addr(first);
    assert_true(ik_addr_equal(&back.first, &to));
    assert_int_equal(back.n, n);
    assert_memory_equal(back.bytes, bytes, n);
    vector_free(h);
}

/* R1122-3.2.2.6-09, R1122-3.2.1.8-03, R1812-4.2.2.1-02 */
static void back__completed_route__is_reversed_with_the_source_once(void **state)
{
    (void)state;
    assert_back("830b0c 0a000101 0a000202 00", true, 0, "10.0.2.2", "830b04 0a000101 0a000001 00");
    assert_back("890b0c 0a000101 0a000202 00", true, 0, "10.0.2.2", "890b04 0a000101 0a000001 00");
    assert_back("830f10 0a000001 0a000101 0a000202 00", true, 0, "10.0.2.2",
                "830b04 0a000101 0a000001 00");
    assert_back("830b0c 0a000001 0a000101 00", true, 0, "10.0.1.1", "830704 0a000001 00");
    assert_back("830708 0a000001 00", true, 0, "10.0.0.1", "");
    assert_back("830304 00", true, 0, "10.0.0.1", "");
    assert_back("8307ff 0a000101 00", true, 0, "10.0.1.1", "830704 0a000001 00");
}

/* R1812-4.3.2.6-01: of a route that has not ended, what was recorded before the pointer. */
static void back__error__has_the_recorded_part_alone(void **state)
{
    (void)state;
    const char *half = "07070400000000 830f0c 0a000101 0a000202 0a000303 0000";
    assert_back(half, false, 0, "10.0.2.2", "830b04 0a000101 0a000001 00");
    assert_back("830704 0a000101 00", false, 0, "10.0.0.1", "");
    assert_back("07070400000000 00", false, 0, "10.0.0.1", "");
    assert_back(half, false, 1, "10.0.1.1", "830704 0a000001 00");
    assert_back(half, false, 2, "10.0.0.1", "");
}

/* R1122-3.2.2.6-08 */
static void back__reply__keeps_record_and_timestamp_whole(void **state)
{
    (void)state;
    assert_back("5e020101 070b08 c0000207 00000000 44080911 01020304 00", true, 0, "10.0.0.1",
                "070b08 c0000207 00000000 44080911 01020304 00");
}

static uint32_t next_random(uint32_t *x)
{
    *x = *x * 1664525u + 1013904223u;
    return *x >> 8;
}

/* Whatever the octets: nothing is read or written outside of the header (ASan looks), a node that
 * entered itself leaves a header that may be entered again or is full, and what goes back fits. */
static void options__of_any_octets__do_no_harm(void **state)
{
    (void)state;
    static const uint8_t types[] = {7, 68, 131, 137, 1, 0x5e}, flags[] = {0, 1, 3, 0xe1, 2};
    const struct ik_ipopt_self self = {.addr = addr("192.0.2.7"), .ms = 1, .asked = true};
    uint32_t x = 1, good = 0;
    for (int round = 0; round < 60000; round++) {
        uint8_t buf[60] = {[12] = 10, 0, 0, 1, 10, 0, 0, 2};
        const size_t n = 20 + 4 * (next_random(&x) % 11);
        buf[0] = (uint8_t)(0x40 | n / 4);
        for (size_t at = 20; at + 4 < n; at += buf[at] == 1 ? 1 : buf[at + 1]) {
            const uint8_t head = (buf[at] = types[next_random(&x) % 6]) == 68 ? 4 : 3;
            buf[at + 1] = (uint8_t)(head + 4 * (next_random(&x) % 5));
            buf[at + 2] = (uint8_t)(head + 1 + 4 * (next_random(&x) % 6));
            if (head == 4)
                buf[at + 3] = flags[next_random(&x) % 5];
        }
        for (uint32_t i = next_random(&x) % 3; n > 20 && i > 0; i--)
            buf[20 + next_random(&x) % (n - 20)] = (uint8_t)next_random(&x);
        struct ik_rd h = {vector_block(buf, n), n};
        struct ik_ipopt_scan scan;
        struct ik_ipopt_back back;
        uint8_t pointer = 0;
        for (int hop = 0; hop < 20 && ik_ipopt_scan(h, &scan, &pointer) == IK_OK; hop++) {
            good += hop == 0 && (scan.record || scan.stamp || scan.route);
            ik_ipopt_back(h, &scan, true, 0, &back);
            assert_true(back.n <= n - 20 && back.n % 4 == 0);
            if (scan.route && !scan.ended)
                ik_ipopt_advance(octets(h), &scan, &self.addr);
            ik_ipopt_enter(octets(h), &scan, &self);
        }
        assert_true(pointer == 0 || (pointer >= 20 && pointer < n));
        vector_free(h);
    }
    assert_true(good > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan__bad_length__points_at_it),
        cmocka_unit_test(scan__bad_pointer__points_at_it),
        cmocka_unit_test(scan__what_may_stand_so__is_right),
        cmocka_unit_test(scan__second_route_or_full_overflow__points_at_it),
        cmocka_unit_test(enter__record_route__fills_a_slot_or_leaves_it),
        cmocka_unit_test(enter__timestamp__stamps_then_counts),
        cmocka_unit_test(enter__prespecified__only_who_is_asked),
        cmocka_unit_test(advance__source_route__swaps_the_addresses),
        cmocka_unit_test(back__completed_route__is_reversed_with_the_source_once),
        cmocka_unit_test(back__error__has_the_recorded_part_alone),
        cmocka_unit_test(back__reply__keeps_record_and_timestamp_whole),
        cmocka_unit_test(options__of_any_octets__do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
