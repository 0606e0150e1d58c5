/* SPDX-License-Identifier: MIT
 * Cutting packets into fragments (RFC 791 section 3.2, RFC 8200 section 4.5). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "base/wr.h"
#include "wire/ip_int.h"

#include <string.h>

enum { V4_MTU_MIN = 68, V6_MTU_MIN = 1280, FRAG_BYTES = 8, TRANSPORT_LEAST = 8 };

/* Options with the copy flag go into every fragment, the others stay in the first. */
static void keep_copied(struct ik_frag *f)
{
    struct ik_rd options = f->ip.options;
    struct ik_ipopt opt;
    while (ik_ipopt_take(&options, &opt, NULL) == IK_OK) {
        if (!opt.copied || opt.bytes.left > sizeof(f->options) - f->options_bytes)
            continue;
        memcpy(f->options + f->options_bytes, opt.bytes.p, opt.bytes.left);
        f->options_bytes = (uint8_t)(f->options_bytes + opt.bytes.left);
    }
}

/* Headers that routers on the way read: up to the routing header, or the hop-by-hop options. */
static size_t unfragmentable_bytes(const struct ik_ip *ip)
{
    struct ik_rd chain = ip->options;
    struct ik_ip6ext ext;
    uint8_t proto = ip->next_header;
    size_t n = 0;
    while (ik_ip6ext_take(&chain, &proto, &ext, NULL) == IK_OK)
        if (ext.proto == IK_PROTO_HOPOPTS || ext.proto == IK_PROTO_ROUTING)
            n = ip->options.left - chain.left;
    return n;
}

static enum ik_err init4(struct ik_frag *f)
{
    if (f->mtu < V4_MTU_MIN)
        return IK_E_VALUE;
    const size_t header = (IK_IP4_BYTES + f->ip.options.left + 3) & ~(size_t)3;
    f->whole = header + f->data.left <= f->mtu;
    if (!f->whole && f->ip.df)
        return IK_E_TOO_BIG;
    keep_copied(f);
    return IK_OK;
}

static enum ik_err init6(struct ik_frag *f)
{
    const struct ik_ip *ip = &f->ip;
    if (f->mtu < V6_MTU_MIN)
        return IK_E_VALUE;
    f->whole = IK_IP6_BYTES + ip->options.left + ip->payload.left <= f->mtu;
    f->unfragmentable = unfragmentable_bytes(ip);
    f->before = ik_rd_from(ip->options, f->unfragmentable);
    const size_t first = IK_IP6_BYTES + ip->options.left + FRAG_BYTES + TRANSPORT_LEAST;
    if (!f->whole && (ip->fragment || first > f->mtu))
        return IK_E_TOO_BIG;
    return IK_OK;
}

enum ik_err ik_frag_init(struct ik_frag *f, const struct ik_ip *ip, uint32_t mtu, uint32_t id)
{
    struct ik_frag fresh = {.ip = *ip, .data = ip->payload, .mtu = mtu, .id = id};
    fresh.before = ik_rd_head(ip->options, 0);
    if (ip->version != 4 && ip->version != 6)
        return IK_E_VERSION;
    const size_t fixed = ip->version == 4 ? IK_IP4_BYTES : 0; /* the length fields count so */
    if (fixed + ip->options.left + ip->offset_bytes + ip->payload.left > IK_IP_PACKET_MAX)
        return IK_E_TOO_BIG;
    const enum ik_err err = ip->version == 4 ? init4(&fresh) : init6(&fresh);
    if (err == IK_OK)
        *f = fresh;
    return err;
}

/* How much goes into a fragment with that many bytes of headers: whole units of 8 save in the last.
 */
static size_t share(const struct ik_frag *f, size_t headers)
{
    const size_t left = f->before.left + f->data.left - f->done_bytes, room = f->mtu - headers;
    return left <= room ? left : room & ~(size_t)7;
}

static enum ik_err take4(struct ik_frag *f, uint8_t *out, size_t cap, size_t *len)
{
    struct ik_ip ip = f->ip;
    if (f->done_bytes)
        ip.options = (struct ik_rd){f->options, f->options_bytes};
    const size_t header = (IK_IP4_BYTES + ip.options.left + 3) & ~(size_t)3;
    const size_t n = share(f, header);
    const bool last = f->done_bytes + n == f->data.left;
    ip.payload = ik_rd_head(ik_rd_from(f->data, f->done_bytes), n);
    ip.offset_bytes = (uint16_t)(ip.offset_bytes + f->done_bytes);
    ip.mf = !last || f->ip.mf; /* a fragment that is cut again stays what it was */
    const enum ik_err err = ik_ip_encode(&ip, false, out, cap, len);
    if (err)
        return err;
    f->done_bytes += (uint32_t)n;
    f->ended = last;
    return IK_OK;
}

/* Appends n bytes of what is to be cut up, from the place that was reached. */
static void put_share(const struct ik_frag *f, size_t n, struct ik_wr *w)
{
    const struct ik_rd before = ik_rd_head(ik_rd_from(f->before, f->done_bytes), n);
    const size_t past = f->done_bytes > f->before.left ? f->done_bytes - f->before.left : 0;
    ik_wr_put(w, before);
    ik_wr_put(w, ik_rd_head(ik_rd_from(f->data, past), n - before.left));
}

/* The number of the first header that is cut up, which 44 takes the place of: in the last header
 * before it, or in the fixed one. */
static uint8_t divert_chain(const struct ik_frag *f, uint8_t *packet)
{
    struct ik_rd chain = {packet + IK_IP6_BYTES, f->unfragmentable};
    struct ik_ip6ext ext;
    uint8_t proto = f->ip.next_header;
    uint8_t *at = packet + 6;
    if (f->ip.options.left == 0)
        proto = f->ip.proto;
    while (ik_ip6ext_take(&chain, &proto, &ext, NULL) == IK_OK)
        at = packet + (ext.bytes.p - packet);
    *at = IK_PROTO_FRAGMENT;
    return proto;
}

static enum ik_err take6(struct ik_frag *f, uint8_t *out, size_t cap, size_t *len)
{
    const size_t headers = IK_IP6_BYTES + f->unfragmentable + FRAG_BYTES, n = share(f, headers);
    const bool last = f->done_bytes + n == f->before.left + f->data.left;
    struct ik_ip ip = f->ip;
    size_t fixed;
    ip.options = ik_rd_head(ip.options, f->unfragmentable);
    ip.payload = ik_rd_head(ip.payload, 0);
    ip.length_field = (uint16_t)(f->unfragmentable + FRAG_BYTES + n);
    const enum ik_err err = ik_ip_encode(&ip, true, out, cap, &fixed);
    if (err)
        return err;
    struct ik_wr w;
    ik_wr_init(&w, out + fixed, cap - fixed);
    ik_wr_put8(&w, divert_chain(f, out));
    ik_wr_put8(&w, 0);
    ik_wr_put16(&w, (uint16_t)(f->done_bytes | !last));
    ik_wr_put32(&w, f->id);
    put_share(f, n, &w);
    if (w.overflow)
        return IK_E_FULL;
    *len = fixed + w.used;
    f->done_bytes += (uint32_t)n;
    f->ended = last;
    return IK_OK;
}

enum ik_err ik_frag_take(struct ik_frag *f, uint8_t *out, size_t cap, size_t *len)
{
    if (f->ended)
        return IK_E_NOT_FOUND;
    if (!f->whole)
        return f->ip.version == 4 ? take4(f, out, cap, len) : take6(f, out, cap, len);
    const enum ik_err err = ik_ip_encode(&f->ip, false, out, cap, len);
    f->ended = err == IK_OK;
    return err;
}
