/* SPDX-License-Identifier: MIT
 * Who measures the limit of ICMP errors. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_probing;

static const struct ik_part *const parts[] = {&ik_part_probing, NULL};

struct run {
    int bursts_a_second, burst, seconds;
    bool same_port, several; /* several: every other error goes to another host */
    enum ik_look_way way;
};

/* Port unreachables of one host about UDP packets to it, `burst` at once. */
static struct frames *run(const struct run *r, const char *const addrs[3])
{
    struct frames *f = frames_new(parts, NULL);
    uint8_t quote[FRAMES_BYTES];
    uint16_t port = 1024;
    const bool v4 = frames_addr(addrs[0]).family == 4;
    f->way = r->way;
    for (int b = 0; b < r->bursts_a_second * r->seconds; b++) {
        const ik_ns next = f->now + IK_NS_PER_S / r->bursts_a_second;
        for (int i = 0; i < r->burst; i++) {
            const char *to = addrs[r->several ? 1 + i % 2 : 1];
            port = r->same_port ? port : (uint16_t)(port + 7);
            const size_t n = frames_make_udp(&(struct frames_head){.src = to, .dst = addrs[0]}, 53,
                                             port, 0, quote);
            frames_error(f, &(struct frames_head){.src = addrs[0], .dst = to},
                         v4 ? IK_ICMP4_UNREACHABLE : IK_ICMP6_UNREACHABLE,
                         v4 ? IK_ICMP4_UNREACHABLE_PORT : IK_ICMP6_UNREACHABLE_PORT, 0, quote, n);
            f->now += 100 * IK_NS_PER_US;
        }
        f->now = next;
    }
    return f;
}

static const char *const v4[3] = {"192.0.2.53", "198.51.100.1", "203.0.113.1"};
static const char *const v6[3] = {"2001:db8::53", "2001:db8:1::1", "2001:db8:2::1"};

static void bursts_out__ever_different_ports__found(void **state)
{
    (void)state;
    const struct run r = {.bursts_a_second = 20, .burst = 51, .seconds = 2, .way = IK_LOOK_WAY_OUT};
    for (int i = 0; i < 2; i++) {
        struct frames *f = run(&r, i ? v6 : v4);
        const struct ik_finding *found = frames_found(f, IK_DETECT_RATE_PROBE);
        const struct ik_addr victim = frames_addr(i ? v6[0] : v4[0]);
        assert_true(ik_addr_same_host(&found->dst, &victim));
        assert_true(found->evidence[0].time - 1000 * IK_NS_PER_S < IK_NS_PER_S / 2);
        assert_int_equal(f->n_found, 1);
        frames_free(f);
    }
}

static void bursts__of_several_hosts_where_no_way_is_known__found(void **state)
{
    (void)state;
    const struct run r = {.bursts_a_second = 20, .burst = 51, .seconds = 2, .several = true};
    struct frames *f = run(&r, v4);
    frames_found(f, IK_DETECT_RATE_PROBE);
    frames_free(f);
}

static void what_is_no_measuring__silent(void **state)
{
    (void)state;
    static const struct run rows[] = {
        /* nmap -sU that we ran, as fast as it gets */
        {.bursts_a_second = 20, .burst = 200, .seconds = 3, .way = IK_LOOK_WAY_IN},
        {.bursts_a_second = 20, .burst = 200, .seconds = 3, .several = true, .way = IK_LOOK_WAY_IN},
        {.bursts_a_second = 20, .burst = 200, .seconds = 3},
        /* fewer than the limit, fewer than five a second, one port */
        {.bursts_a_second = 20, .burst = 38, .seconds = 3, .way = IK_LOOK_WAY_OUT},
        {.bursts_a_second = 4, .burst = 100, .seconds = 3, .way = IK_LOOK_WAY_OUT},
        {.bursts_a_second = 20,
         .burst = 100,
         .seconds = 3,
         .same_port = true,
         .way = IK_LOOK_WAY_OUT},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct frames *f = run(&rows[i], v4);
        frames_silent(f);
        frames_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bursts_out__ever_different_ports__found),
        cmocka_unit_test(bursts__of_several_hosts_where_no_way_is_known__found),
        cmocka_unit_test(what_is_no_measuring__silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
