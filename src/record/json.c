/* SPDX-License-Identifier: MIT
 * Pieces of JSON. */
#include "record/json.h"

#include "record/utf8.h"

static void put_unit(struct ik_wr *w, uint32_t unit)
{
    const uint8_t bytes[] = {(uint8_t)(unit >> 8), (uint8_t)unit};
    ik_fmt_put_text(w, "\\u");
    ik_fmt_put_hex(w, (struct ik_rd){bytes, sizeof(bytes)});
}

static void put_escaped(struct ik_wr *w, uint32_t scalar)
{
    if (scalar < 0x10000) {
        put_unit(w, scalar);
        return;
    }
    put_unit(w, 0xd800 + ((scalar - 0x10000) >> 10));
    put_unit(w, 0xdc00 + ((scalar - 0x10000) & 0x3ff));
}

/* Bytes at the start that stand as they are: printable ASCII but quote and backslash. */
static size_t plain_bytes(struct ik_rd bytes)
{
    size_t n = 0;
    while (n < bytes.left && bytes.p[n] >= ' ' && bytes.p[n] < 0x7f && bytes.p[n] != '"' &&
           bytes.p[n] != '\\')
        n++;
    return n;
}

void ik_json_put_string(struct ik_wr *w, struct ik_rd bytes)
{
    ik_wr_put8(w, '"');
    while (bytes.left > 0 && !w->overflow) {
        const size_t plain = plain_bytes(bytes);
        if (plain) {
            ik_wr_put(w, (struct ik_rd){bytes.p, plain});
            bytes = (struct ik_rd){bytes.p + plain, bytes.left - plain};
            continue;
        }
        uint32_t scalar = 0xfffd;
        const size_t n = ik_utf8_take(bytes, &scalar);
        if (n == 0 || !ik_utf8_is_plain(scalar)) {
            put_escaped(w, scalar);
        } else {
            if (scalar == '"' || scalar == '\\')
                ik_wr_put8(w, '\\');
            ik_wr_put(w, (struct ik_rd){bytes.p, n});
        }
        const size_t step = n ? n : 1;
        bytes = (struct ik_rd){bytes.p + step, bytes.left - step};
    }
    ik_wr_put8(w, '"');
}

void ik_json_put_hex(struct ik_wr *w, struct ik_rd bytes)
{
    const bool cut = bytes.left > IK_JSON_HEX_MAX_BYTES;
    ik_wr_put8(w, '"');
    ik_fmt_put_hex(w, (struct ik_rd){bytes.p, cut ? IK_JSON_HEX_MAX_BYTES : bytes.left});
    ik_fmt_put_text(w, cut ? "...\"" : "\"");
}

void ik_json_put_member_text(struct ik_wr *w, const char *key, const char *text)
{
    ik_json_put_key(w, key);
    ik_json_put_string(w, (struct ik_rd){(const uint8_t *)text, strlen(text)});
}

void ik_json_put_member_addr(struct ik_wr *w, const char *key, const struct ik_addr *a)
{
    ik_json_put_key(w, key);
    uint8_t spare[IK_ADDR_TEXT + 2], *const at = ik_wr_begin(w, sizeof(spare), spare);
    at[0] = '"';
    uint8_t *const end = (uint8_t *)ik_addr_write(a, (char *)at + 1);
    *end = '"';
    ik_wr_end(w, at, end + 1);
}
