/* SPDX-License-Identifier: MIT
 * Reading packets, without any help of what is judged. */
#include "checker_int.h"

uint16_t view_sum(const uint8_t *p, size_t n, uint32_t start)
{
    uint64_t sum = start;
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += get16(p + i);
    if (n % 2)
        sum += (unsigned)p[n - 1] * 256;
    while (sum > 0xffff)
        sum = sum % 65536 + sum / 65536;
    return (uint16_t)(0xffff - sum);
}

uint32_t view_pseudo(const struct view *v, const uint8_t *dst, uint8_t proto, size_t len)
{
    uint32_t sum = proto + (uint32_t)(len / 65536) + (uint32_t)(len % 65536);
    for (size_t i = 0; i < v->addr_bytes; i += 2)
        sum += get16(v->src + i) + get16(dst + i);
    return sum;
}

bool view_is_error(int version, uint8_t type)
{
    if (version == 6)
        return type < 128;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* ---- headers --------------------------------------------------------------------------------- */

/* The last hop of a source route that is not used up. */
static void route4(struct view *v, const uint8_t *opt, size_t len)
{
    for (size_t i = 0; i < len && opt[i] != 0;) {
        if (opt[i] == 1) {
            i++;
            continue;
        }
        if (i + 2 > len || opt[i + 1] < 2 || i + opt[i + 1] > len)
            return;
        const uint8_t *o = opt + i;
        if ((o[0] == 131 || o[0] == 137) && o[1] >= 7 && o[2] <= o[1]) {
            v->routed = true;
            memcpy(v->last_dst, o + 3 + (o[1] - 3) / 4 * 4 - 4, 4);
        }
        i += o[1];
    }
}

static void view4(struct view *v)
{
    const uint8_t *h = v->ip;
    const size_t header = 4 * (size_t)(h[0] % 16);
    v->addr_bytes = 4;
    v->src = h + 12;
    v->dst = h + 16;
    memcpy(v->last_dst, v->dst, 4);
    v->len = get16(h + 2);
    v->id = get16(h + 4);
    v->df = h[6] & 0x40;
    v->more = h[6] & 0x20;
    v->offset = 8u * (get16(h + 6) & 0x1fff);
    v->fragment = v->more || v->offset;
    v->ttl = h[8];
    v->proto = h[9];
    v->sane = header >= 20 && header <= v->there && v->len >= header;
    if (!v->sane)
        return;
    v->sum_right = view_sum(h, header, 0) == 0;
    v->options = header > 20;
    if (v->options)
        route4(v, h + 20, header - 20);
    v->body = h + header;
    v->body_len = (v->len < v->there ? v->len : v->there) - header;
}

/* True while there is another header to walk over. */
static bool walk6(struct view *v, uint8_t *next, size_t *at, size_t end)
{
    const uint8_t *h = v->ip + *at;
    const bool known = *next == 0 || *next == 43 || *next == 60 || *next == 44 || *next == 51 ||
                       *next == 135 || *next == 139 || *next == 140;
    if (!known || v->offset)
        return false;
    size_t bytes = *next == 51 ? 4 * ((size_t)h[1] + 2) : 8 * ((size_t)h[1] + 1);
    if (*next == 44)
        bytes = 8;
    if (end - *at < 8 || end - *at < bytes) {
        v->odd_chain = true;
        return false;
    }
    if (*next == 44) {
        v->offset = get16(h + 2) & 0xfff8;
        v->more = h[3] & 1;
        v->id = get32(h + 4);
        v->fragment |= v->offset || v->more;
    } else {
        v->options = true;
    }
    v->strange |= *next == 51 || *next >= 135 || (*next == 0 && *at > 40);
    v->routed |= *next == 43 && h[3] > 0;
    *next = h[0];
    *at += bytes;
    return true;
}

static void view6(struct view *v)
{
    const uint8_t *h = v->ip;
    v->addr_bytes = 16;
    v->src = h + 8;
    v->dst = h + 24;
    memcpy(v->last_dst, v->dst, 16);
    v->len = 40 + (size_t)get16(h + 4);
    v->ttl = h[7];
    v->sane = v->sum_right = true;
    const size_t end = v->len < v->there ? v->len : v->there;
    uint8_t next = h[6];
    size_t at = 40;
    while (at + 2 <= end && walk6(v, &next, &at, end))
        continue;
    v->proto = next;
    v->body = h + at;
    v->body_len = end - at;
}

bool view_make(struct view *v, const uint8_t *ip, size_t there)
{
    *v = (struct view){.ip = ip, .there = there, .body = ip};
    if (there < 20)
        return false;
    v->version = ip[0] / 16;
    if (v->version == 4)
        view4(v);
    else if (v->version == 6 && there >= 40)
        view6(v);
    else
        return false;
    return true;
}

/* ---- addresses ------------------------------------------------------------------------------- */

bool addr_is_group(const uint8_t *a, size_t bytes)
{
    return bytes == 4 ? a[0] >= 224 && a[0] <= 239 : a[0] == 0xff;
}

bool addr_is_zero(const uint8_t *a, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (a[i])
            return false;
    return true;
}

bool addr_is_loopback(const uint8_t *a, size_t bytes)
{
    return bytes == 4 ? a[0] == 127 : addr_is_zero(a, 15) && a[15] == 1;
}

/* Limited, or all ones or all zeros in the host part of the net. */
bool addr_is_broadcast_at(const struct checker_node *n, uint8_t port, const uint8_t *a,
                          size_t bytes)
{
    if (bytes != 4)
        return false;
    const uint32_t host = 0xffffffffu >> n->port[port].bits4;
    const uint32_t own = get32(n->port[port].addr4);
    return get32(a) == 0xffffffff ||
           (((get32(a) ^ own) & ~host) == 0 && ((get32(a) & host) == host || !(get32(a) & host)));
}

bool addr_is_broadcast(const struct checker_node *n, const uint8_t *a, size_t bytes)
{
    for (uint8_t i = 0; i < n->n_ports; i++)
        if (addr_is_broadcast_at(n, i, a, bytes))
            return true;
    return false;
}

bool addr_is_no_host_at(const struct checker_node *n, uint8_t port, const uint8_t *a, size_t bytes)
{
    return addr_is_zero(a, bytes) || addr_is_group(a, bytes) || addr_is_loopback(a, bytes) ||
           addr_is_broadcast_at(n, port, a, bytes) || (bytes == 4 && (a[0] >= 240 || a[0] == 0));
}

bool addr_is_no_host(const struct checker_node *n, const uint8_t *a, size_t bytes)
{
    return addr_is_no_host_at(n, 0, a, bytes) || addr_is_broadcast(n, a, bytes);
}

void addr_link_local(const uint8_t mac[6], uint8_t out[16])
{
    memset(out, 0, 16);
    out[0] = 0xfe;
    out[1] = 0x80;
    memcpy(out + 8, mac, 3);
    out[8] ^= 2;
    out[11] = 0xff;
    out[12] = 0xfe;
    memcpy(out + 13, mac + 3, 3);
}

int addr_port(const struct checker_node *n, const uint8_t *a, size_t bytes)
{
    for (int i = 0; i < n->n_ports; i++) {
        uint8_t local[16];
        addr_link_local(n->port[i].mac, local);
        if (bytes == 4 ? !memcmp(a, n->port[i].addr4, 4)
                       : !memcmp(a, n->port[i].addr6, 16) || !memcmp(a, local, 16))
            return i;
    }
    return -1;
}
