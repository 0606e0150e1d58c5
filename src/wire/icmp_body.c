/* SPDX-License-Identifier: MIT
 * Bodies of fixed layout, one table a body, and the few members that are worked out from them. */
#include "wire/icmp_int.h"

#include "wire/layout.h"

#define FIELDS(kind) static const struct ik_field kind##_fields[]
#define F(m) IK_FIELD(struct VIEW, m)
#define R(m) IK_FIELD_RESERVED(struct VIEW, m)
#define V4(m) IK_FIELD_V4(struct VIEW, m)
#define STOP IK_FIELD_STOP

#define VIEW ik_echo
FIELDS(echo) = {F(id), F(seq), F(data), STOP};
#undef VIEW
#define VIEW ik_icmp_timestamp
FIELDS(timestamp) = {F(id), F(seq), F(originate), F(receive), F(transmit), F(trailing), STOP};
#undef VIEW
#define VIEW ik_node_info
FIELDS(node_info) = {F(qtype), F(flags), F(nonce), F(data), STOP};
#undef VIEW
#define VIEW ik_icmp_information
FIELDS(information) = {F(id), F(seq), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_mask
FIELDS(mask) = {F(id), F(seq), V4(mask), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_router_adv4
FIELDS(router_adv4) = {F(count), F(entry_words), F(lifetime_s), F(entries), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_router_sol4
FIELDS(router_sol4) = {R(reserved), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_traceroute
FIELDS(traceroute) = {F(id),  R(reserved), F(out_hops), F(return_hops), F(speed_bytes_s),
                      F(mtu), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_domain_name
FIELDS(domain_name) = {F(id), F(seq), F(ttl_s), F(names), STOP};
#undef VIEW
#define VIEW ik_icmp_seamoby
FIELDS(seamoby) = {F(subtype), R(reserved), F(data), STOP};
#undef VIEW
#define VIEW ik_icmp_ext_echo
FIELDS(ext_echo) = {F(id), F(seq), F(flags), F(extensions), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_ext_echo_reply
FIELDS(ext_echo_reply) = {F(id), F(seq), F(flags), F(data), STOP};
#undef VIEW
#define VIEW ik_icmp_mld
FIELDS(mld) = {F(max_delay_ms), R(reserved), F(group), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_mld2_query
FIELDS(mld2_query) = {F(max_code), R(reserved), F(group),    F(flags), F(qqic),
                      F(count),    F(sources),  F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_mld2_report
FIELDS(mld2_report) = {R(reserved), F(count), F(records), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_router_sol
FIELDS(router_sol) = {R(reserved), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_router_adv
FIELDS(router_adv) = {F(hop_limit),     F(flags),   F(lifetime_s), F(reachable_ms),
                      F(retransmit_ms), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_neighbor_sol
FIELDS(neighbor_sol) = {R(reserved), F(target), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_neighbor_adv
FIELDS(neighbor_adv) = {F(flags), R(reserved), F(target), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_redirect
FIELDS(redirect) = {R(reserved), F(target), F(destination), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_inverse_nd
FIELDS(inverse_nd) = {R(reserved), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_renumbering
FIELDS(renumbering) = {F(seq), F(segment), F(flags), F(max_delay_ms), R(reserved), F(body), STOP};
#undef VIEW
#define VIEW ik_icmp_home_agent
FIELDS(home_agent) = {F(id), F(flags), F(addresses), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_mobile_prefix
FIELDS(mobile_prefix) = {F(id), F(flags), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_cert_path_sol
FIELDS(cert_path_sol) = {F(id), F(component), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_cert_path_adv
FIELDS(cert_path_adv) = {F(id), F(all_components), F(component), R(reserved), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_mrd_adv
FIELDS(mrd_adv) = {F(query_interval_s), F(robustness), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_mrd
FIELDS(mrd) = {F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_fmip
FIELDS(fmip) = {F(subtype), R(reserved), F(id), F(options), STOP};
#undef VIEW
#define VIEW ik_icmp_locator_update
FIELDS(locator_update) = {F(count), F(operation), R(reserved), F(locators), F(trailing), STOP};
#undef VIEW
#define VIEW ik_icmp_mpl
FIELDS(mpl) = {F(seeds), STOP};
#undef VIEW

/* The owner verifier takes what the code says; the address follows it, so it is split afterwards.
 */
#define VIEW ik_icmp_dup_addr
FIELDS(dup_addr) = {F(status), F(tid), F(lifetime_min), F(rovr), F(trailing), STOP};
#undef VIEW

static const struct ik_field *const layouts[IK_ICMP_KIND_COUNT] = {
    [IK_ICMP_ECHO] = echo_fields,
    [IK_ICMP_TIMESTAMP] = timestamp_fields,
    [IK_ICMP_NODE_INFO] = node_info_fields,
    [IK_ICMP_INFORMATION] = information_fields,
    [IK_ICMP_MASK] = mask_fields,
    [IK_ICMP_ROUTER_ADV4] = router_adv4_fields,
    [IK_ICMP_ROUTER_SOL4] = router_sol4_fields,
    [IK_ICMP_TRACEROUTE] = traceroute_fields,
    [IK_ICMP_DOMAIN_NAME] = domain_name_fields,
    [IK_ICMP_SEAMOBY] = seamoby_fields,
    [IK_ICMP_EXT_ECHO] = ext_echo_fields,
    [IK_ICMP_EXT_ECHO_REPLY] = ext_echo_reply_fields,
    [IK_ICMP_MLD] = mld_fields,
    [IK_ICMP_MLD2_QUERY] = mld2_query_fields,
    [IK_ICMP_MLD2_REPORT] = mld2_report_fields,
    [IK_ICMP_ROUTER_SOL] = router_sol_fields,
    [IK_ICMP_ROUTER_ADV] = router_adv_fields,
    [IK_ICMP_NEIGHBOR_SOL] = neighbor_sol_fields,
    [IK_ICMP_NEIGHBOR_ADV] = neighbor_adv_fields,
    [IK_ICMP_REDIRECT] = redirect_fields,
    [IK_ICMP_INVERSE_ND] = inverse_nd_fields,
    [IK_ICMP_RENUMBERING] = renumbering_fields,
    [IK_ICMP_HOME_AGENT] = home_agent_fields,
    [IK_ICMP_MOBILE_PREFIX] = mobile_prefix_fields,
    [IK_ICMP_CERT_PATH_SOL] = cert_path_sol_fields,
    [IK_ICMP_CERT_PATH_ADV] = cert_path_adv_fields,
    [IK_ICMP_MRD_ADV] = mrd_adv_fields,
    [IK_ICMP_MRD] = mrd_fields,
    [IK_ICMP_FMIP] = fmip_fields,
    [IK_ICMP_LOCATOR_UPDATE] = locator_update_fields,
    [IK_ICMP_DUP_ADDR] = dup_addr_fields,
    [IK_ICMP_MPL] = mpl_fields,
};

const struct ik_field *ik_icmp_body_layout(enum ik_icmp_kind kind)
{
    return (unsigned)kind < IK_ICMP_KIND_COUNT ? layouts[kind] : NULL;
}

/* All members of the union start at one place. */
static const uint8_t *view_of(const struct ik_icmp *msg)
{
    return (const uint8_t *)msg + offsetof(struct ik_icmp, echo);
}

/* Leaves in *list as many whole entries of `count` as are there; what follows goes to *trailing. */
static void list_split(struct ik_rd *list, struct ik_rd *trailing, size_t count, size_t entry_bytes)
{
    const size_t there = entry_bytes ? list->left / entry_bytes : 0;
    const size_t bytes = (count < there ? count : there) * entry_bytes;
    *trailing = ik_rd_from(*list, bytes);
    *list = ik_rd_head(*list, bytes);
}

static void count_check(const struct ik_icmp_in *in, struct ik_rd list, size_t bytes, size_t at)
{
    if (list.left != bytes)
        ik_fault_add(in->faults, IK_FLAW_BAD_COUNT, at);
}

static void router_adv4_finish(const struct ik_icmp_in *in)
{
    struct ik_icmp_router_adv4 *v = &in->msg->router_adv4;
    const size_t entry = 4u * v->entry_words;
    list_split(&v->entries, &v->trailing, v->count, entry);
    count_check(in, v->entries, v->count * entry, 4);
    if (v->count == 0)
        ik_fault_add(in->faults, IK_FLAW_BAD_COUNT, 4);
    if (v->entry_words < 2) /* RFC 1256 section 5.2 */
        ik_fault_add(in->faults, IK_FLAW_BAD_VALUE, 5);
}

static void locator_update_finish(const struct ik_icmp_in *in)
{
    struct ik_icmp_locator_update *v = &in->msg->locator_update;
    list_split(&v->locators, &v->trailing, v->count, 12);
    count_check(in, v->locators, v->count * 12u, 4);
    if (v->operation != 1 && v->operation != 2)
        ik_fault_add(in->faults, IK_FLAW_BAD_VALUE, 5);
}

/* RFC 8335 has the structure go on to the end of the message. Newer tools append data and have the
 * checksum of the structure end with its only object: that checksum then says where. */
static void ext_echo_finish(struct ik_icmp_ext_echo *v)
{
    enum { HEADER = 4 };
    struct ik_rd objects, whole = v->extensions;
    v->local = v->flags & 1;
    v->trailing = ik_rd_from(whole, whole.left);
    if (whole.left <= 2 * HEADER || ik_ext_open(&objects, whole, NULL) != IK_E_CHECKSUM)
        return;
    const size_t bytes = HEADER + (size_t)ik_load_be16(whole.p + HEADER);
    if (bytes >= whole.left || ik_ext_open(&objects, ik_rd_head(whole, bytes), NULL) != IK_OK)
        return;
    v->extensions = ik_rd_head(whole, bytes);
    v->trailing = ik_rd_from(whole, bytes);
}

static void ext_echo_reply_finish(struct ik_icmp_ext_echo_reply *v)
{
    v->state = v->flags >> 5;
    v->active = v->flags >> 2 & 1;
    v->ipv4 = v->flags >> 1 & 1;
    v->ipv6 = v->flags & 1;
}

/* Low four bits of the code: 0 the plain message, 1 to 4 that many times 64 bits (RFC 8505). */
static enum ik_err dup_addr_finish(const struct ik_icmp_in *in)
{
    struct ik_icmp_dup_addr *v = &in->msg->dup_addr;
    const unsigned suffix = in->msg->code & 0x0f;
    if (suffix > 4) {
        ik_fault_add(in->faults, IK_FLAW_BAD_CODE, 1);
        return IK_E_VALUE;
    }
    struct ik_rd body = v->rovr;
    const uint8_t *address;
    if (!ik_rd_sub(&body, suffix ? 8u * suffix : 8, &v->rovr) ||
        !(address = ik_rd_take(&body, 16))) {
        ik_fault_add(in->faults, IK_FLAW_SHORT, IK_ICMP_HEAD + in->msg->raw.left);
        return IK_E_SHORT;
    }
    v->address = (struct ik_addr){.family = 6};
    memcpy(v->address.bytes, address, 16);
    v->trailing = body;
    return IK_OK;
}

/* Works out what is not a field of its own, and splits lists from what follows them. */
static enum ik_err finish(const struct ik_icmp_in *in)
{
    struct ik_icmp *msg = in->msg;
    switch (msg->kind) {
    case IK_ICMP_ROUTER_ADV4:
        router_adv4_finish(in);
        return IK_OK;
    case IK_ICMP_LOCATOR_UPDATE:
        locator_update_finish(in);
        return IK_OK;
    case IK_ICMP_HOME_AGENT:
        list_split(&msg->home_agent.addresses, &msg->home_agent.trailing, SIZE_MAX, 16);
        return IK_OK;
    case IK_ICMP_EXT_ECHO:
        ext_echo_finish(&msg->ext_echo);
        return IK_OK;
    case IK_ICMP_EXT_ECHO_REPLY:
        ext_echo_reply_finish(&msg->ext_echo_reply);
        return IK_OK;
    case IK_ICMP_DUP_ADDR:
        return dup_addr_finish(in);
    case IK_ICMP_MLD:
    case IK_ICMP_MLD2_QUERY:
    case IK_ICMP_MLD2_REPORT:
        ik_mld_check(in);
        return IK_OK;
    default:
        return ik_nd_check(in);
    }
}

/* A query of 24 octets is version 1, one of 28 or more version 2, and none is between (RFC 3810
 * section 8.1). */
static enum ik_err query_version(const struct ik_icmp_in *in)
{
    struct ik_icmp *msg = in->msg;
    const size_t bytes = IK_ICMP_HEAD + msg->raw.left;
    if (msg->type != IK_ICMP6_MLD_QUERY || bytes == 24)
        return IK_OK;
    if (bytes < 28) {
        ik_fault_add(in->faults, IK_FLAW_BAD_LENGTH, 24);
        return IK_E_LENGTH;
    }
    msg->kind = IK_ICMP_MLD2_QUERY;
    return IK_OK;
}

enum ik_err ik_icmp_body_decode(const struct ik_icmp_in *in)
{
    struct ik_icmp *msg = in->msg;
    enum ik_err err = msg->kind == IK_ICMP_MLD ? query_version(in) : IK_OK;
    if (err)
        return err;
    uint8_t *view = (uint8_t *)msg + offsetof(struct ik_icmp, echo);
    const uint32_t was = ik_fault_down(in->faults, IK_ICMP_HEAD);
    err = ik_layout_decode(layouts[msg->kind], view, msg->raw, in->faults);
    ik_fault_up(in->faults, was);
    return err ? err : finish(in);
}

/* ---- encoding -------------------------------------------------------------------------------- */

/* In a message of our own the flags octet comes from the claims, not the other way round. */
static enum ik_err ext_echo_encode(const struct ik_icmp *msg, struct ik_wr *w)
{
    struct ik_icmp_ext_echo v = msg->ext_echo;
    v.flags = v.local;
    ik_layout_encode(ext_echo_fields, &v, false, w);
    return IK_OK;
}

static enum ik_err ext_echo_reply_encode(const struct ik_icmp *msg, struct ik_wr *w)
{
    struct ik_icmp_ext_echo_reply v = msg->ext_echo_reply;
    if (v.state > 7)
        return IK_E_VALUE;
    v.flags = (uint8_t)(v.state << 5 | v.active << 2 | v.ipv4 << 1 | v.ipv6);
    ik_layout_encode(ext_echo_reply_fields, &v, false, w);
    return IK_OK;
}

static void dup_addr_encode(const struct ik_icmp *msg, struct ik_wr *w)
{
    const struct ik_icmp_dup_addr *v = &msg->dup_addr;
    ik_wr_put8(w, v->status);
    ik_wr_put8(w, v->tid);
    ik_wr_put16(w, v->lifetime_min);
    ik_wr_put(w, v->rovr);
    ik_wr_put(w, (struct ik_rd){v->address.bytes, 16});
    ik_wr_put(w, v->trailing);
}

enum ik_err ik_icmp_body_encode(const struct ik_icmp *msg, bool exact, struct ik_wr *w)
{
    if (!exact && msg->kind == IK_ICMP_EXT_ECHO)
        return ext_echo_encode(msg, w);
    if (!exact && msg->kind == IK_ICMP_EXT_ECHO_REPLY)
        return ext_echo_reply_encode(msg, w);
    if (msg->kind == IK_ICMP_DUP_ADDR) {
        dup_addr_encode(msg, w);
        return IK_OK;
    }
    if ((unsigned)msg->kind >= IK_ICMP_KIND_COUNT || !layouts[msg->kind])
        return IK_E_UNSUPPORTED;
    ik_layout_encode(layouts[msg->kind], view_of(msg), exact, w);
    return IK_OK;
}
