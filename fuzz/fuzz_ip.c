/* SPDX-License-Identifier: MIT
 * IP headers as received and as quoted, back to the same bytes, and cut into fragments. */
#include "fuzz.h"

#include "icmpkit/wire.h"

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
    } else {
        FUZZ_CHECK(faults.n > 0);
    }
    if (ik_ip_decode_quoted(&ip, in, NULL) == IK_OK)
        encode_check(&ip, in);
    return 0;
}
