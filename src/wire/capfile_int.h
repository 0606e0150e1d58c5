/* SPDX-License-Identifier: MIT
 * Between the reader of capture files and its two formats. */
#pragma once

#include "base/rd.h"
#include "icmpkit/capture.h"

/* What a call of ik_capfile_take works on. */
struct ik_capfile_call {
    struct ik_capfile *c;
    struct ik_rd *in;
    bool end;
    struct ik_capfile_item *out;
    size_t *need_bytes;
};

static inline uint16_t ik_capfile_load16(const struct ik_capfile *c, const uint8_t *p)
{
    const uint16_t v = ik_load_be16(p);
    return c->big_endian ? v : (uint16_t)(v << 8 | v >> 8);
}

static inline uint32_t ik_capfile_load32(const struct ik_capfile *c, const uint8_t *p)
{
    const uint32_t v = ik_load_be32(p);
    return c->big_endian ? v : __builtin_bswap32(v);
}

static inline uint64_t ik_capfile_load64(const struct ik_capfile *c, const uint8_t *p)
{
    const uint64_t v = ik_load_be64(p);
    return c->big_endian ? v : __builtin_bswap64(v);
}

/* Notes what is wrong with an item; the first thing stands. */
static inline void ik_capfile_note(struct ik_capfile_item *out, enum ik_capfile_fault fault)
{
    if (out->fault == IK_CAPFILE_FAULT_NONE)
        out->fault = fault;
}

/* Begins an item at the place of the reader. */
void ik_capfile_begin(const struct ik_capfile_call *call, enum ik_capfile_kind kind);
/* When fewer than n bytes are there: IK_E_AGAIN while more may come, else IK_E_SHORT with an item
 * that has the rest as bytes. */
IK_MUST_USE enum ik_err ik_capfile_short(const struct ik_capfile_call *call, size_t n);
/* Ends reading with an item of nothing but that fault. Returns err. */
IK_MUST_USE enum ik_err ik_capfile_fail(const struct ik_capfile_call *call,
                                        enum ik_capfile_fault fault, enum ik_err err);
/* The time of so many units, IK_NEVER where it cannot be told. */
ik_ns ik_capfile_time(const struct ik_capfile_interface *i, uint64_t units);

/* The header of a pcap file whose magic number was seen, and then a packet. */
IK_MUST_USE enum ik_err ik_capfile_pcap_header(const struct ik_capfile_call *call, bool nano);
IK_MUST_USE enum ik_err ik_capfile_pcap_take(const struct ik_capfile_call *call);
/* A block of a pcapng file. */
IK_MUST_USE enum ik_err ik_capfile_ng_take(const struct ik_capfile_call *call);
