/* SPDX-License-Identifier: MIT
 * Blocks of a capture file (draft-ietf-opsawg-pcapng). All numbers are in one byte order, which the
 * section says; ours is that of the network, as everywhere on the wire. */
#include "icmpkit/wire.h"

#include "base/wr.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2,      /* of an interface */
    OPTION_RESOLUTION = 9 /* of its times: 10^-n s */
};

/* The length of a block stands before and after it. */
struct block {
    struct ik_wr w;
    uint8_t *out;
};

static struct block begin(uint32_t type, uint8_t *out, size_t cap)
{
    struct block b = {.out = out};
    ik_wr_init(&b.w, out, cap);
    ik_wr_put32(&b.w, type);
    ik_wr_put32(&b.w, 0);
    return b;
}

static enum ik_err end(struct block *b, size_t *len)
{
    const size_t n = b->w.used + 4;
    ik_wr_put32(&b->w, (uint32_t)n);
    if (b->w.overflow)
        return IK_E_FULL;
    ik_store_be32(b->out + 4, (uint32_t)n);
    *len = n;
    return IK_OK;
}

/* Padded to 32 bits. */
static void put_bytes(struct block *b, struct ik_rd bytes)
{
    ik_wr_put(&b->w, bytes);
    ik_wr_zero(&b->w, (4 - bytes.left % 4) % 4);
}

static void put_option(struct block *b, uint16_t code, const void *value, size_t n)
{
    ik_wr_put16(&b->w, code);
    ik_wr_put16(&b->w, (uint16_t)n);
    put_bytes(b, (struct ik_rd){value, n});
}

static void put_text(struct block *b, uint16_t code, const char *text)
{
    const size_t n = strlen(text);
    put_option(b, code, text, n < IK_PCAPNG_TEXT ? n : IK_PCAPNG_TEXT);
}

enum ik_err ik_pcapng_section(uint8_t *out, size_t cap, size_t *len)
{
    struct block b = begin(BLOCK_SECTION, out, cap);
    ik_wr_put32(&b.w, BYTE_ORDER_MAGIC);
    ik_wr_put16(&b.w, 1); /* version 1.0 */
    ik_wr_put16(&b.w, 0);
    ik_wr_put32(&b.w, UINT32_MAX); /* of unknown length: */
    ik_wr_put32(&b.w, UINT32_MAX); /* 64 bits of -1 */
    return end(&b, len);
}

enum ik_err ik_pcapng_interface(uint16_t link_type, const char *name, uint8_t *out, size_t cap,
                                size_t *len)
{
    static const uint8_t nanoseconds = 9;
    struct block b = begin(BLOCK_INTERFACE, out, cap);
    ik_wr_put16(&b.w, link_type);
    ik_wr_put16(&b.w, 0);
    ik_wr_put32(&b.w, 0); /* packets of any length */
    put_text(&b, OPTION_NAME, name);
    put_option(&b, OPTION_RESOLUTION, &nanoseconds, 1);
    ik_wr_put32(&b.w, 0); /* end of options */
    return end(&b, len);
}

enum ik_err ik_pcapng_packet(uint32_t interface, ik_ns at, struct ik_rd frame, const char *comment,
                             uint8_t *out, size_t cap, size_t *len)
{
    struct block b = begin(BLOCK_PACKET, out, cap);
    if (frame.left > UINT32_MAX / 2)
        return IK_E_TOO_BIG;
    ik_wr_put32(&b.w, interface);
    ik_wr_put32(&b.w, (uint32_t)((uint64_t)at >> 32));
    ik_wr_put32(&b.w, (uint32_t)((uint64_t)at & 0xffffffff));
    ik_wr_put32(&b.w, (uint32_t)frame.left); /* captured */
    ik_wr_put32(&b.w, (uint32_t)frame.left); /* on the wire */
    put_bytes(&b, frame);
    if (comment) {
        put_text(&b, OPTION_COMMENT, comment);
        ik_wr_put32(&b.w, 0);
    }
    return end(&b, len);
}
