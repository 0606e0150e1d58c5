/* SPDX-License-Identifier: MIT
 * Records of ping as iputils prints them, so that what reads its output reads ours. */
#include "ping.h"

#include <stdio.h>
#include <string.h>

enum { TOKEN_BYTES = 16 }; /* where iputils has its time, and checks no bytes */

static bool to_group(const struct ik_ping *p, const struct ik_addr *addr)
{
    return p->plan.opt.broadcast || ik_addr_is_multicast(addr);
}

/* ---- the line before ------------------------------------------------------------------------- */

static uint32_t data_bytes(const struct ik_ping_plan *plan)
{
    return plan->opt.timestamp ? 12 : (uint32_t)plan->opt.size;
}

static void print_size(struct ik_ping *p, uint8_t family)
{
    struct ik_line *l = p->run.line;
    const uint32_t data = data_bytes(&p->plan);
    const uint32_t options = p->plan.ip_options_bytes ? 40 : 0; /* as iputils counts them */
    if (family == 4)
        ik_line_fmt(l, "%u(%u) bytes of data.\n", data, data + 8 + options + 20);
    else
        ik_line_fmt(l, "%u data bytes\n", data);
}

void ik_ping_text_header(struct ik_ping *p, struct ik_now now, const char *name,
                         const struct ik_addr *addr, const struct ik_route *r, bool numeric)
{
    struct ik_line *l = p->run.line;
    const struct ik_ping_plan *plan = &p->plan;
    if (!l)
        return;
    ik_line_fmt(l, addr->family == 4 ? "PING %s (" : "PING %s(", name);
    if (addr->family == 6 && !numeric)
        ik_line_host(l, addr);
    else
        ik_line_addr(l, addr);
    ik_line_str(l, ") ");
    if (addr->family == 6 && plan->opt.flow_label >= 0)
        ik_line_fmt(l, ", flow 0x%05x, ", (unsigned)plan->opt.flow_label);
    if (plan->interface || plan->source.family || plan->opt.sticky) {
        ik_line_str(l, "from ");
        ik_line_addr(l, plan->source.family ? &plan->source : &r->source);
        ik_line_str(l, " ");
        ik_line_iface(l, plan->interface ? plan->interface : "");
        ik_line_str(l, ": ");
    }
    print_size(p, addr->family);
    ik_line_end(l, now);
}

void ik_ping_text_many(struct ik_ping *p, struct ik_now now, const char *name, uint64_t n,
                       const char *things, uint8_t family)
{
    struct ik_line *l = p->run.line;
    char safe[256];
    const struct ik_rd text = {(const uint8_t *)name, strlen(name)};
    if (!l)
        return;
    ik_line_fmt(l, "PING %s (%llu %s) ", ik_text_escape(text, safe, sizeof safe),
                (unsigned long long)n, things);
    print_size(p, family);
    ik_line_end(l, now);
}

void ik_ping_text_pattern(struct ik_ping *p, struct ik_now now)
{
    struct ik_line *l = p->run.line;
    if (!l || !p->plan.pattern_bytes || p->plan.opt.quiet)
        return;
    ik_line_str(l, "PATTERN: 0x");
    for (uint32_t i = 0; i < p->plan.pattern_bytes; i++)
        ik_line_fmt(l, "%02x", p->plan.pattern[i]);
    ik_line_str(l, "\n");
    ik_line_end(l, now);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Days since 1970-01-01 to a date (proleptic Gregorian calendar, by 400-year eras). */
static void civil(int64_t days, int64_t *year, unsigned *month, unsigned *day)
{
    const int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    const unsigned of_era = (unsigned)(z - era * 146097);
    const unsigned y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const unsigned of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = (int64_t)y + era * 400 + (*month <= 2);
}

static void print_iso(struct ik_line *l, ik_ns real)
{
    const int32_t offset = ik_clock_utc_offset(real);
    const int64_t s = real / IK_NS_PER_S + offset;
    const int64_t days = s >= 0 ? s / 86400 : (s - 86399) / 86400, rest = s - days * 86400;
    const unsigned ahead = (unsigned)(offset < 0 ? -offset : offset) / 60;
    int64_t year;
    unsigned month, day;
    civil(days, &year, &month, &day);
    ik_line_fmt(l, "[%04lld-%02u-%02uT%02lld:%02lld:%02lld.%06lld%c%02u:%02u] ", (long long)year,
                month, day, (long long)rest / 3600, (long long)rest / 60 % 60, (long long)rest % 60,
                (long long)(real % IK_NS_PER_S / IK_NS_PER_US), offset < 0 ? '-' : '+', ahead / 60,
                ahead % 60);
}

static void print_when(struct ik_ping *p, ik_ns real)
{
    if (p->plan.opt.unix_time)
        ik_line_fmt(p->run.line, "[%lld.%06lld] ", (long long)(real / IK_NS_PER_S),
                    (long long)(real % IK_NS_PER_S / IK_NS_PER_US));
    else if (p->plan.opt.iso)
        print_iso(p->run.line, real);
}

static void print_seq(struct ik_line *l, int64_t seq)
{
    ik_line_str(l, "icmp_seq=");
    ik_line_u64(l, (uint64_t)seq & 0xffff); /* as it is on the wire */
}

/* The payload that came back wrong, as iputils dumps it: from where its time would end. */
static void print_wrong_data(struct ik_line *l, const struct ik_rec_reply *r)
{
    ik_line_fmt(l, "\nwrong data byte #%lld should be 0x%llx but was 0x%llx",
                (long long)r->mismatch_at, (unsigned long long)r->mismatch_sent,
                (unsigned long long)r->mismatch_got);
    for (size_t i = TOKEN_BYTES; i < r->data.left; i++) {
        if (i % 32 == TOKEN_BYTES)
            ik_line_fmt(l, "\n#%zu\t", i);
        ik_line_fmt(l, "%x ", r->data.p[i]);
    }
}

static void print_remote_times(struct ik_line *l, const struct ik_rec_reply *r)
{
    ik_line_fmt(l, " orig=%lld recv=%lld xmit=%lld", (long long)r->originate_ms,
                (long long)r->receive_ms, (long long)r->transmit_ms);
    if (r->forward_ms != IK_NEVER)
        ik_line_fmt(l, " there=%lld ms", (long long)r->forward_ms);
    if (r->back_ms != IK_NEVER)
        ik_line_fmt(l, " back=%lld ms", (long long)r->back_ms);
}

/* A reply of the subnet-router anycast address comes from another one (RFC 4291 section 2.6.1). */
static bool is_anycast(const struct ik_addr *addr)
{
    static const uint8_t zero[8] = {0};
    return addr->family == 6 && !memcmp(addr->bytes + 8, zero, sizeof zero);
}

static void print_remarks(struct ik_ping *p, const struct ik_rec_reply *r)
{
    struct ik_line *l = p->run.line;
    const bool group = to_group(p, &r->addr);
    if (!strcmp(r->state, "duplicate") && (!group || p->plan.opt.verbose))
        ik_line_str(l, " (DUP!)");
    if (r->bad_checksum)
        ik_line_str(l, " (BAD CHECKSUM!)");
    if (r->other_source && !group && !is_anycast(&r->addr))
        ik_line_str(l, " (DIFFERENT ADDRESS!)");
    if (r->mismatch_at >= 0)
        print_wrong_data(l, r);
}

static void print_what(struct ik_ping *p, const struct ik_rec_reply *r)
{
    struct ik_line *l = p->run.line;
    if (p->plan.node.wanted) {
        ik_ping_node_print(l, r->data);
        ik_line_fmt(l, "; seq=%llu;", (unsigned long long)r->seq & 0xffff);
    } else {
        ik_line_str(l, " ");
        print_seq(l, r->seq);
    }
    if (p->plan.opt.verbose)
        ik_line_fmt(l, " ident=%u", ik_run_ident(&p->run, r->addr.family == 6));
    if (r->ttl >= 0) {
        ik_line_str(l, " ttl=");
        ik_line_u64(l, (uint64_t)r->ttl);
    }
}

static void print_time(struct ik_ping *p, ik_ns rtt)
{
    struct ik_line *l = p->run.line;
    if (rtt == IK_NEVER)
        return;
    ik_line_str(l, " time=");
    if (p->plan.opt.precise)
        ik_line_us3(l, rtt / IK_NS_PER_US);
    else
        ik_line_rtt(l, rtt);
    ik_line_str(l, " ms");
}

static void print_reply(struct ik_ping *p, struct ik_now now, const struct ik_rec_reply *r)
{
    struct ik_line *l = p->run.line;
    print_when(p, now.real);
    ik_line_u64(l, (uint64_t)r->bytes);
    ik_line_str(l, " bytes from ");
    ik_line_host(l, &r->from);
    ik_line_str(l, ":");
    print_what(p, r);
    if (r->cut_bytes >= 0) {
        ik_line_str(l, " (truncated)\n");
        ik_line_end(l, now);
        return;
    }
    if (r->originate_ms >= 0)
        print_remote_times(l, r);
    print_time(p, r->rtt_ns);
    print_remarks(p, r);
    if (p->plan.opt.audible)
        ik_line_str(l, "\a");
    ik_ping_ipopt_print(l, r->options, false, p->old_route, &p->old_route_bytes);
    ik_line_str(l, "\n");
    ik_line_end(l, now);
}

/* -f: a dot for each probe, taken back by its answer. */
static void flood_mark(struct ik_ping *p, struct ik_now now, const char *mark)
{
    ik_ping_text_dots(p, now);
    ik_line_str(p->run.line, mark);
    ik_line_end(p->run.line, now);
}

void ik_ping_text_dots(struct ik_ping *p, struct ik_now now)
{
    struct ik_echo_totals t;
    if (!p->plan.opt.flood || p->plan.opt.quiet || !p->run.line)
        return;
    ik_echo_totals(p->echo, &t);
    const bool some = p->dots < t.sent;
    for (; p->dots < t.sent; p->dots++)
        ik_line_str(p->run.line, ".");
    if (some)
        ik_line_end(p->run.line, now);
}

static void on_reply(struct ik_ping *p, struct ik_now now, const struct ik_rec_reply *r)
{
    if (p->plan.opt.quiet)
        return;
    if (!p->plan.opt.flood)
        print_reply(p, now, r);
    else
        flood_mark(p, now,
                   strcmp(r->state, "corrupt") ? p->plan.opt.audible ? "\b \b\a" : "\b \b" : "\bC");
}

/* ---- what is no answer ----------------------------------------------------------------------- */

static void on_error(struct ik_ping *p, struct ik_now now, const struct ik_rec_icmp_error *e)
{
    struct ik_line *l = p->run.line;
    if (p->plan.opt.quiet)
        return;
    if (p->plan.opt.flood) {
        flood_mark(p, now, "\bE");
        return;
    }
    print_when(p, now.real);
    ik_line_str(l, "From ");
    ik_line_host(l, &e->from);
    ik_line_str(l, e->family == 4 && (e->type == 4 || e->type == 5) ? ": " : " ");
    print_seq(l, e->seq);
    ik_line_str(l, " ");
    ik_ping_error_print(l, e);
    if (!ik_ping_is_single(p))
        ik_line_fmt(l, " for %s", e->target);
    if (p->plan.opt.verbose)
        ik_ping_error_quote(l, e->quote);
    ik_line_str(l, "\n");
    ik_line_end(l, now);
}

/* What the system calls an error, as iputils prints it; records have our word. */
static const char *system_words(const struct ik_rec_lost *r)
{
    static const struct {
        enum ik_err err;
        const char *words;
    } rows[] = {
        {IK_E_REFUSED, "Operation not permitted"}, {IK_E_ACCESS, "Permission denied"},
        {IK_E_NO_ROUTE, "Network is unreachable"}, {IK_E_HOST_DOWN, "No route to host"},
        {IK_E_IFACE, "Network is down"},           {IK_E_ADDR, "Cannot assign requested address"},
        {IK_E_TOO_BIG, "Message too long"},        {IK_E_NOBUFS, "No buffer space available"},
        {IK_E_VALUE, "Invalid argument"},
    };
    if (!r->error)
        return r->state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!strcmp(r->error, ik_err_text(rows[i].err)))
            return rows[i].words;
    }
    return r->error;
}

static void say_too_long(const struct ik_ping *p, const struct ik_rec_lost *r)
{
    const bool v4 = r->addr.family == 4;
    if (ik_ping_is_single(p))
        ik_run_say("ping",
                   v4 ? _("local error: message too long, mtu=%lld")
                      : _("local error: message too long, mtu: %lld"),
                   (long long)r->mtu);
    else
        ik_run_say("ping",
                   v4 ? _("local error: message too long, mtu=%lld for %s")
                      : _("local error: message too long, mtu: %lld for %s"),
                   (long long)r->mtu, r->target);
}

static void say_not_sent(struct ik_ping *p, const struct ik_rec_lost *r)
{
    ik_out_flush(&p->run.out, true); /* in the order that things happened */
    if (r->mtu > 0)
        say_too_long(p, r);
    else if (ik_ping_is_single(p))
        ik_run_say("ping", "sendmsg: %s", ik_lang_text(system_words(r)));
    else
        ik_run_say("ping", _("sendmsg: %s for %s"), ik_lang_text(system_words(r)), r->target);
}

static void on_lost(struct ik_ping *p, struct ik_now now, const struct ik_rec_lost *r)
{
    struct ik_line *l = p->run.line;
    if (!strcmp(r->state, "waiting")) {
        print_when(p, now.real);
        ik_line_str(l, "no answer yet for ");
        print_seq(l, r->seq);
        if (!ik_ping_is_single(p))
            ik_line_fmt(l, " from %s", r->target);
        ik_line_str(l, "\n");
        ik_line_end(l, now);
    } else if (p->plan.opt.quiet) {
        return;
    } else if (p->plan.opt.flood) {
        flood_mark(p, now, "E");
    } else {
        say_not_sent(p, r);
    }
}

/* ---- records --------------------------------------------------------------------------------- */

static void say_notice(struct ik_ping *p, const struct ik_rec_notice *n)
{
    ik_out_flush(&p->run.out, true); /* in the order that things happened */
    if (n->target)
        ik_run_say("ping", "%s: %s", n->target, ik_lang_text(n->text));
    else
        ik_run_say("ping", "%s", ik_lang_text(n->text));
}

void ik_ping_text_record(void *ping, const struct ik_record *rec)
{
    struct ik_ping *p = ping;
    /* What waits for a name is timed by the monotonic clock; lines show when it happened. */
    const struct ik_now now = {ik_run_now(&p->run).mono, rec->time};
    switch (rec->kind) {
    case IK_REC_reply:
        on_reply(p, now, &rec->reply);
        break;
    case IK_REC_lost:
        on_lost(p, now, &rec->lost);
        break;
    case IK_REC_icmp_error:
        on_error(p, now, &rec->icmp_error);
        break;
    case IK_REC_ping_summary:
        ik_ping_summary_print(p, now, &rec->ping_summary);
        break;
    case IK_REC_notice:
        say_notice(p, &rec->notice);
        break;
    default:
        break;
    }
}
