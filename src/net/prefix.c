/* SPDX-License-Identifier: MIT
 * Prefixes and their host addresses. */
#include "icmpkit/net.h"

#include "base/bytes.h"

#include <string.h>

static unsigned family_bits(uint8_t family)
{
    return family == 4 ? 32 : 128;
}

/* The mask of byte i of a prefix that long. */
static uint8_t byte_mask(unsigned bits, unsigned i)
{
    if (bits <= 8 * i)
        return 0;
    const unsigned bits_here = bits - 8 * i < 8 ? bits - 8 * i : 8;
    return (uint8_t)(0xffu << (8 - bits_here));
}

/* Reads a whole number without sign, leading zero or anything behind it. */
static bool parse_bits(const char *s, unsigned most, uint8_t *out)
{
    unsigned v = 0;
    if (*s == '\0' || (s[0] == '0' && s[1] != '\0'))
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return false;
        v = v * 10 + (unsigned)(*s - '0');
        if (v > most)
            return false;
    }
    *out = (uint8_t)v;
    return true;
}

enum ik_err ik_prefix_parse(const char *text, struct ik_prefix *out)
{
    const char *slash = strchr(text, '/');
    char addr_text[IK_ADDR_TEXT];
    if (!slash || (size_t)(slash - text) >= sizeof(addr_text))
        return IK_E_VALUE;
    memcpy(addr_text, text, (size_t)(slash - text));
    addr_text[slash - text] = '\0';
    struct ik_prefix p = {0};
    if (ik_addr_parse(addr_text, &p.addr) != IK_OK ||
        !parse_bits(slash + 1, family_bits(p.addr.family), &p.bits))
        return IK_E_VALUE;
    for (unsigned i = 0; i < 16; i++)
        p.addr.bytes[i] &= byte_mask(p.bits, i);
    *out = p;
    return IK_OK;
}

bool ik_prefix_contains(const struct ik_prefix *p, const struct ik_addr *addr)
{
    if (p->addr.family != addr->family)
        return false;
    for (unsigned i = 0; 8 * i < p->bits; i++)
        if ((addr->bytes[i] & byte_mask(p->bits, i)) != p->addr.bytes[i])
            return false;
    return true;
}

/* Host addresses that do not count at the start of the prefix; `*at_end` at its end. */
static unsigned reserved(const struct ik_prefix *p, unsigned *at_end)
{
    const bool small = family_bits(p->addr.family) - p->bits < 2u;
    *at_end = p->addr.family == 4 && !small;
    return !small;
}

uint64_t ik_prefix_hosts(const struct ik_prefix *p)
{
    const unsigned host_bits = family_bits(p->addr.family) - p->bits;
    if (host_bits >= 64)
        return UINT64_MAX;
    unsigned at_end;
    const unsigned at_start = reserved(p, &at_end);
    return (UINT64_C(1) << host_bits) - at_start - at_end;
}

struct ik_addr ik_prefix_host(const struct ik_prefix *p, uint64_t n)
{
    unsigned at_end;
    const uint64_t offset = n + reserved(p, &at_end);
    struct ik_addr a = p->addr;
    if (a.family == 4) {
        ik_store_be32(a.bytes, (uint32_t)(ik_load_be32(a.bytes) + offset));
        return a;
    }
    /* Host bits start as zero, so only a prefix longer than 64 bits adds to its low half; a shorter
     * one has at most UINT64_MAX numbered addresses, which the low half holds. */
    ik_store_be64(a.bytes + 8, ik_load_be64(a.bytes + 8) + offset);
    return a;
}
