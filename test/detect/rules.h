/* SPDX-License-Identifier: MIT
 * Findings of every remedy, family, type and code that can be, for what is said of their rules. */
#pragma once

#include "icmpkit/detect.h"

#include <string.h>

enum { RULES_ENDS = 4 };

/* Finding number i that a rule is asked for: false past the last. With all codes of types, or code
 * 0 and 4 alone. */
static inline bool rules_finding(unsigned i, struct ik_finding *f)
{
    static const struct ik_addr four = {.family = 4, .bytes = {192, 0, 2, 1}};
    static const struct ik_addr six = {.family = 6,
                                       .bytes = {0x20, 0x01, 0xab, 0xcd, 0xab, 0xcd, 0xab, 0xcd,
                                                 0xab, 0xcd, 0xab, 0xcd, 0xab, 0xcd, 0xab, 0xcd}};
    const unsigned remedies = IK_REMEDY_DROP_HOP_LIMIT + 1, types = 257, codes = 3;
    const unsigned ends = i % RULES_ENDS, code = i / RULES_ENDS % codes,
                   type = i / RULES_ENDS / codes % types,
                   family = i / RULES_ENDS / codes / types % 2 ? 6 : 4,
                   remedy = i / RULES_ENDS / codes / types / 2;
    const struct ik_addr *a = family == 4 ? &four : &six;
    if (remedy >= 2 * remedies)
        return false;
    *f = (struct ik_finding){.id = i + 1, .remedy = remedy / 2, .limit = IK_LIMITS};
    f->detector = remedy % 2 ? IK_DETECT_FRAG_OVERSIZE : IK_DETECT_FRAG_ABUSE;
    if (ends & 1)
        f->src = *a;
    if (ends & 2) {
        f->dst = *a;
        f->dst.bytes[3]++;
    }
    if (type < 256) {
        f->family = (uint8_t)family;
        f->type = (uint8_t)type;
        f->code = code == 0 ? 0 : code == 1 ? 4 : 255;
    }
    return true;
}
