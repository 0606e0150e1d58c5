/* SPDX-License-Identifier: MIT
 * Capture files of tests and of the fuzz target, made byte by byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct capture {
    uint8_t bytes[1024];
    size_t n;
    bool little;
};

static inline void capture_put(struct capture *c, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        c->bytes[c->n++] = (uint8_t)(v >> 8 * (c->little ? i : bytes - 1 - i));
}

static inline void capture_copy(struct capture *c, const void *bytes, size_t n)
{
    memcpy(c->bytes + c->n, bytes, n);
    c->n += n;
}

/* A packet that is known by its last byte: an IPv4 header without anything behind it. */
static inline size_t capture_packet(uint8_t mark, uint8_t out[static 20])
{
    static const uint8_t head[20] = {0x45, 0, 0,  20, 0, 1, 0,  0, 9, 17,
                                     0,    0, 10, 0,  0, 1, 10, 0, 0, 0};
    memcpy(out, head, sizeof(head));
    out[19] = mark;
    return sizeof(head);
}

/* ---- pcap ------------------------------------------------------------------------------------ */

static inline void capture_pcap(struct capture *c, bool little, bool nano, uint32_t link_type)
{
    *c = (struct capture){.little = little};
    capture_put(c, nano ? 0xa1b23c4d : 0xa1b2c3d4, 4);
    capture_put(c, 2, 2);
    capture_put(c, 4, 2);
    capture_put(c, 0, 8);
    capture_put(c, 65535, 4);
    capture_put(c, link_type, 4);
}

static inline void capture_record(struct capture *c, uint32_t seconds, uint32_t part,
                                  const void *frame, size_t n)
{
    capture_put(c, seconds, 4);
    capture_put(c, part, 4);
    capture_put(c, n, 4);
    capture_put(c, n, 4);
    capture_copy(c, frame, n);
}

/* ---- pcapng ---------------------------------------------------------------------------------- */

static inline void capture_block(struct capture *c, uint32_t type, const struct capture *body)
{
    const uint32_t length = (uint32_t)(12 + (body->n + 3) / 4 * 4);
    capture_put(c, type, 4);
    capture_put(c, length, 4);
    capture_copy(c, body->bytes, body->n);
    while (c->n % 4)
        c->bytes[c->n++] = 0;
    capture_put(c, length, 4);
}

static inline void capture_section(struct capture *c)
{
    struct capture body = {.little = c->little};
    capture_put(&body, 0x1a2b3c4d, 4);
    capture_put(&body, 1, 2);
    capture_put(&body, 0, 2);
    capture_put(&body, UINT64_MAX, 8);
    capture_block(c, 0x0a0d0d0a, &body);
}

/* `resolution` 255: the option is not there. */
static inline void capture_interface(struct capture *c, uint16_t link_type, uint8_t resolution)
{
    struct capture body = {.little = c->little};
    capture_put(&body, link_type, 2);
    capture_put(&body, 0, 2);
    capture_put(&body, 0, 4);
    if (resolution != 255) {
        capture_put(&body, 9, 2);
        capture_put(&body, 1, 2);
        capture_put(&body, resolution, 1);
        capture_copy(&body, "\0\0\0", 3);
        capture_put(&body, 14, 2);
        capture_put(&body, 8, 2);
        capture_put(&body, 1000, 8); /* times begin at second 1000 */
        capture_put(&body, 0, 4);
    }
    capture_block(c, 1, &body);
}

static inline void capture_enhanced(struct capture *c, uint32_t interface, uint64_t units,
                                    const void *frame, size_t n)
{
    struct capture body = {.little = c->little};
    capture_put(&body, interface, 4);
    capture_put(&body, units >> 32, 4);
    capture_put(&body, units & 0xffffffff, 4);
    capture_put(&body, n, 4);
    capture_put(&body, n, 4);
    capture_copy(&body, frame, n);
    capture_block(c, 6, &body);
}

/* A file with all that is read: two sections, the second in the other order. */
static inline void capture_whole(struct capture *c, bool little)
{
    uint8_t packet[20];
    *c = (struct capture){.little = little};
    capture_section(c);
    capture_interface(c, 101, 255);
    capture_interface(c, 101, 9);
    capture_packet(1, packet);
    capture_enhanced(c, 0, UINT64_C(1000500000), packet, sizeof(packet)); /* 1000.5 s */
    capture_packet(2, packet);
    capture_enhanced(c, 1, 250000000, packet, sizeof(packet)); /* 1000.25 s */
    c->little = !little;
    capture_section(c);
    capture_interface(c, 101, 0x80 | 10);
    capture_packet(3, packet);
    capture_enhanced(c, 0, 1024, packet, sizeof(packet)); /* 1001 s */
}
