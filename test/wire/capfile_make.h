/* SPDX-License-Identifier: MIT
 * Capture files of tests and fuzz seeds, put together field by field as
 * draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng draw them, in either order of bytes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct made {
    uint8_t bytes[4096];
    size_t n;
    bool big;
    size_t block; /* where the open block begins */
};

static inline void made_put(struct made *m, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        m->bytes[m->n++] = (uint8_t)(v >> 8 * (m->big ? bytes - 1 - i : i));
}

static inline void made_copy(struct made *m, const void *bytes, size_t n)
{
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static inline void made_zero(struct made *m, size_t n)
{
    memset(m->bytes + m->n, 0, n);
    m->n += n;
}

static inline void made_pad(struct made *m)
{
    while ((m->n - m->block) % 4)
        m->bytes[m->n++] = 0;
}

/* ---- pcap ------------------------------------------------------------------------------------ */

static inline void made_pcap(struct made *m, bool big, uint32_t magic, uint32_t linktype)
{
    *m = (struct made){.big = big};
    made_put(m, magic, 4);
    made_put(m, 2, 2);
    made_put(m, 4, 2);
    made_put(m, 0, 8);
    made_put(m, 65535, 4);
    made_put(m, linktype, 4);
}

static inline void made_record(struct made *m, uint32_t s, uint32_t part, const char *frame,
                               uint32_t wire)
{
    made_put(m, s, 4);
    made_put(m, part, 4);
    made_put(m, strlen(frame), 4);
    made_put(m, wire, 4);
    made_copy(m, frame, strlen(frame));
}

/* ---- pcapng ---------------------------------------------------------------------------------- */

static inline void made_begin(struct made *m, uint32_t type)
{
    m->block = m->n;
    made_put(m, type, 4);
    made_put(m, 0, 4);
}

/* `behind` is added to the length behind the block. */
static inline void made_end_off(struct made *m, unsigned behind)
{
    made_pad(m);
    const size_t at = m->n, length = m->n - m->block + 4;
    m->n = m->block + 4;
    made_put(m, length, 4);
    m->n = at;
    made_put(m, length + behind, 4);
}

static inline void made_end(struct made *m)
{
    made_end_off(m, 0);
}

static inline void made_option(struct made *m, uint16_t code, const void *value, size_t n)
{
    made_put(m, code, 2);
    made_put(m, n, 2);
    made_copy(m, value, n);
    made_pad(m);
}

static inline void made_number(struct made *m, uint16_t code, uint64_t v, unsigned bytes)
{
    made_put(m, code, 2);
    made_put(m, bytes, 2);
    made_put(m, v, bytes);
    made_pad(m);
}

static inline void made_section(struct made *m)
{
    made_begin(m, 0x0a0d0d0a);
    made_put(m, 0x1a2b3c4d, 4);
    made_put(m, 1, 2);
    made_put(m, 0, 2);
    made_put(m, UINT64_MAX, 8);
    made_option(m, 1, "a section", 9);
    made_put(m, 0, 4);
    made_end(m);
}

/* `resolution` 6 is the default, of which nothing is said. */
static inline void made_interface(struct made *m, uint16_t linktype, uint32_t snap,
                                  const char *name, uint8_t resolution, int64_t offset)
{
    made_begin(m, 1);
    made_put(m, linktype, 2);
    made_put(m, 0, 2);
    made_put(m, snap, 4);
    made_option(m, 2, name, strlen(name));
    if (resolution != 6)
        made_number(m, 9, resolution, 1);
    if (offset)
        made_number(m, 14, (uint64_t)offset, 8);
    made_put(m, 0, 4);
    made_end(m);
}

/* Everything but the end, so that options may follow. */
static inline void made_packet(struct made *m, uint32_t interface, uint64_t units,
                               const char *frame, uint32_t captured, uint32_t wire)
{
    made_begin(m, 6);
    made_put(m, interface, 4);
    made_put(m, units >> 32, 4);
    made_put(m, units & 0xffffffff, 4);
    made_put(m, captured, 4);
    made_put(m, wire, 4);
    made_copy(m, frame, strlen(frame));
    made_pad(m);
}

static inline void made_statistics(struct made *m, uint32_t interface)
{
    made_begin(m, 5);
    made_put(m, interface, 4);
    made_put(m, 0, 8);
    made_option(m, 1, "counted", 7);
    made_number(m, 4, UINT64_C(5000000000), 8);
    made_number(m, 5, 3, 8);
    made_number(m, 7, 4, 8);
    made_put(m, 0, 4);
    made_end(m);
}

/* A file with everything that is read: two sections, the second in the other order of bytes. */
static inline void made_whole(struct made *m, bool big)
{
    *m = (struct made){.big = big};
    made_section(m);
    made_interface(m, 1, 0, "eth0", 6, 0);
    made_interface(m, 101, 96, "tun-of-a-name-that-is-longer-than-31", 9, -1000);
    made_packet(m, 0, UINT64_C(1700000000123456), "first", 5, 60);
    made_option(m, 2, "\0\0\0\1", 4);
    made_option(m, 1, "seen \"here\"", 11);
    made_option(m, 1, "and there", 9);
    made_put(m, 0, 4);
    made_end(m);
    made_packet(m, 1, UINT64_C(1700000001000000007), "second", 6, 6);
    made_end(m);
    made_begin(m, 2); /* the obsolete packet block */
    made_put(m, 1, 2);
    made_put(m, 9, 2); /* drops */
    made_put(m, UINT64_C(2000000000000) >> 32, 4);
    made_put(m, UINT64_C(2000000000000) & 0xffffffff, 4);
    made_put(m, 3, 4);
    made_put(m, 4, 4);
    made_copy(m, "old", 3);
    made_end(m);
    made_begin(m, 3); /* simple */
    made_put(m, 6, 4);
    made_copy(m, "simple", 6);
    made_end(m);
    made_begin(m, 4); /* name resolution */
    made_put(m, 0, 4);
    made_end(m);
    made_statistics(m, 1);
    m->big = !big;
    made_section(m);
    made_interface(m, 276, 0, "", 0x80 | 10, 7);
    made_packet(m, 0, 1536, "third", 5, 5);
    made_end(m);
}
