/* SPDX-License-Identifier: MIT
 * On a socket of the loopback interface that hears more than it can hold. */
#include "link/drops.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BURST = 64 };

static int open_small(struct sockaddr_in *at)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), bytes = 2048;
    socklen_t len = sizeof(*at);
    *at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    assert_return_code(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
    assert_return_code(getsockname(fd, (struct sockaddr *)at, &len), 0);
    assert_return_code(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)), 0);
    return fd;
}

/* Sends a burst; returns how many of it did not arrive. */
static uint32_t overrun(int fd, const struct sockaddr_in *at)
{
    char b[64] = {0};
    uint32_t lost = BURST;
    const int out = socket(AF_INET, SOCK_DGRAM, 0);
    for (int i = 0; i < BURST; i++)
        assert_int_equal(sendto(out, b, sizeof(b), 0, (const struct sockaddr *)at, sizeof(*at)),
                         sizeof(b));
    close(out);
    while (recv(fd, b, sizeof(b), 0) > 0)
        lost--;
    return lost;
}

static struct ik_now at_ms(ik_ns ms)
{
    return (struct ik_now){ms * IK_NS_PER_MS, 0};
}

static void look__overrun__tells_each_drop_once(void **state)
{
    (void)state;
    struct sockaddr_in at;
    struct ik_drops d;
    const int fd = open_small(&at);
    overrun(fd, &at); /* before the link: not its drops */
    ik_drops_init(&d, fd, 4096, 0);
    assert_int_equal(ik_drops_look(&d, at_ms(1), 0, false), 0);
    const uint32_t lost = overrun(fd, &at);
    assert_true(lost > 0);
    assert_int_equal(ik_drops_look(&d, at_ms(1), BURST - lost, false), lost);
    assert_int_equal(ik_drops_look(&d, at_ms(1), 0, false), 0);
    close(fd);
}

static void look__messages_keep_coming__asks_now_and_then_and_when_quiet(void **state)
{
    (void)state;
    struct sockaddr_in at;
    struct ik_drops d;
    const int fd = open_small(&at);
    ik_drops_init(&d, fd, 100 * 16384, 0); /* as if a hundred fitted */
    const uint32_t lost = overrun(fd, &at);
    assert_int_equal(ik_drops_look(&d, at_ms(100), 99, true), 0); /* too few to have filled it */
    assert_int_equal(ik_drops_look(&d, at_ms(100), 1, true), lost);
    const uint32_t again = overrun(fd, &at);
    assert_int_equal(ik_drops_look(&d, at_ms(101), 200, true), 0); /* asked a moment ago */
    assert_int_equal(ik_drops_look(&d, at_ms(101), 0, false), again);
    close(fd);
}

/* Raw ICMPv6 sockets count messages with a wrong checksum too, which anybody can send. */
static void look__counter_rose_without_a_full_buffer__tells_nothing(void **state)
{
    (void)state;
    struct sockaddr_in at;
    struct ik_drops d;
    const int fd = open_small(&at);
    ik_drops_init(&d, fd, 100 * 16384, 0);
    assert_true(overrun(fd, &at) > 0);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(ik_drops_look(&d, at_ms(100 * i), 3, false), 0);
        assert_int_equal(ik_drops_look(&d, at_ms(100 * i + 50), 0, false), 0);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look__overrun__tells_each_drop_once),
        cmocka_unit_test(look__messages_keep_coming__asks_now_and_then_and_when_quiet),
        cmocka_unit_test(look__counter_rose_without_a_full_buffer__tells_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
