/* SPDX-License-Identifier: MIT
 * Addresses as values: equality, kinds, and their text. */
#include "base/addr.h"

#include "base/bytes.h"

#include <string.h>

bool ik_addr_same_host(const struct ik_addr *a, const struct ik_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ik_addr_equal(const struct ik_addr *a, const struct ik_addr *b)
{
    return ik_addr_same_host(a, b) && a->scope == b->scope;
}

size_t ik_addr_bytes(uint8_t family)
{
    return family == 4 ? 4 : family == 6 ? 16 : 0;
}

bool ik_addr_is_multicast(const struct ik_addr *a)
{
    return a->family == 4 ? (a->bytes[0] & 0xf0) == 0xe0 : a->family == 6 && a->bytes[0] == 0xff;
}

bool ik_addr_is_link_local(const struct ik_addr *a)
{
    if (a->family == 4)
        return a->bytes[0] == 169 && a->bytes[1] == 254;
    return a->family == 6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool ik_addr_is_any(const struct ik_addr *a)
{
    static const uint8_t zero[16];
    return a->family != 0 && memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

/* ---- text ------------------------------------------------------------------------------------ */

static char *put_scope(char *at, uint32_t v)
{
    char digits[10];
    int n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n)
        *at++ = digits[--n];
    return at;
}

/* Without a branch: leading zeros are written over. */
static char *put_octet(char *at, unsigned v)
{
    const unsigned hundreds = v / 100, tens = v / 10 % 10;
    at[0] = (char)('0' + hundreds);
    at += hundreds > 0;
    at[0] = (char)('0' + tens);
    at += v >= 10;
    at[0] = (char)('0' + v % 10);
    return at + 1;
}

static char *put_dotted(char *at, const uint8_t *b)
{
    for (int i = 0; i < 4; i++) {
        at = put_octet(at, b[i]);
        *at++ = '.';
    }
    return at - 1;
}

/* One group of an IPv6 address. */
static char *put_group(char *at, unsigned v)
{
    static const char digits[] = "0123456789abcdef";
    if (v >= 0x1000)
        *at++ = digits[v >> 12];
    if (v >= 0x100)
        *at++ = digits[v >> 8 & 15];
    if (v >= 0x10)
        *at++ = digits[v >> 4 & 15];
    *at++ = digits[v & 15];
    return at;
}

/* The longest run of zero groups, two at least, the first of equals (RFC 5952 section 4.2). */
static void longest_zero_run(const uint8_t *b, int *start, int *len)
{
    *start = -1;
    *len = 1;
    for (int i = 0; i < 8;) {
        int n = 0;
        while (i + n < 8 && ik_load_be16(b + 2 * (i + n)) == 0)
            n++;
        if (n > *len) {
            *start = i;
            *len = n;
        }
        i += n ? n : 1;
    }
}

/* IPv4-mapped addresses end in a dotted quad (RFC 5952 section 5). */
static bool is_v4_mapped(const uint8_t *b)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(b, prefix, sizeof(prefix)) == 0;
}

static char *put_groups(char *at, const uint8_t *b)
{
    int start, len;
    longest_zero_run(b, &start, &len);
    const int groups = is_v4_mapped(b) ? 6 : 8;
    for (int i = 0; i < groups; i++) {
        if (i == start) {
            *at++ = ':';
            *at++ = ':';
            i += len - 1;
            continue;
        }
        if (i && at[-1] != ':')
            *at++ = ':';
        at = put_group(at, ik_load_be16(b + 2 * i));
    }
    if (groups == 6) {
        if (at[-1] != ':')
            *at++ = ':';
        at = put_dotted(at, b + 12);
    }
    return at;
}

char *ik_addr_write(const struct ik_addr *a, char *at)
{
    if (a->family == 4)
        at = put_dotted(at, a->bytes);
    else if (a->family == 6)
        at = put_groups(at, a->bytes);
    if (a->family == 6 && a->scope) {
        *at++ = '%';
        at = put_scope(at, a->scope);
    }
    return at;
}

const char *ik_addr_text(const struct ik_addr *a, char buf[static IK_ADDR_TEXT])
{
    *ik_addr_write(a, buf) = '\0';
    return buf;
}

/* Reads one decimal octet without leading zeros. Returns what follows, or NULL. */
static const char *take_octet(const char *s, uint8_t *out)
{
    unsigned v = 0, digits = 0;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (digits++ == 3 || (digits > 1 && v == 0))
            return NULL;
        v = v * 10 + (unsigned)(*s - '0');
    }
    if (!digits || v > 255)
        return NULL;
    *out = (uint8_t)v;
    return s;
}

static bool parse_dotted(const char *s, uint8_t out[static 4])
{
    for (int i = 0; i < 4; i++) {
        if (i && *s++ != '.')
            return false;
        s = take_octet(s, &out[i]);
        if (!s)
            return false;
    }
    return *s == '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Reads one group of 1 to 4 hex digits. Returns what follows, or NULL. */
static const char *take_group(const char *s, uint8_t out[static 2])
{
    unsigned v = 0, digits = 0;
    for (; hex_value(*s) >= 0; s++) {
        if (digits++ == 4)
            return NULL;
        v = v << 4 | (unsigned)hex_value(*s);
    }
    if (!digits)
        return NULL;
    ik_store_be16(out, (uint16_t)v);
    return s;
}

/* Groups before and after "::" land in `out` from the front; `gap` is where the zeros go. */
static bool parse_groups(const char *s, uint8_t out[static 16], size_t *used, size_t *gap)
{
    *used = 0;
    *gap = SIZE_MAX;
    if (s[0] == ':' && s[1] == ':') {
        *gap = 0;
        s += 2;
    }
    while (*s) {
        if (*used <= 12 && parse_dotted(s, out + *used)) {
            *used += 4;
            return true;
        }
        if (*used == 16)
            return false;
        s = take_group(s, out + *used);
        if (!s)
            return false;
        *used += 2;
        if (*s == '\0')
            return true;
        if (*s++ != ':')
            return false;
        if (*s == ':') {
            if (*gap != SIZE_MAX)
                return false;
            *gap = *used;
            s++;
        } else if (*s == '\0') {
            return false;
        }
    }
    return *gap != SIZE_MAX;
}

static bool parse_v6(const char *text, uint8_t out[static 16])
{
    uint8_t groups[16] = {0};
    size_t used, gap;
    if (!parse_groups(text, groups, &used, &gap))
        return false;
    if (gap == SIZE_MAX) {
        memcpy(out, groups, 16);
        return used == 16;
    }
    if (used > 14)
        return false;
    memset(out, 0, 16);
    memcpy(out, groups, gap);
    memcpy(out + 16 - (used - gap), groups + gap, used - gap);
    return true;
}

enum ik_err ik_addr_parse(const char *text, struct ik_addr *out)
{
    struct ik_addr a = {0};
    if (parse_dotted(text, a.bytes))
        a.family = 4;
    else if (parse_v6(text, a.bytes))
        a.family = 6;
    else
        return IK_E_VALUE;
    *out = a;
    return IK_OK;
}
