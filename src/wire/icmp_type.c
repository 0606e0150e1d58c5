/* SPDX-License-Identifier: MIT
 * Types and codes by table: rows, names, and the error predicate. */
#include "wire/icmp_type.h"

#include "base/fmt.h"

#include <string.h>

#define X(value, id, spelling, min, body, class_id, status_id, from) \
    [value] = {.name = spelling,                                     \
               .source = from,                                       \
               .min_bytes = min,                                     \
               .kind = IK_ICMP_##body,                               \
               .class_of = IK_ICMP_CLASS_##class_id,                 \
               .status = IK_ICMP_STATUS_##status_id},
static const struct ik_icmp_type types4[256] = {
#include <icmpkit/icmp4_types.def>
};
static const struct ik_icmp_type types6[256] = {
#include <icmpkit/icmp6_types.def>
};
#undef X

/* In the order of their keys, as the table has them. */
static const struct code {
    uint32_t key;
    const char *name;
} codes[] = {
#define KEY(family, type, code) ((uint32_t)(family) << 16 | (uint32_t)(type) << 8 | (code))
#define X(f, t, c, id, spelling) {KEY(f, IK_ICMP##f##_##t, c), spelling},
#include <icmpkit/icmp_codes.def>
#undef X
};

const struct ik_icmp_type *ik_icmp_type_find(uint8_t family, uint8_t type)
{
    if (family != 4 && family != 6)
        return NULL;
    const struct ik_icmp_type *row = family == 4 ? &types4[type] : &types6[type];
    return row->name ? row : NULL;
}

const char *ik_icmp_type_name(uint8_t family, uint8_t type)
{
    const struct ik_icmp_type *row = ik_icmp_type_find(family, type);
    return row ? row->name : NULL;
}

const char *ik_icmp_code_name(uint8_t family, uint8_t type, uint8_t code)
{
    const uint32_t key = KEY(family, type, code);
    /* The last row whose key is not above, found in always as many steps without a branch. */
    const struct code *at = codes;
    for (size_t n = sizeof(codes) / sizeof(codes[0]); n > 1; n -= n / 2)
        at += at[n / 2].key <= key ? n / 2 : 0;
    return at->key == key ? at->name : NULL;
}

const char *ik_icmp_word(uint8_t family, uint8_t type, uint8_t code)
{
    const char *name = ik_icmp_code_name(family, type, code);
    return name ? name : ik_icmp_type_name(family, type);
}

static void copy_text(char *buf, size_t cap, const char *text)
{
    const size_t n = strlen(text), room = cap - 1;
    memcpy(buf, text, n < room ? n : room);
    buf[n < room ? n : room] = '\0';
}

const char *ik_icmp_name(uint8_t family, uint8_t type, uint8_t code, char *buf, size_t cap)
{
    if (cap == 0)
        return buf;
    const char *name = ik_icmp_word(family, type, code);
    char number[9]; /* "type-255" and a terminator */
    if (!name) {
        struct ik_wr w;
        ik_wr_init(&w, (uint8_t *)number, sizeof(number) - 1);
        ik_fmt_put_text(&w, "type-");
        ik_fmt_put_u64(&w, type);
        number[w.used] = '\0';
        name = number;
    }
    copy_text(buf, cap, name);
    return buf;
}

bool ik_icmp_is_error(uint8_t family, uint8_t type)
{
    if (family == 6)
        return type < 128;
    const struct ik_icmp_type *row = ik_icmp_type_find(family, type);
    return row && row->class_of == IK_ICMP_CLASS_ERROR;
}
