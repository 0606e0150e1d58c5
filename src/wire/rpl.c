/* SPDX-License-Identifier: MIT
 * RPL control messages (RFC 6550 section 6; 6997, 9009, 9914): the security section, and a base by
 * code. */
#include "wire/icmp_int.h"

#include "wire/layout.h"

enum {
    SECURE = 0x80, /* of the code */
    WITH_DODAGID = 16,
};

#define VIEW ik_rpl_base
#define F(m) IK_FIELD(struct VIEW, m)
#define R1                                                 \
    {                                                      \
        IK_FIELD_U8, 1, offsetof(struct VIEW, reserved), 1 \
    }
#define R2                                                     \
    {                                                          \
        IK_FIELD_U8, 1, offsetof(struct VIEW, reserved) + 1, 1 \
    }
#define STOP IK_FIELD_STOP

static const struct ik_field dis[] = {F(flags), R1, STOP};
static const struct ik_field dio[] = {F(instance), F(version), F(rank),    F(flags), F(dtsn),
                                      R1,          R2,         F(dodagid), STOP};
static const struct ik_field dao[] = {F(instance), F(flags), R1, F(seq), STOP};
static const struct ik_field dao_ack[] = {F(instance), F(flags), F(seq), F(status), STOP};
static const struct ik_field p2p[] = {F(instance), F(version), F(flags16), F(dodagid), STOP};
static const struct ik_field dco[] = {F(instance), F(flags), F(status), F(seq), STOP};
static const struct ik_field pdr[] = {F(instance), F(flags), F(lifetime), F(seq), STOP};
static const struct ik_field pdr_ack[] = {F(instance), F(flags), F(lifetime), F(seq),
                                          F(status),   R1,       STOP};
static const struct ik_field consistency[] = {F(instance), F(flags),   F(nonce),
                                              F(dodagid),  F(counter), STOP};
#undef VIEW
#define VIEW ik_rpl_security
static const struct ik_field security[] = {F(flags),      F(algorithm),
                                           F(mode_level), IK_FIELD_RESERVED(struct VIEW, reserved),
                                           F(counter),    STOP};

/* `fixed`: the DODAGID is part of the layout; `flag`: it follows when that flag is set. */
static const struct form {
    const struct ik_field *fields;
    uint8_t flag;
    bool fixed;
} forms[] = {
    [IK_ICMP6_RPL_DIS] = {dis, 0, false},
    [IK_ICMP6_RPL_DIO] = {dio, 0, true},
    [IK_ICMP6_RPL_DAO] = {dao, IK_RPL_DODAGID_PRESENT, false},
    [IK_ICMP6_RPL_DAO_ACK] = {dao_ack, IK_RPL_ACK_DODAGID_PRESENT, false},
    [IK_ICMP6_RPL_P2P_DRO] = {p2p, 0, true},
    [IK_ICMP6_RPL_P2P_DRO_ACK] = {p2p, 0, true},
    [IK_ICMP6_RPL_DCO] = {dco, IK_RPL_DODAGID_PRESENT, false},
    [IK_ICMP6_RPL_DCO_ACK] = {dao_ack, IK_RPL_ACK_DODAGID_PRESENT, false},
    [IK_ICMP6_RPL_PDR] = {pdr, 0, false},
    [IK_ICMP6_RPL_PDR_ACK] = {pdr_ack, 0, false},
};
static const struct form consistency_form = {consistency, 0, true};

/* NULL for a measurement object (its addresses are compressed against each other) and for codes
 * that nobody defined. */
static const struct form *form_of(uint8_t code)
{
    if (code == IK_ICMP6_RPL_CC)
        return &consistency_form;
    if (!ik_icmp_code_name(6, IK_ICMP6_RPL, code))
        return NULL;
    const size_t base = code & (SECURE - 1);
    return base < sizeof(forms) / sizeof(forms[0]) && forms[base].fields ? &forms[base] : NULL;
}

const struct ik_field *ik_rpl_layout(uint8_t code)
{
    const struct form *const form = form_of(code);
    return form ? form->fields : NULL;
}

const struct ik_field *ik_rpl_layout_security(void)
{
    return security;
}

/* Bytes of key source and index (RFC 6550 section 6.1, table of key identifier modes): in mode 3
 * they are there when the message is encrypted as well. */
static size_t key_bytes(uint8_t mode_level)
{
    const unsigned mode = mode_level >> 6, level = mode_level & 7;
    switch (mode) {
    case 0:
        return 1;
    case 1:
        return 0;
    case 2:
        return 9;
    default:
        return level == 1 || level == 3 ? 9 : 0;
    }
}

/* Levels 1 and 3 encrypt in every mode; 4 to 7 are not assigned. */
static bool is_readable(uint8_t mode_level)
{
    const unsigned level = mode_level & 7;
    return level == 0 || level == 2;
}

static enum ik_err security_decode(struct ik_icmp_rpl *v, struct ik_rd *body,
                                   struct ik_faults *faults)
{
    const enum ik_err err = ik_layout_decode(security, &v->security, *body, faults);
    if (err)
        return err;
    *body = ik_rd_from(*body, ik_layout_bytes(security));
    if (!ik_rd_sub(body, key_bytes(v->security.mode_level), &v->security.key))
        return IK_E_SHORT;
    v->has_security = true;
    return IK_OK;
}

static enum ik_err base_decode(const struct form *form, struct ik_icmp_rpl *v, struct ik_rd *body,
                               struct ik_faults *faults)
{
    const enum ik_err err = ik_layout_decode(form->fields, &v->base, *body, faults);
    if (err)
        return err;
    *body = ik_rd_from(*body, ik_layout_bytes(form->fields));
    v->has_base = true;
    v->base.has_dodagid = form->fixed;
    if (!(v->base.flags & form->flag))
        return IK_OK;
    const uint8_t *id = ik_rd_take(body, WITH_DODAGID);
    if (!id)
        return IK_E_SHORT;
    v->base.has_dodagid = true;
    v->base.dodagid.family = 6;
    memcpy(v->base.dodagid.bytes, id, WITH_DODAGID);
    return IK_OK;
}

static enum ik_err decode(const struct ik_icmp_in *in, struct ik_rd *body)
{
    struct ik_icmp_rpl *v = &in->msg->rpl;
    const uint8_t code = in->msg->code;
    if (code & SECURE) {
        const enum ik_err err = security_decode(v, body, in->faults);
        if (err || !is_readable(v->security.mode_level))
            return err;
    }
    const struct form *form = form_of(code);
    if (!form)
        return IK_OK;
    const uint32_t was = ik_fault_down(in->faults, (size_t)(body->p - in->msg->raw.p));
    const enum ik_err err = base_decode(form, v, body, in->faults);
    ik_fault_up(in->faults, was);
    return err;
}

enum ik_err ik_rpl_decode(const struct ik_icmp_in *in)
{
    struct ik_rd body = in->msg->raw;
    in->msg->rpl = (struct ik_icmp_rpl){.security.key = ik_rd_head(body, 0)};
    const uint32_t was = ik_fault_down(in->faults, IK_ICMP_HEAD);
    const enum ik_err err = decode(in, &body);
    if (err)
        ik_fault_add(in->faults, IK_FLAW_SHORT, in->msg->raw.left);
    ik_fault_up(in->faults, was);
    in->msg->rpl.options = body;
    return err;
}

enum ik_err ik_rpl_encode(const struct ik_icmp *msg, bool exact, struct ik_wr *w)
{
    const struct ik_icmp_rpl *v = &msg->rpl;
    if (v->has_security) {
        ik_layout_encode(security, &v->security, exact, w);
        ik_wr_put(w, v->security.key);
    }
    const struct form *form = form_of(msg->code);
    if (v->has_base) {
        if (!form)
            return IK_E_VALUE;
        ik_layout_encode(form->fields, &v->base, exact, w);
        if (v->base.flags & form->flag)
            ik_wr_put(w, (struct ik_rd){v->base.dodagid.bytes, WITH_DODAGID});
    }
    ik_wr_put(w, v->options);
    return IK_OK;
}
