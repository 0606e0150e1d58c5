/* SPDX-License-Identifier: MIT
 * Neighbour discovery: what makes a message invalid (RFC 4861 sections 6.1, 7.1, 8.1; RFC 3122
 * section 4.3), and the walk over the options. */
#include "wire/icmp_int.h"

enum {
    TARGET_AT = 8,
    REDIRECT_DESTINATION_AT = 24,
    PROVEN_HOP_LIMIT = 255,
};

static const struct ik_rd *options_of(const struct ik_icmp *msg)
{
    switch (msg->kind) {
    case IK_ICMP_ROUTER_SOL:
        return &msg->router_sol.options;
    case IK_ICMP_ROUTER_ADV:
        return &msg->router_adv.options;
    case IK_ICMP_NEIGHBOR_SOL:
        return &msg->neighbor_sol.options;
    case IK_ICMP_NEIGHBOR_ADV:
        return &msg->neighbor_adv.options;
    case IK_ICMP_REDIRECT:
        return &msg->redirect.options;
    case IK_ICMP_INVERSE_ND:
        return &msg->inverse_nd.options;
    case IK_ICMP_MOBILE_PREFIX:
        return &msg->mobile_prefix.options;
    case IK_ICMP_CERT_PATH_SOL:
        return &msg->cert_path_sol.options;
    case IK_ICMP_CERT_PATH_ADV:
        return &msg->cert_path_adv.options;
    case IK_ICMP_FMIP:
        return &msg->fmip.options;
    default:
        return NULL;
    }
}

static bool is_neighbor_discovery(enum ik_icmp_kind kind)
{
    return kind == IK_ICMP_ROUTER_SOL || kind == IK_ICMP_ROUTER_ADV ||
           kind == IK_ICMP_NEIGHBOR_SOL || kind == IK_ICMP_NEIGHBOR_ADV ||
           kind == IK_ICMP_REDIRECT || kind == IK_ICMP_INVERSE_ND;
}

static size_t offset_of(const struct ik_icmp *msg, struct ik_rd part)
{
    return IK_ICMP_HEAD + (size_t)(part.p - msg->raw.p);
}

/* Which options occurred, and where the first source link-layer address stands. */
struct seen {
    bool source_link, target_link, target_list;
    size_t source_link_at;
};

static void option_note(struct seen *seen, uint8_t type, size_t at)
{
    if (type == IK_NDOPT_SOURCE_LINK && !seen->source_link) {
        seen->source_link = true;
        seen->source_link_at = at;
    }
    seen->target_link |= type == IK_NDOPT_TARGET_LINK;
    seen->target_list |= type == IK_NDOPT_TARGET_LIST;
}

/* An option that cannot be read is ignored: it says so and spoils nothing else. */
static void option_judge(const struct ik_ndopt *option, struct ik_faults *faults)
{
    struct ik_ndopt_view view;
    const enum ik_err ignored = ik_ndopt_decode(&view, option, faults);
    (void)ignored;
}

/* An option whose length is zero or passes the end spoils the message (RFC 4861 section 4.6). */
static enum ik_err options_walk(const struct ik_icmp_in *in, struct ik_rd options,
                                struct seen *seen)
{
    for (;;) {
        const size_t at = offset_of(in->msg, options);
        const uint32_t was = ik_fault_down(in->faults, at);
        struct ik_ndopt option;
        const enum ik_err err = ik_ndopt_take(&options, &option, in->faults);
        if (!err && in->faults)
            option_judge(&option, in->faults);
        ik_fault_up(in->faults, was);
        if (err)
            return err == IK_E_NOT_FOUND ? IK_OK : err;
        option_note(seen, option.type, at);
    }
}

static bool is_solicited_node(const struct ik_addr *a)
{
    static const uint8_t prefix[13] = {0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff};
    return memcmp(a->bytes, prefix, sizeof(prefix)) == 0;
}

/* A solicitation from nobody: nobody's address cannot be known (RFC 4861 sections 6.1.1, 7.1.1). */
static void unspecified_check(const struct ik_icmp_in *in, const struct seen *seen)
{
    if (in->ctx->src && ik_addr_is_any(in->ctx->src) && seen->source_link)
        ik_fault_add(in->faults, IK_FLAW_OPTION_UNEXPECTED, seen->source_link_at);
}

static void neighbor_sol_check(const struct ik_icmp_in *in, const struct seen *seen)
{
    const struct ik_icmp_ctx *ctx = in->ctx;
    if (ik_addr_is_multicast(&in->msg->neighbor_sol.target))
        ik_fault_add(in->faults, IK_FLAW_BAD_TARGET, TARGET_AT);
    unspecified_check(in, seen);
    if (ctx->src && ctx->dst && ik_addr_is_any(ctx->src) && !is_solicited_node(ctx->dst))
        ik_fault_add(in->faults, IK_FLAW_BAD_TARGET, 0);
}

static void neighbor_adv_check(const struct ik_icmp_in *in)
{
    const struct ik_icmp_neighbor_adv *v = &in->msg->neighbor_adv;
    if (ik_addr_is_multicast(&v->target))
        ik_fault_add(in->faults, IK_FLAW_BAD_TARGET, TARGET_AT);
    if (in->ctx->dst && ik_addr_is_multicast(in->ctx->dst) && v->flags & IK_NA_SOLICITED)
        ik_fault_add(in->faults, IK_FLAW_BAD_VALUE, IK_ICMP_HEAD);
    if (v->flags & ~(IK_NA_ROUTER | IK_NA_SOLICITED | IK_NA_OVERRIDE))
        ik_fault_add(in->faults, IK_FLAW_RESERVED, IK_ICMP_HEAD);
}

static void link_local_check(const struct ik_icmp_in *in)
{
    if (in->ctx->src && !ik_addr_is_link_local(in->ctx->src))
        ik_fault_add(in->faults, IK_FLAW_BAD_SOURCE, 0);
}

static void redirect_check(const struct ik_icmp_in *in)
{
    const struct ik_icmp_redirect *v = &in->msg->redirect;
    link_local_check(in);
    if (ik_addr_is_multicast(&v->destination))
        ik_fault_add(in->faults, IK_FLAW_BAD_TARGET, REDIRECT_DESTINATION_AT);
    if (!ik_addr_is_link_local(&v->target) && !ik_addr_same_host(&v->target, &v->destination))
        ik_fault_add(in->faults, IK_FLAW_BAD_TARGET, TARGET_AT);
}

static void inverse_check(const struct ik_icmp_in *in, const struct seen *seen)
{
    const bool list_needed = in->msg->type == IK_ICMP6_INVERSE_ADV;
    if (!seen->source_link || !seen->target_link || (list_needed && !seen->target_list))
        ik_fault_add(in->faults, IK_FLAW_OPTION_MISSING, IK_ICMP_HEAD + in->msg->raw.left);
}

static void rules_check(const struct ik_icmp_in *in, const struct seen *seen)
{
    switch (in->msg->kind) {
    case IK_ICMP_ROUTER_SOL:
        unspecified_check(in, seen);
        break;
    case IK_ICMP_ROUTER_ADV:
        link_local_check(in);
        break;
    case IK_ICMP_NEIGHBOR_SOL:
        neighbor_sol_check(in, seen);
        break;
    case IK_ICMP_NEIGHBOR_ADV:
        neighbor_adv_check(in);
        break;
    case IK_ICMP_REDIRECT:
        redirect_check(in);
        break;
    case IK_ICMP_INVERSE_ND:
        inverse_check(in, seen);
        break;
    default:
        break;
    }
}

enum ik_err ik_nd_check(const struct ik_icmp_in *in)
{
    const struct ik_rd *options = options_of(in->msg);
    if (!options)
        return IK_OK;
    struct seen seen = {0};
    const enum ik_err err = options_walk(in, *options, &seen);
    if (err || !in->faults)
        return err;
    const struct ik_icmp_ctx *ctx = in->ctx;
    if (is_neighbor_discovery(in->msg->kind) && ctx->hop_limit_known &&
        ctx->hop_limit != PROVEN_HOP_LIMIT)
        ik_fault_add(in->faults, IK_FLAW_BAD_HOP_LIMIT, 0);
    rules_check(in, &seen);
    return IK_OK;
}
