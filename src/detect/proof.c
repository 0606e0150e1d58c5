/* SPDX-License-Identifier: MIT
 * The frames that prove a finding: how it began, and what proves the worst of it. More of the same
 * would prove no more. */
#include "detect/proof.h"

#include "base/rd.h"

#include <string.h>

/* Where the bytes lie, counted from the first byte of the frame, or of the datagram. False: in
 * neither. */
static bool find_bytes(const struct ik_look_packet *p, struct ik_rd bytes, uint32_t *at)
{
    const struct ik_rd in = p->reassembled ? p->ip_bytes : p->frame.bytes;
    const uintptr_t from = (uintptr_t)in.p, here = (uintptr_t)bytes.p;
    if (here < from || here - from > in.left || bytes.left > in.left - (here - from))
        return false;
    *at = (uint32_t)(here - from) + (p->reassembled ? p->ip_at_bytes : 0);
    return true;
}

bool ik_proof_keep(struct ik_finding *f, const struct ik_report *r, bool raised, ik_ns shift)
{
    const struct ik_look_packet *p = r->p;
    if (!p || (f->n_evidence == IK_EVIDENCE_MAX && !raised))
        return false;
    if (f->n_evidence && f->evidence[f->n_evidence - 1].n == p->frame.n)
        return false;
    /* Its bytes are gone. */
    if (f->n_evidence == 0 && r->since.n && r->since.n < p->frame.n)
        f->evidence[f->n_evidence++] =
            (struct ik_evidence){.n = r->since.n, .time = r->since.time - shift};
    if (f->n_evidence < IK_EVIDENCE_MAX)
        f->n_evidence++;
    struct ik_evidence *e = &f->evidence[f->n_evidence - 1];
    *e = (struct ik_evidence){.n = p->frame.n, .time = p->frame.time};
    struct ik_rd bytes = r->bytes;
    if (bytes.left == 0)
        bytes = p->has_icmp ? p->icmp_bytes : p->ip_bytes;
    bytes = ik_rd_head(bytes, IK_EVIDENCE_BYTES);
    if (find_bytes(p, bytes, &e->at_bytes)) {
        e->n_bytes = (uint8_t)bytes.left;
        memcpy(e->bytes, bytes.p, bytes.left);
    }
    return true;
}
