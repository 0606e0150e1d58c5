/* SPDX-License-Identifier: MIT
 * IP packets inside ICMP messages that are no errors (D10): behind the 8 bytes of the header, or
 * behind the 4, 5 or 6 more of a tunnel's own. An IPv4 header whose length is exactly what is left,
 * and whose checksum holds, is no chance; IPv6 has no checksum, so that one packet says less. */
#include "base/rd.h"
#include "detect/payload.h"
#include "detect/tally.h"

enum { REST_BYTES = 4, IP4_MIN = 20, IP6_MIN = 40 };

/* What follows IPv6 in a packet that somebody would send through a tunnel. */
static bool is_carried(uint8_t proto)
{
    return ik_ip6ext_is(proto) || proto == IK_PROTO_TCP || proto == IK_PROTO_UDP ||
           proto == IK_PROTO_ICMP6 || proto == IK_PROTO_ESP || proto == IK_PROTO_NONE;
}

static bool has_length(struct ik_rd d, uint32_t n)
{
    switch (d.p[0] >> 4) {
    case 4:
        return ik_load_be16(d.p + 2) == n;
    case 6:
        return d.left >= IP6_MIN && (uint32_t)ik_load_be16(d.p + 4) + IP6_MIN == n;
    default:
        return false;
    }
}

/* True when `d`, of which n bytes were on the wire, is an IP packet and nothing more. */
static bool is_packet(struct ik_rd d, uint32_t n)
{
    struct ik_ip ip;
    if (d.left < IP4_MIN || !has_length(d, n) || ik_ip_decode(&ip, d, NULL) || !ip.checksum_ok)
        return false;
    return ip.version == 4 || (is_carried(ip.next_header) && !ik_addr_is_multicast(&ip.src));
}

/* Where in the message it begins; false: there is none. */
static bool find(const struct ik_sight *s, struct ik_rd *out)
{
    static const uint8_t at[] = {0, 4, 5, 6};
    const struct ik_look_packet *p = s->p;
    const struct ik_rd body = ik_rd_from(p->icmp.raw, REST_BYTES);
    const uint32_t before = (uint32_t)(body.p - p->ip_bytes.p);
    const bool cut = p->ip.truncated && p->ip.total_bytes > before;
    const uint32_t all = cut ? p->ip.total_bytes - before : (uint32_t)body.left;
    for (size_t i = 0; i < sizeof(at); i++) {
        *out = ik_rd_from(body, at[i]);
        if (out->left && (out->p[0] >> 4 == 4 || out->p[0] >> 4 == 6) && all > at[i] &&
            is_packet(*out, all - at[i]))
            return true;
    }
    return false;
}

/* At a glance: whether the first half of one of the four octets where a packet may begin is 4 or 6,
 * which is to say that one of them is zero when that is taken away. */
static bool may_begin(const uint8_t *body)
{
    const uint32_t four = (uint32_t)body[0] << 24 | (ik_load_be32(body + 4) >> 8);
    const uint32_t odd = (four & 0xd0d0d0d0) ^ 0x40404040;
    return (odd - 0x01010101) & ~odd & 0x80808080;
}

static void report(struct ik_sight *s, struct ik_rd bytes, uint32_t n)
{
    const int64_t limit = s->cfg->limits[IK_LIM_INNER_PACKETS];
    struct ik_report r = ik_payload_report(s, IK_DETECT_IP_IN_ICMP);
    const bool many = n >= limit;
    r.severity = many                   ? IK_SEVERITY_HIGH
                 : bytes.p[0] >> 4 == 4 ? IK_SEVERITY_MEDIUM
                                        : IK_SEVERITY_LOW;
    r.window = IK_TALLY_WINDOW;
    r.value = n;
    r.threshold = (double)limit;
    r.limit = IK_LIM_INNER_PACKETS;
    r.why = "Whole IP packets travel inside ICMP messages.";
    r.remedy = many ? IK_REMEDY_BLOCK_PAIR : IK_REMEDY_NONE;
    r.bytes = bytes;
    ik_book_report(s->book, s->now, &r);
    s->tunnel = true;
}

/* Apart, so that most messages, of which a glance is enough, are not kept. */
static __attribute__((noinline)) void search(void *state, struct ik_sight *s)
{
    struct ik_rd bytes;
    const struct ik_icmp *m = &s->p->icmp;
    if ((!s->is_echo && ik_icmp_is_error(m->family, m->type)) || !find(s, &bytes) ||
        !ik_sight_minds(s, IK_DETECT_IP_IN_ICMP))
        return;
    report(s, bytes, ik_tally_count(state, s, 0)->n);
}

static void input(void *state, struct ik_sight *s)
{
    const struct ik_rd raw = s->p->icmp.raw;
    if (raw.left >= REST_BYTES + IP4_MIN && may_begin(raw.p + REST_BYTES))
        search(state, s);
}

const struct ik_part ik_part_inner = {.wants = IK_WANTS_ECHO | IK_WANTS_REST,
                                      .bytes = ik_tally_bytes,
                                      .init = ik_tally_init,
                                      .input = input,
                                      .evicted = ik_tally_evicted};
