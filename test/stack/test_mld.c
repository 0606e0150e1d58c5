/* SPDX-License-Identifier: MIT */
#include "rig6.h"

#include "icmpkit/icmp_lists.h"

static const ik_ns second = IK_NS_PER_S;
static const uint8_t alert[8] = {IK_PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0};

static void send(struct rig *r, const char *src, const char *dst, const struct ik_icmp *m)
{
    struct ik_ip head = rig_head(src, dst, 1);
    head.next_header = IK_PROTO_HOPOPTS;
    head.options = (struct ik_rd){alert, sizeof(alert)};
    rig_icmp(r, 0, 2, &head, m);
}

static void query1(struct rig *r, const char *group, uint16_t ms)
{
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_MLD_QUERY,
                              .kind = IK_ICMP_MLD,
                              .mld = {.max_delay_ms = ms, .group = rig_addr(group)}};
    send(r, "fe80::2", "ff02::1", &m);
}

static void query2(struct rig *r, const char *group, uint16_t code)
{
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_MLD_QUERY,
                              .kind = IK_ICMP_MLD2_QUERY,
                              .mld2_query = {.max_code = code, .group = rig_addr(group)}};
    send(r, "fe80::2", "ff02::1", &m);
}

static void assert_envelope(const struct rig_out *o)
{
    assert_int_equal(o->ip.ttl, 1);
    assert_true(ik_addr_is_link_local(&o->ip.src));
    assert_int_equal(o->ip.next_header, IK_PROTO_HOPOPTS);
    assert_memory_equal(o->ip.options.p + 2, alert + 2, 4);
}

static void start__node__tells_its_groups_twice(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_ROUTER);
    r.cfg.n_ifaces = 1;
    rig_start(&r);
    rig_run(&r, 3 * second);
    size_t n = 0;
    for (size_t i = 0; i < r.n_out; i++) {
        const struct rig_out *o = &r.out[i];
        if (o->icmp.type != IK_ICMP6_MLD2_REPORT)
            continue;
        n++;
        assert_envelope(o);
        assert_addr(&o->ip.dst, "ff02::16");
        assert_int_equal(o->icmp.mld2_report.count, 4); /* two of addresses, two of routers */
        struct ik_rd records = o->icmp.mld2_report.records;
        struct ik_mld2_record rec;
        assert_int_equal(ik_icmp_list_take_record(&records, &rec), IK_OK);
        assert_int_equal(rec.type, IK_MLD2_TO_EXCLUDE);
        assert_int_equal(rec.count, 0);
        assert_addr(&rec.group, "ff02::1:ff00:1");
    }
    assert_int_equal(n, 2);
    rig_end(&r);
}

/* R3810-6.2-01 */
static void query__general__is_answered_once_within_its_time(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    for (int i = 0; i < 50; i++) {
        const ik_ns asked = r.now;
        r.n_out = 0;
        query2(&r, "::", 2000);
        query2(&r, "::", 2000); /* what is due already serves this one too */
        rig_run(&r, asked + 2 * second);
        assert_int_equal(r.n_out, 1);
        assert_envelope(&r.out[0]);
        assert_int_equal(r.out[0].icmp.mld2_report.count, 2);
        rig_run(&r, r.now + 5 * second);
        assert_int_equal(r.n_out, 1);
    }
    rig_end(&r);
}

static void query__for_one_group__is_answered_for_it_alone(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    query2(&r, "ff02::1:ff00:1", 1000);
    rig_run(&r, r.now + 2 * second);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].icmp.mld2_report.count, 1);
    r.n_out = 0;
    query2(&r, "ff02::99", 1000); /* not ours */
    query2(&r, "ff02::1", 1000);  /* never reported */
    rig_run(&r, r.now + 2 * second);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* R2710-3-01; RFC 3810 section 8.2.1 */
static void querier__of_version_one__is_answered_in_it_while_it_is_there(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    query1(&r, "::", 1000);
    rig_run(&r, r.now + 2 * second);
    assert_int_equal(r.n_out, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_envelope(&r.out[i]);
        assert_int_equal(r.out[i].icmp.type, IK_ICMP6_MLD_REPORT);
        assert_true(ik_addr_same_host(&r.out[i].ip.dst, &r.out[i].icmp.mld.group));
    }
    assert_false(ik_addr_same_host(&r.out[0].ip.dst, &r.out[1].ip.dst));
    rig_run(&r, r.now + 300 * second);
    r.n_out = 0;
    query2(&r, "::", 1000);
    rig_run(&r, r.now + 2 * second);
    assert_int_equal(r.n_out, 1);
    assert_int_equal(r.out[0].icmp.type, IK_ICMP6_MLD2_REPORT);
    rig_end(&r);
}

static void report__of_another__saves_ours_in_version_one(void **state)
{
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    rig_start(&r);
    rig_settle(&r);
    const struct ik_icmp m = {.family = 6,
                              .type = IK_ICMP6_MLD_REPORT,
                              .kind = IK_ICMP_MLD,
                              .mld = {.group = rig_addr("ff02::1:ff00:1")}};
    query1(&r, "ff02::1:ff00:1", 10000);
    send(&r, "fe80::3", "ff02::1:ff00:1", &m);
    rig_run(&r, r.now + 11 * second);
    assert_int_equal(r.n_out, 0);
    rig_end(&r);
}

/* More groups than a report of 1,280 bytes holds, some of them of two addresses. */
static void query__many_groups__are_reported_once_each(void **state)
{
    enum { ADDRS = 64, GROUPS = 62 + 1 };
    (void)state;
    struct rig r;
    rig_init(&r, IK_STACK_HOST);
    for (uint8_t i = 0; i < ADDRS; i++) {
        struct ik_stack_ifaddr *a = &r.addrs[0][i];
        *a = (struct ik_stack_ifaddr){.addr = rig_addr("2001:db8:1::1"), .bits = 64};
        a->addr.bytes[8] = i;
        a->addr.bytes[15] = (uint8_t)(i % 62 + 1);
    }
    r.ifaces[0].n_addrs = ADDRS;
    rig_start(&r);
    rig_settle(&r);
    query2(&r, "::", 1000);
    rig_run(&r, r.now + 2 * second);
    bool seen[256] = {false};
    size_t n = 0;
    for (size_t i = 0; i < r.n_out; i++) {
        assert_true(r.out[i].len <= 1280);
        assert_envelope(&r.out[i]);
        struct ik_rd records = r.out[i].icmp.mld2_report.records;
        struct ik_mld2_record rec;
        while (ik_icmp_list_take_record(&records, &rec) == IK_OK) {
            const uint8_t last = rec.group.bytes[15];
            if (rec.group.bytes[13] == 0 && rec.group.bytes[14] == 0) {
                assert_false(seen[last]);
                seen[last] = true;
            }
            n++;
        }
    }
    assert_int_equal(n, GROUPS);
    for (unsigned i = 1; i <= 62; i++)
        assert_true(seen[i]);
    r.n_out = 0;
    query1(&r, "::", 1000);
    rig_run(&r, r.now + 2 * second);
    assert_int_equal(r.n_out, GROUPS);
    rig_end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__node__tells_its_groups_twice),
        cmocka_unit_test(query__general__is_answered_once_within_its_time),
        cmocka_unit_test(query__for_one_group__is_answered_for_it_alone),
        cmocka_unit_test(querier__of_version_one__is_answered_in_it_while_it_is_there),
        cmocka_unit_test(report__of_another__saves_ours_in_version_one),
        cmocka_unit_test(query__many_groups__are_reported_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
