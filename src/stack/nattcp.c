/* SPDX-License-Identifier: MIT
 * The connection of a TCP mapping. */
#include "stack/nattcp.h"

#include "base/bytes.h"
#include "icmpkit/wire.h"

enum { SEQ_AT = 4, ACK_AT = 8, FLAGS_AT = 13 };

/* What has been seen of the connection. */
enum { ANSWERED = 1 << 0, FIN_OUT = 1 << 1, FIN_IN = 1 << 2, SHARED = 1 << 3 };

static bool is_closed(const struct ik_natmap_row *r)
{
    return r->seen & FIN_OUT && r->seen & FIN_IN;
}

static void close_it(struct ik_natmap *m, struct ik_natmap_row *r, ik_ns now)
{
    if (!(r->seen & SHARED) && r->age != IK_NATMAP_OPENING)
        ik_natmap_age(m, r, now, IK_NATMAP_OPENING);
}

void ik_nattcp_out(struct ik_natmap *m, struct ik_natmap_row *r, ik_ns now, uint64_t peer,
                   struct ik_rd segment)
{
    const uint8_t flags = segment.p[FLAGS_AT];
    const bool opens = flags & IK_TCP_SYN && !(flags & IK_TCP_ACK);
    if (r->peer != peer && r->age != IK_NATMAP_OPENING)
        r->seen |= SHARED;
    if (r->seen & SHARED)
        return;
    if (r->peer != peer || opens) {
        r->peer = peer;
        r->seen = 0;
    }
    if (flags & IK_TCP_ACK)
        r->expected = ik_load_be32(segment.p + ACK_AT);
    if (flags & IK_TCP_FIN)
        r->seen |= FIN_OUT;
    if (flags & IK_TCP_RST || opens || is_closed(r))
        close_it(m, r, now);
    else if (r->seen & ANSWERED && flags & IK_TCP_ACK && !(flags & IK_TCP_SYN))
        ik_natmap_age(m, r, now, IK_NATMAP_TCP);
}

void ik_nattcp_in(struct ik_natmap *m, struct ik_natmap_row *r, ik_ns now, uint64_t peer,
                  struct ik_rd segment)
{
    const uint8_t flags = segment.p[FLAGS_AT];
    if (r->peer != peer)
        return;
    if (flags & IK_TCP_RST) {
        /* The inside believes no other either (RFC 5961 section 3.2). */
        if (ik_load_be32(segment.p + SEQ_AT) == r->expected)
            close_it(m, r, now);
        return;
    }
    if (flags & IK_TCP_ACK)
        r->seen |= ANSWERED;
    if (flags & IK_TCP_FIN)
        r->seen |= FIN_IN;
    if (is_closed(r))
        close_it(m, r, now);
}
