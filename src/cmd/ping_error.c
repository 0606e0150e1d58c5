/* SPDX-License-Identifier: MIT
 * ICMP errors in the words of iputils, which scripts look for. */
#include "ping.h"

#include <icmpkit/wire.h>

#include <stdio.h>

struct phrase {
    uint8_t type, code;
    const char *text;
};

static const struct phrase v4[] = {
    {3, 0, "Destination Net Unreachable"},
    {3, 1, "Destination Host Unreachable"},
    {3, 2, "Destination Protocol Unreachable"},
    {3, 3, "Destination Port Unreachable"},
    {3, 5, "Source Route Failed"},
    {3, 6, "Destination Net Unknown"},
    {3, 7, "Destination Host Unknown"},
    {3, 8, "Source Host Isolated"},
    {3, 9, "Destination Net Prohibited"},
    {3, 10, "Destination Host Prohibited"},
    {3, 11, "Destination Net Unreachable for Type of Service"},
    {3, 12, "Destination Host Unreachable for Type of Service"},
    {3, 13, "Packet filtered"},
    {3, 14, "Precedence Violation"},
    {3, 15, "Precedence Cutoff"},
    {4, 0, "Source Quench"},
    {5, 0, "Redirect Network"},
    {5, 1, "Redirect Host"},
    {5, 2, "Redirect Type of Service and Network"},
    {5, 3, "Redirect Type of Service and Host"},
    {11, 0, "Time to live exceeded"},
    {11, 1, "Frag reassembly time exceeded"},
};

static const struct phrase v6[] = {
    {1, 0, "Destination unreachable: No route"},
    {1, 1, "Destination unreachable: Administratively prohibited"},
    {1, 2, "Destination unreachable: Beyond scope of source address"},
    {1, 3, "Destination unreachable: Address unreachable"},
    {1, 4, "Destination unreachable: Port unreachable"},
    {1, 5, "Destination unreachable: Source address failed ingress/egress policy"},
    {1, 6, "Destination unreachable: Reject route to destination"},
    {3, 0, "Time exceeded: Hop limit"},
    {3, 1, "Time exceeded: Defragmentation failure"},
    {4, 0, "Parameter problem: Wrong header field "},
    {4, 1, "Parameter problem: Unknown header "},
    {4, 2, "Parameter problem: Unknown option "},
};

static const char *phrase(const struct phrase *rows, size_t n, int64_t type, int64_t code)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].type == type && rows[i].code == code)
            return rows[i].text;
    }
    return NULL;
}

static int64_t or_zero(int64_t v)
{
    return v < 0 ? 0 : v;
}

static void print_redirect(struct ik_line *l, const struct ik_rec_icmp_error *e, const char *text)
{
    if (text)
        ik_line_str(l, text);
    else
        ik_line_fmt(l, "Redirect, Bad Code: %d", (int)e->code);
    ik_line_str(l, "(New nexthop: ");
    ik_line_host(l, &e->gateway);
    ik_line_str(l, ")");
}

static void print_v4(struct ik_line *l, const struct ik_rec_icmp_error *e)
{
    const char *text = phrase(v4, sizeof v4 / sizeof *v4, e->type, e->code);
    if (e->type == 5)
        print_redirect(l, e, text);
    else if (e->type == 3 && e->code == 4)
        ik_line_fmt(l, "Frag needed and DF set (mtu = %lld)", (long long)or_zero(e->mtu));
    else if (e->type == 4)
        ik_line_str(l, "Source Quench");
    else if (e->type == 12)
        ik_line_fmt(l, "Parameter problem: pointer = %lld", (long long)or_zero(e->pointer));
    else if (text)
        ik_line_str(l, text);
    else if (e->type == 3)
        ik_line_fmt(l, "Dest Unreachable, Bad Code: %d", (int)e->code);
    else if (e->type == 11)
        ik_line_fmt(l, "Time exceeded, Bad Code: %d", (int)e->code);
    else
        ik_line_fmt(l, "Bad ICMP type: %d", (int)e->type);
}

static void print_v6(struct ik_line *l, const struct ik_rec_icmp_error *e)
{
    const char *text = phrase(v6, sizeof v6 / sizeof *v6, e->type, e->code);
    if (text)
        ik_line_str(l, text);
    else if (e->type == 1)
        ik_line_fmt(l, "Destination unreachable: Unknown code %d", (int)e->code);
    else if (e->type == 3)
        ik_line_fmt(l, "Time exceeded: code %d", (int)e->code);
    else if (e->type == 4)
        ik_line_fmt(l, "Parameter problem: code %d ", (int)e->code);
    else if (e->type != 2)
        ik_line_fmt(l, "unknown icmp type: %d", (int)e->type);
    if (e->type == 2) {
        ik_line_fmt(l, "Packet too big: mtu=%lld", (long long)or_zero(e->mtu));
        if (e->code)
            ik_line_fmt(l, ", code=%d", (int)e->code);
    } else if (e->type == 4) {
        ik_line_fmt(l, "at %lld", (long long)or_zero(e->pointer));
    }
}

void ik_ping_error_print(struct ik_line *l, const struct ik_rec_icmp_error *e)
{
    if (e->family == 4)
        print_v4(l, e);
    else
        print_v6(l, e);
}

void ik_ping_error_quote(struct ik_line *l, struct ik_rd quote)
{
    struct ik_ip ip;
    if (ik_ip_decode_quoted(&ip, quote, NULL) || ip.version != 4)
        return;
    const unsigned flags = (ip.df ? 2u : 0) | (ip.mf ? 1u : 0);
    ik_line_str(l, "\nVr HL TOS  Len   ID Flg  off TTL Pro  cks      Src      Dst Data\n");
    ik_line_fmt(l, " %1x  %1x  %02x %04x %04x", ip.version, ip.header_bytes / 4, ip.tos,
                ip.total_bytes, ip.id);
    ik_line_fmt(l, "   %1x %04x", flags, ip.offset_bytes / 8u);
    ik_line_fmt(l, "  %02x  %02x %04x ", ip.ttl, ip.proto, ip.checksum);
    ik_line_addr(l, &ip.src);
    ik_line_str(l, "  ");
    ik_line_addr(l, &ip.dst);
    ik_line_str(l, " ");
}
