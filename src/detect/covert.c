/* SPDX-License-Identifier: MIT
 * Data in fields that should have none (D14): codes of echo messages, bytes behind messages of a
 * fixed length, times that are none, words that are unused, checksums that do not verify. One may
 * be a broken sender; more are a habit. */
#include "base/rd.h"
#include "detect/payload.h"
#include "detect/sender.h"
#include "detect/tally.h"

#define DAY_MS 86400000u
#define TIME_OTHER 0x80000000u /* marks a time in another unit (RFC 792) */

/* id, why. */
#define FIELDS(X)                                                        \
    X(NONE, "")                                                          \
    X(CODE, "An echo message has a code, which is always zero.")         \
    X(TRAILING, "Data stands behind a message that has a fixed length.") \
    X(TIME, "A timestamp is no time of a day, and does not say so.")     \
    X(UNUSED, "The unused word of an error is not zero.")                \
    X(CHECKSUM, "A message has a checksum that no receiver would accept.")

enum field {
#define X(id, why) FIELD_##id,
    FIELDS(X)
#undef X
};

static const char *const reasons[] = {
#define X(id, why) why,
    FIELDS(X)
#undef X
};

/* ---- fields ---------------------------------------------------------------------------------- */

static bool has_data(struct ik_rd d)
{
    for (size_t i = 0; i < d.left; i++) {
        if (d.p[i])
            return true;
    }
    return false;
}

/* Some systems write times in the order of their own bytes. */
static bool is_no_time(uint32_t t)
{
    return t >= DAY_MS && !(t & TIME_OTHER) && __builtin_bswap32(t) >= DAY_MS;
}

/* Bits of octets 4-7 that mean something in an error of that kind, the length attribute of RFC 4884
 * among them. */
static uint32_t used_bits(const struct ik_icmp *m)
{
    if (m->family == 6)
        return m->type == IK_ICMP6_UNREACHABLE || m->type == IK_ICMP6_TIME_EXCEEDED ? 0xff000000
                                                                                    : UINT32_MAX;
    switch (m->type) {
    case IK_ICMP4_UNREACHABLE:
        return m->code == 4 ? 0x00ffffff : 0x00ff0000;
    case IK_ICMP4_TIME_EXCEEDED:
        return 0x00ff0000;
    case IK_ICMP4_PARAMETER_PROBLEM:
        return 0xffff0000;
    case IK_ICMP4_SOURCE_QUENCH:
        return 0;
    default:
        return UINT32_MAX;
    }
}

/* True for those that set a code by intention, or by mistake: busybox' pattern fills it too. */
static bool has_code(const struct ik_sight *s, const struct ik_icmp *m)
{
    const struct ik_rd d = m->echo.data;
    return s->sender == IK_SENDER_NMAP_O ||
           (s->sender == IK_SENDER_BUSYBOX && d.left && d.p[d.left - 1] == m->code);
}

static enum field of_body(const struct ik_sight *s, const struct ik_icmp *m)
{
    switch (m->kind) {
    case IK_ICMP_ECHO:
        return m->code && !has_code(s, m) ? FIELD_CODE : FIELD_NONE;
    case IK_ICMP_TIMESTAMP:
        if (has_data(m->timestamp.trailing))
            return FIELD_TRAILING;
        return is_no_time(m->timestamp.originate) || is_no_time(m->timestamp.receive) ||
                       is_no_time(m->timestamp.transmit)
                   ? FIELD_TIME
                   : FIELD_NONE;
    case IK_ICMP_INFORMATION:
        return has_data(m->information.trailing) ? FIELD_TRAILING : FIELD_NONE;
    case IK_ICMP_MASK:
        return has_data(m->mask.trailing) ? FIELD_TRAILING : FIELD_NONE;
    case IK_ICMP_ERROR:
        return m->error.rest & ~used_bits(m) ? FIELD_UNUSED : FIELD_NONE;
    default:
        return FIELD_NONE;
    }
}

/* ---- findings -------------------------------------------------------------------------------- */

/* A broken card spoils checksums of all senders: only where the sender is unknown too they mean
 * more. */
static enum ik_severity severity(const struct ik_sight *s, enum field field, bool many)
{
    if (!many)
        return IK_SEVERITY_INFO;
    const bool odd = s->p->icmp.kind == IK_ICMP_ECHO && !s->sender;
    return field == FIELD_CHECKSUM && !odd ? IK_SEVERITY_LOW : IK_SEVERITY_MEDIUM;
}

/* Errors are needed, whatever else they carry, and what has a bad checksum nobody takes. A kernel
 * returns the code of an echo: it is the pair that matters. */
static enum ik_remedy remedy(enum field field, bool many)
{
    switch (many ? field : FIELD_NONE) {
    case FIELD_CODE:
        return IK_REMEDY_BLOCK_PAIR;
    case FIELD_TRAILING:
    case FIELD_TIME:
        return IK_REMEDY_DROP_TYPE;
    case FIELD_NONE:
    case FIELD_UNUSED:
    case FIELD_CHECKSUM:
        break;
    }
    return IK_REMEDY_NONE;
}

static void report(struct ik_sight *s, enum field field, uint32_t n)
{
    const int64_t limit = s->cfg->limits[IK_LIM_COVERT];
    struct ik_report r = ik_payload_report(s, IK_DETECT_COVERT_FIELD);
    r.severity = severity(s, field, n >= limit);
    r.window = IK_TALLY_WINDOW;
    r.value = n;
    r.threshold = (double)limit;
    r.limit = IK_LIM_COVERT;
    r.why = reasons[field];
    r.remedy = remedy(field, n >= limit);
    r.bytes = s->p->icmp_bytes;
    ik_book_report(s->book, s->now, &r);
}

static void input(void *state, struct ik_sight *s)
{
    const struct ik_icmp *m = &s->p->icmp;
    enum field field = FIELD_NONE;
    /* Linux gives an echo reply of nothing but zeros the checksum zero, instead of ffff. */
    if (!m->checksum_ok && has_data(s->p->icmp_bytes))
        field = FIELD_CHECKSUM;
    else if (!s->tunnel)
        field = of_body(s, m);
    if (field != FIELD_NONE && ik_sight_minds(s, IK_DETECT_COVERT_FIELD))
        report(s, field, ik_tally_count(state, s, field)->n);
}

const struct ik_part ik_part_covert = {.wants = IK_WANTS_ICMP,
                                       .bytes = ik_tally_bytes,
                                       .init = ik_tally_init,
                                       .input = input,
                                       .evicted = ik_tally_evicted,
                                       .only = IK_TRAIT_ODD | IK_TRAIT_OTHER};
