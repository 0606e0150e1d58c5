/* SPDX-License-Identifier: MIT */
#include "put.h"

#include <icmpkit/record.h>

/* "00" to "99". */
static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "6869707172737475767778798081828384858687888990919293949596979899";

/* Writes the digits of v before `end`; returns where they begin. */
static char *digits_before(char *end, uint64_t v)
{
    while (v >= 100) {
        end -= 2;
        memcpy(end, pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        end -= 2;
        memcpy(end, pairs + v * 2, 2);
    } else {
        *--end = (char)('0' + v);
    }
    return end;
}

static unsigned count_digits(uint64_t v)
{
    unsigned n = 1;
    for (; v >= 10000; v /= 10000)
        n += 4;
    return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

void ik_put_u64(struct ik_put *w, uint64_t v)
{
    const unsigned n = count_digits(v);
    char *at = ik_put_room(w, n);
    if (at)
        digits_before(at + n, v);
}

void ik_put_pad(struct ik_put *w, uint64_t v, unsigned width)
{
    const unsigned digits = count_digits(v), n = digits < width ? width : digits;
    char *at = ik_put_room(w, n);
    if (!at)
        return;
    char *first = digits_before(at + n, v);
    while (first > at)
        *--first = '0';
}

static const char hex_digits[] = "0123456789abcdef";

void ik_put_hex(struct ik_put *w, uint64_t v, unsigned width)
{
    char text[16], *end = text + sizeof text, *at = end;
    do {
        *--at = hex_digits[v & 15];
        v >>= 4;
    } while (v || (at > text && (size_t)(end - at) < width));
    ik_put_mem(w, at, (size_t)(end - at));
}

void ik_put_bytes(struct ik_put *w, struct ik_rd bytes, size_t most)
{
    const size_t n = bytes.left < most ? bytes.left : most;
    char *at = ik_put_room(w, 2 * n);
    for (size_t i = 0; at && i < n; i++) {
        *at++ = hex_digits[bytes.p[i] >> 4];
        *at++ = hex_digits[bytes.p[i] & 15];
    }
    if (n < bytes.left)
        ik_put_s(w, "...");
}

static char *put_octet(char *at, uint8_t v)
{
    if (v >= 100) {
        *at++ = (char)('0' + v / 100);
        v %= 100;
    } else if (v < 10) {
        *at++ = (char)('0' + v);
        return at;
    }
    memcpy(at, pairs + v * 2, 2);
    return at + 2;
}

void ik_put_addr(struct ik_put *w, const struct ik_addr *a)
{
    char text[IK_ADDR_TEXT];
    if (a->family != 4) {
        ik_put_s(w, ik_addr_text(a, text));
        return;
    }
    /* In place, where there is room for the longest. */
    const bool in_place = !w->cut && w->end - w->at >= IK_ADDR_TEXT;
    char *from = in_place ? w->at : text, *at = from;
    for (int i = 0; i < 4; i++) {
        at = put_octet(at, a->bytes[i]);
        *at++ = '.';
    }
    at--;
    if (in_place)
        w->at = at;
    else
        ik_put_mem(w, from, (size_t)(at - from));
}

void ik_put_mac(struct ik_put *w, const uint8_t mac[static 6])
{
    char text[18];
    for (int i = 0; i < 6; i++) {
        text[3 * i] = hex_digits[mac[i] >> 4];
        text[3 * i + 1] = hex_digits[mac[i] & 15];
        text[3 * i + 2] = ':';
    }
    ik_put_mem(w, text, sizeof text - 1);
}

void ik_put_text(struct ik_put *w, struct ik_rd bytes, size_t most)
{
    enum { PART = 64 };
    char text[4 * PART + 1];
    size_t left = bytes.left < most ? bytes.left : most;
    for (const uint8_t *at = bytes.p; left;) {
        size_t n = left < PART ? left : PART;
        /* A character of several bytes stays whole. */
        while (n < left && n > 1 && (at[n] & 0xc0) == 0x80)
            n--;
        ik_put_s(w, ik_text_escape((struct ik_rd){at, n}, text, sizeof text));
        at += n;
        left -= n;
    }
    if (most < bytes.left)
        ik_put_s(w, "...");
}

void ik_put_ms(struct ik_put *w, ik_ns v)
{
    uint64_t us = (uint64_t)(v < 0 ? -(v + 1) : v);
    us = (us + (v < 0) + 500) / 1000;
    if (v < 0 && us)
        ik_put_c(w, '-');
    const bool long_one = us >= 10000000;
    const uint64_t unit = long_one ? us / 1000 : us; /* thousandths of what is shown */
    ik_put_u64(w, unit / 1000);
    ik_put_c(w, '.');
    ik_put_pad(w, unit % 1000, 3);
    ik_put_s(w, long_one ? " s" : " ms");
}
