/* SPDX-License-Identifier: MIT
 * Fragments that do not fit together, bits that flip, lengths that lie. */
#include "storm_int.h"

/* ---- splitting ------------------------------------------------------------------------------- */

/* One piece of m's body as an IPv4 fragment, put where pieces wait. */
static void piece4(struct making *m, size_t from, size_t n, bool more)
{
    struct storm_gen *g = m->g;
    const size_t header = m->body_at - ETHER;
    uint8_t *out = g->pending[g->pending_n];
    if (g->pending_n == 8 || m->body_at + n > STORM_FRAME_MAX)
        return;
    memcpy(out, m->bytes, m->body_at);
    memcpy(out + m->body_at, m->bytes + m->body_at + from, n);
    uint8_t *h = out + ETHER;
    ik_store_be16(h + 2, (uint16_t)(header + n));
    ik_store_be16(h + 6, (uint16_t)(from / 8 | (more ? 0x2000 : 0)));
    ik_store_be16(h + 10, 0);
    ik_store_be16(h + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, header})));
    g->pending_len[g->pending_n++] = m->body_at + n;
}

/* The same for IPv6: a fragment header right after the fixed one; only without others. */
static void piece6(struct making *m, uint32_t id, size_t from, size_t n, bool more)
{
    struct storm_gen *g = m->g;
    uint8_t *out = g->pending[g->pending_n];
    if (g->pending_n == 8 || m->body_at + 8 + n > STORM_FRAME_MAX)
        return;
    memcpy(out, m->bytes, m->body_at);
    uint8_t *h = out + ETHER, *f = h + IP6;
    ik_store_be16(h + 4, (uint16_t)(8 + n));
    f[0] = h[6];
    h[6] = 44;
    f[1] = 0;
    ik_store_be16(f + 2, (uint16_t)(from | more));
    ik_store_be32(f + 4, id);
    memcpy(f + 8, m->bytes + m->body_at + from, n);
    g->pending_len[g->pending_n++] = m->body_at + 8 + n;
}

/* Cuts the datagram in two to four; now and then a piece is missing, comes twice, overlaps the one
 * before, is no multiple of 8 bytes, or reaches beyond 65,535. */
void storm_spoil_split(struct making *m)
{
    const size_t all = m->len - m->body_at;
    const size_t step = (all / (2 + pick(m, 3)) + 8) & ~(size_t)7;
    const uint32_t id = pick(m, 0xffffffffu);
    const uint32_t trick = pick(m, 12);
    if (all < 16 || (m->family == 6 && m->body_at != ETHER + IP6))
        return;
    m->bytes[ETHER + 6] = m->family == 4 ? 0 : m->bytes[ETHER + 6];
    for (size_t from = 0; from < all; from += step) {
        const size_t n = from + step < all ? step : all - from;
        size_t at = from;
        bool more = from + n < all;
        if (trick == 0 && from)
            at -= 8;
        if (trick == 1 && one_in(m, 2))
            continue;
        if (trick == 2 && !more) {
            at = 65528;
            more = one_in(m, 2);
        }
        const size_t len = trick == 3 && n > 3 ? n - 3 : n;
        for (uint32_t i = 0; i < (trick == 4 ? 2 : 1); i++) {
            if (m->family == 4 && at <= from)
                piece4(m, at, len, more);
            else if (m->family == 4)
                m->bytes[ETHER + 6] = 0;
            else if (at <= from)
                piece6(m, id, at, len, more);
        }
        if (at > from && m->g->pending_n < 8 && m->body_at + 8 + n <= STORM_FRAME_MAX) {
            /* Far beyond: the offset alone is changed. */
            if (m->family == 4)
                piece4(m, from, len, more);
            else
                piece6(m, id, from, len, more);
            uint8_t *out = m->g->pending[m->g->pending_n - 1];
            if (m->family == 6) {
                ik_store_be16(out + ETHER + IP6 + 2, (uint16_t)(65528 | more));
                continue;
            }
            ik_store_be16(out + ETHER + 6, (uint16_t)(8191 | (more ? 0x2000 : 0)));
            ik_store_be16(out + ETHER + 10, 0);
            ik_store_be16(
                out + ETHER + 10,
                ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){out + ETHER, m->body_at - ETHER})));
        }
    }
}

/* ---- what is done to a finished frame -------------------------------------------------------- */

void storm_spoil_frame(struct making *m)
{
    uint8_t *h = m->bytes + ETHER;
    switch (pick(m, 20)) {
    case 0:
    case 1: /* bits */
        for (uint32_t n = 1 + pick(m, 6); n; n--)
            m->bytes[pick(m, (uint32_t)m->len)] ^= (uint8_t)(1 << pick(m, 8));
        break;
    case 2: /* cut anywhere */
        m->len = pick(m, (uint32_t)m->len + 1);
        break;
    case 3: /* bytes after the end, as padding may be */
        fill_random(m, body(m, 1 + pick(m, 60)), 1);
        break;
    case 4: /* lengths that lie */
        if (m->family == 4)
            ik_store_be16(h + 2, (uint16_t)pick(m, 65536));
        if (m->family == 6)
            ik_store_be16(h + 4, (uint16_t)pick(m, 65536));
        break;
    case 5:
        if (m->family == 4) {
            h[0] = (uint8_t)pick(m, 256);
            ik_store_be16(h + 10, 0);
            ik_store_be16(h + 10, ik_cksum_fold(ik_cksum_add(0, (struct ik_rd){h, 20})));
        }
        break;
    default:
        break;
    }
}
