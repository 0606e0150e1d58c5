/* SPDX-License-Identifier: MIT
 * Benign senders by their payloads, as the tools make them; and what only looks like them. */
#include "frames.h"

#include "detect/payload.h"
#include "detect/sender.h"

extern const struct ik_part ik_part_sender;

static struct ik_sight last; /* what the part said of the last packet */

static size_t keep_bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return 1;
}

static void keep_init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

static void keep_input(void *state, struct ik_sight *s)
{
    (void)state;
    last = *s;
}

static const struct ik_part keep = {IK_WANTS_ICMP, keep_bytes, keep_init, keep_input, NULL, NULL};
static const struct ik_part *const parts[] = {&ik_part_sender, &keep, NULL};

enum { DATA_MAX = 4096 };

struct data {
    uint8_t p[DATA_MAX];
    size_t n;
};

static void ramp(struct data *d, uint8_t first, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d->p[d->n++] = (uint8_t)(first + i);
}

static void fill(struct data *d, uint8_t byte, size_t n)
{
    memset(d->p + d->n, byte, n);
    d->n += n;
}

/* `text` over and over, to n bytes. */
static void repeat(struct data *d, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        d->p[d->n++] = (uint8_t)text[i % strlen(text)];
}

/* struct timeval of x86-64: 2026-10-21, and so many microseconds. */
static void timeval(struct data *d, uint32_t us)
{
    static const uint8_t s[8] = {0x00, 0x97, 0xd6, 0x6a};
    memcpy(d->p + d->n, s, 8);
    d->n += 8;
    for (int i = 0; i < 8; i++)
        d->p[d->n++] = i < 4 ? (uint8_t)(us >> (8 * i)) : 0;
}

struct tool {
    enum ik_sender sender;
    uint8_t clock, ttl, code;
    uint16_t id, seq, ip_id;
};

/* Gives it as a request and as the reply to it, of both families, and looks at what was said. */
static void check(struct frames *f, const struct tool *t, const struct data *d)
{
    static const char *const ends[2][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
    for (int v = 0; v < 2; v++) {
        for (int reply = 0; reply < 2; reply++) {
            const struct frames_head h = {
                .src = ends[v][reply], .dst = ends[v][!reply], .ttl = t->ttl, .id = t->ip_id};
            const bool only_request = t->sender == IK_SENDER_ZMAP;
            if (only_request && (v || reply))
                continue;
            if (t->code && !reply) {
                const struct ik_icmp m = {
                    .family = v ? 6 : 4,
                    .type = v ? IK_ICMP6_ECHO : IK_ICMP4_ECHO,
                    .code = t->code,
                    .kind = IK_ICMP_ECHO,
                    .echo = {.id = t->id, .seq = t->seq, .data = {d->p, d->n}},
                };
                frames_icmp(f, &h, &m);
            } else {
                frames_echo(f, &h, reply, t->id, t->seq, d->p, d->n);
            }
            if (last.sender != t->sender || last.clock_bytes != t->clock)
                fail_msg("%zu bytes, reply %d: %s, clock %u; not %s, clock %u", d->n, reply,
                         ik_sender_name(last.sender), last.clock_bytes, ik_sender_name(t->sender),
                         t->clock);
        }
    }
}

static void iputils(struct frames *f)
{
    for (size_t n = 16; n <= 2000; n += n < 300 ? 1 : 100) {
        struct data d = {.n = 0};
        timeval(&d, (uint32_t)(n * 499));
        ramp(&d, 0x10, n - 16);
        check(f, &(struct tool){.sender = IK_SENDER_IPUTILS, .clock = 16, .seq = 1, .id = 7}, &d);
    }
    for (size_t n = 1; n < 16; n++) { /* no room for the time: measured with -s */
        struct data d = {.n = 0};
        ramp(&d, 0, n);
        check(f, &(struct tool){.sender = IK_SENDER_IPUTILS}, &d);
    }
}

static void iputils_with_patterns(struct frames *f)
{
    for (size_t period = 1; period <= 16; period++) {
        struct data d = {.n = 0};
        timeval(&d, 999999);
        repeat(&d, &"some secret text"[16 - period], 40);
        check(f, &(struct tool){.sender = IK_SENDER_IPUTILS_PATTERN, .clock = 16}, &d);
    }
}

static void of_one_byte(struct frames *f)
{
    static const struct {
        uint8_t byte;
        size_t n;
        struct tool t;
    } rows[] = {
        {0, 56, {.sender = IK_SENDER_FPING}},
        {0, 64, {.sender = IK_SENDER_TRACERT, .ttl = 3}},
        {0, 36, {.sender = IK_SENDER_MTR, .seq = 33000}},
        {0, 16, {.sender = IK_SENDER_MTR, .seq = 33006}},
        {0, 36, {.sender = IK_SENDER_ZEROS, .seq = 1}},
        {0, 20, {.sender = IK_SENDER_ZMAP, .ip_id = 54321, .ttl = 255}},
        {0, 120, {.sender = IK_SENDER_NMAP_O, .seq = 295, .code = 9}},
        {0, 150, {.sender = IK_SENDER_NMAP_O, .seq = 296}},
        {0, 0, {.sender = IK_SENDER_EMPTY, .seq = 256}},
        {0, 0, {.sender = IK_SENDER_EMPTY, .id = 28957, .seq = 1}},
        {'X', 120, {.sender = IK_SENDER_HPING, .seq = 512}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct data d = {.n = 0};
        fill(&d, rows[i].byte, rows[i].n);
        check(f, &rows[i].t, &d);
    }
}

static void others(struct frames *f)
{
    struct data d = {.n = 0};
    repeat(&d, "\x9c\x11\xfe\x83", 16); /* icmp ping: a token */
    ramp(&d, 0x10, 40);
    check(f, &(struct tool){.sender = IK_SENDER_ICMPKIT, .clock = 16}, &d);
    d.n = 0;
    repeat(&d, "\x53\x7a\x21\xfe\x83\x11\x05\x44", 8); /* macOS: seconds, microseconds */
    ramp(&d, 8, 48);
    check(f, &(struct tool){.sender = IK_SENDER_BSD, .clock = 8}, &d);
    d.n = 0;
    repeat(&d, "abcdefghijklmnopqrstuvw", 32);
    check(f, &(struct tool){.sender = IK_SENDER_WINDOWS, .ttl = 128}, &d);
    d.n = 0;
    repeat(&d, "abcdefghijklmnopqrstuvw", 1472);
    check(f, &(struct tool){.sender = IK_SENDER_WINDOWS, .ttl = 128}, &d);
    d.n = 0;
    ramp(&d, 8, 48);
    check(f, &(struct tool){.sender = IK_SENDER_MASSCAN, .ttl = 255}, &d);
    d.n = 0;
    ramp(&d, 0x48, 32);
    check(f, &(struct tool){.sender = IK_SENDER_TRACEROUTE, .ttl = 1}, &d);
    d.n = 0;
    ramp(&d, 0x48, 0x38);
    ramp(&d, 0x40, 30);
    check(f, &(struct tool){.sender = IK_SENDER_TRACEROUTE, .ttl = 1}, &d);
    d.n = 0;
    fill(&d, 0, 4);
    repeat(&d, "\x01\x11\xfe\x83", 4); /* Cisco: its uptime */
    repeat(&d, "\xab\xcd", 64);
    check(f, &(struct tool){.sender = IK_SENDER_CISCO, .clock = 8, .ttl = 255}, &d);
    d.n = 0;
    repeat(&d, "\x01\x11\xfe\x83", 4);
    fill(&d, 0, 52);
    check(f, &(struct tool){.sender = IK_SENDER_BUSYBOX, .clock = 4}, &d);
    d.n = 0;
    timeval(&d, 5);
    repeat(&d, "\x0a", 1);
    fill(&d, 0, 39);
    check(f, &(struct tool){.sender = IK_SENDER_CHECK_ICMP, .clock = 24}, &d);
    for (size_t n = 1; n < 200; n += 9) {
        d.n = 0;
        timeval(&d, 5);
        ramp(&d, 0, n);
        check(f, &(struct tool){.sender = IK_SENDER_INETUTILS, .clock = 16}, &d);
    }
    d.n = 0;
    repeat(&d, "u7Zq2LmR0xYbTnE5kWc9", 56);
    check(f, &(struct tool){.sender = IK_SENDER_ICMPLIB}, &d);
    d.p[55] = '+'; /* base64 */
    check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN}, &d);
    d.n = 0;
    repeat(&d, "aword", 40);
    check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN}, &d);
}

/* busybox ping -p fills the whole message, its code too; a reply has the code of its request. */
static void busybox_with_pattern(struct frames *f)
{
    for (int how = 0; how < 3; how++) {
        struct data d = {.n = 0};
        repeat(&d, "\x8a\xd0\x30\xce", 4);
        fill(&d, 0x77, 52);
        d.p[55] ^= how == 2;
        const struct ik_icmp m = {
            .family = 4,
            .type = IK_ICMP4_ECHO,
            .code = how == 1 ? 0x78 : 0x77,
            .kind = IK_ICMP_ECHO,
            .echo = {.id = 1, .seq = 1, .data = {d.p, d.n}},
        };
        frames_icmp(f, &(struct frames_head){.src = "10.0.0.1", .dst = "10.0.0.2"}, &m);
        assert_int_equal(last.sender, how ? IK_SENDER_UNKNOWN : IK_SENDER_BUSYBOX);
    }
}

static void with_words(struct frames *f)
{
    static const struct {
        enum ik_sender sender;
        const char *text;
    } rows[] = {
        {IK_SENDER_OPING, "liboping -- ICMP ping library <http://octo.it/liboping/>"},
        {IK_SENDER_BLACKBOX, "Prometheus Blackbox Exporter"},
        {IK_SENDER_SOLARWINDS, "SolarWinds Status Query"},
        {IK_SENDER_ORION, "Orion"},
        {IK_SENDER_WHATSUP, "WhatsUp - A Network Monitoring Tool"},
        {IK_SENDER_DHCP, "DhcpIcmpChk"},
        {IK_SENDER_WANG2, "WANG2"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct data d = {.n = 0};
        repeat(&d, rows[i].text, strlen(rows[i].text));
        check(f, &(struct tool){.sender = rows[i].sender}, &d);
    }
}

static void pro_bing(struct frames *f)
{
    static const uint8_t head[24] = {0x18, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde,
                                     1,    2,    3,    4,    5,    6,    0x4f, 8,
                                     0xa9, 10,   11,   12,   13,   14,   15,   16};
    struct data d = {.n = sizeof(head)};
    memcpy(d.p, head, sizeof(head));
    check(f, &(struct tool){.sender = IK_SENDER_PRO_BING, .clock = 24}, &d);
    fill(&d, 1, 32);
    check(f, &(struct tool){.sender = IK_SENDER_PRO_BING, .clock = 24}, &d);
    d.p[14] = 0x3f; /* no random UUID */
    check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN}, &d);
}

static void sender__payload_of_a_tool__is_known(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    iputils(f);
    iputils_with_patterns(f);
    of_one_byte(f);
    others(f);
    busybox_with_pattern(f);
    with_words(f);
    pro_bing(f);
    frames_free(f);
}

/* One byte that is another, anywhere behind the clock, makes it unknown: nothing hides behind a
 * begin that looks well. */
static void sender__one_byte_changed__is_unknown(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    for (size_t n = 64; n <= 1400; n += 668) {
        for (size_t at = 16; at < n; at += at < 80 ? 1 : 97) {
            struct data d = {.n = 0};
            timeval(&d, 1);
            ramp(&d, 0x10, n - 16);
            d.p[at] ^= 0x80;
            check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN, .clock = 16}, &d);
        }
    }
    frames_free(f);
}

static void sender__beginnings_of_tunnels__are_unknown(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    struct data d = {.n = 0};
    check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN, .id = 28957}, &d); /* icmptx polls */
    repeat(&d, "WANG2 and more than such a tool would say, namely this", 65);
    check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN}, &d);
    d.n = 0;
    fill(&d, 'x', 40);
    check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN}, &d);
    d.n = 0;
    timeval(&d, 1000000); /* no such microsecond: no time, and then no pattern of iputils */
    repeat(&d, "text", 40);
    check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN}, &d);
    frames_free(f);
}

/* Of whom we know nothing, but that a time is at the begin: the time of the packet, nearly. */
static void sender__unknown_with_a_time__has_a_clock(void **state)
{
    static const uint64_t units[] = {1, 1000, IK_NS_PER_MS};
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const ik_ns now = 1780000000 * IK_NS_PER_S;
    f->now = now;
    for (int k = 0; k < 10; k++) {
        const ik_ns day = 86400 * IK_NS_PER_S, off = k == 8 ? -2 * day : k == 9 ? 2 * day : k * 999;
        struct data d = {.n = 24};
        memcpy(d.p + 8, "and a message...", 16);
        const uint64_t t = (uint64_t)(now + off),
                       split = t / (uint64_t)IK_NS_PER_S << 32 | t / 1000 % 1000000;
        const uint64_t v = k % 4 < 3 ? t / units[k % 4] : k < 4 ? split : split << 32 | split >> 32;
        for (int i = 0; i < 8; i++)
            d.p[k < 4 ? 7 - i : i] = (uint8_t)(v >> (8 * i));
        check(f, &(struct tool){.sender = IK_SENDER_UNKNOWN, .clock = k < 8 ? 8 : 0}, &d);
    }
    frames_free(f);
}

static void sender__message_that_is_no_echo__has_none(void **state)
{
    (void)state;
    struct frames *f = frames_new(parts, NULL);
    const uint8_t request[20] = {13};
    frames_raw(f, &(struct frames_head){.src = "10.0.0.1", .dst = "10.0.0.2"}, request, 20);
    assert_int_equal(last.sender, IK_SENDER_UNKNOWN);
    assert_int_equal(last.clock_bytes, 0);
    frames_free(f);
}

static void name__each_number__is_named_once(void **state)
{
    (void)state;
    assert_string_equal(ik_sender_name(0), "unknown");
    for (unsigned i = 1; i < IK_SENDERS; i++) {
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(ik_sender_name(i), ik_sender_name(k));
    }
    assert_null(ik_sender_name(IK_SENDERS));
    assert_true(ik_sender_is_fixed(IK_SENDER_IPUTILS));
    assert_false(ik_sender_is_fixed(IK_SENDER_IPUTILS_PATTERN));
    assert_false(ik_sender_is_fixed(IK_SENDER_WHATSUP));
    assert_true(ik_sender_is_fixed(IK_SENDER_OPING));
    assert_false(ik_sender_is_fixed(IK_SENDER_UNKNOWN));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sender__payload_of_a_tool__is_known),
        cmocka_unit_test(sender__one_byte_changed__is_unknown),
        cmocka_unit_test(sender__beginnings_of_tunnels__are_unknown),
        cmocka_unit_test(sender__unknown_with_a_time__has_a_clock),
        cmocka_unit_test(sender__message_that_is_no_echo__has_none),
        cmocka_unit_test(name__each_number__is_named_once),
    };
    return cmocka_run_group_tests_name("sender", tests, NULL, NULL);
}
