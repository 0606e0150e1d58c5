/* SPDX-License-Identifier: MIT
 * Our table in the language of nftables.
 *
 * The first rules of the chain `in` take what can be true of nothing; the next let pass what may
 * never be stopped, so that no rule that follows them sees neighbour discovery, packet too big or
 * fragmentation needed, nor anything of those who are spared. Every rule is about ICMP. In IPv6 no
 * rule drops errors or echo: they are limited (RFC 4890 section 4.3.1). */
#include "daemon/nft_lines.h"

#include "base/fmt.h"

#define T "inet " IK_NFT_TABLE
#define SET(name, type, flags) \
    "add set " T " " name " { type " type "; size 16384; flags " flags "; timeout 10m; }"
/* What the limits count with; full, it lets pass. */
#define METER(name, type) \
    "add set " T " " name " { type " type "; size 65535; flags dynamic,timeout; timeout 10s; }"
#define CHAIN(name, hook, priority) \
    "add chain " T " " name " { type filter hook " hook " priority " priority "; policy accept; }"
#define RULE(chain, match, kind) \
    "add rule " T " " chain " " match " counter name stopped_" kind " drop"
#define PASS(chain, match) "add rule " T " " chain " " match " accept"
#define COUNTER(kind) "add counter " T " stopped_" kind

#define TEN "limit rate over 10/second burst 20 packets"
#define ONE "limit rate over 1/second burst 5 packets"
#define ALL "limit rate over 500/second burst 500 packets"
#define NET "ip6 saddr & ffff:ffff:ffff:ffff::"
#define ECHO4 "icmp type { echo-request, echo-reply }"
#define ECHO6 "icmpv6 type { echo-request, echo-reply }"
#define ERRORS4 "icmp type { destination-unreachable, time-exceeded, parameter-problem }"
#define ERRORS6 "icmpv6 type { destination-unreachable, time-exceeded, parameter-problem }"
#define ND \
    "nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, nd-redirect"
#define LINK6 \
    "130, 131, 132, " ND ", 141, 142, 143, 148, 149, 151, 152, 153" /* RFC 4890 section 4.4.1 */

static const char *const table_lines[] = {
#define X(id, name, key, text) COUNTER(name),
    IK_ORDER_KINDS(X)
#undef X
        SET("limit4", "ipv4_addr . icmp_type", "timeout"),
    SET("limit6", "ipv6_addr . icmpv6_type", "interval,timeout"),
    SET("flood4", "ipv4_addr . icmp_type", "timeout"),
    SET("flood6", "ipv6_addr . icmpv6_type", "timeout"),
    SET("unknown4", "ipv4_addr", "timeout"),
    SET("unknown6", "ipv6_addr", "timeout"),
    SET("pair4", "ipv4_addr . ipv4_addr", "timeout"),
    SET("slow4", "ipv4_addr . ipv4_addr", "timeout"),
    SET("slow6", "ipv6_addr . ipv6_addr", "timeout"),
    SET("kind4", "ipv4_addr . icmp_type . icmp_code", "timeout"),
    SET("kind6", "ipv6_addr . icmpv6_type . icmpv6_code", "interval,timeout"),
    SET("oversize4", "ipv4_addr", "timeout"),
    SET("oversize6", "ipv6_addr", "timeout"),
    SET("fragment4", "ipv4_addr", "timeout"),
    SET("fragment6", "ipv6_addr", "interval,timeout"),
    SET("group4", "ipv4_addr", "timeout"),
    SET("group6", "ipv6_addr", "timeout"),
    SET("mtu4", "ipv4_addr", "timeout"),
    SET("mtu6", "ipv6_addr", "timeout"),
    SET("hops6", "ipv6_addr", "interval,timeout"),

    /* Those whom nothing here is for. */
    "add set " T " spared4 { type ipv4_addr; flags interval; auto-merge; }",
    "add set " T " spared6 { type ipv6_addr; flags interval; auto-merge; }",

    METER("rate4", "ipv4_addr . icmp_type"),
    METER("rate6", "ipv6_addr"),
    METER("each4", "ipv4_addr"),
    METER("each6", "ipv6_addr"),
    METER("all4", "ipv4_addr . icmp_type"),
    METER("all6", "ipv6_addr . icmpv6_type"),
    METER("parts4", "ipv4_addr"),
    METER("parts6", "ipv6_addr"),
    METER("pace4", "ipv4_addr . ipv4_addr"),
    METER("pace6", "ipv6_addr . ipv6_addr"),
    METER("asked6", "ipv6_addr"),

    /* Before fragments are put together: no message that may not be dropped is long enough to be
     * cut up (RFC 1812 section 4.3.2.3, RFC 6980). */
    CHAIN("early", "prerouting", "-450"),
    PASS("early", "ip saddr @spared4"),
    PASS("early", "ip6 saddr @spared6"),
    RULE("early", "ip daddr @oversize4 ip protocol icmp ip frag-off & 0x1fff > 7999", "oversize"),
    RULE("early", "ip6 daddr @oversize6 frag nexthdr icmpv6 frag frag-off > 7999", "oversize"),
    RULE("early",
         "ip saddr @fragment4 ip protocol icmp ip frag-off & 0x3fff != 0"
         " update @parts4 { ip saddr " TEN " }",
         "fragment"),
    RULE("early",
         "ip6 saddr @fragment6 frag nexthdr icmpv6"
         " update @parts6 { " NET " " TEN " }",
         "fragment"),

    CHAIN("in", "prerouting", "-140"), /* after the flows are known */
    RULE("in",
         "ip daddr @mtu4 icmp type destination-unreachable icmp code frag-needed icmp mtu 1-551",
         "mtu"),
    RULE("in", "ip6 daddr @mtu6 icmpv6 type packet-too-big icmpv6 mtu < 1280", "mtu"),
    RULE("in", "ip6 saddr @hops6 icmpv6 type { " ND " } ip6 hoplimit != 255", "hops"),
    PASS("in", "icmp type destination-unreachable icmp code frag-needed"),
    PASS("in", "icmpv6 type { packet-too-big, " LINK6 " }"),
    PASS("in", "ip saddr @spared4"),
    PASS("in", "ip6 saddr @spared6"),
    RULE("in", "ip saddr . icmp type . icmp code @kind4", "kind"),
    RULE("in", "ip6 saddr . icmpv6 type . icmpv6 code @kind6", "kind"),
    RULE("in", "ip saddr . ip daddr @pair4 " ECHO4, "pair"),
    RULE("in", "ip saddr . ip daddr @slow4 " ECHO4 " update @pace4 { ip saddr . ip daddr " ONE " }",
         "slow"),
    RULE("in",
         "ip6 saddr . ip6 daddr @slow6 " ECHO6 " update @pace6 { ip6 saddr . ip6 daddr " ONE " }",
         "slow"),
    RULE("in", "ip saddr @group4 " ECHO4, "group"),
    RULE("in", "ip daddr @group4 " ECHO4, "group"),
    RULE("in", "ip6 daddr @group6 " ECHO6 " update @asked6 { ip6 daddr " TEN " }", "group"),
    RULE("in",
         "ip saddr . icmp type @limit4"
         " update @rate4 { ip saddr . icmp type " TEN " }",
         "limit"),
    RULE("in",
         "ip6 saddr . icmpv6 type @limit6"
         " update @rate6 { " NET " " TEN " }",
         "limit"),
    RULE("in", "ip daddr . icmp type @flood4 update @each4 { ip saddr " TEN " }", "flood"),
    RULE("in", "ip6 daddr . icmpv6 type @flood6 update @each6 { " NET " " TEN " }", "flood"),
    RULE("in", "ip daddr . icmp type @flood4 update @all4 { ip daddr . icmp type " ALL " }",
         "flood"),
    RULE("in", "ip6 daddr . icmpv6 type @flood6 update @all6 { ip6 daddr . icmpv6 type " ALL " }",
         "flood"),

    CHAIN("out", "output", "-140"),
    RULE("out", "ip saddr . ip daddr @pair4 " ECHO4, "pair"),
    RULE("out",
         "ip saddr . ip daddr @slow4 " ECHO4 " update @pace4 { ip saddr . ip daddr " ONE " }",
         "slow"),
    RULE("out",
         "ip6 saddr . ip6 daddr @slow6 " ECHO6 " update @pace6 { ip6 saddr . ip6 daddr " ONE " }",
         "slow"),
};

/* Only when they are asked for: the kernel begins to follow all flows with them. */
static const char *const flow_lines[] = {
    METER("strange4", "ipv4_addr"),
    METER("strange6", "ipv6_addr"),
    RULE("in",
         "ip daddr @unknown4 " ERRORS4 " ct state invalid update @strange4 { ip daddr " TEN " }",
         "unknown"),
    RULE("in",
         "ip6 daddr @unknown6 " ERRORS6 " ct state invalid update @strange6 { ip6 daddr " TEN " }",
         "unknown"),
};

/* ---- lines ----------------------------------------------------------------------------------- */

static void put_all(struct ik_wr *w, const char *const *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ik_fmt_put_text(w, i ? "; " : "");
        ik_fmt_put_text(w, lines[i]);
    }
}

static const char *ended(struct ik_wr *w)
{
    if (!w->overflow)
        ik_wr_put8(w, 0);
    return w->overflow ? NULL : (const char *)w->p;
}

const char *ik_nft_lines_table(bool owned, char *buf, size_t cap)
{
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, cap);
    ik_fmt_put_text(&w, "add table " T "; delete table " T "; add table " T " { ");
    ik_fmt_put_text(&w, owned ? "flags owner; " : "");
    ik_fmt_put_text(&w, "comment \"icmp guard\"; }; ");
    put_all(&w, table_lines, sizeof(table_lines) / sizeof(*table_lines));
    return ended(&w);
}

const char *ik_nft_lines_flows(char *buf, size_t cap)
{
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, cap);
    put_all(&w, flow_lines, sizeof(flow_lines) / sizeof(*flow_lines));
    return ended(&w);
}

/* ---- elements -------------------------------------------------------------------------------- */

static void put_prefix(struct ik_wr *w, const struct ik_prefix *p)
{
    char text[IK_ADDR_TEXT];
    struct ik_addr bare = p->addr;
    bare.scope = 0; /* it means nothing to a set */
    ik_fmt_put_text(w, ik_addr_text(&bare, text));
    if (p->bits < 8 * ik_addr_bytes(bare.family)) {
        ik_wr_put8(w, '/');
        ik_fmt_put_u64(w, p->bits);
    }
}

static void put_key(struct ik_wr *w, const struct ik_order *o, const struct ik_prefix *first,
                    const struct ik_prefix *second)
{
    const enum ik_order_key key = ik_order_key(o->kind);
    put_prefix(w, first);
    if (key == IK_ORDER_KEY_PAIR) {
        ik_fmt_put_text(w, " . ");
        put_prefix(w, second);
    }
    if (key == IK_ORDER_KEY_TYPE || key == IK_ORDER_KEY_CODE) {
        ik_fmt_put_text(w, " . ");
        ik_fmt_put_u64(w, o->type);
    }
    if (key == IK_ORDER_KEY_CODE) {
        ik_fmt_put_text(w, " . ");
        ik_fmt_put_u64(w, o->code);
    }
}

static void put_command(struct ik_wr *w, const char *verb, const struct ik_order *o, bool timeout)
{
    const struct ik_prefix *ends[] = {&o->who, &o->other};
    const int n = ik_order_key(o->kind) == IK_ORDER_KEY_PAIR ? 2 : 1;
    ik_fmt_put_text(w, verb);
    ik_fmt_put_text(w, " element " T " ");
    ik_fmt_put_text(w, ik_order_name(o->kind));
    ik_fmt_put_text(w, o->who.addr.family == 4 ? "4 { " : "6 { ");
    for (int i = 0; i < n; i++) {
        ik_fmt_put_text(w, i ? ", " : "");
        put_key(w, o, ends[i], ends[1 - i]);
        if (!timeout)
            continue;
        ik_fmt_put_text(w, " timeout ");
        ik_fmt_put_u64(w, o->seconds);
        ik_wr_put8(w, 's');
    }
    ik_fmt_put_text(w, " }");
}

const char *ik_nft_lines_add(const struct ik_order *o, char buf[static IK_NFT_LINE])
{
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, IK_NFT_LINE);
    /* What is there keeps its timeout when it is added again, so it goes first; and only what is
     * there can be deleted. */
    put_command(&w, "add", o, false);
    ik_fmt_put_text(&w, "; ");
    put_command(&w, "delete", o, false);
    ik_fmt_put_text(&w, "; ");
    put_command(&w, "add", o, true);
    return ended(&w);
}

const char *ik_nft_lines_spare(const struct ik_prefix *who, char buf[static IK_NFT_LINE])
{
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, IK_NFT_LINE);
    ik_fmt_put_text(&w, "add element " T);
    ik_fmt_put_text(&w, who->addr.family == 4 ? " spared4 { " : " spared6 { ");
    put_prefix(&w, who);
    ik_fmt_put_text(&w, " }");
    return ended(&w);
}

const char *ik_nft_lines_remove(const struct ik_order *o, char buf[static IK_NFT_LINE])
{
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)buf, IK_NFT_LINE);
    put_command(&w, "add", o, false);
    ik_fmt_put_text(&w, "; ");
    put_command(&w, "delete", o, false);
    return ended(&w);
}
