/* SPDX-License-Identifier: MIT
 * Writing draft-ietf-opsawg-pcap, in network byte order and nanoseconds. */
#include "icmpkit/wire.h"

#include "base/wr.h"

enum { MAGIC_NANO = 0xa1b23c4d };

enum ik_err ik_pcap_header(uint16_t linktype, uint32_t snap_bytes, uint8_t *out, size_t cap,
                           size_t *len)
{
    enum { NO_LIMIT = 262144 }; /* what tcpdump says; 0 would be taken for a limit */
    struct ik_wr w;
    ik_wr_init(&w, out, cap);
    ik_wr_put32(&w, MAGIC_NANO);
    ik_wr_put16(&w, 2); /* version 2.4 */
    ik_wr_put16(&w, 4);
    ik_wr_zero(&w, 8);
    ik_wr_put32(&w, snap_bytes ? snap_bytes : NO_LIMIT);
    ik_wr_put32(&w, linktype);
    if (w.overflow)
        return IK_E_FULL;
    *len = w.used;
    return IK_OK;
}

enum ik_err ik_pcap_packet(ik_ns at, struct ik_rd bytes, uint32_t wire_bytes, uint8_t *out,
                           size_t cap, size_t *len)
{
    struct ik_wr w;
    const ik_ns known = at == IK_NEVER ? 0 : at;
    if (known < 0 || known / IK_NS_PER_S > UINT32_MAX)
        return IK_E_VALUE;
    if (bytes.left > IK_CAPFILE_BLOCK_MAX)
        return IK_E_TOO_BIG;
    ik_wr_init(&w, out, cap);
    ik_wr_put32(&w, (uint32_t)(known / IK_NS_PER_S));
    ik_wr_put32(&w, (uint32_t)(known % IK_NS_PER_S));
    ik_wr_put32(&w, (uint32_t)bytes.left);
    ik_wr_put32(&w, wire_bytes);
    ik_wr_put(&w, bytes);
    if (w.overflow)
        return IK_E_FULL;
    *len = w.used;
    return IK_OK;
}
