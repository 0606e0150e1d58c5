/* SPDX-License-Identifier: MIT */
#include "dump_rig.h"

#include "cmd/capsave.h"

#include <icmpkit/link.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#define NOV14 (1700000000 * IK_NS_PER_S)

struct folder {
    char path[64], file[96];
};

static struct folder begin(void)
{
    struct folder f;
    strcpy(f.path, "/tmp/ik-dump-save-XXXXXX");
    assert_non_null(mkdtemp(f.path));
    snprintf(f.file, sizeof(f.file), "%s/out", f.path);
    return f;
}

static const char *name(struct folder *f, const char *file)
{
    snprintf(f->file, sizeof(f->file), "%s/%s", f->path, file);
    return f->file;
}

static void end(struct folder *f)
{
    char line[128];
    snprintf(line, sizeof(line), "rm -r %s", f->path);
    assert_int_equal(system(line), 0);
}

static bool put(struct ik_capsave *s, struct dump_rig *r, uint16_t seq, uint8_t type, ik_ns at)
{
    const bool asks = type == 8;
    dump_rig_echo(r, at, asks ? "10.0.0.1" : "10.0.0.2", asks ? "10.0.0.2" : "10.0.0.1", type, seq);
    return ik_capsave_packet(s, &r->p, NULL);
}

/* Reads a file: its packets, and the comment of the last one. */
static unsigned read_back(const char *path, char comment[256])
{
    char why[IK_CAPREAD_TEXT];
    struct ik_capread *c;
    struct ik_capfile_item item;
    unsigned n = 0;
    enum ik_err err;
    if (ik_capread_open(&c, path, false, why))
        return UINT32_MAX;
    while (!(err = ik_capread_take(c, &item))) {
        assert_int_equal(item.fault, IK_CAPFILE_FAULT_NONE);
        n += item.kind == IK_CAPFILE_PACKET;
        if (item.kind == IK_CAPFILE_PACKET)
            snprintf(comment, 256, "%.*s", (int)item.comment.left, (const char *)item.comment.p);
    }
    assert_int_equal(err, IK_E_NOT_FOUND);
    ik_capread_close(c);
    return n;
}

/* A file "a" of a verb that has one packet, whose checksum is wrong; `said` by the verb. Its
 * comment. */
static void keep_bad_echo(const char *verb, const char *said, char comment[256])
{
    struct folder f = begin();
    struct dump_rig *r = dump_rig_begin();
    const struct ik_capsave_cfg cfg = {.verb = verb, .path = name(&f, "a")};
    struct ik_capsave *s;
    assert_true(ik_capsave_open(&s, &cfg));
    rig_echo(&r->ip, "10.0.0.1", "10.0.0.2", 8, 7, 1, 8);
    r->ip.bytes[22] ^= 1;
    dump_rig_take(r, NOV14);
    assert_true(ik_capsave_packet(s, &r->p, said));
    assert_true(ik_capsave_close(s, NOV14, UINT64_MAX, UINT64_MAX));
    assert_int_equal(read_back(f.file, comment), 1);
    dump_rig_end(r);
    end(&f);
}

/* Numbers of partners are those of the file: what came between and was not written does not count.
 */
static void partner__in_the_file__by_its_number_there(void **state)
{
    (void)state;
    struct folder f = begin();
    struct dump_rig *r = dump_rig_begin();
    const struct ik_capsave_cfg cfg = {.verb = "dump", .path = name(&f, "a")};
    struct ik_capsave *s;
    char comment[256];
    assert_true(ik_capsave_open(&s, &cfg));
    r->n = 100;
    assert_true(put(s, r, 1, 8, NOV14));
    assert_true(put(s, r, 1, 0, NOV14 + 1500000));
    assert_true(ik_capsave_close(s, NOV14, 2, 0));
    assert_int_equal(read_back(f.file, comment), 2);
    assert_string_equal(comment, "reply to 1, 1.500 ms");
    dump_rig_end(r);
    end(&f);
}

static void flaw__of_a_packet__is_a_comment(void **state)
{
    (void)state;
    char comment[256];
    keep_bad_echo("dump", NULL, comment);
    assert_string_equal(comment, "bad-checksum at byte 36: the checksum does not verify");
}

/* What the verb has to say comes first, which is what readers of one comment show. */
static void comment__of_the_verb__stands_before_the_others(void **state)
{
    (void)state;
    char comment[256];
    keep_bad_echo("guard", "finding 1: flood-dst", comment);
    assert_string_equal(comment, "finding 1: flood-dst");
}

/* In turn, with zeros before the number, and never longer than asked for. */
static void rotation__by_size__goes_round(void **state)
{
    (void)state;
    struct folder f = begin();
    struct dump_rig *r = dump_rig_begin();
    char base[96], comment[256];
    strcpy(base, name(&f, "r"));
    const struct ik_capsave_cfg cfg = {
        .verb = "dump", .path = base, .rotate_bytes = 1000, .rotate_files = 11};
    struct ik_capsave *s;
    assert_true(ik_capsave_open(&s, &cfg));
    for (uint16_t i = 0; i < 120; i++)
        assert_true(put(s, r, i, 8, NOV14 + i));
    assert_true(ik_capsave_close(s, NOV14, UINT64_MAX, UINT64_MAX));
    unsigned packets = 0, files = 0;
    for (unsigned i = 0; i < 12; i++) {
        char file[8];
        struct stat st;
        snprintf(file, sizeof(file), "r%02u", i);
        const unsigned n = read_back(name(&f, file), comment);
        if (n == UINT32_MAX)
            continue;
        files++;
        packets += n;
        assert_int_equal(stat(f.file, &st), 0);
        assert_true(st.st_size <= 1000);
    }
    assert_int_equal(files, 11);
    assert_true(packets >= 100 && packets < 120); /* the oldest were overwritten */
    dump_rig_end(r);
    end(&f);
}

/* A partner that went into an earlier file is not given a number of this one. */
static void rotation__by_time__ends_after_its_files(void **state)
{
    (void)state;
    struct folder f = begin();
    struct dump_rig *r = dump_rig_begin();
    char base[96], comment[256];
    strcpy(base, name(&f, "%H%M%S"));
    const struct ik_capsave_cfg cfg = {
        .verb = "dump", .path = base, .rotate_after = 10 * IK_NS_PER_S, .rotate_files = 2};
    struct ik_capsave *s;
    setenv("TZ", "UTC", 1);
    assert_true(ik_capsave_open(&s, &cfg));
    assert_true(put(s, r, 1, 8, NOV14));
    assert_true(put(s, r, 2, 8, NOV14 + 9 * IK_NS_PER_S));
    assert_true(put(s, r, 2, 0, NOV14 + 10 * IK_NS_PER_S));
    assert_false(put(s, r, 3, 8, NOV14 + 20 * IK_NS_PER_S));
    assert_false(ik_capsave_has_failed(s));
    assert_true(ik_capsave_close(s, NOV14, UINT64_MAX, UINT64_MAX));
    assert_int_equal(read_back(name(&f, "221320"), comment), 2);
    assert_int_equal(read_back(name(&f, "221330"), comment), 1);
    assert_string_equal(comment, "reply to 2, 1000.000 ms (as numbered where it was captured; it "
                                 "is not in this file)");
    assert_int_equal(read_back(name(&f, "221340"), comment), UINT32_MAX);
    dump_rig_end(r);
    end(&f);
}

/* What others may have put there is left alone. */
static void file__of_somebody_else__is_refused(void **state)
{
    (void)state;
    struct folder f = begin();
    char target[96];
    struct ik_capsave *s;
    strcpy(target, name(&f, "precious"));
    const int fd = open(target, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0 && write(fd, "keep", 4) == 4);
    close(fd);
    assert_int_equal(symlink(target, name(&f, "link")), 0);
    struct ik_capsave_cfg cfg = {.verb = "dump", .path = f.file};
    assert_false(ik_capsave_open(&s, &cfg));
    assert_int_equal(link(target, name(&f, "twin")), 0);
    assert_false(ik_capsave_open(&s, &cfg));
    struct stat st;
    assert_int_equal(stat(target, &st), 0);
    assert_int_equal(st.st_size, 4);
    end(&f);
}

/* No room after some packets: what is there can be read to its end. */
static void disk__full__leaves_whole_packets(void **state)
{
    (void)state;
    struct folder f = begin();
    struct dump_rig *r = dump_rig_begin();
    const struct ik_capsave_cfg cfg = {.verb = "dump", .path = name(&f, "a"), .flush = true};
    struct ik_capsave *s;
    char comment[256];
    struct rlimit before, little;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    little = (struct rlimit){.rlim_cur = 1001, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    assert_true(ik_capsave_open(&s, &cfg));
    unsigned written = 0;
    while (written < 100 && put(s, r, (uint16_t)written, 8, NOV14))
        written++;
    const bool failed = ik_capsave_has_failed(s);
    const bool closed = ik_capsave_close(s, NOV14, 1, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(failed && !closed);
    assert_true(written > 3 && written < 20);
    assert_int_equal(read_back(f.file, comment), written);
    dump_rig_end(r);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partner__in_the_file__by_its_number_there),
        cmocka_unit_test(flaw__of_a_packet__is_a_comment),
        cmocka_unit_test(comment__of_the_verb__stands_before_the_others),
        cmocka_unit_test(rotation__by_size__goes_round),
        cmocka_unit_test(rotation__by_time__ends_after_its_files),
        cmocka_unit_test(file__of_somebody_else__is_refused),
        cmocka_unit_test(disk__full__leaves_whole_packets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
