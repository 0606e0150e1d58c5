/* SPDX-License-Identifier: MIT
 * Neighbour discovery options: the iterator, their layouts and what makes one wrong. */
#include "icmpkit/nd_views.h"

#include "wire/fault.h"
#include "wire/icmp_int.h"
#include "wire/layout.h"

enum {
    HEAD = 2, /* type, length */
    UNIT = 8,
};

#define FIELDS(kind) static const struct ik_field kind##_fields[]
#define F(m) IK_FIELD(struct VIEW, m)
#define R(m) IK_FIELD_RESERVED(struct VIEW, m)
#define STOP IK_FIELD_STOP

#define VIEW ik_nd_link
FIELDS(link) = {F(addr), STOP};
#undef VIEW
#define VIEW ik_nd_prefix
FIELDS(prefix) = {F(prefix_bits), F(flags),  F(valid_s), F(preferred_s),
                  R(reserved),    F(prefix), STOP};
#undef VIEW
#define VIEW ik_nd_redirected
FIELDS(redirected) = {R(reserved), F(packet), STOP};
#undef VIEW
#define VIEW ik_nd_mtu
FIELDS(mtu) = {R(reserved), F(mtu), STOP};
#undef VIEW
#define VIEW ik_nd_adv_interval
FIELDS(adv_interval) = {R(reserved), F(interval_ms), STOP};
#undef VIEW
#define VIEW ik_nd_home_agent
FIELDS(home_agent) = {F(flags), F(preference), F(lifetime_s), STOP};
#undef VIEW
#define VIEW ik_nd_addr_list
FIELDS(addr_list) = {R(reserved), F(addresses), STOP};
#undef VIEW
#define VIEW ik_nd_cga
FIELDS(cga) = {F(pad), R(reserved), F(parameters), F(padding), STOP};
#undef VIEW
#define VIEW ik_nd_rsa
FIELDS(rsa) = {R(reserved), F(key_hash), F(signature), STOP};
#undef VIEW
#define VIEW ik_nd_timestamp
FIELDS(timestamp) = {R(reserved), F(time), STOP};
#undef VIEW
#define VIEW ik_nd_nonce
FIELDS(nonce) = {F(nonce), STOP};
#undef VIEW
#define VIEW ik_nd_trust_anchor
FIELDS(trust_anchor) = {F(name_type), F(pad), F(name), F(padding), STOP};
#undef VIEW
#define VIEW ik_nd_certificate
FIELDS(certificate) = {F(cert_type), R(reserved), F(certificate), STOP};
#undef VIEW
#define VIEW ik_nd_ip_prefix
FIELDS(ip_prefix) = {F(option_code), F(prefix_bits), R(reserved), F(address), STOP};
#undef VIEW
#define VIEW ik_nd_route
FIELDS(route) = {F(prefix_bits), F(flags), F(lifetime_s), F(prefix), STOP};
#undef VIEW
#define VIEW ik_nd_rdnss
FIELDS(rdnss) = {R(reserved), F(lifetime_s), F(addresses), STOP};
#undef VIEW
#define VIEW ik_nd_ra_flags
FIELDS(ra_flags) = {F(flags), F(more), STOP};
#undef VIEW
#define VIEW ik_nd_dnssl
FIELDS(dnssl) = {R(reserved), F(lifetime_s), F(names), STOP};
#undef VIEW
#define VIEW ik_nd_aro
FIELDS(aro) = {F(status), F(opaque), F(flags), F(tid), F(lifetime_min), F(rovr), STOP};
#undef VIEW
#define VIEW ik_nd_context_6lo
FIELDS(context_6lo) = {F(context_bits), F(flags), R(reserved), F(lifetime_min), F(prefix), STOP};
#undef VIEW
#define VIEW ik_nd_abro
FIELDS(abro) = {F(version_low), F(version_high), F(lifetime_min), F(address), STOP};
#undef VIEW
#define VIEW ik_nd_captive_portal
FIELDS(captive_portal) = {F(uri), F(padding), STOP};
#undef VIEW
#define VIEW ik_nd_pref64
FIELDS(pref64) = {F(lifetime_plc), F(prefix), STOP};
#undef VIEW

static const struct ik_field *const layouts[IK_NDOPT_KIND_COUNT] = {
#define X(kind, member, type) [IK_NDOPT_KIND_##kind] = member##_fields,
#include <icmpkit/nd_bodies.def>
#undef X
};

const struct ik_field *ik_ndopt_layout(enum ik_ndopt_kind kind)
{
    return (unsigned)kind < IK_NDOPT_KIND_COUNT ? layouts[kind] : NULL;
}

struct row {
    const char *name;
    uint8_t min_units, max_units, kind;
};

static const struct row rows[256] = {
#define X(value, id, spelling, min, max, kind, source) \
    [value] = {spelling, min, max, IK_NDOPT_KIND_##kind},
#include <icmpkit/nd_options.def>
#undef X
};

const char *ik_ndopt_name(uint8_t type)
{
    return rows[type].name;
}

enum ik_err ik_ndopt_take(struct ik_rd *options, struct ik_ndopt *out, struct ik_faults *faults)
{
    if (options->left == 0)
        return IK_E_NOT_FOUND;
    const struct ik_rd rest = *options;
    *options = ik_rd_from(rest, rest.left);
    if (rest.left < HEAD) {
        ik_fault_add(faults, IK_FLAW_SHORT, rest.left);
        return IK_E_SHORT;
    }
    const size_t bytes = (size_t)UNIT * rest.p[1];
    if (bytes == 0) {
        ik_fault_add(faults, IK_FLAW_OPTION_ZERO, 1);
        return IK_E_ZERO_LEN;
    }
    if (bytes > rest.left) {
        ik_fault_add(faults, IK_FLAW_OPTION_PAST_END, 1);
        return IK_E_SHORT;
    }
    *out = (struct ik_ndopt){.type = rest.p[0], .body = {rest.p + HEAD, bytes - HEAD}};
    *options = ik_rd_from(rest, bytes);
    return IK_OK;
}

/* Takes `pad` bytes off the end of a span into one of their own. */
static bool pad_split(struct ik_rd *span, struct ik_rd *padding, size_t pad)
{
    if (pad > span->left)
        return false;
    *padding = ik_rd_from(*span, span->left - pad);
    span->left -= pad;
    return true;
}

static size_t zeros_at_end(struct ik_rd span)
{
    size_t n = 0;
    while (n < span.left && span.p[span.left - 1 - n] == 0)
        n++;
    return n;
}

/* The prefix has to be there as far as its length goes (RFC 4191 section 2.3). */
static bool route_is_right(const struct ik_nd_route *v)
{
    return v->prefix_bits <= 128 && v->prefix.left * 8 >= v->prefix_bits;
}

static void pref64_finish(struct ik_nd_pref64 *v)
{
    static const uint8_t bits[8] = {96, 64, 56, 48, 40, 32};
    v->lifetime_s = v->lifetime_plc & 0xfff8; /* scaled by 8, in the top 13 bits */
    v->prefix_bits = bits[v->lifetime_plc & 7];
}

struct verdict {
    enum ik_err err;
    uint8_t at; /* of the octet that is wrong, from the type */
};

/* What the length bounds of the table do not say. */
static struct verdict finish(struct ik_ndopt_view *v)
{
    static const struct verdict right = {IK_OK, 0}, wrong_length = {IK_E_LENGTH, 1};
    switch (v->kind) {
    case IK_NDOPT_KIND_PREFIX:
        return v->prefix.prefix_bits > 128 ? (struct verdict){IK_E_VALUE, 2} : right;
    case IK_NDOPT_KIND_ADDR_LIST:
        return v->addr_list.addresses.left % 16 ? wrong_length : right;
    case IK_NDOPT_KIND_RDNSS: /* an even length took Windows down: CVE-2020-16898 */
        return v->rdnss.addresses.left % 16 ? wrong_length : right;
    case IK_NDOPT_KIND_CGA:
        return pad_split(&v->cga.parameters, &v->cga.padding, v->cga.pad)
                   ? right
                   : (struct verdict){IK_E_VALUE, 2};
    case IK_NDOPT_KIND_TRUST_ANCHOR:
        return pad_split(&v->trust_anchor.name, &v->trust_anchor.padding, v->trust_anchor.pad)
                   ? right
                   : (struct verdict){IK_E_VALUE, 3};
    case IK_NDOPT_KIND_ROUTE:
        return route_is_right(&v->route) ? right : wrong_length;
    case IK_NDOPT_KIND_CONTEXT_6LO:
        return v->context_6lo.context_bits > 8 * v->context_6lo.prefix.left ? wrong_length : right;
    case IK_NDOPT_KIND_CAPTIVE_PORTAL:
        return pad_split(&v->captive_portal.uri, &v->captive_portal.padding,
                         zeros_at_end(v->captive_portal.uri))
                   ? right
                   : wrong_length;
    case IK_NDOPT_KIND_PREF64:
        pref64_finish(&v->pref64);
        return v->pref64.prefix_bits ? right : (struct verdict){IK_E_VALUE, 3};
    default:
        return right;
    }
}

enum ik_err ik_ndopt_decode(struct ik_ndopt_view *out, const struct ik_ndopt *option,
                            struct ik_faults *faults)
{
    const struct row *row = &rows[option->type];
    const size_t units = (HEAD + option->body.left) / UNIT;
    *out = (struct ik_ndopt_view){.type = option->type, .body = option->body};
    if (!row->name)
        return IK_OK;
    if (units < row->min_units || (row->max_units && units > row->max_units)) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return IK_E_LENGTH;
    }
    if (row->kind == IK_NDOPT_KIND_BYTES)
        return IK_OK;
    uint8_t *view = (uint8_t *)out + offsetof(struct ik_ndopt_view, link);
    const uint32_t was = ik_fault_down(faults, HEAD);
    enum ik_err err = ik_layout_decode(layouts[row->kind], view, option->body, faults);
    ik_fault_up(faults, was);
    if (err) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return err;
    }
    out->kind = row->kind;
    const struct verdict v = finish(out);
    if (v.err) {
        out->kind = IK_NDOPT_KIND_BYTES;
        ik_fault_add(faults, v.err == IK_E_LENGTH ? IK_FLAW_OPTION_LENGTH : IK_FLAW_OPTION_VALUE,
                     v.at);
    }
    return v.err;
}

enum ik_err ik_ndopt_encode(const struct ik_ndopt_view *view, uint8_t *out, size_t cap, size_t *len)
{
    if ((unsigned)view->kind >= IK_NDOPT_KIND_COUNT)
        return IK_E_VALUE;
    struct ik_wr w;
    ik_wr_init(&w, out, cap);
    ik_wr_put8(&w, view->type);
    ik_wr_put8(&w, 0);
    if (view->kind == IK_NDOPT_KIND_BYTES)
        ik_wr_put(&w, view->body);
    else
        ik_layout_encode(layouts[view->kind],
                         (const uint8_t *)view + offsetof(struct ik_ndopt_view, link), true, &w);
    ik_wr_zero(&w, (UNIT - w.used % UNIT) % UNIT);
    if (w.overflow)
        return IK_E_FULL;
    if (w.used > (size_t)UINT8_MAX * UNIT)
        return IK_E_TOO_BIG;
    out[1] = (uint8_t)(w.used / UNIT);
    *len = w.used;
    return IK_OK;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void byte_put(struct ik_wr *w, uint8_t c)
{
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (plain) {
        ik_wr_put8(w, c);
        return;
    }
    ik_wr_put8(w, '\\');
    for (unsigned unit = 100; unit; unit /= 10)
        ik_wr_put8(w, (uint8_t)('0' + c / unit % 10));
}

enum ik_err ik_ndopt_take_name(struct ik_rd *names, char text[static IK_ND_NAME_TEXT])
{
    enum { LABEL_MAX = 63, DNS_MAX = 255 };
    struct ik_rd rd = *names;
    *names = ik_rd_from(rd, rd.left);
    if (rd.left == 0 || rd.p[0] == 0)
        return IK_E_NOT_FOUND;
    struct ik_wr w;
    ik_wr_init(&w, (uint8_t *)text, IK_ND_NAME_TEXT - 1);
    for (size_t name_bytes = 0;;) {
        const uint8_t *n = ik_rd_take(&rd, 1);
        if (!n)
            return IK_E_SHORT;
        if (*n == 0)
            break;
        name_bytes += 1u + *n;
        if (*n > LABEL_MAX || name_bytes >= DNS_MAX)
            return IK_E_LENGTH;
        struct ik_rd label;
        if (!ik_rd_sub(&rd, *n, &label))
            return IK_E_SHORT;
        if (w.used)
            ik_wr_put8(&w, '.');
        for (size_t i = 0; i < label.left; i++)
            byte_put(&w, label.p[i]);
    }
    text[w.used] = '\0';
    *names = rd;
    return IK_OK;
}
