/* SPDX-License-Identifier: MIT
 * TCP headers. */
#include "fuzz.h"

#include "icmpkit/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_faults faults = {0};
    struct ik_tcp tcp;
    if (ik_tcp_decode(&tcp, (struct ik_rd){data, size}, &faults) == IK_OK)
        FUZZ_CHECK(tcp.options.left + tcp.data.left + 20 == size);
    else
        FUZZ_CHECK(faults.n == 1);
    return 0;
}
