/* SPDX-License-Identifier: MIT */
#include "icmpkit/link.h"

#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Whatever arrives after it said so is stamped, from the first datagram on. */
static void await__says_yes__arrivals_are_stamped(void **state)
{
    (void)state;
    const int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    struct sockaddr_storage self = {.ss_family = AF_INET};
    socklen_t n = sizeof(struct sockaddr_in);
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&self, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&self, &n), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)), 0);
    /* Each call waits for a bounded time only, which a busy machine may need more than once. */
    bool stamping = false;
    for (int i = 0; i < 100 && !stamping; i++)
        stamping = ik_link_await_stamps();
    assert_true(stamping);
    for (int i = 0; i < 20; i++) {
        _Alignas(struct cmsghdr) char control[256];
        char byte = 0;
        struct iovec iov = {&byte, 1};
        struct msghdr msg = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
        assert_int_equal(sendto(fd, &byte, 1, 0, (struct sockaddr *)&self, n), 1);
        assert_int_equal(recvmsg(fd, &msg, 0), 1);
        assert_true(msg.msg_controllen >= sizeof(struct cmsghdr));
        assert_int_equal(CMSG_FIRSTHDR(&msg)->cmsg_type, SO_TIMESTAMPING);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(await__says_yes__arrivals_are_stamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
