/* SPDX-License-Identifier: MIT */
#include "conf/units.h"

#include <stdio.h>
#include <string.h>

/* Ten to the 9th: what one of a decimal fraction is counted in. */
enum { NANO = 1000000000 };

bool ik_units_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    const bool minus = *text == '-';
    text += minus;
    int base = 10;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    int64_t v = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        const int d = *text >= '0' && *text <= '9'                 ? *text - '0'
                      : base == 16 && *text >= 'a' && *text <= 'f' ? *text - 'a' + 10
                      : base == 16 && *text >= 'A' && *text <= 'F' ? *text - 'A' + 10
                                                                   : 99;
        if (d == 99 || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
            return false;
    }
    v = minus ? -v : v;
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

/* A decimal fraction without sign, in billionths; *end is where it stops. At most nine decimals. */
static bool fraction(const char *text, const char **end, __int128 *out)
{
    __int128 v = 0;
    int digits = 0;
    for (; *text >= '0' && *text <= '9'; text++, digits++)
        v = v * 10 + (*text - '0');
    if (digits == 0 || digits > 18)
        return false;
    v *= NANO;
    if (*text == '.') {
        int64_t unit = NANO;
        for (text++; *text >= '0' && *text <= '9'; text++) {
            unit /= 10;
            if (unit == 0)
                return false;
            v += (*text - '0') * unit;
        }
        if (unit == NANO)
            return false;
    }
    *end = text;
    *out = v;
    return true;
}

struct unit {
    const char *name;
    int64_t each;
};

/* The number times what its unit is worth; false for no such unit, and past `most`. */
static bool scaled(const char *text, const struct unit *units, size_t n, int64_t most, int64_t *out)
{
    __int128 v;
    const char *unit;
    if (!fraction(text, &unit, &v))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(unit, units[i].name) != 0)
            continue;
        __int128 whole;
        if (__builtin_mul_overflow(v, units[i].each, &whole) || whole / NANO > most)
            return false;
        *out = (int64_t)(whole / NANO);
        return true;
    }
    return false;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool ik_units_time(const char *text, ik_ns *out)
{
    static const struct unit units[] = {
        {"ns", 1},          {"us", IK_NS_PER_US},      {"ms", IK_NS_PER_MS},
        {"s", IK_NS_PER_S}, {"min", 60 * IK_NS_PER_S}, {"h", 3600 * IK_NS_PER_S},
    };
    const bool minus = *text == '-';
    int64_t v;
    if (strcmp(text, "0") == 0)
        v = 0;
    else if (!scaled(text + minus, units, COUNT(units), INT64_MAX / 4, &v))
        return false;
    *out = minus ? -v : v;
    return true;
}

bool ik_units_ratio(const char *text, int64_t *out)
{
    static const struct unit percent[] = {{"%", NANO}};
    int64_t v; /* billionths of a hundredth */
    if (strcmp(text, "0") == 0)
        v = 0;
    else if (!scaled(text, percent, 1, (int64_t)100 * NANO, &v))
        return false;
    const __int128 parts = (__int128)v * ((__int128)1 << 32) / ((__int128)100 * NANO);
    *out = parts > UINT32_MAX ? UINT32_MAX : (int64_t)parts;
    return true;
}

bool ik_units_percent(const char *text, int64_t *out)
{
    static const struct unit percent[] = {{"%", NANO}};
    int64_t v;
    if (!scaled(text, percent, 1, INT64_MAX, &v) || v % NANO != 0)
        return false;
    *out = v / NANO;
    return true;
}

bool ik_units_bitrate(const char *text, int64_t *out)
{
    static const struct unit units[] = {
        {"bit", 1},
        {"kbit", 1000},
        {"Mbit", 1000000},
        {"Gbit", 1000000000},
    };
    int64_t v;
    if (!scaled(text, units, COUNT(units), 1000000000000, &v) || v == 0)
        return false;
    *out = v;
    return true;
}

bool ik_units_bytes(const char *text, int64_t *out)
{
    static const struct unit units[] = {
        {"B", 1},         {"kB", 1000},     {"MB", 1000000},  {"GB", 1000000000},
        {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
    };
    return ik_units_int(text, 0, INT64_MAX, out) ||
           scaled(text, units, COUNT(units), INT64_MAX, out);
}

bool ik_units_rate(const char *text, int64_t *out)
{
    static const struct unit units[] = {{"/s", 1000 * 3600}, {"/min", 1000 * 60}, {"/h", 1000}};
    int64_t v;
    if (!scaled(text, units, COUNT(units), (int64_t)1000000000 * 1000 * 3600, &v))
        return false;
    v /= 3600;
    if (v == 0)
        return false;
    *out = v;
    return true;
}

bool ik_units_per_second(const char *text, int64_t *out)
{
    int64_t v;
    if (!ik_units_rate(text, &v) || v % 1000 != 0)
        return false;
    *out = v / 1000;
    return true;
}

bool ik_units_flag(const char *text, bool *out)
{
    static const char *const on[] = {"on", "true", "yes"}, *const off[] = {"off", "false", "no"};
    for (size_t i = 0; i < COUNT(on); i++) {
        if (strcmp(text, on[i]) == 0 || strcmp(text, off[i]) == 0) {
            *out = strcmp(text, on[i]) == 0;
            return true;
        }
    }
    return false;
}

/* With the first of the units, the last of which is one, that needs no decimals. */
static const char *whole_text(int64_t v, const struct unit *units, char buf[static 32])
{
    size_t i = 0;
    while (v % units[i].each != 0)
        i++;
    snprintf(buf, 32, "%lld%s", (long long)(v / units[i].each), v == 0 ? "" : units[i].name);
    return buf;
}

const char *ik_units_time_text(ik_ns v, char buf[static 32])
{
    static const struct unit units[] = {{"h", 3600 * IK_NS_PER_S},
                                        {"s", IK_NS_PER_S},
                                        {"ms", IK_NS_PER_MS},
                                        {"us", IK_NS_PER_US},
                                        {"ns", 1}};
    return whole_text(v, units, buf);
}

const char *ik_units_bytes_text(int64_t v, char buf[static 32])
{
    static const struct unit units[] = {
        {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};
    return whole_text(v, units, buf);
}
