/* SPDX-License-Identifier: MIT
 * Ethernet: who a frame is for, and the header of those that leave. */
#include "net/scope.h"
#include "stack/stack_int.h"

static const uint8_t broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* False when the frame is neither ours nor a broadcast nor for a group. */
static bool cast_of(const struct ik_stack_iface *f, const uint8_t *dst, enum ik_cast *cast)
{
    if (memcmp(dst, f->mac, 6) == 0)
        *cast = IK_CAST_UNICAST;
    else if (memcmp(dst, broadcast_mac, 6) == 0)
        *cast = IK_CAST_BROADCAST;
    else if (dst[0] & 1)
        *cast = IK_CAST_MULTICAST;
    else
        return false;
    return true;
}

static void long_way(struct ik_stack *s, uint8_t port, struct ik_rd frame)
{
    struct ik_pkt p;
    p.port = port;
    p.own = p.reassembled = p.forwarded = p.translated = p.source_routed = false;
    p.local = IK_LOCAL_NONE;
    p.ip.version = 0;
    p.datagram = NULL;
    const uint8_t *h = ik_rd_take(&frame, IK_ETHER_BYTES);
    /* A source that is a group is forged: no station sends so (IEEE 802.3 clause 3.2.3). */
    if (!h || !cast_of(&s->ifaces[port], h, &p.cast) || (h[6] & 1)) {
        ik_stack_tally(s, IK_STACK_BAD_FRAME);
        return;
    }
    memcpy(p.l2_src, h + 6, 6);
    switch (ik_load_be16(h + 12)) {
    case IK_ETHER_IP4:
        ik_stack_ip4_input(s, &p, frame);
        break;
    case IK_ETHER_IP6:
        ik_stack_ip6_input(s, &p, frame);
        break;
    case IK_ETHER_ARP:
        ik_stack_arp_input(s, port, frame);
        break;
    default:
        ik_stack_tally(s, IK_STACK_BAD_FRAME);
        break;
    }
}

/* A frame that the short way did not know. */
static void long_way_watched(struct ik_stack *s, uint8_t port, struct ik_rd frame)
{
    struct ik_watch w;
    if (!s->ports[port].up) {
        ik_stack_tally(s, IK_STACK_BAD_FRAME);
        return;
    }
    if (!s->flows) {
        long_way(s, port, frame);
        return;
    }
    ik_stack_fast_watch(s, frame, &w);
    long_way(s, port, frame);
    ik_stack_fast_learn(s, port, frame, &w);
}

void ik_stack_ether_input(struct ik_stack *s, uint8_t port, struct ik_rd frame)
{
    ik_stack_tally(s, IK_STACK_RECEIVED);
    /* It knows nothing of a port that is down: that changed, so all was forgotten. */
    if (!ik_stack_fast_input(s, port, frame))
        long_way_watched(s, port, frame);
}

void ik_stack_ether_send(struct ik_stack *s, struct ik_buf *b, uint8_t port,
                         const uint8_t dst[static 6], uint16_t type)
{
    if (!s->ports[port].up) { /* what timers say goes on; routes lead elsewhere by then */
        ik_stack_event_buffer(s, IK_STACK_NO_ROUTE, b, port, "the interface is down");
        ik_stack_pool_give(s, b);
        return;
    }
    b->start -= IK_ETHER_BYTES;
    b->len += IK_ETHER_BYTES;
    uint8_t *h = ik_buf_at(b);
    memcpy(h, dst, 6);
    memcpy(h + 6, s->ifaces[port].mac, 6);
    ik_store_be16(h + 12, type);
    b->port = port;
    b->medium = IK_MEDIUM_ETHER;
    ik_bufs_put(&s->out, b);
}

void ik_stack_ether_group(const struct ik_addr *dst, uint8_t mac[static 6])
{
    if (ik_addr_is_multicast(dst))
        ik_scope_multicast_mac(dst, mac);
    else
        memcpy(mac, broadcast_mac, 6);
}
