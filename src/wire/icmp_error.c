/* SPDX-License-Identifier: MIT
 * ICMP errors: octets 4-7 by type, the quote, and where an RFC 4884 structure follows it. */
#include "wire/icmp_int.h"

enum {
    SRC4_AT = 12,        /* in the quoted header */
    SRC6_AT = 8,         /* in that of IPv6 */
    QUOTE_AT = 8,        /* RFC 4443 section 3: always 32 bits before the quote */
    EXT_QUOTE_MIN = 128, /* RFC 4884 section 4.3 */
    LIMIT4 = 576 - 20,   /* of the message; the IP header is not ours (RFC 1812 4.3.2.3) */
    LIMIT6 = 1280 - 40,  /* RFC 4443 section 2.4 (c) */
};

/* How octets 4-7 of a type are shared out. */
struct shape {
    uint8_t unit;      /* bytes that 1 of the length attribute means, 0: the type has none */
    uint8_t shift;     /* of the pointer */
    uint32_t pointer;  /* bits of the pointer, once shifted */
    uint32_t mtu;      /* bits of the MTU */
    uint32_t reserved; /* bits that have to be zero */
};

static const struct shape shapes4[] = {
    [IK_ICMP4_UNREACHABLE] = {.unit = 4, .reserved = 0xff00ffff},
    [IK_ICMP4_SOURCE_QUENCH] = {.reserved = 0xffffffff},
    [IK_ICMP4_TIME_EXCEEDED] = {.unit = 4, .reserved = 0xff00ffff},
    [IK_ICMP4_PARAMETER_PROBLEM] = {.unit = 4,
                                    .shift = 24,
                                    .pointer = 0xff,
                                    .reserved = 0x0000ffff},
    [IK_ICMP4_CONVERSION_ERROR] = {.pointer = UINT32_MAX},
    [IK_ICMP4_PHOTURIS] = {.pointer = 0xffff, .reserved = 0xffff0000},
};
static const struct shape shapes6[] = {
    [IK_ICMP6_UNREACHABLE] = {.unit = 8, .reserved = 0x00ffffff},
    [IK_ICMP6_PACKET_TOO_BIG] = {.mtu = UINT32_MAX},
    [IK_ICMP6_TIME_EXCEEDED] = {.unit = 8, .reserved = 0x00ffffff},
    [IK_ICMP6_PARAMETER_PROBLEM] = {.pointer = UINT32_MAX},
};
/* The next-hop MTU (RFC 1191 section 4). */
static const struct shape frag_needed = {.unit = 4, .mtu = 0xffff, .reserved = 0xff000000};
static const struct shape unknown;

static const struct shape *shape_of(const struct ik_icmp *msg)
{
    const struct shape *shapes = msg->family == 4 ? shapes4 : shapes6;
    const size_t n = msg->family == 4 ? sizeof(shapes4) : sizeof(shapes6);
    if (msg->family == 4 && msg->type == IK_ICMP4_UNREACHABLE &&
        msg->code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED)
        return &frag_needed;
    return msg->type < n / sizeof(*shapes) ? &shapes[msg->type] : &unknown;
}

/* Offset of the length attribute in the message (RFC 4884 sections 4.1 to 4.5). */
static size_t length_at(uint8_t family)
{
    return family == 4 ? 5 : 4;
}

static void word_decode(struct ik_icmp_error *e, const struct ik_icmp *msg, const struct shape *s)
{
    e->mtu = e->rest & s->mtu;
    e->pointer = e->rest >> s->shift & s->pointer;
    if (msg->family != 4 || msg->type != IK_ICMP4_REDIRECT)
        return;
    e->gateway.family = 4;
    ik_store_be32(e->gateway.bytes, e->rest);
}

/* Shares `body` out between quote and structure by the length attribute, which stands at `at`. */
static void parts_split(struct ik_icmp_error *e, size_t unit, size_t at, struct ik_rd body,
                        struct ik_faults *faults)
{
    e->quote = body;
    e->extensions = ik_rd_from(body, body.left);
    if (e->length_words == 0)
        return;
    const size_t quoted = e->length_words * unit;
    if (quoted > body.left) {
        ik_fault_add(faults, IK_FLAW_BAD_LENGTH, at);
        return;
    }
    e->quote = ik_rd_head(body, quoted);
    e->extensions = ik_rd_from(body, quoted);
    if (e->extensions.left == 0)
        ik_fault_add(faults, IK_FLAW_EXT_MISSING, at);
    else if (quoted < EXT_QUOTE_MIN)
        ik_fault_add(faults, IK_FLAW_EXT_QUOTE_SHORT, at);
}

/* A version of 2, room for an object (144 octets in all, section 5.2), and a checksum: one of zero
 * proves nothing where the length attribute does not point here. */
static bool is_proven(struct ik_rd structure)
{
    enum { EXT_MIN = 8 };
    struct ik_rd objects;
    return structure.left >= EXT_MIN && ik_load_be16(structure.p + 2) != 0 &&
           ik_ext_open(&objects, structure, NULL) == IK_OK;
}

/* Routers older than the length attribute put the structure after a quote of 128 bytes (RFC 4884
 * section 5.5). Others do so too and count only the original datagram in the attribute. */
static void lenient_split(struct ik_icmp_error *e, struct ik_rd body, struct ik_faults *faults)
{
    const struct ik_rd structure = ik_rd_from(body, EXT_QUOTE_MIN);
    if (!is_proven(structure))
        return;
    e->quote = ik_rd_head(body, EXT_QUOTE_MIN);
    e->extensions = structure;
    e->lenient = true;
    ik_fault_add(faults, IK_FLAW_EXT_LENIENT, QUOTE_AT + EXT_QUOTE_MIN);
}

/* "Headers too long" has no room for a pointer but in an object (RFC 8883 section 4). */
static void pointer_find(struct ik_icmp_error *e)
{
    enum { CLASS = 4, CTYPE = 1, BYTES = 4 };
    struct ik_rd objects;
    struct ik_ext_object object;
    if (ik_ext_open(&objects, e->extensions, NULL))
        return;
    while (ik_ext_take(&objects, &object, NULL) == IK_OK)
        if (object.class_num == CLASS && object.ctype == CTYPE && object.payload.left == BYTES) {
            e->pointer = ik_load_be32(object.payload.p);
            return;
        }
}

static void reserved_check(uint32_t bits, struct ik_faults *faults)
{
    for (unsigned i = 0; bits && i < 4; i++)
        if (bits >> (24 - 8 * i) & 0xff) {
            ik_fault_add(faults, IK_FLAW_RESERVED, IK_ICMP_HEAD + i);
            return;
        }
}

/* An error goes to the source of the packet that it is about (RFC 1122 section 3.2.2, RFC 4443
 * section 3): a quote from somebody else's packet is forged or misled (CVE-2019-5598). */
static void quote_check(struct ik_rd quote, const struct ik_addr *dst, struct ik_faults *faults)
{
    if (quote.left == 0) {
        ik_fault_add(faults, IK_FLAW_NO_QUOTE, QUOTE_AT);
        return;
    }
    if (!dst || quote.p[0] >> 4 != dst->family)
        return;
    /* Of two lengths that are known, without a call. */
    if (dst->family == 4 && quote.left >= SRC4_AT + 4 && memcmp(quote.p + SRC4_AT, dst->bytes, 4))
        ik_fault_add(faults, IK_FLAW_QUOTE_SOURCE, QUOTE_AT + SRC4_AT);
    if (dst->family == 6 && quote.left >= SRC6_AT + 16 && memcmp(quote.p + SRC6_AT, dst->bytes, 16))
        ik_fault_add(faults, IK_FLAW_QUOTE_SOURCE, QUOTE_AT + SRC6_AT);
}

void ik_icmp_error_decode(const struct ik_icmp_in *in)
{
    struct ik_icmp *msg = in->msg;
    const struct shape *s = shape_of(msg);
    const size_t at = length_at(msg->family);
    struct ik_icmp_error *e = &msg->error;
    *e = (struct ik_icmp_error){.rest = ik_load_be32(msg->raw.p)};
    word_decode(e, msg, s);
    e->length_words = s->unit ? msg->raw.p[at - IK_ICMP_HEAD] : 0;
    const struct ik_rd body = ik_rd_from(msg->raw, QUOTE_AT - IK_ICMP_HEAD);
    parts_split(e, s->unit, at, body, in->faults);
    const bool unannounced = in->ctx->lenient_ext && s->unit && e->length_words == 0;
    const bool misplaced =
        e->length_words != 0 && e->quote.left < EXT_QUOTE_MIN && !is_proven(e->extensions);
    if (unannounced || misplaced)
        lenient_split(e, body, in->faults);
    if (msg->family == 6 && msg->type == IK_ICMP6_UNREACHABLE &&
        msg->code == IK_ICMP6_UNREACHABLE_HEADERS_TOO_LONG)
        pointer_find(e);
    if (!in->faults)
        return;
    reserved_check(e->rest & s->reserved, in->faults);
    quote_check(e->quote, in->ctx->dst, in->faults);
}

/* ---- encoding -------------------------------------------------------------------------------- */

static enum ik_err word_encode(const struct ik_icmp *msg, uint8_t length_words, uint32_t *rest)
{
    const struct ik_icmp_error *e = &msg->error;
    *rest = 0;
    if (msg->family == 6) {
        if (msg->type == IK_ICMP6_PACKET_TOO_BIG)
            *rest = e->mtu;
        else if (msg->type == IK_ICMP6_PARAMETER_PROBLEM)
            *rest = e->pointer;
        else if (ik_icmp_type_find(6, msg->type))
            *rest = (uint32_t)length_words << 24;
        else
            *rest = e->rest; /* nobody said what an unassigned error has there */
        return IK_OK;
    }
    uint32_t limit = UINT32_MAX, value = e->pointer, shift = 0;
    switch (msg->type) {
    case IK_ICMP4_UNREACHABLE:
        value = msg->code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED ? e->mtu : 0;
        limit = UINT16_MAX;
        break;
    case IK_ICMP4_REDIRECT:
        value = ik_load_be32(e->gateway.bytes);
        break;
    case IK_ICMP4_PARAMETER_PROBLEM:
        limit = UINT8_MAX;
        shift = 24;
        break;
    case IK_ICMP4_PHOTURIS:
        limit = UINT16_MAX;
        break;
    case IK_ICMP4_CONVERSION_ERROR:
        break;
    default:
        value = 0;
    }
    if (value > limit)
        return IK_E_VALUE;
    *rest = value << shift | (uint32_t)length_words << 16;
    return IK_OK;
}

/* Bytes of the quote that go out: padded and cut as RFC 4884 section 4 wants when a structure of
 * `ext` bytes follows, else cut at what a datagram may be. */
static enum ik_err quote_size(uint8_t family, size_t unit, size_t quoted, size_t ext, size_t *bytes)
{
    const size_t limit = (family == 4 ? LIMIT4 : LIMIT6) - QUOTE_AT;
    if (ext == 0) {
        *bytes = quoted < limit ? quoted : limit;
        return IK_OK;
    }
    if (unit == 0)
        return IK_E_UNSUPPORTED; /* RFC 4884 section 4.6 */
    if (ext > limit - EXT_QUOTE_MIN)
        return IK_E_TOO_BIG;
    const size_t room = (limit - ext) / unit * unit;
    size_t n = (quoted + unit - 1) / unit * unit;
    if (n < EXT_QUOTE_MIN)
        n = EXT_QUOTE_MIN;
    *bytes = n < room ? n : room;
    return IK_OK;
}

enum ik_err ik_icmp_error_encode(const struct ik_icmp *msg, bool exact, struct ik_wr *w)
{
    const struct ik_icmp_error *e = &msg->error;
    if (exact) {
        ik_wr_put32(w, e->rest);
        ik_wr_put(w, e->quote);
        ik_wr_put(w, e->extensions);
        return IK_OK;
    }
    const size_t unit = shape_of(msg)->unit;
    size_t bytes;
    enum ik_err err = quote_size(msg->family, unit, e->quote.left, e->extensions.left, &bytes);
    if (err)
        return err;
    const bool extended = e->extensions.left > 0;
    uint32_t rest;
    err = word_encode(msg, (uint8_t)(extended ? bytes / unit : 0), &rest);
    if (err)
        return err;
    const struct ik_rd quote = ik_rd_head(e->quote, bytes);
    ik_wr_put32(w, rest);
    ik_wr_put(w, quote);
    ik_wr_zero(w, bytes - quote.left);
    ik_wr_put(w, e->extensions);
    return IK_OK;
}
