/* SPDX-License-Identifier: MIT
 * Timestamps (RFC 792) and address masks (RFC 950 appendix I, RFC 1122 section 3.2.2.9, RFC 1812
 * section 4.3.3.9). Masks are historical (RFC 6918): off unless options ask for them. */
#include "stack/query4.h"

enum { ASKS_MAX = 3, MASK_BYTES = 12, STAMP_BYTES = 20 };
#define ASK_DELAY (1 * IK_NS_PER_S) /* at most, before the first request */
#define ASK_WAIT (3 * IK_NS_PER_S)
#define DAY (86400 * IK_NS_PER_S)

/* A port that asks for its mask: at `next`, until an answer came. */
struct asking {
    ik_ns next;
    uint8_t asked, bits;
    bool learnt;
};

struct ik_query4 {
    struct asking ports[IK_STACK_IFACES_MAX];
};

static bool learns(const struct ik_stack_options *o)
{
    return o->mask_learn && o->kind == IK_STACK_HOST;
}

size_t ik_stack_query4_bytes(const struct ik_stack_cfg *cfg)
{
    return learns(cfg->options) ? cfg->n_ifaces * sizeof(struct asking) : 0;
}

void ik_stack_query4_init(struct ik_stack *s, void *mem, const struct ik_stack_cfg *cfg)
{
    if (!learns(cfg->options))
        return;
    s->query4 = mem;
    for (uint8_t i = 0; i < cfg->n_ifaces; i++)
        s->query4->ports[i] = (struct asking){.next = IK_NEVER};
}

void ik_stack_query4_start(struct ik_stack *s)
{
    for (uint8_t i = 0; s->query4 && i < s->n_ifaces; i++) {
        if (ik_stack_local_of_port(s, i, 4, NULL).family == 0)
            continue;
        s->query4->ports[i].next = s->now.mono + (ik_ns)ik_rng_below(&s->rng, (uint64_t)ASK_DELAY);
        ik_stack_arm(s, s->query4->ports[i].next);
    }
}

/* ---- the clock ------------------------------------------------------------------------------- */

uint32_t ik_stack_query4_ms(const struct ik_stack *s)
{
    ik_ns t = (s->now.real % DAY + s->opt->clock_offset % DAY) % DAY;
    if (t < 0)
        t += DAY;
    return (uint32_t)(t / IK_NS_PER_MS);
}

static void stamp_answer(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (s->opt->no_timestamp || s->opt->silent || p->local != IK_LOCAL_UNICAST ||
        ik_addr_is_any(&p->ip.src) || m->code != 0)
        return;
    const uint32_t now_ms = ik_stack_query4_ms(s);
    const struct ik_icmp reply = {
        .family = 4,
        .type = IK_ICMP4_TIMESTAMP_REPLY,
        .kind = IK_ICMP_TIMESTAMP,
        .timestamp = {.id = m->timestamp.id,
                      .seq = m->timestamp.seq,
                      .originate = m->timestamp.originate,
                      .receive = now_ms,
                      .transmit = now_ms},
    };
    uint8_t out[STAMP_BYTES];
    size_t len;
    if (ik_icmp_encode(&reply, NULL, false, out, sizeof(out), &len) == IK_OK)
        ik_stack_echo4_answer(s, p, (struct ik_rd){out, len});
}

/* ---- masks as data --------------------------------------------------------------------------- */

static uint32_t mask_of(unsigned bits)
{
    return bits ? UINT32_MAX << (32 - bits) : 0;
}

/* The length of a prefix of that mask, -1 where it is none. */
static int bits_of(uint32_t mask)
{
    for (int bits = 0; bits <= 32; bits++)
        if (mask_of((unsigned)bits) == mask)
            return bits;
    return -1;
}

uint8_t ik_stack_query4_learnt(const struct ik_stack *s, uint8_t port,
                               const struct ik_stack_ifaddr *addr)
{
    const struct asking *a = &s->query4->ports[port];
    return addr->addr.family == 4 && a->learnt ? a->bits : addr->bits;
}

/* The mask of the subnet that the port has in common with `peer`; for a stranger, and for 0.0.0.0,
 * the one mask that all addresses of the port have. -1: there is none that is right for sure (RFC
 * 1812 section 4.3.3.9). */
static int bits_for(const struct ik_stack *s, uint8_t port, const struct ik_addr *peer)
{
    const struct ik_stack_iface *f = &s->ifaces[port];
    int common = -1;
    bool differ = false;
    for (uint8_t i = 0; i < f->n_addrs; i++) {
        const struct ik_stack_ifaddr *a = &f->addrs[i];
        if (a->addr.family != 4)
            continue;
        const uint32_t mask = mask_of(a->bits);
        if (((ik_load_be32(a->addr.bytes) ^ ik_load_be32(peer->bytes)) & mask) == 0 && a->bits)
            return a->bits;
        differ = differ || (common >= 0 && common != a->bits);
        common = a->bits;
    }
    return differ ? -1 : common;
}

static bool encode_mask(uint8_t type, uint16_t id, uint16_t seq, uint32_t mask,
                        uint8_t out[static MASK_BYTES])
{
    struct ik_icmp m = {.family = 4, .type = type, .kind = IK_ICMP_MASK};
    m.mask = (struct ik_icmp_mask){.id = id, .seq = seq, .mask = {.family = 4}};
    ik_store_be32(m.mask.mask.bytes, mask);
    size_t len;
    return ik_icmp_encode(&m, NULL, false, out, MASK_BYTES, &len) == IK_OK;
}

/* From this port to one of its broadcast addresses. */
static void send_broadcast(struct ik_stack *s, uint8_t port, const struct ik_addr *dst,
                           const uint8_t msg[static MASK_BYTES])
{
    const struct ik_addr src = ik_stack_local_of_port(s, port, 4, NULL);
    struct ik_ip ip = ik_stack_output_ip4(s, &src, dst, IK_PROTO_ICMP4);
    ip.payload = (struct ik_rd){msg, MASK_BYTES};
    const struct ik_stack_hop hop = {.kind = IK_STACK_ROUTE_VIA,
                                     .port = port,
                                     .on_link = true,
                                     .next = *dst,
                                     .mtu = s->ifaces[port].mtu};
    ik_stack_output_view(s, &ip, &(struct ik_stack_how){.hop = &hop});
}

/* ---- masks that are asked for ---------------------------------------------------------------- */

/* Whoever has no address yet hears it as a broadcast of the subnet (RFC 950 appendix I, RFC 1812
 * section 4.3.3.9). */
static void mask_answer_all(struct ik_stack *s, const struct ik_pkt *p, int bits,
                            const uint8_t msg[static MASK_BYTES])
{
    struct ik_addr dst = ik_stack_local_of_port(s, p->port, 4, NULL);
    const uint32_t hosts = bits < 31 ? ~mask_of((unsigned)bits) : UINT32_MAX; /* RFC 3021 */
    ik_store_be32(dst.bytes, ik_load_be32(dst.bytes) | hosts);
    send_broadcast(s, p->port, &dst, msg);
}

static void mask_answer(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (!s->opt->mask || s->opt->silent || p->port >= s->n_ifaces || m->code != 0 ||
        (s->query4 && s->query4->ports[p->port].learnt))
        return; /* what was learnt is not for passing on (RFC 1122 section 3.2.2.9) */
    const int bits = bits_for(s, p->port, &p->ip.src);
    uint8_t msg[MASK_BYTES];
    if (bits < 0) {
        ik_stack_event_say(s, "decided", IK_RULE_R1812_4_3_3_9_01, p,
                           "no one mask is right for whoever asks");
        return;
    }
    if (!encode_mask(IK_ICMP4_MASK_REPLY, m->mask.id, m->mask.seq, mask_of((unsigned)bits), msg))
        return;
    if (ik_addr_is_any(&p->ip.src))
        mask_answer_all(s, p, bits, msg);
    else
        ik_stack_echo4_answer(s, p, (struct ik_rd){msg, sizeof(msg)});
}

/* ---- masks that are learnt ------------------------------------------------------------------- */

static void mask_ask(struct ik_stack *s, uint8_t port)
{
    const struct ik_addr all = {.family = 4, .bytes = {255, 255, 255, 255}};
    uint8_t msg[MASK_BYTES];
    const uint16_t id = (uint16_t)ik_rng_next(&s->rng);
    if (!encode_mask(IK_ICMP4_MASK, id, s->query4->ports[port].asked, 0, msg))
        return;
    ik_stack_event_say(s, "timer", IK_RULE_R1122_3_2_2_9_03, NULL, "asks for its address mask");
    send_broadcast(s, port, &all, msg);
}

ik_ns ik_stack_query4_timeout(struct ik_stack *s)
{
    ik_ns next = IK_NEVER;
    for (uint8_t i = 0; s->query4 && i < s->n_ifaces; i++) {
        struct asking *a = &s->query4->ports[i];
        if (a->next <= s->now.mono) {
            mask_ask(s, i);
            a->next = ++a->asked < ASKS_MAX ? s->now.mono + ASK_WAIT : IK_NEVER;
        }
        next = a->next < next ? a->next : next;
    }
    return next;
}

/* A mask that no subnet can have (RFC 1122 section 3.2.2.9), or that is no prefix. */
static bool mask_is_sane(uint32_t mask)
{
    return mask != UINT32_MAX && (mask == 0 || mask >> 24 == 0xff) && bits_of(mask) >= 0;
}

static void mask_learn(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    struct asking *a = &s->query4->ports[p->port];
    const uint32_t mask = ik_load_be32(m->mask.mask.bytes);
    if (a->learnt) {
        ik_stack_event_say(s, "decided", IK_RULE_R1122_3_2_2_9_03, p,
                           "the first address mask stays");
    } else if (!mask_is_sane(mask)) {
        ik_stack_event_say(s, "decided", IK_RULE_R1122_3_2_2_9_04, p,
                           "an address mask that cannot be");
    } else {
        *a = (struct asking){.next = IK_NEVER, .bits = (uint8_t)bits_of(mask), .learnt = true};
        ik_stack_route_changed(s);
        ik_stack_event_say(s, "decided", IK_RULE_R1122_3_2_2_9_03, p, "takes the address mask");
    }
}

static void mask_reply(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (p->port >= s->n_ifaces || m->code != 0)
        return;
    if (s->query4) {
        mask_learn(s, p, m);
        return;
    }
    const int bits = bits_for(s, p->port, &p->ip.src);
    if (ik_stack_is_router(s) &&
        (bits < 0 || ik_load_be32(m->mask.mask.bytes) != mask_of((unsigned)bits)))
        ik_stack_event_say(s, "decided", IK_RULE_R1812_4_3_3_9_02, p,
                           "somebody tells a wrong address mask");
}

void ik_stack_query4_input(struct ik_stack *s, const struct ik_pkt *p, const struct ik_icmp *m)
{
    if (m->kind == IK_ICMP_TIMESTAMP && m->type == IK_ICMP4_TIMESTAMP)
        stamp_answer(s, p, m);
    else if (m->kind == IK_ICMP_MASK && m->type == IK_ICMP4_MASK)
        mask_answer(s, p, m);
    else if (m->kind == IK_ICMP_MASK)
        mask_reply(s, p, m);
}
