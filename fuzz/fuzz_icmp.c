/* SPDX-License-Identifier: MIT
 * The ICMP decoder. The first byte chooses how: 1 IPv6, 2 lenient extensions, 4 with addresses, 8
 * with a hop limit and no Router Alert; the rest is the message. */
#include "fuzz.h"

#include "../test/wire/icmp_vectors.h"
#include "icmpkit/record.h"
#include "told.h"

#include <string.h>

enum { IPV6 = 1, LENIENT = 2, ADDRESSES = 4, ENVELOPE = 8 };

static struct ik_icmp_ctx context(uint8_t how)
{
    struct ik_icmp_ctx ctx = {.family = how & IPV6 ? 6 : 4, .lenient_ext = how & LENIENT};
    if (how & ADDRESSES) {
        ctx.src = &icmp_vector_src;
        ctx.dst = &icmp_vector_dst;
    }
    ctx.hop_limit_known = ctx.router_alert_known = how & ENVELOPE;
    return ctx;
}

/* As it came, byte by byte. */
static void exact_check(const struct ik_icmp *msg, struct ik_rd in, const struct ik_icmp_ctx *ctx)
{
    uint8_t *out = malloc(in.left);
    size_t len;
    FUZZ_CHECK(out);
    FUZZ_CHECK(ik_icmp_encode(msg, ctx, true, out, in.left, &len) == IK_OK);
    FUZZ_CHECK(len == in.left && memcmp(out, in.p, len) == 0);
    free(out);
}

/* As we would send it: what comes out is decoded again, has the right checksum and encodes to
 * itself. */
static void canonical_check(const struct ik_icmp *msg, const struct ik_icmp_ctx *ctx)
{
    enum { CAP = 1 << 17 };
    uint8_t *first = malloc(CAP), *second = malloc(CAP);
    size_t len, again;
    FUZZ_CHECK(first && second);
    if (ik_icmp_encode(msg, ctx, false, first, CAP, &len) == IK_OK) {
        struct ik_icmp back;
        FUZZ_CHECK(ik_icmp_decode(&back, (struct ik_rd){first, len}, ctx, NULL) == IK_OK);
        FUZZ_CHECK(back.checksum_ok);
        FUZZ_CHECK(ik_icmp_encode(&back, ctx, false, second, CAP, &again) == IK_OK);
        FUZZ_CHECK(again == len && memcmp(first, second, len) == 0);
    }
    free(first);
    free(second);
}

/* Every bit is told once, and a record of it always fits into a line. */
static void tell_check(const struct ik_icmp *msg, struct ik_rd in)
{
    static char line[IK_RECORD_JSON_MAX];
    struct fuzz_told told = {0};
    const struct ik_tell_cfg cfg = {.fn = fuzz_told_step, .ctx = &told, .all = true};
    ik_tell_icmp(&cfg, msg, in);
    fuzz_told_check(&told, in.left);
    struct ik_record rec = ik_record_make(IK_REC_packet, 0);
    size_t len;
    rec.packet.icmp = (struct ik_rec_icmp){msg, in};
    FUZZ_CHECK(ik_record_json(&rec, line, sizeof(line), &len) == IK_OK);
    FUZZ_CHECK(len > 0 && line[len - 1] == '\n' && !memchr(line, '\n', len - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct ik_icmp_ctx ctx = context(data[0]);
    const struct ik_rd in = {data + 1, size - 1};
    struct ik_faults faults = {0};
    struct ik_icmp msg, quiet;
    const enum ik_err err = ik_icmp_decode(&msg, in, &ctx, &faults);
    FUZZ_CHECK(ik_icmp_decode(&quiet, in, &ctx, NULL) == err);
    FUZZ_CHECK(!err || faults.n > 0);
    if (in.left < 4)
        return 0;
    FUZZ_CHECK(!err || msg.kind == IK_ICMP_RAW);
    icmp_vector_walk(&msg);
    tell_check(&msg, in);
    exact_check(&msg, in, &ctx);
    if (!err && !ctx.lenient_ext)
        canonical_check(&msg, &ctx);
    return 0;
}
