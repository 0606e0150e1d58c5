/* SPDX-License-Identifier: MIT
 * One ICMP message, both families: header, checksum, and the way to its body. */
#include "wire/icmp_int.h"
#include "wire/plain.h"

static void checksum_judge(const struct ik_icmp_in *in, struct ik_rd message)
{
    struct ik_icmp *msg = in->msg;
    const struct ik_icmp_ctx *ctx = in->ctx;
    const bool lacks_address = ctx->family == 6 && (!ctx->src || !ctx->dst);
    const bool judged = !ctx->checksum_verified && !ctx->cut && !lacks_address;
    msg->checksum_known = ctx->checksum_verified || judged;
    msg->checksum_ok = !judged || ik_plain_verifies(ctx->family, message, ctx->src, ctx->dst);
    if (!msg->checksum_ok)
        ik_fault_add(in->faults, IK_FLAW_BAD_CHECKSUM, 2);
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

static enum ik_err decode(const struct ik_icmp_in *way, struct ik_rd in)
{
    struct ik_icmp *msg = way->msg;
    enum ik_err err = IK_OK;
    ik_plain_fill_icmp(msg, in.p, in.left, way->ctx->family);
    msg->kind = IK_ICMP_RAW;
    checksum_judge(way, in);
    if (ik_plain_is_echo(msg->family, msg->type) && in.left >= IK_PLAIN_ECHO_BYTES)
        ik_plain_fill_echo(msg, in.p, in.left);
    else
        err = table_decode(way, in.left);
    if (way->faults)
        ik_icmp_check(way);
    return err;
}

enum ik_err ik_icmp_decode(struct ik_icmp *out, struct ik_rd in, const struct ik_icmp_ctx *ctx,
                           struct ik_faults *faults)
{
    if (in.left < IK_ICMP_HEAD) {
        ik_fault_add(faults, IK_FLAW_SHORT, in.left);
        return IK_E_SHORT;
    }
    const bool summed = !ctx->checksum_verified && !ctx->cut;
    if (summed && (ctx->family == 4 || (ctx->src && ctx->dst)) &&
        ik_plain_decode_echo(out, in, ctx->family, ctx->src, ctx->dst))
        return IK_OK;
    return decode(&(struct ik_icmp_in){out, ctx, faults}, in);
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
        sum = ik_cksum_add_pseudo(0, ctx->src, ctx->dst, IK_PROTO_ICMP6, (uint32_t)message.left);
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
