/* SPDX-License-Identifier: MIT */
#include "icmpkit/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* A send that the kernel refuses shows on no descriptor: a loop that slept on it would tell of it
 * when something else wakes it. */
static void refused__no_descriptor_shows_it__next_does(void **state)
{
    (void)state;
    static uint8_t much[65600]; /* more than any datagram */
    const struct ik_link_cfg cfg = {.family = 4,
                                    .ttl = -1,
                                    .multicast_ttl = -1,
                                    .tclass = -1,
                                    .flow_label = -1,
                                    .pmtudisc = -1};
    const struct ik_now now = {IK_NS_PER_S, IK_NS_PER_S};
    const struct ik_frame f = {
        .medium = IK_MEDIUM_UDP,
        .key = 7,
        .bytes = {much, sizeof(much)},
        .meta = {.known = IK_KNOW_DST | IK_KNOW_PORTS,
                 .dst = {.family = 4, .bytes = {127, 0, 0, 1}},
                 .dport = 9},
    };
    struct ik_link *l;
    struct ik_event ev[4];
    assert_int_equal(ik_link_open_udp(&l, &cfg), IK_OK);
    assert_int_equal(l->ops->next(l), IK_NEVER);
    assert_int_equal(l->ops->tx(l, now, &f, 1), 1);
    assert_int_equal(l->ops->next(l), 0);
    assert_int_equal(l->ops->rx(l, now, ev, 4), 1);
    assert_int_equal(ev[0].kind, IK_EV_FAILED);
    assert_int_equal(ev[0].key, 7);
    assert_int_equal(ev[0].failed.err, IK_E_TOO_BIG);
    assert_int_equal(l->ops->next(l), IK_NEVER);
    l->ops->close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused__no_descriptor_shows_it__next_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
