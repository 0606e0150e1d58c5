/* SPDX-License-Identifier: MIT
 * What an address is for. */
#include "net/scope.h"

#include "base/bytes.h"

#include <string.h>

static const uint8_t loopback_v6[16] = {[15] = 1};

bool ik_scope_is_loopback(const struct ik_addr *a)
{
    if (a->family == 4)
        return a->bytes[0] == 127;
    return a->family == 6 && memcmp(a->bytes, loopback_v6, 16) == 0;
}

bool ik_scope_is_this_net(const struct ik_addr *a)
{
    return a->family == 4 && a->bytes[0] == 0;
}

bool ik_scope_is_limited_broadcast(const struct ik_addr *a)
{
    return a->family == 4 && ik_load_be32(a->bytes) == UINT32_MAX;
}

bool ik_scope_is_class_e(const struct ik_addr *a)
{
    return a->family == 4 && a->bytes[0] >= 240 && !ik_scope_is_limited_broadcast(a);
}

bool ik_scope_is_single_host(const struct ik_addr *a)
{
    if (a->family == 4)
        return a->bytes[0] != 0 && a->bytes[0] != 127 && a->bytes[0] < 224;
    return a->family == 6 && !ik_addr_is_any(a) && !ik_addr_is_multicast(a) &&
           !ik_scope_is_loopback(a);
}

/* True when `a` is in the prefix and its host bits, two or more, equal `host` in all places. */
static bool host_bits_are(const struct ik_prefix *p, const struct ik_addr *a, uint32_t host)
{
    if (a->family != 4 || p->bits > 30 || !ik_prefix_contains(p, a))
        return false;
    const uint32_t mask = UINT32_MAX >> p->bits;
    return (ik_load_be32(a->bytes) & mask) == (host & mask);
}

bool ik_scope_is_broadcast(const struct ik_prefix *p, const struct ik_addr *a)
{
    return host_bits_are(p, a, UINT32_MAX);
}

bool ik_scope_is_zero_broadcast(const struct ik_prefix *p, const struct ik_addr *a)
{
    return host_bits_are(p, a, 0);
}

static bool is_site_local(const struct ik_addr *a)
{
    return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0xc0;
}

/* RFC 2365: the scopes that IPv4 multicast has in its addresses. */
static unsigned scope_v4(const struct ik_addr *a)
{
    if (ik_addr_is_link_local(a) || ik_scope_is_loopback(a))
        return IK_SCOPE_LINK;
    const uint32_t v = ik_load_be32(a->bytes);
    if (v >> 8 == 0xe00000) /* 224.0.0.0/24 */
        return IK_SCOPE_LINK;
    if (v >> 16 == 0xefff) /* 239.255.0.0/16 */
        return IK_SCOPE_SITE;
    if (v >> 18 == 0xefc0 >> 2) /* 239.192.0.0/14 */
        return IK_SCOPE_ORGANIZATION;
    return IK_SCOPE_GLOBAL;
}

unsigned ik_scope_of(const struct ik_addr *a)
{
    if (a->family == 4)
        return scope_v4(a);
    if (ik_addr_is_multicast(a))
        return a->bytes[1] & 15;
    if (ik_addr_is_link_local(a) || ik_scope_is_loopback(a))
        return IK_SCOPE_LINK;
    return is_site_local(a) ? IK_SCOPE_SITE : IK_SCOPE_GLOBAL;
}

struct ik_addr ik_scope_solicited_node(const struct ik_addr *a)
{
    struct ik_addr group = {
        .family = 6, .bytes = {0xff, 0x02, [11] = 1, [12] = 0xff}, .scope = a->scope};
    memcpy(group.bytes + 13, a->bytes + 13, 3);
    return group;
}

void ik_scope_multicast_mac(const struct ik_addr *group, uint8_t mac[static 6])
{
    static const uint8_t v4[3] = {0x01, 0x00, 0x5e}, v6[2] = {0x33, 0x33};
    if (group->family == 4) {
        memcpy(mac, v4, 3);
        memcpy(mac + 3, group->bytes + 1, 3);
        mac[3] &= 0x7f;
        return;
    }
    memcpy(mac, v6, 2);
    memcpy(mac + 2, group->bytes + 12, 4);
}

struct ik_addr ik_scope_eui64(const struct ik_addr *prefix, const uint8_t mac[static 6])
{
    struct ik_addr a = *prefix;
    memcpy(a.bytes + 8, mac, 3);
    a.bytes[8] ^= 0x02;
    a.bytes[11] = 0xff;
    a.bytes[12] = 0xfe;
    memcpy(a.bytes + 13, mac + 3, 3);
    return a;
}

struct ik_addr ik_scope_link_local(const uint8_t mac[static 6])
{
    static const struct ik_addr fe80 = {.family = 6, .bytes = {0xfe, 0x80}};
    return ik_scope_eui64(&fe80, mac);
}

unsigned ik_scope_common_bits(const struct ik_addr *a, const struct ik_addr *b)
{
    const unsigned n = (unsigned)ik_addr_bytes(a->family);
    unsigned i = 0;
    while (i < n && a->bytes[i] == b->bytes[i])
        i++;
    if (i == n)
        return 8 * n;
    unsigned bits = 8 * i;
    for (unsigned differ = a->bytes[i] ^ b->bytes[i]; !(differ & 0x80); differ <<= 1)
        bits++;
    return bits;
}

/* Rule 8 leaves the interface identifier out. */
static unsigned match_bits(const struct ik_addr *a, const struct ik_addr *dst)
{
    const unsigned bits = ik_scope_common_bits(a, dst);
    return bits < 64 ? bits : 64;
}

static bool is_better(const struct ik_addr *a, const struct ik_addr *than,
                      const struct ik_addr *dst)
{
    const bool same_a = ik_addr_same_host(a, dst), same_b = ik_addr_same_host(than, dst);
    if (same_a || same_b)
        return same_a && !same_b;
    const unsigned scope_a = ik_scope_of(a), scope_b = ik_scope_of(than);
    const unsigned wanted = ik_scope_of(dst);
    if (scope_a != scope_b)
        return scope_a < scope_b ? scope_a >= wanted : scope_b < wanted;
    return match_bits(a, dst) > match_bits(than, dst);
}

static bool can_send(const struct ik_addr *a, uint8_t family)
{
    return a->family == family && !ik_addr_is_any(a) && !ik_addr_is_multicast(a);
}

size_t ik_scope_pick_source(const struct ik_addr *dst, const struct ik_addr *have, size_t n)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++)
        if (can_send(&have[i], dst->family) && (best == n || is_better(&have[i], &have[best], dst)))
            best = i;
    return best;
}
