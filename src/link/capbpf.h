/* SPDX-License-Identifier: MIT
 * Programs of classic BPF from expressions of libpcap's. */
#pragma once

#include "icmpkit/link.h"

struct ik_capbpf;

/* False: this build, or this machine, has no libpcap. */
bool ik_capbpf_have(void);
/* Compiles for frames of a link type, written by a machine of that order of bytes, which only the
 * link type null depends on. IK_E_UNSUPPORTED, with the reason in `why`. */
IK_MUST_USE enum ik_err ik_capbpf_new(struct ik_capbpf **out, uint16_t linktype, bool little_endian,
                                      const char *text, char why[static IK_CAPFILTER_TEXT]);
bool ik_capbpf_match(const struct ik_capbpf *p, struct ik_rd frame, uint32_t wire_bytes);
/* The instructions as the kernel takes them, NULL when there is no memory. */
const struct sock_filter *ik_capbpf_code(struct ik_capbpf *p, size_t *n);
void ik_capbpf_free(struct ik_capbpf *p);
