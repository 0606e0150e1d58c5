/* SPDX-License-Identifier: MIT
 * Numbers and times as text. */
#include "base/fmt.h"

enum { SCALE_MAX = 18, RATIO_DIGITS = 12 };

static uint64_t pow10_u64(unsigned n)
{
    uint64_t v = 1;
    for (; n > 0; n--)
        v *= 10;
    return v;
}

static unsigned digits_of(uint64_t v)
{
    unsigned n = 1;
    for (; v >= 10000; v /= 10000)
        n += 4;
    return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

static uint8_t *write2(uint8_t *at, uint64_t v)
{
    memcpy(at, pairs + 2 * v, 2);
    return at + 2;
}

static uint8_t *write4(uint8_t *at, uint64_t v)
{
    return write2(write2(at, v / 100), v % 100);
}

/* Two digits at a time: lines of JSON are made of numbers. */
uint8_t *ik_fmt_write_u64(uint8_t *at, uint64_t v)
{
    if (v >= 10000)
        return write4(ik_fmt_write_u64(at, v / 10000), v % 10000);
    if (v >= 1000)
        return write4(at, v);
    if (v >= 100) {
        *at++ = (uint8_t)('0' + v / 100);
        return write2(at, v % 100);
    }
    if (v >= 10)
        return write2(at, v);
    *at = (uint8_t)('0' + v);
    return at + 1;
}

void ik_fmt_put_u64(struct ik_wr *w, uint64_t v)
{
    uint8_t spare[IK_FMT_U64], *const at = ik_wr_begin(w, sizeof(spare), spare);
    ik_wr_end(w, at, ik_fmt_write_u64(at, v));
}

/* Of the most negative number too, which has no positive twin. */
static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

uint8_t *ik_fmt_write_i64(uint8_t *at, int64_t v)
{
    if (v < 0)
        *at++ = '-';
    return ik_fmt_write_u64(at, magnitude(v));
}

void ik_fmt_put_i64(struct ik_wr *w, int64_t v)
{
    uint8_t spare[IK_FMT_I64], *const at = ik_wr_begin(w, sizeof(spare), spare);
    ik_wr_end(w, at, ik_fmt_write_i64(at, v));
}

/* At least `width` digits, padded with zeros. */
static void put_padded(struct ik_wr *w, uint64_t v, unsigned width)
{
    unsigned n = digits_of(v);
    n = n < width ? width : n;
    uint8_t *const at = ik_wr_room(w, n);
    if (!at)
        return;
    for (; n >= 2; n -= 2, v /= 100)
        write2(at + n - 2, v % 100);
    if (n)
        at[0] = (uint8_t)('0' + v);
}

uint8_t *ik_fmt_write_hex(uint8_t *at, struct ik_rd bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.left; i++) {
        *at++ = (uint8_t)digits[bytes.p[i] >> 4];
        *at++ = (uint8_t)digits[bytes.p[i] & 15];
    }
    return at;
}

void ik_fmt_put_hex(struct ik_wr *w, struct ik_rd bytes)
{
    uint8_t *const at = ik_wr_room(w, 2 * bytes.left);
    if (at)
        ik_fmt_write_hex(at, bytes);
}

void ik_fmt_put_fixed(struct ik_wr *w, int64_t v, unsigned scale, unsigned digits)
{
    if (scale > SCALE_MAX)
        scale = SCALE_MAX;
    if (digits > SCALE_MAX)
        digits = SCALE_MAX;
    uint64_t rest = magnitude(v);
    unsigned shown = scale; /* decimals that `rest` still has */
    if (digits < scale) {
        const uint64_t unit = pow10_u64(scale - digits);
        rest = (rest + unit / 2) / unit;
        shown = digits;
    }
    if (v < 0 && rest > 0)
        ik_wr_put8(w, '-');
    const uint64_t one = pow10_u64(shown);
    put_padded(w, rest / one, 1);
    if (digits == 0)
        return;
    ik_wr_put8(w, '.');
    if (shown > 0)
        put_padded(w, rest % one, shown);
    for (unsigned i = shown; i < digits; i++)
        ik_wr_put8(w, '0');
}

void ik_fmt_put_ratio(struct ik_wr *w, double v)
{
    const uint64_t one = pow10_u64(RATIO_DIGITS);
    uint64_t scaled = 0;
    if (v >= 1)
        scaled = one;
    else if (v > 0)
        scaled = (uint64_t)(v * (double)one + 0.5);
    put_padded(w, scaled / one, 1);
    uint64_t decimals = scaled % one;
    if (decimals == 0)
        return;
    unsigned shown = RATIO_DIGITS;
    for (; decimals % 10 == 0; shown--)
        decimals /= 10;
    ik_wr_put8(w, '.');
    put_padded(w, decimals, shown);
}

/* Year, month, day of the proleptic Gregorian calendar, from days since 1970-01-01. Years are
 * counted from March, so that the leap day is the last of its year, in eras of 400 years. */
static void civil_from_days(int64_t days, unsigned out[static 3])
{
    const uint64_t since = (uint64_t)(days + 719468); /* 0000-03-01; positive for every ik_ns */
    const uint64_t era = since / 146097, day_of_era = since % 146097;
    const uint64_t year =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    const uint64_t march_month = (5 * day_of_year + 2) / 153;
    const uint64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    out[0] = (unsigned)(year + era * 400 + (month <= 2));
    out[1] = (unsigned)month;
    out[2] = (unsigned)(day_of_year - (153 * march_month + 2) / 5 + 1);
}

static uint8_t *write_and(uint8_t *at, uint64_t v, char then)
{
    at = write2(at, v);
    *at = (uint8_t)then;
    return at + 1;
}

uint8_t *ik_fmt_write_time(uint8_t *at, ik_ns real)
{
    const ik_ns ns_per_day = 86400 * IK_NS_PER_S;
    int64_t days = real / ns_per_day;
    ik_ns of_day = real % ns_per_day;
    if (of_day < 0) { /* division rounds towards zero, calendars round down */
        days--;
        of_day += ns_per_day;
    }
    unsigned date[3];
    civil_from_days(days, date);
    const uint32_t second = (uint32_t)(of_day / IK_NS_PER_S), ns = (uint32_t)(of_day % IK_NS_PER_S);
    at = write2(at, date[0] / 100);
    at = write_and(at, date[0] % 100, '-');
    at = write_and(at, date[1], '-');
    at = write_and(at, date[2], 'T');
    at = write_and(at, second / 3600, ':');
    at = write_and(at, second / 60 % 60, ':');
    at = write_and(at, second % 60, '.');
    *at++ = (uint8_t)('0' + ns / 100000000);
    at = write4(at, ns / 10000 % 10000);
    at = write4(at, ns % 10000);
    *at = 'Z';
    return at + 1;
}

void ik_fmt_put_time(struct ik_wr *w, ik_ns real)
{
    uint8_t *const at = ik_wr_room(w, IK_FMT_TIME);
    if (at)
        ik_fmt_write_time(at, real);
}
