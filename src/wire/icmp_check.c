/* SPDX-License-Identifier: MIT
 * What can be wrong with a message of any type: its code, bytes behind its end, single fields. */
#include "wire/ext_int.h"
#include "wire/icmp_int.h"

/* Bytes behind the end of what the type defines, NULL where it defines no end. */
static const struct ik_rd *trailing_of(const struct ik_icmp *msg)
{
    switch (msg->kind) {
    case IK_ICMP_TIMESTAMP:
        return &msg->timestamp.trailing;
    case IK_ICMP_INFORMATION:
        return &msg->information.trailing;
    case IK_ICMP_MASK:
        return &msg->mask.trailing;
    case IK_ICMP_ROUTER_ADV4:
        return &msg->router_adv4.trailing;
    case IK_ICMP_ROUTER_SOL4:
        return &msg->router_sol4.trailing;
    case IK_ICMP_TRACEROUTE:
        return &msg->traceroute.trailing;
    case IK_ICMP_MLD:
        return &msg->mld.trailing;
    case IK_ICMP_MLD2_QUERY:
        return &msg->mld2_query.trailing;
    case IK_ICMP_MLD2_REPORT:
        return &msg->mld2_report.trailing;
    case IK_ICMP_MRD_ADV:
        return &msg->mrd_adv.trailing;
    case IK_ICMP_MRD:
        return &msg->mrd.trailing;
    case IK_ICMP_HOME_AGENT:
        return &msg->home_agent.trailing;
    case IK_ICMP_LOCATOR_UPDATE:
        return &msg->locator_update.trailing;
    case IK_ICMP_DUP_ADDR:
        return &msg->dup_addr.trailing;
    default:
        return NULL;
    }
}

/* Types whose second octet is no code, or whose codes belong to somebody else. */
static bool has_free_code(const struct ik_icmp *msg)
{
    const struct ik_icmp_type *row = ik_icmp_type_find(msg->family, msg->type);
    if (!row)
        return true;
    switch (row->kind) {
    case IK_ICMP_RAW:
    case IK_ICMP_SEAMOBY:
    case IK_ICMP_MRD_ADV:
    case IK_ICMP_MRD:
    case IK_ICMP_DUP_ADDR: /* judged with the layout that it chooses */
        return true;
    default:
        return false;
    }
}

/* Every type allows 0. */
static bool has_known_code(const struct ik_icmp *msg)
{
    return msg->code == 0 || ik_icmp_code_name(msg->family, msg->type, msg->code) ||
           has_free_code(msg);
}

bool ik_icmp_probe_object_ok(const struct ik_icmp_ext_echo *v)
{
    struct ik_rd objects;
    struct ik_ext_object object;
    unsigned n = 0, wrong = 0;
    if (ik_ext_open(&objects, v->extensions, NULL) != IK_OK)
        return false;
    while (ik_ext_take(&objects, &object, NULL) == IK_OK) {
        n++;
        wrong +=
            object.class_num != IK_EXT_IFIDENT || (!v->local && object.ctype != IK_IFIDENT_ADDR);
    }
    return n == 1 && !wrong;
}

/* A responder answers a request without its one object with code 1 (RFC 8335 section 4). */
static void probe_check(const struct ik_icmp_in *in)
{
    enum { STRUCTURE_AT = 8 };
    const struct ik_icmp_ext_echo *v = &in->msg->ext_echo;
    if (!ik_icmp_probe_object_ok(v))
        ik_fault_add(in->faults, IK_FLAW_PROBE_OBJECT, STRUCTURE_AT);
    if (v->flags & ~1)
        ik_fault_add(in->faults, IK_FLAW_RESERVED, 7);
}

static void fields_check(const struct ik_icmp_in *in)
{
    const struct ik_icmp *msg = in->msg;
    switch (msg->kind) {
    case IK_ICMP_EXT_ECHO:
        probe_check(in);
        break;
    case IK_ICMP_EXT_ECHO_REPLY:
        if (msg->ext_echo_reply.flags & 0x18)
            ik_fault_add(in->faults, IK_FLAW_RESERVED, 7);
        break;
    case IK_ICMP_MRD:
        if (msg->code)
            ik_fault_add(in->faults, IK_FLAW_RESERVED, 1);
        break;
    case IK_ICMP_MRD_ADV: /* RFC 4286 section 3.2: 4 to 180 seconds */
        if (msg->code < 4 || msg->code > 180)
            ik_fault_add(in->faults, IK_FLAW_BAD_VALUE, 1);
        break;
    default:
        break;
    }
}

void ik_icmp_check(const struct ik_icmp_in *in)
{
    const struct ik_icmp *msg = in->msg;
    if (!has_known_code(msg))
        ik_fault_add(in->faults, IK_FLAW_BAD_CODE, 1);
    if (msg->kind == IK_ICMP_ERROR)
        return; /* its quote has no end, and its fields are judged where they are found */
    const struct ik_rd *trailing = trailing_of(msg);
    if (trailing && trailing->left)
        ik_fault_add(in->faults, IK_FLAW_TRAILING,
                     IK_ICMP_HEAD + (size_t)(trailing->p - msg->raw.p));
    fields_check(in);
}
