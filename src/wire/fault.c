/* SPDX-License-Identifier: MIT
 * Names and meanings of flaws, from their table. */
#include "wire/fault.h"

static const struct {
    const char *name, *text;
} flaws[IK_FLAW_COUNT] = {
#define X(id, name, text) [IK_FLAW_##id] = {name, text},
#include <icmpkit/flaws.def>
#undef X
};

const char *ik_flaw_name(enum ik_flaw what)
{
    return what < IK_FLAW_COUNT ? flaws[what].name : "unknown";
}

const char *ik_flaw_text(enum ik_flaw what)
{
    return what < IK_FLAW_COUNT ? flaws[what].text : "unknown flaw";
}
