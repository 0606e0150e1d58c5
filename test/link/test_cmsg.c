/* SPDX-License-Identifier: MIT */
#include "link/cmsg.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct box {
    struct msghdr msg;
    _Alignas(struct cmsghdr) uint8_t control[IK_CMSG_IN];
};

static void add(struct box *b, int level, int type, const void *data, size_t len)
{
    struct cmsghdr head = {.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
    b->msg.msg_control = b->control;
    memcpy(b->control + b->msg.msg_controllen, &head, sizeof(head));
    memcpy(b->control + b->msg.msg_controllen + CMSG_LEN(0), data, len);
    b->msg.msg_controllen += CMSG_SPACE(len);
}

static void add_int(struct box *b, int level, int type, int value)
{
    add(b, level, type, &value, sizeof(value));
}

static void take__all_of_ipv4__is_known(void **state)
{
    (void)state;
    struct box b = {0};
    const struct scm_timestamping stamps = {{{7, 8}, {1, 1}, {9, 10}}};
    const struct in_pktinfo info = {.ipi_ifindex = 3, .ipi_addr.s_addr = htonl(0x0a000001)};
    const uint8_t tos = 0xb8;
    add(&b, SOL_SOCKET, SCM_TIMESTAMPING, &stamps, sizeof(stamps));
    add(&b, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    add_int(&b, IPPROTO_IP, IP_TTL, 255);
    add(&b, IPPROTO_IP, IP_TOS, &tos, 1);
    struct ik_cmsg c;
    ik_cmsg_take(&c, &b.msg);
    assert_int_equal(c.software, 7000000008);
    assert_int_equal(c.hardware, 9000000010);
    assert_int_equal(c.meta.ttl, 255);
    assert_int_equal(c.meta.tclass, 0xb8);
    assert_int_equal(c.meta.ifindex, 3);
    assert_int_equal(c.meta.dst.bytes[3], 1);
    assert_int_equal(c.meta.known, IK_KNOW_TTL | IK_KNOW_TCLASS | IK_KNOW_IFINDEX | IK_KNOW_DST);
    assert_false(c.has_error);
}

static void take__ipv6_error__has_its_offender(void **state)
{
    (void)state;
    struct box b = {0};
    struct {
        struct sock_extended_err error;
        struct sockaddr_in6 from;
    } e = {.error = {.ee_errno = 113, .ee_origin = SO_EE_ORIGIN_ICMP6, .ee_type = 1, .ee_code = 3},
           .from = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    add(&b, IPPROTO_IPV6, IPV6_RECVERR, &e, sizeof(e));
    add_int(&b, IPPROTO_IPV6, IPV6_HOPLIMIT, 61);
    struct ik_cmsg c;
    ik_cmsg_take(&c, &b.msg);
    assert_true(c.has_error);
    assert_int_equal(c.error.ee_code, 3);
    assert_int_equal(c.offender.family, 6);
    assert_int_equal(c.offender.bytes[15], 1);
    assert_int_equal(c.meta.ttl, 61);
}

static void take__error_without_offender__has_none(void **state)
{
    (void)state;
    struct box b = {0};
    const struct sock_extended_err e = {.ee_origin = SO_EE_ORIGIN_TIMESTAMPING, .ee_data = 77};
    add(&b, IPPROTO_IP, IP_RECVERR, &e, sizeof(e));
    struct ik_cmsg c;
    ik_cmsg_take(&c, &b.msg);
    assert_true(c.has_error);
    assert_int_equal(c.error.ee_data, 77);
    assert_int_equal(c.offender.family, 0);
}

static void stamp__by_what_there_is__names_its_clock(void **state)
{
    (void)state;
    const struct ik_now now = {1000 * IK_NS_PER_S, 5000 * IK_NS_PER_S};
    struct ik_offset o = {0};
    struct ik_cmsg c = {.software = now.real - 100, .hardware = 42};
    ik_offset_look(&o, now);
    assert_int_equal(ik_cmsg_stamp(&c, &o, now, true).clock, IK_CLOCK_HARDWARE);
    assert_int_equal(ik_cmsg_stamp(&c, &o, now, true).mono, 42);
    assert_int_equal(ik_cmsg_stamp(&c, &o, now, false).clock, IK_CLOCK_KERNEL);
    assert_int_equal(ik_cmsg_stamp(&c, &o, now, false).mono, now.mono - 100);
    c.software = 0;
    assert_int_equal(ik_cmsg_stamp(&c, &o, now, false).clock, IK_CLOCK_USER);
    assert_int_equal(ik_cmsg_stamp(&c, &o, now, false).mono, now.mono);
}

static void put__what_the_mask_says__fits_its_room(void **state)
{
    (void)state;
    _Alignas(struct cmsghdr) uint8_t room[IK_CMSG_OUT];
    struct msghdr msg;
    struct ik_meta meta = {.ttl = 9, .tclass = 4, .ifindex = 2, .src = {.family = 6}};
    const uint32_t id = 5;
    ik_cmsg_put(&msg, room, 6, &meta, NULL);
    assert_null(msg.msg_control);
    assert_int_equal(msg.msg_controllen, 0);
    meta.known = IK_KNOW_TTL | IK_KNOW_TCLASS | IK_KNOW_IFINDEX | IK_KNOW_SRC;
    ik_cmsg_put(&msg, room, 6, &meta, &id);
    assert_true(msg.msg_controllen <= IK_CMSG_OUT);
    int n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
        n++;
    assert_int_equal(n, 4);
    struct ik_cmsg back;
    ik_cmsg_take(&back, &msg); /* TTL, class and interface read as they are written */
    assert_int_equal(back.meta.ttl, 9);
    assert_int_equal(back.meta.tclass, 4);
    assert_int_equal(back.meta.ifindex, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__all_of_ipv4__is_known),
        cmocka_unit_test(take__ipv6_error__has_its_offender),
        cmocka_unit_test(take__error_without_offender__has_none),
        cmocka_unit_test(stamp__by_what_there_is__names_its_clock),
        cmocka_unit_test(put__what_the_mask_says__fits_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
