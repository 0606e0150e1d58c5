/* SPDX-License-Identifier: MIT
 * UDP (RFC 768). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "wire/fault.h"
#include "wire/payload.h"

enum { HEADER_BYTES = 8 };

enum ik_err ik_udp_decode(struct ik_udp *out, struct ik_rd in, struct ik_faults *faults)
{
    const uint8_t *h = ik_rd_take(&in, HEADER_BYTES);
    if (!h) {
        ik_fault_add(faults, IK_FLAW_SHORT, in.left);
        return IK_E_SHORT;
    }
    *out = (struct ik_udp){
        .sport = ik_load_be16(h),
        .dport = ik_load_be16(h + 2),
        .len_bytes = ik_load_be16(h + 4),
        .checksum = ik_load_be16(h + 6),
        .data = in,
    };
    if (out->len_bytes == 0)
        return IK_OK;
    if (out->len_bytes < HEADER_BYTES) {
        ik_fault_add(faults, IK_FLAW_BAD_LENGTH, 4);
        out->data.left = 0;
        return IK_OK;
    }
    if (out->len_bytes - HEADER_BYTES > (int64_t)in.left)
        ik_fault_add(faults, IK_FLAW_TRUNCATED, 4);
    out->data = ik_rd_head(in, out->len_bytes - (size_t)HEADER_BYTES);
    return IK_OK;
}

enum ik_err ik_udp_encode(const struct ik_udp *udp, const struct ik_addr *src,
                          const struct ik_addr *dst, uint8_t *out, size_t cap, size_t *len)
{
    const size_t total = HEADER_BYTES + udp->data.left;
    if (total > UINT16_MAX)
        return IK_E_TOO_BIG;
    struct ik_wr w;
    ik_wr_init(&w, out, cap);
    uint8_t *h = ik_wr_room(&w, HEADER_BYTES);
    ik_payload_put(&w, udp->data);
    if (w.overflow)
        return IK_E_FULL;
    ik_store_be16(h, udp->sport);
    ik_store_be16(h + 2, udp->dport);
    ik_store_be16(h + 4, (uint16_t)total);
    ik_store_be16(h + 6, 0);
    const uint64_t sum = ik_cksum_add_pseudo(0, src, dst, IK_PROTO_UDP, (uint32_t)total);
    const uint16_t checksum = ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){h, total}));
    ik_store_be16(h + 6, checksum ? checksum : 0xffff); /* 0 says that there is none */
    *len = total;
    return IK_OK;
}
