/* SPDX-License-Identifier: MIT */
#include "cmd/text_rig.h"

#include <fcntl.h>

static void target__forms__are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum ik_ping_what what;
        uint64_t n;
    } rows[] = {
        {"127.0.0.1", IK_PING_LITERAL, 1},
        {"127.1", IK_PING_LITERAL, 1},
        {"0x7f000001", IK_PING_LITERAL, 1},
        {"::1", IK_PING_LITERAL, 1},
        {"fe80::1%lo", IK_PING_LITERAL, 1},
        {"fe80::1%1", IK_PING_LITERAL, 1},
        {"10.0.0.0/28", IK_PING_PREFIX, 14},
        {"10.0.0.0/31", IK_PING_PREFIX, 2},
        {"10.0.0.0/12", IK_PING_PREFIX, 1048574},
        {"2001:db8::/120", IK_PING_PREFIX, 255},
        {"h", IK_PING_NAME, 1},
        {"10.0.0.1%lo", IK_PING_NAME, 1},
        {"1.2.3.4.example", IK_PING_NAME, 1},
        {"b\xc3\xbc"
         "cher.example",
         IK_PING_NAME, 1},
    };
    const struct ik_ping_plan plan = {.family = 0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ik_ping_target t;
        char why[160];
        assert_true(ik_ping_target_read(rows[i].text, &plan, &t, why, sizeof why));
        assert_int_equal(t.what, rows[i].what);
        assert_int_equal(t.n, rows[i].n);
    }
}

static void target__faults__are_told(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "must be an address, a prefix or a name"},
        {"two words", "a name has no blanks and no control characters"},
        {"10.0.0.0/33", "bad prefix: must be ADDRESS/BITS, such as 10.0.0.0/28"},
        {"10.0.0.0/8", "16777214 addresses; at most 1048576 targets in a run"},
        {"2001:db8::/64", "2^64 addresses; at most 1048576 targets in a run"},
        {"::/0", "2^128 addresses; at most 1048576 targets in a run"},
        {"fe80::1%nosuch0", "no interface 'nosuch0'; 'ip link' lists them"},
        {"::1", "an IPv6 address, but the options allow only IPv4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ik_ping_plan plan = {.family = i == 7 ? 4 : 0};
        struct ik_ping_target t;
        char why[160];
        assert_false(ik_ping_target_read(rows[i][0], &plan, &t, why, sizeof why));
        assert_string_equal(why, rows[i][1]);
    }
}

/* Puts text into a file of its own and reads it as --targets. */
static bool load(struct text_rig *r, const char *text, size_t n)
{
    static char path[64];
    const int fd = memfd_create("targets", MFD_CLOEXEC);
    assert_true(write(fd, text, n) == (ssize_t)n);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    r->p.plan.opt.targets = path;
    const bool ok = ik_ping_file_load(&r->p);
    close(fd);
    return ok;
}

static void file__blanks_comments_last_line__are_read(void **state)
{
    (void)state;
    struct text_rig *r = rig_new();
    r->p.expected = 0;
    const char text[] = "# all of them\n\n 10.0.0.1 \r\n\t10.0.0.0/30 # two\n#10.0.0.9\nh#1\nlast";
    assert_true(load(r, text, sizeof text - 1));
    assert_int_equal(r->p.expected, 5);
    assert_int_equal(r->p.n_names, 2); /* "h#1" is one: a comment has a blank before it */
    ik_ping_target_free(&r->p);
    rig_free(r);
}

static void file__bad_line_zero_byte_nothing__is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {{"10.0.0.1\n\n10.0.0.0/8\n", 21}, {"10.0.0.1\0\n", 10}, {"a b\n", 4}};
    const int err = dup(STDERR_FILENO), nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, STDERR_FILENO);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text_rig *r = rig_new();
        assert_false(load(r, rows[i].text, rows[i].n));
        ik_ping_target_free(&r->p);
        rig_free(r);
    }
    struct text_rig *r = rig_new();
    r->p.expected = 0;
    assert_true(load(r, "", 0));
    assert_int_equal(r->p.expected, 0);
    ik_ping_target_free(&r->p);
    rig_free(r);
    dup2(err, STDERR_FILENO);
    close(err);
    close(nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(target__forms__are_understood),
        cmocka_unit_test(target__faults__are_told),
        cmocka_unit_test(file__blanks_comments_last_line__are_read),
        cmocka_unit_test(file__bad_line_zero_byte_nothing__is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
