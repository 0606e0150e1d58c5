/* SPDX-License-Identifier: MIT
 * From frames down to IP: two bytes of link type, then a frame. Headers lie one behind the other
 * inside it, and the packet behind the last. */
#include "fuzz.h"

#include "icmpkit/wire.h"

#include <stdbool.h>

static void check(const struct ik_layers *l, enum ik_err err, struct ik_rd frame)
{
    uint32_t at = 0;
    FUZZ_CHECK(err == IK_OK || err == IK_E_SHORT || (err == IK_E_UNSUPPORTED && l->n == 0));
    FUZZ_CHECK(l->n <= IK_LAYERS_MAX);
    for (unsigned i = 0; i < l->n; i++) {
        FUZZ_CHECK(l->list[i].at_bytes == at);
        at += l->list[i].bytes;
        FUZZ_CHECK(ik_layer_name(l->list[i].kind)[0]);
    }
    FUZZ_CHECK(l->ip_at_bytes == at && at <= frame.left && l->ip.p == frame.p + at);
    FUZZ_CHECK(l->ip.left <= frame.left - at && (!l->has_ip || l->ip.left > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_layers l, same;
    struct ik_faults faults = {.n = 0};
    if (size < 2)
        return 0;
    const uint16_t linktype = (uint16_t)(data[0] << 8 | data[1]);
    const struct ik_rd frame = {data + 2, size - 2};
    const enum ik_err err = ik_layers_decode(&l, linktype, frame, &faults);
    check(&l, err, frame);
    FUZZ_CHECK(err != IK_E_SHORT || faults.n > 0);
    /* Who does not want to know what is wrong gets the same. */
    FUZZ_CHECK(ik_layers_decode(&same, linktype, frame, NULL) == err);
    FUZZ_CHECK(same.n == l.n && same.has_ip == l.has_ip && same.ip_at_bytes == l.ip_at_bytes);
    if (l.has_ip) {
        struct ik_layers inner;
        check(&inner, ik_layers_decode_ip(&inner, l.ip, NULL), l.ip);
    }
    return 0;
}
