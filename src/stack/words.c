/* SPDX-License-Identifier: MIT */
#include "stack/words.h"

#include "base/bytes.h"
#include "base/fmt.h"
#include "base/rd.h"

#include <string.h>

void ik_words_put_addr(struct ik_wr *w, const struct ik_addr *a)
{
    char text[IK_ADDR_TEXT];
    ik_fmt_put_text(w, ik_addr_text(a, text));
}

/* Of neighbour discovery: whose address it is about (RFC 4861 sections 4.3 and 4.4). */
static void put_target(struct ik_wr *w, struct ik_rd message)
{
    enum { TARGET_AT = 8, TARGET = 16 };
    struct ik_addr a = {.family = 6};
    if (message.left < TARGET_AT + TARGET)
        return;
    memcpy(a.bytes, message.p + TARGET_AT, TARGET);
    ik_fmt_put_text(w, " for ");
    ik_words_put_addr(w, &a);
}

static void put_icmp(struct ik_wr *w, const struct ik_ip *ip, uint8_t family)
{
    char text[64];
    ik_fmt_put_text(w, family == 4 ? " ICMP" : " ICMPv6");
    if (ip->payload.left < 2 || ip->offset_bytes)
        return;
    const uint8_t type = ip->payload.p[0], code = ip->payload.p[1];
    ik_fmt_put_text(w, " ");
    ik_fmt_put_u64(w, type);
    ik_fmt_put_text(w, "/");
    ik_fmt_put_u64(w, code);
    ik_fmt_put_text(w, " ");
    ik_fmt_put_text(w, ik_icmp_name(family, type, code, text, sizeof(text)));
    if (family == 6 && (type == IK_ICMP6_NEIGHBOR_SOL || type == IK_ICMP6_NEIGHBOR_ADV))
        put_target(w, ip->payload);
}

static void put_proto(struct ik_wr *w, const struct ik_ip *ip)
{
    const bool ports = ip->payload.left >= 4 && ip->offset_bytes == 0;
    if (ip->proto == IK_PROTO_ICMP4 && ip->version == 4) {
        put_icmp(w, ip, 4);
    } else if (ip->proto == IK_PROTO_ICMP6 && ip->version == 6) {
        put_icmp(w, ip, 6);
    } else if (ip->proto == IK_PROTO_UDP || ip->proto == IK_PROTO_TCP) {
        ik_fmt_put_text(w, ip->proto == IK_PROTO_UDP ? " UDP" : " TCP");
        if (ports) {
            ik_fmt_put_text(w, " to port ");
            ik_fmt_put_u64(w, ik_load_be16(ip->payload.p + 2));
        }
    } else {
        ik_fmt_put_text(w, " protocol ");
        ik_fmt_put_u64(w, ip->proto);
    }
    if (ip->fragment) {
        ik_fmt_put_text(w, ", fragment at ");
        ik_fmt_put_u64(w, ip->offset_bytes);
    }
}

void ik_words_put_packet(struct ik_wr *w, const struct ik_ip *ip)
{
    ik_words_put_addr(w, &ip->src);
    ik_fmt_put_text(w, " > ");
    ik_words_put_addr(w, &ip->dst);
    put_proto(w, ip);
    ik_fmt_put_text(w, ip->version == 4 ? ", TTL " : ", hop limit ");
    ik_fmt_put_u64(w, ip->ttl);
    ik_fmt_put_text(w, ", ");
    ik_fmt_put_u64(w, ip->total_bytes);
    ik_fmt_put_text(w, " bytes");
}

static void put_mac(struct ik_wr *w, const uint8_t *mac)
{
    for (size_t i = 0; i < 6; i++) {
        if (i)
            ik_fmt_put_text(w, ":");
        ik_fmt_put_hex(w, (struct ik_rd){mac + i, 1});
    }
}

static struct ik_addr addr4(const uint8_t *p)
{
    struct ik_addr a = {.family = 4};
    memcpy(a.bytes, p, 4);
    return a;
}

void ik_words_put_arp(struct ik_wr *w, struct ik_rd arp)
{
    enum { BYTES = 28, OP_AT = 6, SENDER_MAC = 8, SENDER = 14, TARGET = 24, REQUEST = 1 };
    if (arp.left < BYTES) {
        ik_fmt_put_text(w, "ARP, cut short");
        return;
    }
    const struct ik_addr sender = addr4(arp.p + SENDER), target = addr4(arp.p + TARGET);
    if (ik_load_be16(arp.p + OP_AT) == REQUEST) {
        ik_fmt_put_text(w, "ARP: who has ");
        ik_words_put_addr(w, &target);
        ik_fmt_put_text(w, "? asks ");
        ik_words_put_addr(w, &sender);
    } else {
        ik_fmt_put_text(w, "ARP: ");
        ik_words_put_addr(w, &sender);
        ik_fmt_put_text(w, " is at ");
        put_mac(w, arp.p + SENDER_MAC);
    }
}

void ik_words_put_frame(struct ik_wr *w, struct ik_rd frame)
{
    enum { ETHER = 14, TYPE_AT = 12, ARP = 0x0806 };
    const struct ik_rd l3 = ik_rd_from(frame, frame.left < ETHER ? frame.left : ETHER);
    struct ik_ip ip;
    if (frame.left >= ETHER && ik_load_be16(frame.p + TYPE_AT) == ARP)
        ik_words_put_arp(w, l3);
    else if (ik_ip_decode(&ip, l3, NULL) == IK_OK)
        ik_words_put_packet(w, &ip);
    else
        ik_fmt_put_text(w, "no packet");
}
