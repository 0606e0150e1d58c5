/* SPDX-License-Identifier: MIT
 * Neighbour discovery options, one after the other, and the names of a search list. */
#include "fuzz.h"

#include "icmpkit/wire.h"

#include <string.h>

static void option_check(const struct ik_ndopt *option)
{
    struct ik_ndopt_view view;
    struct ik_faults faults = {0};
    const enum ik_err err = ik_ndopt_decode(&view, option, &faults);
    FUZZ_CHECK(!err || (faults.n > 0 && view.kind == IK_NDOPT_KIND_BYTES));
    uint8_t out[255 * 8];
    size_t len;
    FUZZ_CHECK(ik_ndopt_encode(&view, out, sizeof(out), &len) == IK_OK);
    FUZZ_CHECK(len == option->body.left + 2 && memcmp(out, option->body.p - 2, len) == 0);
    if (view.kind == IK_NDOPT_KIND_DNSSL) {
        char text[IK_ND_NAME_TEXT];
        while (ik_ndopt_take_name(&view.dnssl.names, text) == IK_OK)
            FUZZ_CHECK(!strpbrk(text, ";$()`\"' \n\t"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_rd rd = {data, size};
    struct ik_ndopt option;
    struct ik_faults faults = {0};
    for (size_t left = size + 1; ik_ndopt_take(&rd, &option, &faults) == IK_OK; left = rd.left) {
        FUZZ_CHECK(rd.left < left);
        option_check(&option);
    }
    FUZZ_CHECK(rd.left == 0);
    return 0;
}
