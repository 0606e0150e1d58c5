/* SPDX-License-Identifier: MIT
 * One ICMP message, both families: header, checksum, and the way to its body. */
#include "wire/cksum_int.h"
#include "wire/icmp_int.h"

enum {
    PROTO_ICMP6 = 58,
    ECHO_BYTES = 8,
};

/* RFC 792 (no pseudo-header), RFC 4443 section 2.3 (with one, whose numbers are summed with their
 * bytes swapped, as all words are here). */
static inline bool sum_is_right(const struct ik_icmp_ctx *ctx, struct ik_rd message)
{
    struct ik_cksum c = {0, 0};
    if (ctx->family == 6) {
        ik_cksum_put(&c, ctx->src->bytes, 16);
        ik_cksum_put(&c, ctx->dst->bytes, 16);
        ik_cksum_put8(&c, (uint64_t)__builtin_bswap32((uint32_t)message.left) + (PROTO_ICMP6 << 8));
    }
    ik_cksum_put(&c, message.p, message.left);
    return ik_cksum_folded(&c) == 0xffff;
}

/* False when the checksum is wrong. */
static inline bool checksum_judge(struct ik_icmp *msg, struct ik_rd message,
                                  const struct ik_icmp_ctx *ctx)
{
    const bool lacks_address = ctx->family == 6 && (!ctx->src || !ctx->dst);
    const bool judged = !ctx->checksum_verified && !ctx->cut && !lacks_address;
    msg->checksum_known = ctx->checksum_verified || judged;
    msg->checksum_ok = !judged || sum_is_right(ctx, message);
    return msg->checksum_ok;
}

static enum ik_icmp_kind kind_of(const struct ik_icmp_type *row, const struct ik_icmp *msg,
                                 size_t bytes)
{
    if (row)
        return row->kind;
    /* RFC 4443 section 2.4 (a): an unknown error goes to the process that its quote names. */
    if (msg->family == 6 && ik_icmp_is_error(6, msg->type) && bytes >= 8)
        return IK_ICMP_ERROR;
    return IK_ICMP_RAW;
}

static enum ik_err body_decode(const struct ik_icmp_in *in)
{
    switch (in->msg->kind) {
    case IK_ICMP_RAW:
        return IK_OK;
    case IK_ICMP_ERROR:
        ik_icmp_error_decode(in);
        return IK_OK;
    case IK_ICMP_RPL:
        return ik_rpl_decode(in);
    default:
        return ik_icmp_body_decode(in);
    }
}

static inline bool is_echo(uint8_t family, uint8_t type)
{
    return family == 4 ? type == IK_ICMP4_ECHO || type == IK_ICMP4_ECHO_REPLY
                       : type == IK_ICMP6_ECHO || type == IK_ICMP6_ECHO_REPLY;
}

/* What most traffic is, without a table in the way. */
static inline void echo_decode(struct ik_icmp *restrict msg, const uint8_t *restrict p,
                               size_t bytes)
{
    const uint32_t ident = ik_load_be32(p + IK_ICMP_HEAD);
    msg->kind = IK_ICMP_ECHO;
    msg->echo.id = (uint16_t)(ident >> 16);
    msg->echo.seq = (uint16_t)ident;
    msg->echo.data = (struct ik_rd){p + ECHO_BYTES, bytes - ECHO_BYTES};
}

static enum ik_err table_decode(const struct ik_icmp_in *in, size_t bytes)
{
    struct ik_icmp *msg = in->msg;
    const struct ik_icmp_type *row = ik_icmp_type_find(msg->family, msg->type);
    if (row && bytes < row->min_bytes) {
        ik_fault_add(in->faults, IK_FLAW_SHORT, bytes);
        return IK_E_SHORT;
    }
    msg->kind = kind_of(row, msg, bytes);
    const enum ik_err err = body_decode(in);
    if (err)
        msg->kind = IK_ICMP_RAW;
    return err;
}

static inline void head_decode(struct ik_icmp *restrict out, const uint8_t *restrict p,
                               size_t bytes, uint8_t family)
{
    out->family = family;
    out->type = p[0];
    out->code = p[1];
    out->checksum = ik_load_be16(p + 2);
    out->kind = IK_ICMP_RAW;
    out->raw = (struct ik_rd){p + IK_ICMP_HEAD, bytes - IK_ICMP_HEAD};
}

/* Not inline, so that what follows keeps nothing for it. */
__attribute__((noinline)) static enum ik_err rest_decode(struct ik_icmp *msg, size_t bytes,
                                                         const struct ik_icmp_ctx *ctx,
                                                         struct ik_faults *faults)
{
    const struct ik_icmp_in way = {msg, ctx, faults};
    if (!msg->checksum_ok)
        ik_fault_add(faults, IK_FLAW_BAD_CHECKSUM, 2);
    const enum ik_err err = msg->kind == IK_ICMP_ECHO ? IK_OK : table_decode(&way, bytes);
    if (faults)
        ik_icmp_check(&way);
    return err;
}

enum ik_err ik_icmp_decode(struct ik_icmp *out, struct ik_rd in, const struct ik_icmp_ctx *ctx,
                           struct ik_faults *faults)
{
    if (in.left < IK_ICMP_HEAD) {
        ik_fault_add(faults, IK_FLAW_SHORT, in.left);
        return IK_E_SHORT;
    }
    head_decode(out, in.p, in.left, ctx->family);
    const bool right = checksum_judge(out, in, ctx);
    if (is_echo(ctx->family, in.p[0]) && in.left >= ECHO_BYTES) {
        echo_decode(out, in.p, in.left);
        if (right && in.p[1] == 0)
            return IK_OK; /* it has no end of its own, and no field that could be wrong */
    }
    return rest_decode(out, in.left, ctx, faults);
}

static enum ik_err body_encode(const struct ik_icmp *msg, bool exact, struct ik_wr *w)
{
    switch (msg->kind) {
    case IK_ICMP_RAW:
        ik_wr_put(w, msg->raw);
        return IK_OK;
    case IK_ICMP_ECHO:
        ik_wr_put16(w, msg->echo.id);
        ik_wr_put16(w, msg->echo.seq);
        ik_wr_put(w, msg->echo.data);
        return IK_OK;
    case IK_ICMP_ERROR:
        return ik_icmp_error_encode(msg, exact, w);
    case IK_ICMP_RPL:
        return ik_rpl_encode(msg, exact, w);
    default:
        return ik_icmp_body_encode(msg, exact, w);
    }
}

static uint16_t checksum_of(const struct ik_icmp *msg, const struct ik_icmp_ctx *ctx,
                            struct ik_rd message)
{
    uint64_t sum = 0;
    if (msg->family == 6) {
        if (!ctx || !ctx->src || !ctx->dst)
            return 0; /* a raw ICMPv6 socket fills it in (RFC 3542 section 3.1) */
        sum = ik_cksum_add_pseudo(0, ctx->src, ctx->dst, PROTO_ICMP6, (uint32_t)message.left);
    }
    return ik_cksum_fold(ik_cksum_add(sum, message));
}

/* A request that RFC 8335 section 2 forbids is not made: without its one object, for a remote
 * interface by name or number, from or to many. */
static bool probe_allowed(const struct ik_icmp *msg, const struct ik_icmp_ctx *ctx)
{
    const bool many = ctx && ((ctx->src && ik_addr_is_multicast(ctx->src)) ||
                              (ctx->dst && ik_addr_is_multicast(ctx->dst)));
    return !many && ik_icmp_probe_object_ok(&msg->ext_echo);
}

enum ik_err ik_icmp_encode(const struct ik_icmp *icmp, const struct ik_icmp_ctx *ctx, bool exact,
                           uint8_t *out, size_t cap, size_t *len)
{
    if (icmp->family != 4 && icmp->family != 6)
        return IK_E_VALUE;
    if (!exact && icmp->kind == IK_ICMP_EXT_ECHO && !probe_allowed(icmp, ctx))
        return IK_E_VALUE;
    struct ik_wr w;
    ik_wr_init(&w, out, cap);
    ik_wr_put8(&w, icmp->type);
    ik_wr_put8(&w, icmp->code);
    ik_wr_put16(&w, exact ? icmp->checksum : 0);
    const enum ik_err err = body_encode(icmp, exact, &w);
    if (err)
        return err;
    if (w.overflow)
        return IK_E_FULL;
    if (!exact)
        ik_store_be16(out + 2, checksum_of(icmp, ctx, (struct ik_rd){out, w.used}));
    *len = w.used;
    return IK_OK;
}
