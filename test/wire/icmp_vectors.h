/* SPDX-License-Identifier: MIT
 * The messages of vectors.def as a table, and the two things that every test does with one. */
#pragma once

#include "icmpkit/wire.h"

struct icmp_vector {
    const char *name;
    uint8_t family;
    enum ik_icmp_kind kind;
    const char *hex;
};

static const struct icmp_vector icmp_vectors[] = {
#define X(id, family, kind, hex, origin) {#id, family, IK_ICMP_##kind, hex},
#include "vectors.def"
#undef X
};

#define ICMP_VECTORS (sizeof(icmp_vectors) / sizeof(icmp_vectors[0]))

/* The addresses that ICMPv6 vectors have their checksum over: fe80::1 and fe80::2. */
static const struct ik_addr icmp_vector_src = {.family = 6, .bytes = {0xfe, 0x80, [15] = 1}};
static const struct ik_addr icmp_vector_dst = {.family = 6, .bytes = {0xfe, 0x80, [15] = 2}};

static inline struct ik_icmp_ctx icmp_vector_ctx(uint8_t family)
{
    return family == 6
               ? (struct ik_icmp_ctx){.family = 6, .src = &icmp_vector_src, .dst = &icmp_vector_dst}
               : (struct ik_icmp_ctx){.family = 4};
}

/* Takes everything that a message lists, to its end, so that each byte is looked at; returns how
 * many entries there were. Ends, whatever the bytes are. */
static inline size_t icmp_vector_walk(const struct ik_icmp *msg)
{
    size_t n = 0;
    struct ik_rd rd;
    struct ik_addr addr;
    struct ik_mld2_record record;
    struct ik_icmp_router router;
    struct ik_ilnp_locator locator;
    struct ik_mpl_seed seed;
    struct ik_renum_op op;
    struct ik_renum_use use;
    struct ik_renum_result result;
    struct ik_rpl_option rpl;
    struct ik_ext_object object;
    switch (msg->kind) {
    case IK_ICMP_MLD2_QUERY:
        for (rd = msg->mld2_query.sources; !ik_icmp_list_take_addr(&rd, &addr);)
            n++;
        break;
    case IK_ICMP_MLD2_REPORT:
        for (rd = msg->mld2_report.records; !ik_icmp_list_take_record(&rd, &record);)
            n++;
        break;
    case IK_ICMP_ROUTER_ADV4:
        for (rd = msg->router_adv4.entries;
             !ik_icmp_list_take_router(&rd, msg->router_adv4.entry_words, &router);)
            n++;
        break;
    case IK_ICMP_LOCATOR_UPDATE:
        for (rd = msg->locator_update.locators; !ik_icmp_list_take_locator(&rd, &locator);)
            n++;
        break;
    case IK_ICMP_HOME_AGENT:
        for (rd = msg->home_agent.addresses; !ik_icmp_list_take_addr(&rd, &addr);)
            n++;
        break;
    case IK_ICMP_MPL:
        for (rd = msg->mpl.seeds; !ik_icmp_list_take_seed(&rd, &seed);)
            n++;
        break;
    case IK_ICMP_RENUMBERING:
        for (rd = msg->renumbering.body; !ik_icmp_list_take_op(&rd, &op);)
            for (n++; !ik_icmp_list_take_use(&op.uses, &use);)
                n++;
        for (rd = msg->renumbering.body; !ik_icmp_list_take_result(&rd, &result);)
            n++;
        break;
    case IK_ICMP_RPL:
        for (rd = msg->rpl.options; !ik_icmp_list_take_rpl(&rd, &rpl);)
            n++;
        break;
    case IK_ICMP_ERROR:
        if (ik_ext_open(&rd, msg->error.extensions, NULL) == IK_OK)
            while (!ik_ext_take(&rd, &object, NULL))
                n++;
        break;
    default:
        break;
    }
    return n;
}
