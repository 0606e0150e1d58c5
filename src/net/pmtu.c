/* SPDX-License-Identifier: MIT
 * Path MTU estimates by destination. */
#include "net/pmtu.h"

/* RFC 1191 section 7, table 7-1. */
static const uint16_t plateaus[] = {65535, 32000, 17914, 8166, 4352, 2002,
                                    1492,  1006,  508,   296,  68};

uint32_t ik_pmtu_plateau(uint32_t len)
{
    for (size_t i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++)
        if (plateaus[i] < len)
            return plateaus[i];
    return IK_PMTU_MIN_V4;
}

size_t ik_pmtu_bytes(const struct ik_pmtu_cfg *cfg)
{
    return ik_ways_rows(cfg->destinations) * (sizeof(struct ik_ways_row) + sizeof(uint32_t));
}

void ik_pmtu_init(struct ik_pmtu *t, void *mem, const struct ik_pmtu_cfg *cfg)
{
    struct ik_ways_row *rows = mem;
    uint32_t *mtu = (void *)(rows + ik_ways_rows(cfg->destinations));
    *t = (struct ik_pmtu){.mtu = mtu, .key = cfg->key, .age = cfg->age};
    ik_ways_init(&t->ways, rows, cfg->destinations);
}

static uint64_t id_of(const struct ik_pmtu *t, const struct ik_addr *dst)
{
    return ik_ways_id(t->key, dst, 8 * (unsigned)ik_addr_bytes(dst->family));
}

static bool lapsed(const struct ik_pmtu *t, ik_ns now, ik_ns lowered)
{
    return t->age != IK_NEVER && now - lowered >= t->age;
}

static uint32_t get(const struct ik_pmtu *t, ik_ns now, uint64_t id, uint32_t link_mtu)
{
    const uint32_t i = ik_ways_find(&t->ways, id);
    if (i == IK_WAYS_NONE || t->mtu[i] >= link_mtu || lapsed(t, now, t->ways.rows[i].at))
        return link_mtu;
    return t->mtu[i];
}

uint32_t ik_pmtu_get(const struct ik_pmtu *t, ik_ns now, const struct ik_addr *dst,
                     uint32_t link_mtu)
{
    return t->any ? get(t, now, id_of(t, dst), link_mtu) : link_mtu;
}

/* The length of the packet that did not pass. Routers derived from 4.2BSD quote its total length
 * with the header length added once more (RFC 1191 section 5). We never send more than the
 * estimate, so a quote above it is one of theirs. The RFC takes a quote of exactly the estimate for
 * one too, though it is what every healthy router sends for a full packet; that would skip a
 * plateau each time. Where it is a faulty one's after all, the next packet tells: its quote is then
 * above the lowered estimate. */
static uint32_t sent_len(const struct ik_pmtu_news *news, uint32_t current)
{
    uint32_t len = news->quoted_len ? news->quoted_len : current;
    const uint32_t header = 4u * news->quoted_ihl;
    if (len > current && len > header)
        len -= header;
    return len < current ? len : current;
}

static uint32_t told_v4(const struct ik_pmtu_news *news, uint32_t current)
{
    const uint32_t mtu = news->reported ? news->reported : ik_pmtu_plateau(sent_len(news, current));
    return mtu < IK_PMTU_MIN_V4 ? IK_PMTU_MIN_V4 : mtu;
}

bool ik_pmtu_report(struct ik_pmtu *t, ik_ns now, const struct ik_pmtu_news *news,
                    uint32_t link_mtu)
{
    /* RFC 8201 section 4: less than that is discarded, not rounded up. */
    if (news->dst.family == 6 && news->reported < IK_PMTU_MIN_V6)
        return false;
    const uint64_t id = id_of(t, &news->dst);
    const uint32_t current = get(t, now, id, link_mtu);
    const uint32_t mtu = news->dst.family == 6 ? news->reported : told_v4(news, current);
    if (mtu >= current)
        return false;
    const uint32_t i = ik_ways_take(&t->ways, id);
    t->any = true;
    t->ways.rows[i].at = now;
    t->mtu[i] = mtu;
    return true;
}
