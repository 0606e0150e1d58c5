/* SPDX-License-Identifier: MIT */
#include "dump_stamp.h"

#include <icmpkit/host.h>

enum { QUARTER = 900 /* s: offsets change at its ends only */ };

void ik_dump_stamp_init(struct ik_dump_stamp *s, enum ik_dump_stamps form, bool nano, bool utc)
{
    *s = (struct ik_dump_stamp){.form = form,
                                .nano = nano,
                                .utc = utc,
                                .first = IK_NEVER,
                                .last = IK_NEVER,
                                .block = INT64_MIN,
                                .second = INT64_MIN};
}

/* Seconds and what is left of them, rounded down. */
static int64_t seconds_of(ik_ns time, uint32_t *ns)
{
    int64_t s = time / IK_NS_PER_S, rest = time % IK_NS_PER_S;
    if (rest < 0) {
        s--;
        rest += IK_NS_PER_S;
    }
    *ns = (uint32_t)rest;
    return s;
}

static int32_t offset_at(struct ik_dump_stamp *s, int64_t second)
{
    const int64_t block = second / QUARTER;
    if (s->utc)
        return 0;
    if (block != s->block) {
        s->block = block;
        s->offset = ik_clock_utc_offset(second * IK_NS_PER_S);
    }
    return s->offset;
}

/* Days since 1970-01-01 as a date (proleptic Gregorian calendar, by 400-year eras). */
static void put_date(struct ik_put *w, int64_t days)
{
    const uint64_t since = (uint64_t)(days + 719468), era = since / 146097, of_era = since % 146097;
    const uint64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const uint64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    const uint64_t month = m < 10 ? m + 3 : m - 9;
    ik_put_pad(w, y + era * 400 + (month <= 2), 4);
    ik_put_c(w, '-');
    ik_put_pad(w, month, 2);
    ik_put_c(w, '-');
    ik_put_pad(w, of_year - (153 * m + 2) / 5 + 1, 2);
}

static void put_clock(struct ik_put *w, int64_t of_day)
{
    ik_put_pad(w, (uint64_t)of_day / 3600, 2);
    ik_put_c(w, ':');
    ik_put_pad(w, (uint64_t)of_day / 60 % 60, 2);
    ik_put_c(w, ':');
    ik_put_pad(w, (uint64_t)of_day % 60, 2);
}

static void put_local(struct ik_dump_stamp *s, struct ik_put *w, int64_t second, bool date)
{
    const int64_t local = second + offset_at(s, second);
    const int64_t days = local >= 0 ? local / 86400 : (local - 86399) / 86400;
    if (date) {
        put_date(w, days);
        ik_put_c(w, ' ');
    }
    put_clock(w, local - days * 86400);
}

static void put_fraction(const struct ik_dump_stamp *s, struct ik_put *w, uint32_t ns)
{
    ik_put_c(w, '.');
    if (s->nano)
        ik_put_pad(w, ns, 9);
    else
        ik_put_pad(w, ns / 1000, 6);
}

/* The text of a second serves all packets in it. */
static void put_second(struct ik_dump_stamp *s, struct ik_put *w, int64_t second)
{
    if (second != s->second) {
        struct ik_put text;
        ik_put_init(&text, s->text, sizeof s->text);
        put_local(s, &text, second, s->form == IK_DUMP_DATE);
        s->second = second;
        s->n = ik_put_used(&text);
    }
    ik_put_mem(w, s->text, s->n);
}

static void put_difference(struct ik_dump_stamp *s, struct ik_put *w, ik_ns time)
{
    const ik_ns from = s->form == IK_DUMP_DELTA ? s->last : s->first;
    ik_ns d;
    if (from == IK_NEVER || __builtin_sub_overflow(time, from, &d) || d == INT64_MIN)
        d = 0;
    uint32_t ns;
    if (d < 0)
        ik_put_c(w, '-');
    const int64_t second = seconds_of(d < 0 ? -d : d, &ns);
    put_clock(w, second);
    put_fraction(s, w, ns);
}

void ik_dump_stamp_put(struct ik_dump_stamp *s, struct ik_put *w, ik_ns time)
{
    uint32_t ns;
    if (s->form == IK_DUMP_NO_STAMP)
        return;
    if (time == IK_NEVER) {
        ik_put_s(w, "- ");
        return;
    }
    const int64_t second = seconds_of(time, &ns);
    if (s->form == IK_DUMP_DELTA || s->form == IK_DUMP_SINCE) {
        put_difference(s, w, time);
    } else if (s->form == IK_DUMP_EPOCH) {
        if (second < 0)
            ik_put_c(w, '-');
        ik_put_u64(w, (uint64_t)(second < 0 ? -second : second));
        put_fraction(s, w, ns);
    } else {
        put_second(s, w, second);
        put_fraction(s, w, ns);
    }
    ik_put_c(w, ' ');
    s->last = time;
    if (s->first == IK_NEVER)
        s->first = time;
}

void ik_dump_stamp_put_full(struct ik_dump_stamp *s, struct ik_put *w, ik_ns time)
{
    uint32_t ns;
    if (time == IK_NEVER) {
        ik_put_c(w, '-');
        return;
    }
    const int64_t second = seconds_of(time, &ns);
    put_local(s, w, second, true);
    put_fraction(s, w, ns);
    const int32_t offset = offset_at(s, second), ahead = (offset < 0 ? -offset : offset) / 60;
    ik_put_s(w, offset < 0 ? " -" : " +");
    ik_put_pad(w, (uint64_t)ahead / 60, 2);
    ik_put_pad(w, (uint64_t)ahead % 60, 2);
}
