/* SPDX-License-Identifier: MIT
 * The TCP header (RFC 9293 section 3.1). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "wire/fault.h"
#include "wire/payload.h"

enum { HEADER_BYTES = 20, OPTIONS_MAX = 40 };

enum ik_err ik_tcp_decode(struct ik_tcp *out, struct ik_rd in, struct ik_faults *faults)
{
    if (in.left < HEADER_BYTES) {
        ik_fault_add(faults, IK_FLAW_SHORT, in.left);
        return IK_E_SHORT;
    }
    const uint8_t *h = in.p;
    const uint8_t header = (uint8_t)(h[12] >> 4 << 2);
    if (header < HEADER_BYTES) {
        ik_fault_add(faults, IK_FLAW_BAD_LENGTH, 12);
        return IK_E_LENGTH;
    }
    if (header > in.left) {
        ik_fault_add(faults, IK_FLAW_SHORT, 12);
        return IK_E_SHORT;
    }
    *out = (struct ik_tcp){
        .sport = ik_load_be16(h),
        .dport = ik_load_be16(h + 2),
        .window = ik_load_be16(h + 14),
        .checksum = ik_load_be16(h + 16),
        .urgent = ik_load_be16(h + 18),
        .seq = ik_load_be32(h + 4),
        .ack = ik_load_be32(h + 8),
        .flags = h[13],
        .header_bytes = header,
        .reserved = h[12] & 0xf,
        .options = ik_rd_from(ik_rd_head(in, header), HEADER_BYTES),
        .data = ik_rd_from(in, header),
    };
    return IK_OK;
}

static void store_header(uint8_t *h, const struct ik_tcp *tcp, size_t header)
{
    ik_store_be16(h, tcp->sport);
    ik_store_be16(h + 2, tcp->dport);
    ik_store_be32(h + 4, tcp->seq);
    ik_store_be32(h + 8, tcp->ack);
    h[12] = (uint8_t)(header << 2 | (tcp->reserved & 0xf));
    h[13] = tcp->flags;
    ik_store_be16(h + 14, tcp->window);
    ik_store_be16(h + 16, 0);
    ik_store_be16(h + 18, tcp->urgent);
}

enum ik_err ik_tcp_encode(const struct ik_tcp *tcp, const struct ik_addr *src,
                          const struct ik_addr *dst, uint8_t *out, size_t cap, size_t *len)
{
    if (tcp->options.left > OPTIONS_MAX)
        return IK_E_VALUE;
    const size_t header = HEADER_BYTES + ((tcp->options.left + 3) & ~(size_t)3);
    const size_t total = header + tcp->data.left;
    if (total > UINT16_MAX)
        return IK_E_TOO_BIG;
    struct ik_wr w;
    ik_wr_init(&w, out, cap);
    uint8_t *h = ik_wr_room(&w, HEADER_BYTES);
    ik_wr_put(&w, tcp->options);
    ik_wr_zero(&w, header - HEADER_BYTES - tcp->options.left);
    ik_payload_put(&w, tcp->data);
    if (w.overflow)
        return IK_E_FULL;
    store_header(h, tcp, header);
    const uint64_t sum = ik_cksum_add_pseudo(0, src, dst, IK_PROTO_TCP, (uint32_t)total);
    ik_store_be16(h + 16, ik_cksum_fold(ik_cksum_add(sum, (struct ik_rd){h, total})));
    *len = total;
    return IK_OK;
}
