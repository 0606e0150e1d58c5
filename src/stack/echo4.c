/* SPDX-License-Identifier: MIT
 * The echo server (RFC 1122 section 3.2.2.6), and how any answer travels. */
#include "stack/stack_int.h"

enum { ICMP_TYPE_AT = 0, ICMP_CHECKSUM_AT = 2, ICMP_HEAD = 8 };

/* The header of an answer to p: from the address that was spoken to, with the request's type of
 * service, its options turned round into `options`. `first` is where it goes at first. */
static struct ik_ip answer_header(struct ik_stack *s, const struct ik_pkt *p,
                                  uint8_t options[static 40], bool echo)
{
    const struct ik_addr src = p->local == IK_LOCAL_UNICAST || p->own
                                   ? p->ip.dst
                                   : ik_stack_local_of_port(s, p->port, 4, &p->ip.src);
    struct ik_addr dst = p->ip.src;
    size_t n = 0;
    if (p->ip.options.left)
        n = ik_stack_ip4opt_reply(s, p, echo, options, &dst);
    struct ik_ip ip = ik_stack_output_ip4(s, &src, &dst, p->ip.proto);
    ip.tos = p->ip.tos;
    ip.options = (struct ik_rd){options, n};
    return ip;
}

static void send(struct ik_stack *s, const struct ik_pkt *p, struct ik_rd msg, bool echo)
{
    uint8_t options[40];
    struct ik_ip ip = answer_header(s, p, options, echo);
    ip.payload = msg;
    if (ip.src.family)
        ik_stack_output_view(s, &ip, &(struct ik_stack_how){0});
}

void ik_stack_echo4_answer(struct ik_stack *s, const struct ik_pkt *p, struct ik_rd msg)
{
    send(s, p, msg, true);
}

/* Makes the reply of the request at `msg`, in place: type and code become 0, the checksum follows.
 */
static size_t reply_of(const struct ik_stack *s, uint8_t *msg, size_t len)
{
    const uint16_t was = ik_load_be16(msg + ICMP_TYPE_AT);
    ik_store_be16(msg + ICMP_TYPE_AT, 0);
    const bool cut = s->opt->odd & IK_ODD_ECHO_CUT && len > ICMP_HEAD;
    const size_t left = cut ? len - 1 : len;
    const uint16_t sum = ik_cksum_update(ik_load_be16(msg + ICMP_CHECKSUM_AT), was, 0);
    ik_store_be16(msg + ICMP_CHECKSUM_AT, sum);
    /* A message of nothing but zeros has the sum ffff, which an update cannot tell from 0. */
    if (cut || sum == 0) {
        ik_store_be16(msg + ICMP_CHECKSUM_AT, 0);
        ik_store_be16(msg + ICMP_CHECKSUM_AT,
                      ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){msg, left})));
    }
    return left;
}

static bool answers(const struct ik_stack *s, const struct ik_pkt *p)
{
    if (s->opt->no_echo || s->opt->silent)
        return false;
    return p->local == IK_LOCAL_UNICAST || s->opt->echo_broadcast;
}

/* Copied once, to where it leaves from, and changed there. */
static void reply_small(struct ik_stack *s, const struct ik_pkt *p)
{
    const struct ik_rd in = p->ip.payload;
    struct ik_buf *b = ik_stack_pool_take(s, IK_IP4_BYTES + 40 + in.left);
    if (!b)
        return;
    uint8_t options[40];
    struct ik_ip ip = answer_header(s, p, options, true);
    const size_t head = IK_IP4_BYTES + ip.options.left;
    uint8_t *msg = ik_buf_at(b) + head;
    memcpy(msg, in.p, in.left);
    ip.payload = (struct ik_rd){msg, reply_of(s, msg, in.left)};
    size_t len;
    if (!ip.src.family ||
        ik_ip_encode(&ip, false, ik_buf_at(b), b->cap - b->start, &len) != IK_OK) {
        ik_stack_pool_give(s, b);
        return;
    }
    b->len = (uint32_t)len;
    ik_stack_output_encoded(s, b, &ip, &(struct ik_stack_how){0});
}

void ik_stack_echo4_input(struct ik_stack *s, struct ik_pkt *p)
{
    if (!answers(s, p)) {
        ik_stack_event_say(s, "decided", IK_RULE_NONE, p, "this node does not answer such echoes");
        return;
    }
    ik_stack_tally(s, IK_STACK_ECHOED);
    ik_stack_event_say(s, "decided", IK_RULE_R792_Echo_01, p, "echo reply");
    if (!p->datagram) {
        reply_small(s, p);
        return;
    }
    /* A datagram that came in fragments is turned round where it lies, and cut up from there. */
    uint8_t *msg = ik_buf_at(p->datagram) + p->ip.header_bytes;
    send(s, p, (struct ik_rd){msg, reply_of(s, msg, p->ip.payload.left)}, true);
}
