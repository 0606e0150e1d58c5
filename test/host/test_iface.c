/* SPDX-License-Identifier: MIT
 * Interfaces of this machine, against what other calls say of them. */
#include <icmpkit/host.h>

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct tally {
    int fd;
    size_t n;
    uint32_t last;
};

static void compare(void *ctx, const struct ik_iface *iface)
{
    struct tally *t = ctx;
    struct ifreq request = {0};
    char name[16];
    assert_true(iface->index > t->last); /* rising: and none twice */
    t->last = iface->index;
    t->n++;
    assert_int_equal(ik_iface_name(iface->index, name), IK_OK);
    assert_string_equal(iface->name, name);
    strcpy(request.ifr_name, name);
    assert_int_equal(ioctl(t->fd, SIOCGIFFLAGS, &request), 0);
    assert_int_equal(iface->up, (request.ifr_flags & IFF_UP) != 0);
    assert_int_equal(iface->running, (request.ifr_flags & IFF_RUNNING) != 0);
    assert_int_equal(iface->loopback, (request.ifr_flags & IFF_LOOPBACK) != 0);
    assert_int_equal(ioctl(t->fd, SIOCGIFHWADDR, &request), 0);
    assert_int_equal(iface->device, request.ifr_hwaddr.sa_family);
}

/* Addresses have entries of their own in what the kernel says. */
static void iface__each__is_told_once_and_right(void **state)
{
    struct tally t = {.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    (void)state;
    struct if_nameindex *all = if_nameindex();
    size_t n = 0;
    assert_true(t.fd >= 0);
    assert_non_null(all);
    while (all[n].if_index)
        n++;
    if_freenameindex(all);
    assert_int_equal(ik_iface_each(compare, &t), IK_OK);
    assert_int_equal(t.n, n);
    assert_true(n > 0);
    close(t.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iface__each__is_told_once_and_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
