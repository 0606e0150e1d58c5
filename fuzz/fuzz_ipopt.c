/* SPDX-License-Identifier: MIT
 * IPv4 options, one after the other. */
#include "fuzz.h"

#include "icmpkit/wire.h"

static void option_check(const struct ik_ipopt *opt)
{
    struct ik_ipopt_route route;
    struct ik_ipopt_timestamp ts;
    struct ik_ipopt_traceroute tr;
    struct ik_addr addr;
    uint16_t alert;
    if (ik_ipopt_decode_route(&route, opt, NULL) == IK_OK)
        for (uint8_t i = 0; i < route.n; i++)
            FUZZ_CHECK(ik_ipopt_route_addr(&route, i).family == 4);
    if (ik_ipopt_decode_timestamp(&ts, opt, NULL) == IK_OK)
        for (uint8_t i = 0; i < ts.n; i++)
            (void)ik_ipopt_timestamp_entry(&ts, i, &addr);
    if (ik_ipopt_decode_traceroute(&tr, opt, NULL) == IK_OK)
        FUZZ_CHECK(opt->bytes.left == 12);
    if (ik_ipopt_decode_alert(&alert, opt, NULL) == IK_OK)
        FUZZ_CHECK(opt->bytes.left == 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_rd rd = {data, size};
    struct ik_ipopt opt;
    struct ik_faults faults = {0};
    for (size_t left = size + 1; ik_ipopt_take(&rd, &opt, &faults) == IK_OK; left = rd.left) {
        FUZZ_CHECK(rd.left < left);
        option_check(&opt);
    }
    FUZZ_CHECK(rd.left == 0);
    return 0;
}
