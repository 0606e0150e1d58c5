/* SPDX-License-Identifier: MIT
 * Address resolution (RFC 826, RFC 1122 section 2.3.2). Conflicts are told (RFC 5227 section 2.4).
 */
#include "net/neigh.h"
#include "net/scope.h"
#include "stack/stack_int.h"
#include "stack/words.h"

enum { ARP_BYTES = 28, OP_REQUEST = 1, OP_REPLY = 2 };

struct arp {
    uint16_t op;
    const uint8_t *sender_mac;
    struct ik_addr sender, target;
};

static struct ik_addr addr4(const uint8_t *p)
{
    struct ik_addr a = {.family = 4};
    memcpy(a.bytes, p, 4);
    return a;
}

/* Ethernet and IPv4 are the only pair that we know; link padding behind it is no fault. A sender is
 * one station: an answer to a group would reach the whole link. */
static bool arp_decode(struct arp *out, struct ik_rd in)
{
    const uint8_t *p = ik_rd_take(&in, ARP_BYTES);
    if (!p || ik_load_be16(p) != 1 || ik_load_be16(p + 2) != IK_ETHER_IP4 || p[4] != 6 ||
        p[5] != 4 || (p[8] & 1))
        return false;
    *out = (struct arp){.op = ik_load_be16(p + 6),
                        .sender_mac = p + 8,
                        .sender = addr4(p + 14),
                        .target = addr4(p + 24)};
    return out->op == OP_REQUEST || out->op == OP_REPLY;
}

static void tell(struct ik_stack *s, const char *kind, uint8_t port, const uint8_t *arp)
{
    const struct ik_pkt p = {.port = port};
    struct ik_wr *w = s->events ? ik_stack_event_begin(s, kind, IK_RULE_NONE, &p) : NULL;
    if (!w)
        return;
    ik_words_put_arp(w, (struct ik_rd){arp, ARP_BYTES});
    ik_stack_event_end(s);
}

struct arp_send {
    uint16_t op;
    const uint8_t *to; /* NULL: broadcast */
    struct ik_addr sender, target;
};

static void arp_send(struct ik_stack *s, uint8_t port, const struct arp_send *a)
{
    struct ik_buf *b = ik_stack_pool_take(s, ARP_BYTES);
    if (!b)
        return;
    static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t *p = ik_buf_at(b);
    ik_store_be16(p, 1);
    ik_store_be16(p + 2, IK_ETHER_IP4);
    p[4] = 6;
    p[5] = 4;
    ik_store_be16(p + 6, a->op);
    memcpy(p + 8, s->ifaces[port].mac, 6);
    memcpy(p + 14, a->sender.bytes, 4);
    if (a->op == OP_REPLY)
        memcpy(p + 18, a->to, 6);
    else
        memset(p + 18, 0, 6);
    memcpy(p + 24, a->target.bytes, 4);
    b->len = ARP_BYTES;
    tell(s, "sent", port, p);
    ik_stack_ether_send(s, b, port, a->to ? a->to : broadcast, IK_ETHER_ARP);
}

void ik_stack_arp_ask(struct ik_stack *s, uint8_t port, const struct ik_addr *target,
                      const uint8_t *mac)
{
    const struct ik_addr own = ik_stack_local_of_port(s, port, 4, target);
    if (own.family == 0)
        return;
    arp_send(s, port,
             &(struct arp_send){.op = OP_REQUEST, .to = mac, .sender = own, .target = *target});
}

/* Somebody else uses our address. We keep it: the node's owner hears of it. */
static bool conflicts(struct ik_stack *s, uint8_t port, const struct arp *a)
{
    if (!ik_stack_local_answers(s, port, &a->sender))
        return false;
    struct ik_wr *w = ik_stack_event_begin(s, "state", IK_RULE_NONE, NULL);
    if (w) {
        ik_fmt_put_text(w, "address conflict: also used by ");
        ik_fmt_put_hex(w, (struct ik_rd){a->sender_mac, 6});
        ik_stack_event_end(s);
    }
    return true;
}

/* RFC 826: what is there already is brought up to date, whoever was asked; a new entry only for who
 * asks us, for we shall answer. */
static void learn(struct ik_stack *s, uint8_t port, const struct arp *a, bool for_us,
                  bool solicited)
{
    if (!ik_scope_is_single_host(&a->sender) || ik_stack_local_is_broadcast4(s, port, &a->sender))
        return;
    const struct ik_neigh_news news = {.addr = a->sender,
                                       .port = port,
                                       .mac = a->sender_mac,
                                       .solicited = solicited,
                                       .override = true};
    if (a->op == OP_REPLY)
        ik_stack_nbr_confirm(s, &news);
    else
        ik_stack_nbr_learn(s, &news, for_us && ik_stack_local_on_link(s, port, &a->sender));
}

void ik_stack_arp_input(struct ik_stack *s, uint8_t port, struct ik_rd arp)
{
    struct arp a;
    if (!arp_decode(&a, arp)) {
        ik_stack_tally(s, IK_STACK_BAD_FRAME);
        return;
    }
    if (memcmp(a.sender_mac, s->ifaces[port].mac, 6) == 0 || conflicts(s, port, &a))
        return;
    const bool for_us = ik_stack_local_answers(s, port, &a.target);
    ik_stack_fast_forget(s);
    if (for_us)
        tell(s, "delivered", port, arp.p);
    learn(s, port, &a, for_us, for_us);
    if (a.op != OP_REQUEST || !for_us)
        return;
    /* A probe has no sender address (RFC 5227 section 1.1): it is answered like any request. */
    arp_send(s, port,
             &(struct arp_send){
                 .op = OP_REPLY, .to = a.sender_mac, .sender = a.target, .target = a.sender});
}
