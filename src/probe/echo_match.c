/* SPDX-License-Identifier: MIT
 * Whose answer it is. Strangers reach no probe: what they send lacks the token, or, where a probe
 * is too small to carry one, must come from the address that was asked, with identifier and
 * sequence. */
#include "probe/echo_int.h"

#include "base/bytes.h"
#include "base/rd.h"
#include "probe/token.h"

#include <string.h>

enum { PROTO_ICMP4 = 1, PROTO_ICMP6 = 58, INNER_HEADER = 8 };

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Only probes of our own hang in the buckets, so nobody can fill one, and a few instructions do
 * (the finisher of splitmix64) where SipHash would cost as much as everything else about a probe.
 * The key keeps lists of targets that are made to collide from doing so. */
uint64_t ik_echo_match_hash(const struct ik_echo_engine *e, const struct ik_addr *addr,
                            uint64_t seq)
{
    uint64_t half[2], key;
    memcpy(half, addr->bytes, sizeof(half));
    memcpy(&key, e->cfg.key, sizeof(key));
    return mix(mix(half[0] ^ key) + half[1] + (uint16_t)seq);
}

static bool answered_by_anybody(const struct ik_echo_engine *e, const struct ik_addr *target)
{
    return ik_addr_is_multicast(target) || (e->cfg.broadcast && target->family == 4);
}

struct ik_addr ik_echo_match_addr(const struct ik_echo_engine *e, const struct ik_addr *target)
{
    return answered_by_anybody(e, target) ? (struct ik_addr){.family = target->family} : *target;
}

/* ---- decoding -------------------------------------------------------------------------------- */

/* The ICMP message of a whole packet; false when it is not one that concerns us. */
static bool open_packet(struct ik_echo_engine *e, const struct ik_event *ev,
                        struct ik_echo_seen *seen, struct ik_rd *message)
{
    struct ik_ip ip;
    if (ik_ip_decode(&ip, ev->frame.bytes, NULL) != IK_OK) {
        e->totals.malformed++;
        return false;
    }
    if (ip.fragment || ip.proto != (ip.version == 4 ? PROTO_ICMP4 : PROTO_ICMP6))
        return false;
    seen->family = ip.version;
    seen->from = ip.src;
    seen->ttl = ip.ttl;
    seen->tos = ip.tos;
    seen->options = ip.version == 4 ? ip.options : (struct ik_rd){ip.payload.p, 0};
    *message = ip.payload;
    struct ik_icmp_ctx ctx = {
        .family = ip.version, .cut = ip.truncated, .src = &ip.src, .dst = &ip.final_dst};
    if (ik_icmp_decode(&seen->icmp, *message, &ctx, NULL) == IK_OK)
        return true;
    e->totals.malformed++;
    return false;
}

/* A message without its IP header: the kernel has verified the checksum. */
static bool open_message(struct ik_echo_engine *e, const struct ik_event *ev,
                         struct ik_echo_seen *seen, struct ik_rd *message)
{
    const struct ik_meta *meta = &ev->frame.meta;
    seen->family = ev->frame.medium == IK_MEDIUM_ICMP6 ? 6 : 4;
    if (meta->known & IK_KNOW_SRC)
        seen->from = meta->src;
    seen->ttl = meta->known & IK_KNOW_TTL ? meta->ttl : -1;
    seen->tos = meta->known & IK_KNOW_TCLASS ? meta->tclass : -1;
    seen->options = (struct ik_rd){ev->frame.bytes.p, 0};
    *message = ev->frame.bytes;
    const struct ik_icmp_ctx ctx = {.family = seen->family, .checksum_verified = true};
    if (ik_icmp_decode(&seen->icmp, *message, &ctx, NULL) == IK_OK)
        return true;
    e->totals.malformed++;
    return false;
}

static bool open_frame(struct ik_echo_engine *e, const struct ik_event *ev,
                       struct ik_echo_seen *seen)
{
    struct ik_rd message;
    *seen = (struct ik_echo_seen){.at = ev->at};
    bool ok = false;
    if (ev->frame.medium == IK_MEDIUM_IP)
        ok = open_packet(e, ev, seen, &message);
    else if (ev->frame.medium == IK_MEDIUM_ICMP4 || ev->frame.medium == IK_MEDIUM_ICMP6)
        ok = open_message(e, ev, seen, &message);
    if (ok)
        seen->message = message;
    return ok;
}

/* ---- finding the probe ----------------------------------------------------------------------- */

/* True for a probe that left: what answers another one is made up. */
static bool was_sent(const struct ik_slot *slot)
{
    return slot->state >= IK_SLOT_OPEN && slot->state != IK_SLOT_FAILED;
}

/* What a probe without its token is found by. */
struct key {
    const struct ik_addr *addr; /* who answered, or where the quoted probe was going */
    uint16_t seq;
    bool quoted; /* addr must be the target itself */
    bool has_originate;
    uint32_t originate;
};

static bool fits(const struct ik_echo_engine *e, uint32_t index, const struct key *key,
                 bool anybody)
{
    const struct ik_slot *slot = &e->slots.slot[index];
    const struct ik_addr *target = &e->targets[slot->target].addr;
    if (!was_sent(slot) || (uint16_t)slot->seq != key->seq || target->family != key->addr->family ||
        anybody != answered_by_anybody(e, target))
        return false;
    if ((key->quoted || !anybody) && !ik_addr_same_host(target, key->addr))
        return false;
    if (target->scope && key->addr->scope && target->scope != key->addr->scope)
        return false;
    return !key->has_originate || slot->originate == key->originate;
}

/* An open probe if there is one, else the youngest. */
static uint32_t find_in(const struct ik_echo_engine *e, const struct key *key, bool anybody)
{
    const struct ik_addr nobody = {.family = key->addr->family};
    const uint64_t hash = ik_echo_match_hash(e, anybody ? &nobody : key->addr, key->seq);
    uint32_t found = IK_SLOT_NONE;
    for (uint32_t i = ik_slots_first(&e->slots, hash); i != IK_SLOT_NONE;
         i = ik_slots_next(&e->slots, i)) {
        if (!fits(e, i, key, anybody))
            continue;
        if (e->slots.slot[i].state == IK_SLOT_OPEN)
            return i;
        if (found == IK_SLOT_NONE)
            found = i;
    }
    return found;
}

static uint32_t find(const struct ik_echo_engine *e, const struct key *key)
{
    const uint32_t index = find_in(e, key, false);
    return index != IK_SLOT_NONE ? index : find_in(e, key, true);
}

/* By the token in a payload, whose sequence and family must be those of its probe. */
static uint32_t find_token(const struct ik_echo_engine *e, struct ik_rd payload, uint8_t family,
                           uint16_t seq)
{
    uint32_t number;
    uint64_t hash;
    if (!ik_token_get(payload, e->cfg.tag, &number, &hash))
        return IK_SLOT_NONE;
    const uint32_t index = ik_slots_find(&e->slots, number);
    if (index == IK_SLOT_NONE)
        return IK_SLOT_NONE;
    const struct ik_slot *slot = &e->slots.slot[index];
    const bool ours = ik_token_same(slot->hash, hash) && (uint16_t)slot->seq == seq &&
                      e->targets[slot->target].addr.family == family && was_sent(slot);
    return ours ? index : IK_SLOT_NONE;
}

static uint32_t find_nonce(const struct ik_echo_engine *e, const uint8_t nonce[static 8])
{
    const uint64_t hash = ik_load_be64(nonce);
    for (uint32_t i = ik_slots_first(&e->slots, hash); i != IK_SLOT_NONE;
         i = ik_slots_next(&e->slots, i))
        if (ik_token_same(e->slots.slot[i].hash, hash) && was_sent(&e->slots.slot[i]))
            return i;
    return IK_SLOT_NONE;
}

/* ---- answers --------------------------------------------------------------------------------- */

static uint8_t request_type(const struct ik_echo_engine *e, uint8_t family)
{
    switch (e->cfg.kind) {
    case IK_ECHO_TIMESTAMP:
        return IK_ICMP4_TIMESTAMP;
    case IK_ECHO_NODE_INFO:
        return IK_ICMP6_NODE_QUERY;
    case IK_ECHO_ECHO:
        break;
    }
    return family == 4 ? IK_ICMP4_ECHO : IK_ICMP6_ECHO;
}

static bool is_answer(const struct ik_echo_engine *e, const struct ik_echo_seen *seen)
{
    switch (e->cfg.kind) {
    case IK_ECHO_TIMESTAMP:
        return seen->family == 4 && seen->icmp.type == IK_ICMP4_TIMESTAMP_REPLY &&
               seen->icmp.kind == IK_ICMP_TIMESTAMP;
    case IK_ECHO_NODE_INFO:
        return seen->family == 6 && seen->icmp.type == IK_ICMP6_NODE_REPLY &&
               seen->icmp.kind == IK_ICMP_NODE_INFO;
    case IK_ECHO_ECHO:
        break;
    }
    return seen->icmp.kind == IK_ICMP_ECHO &&
           seen->icmp.type == (seen->family == 4 ? IK_ICMP4_ECHO_REPLY : IK_ICMP6_ECHO_REPLY);
}

/* A raw socket sees the answers to everybody's probes. */
static bool foreign_ident(const struct ik_echo_engine *e, uint8_t family, uint16_t ident)
{
    return e->cfg.raw && ident != e->cfg.ident[family == 6];
}

static uint32_t find_echo(const struct ik_echo_engine *e, const struct ik_echo_seen *seen)
{
    const uint16_t seq = seen->icmp.echo.seq;
    if (e->tokened)
        return find_token(e, seen->icmp.echo.data, seen->family, seq);
    const struct key key = {.addr = &seen->from, .seq = seq};
    return find(e, &key);
}

static void take_answer(struct ik_echo_engine *e, struct ik_now now,
                        const struct ik_echo_seen *seen)
{
    uint32_t slot = IK_SLOT_NONE;
    if (e->cfg.kind == IK_ECHO_NODE_INFO) {
        slot = find_nonce(e, seen->icmp.node_info.nonce);
    } else if (e->cfg.kind == IK_ECHO_TIMESTAMP) {
        const struct ik_icmp_timestamp *ts = &seen->icmp.timestamp;
        if (foreign_ident(e, seen->family, ts->id))
            return;
        const struct key key = {&seen->from, ts->seq, false, true, ts->originate};
        slot = find(e, &key);
    } else {
        if (foreign_ident(e, seen->family, seen->icmp.echo.id))
            return;
        slot = find_echo(e, seen);
    }
    if (slot == IK_SLOT_NONE)
        e->totals.strangers++;
    else
        ik_echo_account_answer(e, slot, now, seen);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* Our own probe as an error brings it back: where it was going, and the message as far as quoted.
 */
struct inner {
    const struct ik_addr *to;
    struct ik_rd message;
};

/* The probe that was quoted, and by how many bits that is known. */
static uint32_t find_inner(const struct ik_echo_engine *e, const struct inner *in, int *match_bits)
{
    const uint8_t family = in->to->family;
    if (in->message.left < INNER_HEADER || in->message.p[0] != request_type(e, family))
        return IK_SLOT_NONE;
    const struct ik_rd body = ik_rd_from(in->message, INNER_HEADER);
    uint32_t slot = IK_SLOT_NONE;
    *match_bits = 64;
    if (e->cfg.kind == IK_ECHO_NODE_INFO) {
        slot = body.left < 8 ? IK_SLOT_NONE : find_nonce(e, body.p);
    } else {
        const uint16_t seq = ik_load_be16(in->message.p + 6);
        if (foreign_ident(e, family, ik_load_be16(in->message.p + 4)))
            return IK_SLOT_NONE;
        if (e->tokened && body.left >= IK_TOKEN_BYTES) {
            slot = find_token(e, body, family, seq);
        } else {
            const bool stamped = e->cfg.kind == IK_ECHO_TIMESTAMP && body.left >= 4;
            const struct key key = {in->to, seq, true, stamped, stamped ? ik_load_be32(body.p) : 0};
            *match_bits = e->cfg.raw ? 32 : 16;
            slot = find(e, &key);
        }
    }
    if (slot == IK_SLOT_NONE || !ik_addr_same_host(&ik_echo_target_of(e, slot)->addr, in->to))
        return IK_SLOT_NONE;
    return slot;
}

static void take_quote(struct ik_echo_engine *e, struct ik_now now, const struct ik_echo_seen *seen)
{
    const struct ik_icmp_error *error = &seen->icmp.error;
    struct ik_quote q;
    if (!seen->icmp.checksum_ok || ik_quote_decode(&q, error->quote, NULL) != IK_OK) {
        e->totals.malformed++;
        return;
    }
    if (q.ip.version != seen->family || q.ip.offset_bytes != 0 ||
        q.ip.proto != (seen->family == 4 ? PROTO_ICMP4 : PROTO_ICMP6))
        return;
    const struct inner in = {q.ip.final_dst_known ? &q.ip.final_dst : &q.ip.dst, q.transport};
    struct ik_echo_error out = {
        .from = seen->from,
        .family = seen->family,
        .type = seen->icmp.type,
        .code = seen->icmp.code,
        .mtu_known = error->mtu != 0,
        .mtu = error->mtu,
        .pointer_known = seen->icmp.type == (seen->family == 4 ? IK_ICMP4_PARAMETER_PROBLEM
                                                               : IK_ICMP6_PARAMETER_PROBLEM),
        .pointer = error->pointer,
        .gateway = error->gateway,
        .ttl = seen->ttl,
        .quote = error->quote,
        .extensions = error->extensions,
        .at = seen->at,
    };
    const uint32_t slot = find_inner(e, &in, &out.match_bits);
    if (slot != IK_SLOT_NONE)
        ik_echo_account_error(e, slot, now, &out);
}

void ik_echo_match_frame(struct ik_echo_engine *e, struct ik_now now, const struct ik_event *ev)
{
    struct ik_echo_seen seen;
    if (!open_frame(e, ev, &seen))
        return;
    if (is_answer(e, &seen))
        take_answer(e, now, &seen);
    else if (seen.icmp.kind == IK_ICMP_ERROR)
        take_quote(e, now, &seen);
}

void ik_echo_match_error(struct ik_echo_engine *e, struct ik_now now, uint8_t port,
                         const struct ik_event *ev)
{
    const uint8_t family = port == 0 ? 4 : 6;
    const enum ik_medium medium = port == 0 ? IK_MEDIUM_ICMP4 : IK_MEDIUM_ICMP6;
    if (ev->frame.medium != medium || ev->frame.meta.dst.family != family)
        return;
    const struct inner in = {&ev->frame.meta.dst, ev->frame.bytes};
    const uint8_t type = ev->error.type;
    struct ik_echo_error out = {
        .from = ev->error.from,
        .family = family,
        .type = type,
        .code = ev->error.code,
        .local = ev->error.local,
        .ttl = ev->frame.meta.known & IK_KNOW_TTL ? ev->frame.meta.ttl : -1,
        .extensions = ev->error.extensions,
        .at = ev->at,
    };
    const bool pointed =
        type == (family == 4 ? IK_ICMP4_PARAMETER_PROBLEM : IK_ICMP6_PARAMETER_PROBLEM);
    out.pointer_known = pointed;
    out.pointer = pointed ? ev->error.info : 0;
    out.mtu = pointed ? 0 : ev->error.info;
    out.mtu_known = out.mtu != 0;
    const uint32_t slot = find_inner(e, &in, &out.match_bits);
    if (slot == IK_SLOT_NONE)
        return;
    if (ev->error.local && type == 0)
        ik_echo_account_failed(e, slot, now, ev->error.err, out.mtu);
    else
        ik_echo_account_error(e, slot, now, &out);
}
