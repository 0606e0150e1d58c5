/* SPDX-License-Identifier: MIT
 * What would stop a finding, as a rule of nftables: a match and a verdict, for a chain of family
 * inet. Whatever a finding says, no rule drops neighbour discovery, packet too big or fragmentation
 * needed; of IPv6, errors and echo are only limited (RFC 4890 section 4.3.1). */
#include "icmpkit/detect.h"

#include "base/fmt.h"
#include "base/rd.h"

enum {
    TYPE4_UNREACH = 3,
    CODE4_FRAG_NEEDED = 4,
    TYPE6_TOO_BIG = 2,
    TYPE6_ERROR_LAST = 4,
    MTU4_LEAST = 68, /* RFC 791 section 3.2 */
};

/* What is let through of that which is not stopped altogether. */
static const char limit[] = " limit rate over 10/second burst 20 packets drop";

struct rule {
    struct ik_wr w;
    const struct ik_finding *f;
    uint8_t family;
};

static void put(struct rule *r, const char *text)
{
    ik_fmt_put_text(&r->w, text);
}

static void put_addr(struct rule *r, const struct ik_addr *a)
{
    char text[IK_ADDR_TEXT];
    struct ik_addr bare = *a;
    bare.scope = 0; /* it means nothing to a rule */
    put(r, ik_addr_text(&bare, text));
}

/* " ip saddr ADDRESS", nothing for an address that is of no family. */
static void put_end(struct rule *r, const char *which, const struct ik_addr *a)
{
    if (!a->family)
        return;
    put(r, r->family == 4 ? " ip " : " ip6 ");
    put(r, which);
    put(r, " ");
    put_addr(r, a);
}

/* A source counts by what it can take: in IPv6 a /64, unless that is the link itself. */
static void put_source(struct rule *r)
{
    enum { NET_BYTES = 8 };
    struct ik_addr a = r->f->src;
    if (a.family != 6 || ik_addr_is_link_local(&a)) {
        put_end(r, "saddr", &a);
        return;
    }
    memset(a.bytes + NET_BYTES, 0, sizeof(a.bytes) - NET_BYTES);
    put_end(r, "saddr", &a);
    put(r, "/64");
}

/* ---- types ----------------------------------------------------------------------------------- */

static bool is_group(const struct ik_addr *a)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    return ik_addr_is_multicast(a) || (a->family == 4 && !memcmp(a->bytes, all, sizeof(all)));
}

static bool is_too_big(const struct rule *r)
{
    const struct ik_finding *f = r->f;
    return r->family == 4 ? f->type == TYPE4_UNREACH && f->code == CODE4_FRAG_NEEDED
                          : f->type == TYPE6_TOO_BIG;
}

/* What a link cannot live without: listeners, neighbours and routers, and their successors (RFC
 * 4890 section 4.4.1). */
static bool is_of_link(const struct rule *r)
{
    const uint8_t t = r->f->type;
    return r->family == 6 && ((t >= 130 && t <= 137) || t == 141 || t == 142 || t == 143 ||
                              t == 148 || t == 149 || (t >= 151 && t <= 153));
}

/* RFC 4890 section 4.3.1: never dropped outright. */
static bool only_limited(const struct rule *r)
{
    const uint8_t t = r->f->type;
    return r->family == 6 &&
           (t <= TYPE6_ERROR_LAST || t == IK_ICMP6_ECHO || t == IK_ICMP6_ECHO_REPLY);
}

/* Names as nftables spells them; other types go as numbers. */
static const char *type_name(uint8_t family, uint8_t type)
{
    static const struct {
        uint8_t family, type;
        const char *name;
    } names[] = {
        {4, 0, "echo-reply"},           {4, 3, "destination-unreachable"},
        {4, 4, "source-quench"},        {4, 5, "redirect"},
        {4, 8, "echo-request"},         {4, 9, "router-advertisement"},
        {4, 10, "router-solicitation"}, {4, 11, "time-exceeded"},
        {4, 12, "parameter-problem"},   {4, 13, "timestamp-request"},
        {4, 14, "timestamp-reply"},     {4, 17, "address-mask-request"},
        {4, 18, "address-mask-reply"},  {6, 1, "destination-unreachable"},
        {6, 3, "time-exceeded"},        {6, 4, "parameter-problem"},
        {6, 128, "echo-request"},       {6, 129, "echo-reply"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (names[i].family == family && names[i].type == type)
            return names[i].name;
    }
    return NULL;
}

static void put_type(struct rule *r)
{
    const char *name = type_name(r->family, r->f->type);
    put(r, r->family == 4 ? " icmp type " : " icmpv6 type ");
    if (name)
        put(r, name);
    else
        ik_fmt_put_u64(&r->w, r->f->type);
}

/* The finding's type, or those that may be limited where it is about several; what fragmentation
 * needed shares its type with is limited without it. */
static void put_limited_types(struct rule *r)
{
    if (r->f->family)
        put_type(r);
    else
        put(r, r->family == 4 ? " icmp type != destination-unreachable"
                              : " icmpv6 type { echo-request, echo-reply }");
    if (r->f->family && r->family == 4 && r->f->type == TYPE4_UNREACH)
        put(r, " icmp code != frag-needed");
}

/* ---- remedies, each false where there is no rule --------------------------------------------- */

static bool limit_source(struct rule *r)
{
    if (!r->f->src.family || (r->f->family && (is_of_link(r) || is_too_big(r))))
        return false;
    put_source(r);
    put_limited_types(r);
    put(r, limit);
    return true;
}

static bool limit_dst(struct rule *r)
{
    if (!r->f->dst.family || (r->f->family && (is_of_link(r) || is_too_big(r))))
        return false;
    put_end(r, "daddr", &r->f->dst);
    put_limited_types(r);
    put(r, " meter guard_"); /* a name of its own: the rules of two findings share no counters */
    ik_fmt_put_u64(&r->w, r->f->id);
    put(r, r->family == 4 ? " { ip saddr" : " { ip6 saddr and ffff:ffff:ffff:ffff::");
    put(r, " limit rate over 10/second burst 20 packets } drop");
    return true;
}

static bool limit_unknown(struct rule *r)
{
    put_end(r, "daddr", &r->f->dst);
    if (r->family == 4)
        put(r, " icmp type { destination-unreachable, time-exceeded, parameter-problem }"
               " icmp code != frag-needed");
    else
        put(r, " icmpv6 type { destination-unreachable, time-exceeded, parameter-problem }");
    put(r, " ct state invalid");
    put(r, limit);
    return true;
}

static bool block_pair(struct rule *r)
{
    const char *const ends[] = {"saddr", "daddr"};
    if (!r->f->src.family || !r->f->dst.family)
        return false;
    for (int i = 0; i < 2; i++) {
        put(r, r->family == 4 ? " ip " : " ip6 ");
        put(r, ends[i]);
        put(r, " { ");
        put_addr(r, &r->f->src);
        put(r, ", ");
        put_addr(r, &r->f->dst);
        put(r, " }");
    }
    put(r, r->family == 4 ? " icmp" : " icmpv6");
    put(r, " type { echo-request, echo-reply }");
    put(r, r->family == 4 ? " drop" : " limit rate over 1/second burst 5 packets drop");
    return true;
}

static bool drop_type(struct rule *r)
{
    const struct ik_finding *f = r->f;
    if (!f->family || is_of_link(r) || is_too_big(r))
        return false;
    put_source(r);
    put_type(r);
    if (f->code || (r->family == 4 && f->type == TYPE4_UNREACH)) {
        put(r, r->family == 4 ? " icmp code " : " icmpv6 code ");
        ik_fmt_put_u64(&r->w, f->code);
    }
    put(r, only_limited(r) ? limit : " drop");
    return true;
}

/* For a chain that stands before fragments are put together (priority below -400). No message that
 * may not be dropped is long enough to be cut up (RFC 1812 section 4.3.2.3, RFC 6980). Of oversized
 * ones those go whose offset no datagram of less than 64,000 bytes has: rules cannot add. Of others
 * some are let through: the source may be forged, and have honest ones to send. */
static bool drop_fragment(struct rule *r)
{
    const bool oversize = r->f->detector == IK_DETECT_FRAG_OVERSIZE;
    if (!oversize && !r->f->src.family)
        return false;
    if (oversize)
        put_end(r, "daddr", &r->f->dst);
    else
        put_source(r);
    if (r->family == 4) {
        put(r, " ip protocol icmp ip frag-off & ");
        put(r, oversize ? "0x1fff > 7999" : "0x3fff != 0");
    } else {
        put(r, " frag nexthdr icmpv6");
        put(r, oversize ? " frag frag-off > 7999" : "");
    }
    put(r, oversize ? " drop" : limit);
    return true;
}

/* Of either what was asked in a group's name, or what a group was asked. */
static bool drop_broadcast(struct rule *r)
{
    const char *which = is_group(&r->f->src) ? "saddr" : "daddr";
    if (r->family == 4) {
        put(r, " icmp type { echo-request, echo-reply } fib ");
        put(r, which);
        put(r, " type { broadcast, multicast } drop");
        return true;
    }
    put(r, " ip6 ");
    put(r, which);
    put(r, " ff00::/8 icmpv6 type { echo-request, echo-reply }");
    put(r, limit);
    return true;
}

/* What cannot be true is no report of a path MTU. 0 is what routers older than RFC 1191 send. */
static bool drop_mtu(struct rule *r)
{
    const bool set = r->f->limit == IK_LIM_MTU4 && r->f->threshold >= MTU4_LEAST;
    if (r->family == 6) {
        put(r, " icmpv6 type packet-too-big icmpv6 mtu < ");
        ik_fmt_put_i64(&r->w, ik_limit_row(IK_LIM_MTU6)->value);
    } else {
        put(r, " icmp type destination-unreachable icmp code frag-needed icmp mtu 1-");
        ik_fmt_put_i64(&r->w,
                       (set ? (int64_t)r->f->threshold : ik_limit_row(IK_LIM_MTU4)->value) - 1);
    }
    put(r, " drop");
    return true;
}

/* RFC 4861 section 6.1.2 and others: what came through a router is no neighbour discovery. */
static bool drop_hop_limit(struct rule *r)
{
    if (r->family == 4)
        return false;
    put(r, " icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit,"
           " nd-neighbor-advert, nd-redirect } ip6 hoplimit != 255 drop");
    return true;
}

static bool no_rule(struct rule *r)
{
    (void)r;
    return false;
}

/* By one detector. */
static void put_rule(const struct ik_finding *f, char buf[static IK_RULE_TEXT])
{
    static bool (*const rules[])(struct rule *) = {
        [IK_REMEDY_NONE] = no_rule,
        [IK_REMEDY_LIMIT_SOURCE] = limit_source,
        [IK_REMEDY_LIMIT_DST] = limit_dst,
        [IK_REMEDY_LIMIT_UNKNOWN] = limit_unknown,
        [IK_REMEDY_BLOCK_PAIR] = block_pair,
        [IK_REMEDY_DROP_TYPE] = drop_type,
        [IK_REMEDY_DROP_FRAGMENT] = drop_fragment,
        [IK_REMEDY_DROP_BROADCAST] = drop_broadcast,
        [IK_REMEDY_DROP_MTU] = drop_mtu,
        [IK_REMEDY_DROP_HOP_LIMIT] = drop_hop_limit,
    };
    struct rule r = {.f = f, .family = f->src.family};
    if (f->dst.family)
        r.family = f->dst.family;
    if (f->family)
        r.family = f->family;
    ik_wr_init(&r.w, (uint8_t *)buf, IK_RULE_TEXT - 1);
    buf[0] = '\0';
    if (!r.family || (unsigned)f->remedy >= sizeof(rules) / sizeof(*rules) || !rules[f->remedy](&r))
        return;
    /* Each begins with a blank. A rule that does not fit would be another rule. */
    const size_t n = r.w.overflow ? 1 : r.w.used;
    memmove(buf, buf + 1, n - 1);
    buf[n - 1] = '\0';
}

const char *ik_finding_rule(const struct ik_finding *f, char buf[static IK_RULE_TEXT])
{
    struct ik_finding voice;
    buf[0] = '\0';
    for (size_t i = 0; !buf[0] && ik_finding_voice(f, i, &voice); i++)
        put_rule(&voice, buf);
    return buf;
}
