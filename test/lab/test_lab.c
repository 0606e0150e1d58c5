/* SPDX-License-Identifier: MIT
 * Labs from the outside: the built-in one, files, what cannot be opened, the vantage, and that the
 * same is the same again. */
#include "icmpkit/lab.h"

#include "icmpkit/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static struct ik_conf_fault fault;

static struct ik_lab *open_lab(const char *name, const struct ik_lab_cfg *cfg)
{
    struct ik_lab *lab = NULL;
    const enum ik_err err = ik_lab_open(&lab, name, cfg, &fault);
    if (err)
        print_message("%u: %s\n", fault.line, fault.text);
    assert_int_equal(err, IK_OK);
    return lab;
}

static struct ik_addr addr_of(const char *text)
{
    struct ik_addr a;
    assert_int_equal(ik_addr_parse(text, &a), IK_OK);
    return a;
}

static void assert_lookup(const struct ik_lab *lab, const char *name, uint8_t family,
                          const char *want)
{
    struct ik_addr a;
    char text[IK_ADDR_TEXT];
    assert_int_equal(ik_lab_lookup(lab, name, family, &a), IK_OK);
    assert_string_equal(ik_addr_text(&a, text), want);
}

/* ---- the built-in internet ------------------------------------------------------------------- */

static void internet__names__are_found_both_ways(void **state)
{
    (void)state;
    const struct ik_lab_cfg cfg = {0};
    struct ik_lab *lab = open_lab("internet", &cfg);
    struct ik_addr a;
    assert_lookup(lab, "far", 0, "203.0.113.9");
    assert_lookup(lab, "far", 6, "2001:db8:9::9");
    assert_lookup(lab, "six", 0, "2001:db8:66::2");
    assert_lookup(lab, "203.0.113.200", 4, "203.0.113.200");
    assert_int_equal(ik_lab_lookup(lab, "six", 4, &a), IK_E_NOT_FOUND);
    assert_int_equal(ik_lab_lookup(lab, "fa", 0, &a), IK_E_NOT_FOUND);
    assert_int_equal(ik_lab_lookup(lab, "203.0.113.200", 6, &a), IK_E_NOT_FOUND);
    assert_int_equal(ik_lab_lookup(lab, "", 0, &a), IK_E_NOT_FOUND);
    a = addr_of("10.1.2.2");
    assert_string_equal(ik_lab_name(lab, &a), "p2");
    a = addr_of("198.51.100.200"); /* one of a prefix */
    assert_string_equal(ik_lab_name(lab, &a), "cloud");
    a = addr_of("198.51.100.30"); /* in the net of a link, nobody's */
    assert_null(ik_lab_name(lab, &a));
    a = addr_of("192.0.2.77");
    assert_null(ik_lab_name(lab, &a));
    a = addr_of("8.8.8.8");
    assert_true(ik_lab_is_simulated(lab, &a));
    a = addr_of("203.0.113.9");
    assert_false(ik_lab_is_simulated(lab, &a));
    ik_lab_close(lab);
}

/* Names of a node, and the node of a name, all of them. */
static void internet__hosts__name_each_address(void **state)
{
    (void)state;
    const struct ik_lab_cfg cfg = {0};
    struct ik_lab *lab = open_lab("internet", &cfg);
    struct ik_addr a;
    const char *name;
    size_t n = 0;
    for (; ik_lab_host(lab, n, &a, &name); n++)
        assert_string_equal(ik_lab_name(lab, &a), name);
    assert_true(n > 120);
    assert_false(ik_lab_host(lab, n + 1, &a, &name));
    ik_lab_close(lab);
}

static void internet__vantage__is_me(void **state)
{
    (void)state;
    for (int external = 0; external < 2; external++) {
        const struct ik_lab_cfg cfg = {.external = external};
        struct ik_lab *lab = open_lab("internet", &cfg);
        struct ik_lab_vantage v;
        char text[IK_ADDR_TEXT];
        ik_lab_vantage(lab, &v);
        assert_string_equal(v.name, "me");
        assert_int_equal(v.mtu, 1500);
        assert_int_equal(v.n_addrs, 2);
        assert_string_equal(ik_addr_text(&v.addrs[0].addr, text), "192.168.1.2");
        assert_int_equal(v.addrs[0].bits, 24);
        assert_memory_equal(v.mac, "\x02\x00\x00\x00\x01\x00", 6);
        assert_string_equal(ik_addr_text(&v.gateway4, text), "192.168.1.1");
        assert_string_equal(ik_addr_text(&v.gateway6, text), "fe80::ff:fe00:200");
        /* What goes through the interface: no net of its own, and 8.8.8.0/24 in virtual time only.
         */
        const struct ik_addr dns = addr_of("8.8.8.8"), far = addr_of("203.0.113.9"),
                             own = addr_of("192.168.1.7");
        bool to_dns = false, to_far = false, to_own = false;
        struct ik_prefix p;
        for (size_t i = 0; ik_lab_prefix(lab, i, &p); i++) {
            to_dns |= ik_prefix_contains(&p, &dns);
            to_far |= ik_prefix_contains(&p, &far);
            to_own |= ik_prefix_contains(&p, &own);
        }
        assert_int_equal(to_dns, !external);
        assert_true(to_far);
        assert_false(to_own);
        struct ik_addr a;
        assert_int_equal(ik_lab_lookup(lab, "dns", 0, &a), external ? IK_E_NOT_FOUND : IK_OK);
        assert_true((ik_sim_engine(ik_lab_sim(lab)) != NULL) == external);
        ik_lab_close(lab);
    }
}

/* ---- packets --------------------------------------------------------------------------------- */

/* What the vantage got, in the order that it got it. */
struct heard {
    char text[4096];
    size_t n;
};

static void hear(struct heard *h, uint8_t family, const struct ik_event *ev)
{
    char from[IK_ADDR_TEXT];
    struct ik_rd bytes = ev->frame.bytes;
    struct ik_addr src = ev->frame.meta.src;
    if (ev->kind != IK_EV_FRAME)
        return;
    if (ev->frame.medium == IK_MEDIUM_IP) {
        struct ik_ip ip;
        assert_int_equal(ik_ip_decode(&ip, bytes, NULL), IK_OK);
        src = ip.src;
        bytes = ip.payload;
    }
    assert_true(bytes.left >= 8);
    h->n += (size_t)snprintf(h->text + h->n, sizeof(h->text) - h->n, "%lld v%u %u/%u from %s\n",
                             (long long)ev->at.mono, family, bytes.p[0], bytes.p[1],
                             ik_addr_text(&src, from));
    assert_true(h->n < sizeof(h->text));
}

static size_t echo_message(uint8_t family, uint16_t seq, uint8_t out[static 64])
{
    static const uint8_t data[16] = "0123456789abcde";
    const struct ik_icmp msg = {.family = family,
                                .kind = IK_ICMP_ECHO,
                                .type = family == 4 ? 8 : 128,
                                .echo = {.id = 7, .seq = seq, .data = {data, sizeof(data)}}};
    const struct ik_icmp_ctx ctx = {.family = family};
    size_t len;
    assert_int_equal(ik_icmp_encode(&msg, &ctx, false, out, 64, &len), IK_OK);
    return len;
}

/* One echo a hop limit, ten milliseconds apart, and all that comes within 2 s. */
static void probe(struct ik_lab *lab, uint8_t family, const char *to, struct heard *h)
{
    struct ik_link *l;
    uint8_t bytes[64];
    assert_int_equal(ik_lab_link(lab, family, &l), IK_OK);
    for (int step = 1; step <= 200; step++) {
        struct ik_event got[IK_BATCH];
        const struct ik_now now = ik_lab_clock(lab);
        for (size_t n; (n = l->ops->rx(l, now, got, IK_BATCH)) > 0;)
            for (size_t i = 0; i < n; i++)
                hear(h, family, &got[i]);
        if (step <= 20) {
            const struct ik_frame f = {
                .medium = family == 4 ? IK_MEDIUM_ICMP4 : IK_MEDIUM_ICMP6,
                .key = (uint32_t)step,
                .bytes = {bytes, echo_message(family, (uint16_t)step, bytes)},
                .meta = {
                    .known = IK_KNOW_DST | IK_KNOW_TTL, .dst = addr_of(to), .ttl = (uint8_t)step}};
            assert_int_equal(l->ops->tx(l, now, &f, 1), 1);
        }
        ik_lab_advance(lab, now.mono + 10 * IK_NS_PER_MS);
    }
}

static void explore(const struct ik_lab_cfg *cfg, struct heard *h)
{
    struct ik_lab *lab = open_lab("internet", cfg);
    *h = (struct heard){0};
    probe(lab, 4, "203.0.113.9", h);
    probe(lab, 6, "2001:db8:9::9", h);
    probe(lab, 4, "8.8.8.8", h);
    assert_int_equal(ik_sim_overflows(ik_lab_sim(lab)), 0);
    ik_lab_close(lab);
}

/* The far host is 14 hops away in both families, one of them silent, and 8.8.8.8 is six. */
static void internet__probes__come_back_as_the_file_says(void **state)
{
    (void)state;
    static const char *const want[] = {
        " v4 11/0 from 192.168.1.1\n",    " v4 11/0 from 192.0.2.1\n",
        " v4 11/0 from 10.1.1.2\n",       " v4 11/0 from 10.2.3.2\n",
        " v4 0/0 from 203.0.113.9\n",     " v6 3/0 from 2001:db8:1::1\n",
        " v6 3/0 from 2001:db8:123::2\n", " v6 129/0 from 2001:db8:9::9\n",
        " v4 0/0 from 8.8.8.8\n"};
    const struct ik_lab_cfg cfg = {0};
    struct heard h;
    explore(&cfg, &h);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        assert_non_null(strstr(h.text, want[i]));
    assert_null(strstr(h.text, "10.0.5.2")); /* `quiet` */
    size_t lines = 0;
    for (const char *c = h.text; *c; c++)
        lines += *c == '\n';
    /* 20 probes each; the silent hop answers none. */
    if (lines != 58)
        print_message("%s", h.text);
    assert_int_equal(lines, 19 + 19 + 20);
}

static void internet__same_seed__is_the_same_and_another_is_not(void **state)
{
    (void)state;
    static struct heard first, second, other;
    const struct ik_lab_cfg cfg = {0}, seeded = {.has_seed = true, .seed = 8};
    explore(&cfg, &first);
    explore(&cfg, &second);
    explore(&seeded, &other);
    assert_string_equal(first.text, second.text);
    assert_string_not_equal(first.text, other.text);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void count_event(void *ctx, const struct ik_record *rec)
{
    (void)rec;
    ++*(size_t *)ctx;
}

static void internet__events__are_told_where_asked(void **state)
{
    (void)state;
    for (int asked = 0; asked < 2; asked++) {
        const struct ik_lab_cfg cfg = {.events = asked};
        struct ik_lab *lab = open_lab("internet", &cfg);
        size_t n = 0;
        const struct ik_sim_watch watch = {.on_event = count_event, .ctx = &n};
        ik_sim_watch(ik_lab_sim(lab), &watch);
        static struct heard h;
        h.n = 0;
        probe(lab, 4, "8.8.8.8", &h);
        assert_int_equal(n > 0, asked);
        ik_lab_close(lab);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static char folder[] = "/tmp/icmpkit-lab-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *write_file(const char *name, const void *bytes, size_t n)
{
    const char *path = in_folder(name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(in_folder("lab.yaml"));
    (void)unlink(in_folder("x.pcap"));
    return rmdir(folder);
}

static void open__what_is_no_lab__says_why(void **state)
{
    (void)state;
    const struct ik_lab_cfg cfg = {0};
    struct ik_lab *lab = NULL;
    assert_int_equal(ik_lab_open(&lab, "interne", &cfg, &fault), IK_E_NOT_FOUND);
    assert_string_equal(fault.text, "no such file, nor a built-in lab: did you mean internet?");
    assert_int_equal(fault.line, 0);
    assert_int_equal(ik_lab_open(&lab, "office", &cfg, &fault), IK_E_NOT_FOUND);
    assert_string_equal(fault.text, "no such file, nor a built-in lab: they are: internet");
    assert_int_equal(ik_lab_open(&lab, "/nowhere/x.yaml", &cfg, &fault), IK_E_NOT_FOUND);
    assert_string_equal(fault.text, "cannot be read: No such file or directory");
    assert_int_equal(ik_lab_open(&lab, "./internet", &cfg, &fault), IK_E_NOT_FOUND);
    assert_int_equal(ik_lab_open(&lab, "/", &cfg, &fault), IK_E_SYSTEM);
    assert_string_equal(fault.text, "cannot be read: Is a directory");
    assert_int_equal(ik_lab_open(&lab, "/dev/zero", &cfg, &fault), IK_E_VALUE);
    assert_string_equal(fault.text, "too long: more than 4194304 bytes");
    assert_int_equal(ik_lab_open(&lab, "/dev/null", &cfg, &fault), IK_E_VALUE);
    assert_string_equal(fault.text, "a lab needs \"vantage\", such as vantage: me");
    assert_null(lab);
}

struct hook {
    int calls;
    enum ik_err says;
};

static enum ik_err on_read(void *ctx)
{
    struct hook *h = ctx;
    h->calls++;
    return h->says;
}

/* Who opened the file with a privilege gives it up before anything in it can abuse it. */
static void open__of_what_is_wrong__calls_before_it_parses(void **state)
{
    (void)state;
    struct hook h = {0, IK_E_ACCESS};
    const struct ik_lab_cfg cfg = {.on_read = on_read, .ctx = &h};
    struct ik_lab *lab = NULL;
    assert_int_equal(ik_lab_open(&lab, "/nowhere/x.yaml", &cfg, &fault), IK_E_NOT_FOUND);
    assert_int_equal(h.calls, 0);
    assert_int_equal(ik_lab_open(&lab, "/dev/null", &cfg, &fault), IK_E_ACCESS);
    assert_int_equal(h.calls, 1);
    assert_int_equal(ik_lab_open(&lab, "internet", &cfg, &fault), IK_E_ACCESS);
    assert_int_equal(h.calls, 2);
    h.says = IK_OK;
    assert_int_equal(ik_lab_open(&lab, "/dev/null", &cfg, &fault), IK_E_VALUE);
    assert_int_equal(h.calls, 3);
    assert_null(lab);
}

static void open__file_with_a_capture__sends_it(void **state)
{
    (void)state;
    static const char text[] = "vantage: a\n"
                               "nodes: {a: {kind: host}, b: {kind: host}}\n"
                               "links: [{between: [a, b], net: 10.0.0.0/24}]\n"
                               "traffic: [{from: a, kind: capture, file: x.pcap}]\n";
    /* Little-endian pcap of raw IP: one UDP datagram of 28 bytes from 10.0.0.1 to 10.0.0.2. */
    static const uint8_t capture[] = {
        0xd4, 0xc3, 0xb2, 0xa1, 2, 0,  4,    0, 0, 0,  0, 0, 0, 0, 0, 0,  0xff,
        0xff, 0,    0,    101,  0, 0,  0,    9, 0, 0,  0, 1, 0, 0, 0, 28, 0,
        0,    0,    28,   0,    0, 0,  0x45, 0, 0, 28, 0, 1, 0, 0, 9, 17, 0x9d,
        0xce, 10,   0,    0,    1, 10, 0,    0, 2, 0,  9, 0, 9, 0, 8, 0,  0};
    const struct ik_lab_cfg cfg = {0};
    struct ik_lab *lab = NULL;
    write_file("lab.yaml", text, sizeof(text) - 1);
    assert_int_equal(ik_lab_open(&lab, in_folder("lab.yaml"), &cfg, &fault), IK_E_NOT_FOUND);
    assert_int_equal(fault.line, 4);
    write_file("x.pcap", capture, sizeof(capture));
    lab = open_lab(in_folder("lab.yaml"), &cfg);
    ik_lab_advance(lab, IK_NS_PER_S);
    struct ik_sim_link_stats stats;
    ik_sim_link_stats(ik_lab_sim(lab), 0, 0, &stats);
    assert_int_equal(stats.frames, 1);
    ik_lab_close(lab);
}

static void open__external_with_traffic__leaves_it_out(void **state)
{
    (void)state;
    static const char text[] = "vantage: a\n"
                               "nodes: {a: {kind: host}, b: {kind: router}, c: {kind: host}}\n"
                               "links: [{between: [b, a], net: 10.0.0.0/24},\n"
                               "  {between: [b, c], net: 10.0.1.0/24}]\n"
                               "traffic: [{from: c, to: b, kind: echo, rate: 10/s}]\n";
    write_file("lab.yaml", text, sizeof(text) - 1);
    for (int external = 0; external < 2; external++) {
        const struct ik_lab_cfg cfg = {.external = external};
        struct ik_lab *lab = open_lab(in_folder("lab.yaml"), &cfg);
        struct ik_sim_link_stats stats;
        struct ik_link *l;
        ik_lab_advance(lab, 10 * IK_NS_PER_S);
        ik_sim_link_stats(ik_lab_sim(lab), 1, 1, &stats);
        assert_int_equal(stats.frames > 90, !external);
        assert_int_equal(ik_lab_link(lab, 6, &l), IK_E_UNSUPPORTED);
        ik_lab_close(lab);
    }
}

/* ---- showing --------------------------------------------------------------------------------- */

static void put(void *ctx, const char *text, size_t n)
{
    struct heard *h = ctx;
    assert_true(h->n + n < sizeof(h->text));
    memcpy(h->text + h->n, text, n);
    h->n += n;
    h->text[h->n] = '\0';
}

static const char shown_lab[] =
    "seed: 3\n"
    "vantage: me\n"
    "nodes: {me: {kind: host}, gw: {kind: router, silent: on},\n"
    "  web: {kind: host, prefixes: 198.51.100.0/24}, isle: {kind: host}, isle2: {kind: host}}\n"
    "links:\n"
    "- {between: [me, gw], net: 10.0.1.0/24, net6: \"2001:db8:1::/64\", delay: 1500us,\n"
    "   forward: {loss: 1%}}\n"
    "- {between: [gw, web], name: 'a \"wire\"', net: 10.0.2.0/24, rate: 10Mbit, mtu: 1400}\n"
    "- {between: [isle, isle2], net6: \"2001:db8:7::/64\"}\n";

static void print__table__is_aligned(void **state)
{
    (void)state;
    const struct ik_lab_cfg cfg = {0};
    write_file("lab.yaml", shown_lab, sizeof(shown_lab) - 1);
    struct ik_lab *lab = open_lab(in_folder("lab.yaml"), &cfg);
    static struct heard h;
    h.n = 0;
    ik_lab_print(lab, put, &h);
    const char *body = strchr(h.text, ':');
    assert_non_null(body);
    assert_string_equal(
        body, ": 5 nodes, 3 links, vantage me, seed 3\n"
              "\n"
              "NODE   KIND   ADDRESSES\n"
              "me     host   10.0.1.1 2001:db8:1::1\n"
              "gw     router 10.0.1.2 2001:db8:1::2 10.0.2.1  (silent)\n"
              "web    host   10.0.2.2 198.51.100.0/24\n"
              "isle   host   2001:db8:7::1\n"
              "isle2  host   2001:db8:7::2\n"
              "\n"
              "LINK        NET                 NET6                      MTU  ON THE WAY\n"
              "me-gw       10.0.1.0/24         2001:db8:1::/64          1500  1500us loss 1%; back "
              "1500us\n"
              "a \"wire\"    10.0.2.0/24         -                        1400  0ms rate 10Mbit "
              "queue 100\n"
              "isle-isle2  -                   2001:db8:7::/64          1500  0ms\n"
              "no way from me to 2001:db8:7::/64\n");
    ik_lab_close(lab);
}

static void dot__graph__is_one(void **state)
{
    (void)state;
    const struct ik_lab_cfg cfg = {0};
    write_file("lab.yaml", shown_lab, sizeof(shown_lab) - 1);
    struct ik_lab *lab = open_lab(in_folder("lab.yaml"), &cfg);
    static struct heard h;
    h.n = 0;
    ik_lab_dot(lab, put, &h);
    assert_non_null(strstr(h.text, "  \"me\" [shape=box, label=\"me\\n10.0.1.1\", style=bold];\n"));
    assert_non_null(strstr(h.text, "  \"gw\" [shape=ellipse, label=\"gw\\n10.0.1.2\"];\n"));
    assert_non_null(strstr(h.text, "  \"me\" -- \"gw\" [label=\"10.0.1.0/24\\n1500us\"];\n"));
    assert_string_equal(h.text + h.n - 2, "}\n");
    ik_lab_close(lab);
}

/* A node may be called anything that a segment could be. */
static void dot__segment__is_no_node(void **state)
{
    (void)state;
    static const char text[] = "vantage: a\nnodes: {a: {kind: host}, segment0: {kind: host}, b: "
                               "{kind: host}}\nlinks:\n"
                               "- {between: [a, segment0, b], net: 10.0.1.0/24}\n";
    const struct ik_lab_cfg cfg = {0};
    write_file("lab.yaml", text, sizeof(text) - 1);
    struct ik_lab *lab = open_lab(in_folder("lab.yaml"), &cfg);
    static struct heard h;
    h.n = 0;
    ik_lab_dot(lab, put, &h);
    assert_non_null(
        strstr(h.text, "  \"segment 0\" [shape=underline, label=\"a-segment0-...\"];\n"));
    assert_non_null(strstr(h.text, "  \"segment0\" -- \"segment 0\";\n"));
    ik_lab_close(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(internet__names__are_found_both_ways),
        cmocka_unit_test(internet__hosts__name_each_address),
        cmocka_unit_test(internet__vantage__is_me),
        cmocka_unit_test(internet__probes__come_back_as_the_file_says),
        cmocka_unit_test(internet__same_seed__is_the_same_and_another_is_not),
        cmocka_unit_test(internet__events__are_told_where_asked),
        cmocka_unit_test(open__what_is_no_lab__says_why),
        cmocka_unit_test(open__of_what_is_wrong__calls_before_it_parses),
        cmocka_unit_test(open__file_with_a_capture__sends_it),
        cmocka_unit_test(open__external_with_traffic__leaves_it_out),
        cmocka_unit_test(print__table__is_aligned),
        cmocka_unit_test(dot__graph__is_one),
        cmocka_unit_test(dot__segment__is_no_node),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
