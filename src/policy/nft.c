/* SPDX-License-Identifier: MIT
 * The rules in the language of nft(8). */
#include "icmpkit/policy.h"

#include "base/fmt.h"

enum {
    LINE = 384,
    COMMENT_MAX = 127, /* nft takes no longer ones */
};

/* Errors and replies that belong to nothing known are limited together, since their sources can be
 * forged; echo by source, IPv6 by /64. */
#define UNKNOWN_RATE "100/second burst 100 packets"
#define BRIDGE_RATE "1000/second burst 1000 packets"
#define ECHO_RATE "50/second burst 100 packets"

struct text {
    ik_policy_put_fn *put;
    void *ctx;
    struct ik_wr w;
    uint8_t line[LINE];
};

static void open_line(struct text *t, const char *begin)
{
    ik_wr_init(&t->w, t->line, sizeof t->line);
    ik_fmt_put_text(&t->w, begin);
}

static void close_line(struct text *t)
{
    ik_fmt_put_text(&t->w, "\n");
    t->put(t->ctx, (const char *)t->line, t->w.used);
}

static void say(struct text *t, const char *line)
{
    open_line(t, line);
    close_line(t);
}

/* ---- one rule -------------------------------------------------------------------------------- */

static void put_match(struct text *t, const struct ik_policy_rule *r)
{
    ik_fmt_put_text(&t->w, r->family == 6 ? "\t\ticmpv6 type " : "\t\ticmp type ");
    ik_fmt_put_u64(&t->w, r->first_type);
    if (r->last_type != r->first_type) {
        ik_fmt_put_text(&t->w, "-");
        ik_fmt_put_u64(&t->w, r->last_type);
    }
    if (r->code >= 0) {
        ik_fmt_put_text(&t->w, r->family == 6 ? " icmpv6 code " : " icmp code ");
        ik_fmt_put_u64(&t->w, (uint64_t)r->code);
    }
}

static void put_end(struct text *t, const struct ik_policy_rule *r, const char *statement)
{
    ik_fmt_put_text(&t->w, statement);
    ik_fmt_put_text(&t->w, " comment \"");
    const size_t begin = t->w.used;
    ik_fmt_put_text(&t->w, r->name);
    ik_fmt_put_text(&t->w, ": ");
    ik_fmt_put_text(&t->w, r->why);
    if (t->w.used - begin > COMMENT_MAX)
        t->w.used = begin + COMMENT_MAX;
    ik_fmt_put_text(&t->w, "\"");
    close_line(t);
}

static const char *proof_of(const struct ik_policy_rule *r)
{
    switch (r->proof) {
    case IK_POLICY_HOPS_255:
        return r->family == 6 ? " ip6 hoplimit 255" : " ip ttl 255";
    case IK_POLICY_LINK_LOCAL:
        return " ip6 saddr { fe80::/10, :: }";
    case IK_POLICY_HOPS_1:
        return r->family == 6 ? " ip6 saddr fe80::/10 ip6 hoplimit 1" : " ip ttl 1";
    default:
        return "";
    }
}

/* What drops those beyond the limit, or unknown. A bridge may have to do without connection
 * tracking, so there the limit is for all, and ten times as high. */
static const char *excess_of(const struct ik_policy_rule *r, bool bridge)
{
    if (r->verdict == IK_POLICY_KNOWN)
        return bridge ? " limit rate over " BRIDGE_RATE " counter drop"
                      : " ct state != { established, related } limit rate over " UNKNOWN_RATE
                        " counter drop";
    if (r->verdict == IK_POLICY_TRACKED)
        return " ct state invalid counter drop comment \"about nothing that passed here (RFC "
               "6092)\"";
    if (r->verdict != IK_POLICY_LIMITED)
        return NULL;
    return r->family == 6
               ? " update @echo6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate over " ECHO_RATE
                 " } counter drop"
               : " update @echo4 { ip saddr limit rate over " ECHO_RATE " } counter drop";
}

static void put_rule(struct text *t, const struct ik_policy_rule *r, bool bridge)
{
    const char *excess = excess_of(r, bridge);
    if (excess) {
        open_line(t, "");
        put_match(t, r);
        ik_fmt_put_text(&t->w, excess);
        close_line(t);
    }
    open_line(t, "");
    put_match(t, r);
    ik_fmt_put_text(&t->w, proof_of(r));
    put_end(t, r, r->verdict == IK_POLICY_DROP ? " counter drop" : " accept");
    if (r->verdict == IK_POLICY_PROVEN) {
        open_line(t, "");
        put_match(t, r);
        ik_fmt_put_text(&t->w, " counter drop comment \"not proven to come from the link\"");
        close_line(t);
    }
}

/* ---- chains ---------------------------------------------------------------------------------- */

static void put_rules(struct text *t, enum ik_policy_role role, enum ik_policy_hook hook,
                      uint8_t family)
{
    struct ik_policy_rule rules[IK_POLICY_RULES];
    const size_t n = ik_policy_rules(role, hook, family, rules, IK_POLICY_RULES);
    open_line(t, hook == IK_POLICY_LOCAL ? "\tchain local" : "\tchain transit");
    ik_fmt_put_text(&t->w, family == 6 ? "6 {" : "4 {");
    close_line(t);
    for (size_t i = 0; i < n && i < IK_POLICY_RULES; i++)
        put_rule(t, &rules[i], role == IK_POLICY_BRIDGE);
    say(t, "\t}");
}

static void put_hook(struct text *t, enum ik_policy_role role, enum ik_policy_hook hook,
                     uint8_t families)
{
    const bool local = hook == IK_POLICY_LOCAL, bridge = role == IK_POLICY_BRIDGE;
    say(t, local ? "\tchain input {" : "\tchain forward {");
    open_line(t, "\t\ttype filter hook ");
    ik_fmt_put_text(&t->w, local ? "input" : "forward");
    ik_fmt_put_text(&t->w, " priority filter; policy accept;");
    close_line(t);
    if (local)
        say(t, "\t\tiifname \"lo\" accept comment \"this machine, talking to itself\"");
    const char *v4 = bridge ? "\t\tether type ip meta l4proto icmp jump "
                            : "\t\tmeta nfproto ipv4 meta l4proto icmp jump ";
    const char *v6 = bridge ? "\t\tether type ip6 meta l4proto ipv6-icmp jump "
                            : "\t\tmeta nfproto ipv6 meta l4proto ipv6-icmp jump ";
    for (uint8_t family = 4; family <= 6; family += 2) {
        if (families && families != family)
            continue;
        open_line(t, family == 6 ? v6 : v4);
        ik_fmt_put_text(&t->w, local ? "local" : "transit");
        ik_fmt_put_text(&t->w, family == 6 ? "6" : "4");
        close_line(t);
    }
    say(t, "\t}");
}

static void put_sets(struct text *t, uint8_t families)
{
    if (families != 6)
        say(t, "\tset echo4 { type ipv4_addr; size 65535; flags dynamic,timeout; timeout 1m; }");
    if (families != 4)
        say(t, "\tset echo6 { type ipv6_addr; size 65535; flags dynamic,timeout; timeout 1m; }");
}

void ik_policy_nft(enum ik_policy_role role, uint8_t family, ik_policy_put_fn *put, void *ctx)
{
    struct text t = {.put = put, .ctx = ctx};
    const char *table =
        role == IK_POLICY_BRIDGE ? "table bridge " IK_POLICY_TABLE : "table inet " IK_POLICY_TABLE;
    say(&t, table);
    open_line(&t, "delete ");
    ik_fmt_put_text(&t.w, table);
    close_line(&t);
    open_line(&t, table);
    ik_fmt_put_text(&t.w, " {");
    close_line(&t);
    put_sets(&t, family);
    for (uint8_t f = 4; f <= 6; f += 2) {
        if (family && family != f)
            continue;
        if (role != IK_POLICY_BRIDGE)
            put_rules(&t, role, IK_POLICY_LOCAL, f);
        if (role != IK_POLICY_HOST)
            put_rules(&t, role, IK_POLICY_TRANSIT, f);
    }
    if (role != IK_POLICY_BRIDGE)
        put_hook(&t, role, IK_POLICY_LOCAL, family);
    if (role != IK_POLICY_HOST)
        put_hook(&t, role, IK_POLICY_TRANSIT, family);
    say(&t, "}");
}
