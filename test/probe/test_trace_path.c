/* SPDX-License-Identifier: MIT
 * Paths and how traces of them end. */
#include "trace_net.h"

static struct net *path(int family, enum ik_trace_method method, int hops)
{
    const struct ik_trace_cfg cfg = net_cfg(method);
    return net_new((uint8_t)family, IK_MEDIUM_IP, &cfg, hops);
}

/* R1812-10.3.2.7-02; DF-traceroute-02: every method ends at its own answer. */
static void path__plain__every_hop_then_the_target(void **state)
{
    (void)state;
    static const char *const ends[] = {"port-unreachable", "echo-reply", "tcp-reset"};
    for (int k = 0; k < 6; k++) {
        char text[64];
        struct net *n = path(k % 2 ? 6 : 4, (enum ik_trace_method)(k / 2), 4);
        snprintf(text, sizeof(text), "1|2|3|99 = %s yes 4", ends[k / 2]);
        net_expect(n, text);
    }
}

/* The target's limit of errors was used up: what it quotes at last tells where it is. A router that
 * answers from there says otherwise, and then nothing is told. */
static void path__target_answers_late__its_distance_is_told(void **state)
{
    (void)state;
    static const struct {
        bool silent;
        uint8_t quoted;
        int64_t distance;
    } rows[] = {{true, 3, 4}, {false, 3, -1}, {true, 1, -1}, {true, 7, -1}};
    for (int k = 0; k < 8; k++) {
        struct net *n = path(k % 2 ? 6 : 4, IK_TRACE_UDP, 6);
        n->routers[4].silent = true;
        n->routers[5].silent = rows[k / 2].silent;
        n->routers[6].quoted_ttl = rows[k / 2].quoted;
        net_run(n);
        assert_int_equal(n->end.hops, 6);
        assert_int_equal(n->end.distance, rows[k / 2].distance);
        net_free(n);
    }
}

static void path__tcp_port_open__ends_at_syn_ack(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct net *n = path(k ? 6 : 4, IK_TRACE_TCP, 3);
        n->routers[3].syn_ack = true;
        net_expect(n, "1|2|99 = tcp-syn-ack yes 3");
    }
}

/* Datagram sockets: no header of ours, errors from the queue. */
static void path__unprivileged__same_hops(void **state)
{
    (void)state;
    static const enum ik_medium media[] = {IK_MEDIUM_UDP, IK_MEDIUM_UDP, IK_MEDIUM_ICMP4,
                                           IK_MEDIUM_ICMP6};
    for (int k = 0; k < 4; k++) {
        const struct ik_trace_cfg cfg = net_cfg(k < 2 ? IK_TRACE_UDP : IK_TRACE_ICMP);
        struct net *n = net_new(k % 2 ? 6 : 4, media[k], &cfg, 5);
        n->routers[2].silent = true;
        net_expect(n,
                   k < 2 ? "1|l|3|4|99 = port-unreachable yes 5" : "1|l|3|4|99 = echo-reply yes 5");
    }
}

/* DF-traceroute-02, 03: another unreachable ends it too, with its mark, and is not the target. */
static void path__unreachable_on_the_way__ends_there_not_reached(void **state)
{
    (void)state;
    static const struct {
        uint8_t family, type, code;
        const char *text;
    } rows[] = {
        {4, 3, 0, "1|2!N = unreachable no 2"},       {4, 3, 1, "1|2!H = unreachable no 2"},
        {4, 3, 2, "1|2!P = unreachable no 2"},       {4, 3, 3, "1|2 = port-unreachable yes 2"},
        {4, 3, 4, "1|2!F-1400 = unreachable no 2"},  {4, 3, 5, "1|2!S = unreachable no 2"},
        {4, 3, 6, "1|2!N = unreachable no 2"},       {4, 3, 7, "1|2!H = unreachable no 2"},
        {4, 3, 8, "1|2!N = unreachable no 2"},       {4, 3, 9, "1|2!X = unreachable no 2"},
        {4, 3, 10, "1|2!X = unreachable no 2"},      {4, 3, 11, "1|2!N = unreachable no 2"},
        {4, 3, 12, "1|2!H = unreachable no 2"},      {4, 3, 13, "1|2!X = unreachable no 2"},
        {4, 3, 14, "1|2!V = unreachable no 2"},      {4, 3, 15, "1|2!C = unreachable no 2"},
        {4, 12, 0, "1|2!<12-0> = unreachable no 2"}, {6, 1, 0, "1|2!N = unreachable no 2"},
        {6, 1, 1, "1|2!X = unreachable no 2"},       {6, 1, 3, "1|2!H = unreachable no 2"},
        {6, 1, 4, "1|2 = port-unreachable yes 2"},   {6, 1, 6, "1|2!<6> = unreachable no 2"},
        {6, 2, 0, "1|2!F-1400 = unreachable no 2"},  {6, 4, 1, "1|2!<4-1> = unreachable no 2"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct net *n = path(rows[i].family, IK_TRACE_UDP, 6);
        /* From the third hop on nothing gets past the second. */
        for (int h = 2; h <= 6; h++) {
            n->routers[h] = (struct net_router){
                .as = 2, .says = true, .type = rows[i].type, .code = rows[i].code, .mtu = 1400};
        }
        net_expect(n, rows[i].text);
    }
}

/* A redirect or source quench comes beside an answer and is none. */
static void path__redirect_and_quench__no_answers(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 4);
    n->routers[1].says = n->routers[2].says = true;
    n->routers[1].type = 5;
    n->routers[2].type = 4;
    net_expect(n, "l|l|3|99 = port-unreachable yes 4");
}

/* One path of several is broken, the others go on, and that is known: not the end. */
static void path__unreachable_but_answers_beyond__goes_on(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 5);
    n->routers[2].says = true;
    n->routers[2].type = 3;
    n->routers[2].code = 1;
    n->routers[2].delay = 2 * IK_NS_PER_MS;
    net_expect(n, "1|2!H|3|4|99 = port-unreachable yes 5");
}

/* A port unreachable says "reached" for UDP only; a firewall sends it for anything. */
static void path__port_unreachable_for_echo__not_reached(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_ICMP, 3);
    n->routers[3].says = true;
    n->routers[3].type = 3;
    n->routers[3].code = 3;
    net_expect(n, "1|2|99 = unreachable no 3");
}

/* The target answers from another address: its packet counts, not where it came from. */
static void path__target_with_another_source__reached(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        struct net *n = path(6, (enum ik_trace_method)k, 3);
        n->routers[3].as = 50;
        net_run(n);
        assert_true(n->end.reached);
        assert_int_equal(n->said[2].from.bytes[15], 50);
        net_free(n);
    }
}

/* The target's address on a time exceeded (it forwards for others) is a hop, not the end. */
static void path__hop_with_the_targets_address__not_the_end(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 4);
    n->routers[2].as = NET_TARGET;
    net_expect(n, "1|99|3|99 = port-unreachable yes 4");
}

static void path__silent_hops__stars_then_target(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 6);
    n->routers[2].silent = n->routers[3].silent = true;
    net_run(n);
    assert_string_equal(net_text(n), "1|l|l|4|5|99 = port-unreachable yes 6");
    /* near: 10 round trips of the next hop that answered, at least the patience; never 5 s. */
    assert_true(n->ended_at - 1000 * IK_NS_PER_S < 100 * IK_NS_PER_MS);
    net_free(n);
}

/* A router that forwards packets of TTL 0: the next one answers twice. No loop. */
static void path__zero_ttl_forwarding__same_router_twice(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 5);
    n->routers[2].zero_ttl = true;
    net_expect(n, "1|3|3|4|99 = port-unreachable yes 5");
}

/* Everything behind a NAT answers with the NAT's address. No loop. */
static void path__one_address_for_many_hops__goes_on(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 14);
    for (int h = 3; h < 14; h++)
        n->routers[h].as = 3;
    net_expect(n, "1|2|3|3|3|3|3|3|3|3|3|3|3|99 = port-unreachable yes 14");
}

static void loop__two_routers_three_rounds__stops(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 39);
    for (int h = 3; h < 39; h++)
        n->routers[h].as = (uint8_t)(h % 2 ? 3 : 4);
    net_expect(n, "1|2|3|4|3|4|3|4 = loop no 8");
}

static void loop__three_routers_one_silent__stops_after_three_rounds(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_ICMP);
    cfg.timeout = IK_NS_PER_S;
    struct net *n = net_new(6, IK_MEDIUM_IP, &cfg, 39);
    for (int h = 2; h < 39; h++) {
        n->routers[h].as = (uint8_t)(2 + (h - 2) % 3);
        n->routers[h].silent = h % 3 == 0;
    }
    net_expect(n, "1|2|l|4|2|l|4|2|l|4 = loop no 10");
}

/* Balanced by packet over paths of unequal length: a router at every second hop is no loop, since
 * the hops name several. */
static void loop__balanced_by_packet__no_false_stop(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.queries = 3;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 12);
    for (int h = 2; h < 12; h++) {
        n->routers[h].as = (uint8_t)(h % 2 ? 3 : 4);
        n->routers[h].as_odd = (uint8_t)(h % 2 ? 4 : 3);
    }
    net_run(n);
    assert_string_equal(n->end.stop, "port-unreachable");
    net_free(n);
}

/* Two rounds are not yet a loop. */
static void loop__twice_only__goes_on(void **state)
{
    (void)state;
    struct net *n = path(4, IK_TRACE_UDP, 7);
    n->routers[5].as = 3;
    n->routers[6].as = 4;
    net_expect(n, "1|2|3|4|3|4|99 = port-unreachable yes 7");
}

static void gap__silent_hops_in_a_row__stops(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.max_silent = 4;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 20);
    for (int h = 4; h <= 20; h++)
        n->routers[h].silent = true;
    net_expect(n, "1|2|3|*|*|*|* = gap no 3");
}

/* As many silent hops, but something answered beyond them: no gap. */
static void gap__answers_beyond__goes_on(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.max_silent = 3;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 9);
    for (int h = 2; h <= 7; h++)
        n->routers[h].silent = true;
    net_expect(n, "1|l|l|l|l|l|l|8|99 = port-unreachable yes 9");
}

static void max_ttl__not_reached__says_so(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.first_ttl = 3;
    cfg.max_ttl = 6;
    cfg.queries = 2;
    struct net *n = net_new(6, IK_MEDIUM_IP, &cfg, 9);
    net_expect(n, "3 3|4 4|5 5|6 6 = max-ttl no 6");
}

static void max_ttl__255__no_wrap(void **state)
{
    (void)state;
    struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
    cfg.first_ttl = 250;
    cfg.max_ttl = 255;
    struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 30);
    n->routers[30].silent = true;
    net_expect(n, "*|*|*|*|*|* = max-ttl no 0");
}

/* RFC 4884 objects are kept, cut between objects where there are too many. */
static void extensions__long_structure__cut_between_objects(void **state)
{
    (void)state;
    uint8_t ext[4 + 40 * 8] = {0x20};
    for (size_t i = 0; i < 40; i++) {
        ik_store_be16(ext + 4 + 8 * i, 8);
        ext[4 + 8 * i + 2] = 200;
        ext[4 + 8 * i + 7] = (uint8_t)i;
    }
    ik_store_be16(ext + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){ext, sizeof(ext)})));
    struct net *n = path(4, IK_TRACE_UDP, 3);
    n->routers[1].ext = ext;
    n->routers[1].ext_bytes = 4 + 8;
    uint8_t small[12];
    memcpy(small, ext, sizeof(small));
    ik_store_be16(small + 2, 0);
    n->routers[1].ext = small;
    n->routers[2].ext = ext;
    n->routers[2].ext_bytes = sizeof(ext);
    net_run(n);
    assert_int_equal(n->said[0].extensions.left, 12);
    assert_int_equal(n->said[1].extensions.left, 4 + 31 * 8);
    struct ik_rd objects;
    struct ik_ext_object o;
    size_t count = 0;
    assert_int_equal(ik_ext_open(&objects, n->said[1].extensions, NULL), IK_OK);
    while (ik_ext_take(&objects, &o, NULL) == IK_OK)
        assert_int_equal(o.payload.p[3], count++);
    assert_int_equal(count, 31);
    net_free(n);
}

/* R4884-5.5-01: without a length attribute only the lenient mode finds the objects, and says so. */
static void extensions__no_length_attribute__lenient_mode_only(void **state)
{
    (void)state;
    uint8_t mpls[12] = {0x20, 0, 0, 0, 0, 8, 1, 1, 0x00, 0x01, 0x01, 0x01};
    ik_store_be16(mpls + 2, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){mpls, sizeof(mpls)})));
    for (int lenient = 0; lenient < 2; lenient++) {
        struct ik_trace_cfg cfg = net_cfg(IK_TRACE_UDP);
        cfg.lenient_ext = lenient;
        struct net *n = net_new(4, IK_MEDIUM_IP, &cfg, 3);
        n->routers[1].ext = n->routers[2].ext = mpls;
        n->routers[1].ext_bytes = n->routers[2].ext_bytes = sizeof(mpls);
        n->routers[2].no_length = true;
        net_run(n);
        assert_int_equal(n->said[0].extensions.left, 12);
        assert_false(n->said[0].lenient);
        assert_int_equal(n->said[1].extensions.left, lenient ? 12 : 0);
        assert_int_equal(n->said[1].lenient, lenient);
        net_free(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path__plain__every_hop_then_the_target),
        cmocka_unit_test(path__target_answers_late__its_distance_is_told),
        cmocka_unit_test(path__tcp_port_open__ends_at_syn_ack),
        cmocka_unit_test(path__unprivileged__same_hops),
        cmocka_unit_test(path__unreachable_on_the_way__ends_there_not_reached),
        cmocka_unit_test(path__redirect_and_quench__no_answers),
        cmocka_unit_test(path__unreachable_but_answers_beyond__goes_on),
        cmocka_unit_test(path__port_unreachable_for_echo__not_reached),
        cmocka_unit_test(path__target_with_another_source__reached),
        cmocka_unit_test(path__hop_with_the_targets_address__not_the_end),
        cmocka_unit_test(path__silent_hops__stars_then_target),
        cmocka_unit_test(path__zero_ttl_forwarding__same_router_twice),
        cmocka_unit_test(path__one_address_for_many_hops__goes_on),
        cmocka_unit_test(loop__two_routers_three_rounds__stops),
        cmocka_unit_test(loop__three_routers_one_silent__stops_after_three_rounds),
        cmocka_unit_test(loop__balanced_by_packet__no_false_stop),
        cmocka_unit_test(loop__twice_only__goes_on),
        cmocka_unit_test(gap__silent_hops_in_a_row__stops),
        cmocka_unit_test(gap__answers_beyond__goes_on),
        cmocka_unit_test(max_ttl__not_reached__says_so),
        cmocka_unit_test(max_ttl__255__no_wrap),
        cmocka_unit_test(extensions__long_structure__cut_between_objects),
        cmocka_unit_test(extensions__no_length_attribute__lenient_mode_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
