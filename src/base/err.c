/* SPDX-License-Identifier: MIT
 * Texts of errors, by table. */
#include "icmpkit/base.h"

const char *ik_err_text(enum ik_err err)
{
    static const char *const texts[] = {
#define X(id, text) [IK_##id] = text,
        IK_ERRS(X)
#undef X
    };
    return (unsigned)err < IK_ERR_COUNT ? texts[err] : "unknown error";
}
