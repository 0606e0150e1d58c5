/* SPDX-License-Identifier: MIT
 * Blocks of a capture file (draft-ietf-opsawg-pcapng). All numbers are in one byte order, which the
 * section says; ours is that of the network, as everywhere on the wire. */
#include "icmpkit/wire.h"

#include "base/wr.h"

#include <string.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_COMMENT = 1,
    OPTION_NAME = 2,       /* of an interface */
    OPTION_RESOLUTION = 9, /* of its times: 10^-n s */
    OPTION_RECEIVED = 4,   /* of statistics */
    OPTION_DROPPED = 5,
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

/* As much as is allowed, without part of a character at the end (UTF-8). */
static void put_text(struct block *b, uint16_t code, const char *text)
{
    size_t n = strlen(text);
    if (n > IK_PCAPNG_TEXT) {
        n = IK_PCAPNG_TEXT;
        while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
            n--;
    }
    put_option(b, code, text, n);
}

static void put64(struct block *b, uint64_t v)
{
    ik_wr_put32(&b->w, (uint32_t)(v >> 32));
    ik_wr_put32(&b->w, (uint32_t)(v & 0xffffffff));
}

static void put_count(struct block *b, uint16_t code, uint64_t v)
{
    if (v == UINT64_MAX)
        return;
    ik_wr_put16(&b->w, code);
    ik_wr_put16(&b->w, 8);
    put64(b, v);
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

enum ik_err ik_pcapng_frame(const struct ik_pcapng_frame *f, uint8_t *out, size_t cap, size_t *len)
{
    struct block b = begin(BLOCK_PACKET, out, cap);
    if (f->bytes.left > IK_CAPFILE_BLOCK_MAX)
        return IK_E_TOO_BIG;
    ik_wr_put32(&b.w, f->interface);
    put64(&b, f->at == IK_NEVER ? 0 : (uint64_t)f->at);
    ik_wr_put32(&b.w, (uint32_t)f->bytes.left);
    ik_wr_put32(&b.w, f->wire_bytes);
    put_bytes(&b, f->bytes);
    for (size_t i = 0; i < f->n_comments; i++)
        put_text(&b, OPTION_COMMENT, f->comments[i]);
    if (f->n_comments)
        ik_wr_put32(&b.w, 0);
    return end(&b, len);
}

enum ik_err ik_pcapng_packet(uint32_t interface, ik_ns at, struct ik_rd frame, const char *comment,
                             uint8_t *out, size_t cap, size_t *len)
{
    return ik_pcapng_frame(&(struct ik_pcapng_frame){.interface = interface,
                                                     .at = at,
                                                     .bytes = frame,
                                                     .wire_bytes = (uint32_t)frame.left,
                                                     .comments = &comment,
                                                     .n_comments = comment ? 1 : 0},
                           out, cap, len);
}

enum ik_err ik_pcapng_stats(uint32_t interface, ik_ns at, uint64_t received, uint64_t dropped,
                            uint8_t *out, size_t cap, size_t *len)
{
    struct block b = begin(BLOCK_STATISTICS, out, cap);
    ik_wr_put32(&b.w, interface);
    put64(&b, (uint64_t)at);
    put_count(&b, OPTION_RECEIVED, received);
    put_count(&b, OPTION_DROPPED, dropped);
    ik_wr_put32(&b.w, 0);
    return end(&b, len);
}
