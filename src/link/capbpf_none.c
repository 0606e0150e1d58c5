/* SPDX-License-Identifier: MIT
 * instead of capbpf.c where libpcap is not there. */
#include "link/capbpf.h"

#include <stdio.h>

bool ik_capbpf_have(void)
{
    return false;
}

enum ik_err ik_capbpf_new(struct ik_capbpf **out, uint16_t linktype, bool little_endian,
                          const char *text, char why[static IK_CAPFILTER_TEXT])
{
    (void)out;
    (void)linktype;
    (void)little_endian;
    (void)text;
    snprintf(why, IK_CAPFILTER_TEXT,
             "this icmp was built without libpcap: only icmp, icmp6 and"
             " relations of their bytes are known");
    return IK_E_UNSUPPORTED;
}

bool ik_capbpf_match(const struct ik_capbpf *p, struct ik_rd frame, uint32_t wire_bytes)
{
    (void)p;
    (void)frame;
    (void)wire_bytes;
    return false;
}

const struct sock_filter *ik_capbpf_code(struct ik_capbpf *p, size_t *n)
{
    (void)p;
    *n = 0;
    return NULL;
}

void ik_capbpf_free(struct ik_capbpf *p)
{
    (void)p;
}
