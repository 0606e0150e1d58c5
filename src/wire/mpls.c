/* SPDX-License-Identifier: MIT
 * MPLS label stacks in extension objects (RFC 4950 section 5, RFC 3032 section 2.1). */
#include "wire/ext_int.h"

#include "base/rd.h"
#include "wire/fault.h"

enum { ENTRY_BYTES = 4, LABEL_MAX = 0xfffff, TC_MAX = 7 };

enum ik_err ik_mpls_take(struct ik_rd *payload, struct ik_mpls *out)
{
    if (payload->left == 0)
        return IK_E_NOT_FOUND;
    const uint8_t *at = ik_rd_take(payload, ENTRY_BYTES);
    if (!at) {
        payload->left = 0;
        return IK_E_SHORT;
    }
    const uint32_t entry = ik_load_be32(at);
    *out = (struct ik_mpls){
        .label = entry >> 12,
        .tc = entry >> 9 & TC_MAX,
        .ttl = (uint8_t)entry,
        .bottom = entry >> 8 & 1,
    };
    return IK_OK;
}

bool ik_mpls_check(struct ik_rd payload, struct ik_faults *faults)
{
    const size_t whole = payload.left;
    if (whole == 0 || whole % ENTRY_BYTES) {
        ik_fault_add(faults, IK_FLAW_EXT_LENGTH, 0);
        return false;
    }
    struct ik_mpls entry;
    while (ik_mpls_take(&payload, &entry) == IK_OK) {
        if (entry.bottom == (payload.left == 0))
            continue;
        ik_fault_add(faults, IK_FLAW_MPLS_BOTTOM, whole - payload.left - ENTRY_BYTES);
        return false;
    }
    return true;
}

static bool can_stand(const struct ik_mpls *stack, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (stack[i].label > LABEL_MAX || stack[i].tc > TC_MAX || stack[i].bottom != (i == n - 1))
            return false;
    return n > 0;
}

enum ik_err ik_mpls_put(struct ik_ext_writer *w, const struct ik_mpls *stack, size_t n)
{
    uint8_t *at;
    if (!can_stand(stack, n))
        return IK_E_VALUE;
    const enum ik_err err = ik_ext_room(w, IK_EXT_MPLS, 1, n * ENTRY_BYTES, &at);
    for (size_t i = 0; err == IK_OK && i < n; i++)
        ik_store_be32(at + i * ENTRY_BYTES, stack[i].label << 12 | (uint32_t)stack[i].tc << 9 |
                                                (stack[i].bottom ? 1u << 8 : 0) | stack[i].ttl);
    return err;
}
