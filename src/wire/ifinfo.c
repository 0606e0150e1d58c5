/* SPDX-License-Identifier: MIT
 * Interface information objects (RFC 5837 section 4). */
#include "wire/ext_int.h"

#include "base/rd.h"
#include "wire/fault.h"

#include <string.h>

enum { HAS_INDEX = 8, HAS_ADDR = 4, HAS_NAME = 2, HAS_MTU = 1 };
enum { ROLE_MAX = 3, AFI_BYTES = 4, NAME_MAX_BYTES = 64 };

static enum ik_err take_u32(struct ik_rd *r, uint32_t *out)
{
    const uint8_t *at = ik_rd_take(r, 4);
    if (!at)
        return IK_E_SHORT;
    *out = ik_load_be32(at);
    return IK_OK;
}

static enum ik_err take_addr(struct ik_rd *r, struct ik_addr *out)
{
    if (r->left < AFI_BYTES)
        return IK_E_SHORT;
    const uint16_t afi = ik_load_be16(r->p);
    if (afi != IK_AFI_IP4 && afi != IK_AFI_IP6)
        return IK_E_VALUE;
    const size_t n = afi == IK_AFI_IP4 ? 4 : 16;
    const uint8_t *at = ik_rd_take(r, AFI_BYTES + n);
    if (!at)
        return IK_E_SHORT;
    *out = (struct ik_addr){.family = afi == IK_AFI_IP4 ? 4 : 6};
    memcpy(out->bytes, at + AFI_BYTES, n);
    return IK_OK;
}

/* The length octet counts itself, in bytes; zero would be no progress. */
static enum ik_err take_name(struct ik_rd *r, struct ik_rd *out)
{
    if (r->left == 0)
        return IK_E_SHORT;
    const size_t n = r->p[0];
    if (n == 0 || n % 4 || n > NAME_MAX_BYTES)
        return IK_E_LENGTH;
    struct ik_rd element;
    if (!ik_rd_sub(r, n, &element))
        return IK_E_SHORT;
    *out = ik_ext_text(ik_rd_from(element, 1));
    return IK_OK;
}

static enum ik_err take_elements(struct ik_ifinfo *info, uint8_t ctype, struct ik_rd *r)
{
    enum ik_err err = IK_OK;
    if (ctype & HAS_INDEX) {
        err = take_u32(r, &info->index);
        info->has_index = !err;
    }
    if (!err && ctype & HAS_ADDR) {
        err = take_addr(r, &info->addr);
        info->has_addr = !err;
    }
    if (!err && ctype & HAS_NAME) {
        err = take_name(r, &info->name);
        info->has_name = !err;
    }
    if (!err && ctype & HAS_MTU) {
        err = take_u32(r, &info->mtu);
        info->has_mtu = !err;
    }
    return err;
}

enum ik_err ik_ifinfo_decode(struct ik_ifinfo *out, const struct ik_ext_object *object,
                             struct ik_faults *faults)
{
    struct ik_rd r = object->payload;
    *out = (struct ik_ifinfo){.role = object->ctype >> 6, .name = ik_rd_head(r, 0)};
    if (object->class_num != IK_EXT_IFINFO)
        return IK_E_VALUE;
    const enum ik_err err = take_elements(out, object->ctype, &r);
    if (err)
        ik_fault_add(faults, err == IK_E_VALUE ? IK_FLAW_EXT_VALUE : IK_FLAW_EXT_LENGTH,
                     object->payload.left - r.left);
    return err;
}

/* Bytes of the UTF-8 sequence at the start of t; 0 when it is none (RFC 3629: no overlong forms, no
 * surrogates, nothing above 10ffff). */
static size_t utf8_bytes(struct ik_rd t)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const uint8_t lead = t.p[0];
    const size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4 || more >= t.left)
        return 0;
    uint32_t value = more ? lead & (0x3fu >> more) : lead;
    for (size_t i = 1; i <= more; i++) {
        if ((t.p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (t.p[i] & 0x3f);
    }
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < least[more] || value > 0x10ffff || surrogate ? 0 : more + 1;
}

static bool is_utf8(struct ik_rd t)
{
    while (t.left) {
        const size_t n = utf8_bytes(t);
        if (n == 0)
            return false;
        t = ik_rd_from(t, n);
    }
    return true;
}

static bool can_stand(const struct ik_ifinfo *info, uint8_t family)
{
    return info->role <= ROLE_MAX && (!info->has_addr || info->addr.family == family) &&
           (!info->has_name ||
            (ik_ext_text_is_name(info->name, NAME_MAX_BYTES - 1) && is_utf8(info->name)));
}

enum ik_err ik_ifinfo_put(struct ik_ext_writer *w, const struct ik_ifinfo *info)
{
    if (!can_stand(info, w->family))
        return IK_E_VALUE;
    const size_t addr = info->has_addr ? ik_addr_bytes(info->addr.family) : 0;
    const size_t name = info->has_name ? (1 + info->name.left + 3) & ~(size_t)3 : 0;
    const size_t n = (info->has_index ? 4u : 0) + (info->has_addr ? AFI_BYTES + addr : 0) + name +
                     (info->has_mtu ? 4u : 0);
    const uint8_t ctype =
        (uint8_t)(info->role << 6 | (info->has_index ? HAS_INDEX : 0) |
                  (info->has_addr ? HAS_ADDR : 0) | (info->has_name ? HAS_NAME : 0) |
                  (info->has_mtu ? HAS_MTU : 0));
    uint8_t *at;
    const enum ik_err err = ik_ext_room(w, IK_EXT_IFINFO, ctype, n, &at);
    if (err)
        return err;
    if (info->has_index) {
        ik_store_be32(at, info->index);
        at += 4;
    }
    if (info->has_addr) {
        ik_store_be16(at, info->addr.family == 4 ? IK_AFI_IP4 : IK_AFI_IP6);
        memcpy(at + AFI_BYTES, info->addr.bytes, addr);
        at += AFI_BYTES + addr;
    }
    if (info->has_name) {
        at[0] = (uint8_t)name;
        memcpy(at + 1, info->name.p, info->name.left);
        at += name;
    }
    if (info->has_mtu)
        ik_store_be32(at, info->mtu);
    return IK_OK;
}
