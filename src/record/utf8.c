/* SPDX-License-Identifier: MIT
 * UTF-8 of strangers. */
#include "record/utf8.h"

/* Bytes of a sequence by its lead, 0 for a byte that cannot lead. */
static size_t sequence_bytes(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2) /* continuation bytes, and c0 c1, which only overlong forms begin with */
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0)
        return 3;
    return lead < 0xf5 ? 4 : 0;
}

size_t ik_utf8_take(struct ik_rd in, uint32_t *scalar)
{
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (in.left == 0)
        return 0;
    const size_t n = sequence_bytes(in.p[0]);
    if (n == 0 || n > in.left)
        return 0;
    uint32_t value = in.p[0] & lead_mask[n];
    for (size_t i = 1; i < n; i++) {
        if ((in.p[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (in.p[i] & 0x3f);
    }
    if (value < least[n] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *scalar = value;
    return n;
}

bool ik_utf8_is_plain(uint32_t scalar)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {
        {0x0000, 0x001f},   /* C0 */
        {0x007f, 0x009f},   /* DEL, C1: U+009B begins an escape sequence as ESC [ does */
        {0x00ad, 0x00ad},   /* soft hyphen */
        {0x061c, 0x061c},   /* Arabic letter mark */
        {0x200b, 0x200f},   /* zero width, direction marks */
        {0x2028, 0x202e},   /* separators, direction embeddings and overrides */
        {0x2060, 0x206f},   /* invisible operators, direction isolates */
        {0xfdd0, 0xfdef},   /* noncharacters */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xfff9, 0xfffb},   /* interlinear annotation */
        {0xe0000, 0xe0fff}, /* tags */
    };
    for (size_t i = 0; i < sizeof(hidden) / sizeof(*hidden); i++) {
        if (scalar >= hidden[i].first && scalar <= hidden[i].last)
            return false;
    }
    return (scalar & 0xfffe) != 0xfffe;
}
