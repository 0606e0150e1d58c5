/* SPDX-License-Identifier: MIT
 * IP headers as received and as quoted, back to the same bytes, and cut into fragments. */
#include "fuzz.h"

#include "icmpkit/record.h"
#include "icmpkit/wire.h"
#include "told.h"

#include <string.h>

static uint8_t out[1 << 16];

static void encode_check(const struct ik_ip *ip, struct ik_rd in)
{
    size_t len;
    FUZZ_CHECK(ik_ip_encode(ip, true, out, sizeof(out), &len) == IK_OK);
    FUZZ_CHECK(len <= in.left && memcmp(out, in.p, len) == 0);
}

static void split_check(const struct ik_ip *ip)
{
    static uint8_t part[1280];
    struct ik_frag f;
    size_t len;
    if (ik_frag_init(&f, ip, 1280, 1))
        return;
    for (unsigned n = 0; ik_frag_take(&f, part, sizeof(part), &len) == IK_OK; n++)
        FUZZ_CHECK(len <= sizeof(part) && n < 9000);
}

/* Every bit of the headers is told once, and a record of them always fits into a line. */
static void tell_check(const struct ik_ip *ip, struct ik_rd in)
{
    static char line[IK_RECORD_JSON_MAX];
    struct fuzz_told told = {0};
    const struct ik_tell_cfg cfg = {.fn = fuzz_told_step, .ctx = &told, .all = true};
    ik_tell_ip(&cfg, ip, in);
    fuzz_told_check(&told, ip->header_bytes < in.left ? ip->header_bytes : in.left);
    struct ik_record rec = ik_record_make(IK_REC_packet, 0);
    size_t len;
    rec.packet.ip = (struct ik_rec_ip){ip, in};
    FUZZ_CHECK(ik_record_json(&rec, line, sizeof(line), &len) == IK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ik_rd in = {data, size};
    struct ik_faults faults = {0};
    struct ik_ip ip;
    if (size > sizeof(out))
        return 0;
    if (ik_ip_decode(&ip, in, &faults) == IK_OK) {
        encode_check(&ip, in);
        split_check(&ip);
        tell_check(&ip, in);
    } else {
        FUZZ_CHECK(faults.n > 0);
    }
    if (ik_ip_decode_quoted(&ip, in, NULL) == IK_OK) {
        encode_check(&ip, in);
        tell_check(&ip, in);
    }
    return 0;
}
