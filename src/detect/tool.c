/* SPDX-License-Identifier: MIT
 * Tunnels and implants by signature (D11). Only payloads that no known sender makes are tried. */
#include "base/rd.h"
#include "detect/payload.h"
#include "detect/sender.h"
#include "detect/tally.h"

#include <string.h>

enum {
    MANY = 3,
    PTUNNEL_BYTES = 28,
    PTUNNEL_STATE = 12,
    PTUNNEL_STATE_MAX = 5,
    PTUNNEL_USER = 0x40, /* flags of the state octet: who sent it */
    PTUNNEL_PROXY = 0x80,
    HANS_AT = 4,
    HANS_MAX = 9,
    TTL_FAR = 192, /* 255 at first, and no way has 63 hops */
    PINGTUNNEL_TAIL = 128,
    UPWARD = 1,
    DOWNWARD,
};

enum way { REQUEST = 1, REPLY = 2, EITHER = 3 };
enum check {
    CHECK_NOTHING,
    CHECK_PTUNNEL,
    CHECK_HANS,
    CHECK_IP4,
    CHECK_IP4_FAR,
    CHECK_PINGTUNNEL,
    CHECK_PINGBACK,
    CHECK_TEXT,
    CHECK_OLD_IDENT,
    CHECK_CODE,
};

struct tool {
    const char *name, *head, *why;
    int32_t ident, seq; /* -1: any */
    uint16_t min, max;
    uint8_t way, head_bytes, check, one, many;
};

#define ANY (-1)
#define HEAD(bytes) bytes, sizeof(bytes) - 1
#define ROW(name_, way_, ident_, seq_, head_, n, min_, max_, check_, one_, many_, why_) \
    {.name = (name_),                                                                   \
     .head = (head_),                                                                   \
     .why = (why_),                                                                     \
     .ident = (ident_),                                                                 \
     .seq = (seq_),                                                                     \
     .min = (min_),                                                                     \
     .max = (max_),                                                                     \
     .way = (way_),                                                                     \
     .head_bytes = (n),                                                                 \
     .check = (check_),                                                                 \
     .one = IK_SEVERITY_##one_,                                                         \
     .many = IK_SEVERITY_##many_},
#define ROW_OF(...) ROW(__VA_ARGS__)
static const struct tool tools[] = {
#define X(name, way, ident, seq, head, min, max, check, one, many, why) \
    ROW_OF(name, way, ident, seq, head, min, max, check, one, many, why)
#include "detect/tools.def"
#undef X
};

/* ---- tests ----------------------------------------------------------------------------------- */

/* Magic, address, port, state with who sent it, acknowledged, length, sequence number and the
 * identifier of the ICMP header once more; data is padded to an even length. */
static bool is_ptunnel(const struct ik_payload *e)
{
    const uint8_t *p = e->data.p;
    if (e->data.left < PTUNNEL_BYTES)
        return false;
    const uint32_t length = ik_load_be32(p + 20), rest = e->n - PTUNNEL_BYTES;
    return (p[PTUNNEL_STATE] == PTUNNEL_USER || p[PTUNNEL_STATE] == PTUNNEL_PROXY) && !p[13] &&
           !p[14] && p[15] <= PTUNNEL_STATE_MAX &&
           (length == rest || length + (length & 1) == rest) && ik_load_be16(p + 26) == e->id;
}

static bool is_ip4(const struct ik_payload *e)
{
    struct ik_ip ip;
    return e->data.left >= 20 && e->data.p[0] >> 4 == 4 && ik_load_be16(e->data.p + 2) == e->n &&
           !ik_ip_decode(&ip, e->data, NULL) && ip.checksum_ok;
}

/* Field 6 of its message, a number that is always the same; it stands behind the data. */
static bool is_pingtunnel(const struct ik_payload *e)
{
    static const uint8_t magic[] = {0x30, 0xda, 0xfa, 0x06};
    const size_t n = e->data.left;
    const struct ik_rd d = ik_rd_from(e->data, n > PINGTUNNEL_TAIL ? n - PINGTUNNEL_TAIL : 0);
    return memmem(d.p, d.left, magic, sizeof(magic));
}

static bool is_pingback(const struct ik_payload *e)
{
    static const uint16_t seqs[] = {53764, 54020, 54276};
    if (e->n != 788 && e->n != 1056)
        return false;
    for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
        if (e->seq == seqs[i])
            return true;
    }
    return false;
}

static const uint16_t old_idents[] = {123, 456, 666, 667, 668, 669, 1000, 6666, 6667, 9015, 51201};
enum { OLD_IDENTS = sizeof(old_idents) / sizeof(old_idents[0]) };

static bool has_old_ident(const struct ik_sight *s, const struct ik_payload *e)
{
    if (s->answer != IK_ANSWER_UNASKED)
        return false;
    for (size_t i = 0; i < OLD_IDENTS; i++) {
        if (e->id == old_idents[i])
            return true;
    }
    return false;
}

static bool passes(enum check check, const struct ik_sight *s, const struct ik_payload *e)
{
    switch (check) {
    case CHECK_NOTHING:
        break;
    case CHECK_PTUNNEL:
        return is_ptunnel(e);
    case CHECK_HANS:
        return e->data.left > HANS_AT && e->data.p[HANS_AT] && e->data.p[HANS_AT] <= HANS_MAX;
    case CHECK_IP4:
        return is_ip4(e);
    case CHECK_IP4_FAR:
        return s->p->ip.ttl >= TTL_FAR && is_ip4(e);
    case CHECK_PINGTUNNEL:
        return is_pingtunnel(e);
    case CHECK_PINGBACK:
        return is_pingback(e);
    case CHECK_TEXT:
        return ik_payload_is_text(e->data);
    case CHECK_OLD_IDENT:
        return has_old_ident(s, e);
    case CHECK_CODE:
        return s->p->icmp.code != 0;
    }
    return true;
}

static bool has_head(const struct tool *t, struct ik_rd d)
{
    return !t->head_bytes || (d.left >= t->head_bytes && d.p[0] == (uint8_t)t->head[0] &&
                              !memcmp(d.p, t->head, t->head_bytes));
}

static bool fits(const struct tool *t, const struct ik_sight *s, const struct ik_payload *e)
{
    return t->way & (e->request ? REQUEST : REPLY) && e->n >= t->min && e->n <= t->max &&
           (t->ident < 0 || t->ident == e->id) && (t->seq < 0 || t->seq == e->seq) &&
           has_head(t, e->data) && passes((enum check)t->check, s, e);
}

/* ---- findings -------------------------------------------------------------------------------- */

static enum ik_severity severity(const struct tool *t, const struct ik_pairs_tally *c)
{
    const bool weak = t->one < IK_SEVERITY_MEDIUM;
    const uint32_t n = weak ? c->changes : c->n;
    return (enum ik_severity)(n >= MANY ? t->many : t->one);
}

/* A tool that has several rows is counted as one. */
static uint32_t number_of(const struct tool *t)
{
    while (t > tools && !strcmp(t[-1].name, t->name))
        t--;
    return (uint32_t)(t - tools);
}

/* Both directions are one cause also where both hosts send the same type: who came first stands
 * first. */
static void orient(struct ik_pairs_tally *c, struct ik_report *r)
{
    const bool upward = memcmp(r->src.bytes, r->dst.bytes, sizeof(r->src.bytes)) < 0;
    const uint8_t way = upward ? UPWARD : DOWNWARD;
    if (!c->way)
        c->way = way;
    if (c->way == way)
        return;
    const struct ik_addr src = r->src;
    r->src = r->dst;
    r->dst = src;
}

static void report(void *state, struct ik_sight *s, const struct tool *t,
                   const struct ik_payload *e)
{
    struct ik_pairs_tally *c = ik_tally_count(state, s, number_of(t));
    const uint64_t what = ik_payload_template(s->cfg->secret, s, e);
    c->changes += what != c->last;
    c->last = what;
    struct ik_report r = ik_payload_report(s, IK_DETECT_TOOL);
    orient(c, &r);
    r.severity = severity(t, c);
    r.window = IK_TALLY_WINDOW;
    r.value = c->n;
    r.threshold = 1;
    r.why = t->why;
    r.tool = t->name;
    r.remedy = r.severity >= IK_SEVERITY_HIGH ? IK_REMEDY_BLOCK_PAIR : IK_REMEDY_NONE;
    ik_book_report(s->book, s->now, &r);
    s->tunnel = true;
}

/* ---- the part -------------------------------------------------------------------------------- */

enum { TOOLS = sizeof(tools) / sizeof(tools[0]), BYTES = 256 };
_Static_assert(TOOLS <= 32, "a bit each");

/* Which tools a payload may be of, at a glance: of replies and requests, by its first byte; by the
 * low half of its identifier, by its state octet if it were ptunnel's, and by whether it has a
 * code. Bit i is tools[i]. The tally stands behind it. */
struct glance {
    _Alignas(64) uint32_t by_first[2][BYTES];
    uint32_t by_ident[BYTES], by_state[BYTES], by_code[2];
};

static uint32_t candidates(const struct glance *g, const struct ik_payload *e, uint8_t code)
{
    uint32_t fit = g->by_ident[e->id % BYTES] & g->by_code[code != 0];
    if (e->data.left)
        fit &= g->by_first[e->request][e->data.p[0]];
    if (e->data.left > PTUNNEL_STATE)
        fit &= g->by_state[e->data.p[PTUNNEL_STATE]];
    return fit;
}

static __attribute__((noinline)) void look(struct glance *g, struct ik_sight *s)
{
    const struct ik_payload *e = &s->echo;
    for (uint32_t left = candidates(g, e, s->p->icmp.code); left; left &= left - 1) {
        const struct tool *t = &tools[__builtin_ctz(left)];
        if (!fits(t, s, e))
            continue;
        if (ik_sight_minds(s, IK_DETECT_TOOL))
            report(g + 1, s, t, e);
        return;
    }
}

static void input(void *state, struct ik_sight *s)
{
    if (!ik_sender_is_fixed(s->sender)) /* which most are */
        look(state, s);
}

static bool may_begin(const struct tool *t, uint8_t first)
{
    const bool ip4 = t->check == CHECK_IP4 || t->check == CHECK_IP4_FAR;
    return t->head_bytes ? first == (uint8_t)t->head[0] : !ip4 || first >> 4 == 4;
}

static bool may_have_ident(const struct tool *t, uint8_t low)
{
    if (t->check != CHECK_OLD_IDENT)
        return t->ident < 0 || t->ident % BYTES == low;
    for (size_t i = 0; i < OLD_IDENTS; i++) {
        if (old_idents[i] % BYTES == low)
            return true;
    }
    return false;
}

static bool may_have_state(const struct tool *t, uint8_t state)
{
    return t->check != CHECK_PTUNNEL || state == PTUNNEL_USER || state == PTUNNEL_PROXY;
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    return sizeof(struct glance) + ik_tally_bytes(cfg);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    struct glance *g = state;
    for (uint32_t i = 0; i < TOOLS * BYTES; i++) {
        const struct tool *t = &tools[i / BYTES];
        const uint8_t byte = (uint8_t)i;
        const uint32_t bit = (uint32_t)1 << i / BYTES, begins = may_begin(t, byte) ? bit : 0;
        g->by_first[0][byte] |= t->way & REPLY ? begins : 0;
        g->by_first[1][byte] |= t->way & REQUEST ? begins : 0;
        g->by_ident[byte] |= may_have_ident(t, byte) ? bit : 0;
        g->by_state[byte] |= may_have_state(t, byte) ? bit : 0;
        g->by_code[0] |= t->check != CHECK_CODE ? bit : 0;
        g->by_code[1] |= bit;
    }
    ik_tally_init(g + 1, cfg);
}

static uint64_t evicted(const void *state)
{
    const struct glance *g = state;
    return ik_tally_evicted(g + 1);
}

const struct ik_part ik_part_tool = {
    .wants = IK_WANTS_ECHO, .bytes = bytes, .init = init, .input = input, .evicted = evicted};
