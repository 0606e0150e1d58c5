/* SPDX-License-Identifier: MIT */
#include "icmpkit/sim.h"

#include "icmpkit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* A node's user that keeps what it is given. */
struct node {
    struct ik_link link;
    size_t n, takes;
    struct ik_frame frames[4];
    uint8_t bytes[4][256];
};

static size_t node_tx(struct ik_link *l, struct ik_now now, const struct ik_frame *in, size_t n)
{
    struct node *node = (struct node *)l;
    (void)now;
    n = n < node->takes ? n : node->takes;
    for (size_t i = 0; i < n; i++) {
        node->frames[node->n] = in[i];
        memcpy(node->bytes[node->n], in[i].bytes.p, in[i].bytes.left);
        node->n++;
    }
    return n;
}

static const struct ik_link_ops node_ops = {.tx = node_tx};

static struct ik_addr addr(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static struct ik_addr choose(void *ctx, const struct ik_addr *dst)
{
    (void)ctx;
    return addr(dst->family == 4 ? "10.0.0.1" : "2001:db8::1");
}

static struct ik_sim_socket_cfg plain(uint8_t family)
{
    return (struct ik_sim_socket_cfg){.family = family,
                                      .ttl = -1,
                                      .multicast_ttl = -1,
                                      .tclass = -1,
                                      .flow_label = -1,
                                      .pmtudisc = -1};
}

/* Sends an echo request to dst with that configuration; what the node got. */
static struct node send_echo(const struct ik_sim_socket_cfg *cfg, const char *dst)
{
    static uint8_t echo[16] = {8, 0, 0xab, 0xcd, 0, 1, 0, 2, 'd', 'a', 't', 'a'};
    struct node node = {.link = {.ops = &node_ops, .medium = IK_MEDIUM_IP}, .takes = 4};
    struct ik_link *l;
    const bool v6 = cfg->family == 6;
    echo[0] = v6 ? 128 : 8;
    const struct ik_frame f = {.medium = v6 ? IK_MEDIUM_ICMP6 : IK_MEDIUM_ICMP4,
                               .key = 77,
                               .bytes = {echo, 12},
                               .meta = {.known = IK_KNOW_DST, .dst = addr(dst)}};
    assert_int_equal(ik_sim_socket_open(&l, &node.link, cfg, choose, NULL), IK_OK);
    assert_int_equal(l->ops->tx(l, (struct ik_now){0, 0}, &f, 1), 1);
    l->ops->close(l);
    assert_int_equal(node.n, 1);
    assert_int_equal(node.frames[0].key, 77);
    return node;
}

static struct ik_ip packet(const struct node *node)
{
    struct ik_ip ip;
    assert_int_equal(node->frames[0].medium, IK_MEDIUM_IP);
    assert_int_equal(
        ik_ip_decode(&ip, (struct ik_rd){node->bytes[0], node->frames[0].bytes.left}, NULL), IK_OK);
    assert_true(ip.checksum_ok);
    return ip;
}

static void send__no_options__is_the_message_as_it_is(void **state)
{
    (void)state;
    const struct ik_sim_socket_cfg cfg = plain(4);
    const struct node node = send_echo(&cfg, "10.0.0.9");
    assert_int_equal(node.frames[0].medium, IK_MEDIUM_ICMP4);
    assert_int_equal(node.frames[0].meta.known, IK_KNOW_DST);
    assert_int_equal(node.frames[0].bytes.left, 12);
}

static void send__ttl_class_source__stand_beside_it(void **state)
{
    (void)state;
    struct ik_sim_socket_cfg cfg = plain(4);
    cfg.ttl = 3;
    cfg.multicast_ttl = 7;
    cfg.tclass = 0;
    cfg.source = addr("10.0.0.2");
    struct node node = send_echo(&cfg, "10.0.0.9");
    assert_int_equal(node.frames[0].meta.known,
                     IK_KNOW_DST | IK_KNOW_TTL | IK_KNOW_TCLASS | IK_KNOW_SRC);
    assert_int_equal(node.frames[0].meta.ttl, 3);
    assert_int_equal(node.frames[0].meta.tclass, 0);
    assert_true(ik_addr_equal(&node.frames[0].meta.src, &cfg.source));
    node = send_echo(&cfg, "224.0.0.1");
    assert_int_equal(node.frames[0].meta.ttl, 7);
}

static void send__ip_options__make_a_whole_packet(void **state)
{
    (void)state;
    static const uint8_t route[] = {1, 7, 39, 4, [39] = 0};
    struct ik_sim_socket_cfg cfg = plain(4);
    cfg.ip_options = (struct ik_rd){route, sizeof(route)};
    cfg.ttl = 9;
    cfg.tclass = 0x28;
    const struct node node = send_echo(&cfg, "10.0.0.9");
    const struct ik_ip ip = packet(&node);
    const struct ik_addr src = addr("10.0.0.1"), dst = addr("10.0.0.9");
    assert_int_equal(ip.header_bytes, 60);
    assert_memory_equal(ip.options.p, route, sizeof(route));
    assert_int_equal(ip.ttl, 9);
    assert_int_equal(ip.tos, 0x28);
    assert_int_equal(ip.proto, 1);
    assert_true(ip.df); /* as the kernel by default */
    assert_true(ik_addr_equal(&ip.src, &src) && ik_addr_equal(&ip.dst, &dst));
    assert_int_equal(ip.payload.left, 12);
    assert_memory_equal(ip.payload.p,
                        "\x08\x00\xab\xcd\x00\x01\x00\x02"
                        "data",
                        12);
}

static void send__path_mtu_discovery__decides_the_bit(void **state)
{
    (void)state;
    static const struct {
        int pmtudisc;
        bool df;
    } rows[] = {{0, false}, {1, true}, {2, true}, {3, true}};
    for (size_t i = 0; i < 4; i++) {
        struct ik_sim_socket_cfg cfg = plain(4);
        cfg.pmtudisc = rows[i].pmtudisc;
        const struct node node = send_echo(&cfg, "10.0.0.9");
        assert_int_equal(packet(&node).df, rows[i].df);
        assert_int_equal(packet(&node).ttl, 64);
    }
}

static void send__flow_label__has_the_checksum_of_its_source(void **state)
{
    (void)state;
    struct ik_sim_socket_cfg cfg = plain(6);
    cfg.flow_label = 0xabcde;
    const struct node node = send_echo(&cfg, "2001:db8::9");
    const struct ik_ip ip = packet(&node);
    assert_int_equal(ip.flow, 0xabcde);
    assert_int_equal(ip.proto, 58);
    const uint64_t pseudo = ik_cksum_add_pseudo(0, &ip.src, &ip.dst, 58, 12);
    assert_int_equal(ip.payload.left, 12);
    assert_int_equal(ik_cksum_fold(ik_cksum_add(pseudo, ip.payload)), 0);
}

static void send__whole_packets__pass_untouched(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x45, 0, 0, 20};
    struct node node = {.link = {.ops = &node_ops, .medium = IK_MEDIUM_IP}, .takes = 1};
    struct ik_sim_socket_cfg cfg = plain(4);
    struct ik_link *l;
    cfg.ttl = 3;
    cfg.pmtudisc = 0;
    const struct ik_frame f[2] = {{.medium = IK_MEDIUM_IP, .bytes = {bytes, sizeof(bytes)}},
                                  {.medium = IK_MEDIUM_IP, .bytes = {bytes, sizeof(bytes)}}};
    assert_int_equal(ik_sim_socket_open(&l, &node.link, &cfg, choose, NULL), IK_OK);
    assert_int_equal(l->ops->tx(l, (struct ik_now){0, 0}, f, 2), 1); /* as many as the node takes */
    l->ops->close(l);
    assert_int_equal(node.frames[0].meta.known, 0);
    assert_int_equal(node.frames[0].bytes.left, sizeof(bytes));
    assert_memory_equal(node.bytes[0], bytes, sizeof(bytes));
}

static void send__longer_than_any_packet__is_left_to_the_node(void **state)
{
    (void)state;
    static uint8_t bytes[65530];
    struct node node = {.link = {.ops = &node_ops, .medium = IK_MEDIUM_IP}, .takes = 0};
    struct ik_sim_socket_cfg cfg = plain(4);
    struct ik_link *l;
    cfg.pmtudisc = 0;
    const struct ik_frame f = {.medium = IK_MEDIUM_ICMP4,
                               .bytes = {bytes, sizeof(bytes)},
                               .meta = {.known = IK_KNOW_DST, .dst = addr("10.0.0.9")}};
    assert_int_equal(ik_sim_socket_open(&l, &node.link, &cfg, choose, NULL), IK_OK);
    assert_int_equal(l->ops->tx(l, (struct ik_now){0, 0}, &f, 1), 0);
    l->ops->close(l);
}

static void open__options_longer_than_a_header_holds__are_refused(void **state)
{
    (void)state;
    static const uint8_t options[41];
    struct node node = {.link = {.ops = &node_ops, .medium = IK_MEDIUM_IP}};
    struct ik_sim_socket_cfg cfg = plain(4);
    struct ik_link *l = NULL;
    cfg.ip_options = (struct ik_rd){options, sizeof(options)};
    assert_int_equal(ik_sim_socket_open(&l, &node.link, &cfg, choose, NULL), IK_E_VALUE);
    assert_null(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send__no_options__is_the_message_as_it_is),
        cmocka_unit_test(send__ttl_class_source__stand_beside_it),
        cmocka_unit_test(send__ip_options__make_a_whole_packet),
        cmocka_unit_test(send__path_mtu_discovery__decides_the_bit),
        cmocka_unit_test(send__flow_label__has_the_checksum_of_its_source),
        cmocka_unit_test(send__whole_packets__pass_untouched),
        cmocka_unit_test(send__longer_than_any_packet__is_left_to_the_node),
        cmocka_unit_test(open__options_longer_than_a_header_holds__are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
