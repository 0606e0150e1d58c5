/* SPDX-License-Identifier: MIT
 * IPv4 options (RFC 791 section 3.1, RFC 1393, RFC 2113). */
#include "icmpkit/wire.h"

#include "base/rd.h"
#include "base/wr.h"
#include "wire/fault.h"
#include "wire/ip_int.h"

#include <string.h>

enum { ROUTE_HEAD = 3, TS_HEAD = 4, ADDR_BYTES = 4, OPTIONS_MAX = 40 };

/* Rest that cannot be parsed: nothing more is taken, so that no loop can stand still (a length of 0
 * or 1, CVE-2010-2529). */
static enum ik_err stop(struct ik_rd *options, struct ik_faults *faults, enum ik_flaw what,
                        size_t at, enum ik_err err)
{
    ik_fault_add(faults, what, at);
    options->left = 0;
    return err;
}

enum ik_err ik_ipopt_take(struct ik_rd *options, struct ik_ipopt *out, struct ik_faults *faults)
{
    if (options->left == 0)
        return IK_E_NOT_FOUND;
    const uint8_t type = options->p[0];
    size_t n = 1;
    if (type != IK_IPOPT_END && type != IK_IPOPT_NOP) {
        if (options->left < 2)
            return stop(options, faults, IK_FLAW_OPTION_PAST_END, 0, IK_E_SHORT);
        n = options->p[1];
        if (n < 2)
            return stop(options, faults, IK_FLAW_OPTION_LENGTH, 1, IK_E_LENGTH);
    }
    struct ik_rd bytes;
    if (!ik_rd_sub(options, n, &bytes))
        return stop(options, faults, IK_FLAW_OPTION_PAST_END, 1, IK_E_SHORT);
    *out = (struct ik_ipopt){
        .type = type,
        .class_num = type >> 5 & 3,
        .number = type & 0x1f,
        .copied = type & 0x80,
        .bytes = bytes,
        .data = ik_rd_from(bytes, 2),
    };
    if (type == IK_IPOPT_END)
        options->left = 0;
    return IK_OK;
}

static bool is_route(uint8_t type)
{
    return type == IK_IPOPT_RECORD_ROUTE || type == IK_IPOPT_LSRR || type == IK_IPOPT_SSRR;
}

void ik_ipopt_check(struct ik_rd options, struct ik_faults *faults)
{
    const uint8_t *start = options.p;
    for (;;) {
        struct ik_ipopt opt;
        struct ik_ipopt_route route;
        struct ik_ipopt_timestamp ts;
        struct ik_ipopt_traceroute tr;
        uint16_t alert;
        const uint32_t was = ik_fault_down(faults, (size_t)(options.p - start));
        enum ik_err err = ik_ipopt_take(&options, &opt, faults);
        const bool more = err == IK_OK;
        if (more && is_route(opt.type))
            err = ik_ipopt_decode_route(&route, &opt, faults);
        else if (more && opt.type == IK_IPOPT_TIMESTAMP)
            err = ik_ipopt_decode_timestamp(&ts, &opt, faults);
        else if (more && opt.type == IK_IPOPT_TRACEROUTE)
            err = ik_ipopt_decode_traceroute(&tr, &opt, faults);
        else if (more && opt.type == IK_IPOPT_ROUTER_ALERT)
            err = ik_ipopt_decode_alert(&alert, &opt, faults);
        ik_fault_up(faults, was);
        if (!more)
            return;
        (void)err; /* told in the faults, and the next option may be right */
    }
}

/* Entries before the pointer, which counts from 1 and may stand behind the last (all are used).
 * False for one that points into the head or inside an entry. */
static bool count_used(uint8_t pointer, size_t head, size_t entry_bytes, size_t n, uint8_t *used)
{
    if (pointer < head + 1 || (pointer - head - 1) % entry_bytes)
        return false;
    const size_t before = (pointer - head - 1) / entry_bytes;
    *used = (uint8_t)(before < n ? before : n);
    return true;
}

enum ik_err ik_ipopt_decode_route(struct ik_ipopt_route *out, const struct ik_ipopt *option,
                                  struct ik_faults *faults)
{
    if (!is_route(option->type))
        return IK_E_VALUE;
    if (option->bytes.left < ROUTE_HEAD) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return IK_E_SHORT;
    }
    const struct ik_rd room = ik_rd_from(option->bytes, ROUTE_HEAD);
    const uint8_t n = (uint8_t)(room.left / ADDR_BYTES);
    *out = (struct ik_ipopt_route){
        .type = option->type,
        .pointer = option->bytes.p[2],
        .n = n,
        .addrs = ik_rd_head(room, (size_t)n * ADDR_BYTES),
    };
    if (!count_used(out->pointer, ROUTE_HEAD, ADDR_BYTES, n, &out->used)) {
        ik_fault_add(faults, IK_FLAW_OPTION_POINTER, 2);
        return IK_E_VALUE;
    }
    if (room.left % ADDR_BYTES) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return IK_E_LENGTH;
    }
    return IK_OK;
}

static struct ik_addr addr_at(struct ik_rd list, size_t at)
{
    struct ik_addr a = {.family = 4};
    memcpy(a.bytes, list.p + at, ADDR_BYTES);
    return a;
}

struct ik_addr ik_ipopt_route_addr(const struct ik_ipopt_route *route, uint8_t i)
{
    return i < route->n ? addr_at(route->addrs, (size_t)i * ADDR_BYTES) : (struct ik_addr){0};
}

enum ik_err ik_ipopt_encode_route(uint8_t type, const struct ik_addr *addrs, uint8_t n,
                                  uint8_t *out, size_t cap, size_t *len)
{
    const size_t need = ROUTE_HEAD + (size_t)n * ADDR_BYTES;
    if (!is_route(type) || n == 0 || need > OPTIONS_MAX)
        return IK_E_VALUE;
    if (need > cap)
        return IK_E_FULL;
    out[0] = type;
    out[1] = (uint8_t)need;
    out[2] = ROUTE_HEAD + 1;
    for (size_t i = 0; i < n; i++) {
        static const uint8_t none[ADDR_BYTES];
        memcpy(out + ROUTE_HEAD + i * ADDR_BYTES, addrs ? addrs[i].bytes : none, ADDR_BYTES);
    }
    *len = need;
    return IK_OK;
}

/* Bytes of an entry by flag; 0 for a flag that is none. */
static size_t ts_entry_bytes(uint8_t flag)
{
    return flag == 0 ? 4 : flag == 1 || flag == 3 ? 8 : 0;
}

enum ik_err ik_ipopt_decode_timestamp(struct ik_ipopt_timestamp *out, const struct ik_ipopt *option,
                                      struct ik_faults *faults)
{
    if (option->type != IK_IPOPT_TIMESTAMP)
        return IK_E_VALUE;
    if (option->bytes.left < TS_HEAD) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return IK_E_SHORT;
    }
    const struct ik_rd room = ik_rd_from(option->bytes, TS_HEAD);
    *out = (struct ik_ipopt_timestamp){
        .pointer = option->bytes.p[2],
        .overflow = option->bytes.p[3] >> 4,
        .flag = option->bytes.p[3] & 0xf,
        .entries = room,
    };
    const size_t each = ts_entry_bytes(out->flag);
    if (each == 0) {
        ik_fault_add(faults, IK_FLAW_OPTION_VALUE, 3);
        return IK_E_VALUE;
    }
    out->n = (uint8_t)(room.left / each);
    out->entries = ik_rd_head(room, out->n * each);
    if (!count_used(out->pointer, TS_HEAD, each, out->n, &out->used)) {
        ik_fault_add(faults, IK_FLAW_OPTION_POINTER, 2);
        return IK_E_VALUE;
    }
    if (room.left % each) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return IK_E_LENGTH;
    }
    return IK_OK;
}

uint32_t ik_ipopt_timestamp_entry(const struct ik_ipopt_timestamp *ts, uint8_t i,
                                  struct ik_addr *addr)
{
    *addr = (struct ik_addr){0};
    if (i >= ts->n)
        return 0;
    const size_t each = ts_entry_bytes(ts->flag), at = i * each;
    if (each == 8)
        *addr = addr_at(ts->entries, at);
    return ik_load_be32(ts->entries.p + at + each - 4);
}

enum ik_err ik_ipopt_encode_timestamp(uint8_t flag, const struct ik_addr *addrs, uint8_t n,
                                      uint8_t *out, size_t cap, size_t *len)
{
    const size_t each = ts_entry_bytes(flag), need = TS_HEAD + n * each;
    if (each == 0 || n == 0 || need > OPTIONS_MAX || (flag == 3 && !addrs))
        return IK_E_VALUE;
    if (need > cap)
        return IK_E_FULL;
    memset(out, 0, need);
    out[0] = IK_IPOPT_TIMESTAMP;
    out[1] = (uint8_t)need;
    out[2] = TS_HEAD + 1;
    out[3] = flag;
    for (size_t i = 0; flag == 3 && i < n; i++)
        memcpy(out + TS_HEAD + i * each, addrs[i].bytes, ADDR_BYTES);
    *len = need;
    return IK_OK;
}

enum ik_err ik_ipopt_decode_alert(uint16_t *value, const struct ik_ipopt *option,
                                  struct ik_faults *faults)
{
    if (option->type != IK_IPOPT_ROUTER_ALERT)
        return IK_E_VALUE;
    if (option->data.left != 2) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return IK_E_LENGTH;
    }
    *value = ik_load_be16(option->data.p);
    return IK_OK;
}

enum ik_err ik_ipopt_decode_traceroute(struct ik_ipopt_traceroute *out,
                                       const struct ik_ipopt *option, struct ik_faults *faults)
{
    if (option->type != IK_IPOPT_TRACEROUTE)
        return IK_E_VALUE;
    if (option->data.left != 10) {
        ik_fault_add(faults, IK_FLAW_OPTION_LENGTH, 1);
        return IK_E_LENGTH;
    }
    const uint8_t *d = option->data.p;
    *out = (struct ik_ipopt_traceroute){
        .id = ik_load_be16(d),
        .outbound_hops = ik_load_be16(d + 2),
        .return_hops = ik_load_be16(d + 4),
        .outbound = ik_load_be16(d + 4) == 0xffff,
        .originator = addr_at(option->data, 6),
    };
    return IK_OK;
}
