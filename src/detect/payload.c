/* SPDX-License-Identifier: MIT
 * What an echo message carries. */
#include "detect/payload.h"

#include "base/rd.h"
#include "base/siphash.h"

enum { ECHO_HEAD = 8, RANDOM_MIN = 32, RANDOM_MAX = 128, CLOCK_MAX = 16, TEMPLATE_MAX = 256 };

uint32_t ik_payload_sent(const struct ik_look_packet *p)
{
    const uint32_t left = (uint32_t)p->icmp.echo.data.left;
    const uint32_t before = (uint32_t)(p->icmp_bytes.p - p->ip_bytes.p) + ECHO_HEAD;
    return p->ip.total_bytes > before + left ? p->ip.total_bytes - before : left;
}

static bool is_printable(uint8_t c)
{
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
}

bool ik_payload_is_text(struct ik_rd data)
{
    size_t n = data.left;
    while (n > 0 && !data.p[n - 1])
        n--;
    for (size_t i = 0; i < n; i++) {
        if (!is_printable(data.p[i]))
            return false;
    }
    return n > 0;
}

bool ik_payload_is_random(struct ik_rd data)
{
    uint64_t seen[4] = {0};
    const uint32_t n = (uint32_t)ik_rd_head(data, RANDOM_MAX).left;
    uint32_t distinct = 0, counted = 0;
    if (n < RANDOM_MIN)
        return false;
    for (uint32_t i = 1; i < n; i++)
        counted += data.p[i] == (uint8_t)(data.p[i - 1] + 1);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t bit = (uint64_t)1 << (data.p[i] & 63);
        distinct += !(seen[data.p[i] >> 6] & bit);
        seen[data.p[i] >> 6] |= bit;
    }
    /* Of n random bytes 256 * (1 - (255/256)^n) differ, about n - n^2/512 + n^3/393216. A count
     * has even more; in random bytes one of 256 follows the one before it. */
    const uint32_t expected = n - n * n / 512 + n * n * n / 393216;
    return distinct * 5 >= expected * 4 && counted * 4 < n;
}

struct ik_rd ik_payload_constant(const struct ik_sight *s, const struct ik_payload *e)
{
    const size_t clock = e->data.left >= 2 * CLOCK_MAX ? CLOCK_MAX : s->clock_bytes;
    return ik_rd_head(ik_rd_from(e->data, clock), TEMPLATE_MAX);
}

uint64_t ik_payload_template(const uint8_t secret[16], const struct ik_sight *s,
                             const struct ik_payload *e)
{
    const struct ik_rd d = ik_payload_constant(s, e);
    return ik_siphash13(secret, d.p, d.left) ^ (uint64_t)e->n * 0x9e3779b97f4a7c15u;
}

struct ik_report ik_payload_report(const struct ik_sight *s, enum ik_detector d)
{
    const struct ik_look_packet *p = s->p;
    const struct ik_payload *echo = s->is_echo ? &s->echo : NULL;
    const bool back = echo && !echo->request;
    return (struct ik_report){
        .detector = d,
        .kin = echo ? IK_KIN_TALK : IK_KIN_NONE,
        .src = back ? p->ip.dst : p->ip.src,
        .dst = back ? p->ip.src : p->ip.dst,
        .family = p->ip.version,
        .type = p->icmp.type,
        .code = p->icmp.code,
        .limit = IK_LIMITS,
        .remedy = IK_REMEDY_BLOCK_PAIR,
        .packets = 1,
        .sources = 1,
        .p = p,
        .bytes = echo && echo->data.left ? echo->data : p->icmp_bytes,
    };
}
