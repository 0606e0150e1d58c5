/* SPDX-License-Identifier: MIT
 * Reading draft-ietf-opsawg-pcap: a header, then packets. */
#include "wire/capfile_int.h"

enum { HEADER_BYTES = 24, RECORD_BYTES = 16, MAJOR = 2 };

enum ik_err ik_capfile_pcap_header(const struct ik_capfile_call *call, bool nano)
{
    struct ik_capfile *c = call->c;
    const uint8_t *at = ik_rd_take(call->in, HEADER_BYTES);
    if (!at)
        return ik_capfile_short(call, HEADER_BYTES);
    if (ik_capfile_load16(c, at + 4) != MAJOR)
        return ik_capfile_fail(call, IK_CAPFILE_FAULT_VERSION, IK_E_VERSION);
    c->format = IK_CAPFILE_PCAP;
    c->minor = ik_capfile_load16(c, at + 6);
    c->n_interfaces = 1;
    c->interfaces[0] = (struct ik_capfile_interface){
        /* The upper 16 bits say of what length the frame check sequences are. */
        .linktype = (uint16_t)ik_capfile_load32(c, at + 20),
        .snap_bytes = ik_capfile_load32(c, at + 16),
        .per_s = nano ? (uint64_t)IK_NS_PER_S : (uint64_t)IK_NS_PER_S / IK_NS_PER_US,
    };
    ik_capfile_begin(call, IK_CAPFILE_SECTION);
    call->out->linktype = c->interfaces[0].linktype;
    call->out->snap_bytes = c->interfaces[0].snap_bytes;
    return IK_OK;
}

/* Versions before 2.3 have both lengths the other way round; in some files of 2.3 they are. */
static bool is_swapped(const struct ik_capfile *c, uint32_t captured, uint32_t wire)
{
    return c->minor < 3 || (c->minor == 3 && captured > wire);
}

enum ik_err ik_capfile_pcap_take(const struct ik_capfile_call *call)
{
    const struct ik_capfile *c = call->c;
    struct ik_capfile_item *out = call->out;
    if (call->in->left < RECORD_BYTES)
        return ik_capfile_short(call, RECORD_BYTES);
    const uint8_t *at = call->in->p;
    uint32_t captured = ik_capfile_load32(c, at + 8), wire = ik_capfile_load32(c, at + 12);
    if (is_swapped(c, captured, wire)) {
        const uint32_t was = captured;
        captured = wire;
        wire = was;
    }
    if (captured > IK_CAPFILE_BLOCK_MAX)
        return ik_capfile_fail(call, IK_CAPFILE_FAULT_TOO_BIG, IK_E_TOO_BIG);
    const bool cut = call->in->left - RECORD_BYTES < captured;
    if (cut && !call->end)
        return ik_capfile_short(call, RECORD_BYTES + captured);
    ik_capfile_begin(call, IK_CAPFILE_PACKET);
    out->linktype = c->interfaces[0].linktype;
    out->time = ik_capfile_load32(c, at) * IK_NS_PER_S +
                ik_capfile_load32(c, at + 4) * (IK_NS_PER_S / (ik_ns)c->interfaces[0].per_s);
    out->wire_bytes = wire;
    out->bytes = ik_rd_head(ik_rd_from(*call->in, RECORD_BYTES), captured);
    if (cut)
        ik_capfile_note(out, IK_CAPFILE_FAULT_TRUNCATED);
    if (captured > wire)
        ik_capfile_note(out, IK_CAPFILE_FAULT_CAPLEN);
    *call->in = ik_rd_from(*call->in, RECORD_BYTES + captured);
    return cut ? IK_E_SHORT : IK_OK;
}
