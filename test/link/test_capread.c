/* SPDX-License-Identifier: MIT
 * Capture files from the disk, packed, through pipes, growing and broken. */
#include "icmpkit/link.h"

#include "link/gunzip.h"

#include "../wire/capfile_make.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

enum { MICRO = 0xa1b2c3d4 };

struct place {
    char dir[64], path[96], packed[112];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    strcpy(p->dir, "/tmp/icmpkit-capread-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->path, sizeof(p->path), "%s/c", p->dir);
    snprintf(p->packed, sizeof(p->packed), "%s.gz", p->path);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    unlink(p->path);
    unlink(p->packed);
    rmdir(p->dir);
    free(p);
    return 0;
}

static void write_file(const char *path, const char *mode, const void *bytes, size_t n)
{
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* By the program: what is read is not made by the library that reads it. */
static void pack(const struct place *p)
{
    char command[256];
    snprintf(command, sizeof(command), "gzip -nf <%s >%s", p->path, p->packed);
    assert_int_equal(system(command), 0);
}

static struct ik_capread *open_good(const char *path, bool follow)
{
    struct ik_capread *r = NULL;
    char why[IK_CAPREAD_TEXT];
    assert_int_equal(ik_capread_open(&r, path, follow, why), IK_OK);
    return r;
}

/* How many packets until the end, and what that was. */
static unsigned count(struct ik_capread *r, enum ik_err *end)
{
    struct ik_capfile_item item;
    unsigned n = 0;
    while (!(*end = ik_capread_take(r, &item)))
        n += item.kind == IK_CAPFILE_PACKET;
    return n;
}

static void expect_count(const char *path, unsigned packets, enum ik_err end, const char *why)
{
    struct ik_capread *r = open_good(path, false);
    enum ik_err got;
    assert_int_equal(count(r, &got), packets);
    assert_int_equal(got, end);
    assert_string_equal(ik_capread_why(r), why);
    assert_int_equal(ik_capread_fd(r), -1);
    ik_capread_close(r);
}

static void file__whole__gives_its_items(void **state)
{
    const struct place *p = *state;
    struct made m;
    made_whole(&m, false);
    write_file(p->path, "wb", m.bytes, m.n);
    expect_count(p->path, 5, IK_E_NOT_FOUND, "");
}

static void file__packed__gives_the_same(void **state)
{
    const struct place *p = *state;
    struct made m;
    if (!ik_gunzip_have())
        skip();
    made_whole(&m, true);
    write_file(p->path, "wb", m.bytes, m.n);
    pack(p);
    expect_count(p->packed, 5, IK_E_NOT_FOUND, "");
    write_file(p->packed, "ab", "\0\0\0", 3); /* as on tapes */
    expect_count(p->packed, 5, IK_E_NOT_FOUND, "");
}

/* Files may be packed in pieces (RFC 1952 section 2.2). */
static void file__packed_in_members__is_one(void **state)
{
    const struct place *p = *state;
    struct made m;
    uint8_t both[4096];
    if (!ik_gunzip_have())
        skip();
    made_pcap(&m, false, MICRO, 1);
    made_record(&m, 1, 2, "first", 5);
    write_file(p->path, "wb", m.bytes, 27); /* in the middle of a number */
    pack(p);
    FILE *f = fopen(p->packed, "rb");
    size_t n = fread(both, 1, sizeof(both), f);
    fclose(f);
    write_file(p->path, "wb", m.bytes + 27, m.n - 27);
    pack(p);
    f = fopen(p->packed, "rb");
    n += fread(both + n, 1, sizeof(both) - n, f);
    fclose(f);
    write_file(p->packed, "wb", both, n);
    expect_count(p->packed, 1, IK_E_NOT_FOUND, "");
}

/* All that came out before the damage is given. */
static void file__packed_and_damaged__gives_what_was_whole(void **state)
{
    const struct place *p = *state;
    struct made m;
    uint8_t packed[4096];
    char why[IK_CAPREAD_TEXT];
    if (!ik_gunzip_have())
        skip();
    made_pcap(&m, false, MICRO, 1);
    made_record(&m, 1, 2, "first", 5);
    made_record(&m, 1, 2, "second", 6);
    write_file(p->path, "wb", m.bytes, m.n);
    pack(p);
    FILE *f = fopen(p->packed, "rb");
    const size_t n = fread(packed, 1, sizeof(packed), f);
    fclose(f);
    write_file(p->packed, "wb", packed, n - 8); /* without checksum and length */
    snprintf(why, sizeof(why), "byte %zu: the file ends inside data packed by gzip", n - 8);
    expect_count(p->packed, 2, IK_E_SHORT, why);
    packed[n - 8] ^= 1;
    write_file(p->packed, "wb", packed, n);
    struct ik_capread *r = open_good(p->packed, false);
    enum ik_err end;
    assert_int_equal(count(r, &end), 2);
    assert_int_equal(end, IK_E_VALUE);
    snprintf(why, sizeof(why), "byte %zu: data packed by gzip is damaged", n - 4);
    assert_string_equal(ik_capread_why(r), why);
    ik_capread_close(r);
}

static void file__cut__gives_the_part_of_the_last_packet(void **state)
{
    const struct place *p = *state;
    struct made m;
    struct ik_capfile_item item;
    made_pcap(&m, true, MICRO, 1);
    made_record(&m, 1, 2, "first", 5);
    made_record(&m, 1, 2, "second", 6);
    write_file(p->path, "wb", m.bytes, m.n - 2);
    struct ik_capread *r = open_good(p->path, false);
    assert_int_equal(ik_capread_take(r, &item), IK_OK);
    assert_int_equal(ik_capread_take(r, &item), IK_OK);
    assert_int_equal(ik_capread_take(r, &item), IK_E_SHORT);
    assert_int_equal(item.kind, IK_CAPFILE_PACKET);
    assert_int_equal(item.bytes.left, 4);
    assert_memory_equal(item.bytes.p, "seco", 4);
    assert_string_equal(ik_capread_why(r), "byte 45: the file ends inside a block or packet");
    ik_capread_close(r);
}

static void file__of_no_format__is_refused_with_the_place(void **state)
{
    const struct place *p = *state;
    write_file(p->path, "wb", "GIF89a, say", 11);
    expect_count(p->path, 0, IK_E_VALUE,
                 "byte 0: no capture file: the first bytes are of no format we know");
    write_file(p->path, "wb", "", 0);
    expect_count(p->path, 0, IK_E_SHORT, "byte 0: the file ends inside a block or packet");
    write_file(p->path, "wb", "\n", 1);
    expect_count(p->path, 0, IK_E_SHORT, "byte 0: the file ends inside a block or packet");
}

static void path__that_cannot_be_read__is_told(void **state)
{
    const struct place *p = *state;
    struct ik_capread *r = NULL;
    char why[IK_CAPREAD_TEXT] = "";
    assert_int_equal(ik_capread_open(&r, p->path, false, why), IK_E_NOT_FOUND);
    assert_string_equal(why, "No such file or directory");
    assert_null(r);
    r = open_good(p->dir, false);
    enum ik_err end;
    assert_int_equal(count(r, &end), 0);
    assert_int_equal(end, IK_E_SYSTEM);
    assert_string_equal(ik_capread_why(r), "Is a directory");
    ik_capread_close(r);
}

/* A disk that fails: the address 0 of our own memory is not there. */
static void disk__that_fails__is_told(void **state)
{
    (void)state;
    struct ik_capread *r = open_good("/proc/self/mem", false);
    enum ik_err end;
    assert_int_equal(count(r, &end), 0);
    assert_int_equal(end, IK_E_SYSTEM);
    assert_string_equal(ik_capread_why(r), "Input/output error");
    struct ik_capfile_item item;
    assert_int_equal(ik_capread_take(r, &item), IK_E_SYSTEM);
    ik_capread_close(r);
}

/* A whole packet does not wait for the one behind it. */
static void pipe__byte_by_byte__gives_each_item_at_once(void **state)
{
    (void)state;
    struct made m;
    struct ik_capfile_item item;
    int ends[2], was = dup(STDIN_FILENO);
    unsigned n = 0;
    size_t seen = 0;
    assert_int_equal(pipe(ends), 0);
    dup2(ends[0], STDIN_FILENO);
    struct ik_capread *r = open_good("-", false);
    made_whole(&m, false);
    assert_int_equal(ik_capread_fd(r), STDIN_FILENO);
    for (size_t i = 0; i < m.n; i++) {
        enum ik_err err = ik_capread_take(r, &item);
        assert_int_equal(err, IK_E_AGAIN);
        assert_int_equal(write(ends[1], m.bytes + i, 1), 1);
        err = ik_capread_take(r, &item);
        if (err == IK_E_AGAIN)
            continue;
        assert_int_equal(err, IK_OK);
        assert_int_equal(item.at_bytes, seen);
        seen = i + 1;
        n++;
    }
    assert_int_equal(n, 12);
    assert_int_equal(seen, m.n);
    close(ends[1]);
    assert_int_equal(ik_capread_take(r, &item), IK_E_NOT_FOUND);
    ik_capread_close(r);
    dup2(was, STDIN_FILENO);
    close(was);
    close(ends[0]);
}

static void file__that_grows__is_followed(void **state)
{
    const struct place *p = *state;
    struct made m;
    struct ik_capfile_item item;
    made_pcap(&m, false, MICRO, 1);
    write_file(p->path, "wb", m.bytes, m.n);
    struct ik_capread *r = open_good(p->path, true);
    struct pollfd poller = {.fd = ik_capread_fd(r), .events = POLLIN};
    assert_true(poller.fd >= 0);
    assert_int_equal(ik_capread_take(r, &item), IK_OK);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ik_capread_take(r, &item), IK_E_AGAIN);
        assert_int_equal(poll(&poller, 1, 0), 0);
        m.n = 0;
        made_record(&m, i, 2, "more", 4);
        write_file(p->path, "ab", m.bytes, 7);
        assert_int_equal(poll(&poller, 1, 1000), 1);
        assert_int_equal(ik_capread_take(r, &item), IK_E_AGAIN);
        write_file(p->path, "ab", m.bytes + 7, m.n - 7);
        assert_int_equal(poll(&poller, 1, 1000), 1);
        assert_int_equal(ik_capread_take(r, &item), IK_OK);
        assert_int_equal(item.time, i * IK_NS_PER_S + 2 * IK_NS_PER_US);
    }
    ik_capread_close(r);
}

/* Bytes of an item stay while the next ones are taken ahead, and nothing is read for that. */
static void ahead__gives_what_is_in_memory(void **state)
{
    const struct place *p = *state;
    struct made m;
    struct ik_capfile_item item, next;
    made_pcap(&m, false, MICRO, 1);
    made_record(&m, 1, 2, "first", 5);
    made_record(&m, 2, 3, "next", 4);
    write_file(p->path, "wb", m.bytes, m.n);
    struct ik_capread *r = open_good(p->path, true);
    assert_int_equal(ik_capread_ahead(r, &item), IK_E_AGAIN);
    assert_int_equal(ik_capread_take(r, &item), IK_OK);
    assert_int_equal(ik_capread_ahead(r, &item), IK_OK);
    assert_int_equal(ik_capread_ahead(r, &next), IK_OK);
    assert_memory_equal(item.bytes.p, "first", 5);
    assert_memory_equal(next.bytes.p, "next", 4);
    assert_int_equal(ik_capread_ahead(r, &item), IK_E_AGAIN);
    m.n = 0;
    made_record(&m, 3, 4, "more", 4);
    write_file(p->path, "ab", m.bytes, m.n);
    assert_int_equal(ik_capread_ahead(r, &item), IK_E_AGAIN);
    assert_int_equal(ik_capread_take(r, &item), IK_OK);
    assert_memory_equal(item.bytes.p, "more", 4);
    ik_capread_close(r);
}

/* A block of 9 MiB, which is more than the buffer has at first, between small ones. */
static void block__longer_than_the_buffer__is_read_whole(void **state)
{
    const struct place *p = *state;
    enum { LONG = 9 << 20 };
    struct made m;
    uint8_t *body = calloc(1, LONG);
    assert_non_null(body);
    made_pcap(&m, false, MICRO, 1);
    made_record(&m, 1, 0, "x", 1);
    const size_t at = m.n;
    made_put(&m, 2, 8);
    made_put(&m, LONG, 4);
    made_put(&m, LONG, 4);
    write_file(p->path, "wb", m.bytes, m.n);
    body[LONG - 1] = 7;
    write_file(p->path, "ab", body, LONG);
    write_file(p->path, "ab", m.bytes + 24, at - 24);
    struct ik_capread *r = open_good(p->path, false);
    struct ik_capfile_item item;
    for (int i = 0; i < 3; i++)
        assert_int_equal(ik_capread_take(r, &item), IK_OK);
    assert_int_equal(item.bytes.left, LONG);
    assert_int_equal(item.bytes.p[LONG - 1], 7);
    enum ik_err end;
    assert_int_equal(count(r, &end), 1);
    assert_int_equal(end, IK_E_NOT_FOUND);
    ik_capread_close(r);
    free(body);
}

/* 128 MiB that are packed into a thousandth of it: the memory is that of the buffers. */
static void bomb__is_read_in_bounded_memory(void **state)
{
    const struct place *p = *state;
    enum { BODY = 1 << 16, PACKETS = 2048, GROWTH_KIB = 8 << 10 };
    struct made m;
    struct rusage before, after;
    char command[256];
    if (!ik_gunzip_have())
        skip();
    made_pcap(&m, false, MICRO, 1);
    write_file(p->path, "wb", m.bytes, m.n);
    m.n = 0;
    made_put(&m, 1, 8);
    made_put(&m, BODY - 16, 4);
    made_put(&m, BODY - 16, 4);
    uint8_t *record = calloc(1, BODY);
    assert_non_null(record);
    memcpy(record, m.bytes, m.n);
    snprintf(command, sizeof(command), "cat %s - | gzip -1 >%s", p->path, p->packed);
    FILE *f = popen(command, "w");
    assert_non_null(f);
    for (int i = 0; i < PACKETS; i++)
        assert_int_equal(fwrite(record, 1, BODY, f), BODY);
    assert_int_equal(pclose(f), 0);
    free(record);
    getrusage(RUSAGE_SELF, &before);
    expect_count(p->packed, PACKETS, IK_E_NOT_FOUND, "");
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < GROWTH_KIB);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        TEST(bomb__is_read_in_bounded_memory), /* first: the most that was used is for ever */
        TEST(file__whole__gives_its_items),
        TEST(file__packed__gives_the_same),
        TEST(file__packed_in_members__is_one),
        TEST(file__packed_and_damaged__gives_what_was_whole),
        TEST(file__cut__gives_the_part_of_the_last_packet),
        TEST(file__of_no_format__is_refused_with_the_place),
        TEST(path__that_cannot_be_read__is_told),
        TEST(disk__that_fails__is_told),
        TEST(pipe__byte_by_byte__gives_each_item_at_once),
        TEST(file__that_grows__is_followed),
        TEST(ahead__gives_what_is_in_memory),
        TEST(block__longer_than_the_buffer__is_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
