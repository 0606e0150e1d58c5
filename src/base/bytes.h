/* SPDX-License-Identifier: MIT
 * The only border between host and network byte order. */
#pragma once

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t ik_load_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t ik_load_be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static inline uint32_t ik_load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t ik_load_be64(const uint8_t *p)
{
    return (uint64_t)ik_load_be32(p) << 32 | ik_load_be32(p + 4);
}

/* By memcpy, because compilers do not make one load of bytes that they know some of. */
static inline uint64_t ik_load_le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return le64toh(v);
}

static inline void ik_store_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void ik_store_be32(uint8_t *p, uint32_t v)
{
    ik_store_be16(p, (uint16_t)(v >> 16));
    ik_store_be16(p + 2, (uint16_t)v);
}

static inline void ik_store_be64(uint8_t *p, uint64_t v)
{
    ik_store_be32(p, (uint32_t)(v >> 32));
    ik_store_be32(p + 4, (uint32_t)v);
}
