/* SPDX-License-Identifier: MIT
 * Files in either order of bytes, what they hold and every damage that has a name; then each file
 * cut at every length, and fed a byte at a time. */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "capfile_make.h"
#include "vector.h"

enum { ITEMS = 32, MICRO = 0xa1b2c3d4, NANO = 0xa1b23c4d };

/* All that a reader made of a file. */
struct seen {
    struct ik_capfile c;
    size_t n;
    struct ik_capfile_item items[ITEMS];
    char names[ITEMS][32]; /* of packets: the reader forgets them */
    enum ik_err end;       /* IK_E_NOT_FOUND, or what broke it off */
};

static void take_all(struct seen *s, struct ik_rd in)
{
    size_t need = 0;
    ik_capfile_init(&s->c);
    s->n = 0;
    do {
        const size_t before = in.left;
        assert_true(s->n < ITEMS);
        s->end = ik_capfile_take(&s->c, &in, true, &s->items[s->n], &need);
        assert_int_not_equal(s->end, IK_E_AGAIN);
        assert_true(s->end == IK_E_NOT_FOUND || s->end || in.left < before);
        assert_true(!s->end || in.left == 0);
        if (s->end != IK_E_NOT_FOUND) {
            struct ik_capfile_item *item = &s->items[s->n];
            if (item->kind == IK_CAPFILE_PACKET) {
                memcpy(s->names[s->n], item->name.p, item->name.left);
                item->name.p = (const uint8_t *)s->names[s->n];
            }
            s->n++;
        }
    } while (!s->end);
    if (s->end != IK_E_NOT_FOUND) {
        struct ik_capfile_item untouched;
        assert_int_not_equal(s->items[s->n - 1].fault, IK_CAPFILE_FAULT_NONE);
        assert_int_equal(ik_capfile_take(&s->c, &in, true, &untouched, &need), IK_E_NOT_FOUND);
    }
}

static void take_made(struct seen *s, const struct made *m)
{
    take_all(s, (struct ik_rd){m->bytes, m->n});
}

static void expect_bytes(struct ik_rd got, const char *text)
{
    assert_int_equal(got.left, strlen(text));
    assert_memory_equal(got.p, text, got.left);
}

/* Item i: that kind, that fault. */
static const struct ik_capfile_item *expect(const struct seen *s, size_t i,
                                            enum ik_capfile_kind kind, enum ik_capfile_fault fault)
{
    assert_true(i < s->n);
    assert_int_equal(s->items[i].kind, kind);
    assert_string_equal(ik_capfile_fault_name(s->items[i].fault), ik_capfile_fault_name(fault));
    return &s->items[i];
}

/* ---- pcap ------------------------------------------------------------------------------------ */

/* As tcpdump 4.99 -w wrote it on a little-endian machine: byte for byte, no maker of ours. */
static void pcap__of_tcpdump__is_read(void **state)
{
    (void)state;
    static const uint8_t file[] = {
        0xd4, 0xc3, 0xb2, 0xa1, 2,    0,    4,    0,    0, 0, 0, 0, 0, 0, 0, 0,  0, 0, 4, 0,   1,
        0,    0,    0,    0x80, 0x6b, 0x5f, 0x65, 0x15, 0, 0, 0, 2, 0, 0, 0, 98, 0, 0, 0, 'h', 'i'};
    struct seen s;
    take_all(&s, (struct ik_rd){file, sizeof(file)});
    assert_int_equal(s.end, IK_E_NOT_FOUND);
    assert_int_equal(s.n, 2);
    assert_int_equal(expect(&s, 0, IK_CAPFILE_SECTION, 0)->linktype, IK_LINKTYPE_ETHERNET);
    assert_int_equal(s.items[0].snap_bytes, 262144);
    const struct ik_capfile_item *p = expect(&s, 1, IK_CAPFILE_PACKET, 0);
    assert_int_equal(p->time, 1700752256 * IK_NS_PER_S + 21 * IK_NS_PER_US);
    assert_int_equal(p->at_bytes, 24);
    assert_int_equal(p->wire_bytes, 98);
    expect_bytes(p->bytes, "hi");
}

static void pcap__both_orders_and_units__give_the_same_time(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct made m;
        struct seen s;
        const bool nano = i & 2;
        made_pcap(&m, i & 1, nano ? NANO : MICRO, 0x24000071); /* FCS of 4 bytes, type 113 */
        made_record(&m, 4000000000u, nano ? 999999000 : 999999, "frame", 5);
        made_record(&m, 1, 0, "", 0);
        take_made(&s, &m);
        assert_int_equal(s.end, IK_E_NOT_FOUND);
        assert_int_equal(s.n, 3);
        const struct ik_capfile_item *p = expect(&s, 1, IK_CAPFILE_PACKET, 0);
        assert_true(p->time == INT64_C(4000000000999999000)); /* after 2038 */
        assert_int_equal(p->linktype, IK_LINKTYPE_LINUX_SLL);
        expect_bytes(p->bytes, "frame");
        expect_bytes(expect(&s, 2, IK_CAPFILE_PACKET, 0)->bytes, "");
    }
}

/* Versions below 2.3 have the lengths the other way round. */
static void pcap__old_version__has_its_lengths_swapped(void **state)
{
    (void)state;
    static const uint16_t minors[] = {2, 3};
    for (int i = 0; i < 2; i++) {
        struct made m;
        struct seen s;
        made_pcap(&m, false, MICRO, 1);
        m.bytes[6] = (uint8_t)minors[i];
        made_record(&m, 1, 2, "four", 90);
        m.bytes[24 + 8] = 90;
        m.bytes[24 + 12] = 4;
        take_made(&s, &m);
        expect_bytes(expect(&s, 1, IK_CAPFILE_PACKET, 0)->bytes, "four");
        assert_int_equal(s.items[1].wire_bytes, 90);
    }
}

static void pcap__damage__is_named_and_the_rest_given(void **state)
{
    (void)state;
    struct made m;
    struct seen s;
    made_pcap(&m, false, MICRO, 1);
    made_record(&m, 1, 0, "longer than it was", 3);
    made_record(&m, 2, 0, "good", 4);
    take_made(&s, &m);
    expect_bytes(expect(&s, 1, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_CAPLEN)->bytes,
                 "longer than it was");
    expect(&s, 2, IK_CAPFILE_PACKET, 0);
    assert_int_equal(s.end, IK_E_NOT_FOUND);

    m.bytes[24 + 16 + 18 + 11] = 1; /* 16 MiB and 4 bytes */
    take_made(&s, &m);
    assert_int_equal(s.end, IK_E_TOO_BIG);
    assert_int_equal(expect(&s, 2, IK_CAPFILE_OTHER, IK_CAPFILE_FAULT_TOO_BIG)->at_bytes, 58);

    m.bytes[4] = 3;
    take_made(&s, &m);
    assert_int_equal(s.end, IK_E_VERSION);
    expect(&s, 0, IK_CAPFILE_OTHER, IK_CAPFILE_FAULT_VERSION);

    m.bytes[0] = 0x1f;
    take_made(&s, &m);
    assert_int_equal(s.end, IK_E_VALUE);
    expect(&s, 0, IK_CAPFILE_OTHER, IK_CAPFILE_FAULT_MAGIC);
}

/* ---- pcapng ---------------------------------------------------------------------------------- */

static void expect_first_section(const struct seen *s)
{
    expect_bytes(expect(s, 0, IK_CAPFILE_SECTION, 0)->comment, "a section");
    expect_bytes(expect(s, 1, IK_CAPFILE_INTERFACE, 0)->name, "eth0");
    const struct ik_capfile_item *i = expect(s, 2, IK_CAPFILE_INTERFACE, 0);
    expect_bytes(i->name, "tun-of-a-name-that-is-longer-than-31");
    assert_int_equal(i->interface, 1);
    assert_int_equal(i->snap_bytes, 96);

    const struct ik_capfile_item *p = expect(s, 3, IK_CAPFILE_PACKET, 0);
    assert_true(p->time == INT64_C(1700000000123456000));
    assert_int_equal(p->linktype, IK_LINKTYPE_ETHERNET);
    assert_int_equal(p->wire_bytes, 60);
    expect_bytes(p->bytes, "first");
    expect_bytes(p->name, "eth0");
    expect_bytes(p->comment, "seen \"here\"");

    p = expect(s, 4, IK_CAPFILE_PACKET, 0);
    assert_true(p->time == INT64_C(1699999001000000007));
    assert_int_equal(p->linktype, IK_LINKTYPE_RAW);
    expect_bytes(p->name, "tun-of-a-name-that-is-longer-th");
    assert_int_equal(p->comment.left, 0);
}

static void expect_other_blocks(const struct seen *s)
{
    const struct ik_capfile_item *p = expect(s, 5, IK_CAPFILE_PACKET, 0);
    assert_true(p->time == INT64_C(1000000000000)); /* 2000 s of file less 1000 */
    assert_int_equal(p->interface, 1);
    assert_int_equal(p->wire_bytes, 4);
    expect_bytes(p->bytes, "old");

    p = expect(s, 6, IK_CAPFILE_PACKET, 0);
    assert_true(p->time == IK_NEVER);
    assert_int_equal(p->linktype, IK_LINKTYPE_ETHERNET);
    expect_bytes(p->bytes, "simple");

    assert_int_equal(expect(s, 7, IK_CAPFILE_OTHER, 0)->block_type, 4);
    const struct ik_capfile_item *st = expect(s, 8, IK_CAPFILE_STATS, 0);
    assert_true(st->received == 5000000000 && st->dropped == 7);
    assert_int_equal(st->interface, 1);
    expect_bytes(st->comment, "counted");
}

static void pcapng__everything__in_both_orders(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct made m;
        struct seen s;
        made_whole(&m, big);
        take_made(&s, &m);
        assert_int_equal(s.end, IK_E_NOT_FOUND);
        assert_int_equal(s.n, 12);
        expect_first_section(&s);
        expect_other_blocks(&s);
        expect(&s, 9, IK_CAPFILE_SECTION, 0);
        assert_int_equal(expect(&s, 10, IK_CAPFILE_INTERFACE, 0)->interface, 0);
        const struct ik_capfile_item *p = expect(&s, 11, IK_CAPFILE_PACKET, 0);
        assert_true(p->time == 8 * IK_NS_PER_S + IK_NS_PER_S / 2); /* 1536/1024 s + 7 s */
        assert_int_equal(p->linktype, IK_LINKTYPE_LINUX_SLL2);
        assert_true(p->bytes.p > m.bytes && p->bytes.p < m.bytes + m.n);
    }
}

/* What ik_pcapng_* write is read as it was meant. */
static void pcapng__of_our_own__is_read(void **state)
{
    (void)state;
    uint8_t file[512];
    size_t n = 0, len;
    struct seen s;
    assert_int_equal(ik_pcapng_section(file, sizeof(file), &len), IK_OK);
    n += len;
    assert_int_equal(ik_pcapng_interface(1, "me-gw", file + n, sizeof(file) - n, &len), IK_OK);
    n += len;
    assert_int_equal(ik_pcapng_packet(0, 123456789, (struct ik_rd){(const uint8_t *)"abc", 3},
                                      "lost", file + n, sizeof(file) - n, &len),
                     IK_OK);
    take_all(&s, (struct ik_rd){file, n + len});
    assert_int_equal(s.end, IK_E_NOT_FOUND);
    const struct ik_capfile_item *p = expect(&s, 2, IK_CAPFILE_PACKET, 0);
    assert_int_equal(p->time, 123456789);
    expect_bytes(p->name, "me-gw");
    expect_bytes(p->comment, "lost");
}

static void start(struct made *m)
{
    *m = (struct made){.big = true};
    made_section(m);
    made_interface(m, 1, 0, "e", 6, 0);
}

/* A packet that follows damage and must still be found, and the end of the file behind it. */
static void expect_goes_on(struct made *m, enum ik_capfile_kind kind, enum ik_capfile_fault fault)
{
    struct seen s;
    made_packet(m, 0, 1, "next", 4, 4);
    made_end(m);
    take_made(&s, m);
    assert_int_equal(s.end, IK_E_NOT_FOUND);
    assert_int_equal(s.n, 4);
    expect(&s, 2, kind, fault);
    expect_bytes(expect(&s, 3, IK_CAPFILE_PACKET, 0)->bytes, "next");
}

static void pcapng__damage_inside_a_block__is_named_and_left(void **state)
{
    (void)state;
    struct made m;
    start(&m);
    made_packet(&m, 0, 1, "abc", 3, 3);
    made_end_off(&m, 4);
    expect_goes_on(&m, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_TRAILER);

    start(&m);
    made_packet(&m, 1, 1, "abc", 3, 3);
    made_end(&m);
    expect_goes_on(&m, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_INTERFACE);

    start(&m);
    made_packet(&m, 0, 1, "abc", 5, 5); /* one more than with its padding */
    made_end(&m);
    expect_goes_on(&m, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_CAPLEN);

    start(&m);
    made_packet(&m, 0, 1, "abc", 3, 2);
    made_end(&m);
    expect_goes_on(&m, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_CAPLEN);

    start(&m);
    made_packet(&m, 0, 1, "abc", UINT32_MAX, UINT32_MAX);
    made_end(&m);
    expect_goes_on(&m, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_CAPLEN);

    start(&m);
    made_packet(&m, 0, 1, "abc", 3, 3);
    made_put(&m, 1, 2);
    made_put(&m, 5, 2); /* a comment of 5 bytes in a block with 4 left */
    made_copy(&m, "fooo", 4);
    made_end(&m);
    expect_goes_on(&m, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_OPTION);

    start(&m);
    made_begin(&m, 6); /* too short for its fixed part */
    made_zero(&m, 16);
    made_end(&m);
    expect_goes_on(&m, IK_CAPFILE_OTHER, IK_CAPFILE_FAULT_LENGTH);
}

static void pcapng__length_not_of_whole_words__is_believed_with_its_twin(void **state)
{
    (void)state;
    struct made m;
    start(&m);
    const size_t at = m.n;
    made_packet(&m, 0, 1, "abc", 3, 3);
    made_end(&m);
    m.bytes[at + 7] = m.bytes[m.n - 1] = (uint8_t)(m.n - at - 1);
    expect_goes_on(&m, IK_CAPFILE_PACKET, IK_CAPFILE_FAULT_LENGTH);

    struct seen s;
    start(&m);
    made_packet(&m, 0, 1, "abc", 3, 3);
    made_end(&m);
    m.bytes[at + 7] -= 6;
    take_made(&s, &m);
    assert_int_equal(s.end, IK_E_LENGTH);
    expect(&s, 2, IK_CAPFILE_OTHER, IK_CAPFILE_FAULT_LENGTH);
}

static void pcapng__damage_of_the_frame_of_blocks__ends_the_file(void **state)
{
    (void)state;
    static const struct {
        uint32_t length;
        enum ik_err err;
        enum ik_capfile_fault fault;
    } rows[] = {
        {0, IK_E_LENGTH, IK_CAPFILE_FAULT_LENGTH},
        {11, IK_E_LENGTH, IK_CAPFILE_FAULT_LENGTH},
        {IK_CAPFILE_BLOCK_MAX + 1, IK_E_TOO_BIG, IK_CAPFILE_FAULT_TOO_BIG},
        {UINT32_MAX, IK_E_TOO_BIG, IK_CAPFILE_FAULT_TOO_BIG},
        {40, IK_E_SHORT, IK_CAPFILE_FAULT_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct made m;
        struct seen s;
        start(&m);
        made_begin(&m, 0x77);
        m.n -= 4;
        made_put(&m, rows[i].length, 4);
        made_zero(&m, 24);
        take_made(&s, &m);
        assert_int_equal(s.end, rows[i].err);
        expect(&s, 2, IK_CAPFILE_OTHER, rows[i].fault);
        assert_int_equal(s.items[2].at_bytes, m.n - 32);
    }
    struct made m;
    struct seen s;
    start(&m);
    m.bytes[13] = 7; /* version */
    take_made(&s, &m);
    assert_int_equal(s.end, IK_E_VERSION);
    expect(&s, 0, IK_CAPFILE_SECTION, IK_CAPFILE_FAULT_VERSION);
    m.bytes[8] = 0x1b; /* magic of the order of bytes */
    take_made(&s, &m);
    assert_int_equal(s.end, IK_E_VALUE);
    expect(&s, 0, IK_CAPFILE_OTHER, IK_CAPFILE_FAULT_MAGIC);
}

/* Times that no 64 bits of nanoseconds hold are not told at all. */
static void pcapng__times_that_cannot_be__are_not_told(void **state)
{
    (void)state;
    static const struct {
        uint8_t resolution;
        int64_t offset;
        uint64_t units;
        ik_ns time;
        bool sound;
    } rows[] = {
        {0, 0, 5, 5 * IK_NS_PER_S, true},
        {0x80, 0, 5, 5 * IK_NS_PER_S, true},
        {0, 0, UINT64_C(9223372036), INT64_C(9223372036000000000), true},
        {0, 0, UINT64_C(9223372037), IK_NEVER, true},
        {12, 0, UINT64_C(1999999999999), 1999999999, true},
        {19, 0, UINT64_MAX, 1844674407, true},
        {20, 0, 1, IK_NEVER, false},
        {255, 0, 1, IK_NEVER, false},
        {0x80 | 63, 0, UINT64_C(1) << 62, IK_NS_PER_S / 2, true},
        {0x80 | 64, 0, 1, IK_NEVER, false},
        {9, 1, INT64_MAX - 1000000000, INT64_MAX, true},
        {9, 1, INT64_MAX - 999999999, IK_NEVER, true},
        {9, 0, UINT64_C(1) << 63, IK_NEVER, true},
        {9, INT64_MIN, 1, IK_NEVER, false},
        {9, -2, 5, -2 * IK_NS_PER_S + 5, true},
        {6, 0, UINT64_MAX, IK_NEVER, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct made m = {.big = true};
        struct seen s;
        made_section(&m);
        made_interface(&m, 1, 0, "e", rows[i].resolution, rows[i].offset);
        made_packet(&m, 0, rows[i].units, "x", 1, 1);
        made_end(&m);
        take_made(&s, &m);
        expect(&s, 1, IK_CAPFILE_INTERFACE,
               rows[i].sound ? IK_CAPFILE_FAULT_NONE : IK_CAPFILE_FAULT_OPTION);
        assert_true(expect(&s, 2, IK_CAPFILE_PACKET, 0)->time == rows[i].time);
    }
}

static void pcapng__more_interfaces_than_are_remembered__are_told(void **state)
{
    (void)state;
    struct made one = {.big = false};
    made_interface(&one, 1, 0, "e", 6, 0);
    struct made m = {.big = false};
    made_section(&m);
    struct ik_capfile c;
    struct ik_capfile_item item;
    struct ik_rd in = {m.bytes, m.n};
    size_t need;
    ik_capfile_init(&c);
    assert_int_equal(ik_capfile_take(&c, &in, false, &item, &need), IK_OK);
    for (unsigned i = 0; i <= IK_CAPFILE_INTERFACES; i++) {
        in = (struct ik_rd){one.bytes, one.n};
        assert_int_equal(ik_capfile_take(&c, &in, false, &item, &need), IK_OK);
        assert_int_equal(item.interface, i);
        assert_int_equal(item.fault, i < IK_CAPFILE_INTERFACES ? IK_CAPFILE_FAULT_NONE
                                                               : IK_CAPFILE_FAULT_INTERFACES);
    }
    one.n = 0;
    made_packet(&one, IK_CAPFILE_INTERFACES, 1, "x", 1, 1);
    made_end(&one);
    in = (struct ik_rd){one.bytes, one.n};
    assert_int_equal(ik_capfile_take(&c, &in, false, &item, &need), IK_OK);
    assert_int_equal(item.fault, IK_CAPFILE_FAULT_INTERFACE);
    assert_int_equal(item.linktype, UINT16_MAX);
    expect_bytes(item.bytes, "x");
}

/* A simple packet is cut at what its interface captures. */
static void pcapng__simple_packet__is_as_long_as_its_interface_takes(void **state)
{
    (void)state;
    struct made m = {.big = true};
    struct seen s;
    made_section(&m);
    made_interface(&m, 1, 3, "e", 6, 0);
    made_begin(&m, 3);
    made_put(&m, 1000, 4);
    made_copy(&m, "abc", 3);
    made_end(&m);
    take_made(&s, &m);
    expect_bytes(expect(&s, 2, IK_CAPFILE_PACKET, 0)->bytes, "abc");
    assert_int_equal(s.items[2].wire_bytes, 1000);
}

/* ---- any file -------------------------------------------------------------------------------- */

static void sweep(const struct made *m)
{
    struct seen whole;
    take_made(&whole, m);
    for (size_t cut = 0; cut < m->n; cut++) {
        struct seen s;
        uint8_t *block = vector_block(m->bytes, cut);
        take_all(&s, (struct ik_rd){block, cut});
        const bool between = s.end == IK_E_NOT_FOUND;
        assert_true(between || s.end == IK_E_SHORT);
        for (size_t i = 0; i < s.n; i++) {
            const bool last = !between && i == s.n - 1;
            assert_int_equal(s.items[i].at_bytes, whole.items[i].at_bytes);
            assert_int_equal(s.items[i].fault,
                             last ? IK_CAPFILE_FAULT_TRUNCATED : whole.items[i].fault);
            assert_true(last || s.items[i].kind == whole.items[i].kind);
            assert_true(s.items[i].kind != IK_CAPFILE_PACKET ||
                        vector_inside(s.items[i].bytes, (struct ik_rd){block, cut}));
        }
        assert_true(s.n > 0);
        const uint64_t next = s.n < whole.n ? whole.items[s.n].at_bytes : m->n;
        assert_true(between ? next == cut : next > cut);
        free(block);
    }
}

static void any_file__cut_anywhere__gives_what_was_there(void **state)
{
    (void)state;
    struct made m;
    made_pcap(&m, true, NANO, 1);
    made_record(&m, 1, 2, "one", 3);
    made_record(&m, 1, 2, "three", 5);
    sweep(&m);
    made_whole(&m, false);
    sweep(&m);
}

/* With more to come nothing is taken until it is whole, and what is needed is said truly. */
static void any_file__that_grows__gives_each_item_when_it_is_whole(void **state)
{
    (void)state;
    struct made m;
    made_whole(&m, true);
    struct seen whole;
    take_made(&whole, &m);
    struct ik_capfile c;
    struct ik_capfile_item item;
    size_t from = 0, need = 0, n = 0, wanted = 0;
    ik_capfile_init(&c);
    for (size_t there = 0; there <= m.n; there++) {
        struct ik_rd in = {m.bytes + from, there - from};
        const enum ik_err err = ik_capfile_take(&c, &in, false, &item, &need);
        if (err == IK_E_AGAIN) {
            assert_true(need > there - from && need >= wanted);
            assert_int_equal(in.left, there - from);
            wanted = need;
            continue;
        }
        assert_int_equal(err, IK_OK);
        assert_int_equal(there - from, wanted);
        assert_int_equal(item.at_bytes, whole.items[n].at_bytes);
        assert_int_equal(item.kind, whole.items[n].kind);
        from = there;
        wanted = 0;
        n++;
    }
    assert_int_equal(n, whole.n);
    assert_int_equal(from, m.n);
}

static void any_file__flipped_anywhere__is_read_within_bounds(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct made m;
        if (kind)
            made_whole(&m, true);
        else {
            made_pcap(&m, true, MICRO, 1);
            made_record(&m, 1, 2, "one", 3);
            made_record(&m, 1, 2, "three", 5);
        }
        uint8_t *block = vector_block(m.bytes, m.n);
        for (size_t i = 0; i < m.n * 8; i++) {
            struct seen s;
            block[i / 8] ^= (uint8_t)(1 << i % 8);
            take_all(&s, (struct ik_rd){block, m.n});
            block[i / 8] ^= (uint8_t)(1 << i % 8);
        }
        free(block);
    }
}

static void names__of_faults_and_link_types__are_those_of_the_table(void **state)
{
    (void)state;
    assert_string_equal(ik_linktype_name(1), "ethernet");
    assert_string_equal(ik_linktype_name(12), "raw");
    assert_null(ik_linktype_name(127));
    assert_string_equal(ik_capfile_fault_name(IK_CAPFILE_FAULT_VERSION), "version");
    assert_string_equal(ik_capfile_fault_name((enum ik_capfile_fault)99), "unknown");
    assert_string_equal(ik_capfile_fault_text(IK_CAPFILE_FAULT_TRUNCATED),
                        "the file ends inside a block or packet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap__of_tcpdump__is_read),
        cmocka_unit_test(pcap__both_orders_and_units__give_the_same_time),
        cmocka_unit_test(pcap__old_version__has_its_lengths_swapped),
        cmocka_unit_test(pcap__damage__is_named_and_the_rest_given),
        cmocka_unit_test(pcapng__everything__in_both_orders),
        cmocka_unit_test(pcapng__of_our_own__is_read),
        cmocka_unit_test(pcapng__damage_inside_a_block__is_named_and_left),
        cmocka_unit_test(pcapng__length_not_of_whole_words__is_believed_with_its_twin),
        cmocka_unit_test(pcapng__damage_of_the_frame_of_blocks__ends_the_file),
        cmocka_unit_test(pcapng__times_that_cannot_be__are_not_told),
        cmocka_unit_test(pcapng__more_interfaces_than_are_remembered__are_told),
        cmocka_unit_test(pcapng__simple_packet__is_as_long_as_its_interface_takes),
        cmocka_unit_test(any_file__cut_anywhere__gives_what_was_there),
        cmocka_unit_test(any_file__that_grows__gives_each_item_when_it_is_whole),
        cmocka_unit_test(any_file__flipped_anywhere__is_read_within_bounds),
        cmocka_unit_test(names__of_faults_and_link_types__are_those_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
