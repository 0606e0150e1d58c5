/* SPDX-License-Identifier: MIT
 * Multicast listener discovery: the numbers in floating point, the lists, and the rules. */
#include "icmpkit/icmp_lists.h"

#include "wire/icmp_int.h"

uint32_t ik_mld_time_ms(uint16_t max_code)
{
    if (max_code < 0x8000)
        return max_code;
    return (uint32_t)((max_code & 0x0fff) | 0x1000) << ((max_code >> 12 & 7) + 3);
}

uint32_t ik_mld_interval_s(uint8_t qqic)
{
    if (qqic < 0x80)
        return qqic;
    return (uint32_t)((qqic & 0x0f) | 0x10) << ((qqic >> 4 & 7) + 3);
}

static size_t offset_of(const struct ik_icmp *msg, struct ik_rd part)
{
    return IK_ICMP_HEAD + (size_t)(part.p - msg->raw.p);
}

static void group_check(const struct ik_icmp_in *in, const struct ik_addr *group, size_t at)
{
    if (ik_addr_is_multicast(group))
        return;
    /* A general query names no group (RFC 2710 section 3.6). */
    if (in->msg->type == IK_ICMP6_MLD_QUERY && ik_addr_is_any(group))
        return;
    ik_fault_add(in->faults, IK_FLAW_BAD_TARGET, at);
}

/* RFC 2710 section 3, RFC 3810 section 5: link-local source, hop limit 1, Router Alert. A report
 * from the unspecified address is allowed to be sent, yet no group state may come of it. */
static void envelope_check(const struct ik_icmp_in *in)
{
    const struct ik_icmp_ctx *ctx = in->ctx;
    if (ctx->hop_limit_known && ctx->hop_limit != 1)
        ik_fault_add(in->faults, IK_FLAW_BAD_HOP_LIMIT, 0);
    if (ctx->src && !ik_addr_is_link_local(ctx->src))
        ik_fault_add(in->faults, IK_FLAW_BAD_SOURCE, 0);
    if (ctx->router_alert_known && !ctx->router_alert)
        ik_fault_add(in->faults, IK_FLAW_NO_ROUTER_ALERT, 0);
}

static void query_split(const struct ik_icmp_in *in)
{
    struct ik_icmp_mld2_query *v = &in->msg->mld2_query;
    const size_t wanted = 16u * v->count, whole = v->sources.left / 16 * 16;
    const size_t bytes = wanted < whole ? wanted : whole;
    v->trailing = ik_rd_from(v->sources, bytes);
    v->sources = ik_rd_head(v->sources, bytes);
    if (bytes < wanted)
        ik_fault_add(in->faults, IK_FLAW_BAD_COUNT, 26);
}

static void record_check(const struct ik_icmp_in *in, const struct ik_mld2_record *r, size_t at)
{
    if (r->type < IK_MLD2_IS_INCLUDE || r->type > IK_MLD2_BLOCK_OLD)
        ik_fault_add(in->faults, IK_FLAW_BAD_VALUE, at);
    group_check(in, &r->group, at + 4);
}

static void report_split(const struct ik_icmp_in *in)
{
    struct ik_icmp_mld2_report *v = &in->msg->mld2_report;
    struct ik_rd rest = v->records;
    for (unsigned i = 0; i < v->count; i++) {
        struct ik_rd next = rest;
        struct ik_mld2_record r;
        if (ik_icmp_list_take_record(&next, &r)) {
            ik_fault_add(in->faults, IK_FLAW_BAD_COUNT, offset_of(in->msg, rest));
            break;
        }
        record_check(in, &r, offset_of(in->msg, rest));
        rest = next;
    }
    v->trailing = rest;
    v->records = ik_rd_head(v->records, v->records.left - rest.left);
}

void ik_mld_check(const struct ik_icmp_in *in)
{
    const struct ik_icmp *msg = in->msg;
    if (msg->kind == IK_ICMP_MLD2_REPORT) {
        report_split(in);
    } else if (msg->kind == IK_ICMP_MLD2_QUERY) {
        query_split(in);
        group_check(in, &msg->mld2_query.group, 8);
    } else {
        group_check(in, &msg->mld.group, 8);
    }
    envelope_check(in);
}
