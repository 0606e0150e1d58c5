/* SPDX-License-Identifier: MIT
 * Datagrams that leave a translator in fragments. */
#include "stack/natfrag.h"

#include "base/bytes.h"

#define LIFETIME (60 * IK_NS_PER_S)

static uint32_t number(const struct ik_addr *a)
{
    return ik_load_be32(a->bytes);
}

/* Of the same peer and protocol, and not too old. */
static bool is_live(const struct ik_natfrag_row *r, ik_ns now, const struct ik_ip *ip)
{
    return r->dst && r->dst == number(&ip->dst) && r->proto == ip->proto && now - r->at < LIFETIME;
}

static const struct ik_natfrag_row *row_of(const struct ik_natfrag *f, ik_ns now,
                                           const struct ik_ip *ip)
{
    for (unsigned i = 0; i < IK_NATFRAG_ROWS; i++) {
        const struct ik_natfrag_row *r = &f->rows[i];
        if (is_live(r, now, ip) && r->src == number(&ip->src) && r->id == ip->id)
            return r;
    }
    return NULL;
}

static bool is_taken(const struct ik_natfrag *f, ik_ns now, const struct ik_ip *ip, uint16_t id)
{
    for (unsigned i = 0; i < IK_NATFRAG_ROWS; i++)
        if (is_live(&f->rows[i], now, ip) && f->rows[i].public_id == id)
            return true;
    return false;
}

static struct ik_natfrag_row *oldest(struct ik_natfrag *f)
{
    struct ik_natfrag_row *best = &f->rows[0];
    for (unsigned i = 0; i < IK_NATFRAG_ROWS && best->dst; i++)
        if (f->rows[i].dst == 0 || f->rows[i].at < best->at)
            best = &f->rows[i];
    return best;
}

uint16_t ik_natfrag_note(struct ik_natfrag *f, ik_ns now, struct ik_rng *rng,
                         const struct ik_ip *ip)
{
    const struct ik_natfrag_row *known = row_of(f, now, ip);
    if (known) {
        f->rows[known - f->rows].at = now;
        return known->public_id;
    }
    uint16_t id = (uint16_t)ip->id;
    if (is_taken(f, now, ip, id)) /* 64 rows take at most 64 of the 65,536 in a row */
        for (id = (uint16_t)ik_rng_below(rng, 65536); is_taken(f, now, ip, id);)
            id++;
    *oldest(f) = (struct ik_natfrag_row){.at = now,
                                         .src = number(&ip->src),
                                         .dst = number(&ip->dst),
                                         .id = (uint16_t)ip->id,
                                         .public_id = id,
                                         .proto = ip->proto};
    return id;
}

bool ik_natfrag_find(const struct ik_natfrag *f, ik_ns now, const struct ik_ip *ip,
                     uint16_t *public_id)
{
    const struct ik_natfrag_row *r = row_of(f, now, ip);
    if (r)
        *public_id = r->public_id;
    return r != NULL;
}

bool ik_natfrag_back(const struct ik_natfrag *f, ik_ns now, const struct ik_ip *quoted,
                     uint32_t inside, uint16_t *id)
{
    for (unsigned i = 0; i < IK_NATFRAG_ROWS; i++) {
        const struct ik_natfrag_row *r = &f->rows[i];
        if (is_live(r, now, quoted) && r->src == inside && r->public_id == quoted->id) {
            *id = r->id;
            return true;
        }
    }
    return false;
}
