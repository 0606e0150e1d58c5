/* SPDX-License-Identifier: MIT
 * A chain of IPv6 extension headers, from hop-by-hop on, with options and routes. */
#include "fuzz.h"

#include "icmpkit/wire.h"

static void header_check(const struct ik_ip6ext *ext)
{
    const struct ik_addr dst = {.family = 6};
    struct ik_rd options = ik_ip6ext_options(ext);
    struct ik_ip6opt opt;
    struct ik_ip6frag frag;
    struct ik_ip6route route;
    for (size_t left = options.left + 1; ik_ip6opt_take(&options, &opt, NULL) == IK_OK;
         left = options.left)
        FUZZ_CHECK(options.left < left);
    FUZZ_CHECK(options.left == 0);
    if (ik_ip6ext_decode_fragment(&frag, ext) == IK_OK)
        FUZZ_CHECK(frag.offset_bytes % 8 == 0);
    if (ik_ip6ext_decode_routing(&route, ext, &dst, NULL) == IK_OK)
        for (uint8_t i = 0; i < route.n; i++)
            FUZZ_CHECK(ik_ip6ext_route_addr(&route, &dst, i).family == 6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_rd chain = {data, size};
    struct ik_ip6ext ext;
    uint8_t proto = IK_PROTO_HOPOPTS;
    for (size_t left = size + 1; ik_ip6ext_take(&chain, &proto, &ext, NULL) == IK_OK;
         left = chain.left) {
        FUZZ_CHECK(chain.left < left);
        header_check(&ext);
    }
    return 0;
}
