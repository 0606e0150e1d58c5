/* SPDX-License-Identifier: MIT
 * RFC 4884 extension structures as JSON. */
#include "record/objects.h"

#include "record/json.h"

enum {
    CLASS_MPLS = 1,    /* RFC 4950 section 3 */
    CLASS_IFINFO = 2,  /* RFC 5837 section 4 */
    CLASS_IFIDENT = 3, /* RFC 8335 section 2.1 */
    MPLS_STACK = 1,
    IFIDENT_NAME = 1,
    IFIDENT_INDEX = 2,
    IFIDENT_ADDR = 3,
    AFI_IP = 1,
    AFI_IP6 = 2,
    LABELS_MAX = 32,
    HEX_MAX_BYTES = 128,
};

static void put_hex(struct ik_wr *w, struct ik_rd bytes)
{
    const bool cut = bytes.left > HEX_MAX_BYTES;
    ik_json_put_key(w, "hex");
    ik_json_put_hex(w, (struct ik_rd){bytes.p, cut ? HEX_MAX_BYTES : bytes.left});
    if (cut)
        ik_json_put_member_u64(w, "bytes", bytes.left);
}

void ik_objects_put_flaw(struct ik_wr *w, enum ik_err err, struct ik_rd bytes)
{
    enum ik_flaw flaw = IK_FLAW_BAD_LENGTH;
    if (err == IK_E_SHORT)
        flaw = IK_FLAW_SHORT;
    else if (err == IK_E_VERSION)
        flaw = IK_FLAW_BAD_VERSION;
    else if (err == IK_E_CHECKSUM)
        flaw = IK_FLAW_BAD_CHECKSUM;
    ik_json_put_member_text(w, "flaw", ik_flaw_name(flaw));
    put_hex(w, bytes);
}

/* R4950-5-04: the bottom bit belongs on the last entry and on no other. */
static void put_mpls(struct ik_wr *w, const struct ik_ext_object *object)
{
    struct ik_rd payload = object->payload;
    struct ik_mpls entry;
    bool bottom_seen = false, after_bottom = false;
    unsigned n = 0;
    ik_json_put_key(w, "mpls");
    ik_wr_put8(w, '[');
    for (; n < LABELS_MAX && ik_mpls_take(&payload, &entry) == IK_OK; n++) {
        after_bottom = after_bottom || bottom_seen;
        bottom_seen = entry.bottom;
        ik_json_put_comma(w);
        ik_wr_put8(w, '{');
        ik_json_put_member_u64(w, "label", entry.label);
        ik_json_put_member_u64(w, "tc", entry.tc);
        ik_json_put_member_u64(w, "s", entry.bottom);
        ik_json_put_member_u64(w, "ttl", entry.ttl);
        ik_wr_put8(w, '}');
    }
    ik_wr_put8(w, ']');
    if (n == LABELS_MAX && payload.left > 0)
        ik_json_put_member_bool(w, "more", true);
    else if (payload.left > 0)
        ik_objects_put_flaw(w, IK_E_LENGTH, payload);
    else if (after_bottom || !bottom_seen)
        ik_json_put_member_text(w, "flaw", "mpls-bottom");
}

static void put_ifinfo(struct ik_wr *w, const struct ik_ext_object *object)
{
    static const char *const roles[] = {"incoming", "sub-ip", "outgoing", "next-hop"};
    struct ik_ifinfo info;
    const enum ik_err err = ik_ifinfo_decode(&info, object, NULL);
    if (err) {
        ik_objects_put_flaw(w, err, object->payload);
        return;
    }
    ik_json_put_member_text(w, "role", roles[info.role & 3]);
    if (info.has_index)
        ik_json_put_member_u64(w, "index", info.index);
    if (info.has_addr)
        ik_json_put_member_addr(w, "addr", &info.addr);
    if (info.has_name) {
        ik_json_put_key(w, "name");
        ik_json_put_string(w, info.name);
    }
    if (info.has_mtu)
        ik_json_put_member_u64(w, "mtu", info.mtu);
}

/* An address of a family that we know and of its right length, else hexadecimal. */
static void put_ifident_addr(struct ik_wr *w, const struct ik_ifident *ident)
{
    const uint8_t family = ident->afi == AFI_IP ? 4 : ident->afi == AFI_IP6 ? 6 : 0;
    ik_json_put_member_u64(w, "afi", ident->afi);
    if (family == 0 || ident->addr.left != ik_addr_bytes(family)) {
        put_hex(w, ident->addr);
        return;
    }
    struct ik_addr addr = {.family = family};
    memcpy(addr.bytes, ident->addr.p, ident->addr.left);
    ik_json_put_member_addr(w, "addr", &addr);
}

static void put_ifident(struct ik_wr *w, const struct ik_ext_object *object)
{
    struct ik_ifident ident;
    const enum ik_err err = ik_ifident_decode(&ident, object, NULL);
    if (err) {
        ik_objects_put_flaw(w, err, object->payload);
    } else if (ident.ctype == IFIDENT_NAME) {
        ik_json_put_key(w, "name");
        ik_json_put_string(w, ik_rd_head(ident.name, 255));
    } else if (ident.ctype == IFIDENT_INDEX) {
        ik_json_put_member_u64(w, "index", ident.index);
    } else if (ident.ctype == IFIDENT_ADDR) {
        put_ifident_addr(w, &ident);
    } else {
        put_hex(w, object->payload);
    }
}

static void put_object(struct ik_wr *w, const struct ik_ext_object *object)
{
    ik_json_put_member_u64(w, "class", object->class_num);
    ik_json_put_member_u64(w, "ctype", object->ctype);
    if (object->class_num == CLASS_MPLS && object->ctype == MPLS_STACK)
        put_mpls(w, object);
    else if (object->class_num == CLASS_IFINFO)
        put_ifinfo(w, object);
    else if (object->class_num == CLASS_IFIDENT)
        put_ifident(w, object);
    else
        put_hex(w, object->payload);
}

static void put_list(struct ik_wr *w, struct ik_rd objects)
{
    const size_t start = w->used;
    while (objects.left > 0 && !w->overflow) {
        ik_json_put_comma(w);
        ik_wr_put8(w, '{');
        if (w->used - start > IK_OBJECTS_JSON_BYTES) {
            ik_json_put_member_bool(w, "more", true);
            objects.left = 0;
        } else {
            const struct ik_rd rest = objects;
            struct ik_ext_object object;
            const enum ik_err err = ik_ext_take(&objects, &object, NULL);
            if (err) {
                ik_objects_put_flaw(w, err, rest);
                objects.left = 0;
            } else {
                put_object(w, &object);
            }
        }
        ik_wr_put8(w, '}');
    }
}

void ik_objects_put(struct ik_wr *w, struct ik_rd structure)
{
    struct ik_rd objects;
    const enum ik_err err = ik_ext_open(&objects, structure, NULL);
    ik_wr_put8(w, '[');
    if (err) {
        ik_wr_put8(w, '{');
        ik_objects_put_flaw(w, err, structure);
        ik_wr_put8(w, '}');
    } else {
        put_list(w, objects);
    }
    ik_wr_put8(w, ']');
}
