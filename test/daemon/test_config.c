/* SPDX-License-Identifier: MIT
 * The configuration of guard: every key, what is refused and what would be right. */
#include "icmpkit/daemon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct ik_conf_fault fault;

/* Reads a file that holds this text. */
static enum ik_err read_text(const char *text, const struct ik_config **out)
{
    char path[] = "/tmp/ik-config-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    memset(&fault, 0, sizeof(fault));
    const enum ik_err err = ik_config_open(out, path, &fault);
    unlink(path);
    return err;
}

static void open__an_empty_file__is_the_defaults(void **state)
{
    (void)state;
    const struct ik_config *c;
    assert_int_equal(read_text("", &c), IK_OK);
    assert_null(c->interface);
    assert_int_equal(c->n_home + c->n_routers + c->n_allow, 0);
    assert_int_equal(c->off, 0);
    assert_true(c->hold == IK_CONFIG_HOLD);
    for (int i = 0; i < IK_LIMITS; i++)
        assert_true(c->limits[i] == ik_limit_row((enum ik_limit)i)->value);
    ik_config_close(c);
}

static void open__every_key__is_taken(void **state)
{
    (void)state;
    const struct ik_config *c;
    assert_int_equal(read_text("interface: eth0\n"
                               "home: [192.0.2.0/24, \"2001:db8::/32\"]\n"
                               "routers: [192.0.2.1, \"fe80::1\"]\n"
                               "allow:\n"
                               "  - {source: 192.0.2.9, detectors: [sweep, flood-src]}\n"
                               "  - {source: \"2001:db8:1::/48\"}\n"
                               "off: [flood-dst, nd-malformed]\n"
                               "limits: {flood-dst: 500/s, fragment-wait: 45s, ip-in-icmp: 4,\n"
                               "         tunnel-mismatch-share: 75%, template-bytes: 8KiB}\n"
                               "enforce: {time: 20min, spare: [192.0.2.53]}\n",
                               &c),
                     IK_OK);
    assert_string_equal(c->interface, "eth0");
    assert_int_equal(c->n_home, 2);
    assert_int_equal(c->home[1].bits, 32);
    assert_int_equal(c->n_routers, 2);
    assert_int_equal(c->routers[1].family, 6);
    assert_int_equal(c->n_allow, 2);
    assert_int_equal(c->allow[0].source.bits, 32);
    assert_int_equal(c->allow[0].detectors, 1u << IK_DETECT_SWEEP | 1u << IK_DETECT_FLOOD_SRC);
    /* Without detectors: all of them. */
    for (unsigned d = 1; d < IK_DETECTORS; d++)
        assert_true(c->allow[1].detectors >> d & 1);
    assert_int_equal(c->off, 1u << IK_DETECT_FLOOD_DST | 1u << IK_DETECT_ND_MALFORMED);
    assert_int_equal(c->limits[IK_LIM_FLOOD_DST], 500);
    assert_true(c->hold == 1200 * IK_NS_PER_S);
    assert_int_equal(c->n_spare, 1);
    assert_int_equal(c->spare[0].bits, 32);
    assert_true(c->limits[IK_LIM_FRAG_WAIT] == 45 * IK_NS_PER_S);
    assert_int_equal(c->limits[IK_LIM_INNER_PACKETS], 4);
    assert_int_equal(c->limits[IK_LIM_MISMATCH_SHARE], 75);
    assert_int_equal(c->limits[IK_LIM_TEMPLATE_BYTES], 8192);
    ik_config_close(c);
}

static void refused(const char *text, unsigned line, unsigned column, const char *words)
{
    const struct ik_config *c = NULL;
    assert_int_equal(read_text(text, &c), IK_E_VALUE);
    assert_null(c);
    if (fault.line != line || fault.column != column || !strstr(fault.text, words))
        fail_msg("%s\n  says %u:%u: %s", text, fault.line, fault.column, fault.text);
}

static void open__what_is_wrong__is_named_with_its_place_and_what_is_right(void **state)
{
    (void)state;
    refused("hme: 10.0.0.0/8\n", 1, 1, "did you mean home?");
    refused("interface: eth0\nlimits:\n  flood-dts: 1/s\n", 3, 3, "did you mean flood-dst?");
    refused("enforce: {time: 0s}\n", 1, 17, "from 1s to 24h");
    refused("enforce: {tim: 5s}\n", 1, 11, "did you mean time?");
    refused("limits: {flood-dst: 250}\n", 1, 21, "/s");
    refused("limits: {flood-dst: 1/s}\n", 1, 21, "from 10/s to 100000000/s");
    refused("limits: {hold: 2h}\n", 1, 16, "from 1s to 1h");
    refused("limits: [1]\n", 1, 9, "limits");
    refused("off: [floods]\n", 1, 7, "flood");
    refused("off: [floods]\n", 1, 7, " or nd-malformed"); /* the last: all of them are told */
    refused("home: [10.0.0.0/33]\n", 1, 8, "10.0.0.0/33");
    refused("routers: [10.0.0.0/24]\n", 1, 10, "a router is an address");
    refused("allow: [{detectors: [sweep]}]\n", 1, 9, "source");
    refused("allow: {source: 10.0.0.1}\n", 1, 8, "allow");
    refused("home: 10.0.0.0/8\nhome: 10.0.0.0/8\n", 2, 1, "home");
}

static void open__what_cannot_be_read__is_said(void **state)
{
    (void)state;
    const struct ik_config *c = NULL;
    assert_int_equal(ik_config_open(&c, "/nowhere/guard.yaml", &fault), IK_E_NOT_FOUND);
    assert_int_equal(fault.line, 0);
    assert_true(fault.text[0]);
}

static void detector__by_its_name__or_what_was_meant(void **state)
{
    (void)state;
    const char *near;
    for (unsigned d = 1; d < IK_DETECTORS; d++)
        assert_int_equal(ik_config_detector(ik_detector_name((enum ik_detector)d), &near), d);
    assert_int_equal(ik_config_detector("sweeep", &near), IK_DETECTOR_NONE);
    assert_string_equal(near, "sweep");
    assert_int_equal(ik_config_detector("zzz", &near), IK_DETECTOR_NONE);
    assert_null(near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__an_empty_file__is_the_defaults),
        cmocka_unit_test(open__every_key__is_taken),
        cmocka_unit_test(open__what_is_wrong__is_named_with_its_place_and_what_is_right),
        cmocka_unit_test(open__what_cannot_be_read__is_said),
        cmocka_unit_test(detector__by_its_name__or_what_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
