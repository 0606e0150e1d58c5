/* SPDX-License-Identifier: MIT
 * Tunnels and implants by signature (D11): each of them found by one packet, and nothing else
 * taken for one. */
#include "frames.h"

#include <stdio.h>

extern const struct ik_part ik_part_sender, ik_part_rate, ik_part_tool;
static const struct ik_part *const parts[] = {&ik_part_sender, &ik_part_rate, &ik_part_tool, NULL};

#define ASK "10.0.0.1"
#define ANSWER "10.0.0.2"

enum { DATA_MAX = 2000 };

/* One message of a tool. */
struct sample {
    const char *tool; /* NULL: nothing is to be found */
    bool reply;
    uint8_t ttl, code;
    uint16_t id, seq;
    size_t n;
    uint8_t data[DATA_MAX];
};

static void put(struct frames *f, const struct sample *m)
{
    const struct frames_head h = {
        .src = m->reply ? ANSWER : ASK, .dst = m->reply ? ASK : ANSWER, .ttl = m->ttl};
    const struct ik_icmp icmp = {
        .family = 4,
        .type = m->reply ? IK_ICMP4_ECHO_REPLY : IK_ICMP4_ECHO,
        .code = m->code,
        .kind = IK_ICMP_ECHO,
        .echo = {.id = m->id, .seq = m->seq, .data = {m->data, m->n}},
    };
    f->now += IK_NS_PER_MS;
    frames_icmp(f, &h, &icmp);
}

/* Fails unless one packet suffices, or nothing is found when nothing is to be. */
static enum ik_severity try(const struct sample *m)
{
    enum ik_severity severity = IK_SEVERITY_INFO;
    struct frames *f = frames_new(parts, NULL);
    frames_echo(f, &(struct frames_head){.src = ASK, .dst = "10.0.0.3"}, false, 1, 1, "", 0);
    f->now += 3 * IK_NS_PER_S; /* an answer that nobody asked for is one by now */
    put(f, m);
    if (m->tool) {
        const struct ik_finding *x = frames_found(f, IK_DETECT_TOOL);
        assert_string_equal(x->tool, m->tool);
        assert_int_equal(frames_count(f, IK_DETECT_TOOL), 1);
        severity = x->severity;
        assert_true(severity <= IK_SEVERITY_MEDIUM); /* it is one packet, which may be forged */
    } else {
        frames_silent(f);
    }
    frames_free(f);
    return severity;
}

static void words(struct sample *m, const char *text)
{
    m->n = strlen(text);
    memcpy(m->data, text, m->n);
}

static void ip4(struct sample *m, size_t at)
{
    static const struct frames_head inside = {.src = "10.12.0.1", .dst = "10.12.0.2"};
    static uint8_t bytes[FRAMES_BYTES];
    const size_t n = frames_make_udp(&inside, 1, 2, 33, bytes);
    memcpy(m->data + at, bytes, n);
    m->n = at + n;
}

/* The header of ptunnel 0.72 with so many bytes of data. */
static void ptunnel(struct sample *m, uint32_t magic, uint8_t user, uint8_t kind, uint32_t data)
{
    memset(m->data, 0, 28 + data);
    ik_store_be32(m->data, magic);
    ik_store_be32(m->data + 4, 0x7f000001);
    ik_store_be32(m->data + 8, 7007);
    m->data[12] = user;
    m->data[15] = kind;
    ik_store_be32(m->data + 16, 0xffff);
    ik_store_be32(m->data + 20, data);
    ik_store_be16(m->data + 24, 3);
    ik_store_be16(m->data + 26, m->id);
    m->n = 28 + data + (data & 1);
}

static void tool__ptunnel__is_known_by_its_header(void **state)
{
    (void)state;
    for (uint8_t kind = 0; kind <= 5; kind++) {
        for (uint32_t data = 0; data < 1024; data += 341) {
            struct sample m = {.tool = "ptunnel", .id = 0x4b1d, .seq = 9, .reply = kind & 1};
            ptunnel(&m, 0xd5200880, kind & 1 ? 0x80 : 0x40, kind, data);
            assert_int_equal(try(&m), IK_SEVERITY_MEDIUM);
            m.tool = "ptunnel-ng";
            ik_store_be32(m.data, 0xdeadc0de);
            try(&m);
            ik_store_be32(m.data, 0x12345678); /* it can be set */
            try(&m);
        }
    }
}

static void tool__nearly_ptunnel__is_silent(void **state)
{
    /* Octets that have to be as they are, where no data stands. */
    static const uint8_t at[] = {12, 13, 14, 15, 20, 21, 22, 23, 26, 27};
    struct sample m = {.id = 0x4b1d};
    (void)state;
    for (size_t i = 0; i < sizeof(at); i++) {
        ptunnel(&m, 0xd5200880, 0x40, 2, 100);
        m.data[at[i]] ^= 0x08;
        try(&m);
    }
    ptunnel(&m, 0xd5200880, 0x40, 2, 0);
    m.n--;
    try(&m);
}

static void tool__hans__is_known_by_magic_and_type(void **state)
{
    (void)state;
    for (uint8_t type = 0; type <= 10; type++) {
        struct sample m = {.reply = type & 1, .id = 7, .seq = 1};
        words(&m, type & 1 ? "hans?" : "hanc?");
        m.data[4] = type;
        m.tool = type >= 1 && type <= 9 ? "hans" : NULL;
        try(&m);
        ip4(&m, 5);
        try(&m);
    }
    struct sample m = {.n = 0};
    words(&m, "hanc"); /* without a type */
    try(&m);
    words(&m, "hand me the salt");
    try(&m);
}

static void tool__icmptunnel__is_known_by_magic_or_by_packet_and_ttl(void **state)
{
    struct sample m = {.tool = "icmptunnel", .ttl = 64};
    (void)state;
    words(&m, "TUNL\1\2\3");
    try(&m);
    words(&m, "LNUT\1\2\3");
    try(&m);
    ip4(&m, 0);
    m.ttl = 255;
    try(&m);
    m.ttl = 192; /* 63 hops away */
    try(&m);
    m.ttl = 191;
    m.tool = NULL;
    try(&m);
}

static void tool__icmptx__is_known_by_its_identifier(void **state)
{
    struct sample m = {.tool = "icmptx", .id = 28957};
    (void)state;
    ip4(&m, 0);
    assert_int_equal(try(&m), IK_SEVERITY_MEDIUM);
    m.reply = true;
    try(&m);
    m.n = 0; /* it polls by empty requests; an empty reply says nothing */
    m.tool = NULL;
    try(&m);
    m.reply = false;
    m.tool = "icmptx";
    assert_int_equal(try(&m), IK_SEVERITY_LOW);
    m.tool = NULL;
    m.seq = 1;
    try(&m);
    m.seq = 0;
    m.id++;
    try(&m);
}

/* id, type, target, data, protocol, magic, key: protobuf, as its source has it. */
static void tool__pingtunnel__is_known_by_its_magic_number(void **state)
{
    struct ik_rng rng = {3};
    struct sample m = {.tool = "pingtunnel"};
    (void)state;
    words(&m, "\x0a\x20"
              "0123456789abcdef0123456789abcdef\x10\x01\x1a\x00\x22\xf0\x07");
    m.n = 0x29;
    for (int i = 0; i < 1008; i++)
        m.data[m.n++] = (uint8_t)ik_rng_next(&rng);
    memcpy(m.data + m.n, "\x28\xff\xff\xff\xff\x0f\x30\xda\xfa\x06\x38\x95\x9a\xef\x3a\x40\x3c",
           17);
    m.n += 17;
    try(&m);
    m.tool = NULL;
    m.data[0] = 0x0b;
    try(&m);
    m.data[0] = 0x0a;
    m.data[m.n - 10] ^= 1;
    try(&m);
}

static void tool__implants__are_known_by_numbers_and_words(void **state)
{
    static const uint16_t seqs[] = {53764, 54020, 54276};
    static const size_t sizes[] = {788, 1056};
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        struct sample m = {.tool = "pingback", .seq = seqs[i / 2]};
        words(&m, "shell");
        m.n = sizes[i % 2];
        try(&m);
        m.tool = NULL;
        m.n++;
        try(&m);
        m.n--;
        m.seq++;
        try(&m);
    }
    struct sample m = {.tool = "icmpdoor", .reply = true, .id = 13170};
    words(&m, "cat /etc/passwd\n");
    try(&m);
    m.tool = NULL;
    m.data[3] = 1;
    try(&m);
    m.tool = "Stacheldraht";
    m.id = 666;
    words(&m, "skillz");
    assert_int_equal(try(&m), IK_SEVERITY_MEDIUM);
    m.id = 667;
    words(&m, "ficken");
    assert_int_equal(try(&m), IK_SEVERITY_MEDIUM);
    m.tool = "TFN or Stacheldraht";
    m.id = 456;
    assert_int_equal(try(&m), IK_SEVERITY_LOW);
    m.tool = NULL;
    m.id = 457;
    try(&m);
}

/* An honest ping may draw such an identifier. */
static void tool__old_identifier_that_was_asked_for__is_silent(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    frames_echo(f, &(struct frames_head){.src = ASK, .dst = "10.0.0.3"}, false, 1, 1, "", 0);
    f->now += 3 * IK_NS_PER_S;
    for (uint16_t i = 0; i < 50; i++) {
        struct sample m = {.id = 1000, .seq = i};
        words(&m, "a payload that nobody knows");
        put(f, &m);
        m.reply = true;
        put(f, &m);
    }
    frames_silent(f);
    frames_free(f);
}

static void tool__code__is_low_until_it_goes_on(void **state)
{
    struct sample m = {.tool = "tutuicmptunnel", .code = 7};
    (void)state;
    words(&m, "some encrypted text");
    assert_int_equal(try(&m), IK_SEVERITY_LOW);
    struct frames *f = frames_new(parts, NULL);
    for (int i = 0; i < 10; i++)
        put(f, &m); /* one broken sender */
    assert_int_equal(frames_found(f, IK_DETECT_TOOL)->severity, IK_SEVERITY_LOW);
    m.data[0]++;
    put(f, &m);
    m.data[0]++;
    put(f, &m);
    assert_int_equal(frames_found(f, IK_DETECT_TOOL)->severity, IK_SEVERITY_MEDIUM);
    frames_free(f);
}

/* icmpdoor: both hosts send replies that nobody asked for; hans: each has its own magic. */
static void tool__both_directions__are_one_finding(void **state)
{
    struct sample m = {.reply = true, .id = 13170};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    words(&m, "id\n");
    const uint8_t message[] = {0, 0, 0, 0, 0x33, 0x72, 0, 0, 'r', 'o', 'o', 't'};
    for (int i = 0; i < 4; i++) {
        put(f, &m); /* from ANSWER to ASK */
        frames_raw(f, &(struct frames_head){.src = ASK, .dst = ANSWER}, message, sizeof(message));
        f->now += 50 * IK_NS_PER_S;
    }
    frames_stop(f);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    assert_int_equal(f->found[0].packets, 8);
    const struct ik_addr first = frames_addr(ASK); /* to whom the first reply went */
    assert_true(ik_addr_equal(&f->found[0].src, &first));
    frames_free(f);
    f = frames_new(parts, NULL);
    for (int i = 0; i < 3; i++) {
        m = (struct sample){.reply = i & 1, .id = 7, .seq = 1};
        words(&m, i & 1 ? "hans\7" : "hanc\7");
        put(f, &m);
    }
    assert_int_equal(frames_found(f, IK_DETECT_TOOL)->severity, IK_SEVERITY_HIGH);
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    frames_free(f);
}

static void tool__third_packet__makes_it_high(void **state)
{
    struct sample m = {.id = 1};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (int i = 1; i <= 3; i++) {
        ptunnel(&m, 0xd5200880, 0x40, 2, 100);
        put(f, &m);
        const struct ik_finding *x = frames_found(f, IK_DETECT_TOOL);
        assert_int_equal(x->severity, i < 3 ? IK_SEVERITY_MEDIUM : IK_SEVERITY_HIGH);
        assert_int_equal(x->remedy, i < 3 ? IK_REMEDY_NONE : IK_REMEDY_BLOCK_PAIR);
    }
    assert_int_equal(frames_count(f, IK_DETECTOR_NONE), 1);
    frames_free(f);
}

static void tool__capture_that_cuts_packets__is_found(void **state)
{
    static uint8_t whole[FRAMES_BYTES];
    struct sample m = {.id = 1};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    ptunnel(&m, 0xd5200880, 0x40, 2, 1000);
    frames_make_echo(&(struct frames_head){.src = ASK, .dst = ANSWER}, false, 1, 0, m.data, m.n,
                     whole);
    frames_put(f, IK_LINKTYPE_RAW, whole, 64);
    frames_found(f, IK_DETECT_TOOL);
    frames_free(f);
}

static void tool__benign_senders_and_noise__are_silent(void **state)
{
    static const char *const texts[] = {"",
                                        "abcdefghijklmnopqrstuvwabcdefghi",
                                        "liboping -- ICMP ping library <http://octo.it/liboping/>",
                                        "Prometheus Blackbox Exporter",
                                        "SolarWinds Status Query",
                                        "WhatsUp - A Network Monitoring Tool",
                                        "DhcpIcmpChk",
                                        "WANG2"};
    struct ik_rng rng = {1};
    struct sample m = {.n = 0};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (uint32_t i = 0; i < 65536; i++) { /* under each identifier and sequence number */
        words(&m, texts[i % 8]);
        m.ttl = i % 3 ? 64 : 255;
        m.id = (uint16_t)i;
        m.seq = (uint16_t)(i * 7);
        f->now += 10 * IK_NS_PER_MS; /* no flood */
        if (m.id == 28957 && !m.seq && !m.n)
            continue;
        put(f, &m);
    }
    for (int i = 0; i < 100000; i++) {
        m.n = 8 + ik_rng_below(&rng, 1400);
        for (size_t k = 0; k < m.n; k += 8)
            ik_store_be64(m.data + k, ik_rng_next(&rng));
        f->now += 10 * IK_NS_PER_MS;
        put(f, &m);
    }
    frames_silent(f);
    frames_free(f);
}

static void tool__switched_off_or_allowed__is_silent(void **state)
{
    struct sample m = {.id = 1};
    (void)state;
    ptunnel(&m, 0xd5200880, 0x40, 2, 100);
    for (int how = 0; how < 2; how++) {
        struct ik_detect_cfg cfg = ik_detect_defaults();
        const struct ik_detect_allow allow = {frames_prefix(ASK "/32"), 1u << IK_DETECT_TOOL};
        cfg.off = how ? 1u << IK_DETECT_TOOL : 0;
        cfg.allow = &allow;
        cfg.n_allow = !how;
        struct frames *f = frames_new(parts, &cfg);
        put(f, &m);
        frames_silent(f);
        frames_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tool__ptunnel__is_known_by_its_header),
        cmocka_unit_test(tool__nearly_ptunnel__is_silent),
        cmocka_unit_test(tool__hans__is_known_by_magic_and_type),
        cmocka_unit_test(tool__icmptunnel__is_known_by_magic_or_by_packet_and_ttl),
        cmocka_unit_test(tool__icmptx__is_known_by_its_identifier),
        cmocka_unit_test(tool__pingtunnel__is_known_by_its_magic_number),
        cmocka_unit_test(tool__implants__are_known_by_numbers_and_words),
        cmocka_unit_test(tool__old_identifier_that_was_asked_for__is_silent),
        cmocka_unit_test(tool__code__is_low_until_it_goes_on),
        cmocka_unit_test(tool__both_directions__are_one_finding),
        cmocka_unit_test(tool__third_packet__makes_it_high),
        cmocka_unit_test(tool__capture_that_cuts_packets__is_found),
        cmocka_unit_test(tool__benign_senders_and_noise__are_silent),
        cmocka_unit_test(tool__switched_off_or_allowed__is_silent),
    };
    return cmocka_run_group_tests_name("tool", tests, NULL, NULL);
}
