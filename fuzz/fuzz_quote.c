/* SPDX-License-Identifier: MIT
 * The packet inside an error: with and without somebody to tell of flaws it reads the same. */
#include "fuzz.h"

#include "icmpkit/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ik_rd in = {data, size};
    struct ik_faults faults = {0};
    struct ik_quote told, quiet;
    const enum ik_err err = ik_quote_decode(&told, in, &faults);
    FUZZ_CHECK(err == ik_quote_decode(&quiet, in, NULL));
    if (err)
        return 0;
    FUZZ_CHECK(told.has == quiet.has && told.transport.left == quiet.transport.left);
    FUZZ_CHECK(told.transport.left <= size && told.data.left <= told.transport.left);
    FUZZ_CHECK(!told.has || told.transport.left >= 4);
    return 0;
}
