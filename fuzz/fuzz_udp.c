/* SPDX-License-Identifier: MIT
 * UDP headers. */
#include "fuzz.h"

#include "icmpkit/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_faults faults = {0};
    struct ik_udp udp;
    if (ik_udp_decode(&udp, (struct ik_rd){data, size}, &faults) == IK_OK)
        FUZZ_CHECK(udp.data.left + 8 <= size);
    else
        FUZZ_CHECK(faults.n == 1);
    return 0;
}
