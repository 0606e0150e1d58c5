/* SPDX-License-Identifier: MIT
 * IPv4 options of an answer, as iputils prints them. The bytes come from strangers: every length is
 * held against what is there. */
#include "ping.h"

#include <string.h>

enum { EOL = 0, NOP = 1, RR = 7, TS = 68, LSRR = 131, SSRR = 137 };
enum { FIRST_ROUTE = 4, FIRST_STAMP = 5 }; /* least pointers, RFC 791 section 3.1 */
enum { OPTIONS_MAX = 40 };

static void print_host(struct ik_line *l, const uint8_t *p)
{
    struct ik_addr a = {.family = 4};
    memcpy(a.bytes, p, 4);
    ik_line_str(l, "\t");
    if (ik_addr_is_any(&a))
        ik_line_str(l, "0.0.0.0");
    else
        ik_line_host(l, &a);
}

/* Bytes of the option's data that its pointer says are filled, never more than there are. */
static size_t filled(const uint8_t *opt, size_t len, size_t header, size_t first)
{
    const size_t pointer = opt[2] < len + 1 ? opt[2] : len + 1;
    const size_t n = pointer > first ? pointer - first : 0;
    return n < len - header ? n : len - header;
}

static void print_hosts(struct ik_line *l, const uint8_t *p, size_t n)
{
    for (; n >= 4; n -= 4, p += 4) {
        print_host(l, p);
        ik_line_str(l, "\n");
    }
}

static void print_route(struct ik_line *l, const uint8_t *opt, size_t len, bool flood, uint8_t *old,
                        size_t *old_bytes)
{
    const size_t n = len < 3 ? 0 : filled(opt, len, 3, FIRST_ROUTE);
    if (n == 0 || n > OPTIONS_MAX)
        return;
    if (n == *old_bytes && !memcmp(opt + 3, old, n) && !flood) {
        ik_line_str(l, "\t(same route)");
        return;
    }
    *old_bytes = n;
    memcpy(old, opt + 3, n);
    ik_line_str(l, "\nRR: ");
    print_hosts(l, opt + 3, n);
}

/* What the stamps so far began with: a standard one (ms since midnight UT) and the others. */
struct stamps {
    uint32_t standard, other;
};

static void print_stamp(struct ik_line *l, const uint8_t *p, struct stamps *s)
{
    const uint32_t v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    const uint32_t value = v & 0x7fffffff;
    if (v != value) {
        if (s->other == 0)
            ik_line_fmt(l, "\t%u absolute not-standard", value);
        else
            ik_line_fmt(l, "\t%lld not-standard", (long long)value - s->other);
        s->other = value;
    } else {
        if (s->standard == 0)
            ik_line_fmt(l, "\t%u absolute", value);
        else
            ik_line_fmt(l, "\t%lld", (long long)value - s->standard);
        s->standard = value;
    }
}

static void print_stamps(struct ik_line *l, const uint8_t *opt, size_t len)
{
    size_t n = len < 4 ? 0 : filled(opt, len, 4, FIRST_STAMP);
    if (n == 0)
        return;
    const bool with_hosts = (opt[3] & 0xf) != 0;
    const size_t step = with_hosts ? 8 : 4;
    struct stamps s = {0, 0};
    ik_line_str(l, "\nTS: ");
    for (const uint8_t *p = opt + 4; n >= step; n -= step, p += step) {
        if (with_hosts)
            print_host(l, p);
        print_stamp(l, p + step - 4, &s);
        ik_line_str(l, "\n");
    }
    if (opt[3] >> 4)
        ik_line_fmt(l, "Unrecorded hops: %d\n", opt[3] >> 4);
}

static void print_source_route(struct ik_line *l, const uint8_t *opt, size_t len)
{
    ik_line_str(l, opt[0] == SSRR ? "\nSSRR: " : "\nLSRR: ");
    print_hosts(l, opt + 3, len < 3 ? 0 : filled(opt, len, 3, FIRST_ROUTE));
}

void ik_ping_ipopt_print(struct ik_line *l, struct ik_rd options, bool flood, uint8_t *old,
                         size_t *old_bytes)
{
    const uint8_t *p = options.p, *end = options.p + options.left;
    while (p < end && *p != EOL) {
        if (*p == NOP) {
            ik_line_str(l, "\nNOP");
            p++;
            continue;
        }
        if (end - p < 2 || p[1] < 2 || p[1] > end - p)
            return;
        const size_t len = p[1];
        if (*p == RR)
            print_route(l, p, len, flood, old, old_bytes);
        else if (*p == TS)
            print_stamps(l, p, len);
        else if (*p == LSRR || *p == SSRR)
            print_source_route(l, p, len);
        else
            ik_line_fmt(l, "\nunknown option %x", *p);
        p += len;
    }
}
