/* SPDX-License-Identifier: MIT
 * Iterators over the lists inside ICMP bodies. */
#include "icmpkit/icmp_lists.h"

#include "wire/layout.h"

#define F(m) IK_FIELD(struct VIEW, m)
#define V4(m) IK_FIELD_V4(struct VIEW, m)

/* Cuts `bytes` off the front of a list. */
static enum ik_err entry_take(struct ik_rd *list, size_t bytes, struct ik_rd *entry)
{
    if (list->left == 0)
        return IK_E_NOT_FOUND;
    if (ik_rd_sub(list, bytes, entry))
        return IK_OK;
    *list = ik_rd_from(*list, list->left);
    return IK_E_SHORT;
}

/* The same for an entry of fixed layout. */
static enum ik_err fixed_take(struct ik_rd *list, const struct ik_field *fields, void *out)
{
    struct ik_rd entry;
    const enum ik_err err = entry_take(list, ik_layout_bytes(fields), &entry);
    return err ? err : ik_layout_decode(fields, out, entry, NULL);
}

enum ik_err ik_icmp_list_take_addr(struct ik_rd *addresses, struct ik_addr *out)
{
    struct ik_rd entry;
    const enum ik_err err = entry_take(addresses, 16, &entry);
    if (err)
        return err;
    *out = (struct ik_addr){.family = 6};
    memcpy(out->bytes, entry.p, 16);
    return IK_OK;
}

enum ik_err ik_icmp_list_take_router(struct ik_rd *entries, uint8_t entry_words,
                                     struct ik_icmp_router *out)
{
    if (entry_words < 2)
        return IK_E_LENGTH;
    struct ik_rd entry;
    const enum ik_err err = entry_take(entries, 4u * entry_words, &entry);
    if (err)
        return err;
    const uint32_t preference = ik_load_be32(entry.p + 4);
    *out = (struct ik_icmp_router){.addr = {.family = 4}, .more = ik_rd_from(entry, 8)};
    memcpy(out->addr.bytes, entry.p, 4);
    memcpy(&out->preference, &preference, sizeof(preference)); /* two's complement, as sent */
    return IK_OK;
}

enum ik_err ik_icmp_list_take_record(struct ik_rd *records, struct ik_mld2_record *out)
{
#define VIEW ik_mld2_record
    static const struct ik_field fields[] = {F(type), F(aux_words), F(count), F(group),
                                             IK_FIELD_STOP};
#undef VIEW
    struct ik_mld2_record r;
    struct ik_rd rest = *records;
    enum ik_err err = fixed_take(&rest, fields, &r);
    if (!err && (!ik_rd_sub(&rest, 16u * r.count, &r.sources) ||
                 !ik_rd_sub(&rest, 4u * r.aux_words, &r.aux)))
        err = IK_E_SHORT;
    if (err) {
        *records = ik_rd_from(*records, records->left);
        return err;
    }
    *records = rest;
    *out = r;
    return IK_OK;
}

enum ik_err ik_icmp_list_take_locator(struct ik_rd *locators, struct ik_ilnp_locator *out)
{
#define VIEW ik_ilnp_locator
    static const struct ik_field fields[] = {F(locator), F(preference), F(lifetime_s),
                                             IK_FIELD_STOP};
#undef VIEW
    return fixed_take(locators, fields, out);
}

enum ik_err ik_icmp_list_take_seed(struct ik_rd *seeds, struct ik_mpl_seed *out)
{
    static const uint8_t id_bytes[4] = {0, 2, 8, 16};
    struct ik_rd head;
    const enum ik_err err = entry_take(seeds, 2, &head);
    if (err)
        return err;
    struct ik_mpl_seed s = {
        .min_seqno = head.p[0], .bitmap_bytes = head.p[1] >> 2, .id_form = head.p[1] & 3};
    if (!ik_rd_sub(seeds, id_bytes[s.id_form], &s.id) ||
        !ik_rd_sub(seeds, s.bitmap_bytes, &s.buffered)) {
        *seeds = ik_rd_from(*seeds, seeds->left);
        return IK_E_SHORT;
    }
    *out = s;
    return IK_OK;
}

enum ik_err ik_icmp_list_take_op(struct ik_rd *body, struct ik_renum_op *out)
{
#define VIEW ik_renum_op
    static const struct ik_field fields[] = {F(op),         F(length_units), F(ordinal),
                                             F(match_bits), F(min_bits),     F(max_bits),
                                             F(reserved),   F(prefix),       IK_FIELD_STOP};
#undef VIEW
    enum { MATCH_BYTES = 24, USE_BYTES = 32, UNIT = 8 };
    struct ik_renum_op op;
    struct ik_rd entry;
    const struct ik_rd rest = *body;
    enum ik_err err = fixed_take(body, fields, &op);
    if (err)
        return err;
    /* The length is 3 + 4N units (RFC 2894 section 3.2.1.1), so it is never zero and never stuck.
     */
    *body = ik_rd_from(rest, rest.left);
    const size_t bytes = (size_t)UNIT * op.length_units;
    if (bytes < MATCH_BYTES || (bytes - MATCH_BYTES) % USE_BYTES)
        return IK_E_LENGTH;
    struct ik_rd whole = rest;
    if (!ik_rd_sub(&whole, bytes, &entry))
        return IK_E_SHORT;
    op.uses = ik_rd_from(entry, MATCH_BYTES);
    *body = whole;
    *out = op;
    return IK_OK;
}

enum ik_err ik_icmp_list_take_use(struct ik_rd *uses, struct ik_renum_use *out)
{
#define VIEW ik_renum_use
    static const struct ik_field fields[] = {F(use_bits), F(keep_bits), F(flag_mask),
                                             F(ra_flags), F(valid_s),   F(preferred_s),
                                             F(flags),    F(prefix),    IK_FIELD_STOP};
#undef VIEW
    return fixed_take(uses, fields, out);
}

enum ik_err ik_icmp_list_take_result(struct ik_rd *body, struct ik_renum_result *out)
{
#define VIEW ik_renum_result
    static const struct ik_field fields[] = {F(flags),     F(ordinal), F(matched_bits),
                                             F(interface), F(prefix),  IK_FIELD_STOP};
#undef VIEW
    return fixed_take(body, fields, out);
}

enum ik_err ik_icmp_list_take_rpl(struct ik_rd *options, struct ik_rpl_option *out)
{
    const struct ik_rd rest = *options;
    if (rest.left == 0)
        return IK_E_NOT_FOUND;
    *options = ik_rd_from(rest, rest.left);
    if (rest.p[0] == 0) { /* Pad1 */
        *out = (struct ik_rpl_option){.type = 0, .body = ik_rd_head(*options, 0)};
        *options = ik_rd_from(rest, 1);
        return IK_OK;
    }
    if (rest.left < 2)
        return IK_E_SHORT;
    struct ik_rd after = ik_rd_from(rest, 2);
    struct ik_rpl_option o = {.type = rest.p[0]};
    if (!ik_rd_sub(&after, rest.p[1], &o.body))
        return IK_E_SHORT;
    *out = o;
    *options = after;
    return IK_OK;
}
