/* SPDX-License-Identifier: MIT
 * Who made an echo message, by the form of its payload. A form is compared to its last byte, so
 * that nothing is hidden behind a known begin. */
#include "detect/sender.h"

#include "base/rd.h"
#include "detect/payload.h"

#include <string.h>

_Static_assert(IK_SENDERS <= 32, "as many as ik_detect_stats counts");

enum {
    PERIOD_MAX = 16, /* bytes that ping -p takes */
    RAMP_BYTES = 256,
    TIMEVAL_BYTES = 16,
    CLOCK_BYTES = 8,
    PRO_BING_BYTES = 24,
    SEQ_MTR = 33000,
    SEQ_NMAP = 295,
    CODE_NMAP = 9,
    ID_ZMAP = 54321,
    ID_ICMPTX = 28957,
};

#define USEC_PER_S 1000000u
#define YEAR_2100_S 4102444800u
#define DAY (86400 * IK_NS_PER_S)
#define TIME_LAST (INT64_MAX - DAY)

enum head { HEAD_NONE, HEAD_TIMEVAL, HEAD_PRO_BING };
enum rule {
    RULE_NONE,
    RULE_NOT_ICMPTX,
    RULE_SEQ_MTR,
    RULE_ID_ZMAP,
    RULE_NMAP_1,
    RULE_NMAP_2,
    RULE_CODE_FILL,
};
enum way { WAY_ANY, WAY_REPEAT, WAY_TEXT, WAY_WHOLE, WAY_PERIOD, WAY_ONE, WAY_LETTERS };

struct form {
    uint8_t sender, clock, head, at, way, rule;
    uint16_t words_bytes, min, max;
    const char *words;
};

/* 0, 1, .. 255, 0, 1, .. 255: each ramp lies in it. */
#define R4(n) (char)(n), (char)((n) + 1), (char)((n) + 2), (char)((n) + 3)
#define R16(n) R4(n), R4((n) + 4), R4((n) + 8), R4((n) + 12)
#define R64(n) R16(n), R16((n) + 16), R16((n) + 32), R16((n) + 48)
#define R256 R64(0), R64(64), R64(128), R64(192)
static const char ramp[2 * RAMP_BYTES] = {R256, R256};
static const char fills[3] = {0, 1, 'X'};

#define ANY WAY_ANY, 0, NULL
#define PERIOD WAY_PERIOD, 1, NULL
#define ONE WAY_ONE, 1, NULL
#define LETTERS WAY_LETTERS, 1, NULL
#define RAMP(first) WAY_REPEAT, RAMP_BYTES, ramp + (first)
#define FILL(byte) WAY_REPEAT, 1, fills + ((byte) == 'X' ? 2 : (byte))
#define REPEAT(text) WAY_REPEAT, sizeof(text) - 1, text
#define TEXT(text) WAY_TEXT, sizeof(text) - 1, text
#define WHOLE(text) WAY_WHOLE, sizeof(text) - 1, text
#define FORM_ROW(id, clock_, head_, at_, way_, n, text, min_, max_, rule_) \
    {.sender = IK_SENDER_##id,                                             \
     .clock = (clock_),                                                    \
     .head = (head_),                                                      \
     .at = (at_),                                                          \
     .way = (way_),                                                        \
     .rule = (rule_),                                                      \
     .words_bytes = (n),                                                   \
     .min = (min_),                                                        \
     .max = (max_),                                                        \
     .words = (text)},
#define FORM_ROW_OF(...) FORM_ROW(__VA_ARGS__)

static const struct form forms[] = {
#define FORM(sender, clock, head, at, pattern, min, max, rule) \
    FORM_ROW_OF(sender, clock, head, at, pattern, min, max, rule)
#include "detect/senders.def"
};

const char *ik_sender_name(unsigned sender)
{
    static const char *const names[IK_SENDERS] = {
        "unknown",
#define SENDER(id, name, fixed) name,
#include "detect/senders.def"
    };
    return sender < IK_SENDERS ? names[sender] : NULL;
}

/* ---- heads ----------------------------------------------------------------------------------- */

static uint64_t load_le64(const uint8_t *p)
{
    return __builtin_bswap64(ik_load_be64(p));
}

static bool is_time(uint64_t s, uint64_t us)
{
    return us < USEC_PER_S && s - 1 < YEAR_2100_S - 1;
}

/* struct timeval of a machine of 64 bits, in the order of its bytes: nearly all are little-endian.
 */
static inline bool has_timeval(struct ik_rd d)
{
    return d.left >= TIMEVAL_BYTES && (is_time(load_le64(d.p), load_le64(d.p + 8)) ||
                                       is_time(ik_load_be64(d.p), ik_load_be64(d.p + 8)));
}

/* Nanoseconds since 1970, then a random UUID (RFC 9562 section 5.4). */
static __attribute__((noinline)) bool has_pro_bing(struct ik_rd d)
{
    if (d.left < PRO_BING_BYTES)
        return false;
    return ik_load_be64(d.p) / (uint64_t)IK_NS_PER_S < YEAR_2100_S &&
           ik_load_be64(d.p) > (uint64_t)IK_NS_PER_S && (d.p[14] & 0xf0) == 0x40 &&
           (d.p[16] & 0xc0) == 0x80;
}

static inline bool head_fits(enum head head, struct ik_rd d)
{
    if (head == HEAD_NONE)
        return true;
    return head == HEAD_TIMEVAL ? has_timeval(d) : has_pro_bing(d);
}

/* ---- patterns -------------------------------------------------------------------------------- */

/* Two words at once. */
typedef uint64_t block __attribute__((vector_size(16)));
enum { BLOCK = sizeof(block) };

static inline block unlike(const uint8_t *a, const uint8_t *b)
{
    block x, y;
    memcpy(&x, a, BLOCK);
    memcpy(&y, b, BLOCK);
    return x ^ y;
}

/* Whether n bytes, at least BLOCK, are the same: memcmp for lengths at which a call counts. The
 * last block lies over the one before it. */
static inline bool same(const uint8_t *a, const uint8_t *b, size_t n)
{
    block all = unlike(a + n - BLOCK, b + n - BLOCK);
    for (size_t at = 0; at + BLOCK < n; at += BLOCK)
        all |= unlike(a + at, b + at);
    return !(all[0] | all[1]);
}

/* True when each byte is the one `step` before it. */
static bool repeats(struct ik_rd d, size_t step)
{
    return d.left <= step || !memcmp(d.p, d.p + step, d.left - step);
}

static bool has_period(struct ik_rd d)
{
    for (size_t step = 1; step <= PERIOD_MAX && step < d.left; step++) {
        if (d.p[0] == d.p[step] && repeats(d, step))
            return true;
    }
    return d.left <= PERIOD_MAX; /* it may end before it comes round */
}

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Random ones have both cases; what is all capitals is a word of somebody. */
static bool has_letters(struct ik_rd d)
{
    bool upper = false, lower = false;
    for (size_t i = 0; i < d.left; i++) {
        const uint8_t c = d.p[i];
        upper |= c >= 'A' && c <= 'Z';
        lower |= c >= 'a' && c <= 'z';
        if (!is_letter(c))
            return false;
    }
    return upper && lower;
}

/* As far as it reaches. */
static bool begins_with(struct ik_rd d, const void *words, size_t n)
{
    return !memcmp(d.p, words, n < d.left ? n : d.left);
}

/* All but WAY_REPEAT. */
static bool pattern_fits(const struct form *f, struct ik_rd d)
{
    switch ((enum way)f->way) {
    case WAY_ANY:
    case WAY_REPEAT:
        break;
    case WAY_TEXT:
    case WAY_WHOLE:
        return begins_with(d, f->words, f->words_bytes);
    case WAY_PERIOD:
        return has_period(d);
    case WAY_ONE:
        return repeats(d, 1);
    case WAY_LETTERS:
        return has_letters(d);
    }
    return true;
}

/* ---- the rest of the packet ------------------------------------------------------------------ */

static bool rule_fits(enum rule rule, const struct ik_look_packet *p, const struct ik_payload *e)
{
    switch (rule) {
    case RULE_NONE:
        break;
    case RULE_NOT_ICMPTX:
        return e->id != ID_ICMPTX || e->seq;
    case RULE_SEQ_MTR:
        return e->seq >= SEQ_MTR;
    case RULE_ID_ZMAP:
        return e->request && p->ip.version == 4 && p->ip.id == ID_ZMAP;
    case RULE_NMAP_1: /* a reply has its own code */
        return e->seq == SEQ_NMAP && (!e->request || p->icmp.code == CODE_NMAP);
    case RULE_NMAP_2:
        return e->seq == SEQ_NMAP + 1;
    case RULE_CODE_FILL:
        return e->data.left && e->data.p[e->data.left - 1] == p->icmp.code;
    }
    return true;
}

/* ---- clocks of unknown senders --------------------------------------------------------------- */

/* Within a day of `time`, in whole units. */
static inline bool is_near(uint64_t v, uint64_t unit, ik_ns time)
{
    return v < (uint64_t)INT64_MAX / unit && v * unit <= (uint64_t)(time + DAY) &&
           (v + 1) * unit > (uint64_t)(time - DAY);
}

/* Nanoseconds, microseconds or milliseconds since 1970. */
static bool is_whole_time(uint64_t v, ik_ns time)
{
    return is_near(v, 1, time) || is_near(v, 1000, time) || is_near(v, IK_NS_PER_MS, time);
}

/* Seconds since 1970, and a part of a second. */
static bool is_split_time(uint32_t s, uint32_t part, ik_ns time)
{
    return is_near(s, IK_NS_PER_S, time) && part < IK_NS_PER_S;
}

/* Where no form fits, a time at the begin is known all the same, by that of the packet. */
static uint8_t clock_of(struct ik_rd d, ik_ns time)
{
    if (has_timeval(d))
        return TIMEVAL_BYTES;
    if (d.left < CLOCK_BYTES || time < DAY || time > TIME_LAST)
        return 0;
    const uint64_t be = ik_load_be64(d.p), le = load_le64(d.p);
    const bool is_time = is_whole_time(be, time) || is_whole_time(le, time) ||
                         is_split_time((uint32_t)(be >> 32), (uint32_t)be, time) ||
                         is_split_time((uint32_t)le, (uint32_t)(le >> 32), time);
    return is_time ? CLOCK_BYTES : 0;
}

/* ---- the part -------------------------------------------------------------------------------- */

enum { FORMS = sizeof(forms) / sizeof(forms[0]), SIZES = 256, BYTES = 256, TEXT_BYTES = 256 };
_Static_assert(FORMS <= 64, "a bit each");

/* Bytes by which forms are told from each other: the first, and one that lies behind the clocks. */
enum { PROBES = 2 };
static const uint8_t probes[PROBES] = {0, 24};

/* Which forms a payload may have, at a glance: by its size (the last row: of all that are larger),
 * by some of its bytes, and by whether its sequence number may be mtr's. Bit i is forms[i]. And
 * what those of WAY_REPEAT look like from `at` on: one comparison tells most payloads. */
struct senders {
    uint64_t by_size[SIZES + 1], by_byte[PROBES][BYTES], by_seq[2];
    uint8_t texts[FORMS][TEXT_BYTES];
};

static bool has_size(const struct form *f, uint32_t n)
{
    return n < SIZES ? n >= f->min && n <= f->max : f->max >= SIZES;
}

/* False where a payload of the form never has that byte there. */
static bool may_have(const struct form *f, size_t at, uint8_t byte)
{
    if (at < f->at)
        return true;
    at -= f->at;
    switch ((enum way)f->way) {
    case WAY_REPEAT:
        return byte == (uint8_t)f->words[at % f->words_bytes];
    case WAY_TEXT:
    case WAY_WHOLE:
        return at >= f->words_bytes || byte == (uint8_t)f->words[at];
    case WAY_LETTERS:
        return is_letter(byte);
    case WAY_ANY:
    case WAY_PERIOD:
    case WAY_ONE:
        break;
    }
    return true;
}

static inline uint64_t candidates(const struct senders *t, const struct ik_payload *e)
{
    uint64_t fit = t->by_size[e->n < SIZES ? e->n : SIZES] & t->by_seq[e->seq >= SEQ_MTR];
    for (size_t i = 0; i < PROBES; i++)
        fit &= e->data.left > probes[i] ? t->by_byte[i][e->data.p[probes[i]]] : UINT64_MAX;
    return fit;
}

/* True when the payload is of form i, which is a candidate: of less than SIZES bytes, it has a size
 * that fits. */
static bool fits(const struct senders *t, int i, const struct ik_look_packet *p,
                 const struct ik_payload *e)
{
    const struct form *f = &forms[i];
    const struct ik_rd d = ik_rd_from(e->data, f->at);
    if (e->n >= SIZES && e->n > f->max)
        return false;
    if ((f->rule && !rule_fits((enum rule)f->rule, p, e)) ||
        !head_fits((enum head)f->head, e->data))
        return false;
    if (f->way != WAY_REPEAT)
        return pattern_fits(f, d);
    return begins_with(d, t->texts[i], TEXT_BYTES) &&
           (d.left <= TEXT_BYTES || repeats(d, f->words_bytes));
}

static void found(struct ik_sight *s, int i)
{
    s->sender = forms[i].sender;
    s->clock_bytes = forms[i].clock;
}

static __attribute__((noinline)) void try_all(const struct senders *t, struct ik_sight *s)
{
    const struct ik_payload *e = &s->echo;
    for (uint64_t left = candidates(t, e); left; left &= left - 1) {
        const int i = __builtin_ctzll(left);
        if (fits(t, i, s->p, e)) {
            found(s, i);
            return;
        }
    }
    s->clock_bytes = clock_of(e->data, s->p->frame.time);
}

/* Most payloads are neither short nor long, and have the first form that they may have: what `fits`
 * says of those, in a few instructions, but false where it would take more. */
static inline bool fits_plainly(const struct senders *t, int i, struct ik_rd d)
{
    const struct form *f = &forms[i];
    if (f->way != WAY_REPEAT || f->rule != RULE_NONE || d.left < (size_t)f->at + BLOCK)
        return false;
    return head_fits((enum head)f->head, d) && same(d.p + f->at, t->texts[i], d.left - f->at);
}

static void input(void *state, struct ik_sight *s)
{
    const struct senders *t = state;
    if (s->echo.n < SIZES && s->echo.data.left > probes[PROBES - 1]) {
        const uint64_t some = candidates(t, &s->echo);
        const int first = some ? __builtin_ctzll(some) : 0;
        if (some && fits_plainly(t, first, s->echo.data)) {
            found(s, first);
            return;
        }
    }
    try_all(t, s);
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return sizeof(struct senders);
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    struct senders *t = state;
    (void)cfg;
    for (uint32_t i = 0; i < FORMS; i++) {
        const uint64_t bit = (uint64_t)1 << i;
        for (uint32_t n = 0; n <= SIZES; n++)
            t->by_size[n] |= has_size(&forms[i], n) ? bit : 0;
        for (uint32_t byte = 0; byte < PROBES * BYTES; byte++) {
            const uint32_t probe = byte / BYTES;
            const bool may = may_have(&forms[i], probes[probe], (uint8_t)byte);
            t->by_byte[probe][byte % BYTES] |= may ? bit : 0;
        }
        t->by_seq[0] |= forms[i].rule == RULE_SEQ_MTR ? 0 : bit;
        t->by_seq[1] |= bit;
        for (size_t at = 0; forms[i].way == WAY_REPEAT && at < TEXT_BYTES; at++)
            t->texts[i][at] = (uint8_t)forms[i].words[at % forms[i].words_bytes];
    }
}

const struct ik_part ik_part_sender = {
    .wants = IK_WANTS_ECHO, .bytes = bytes, .init = init, .input = input};
