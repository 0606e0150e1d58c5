/* SPDX-License-Identifier: MIT
 * Filter expressions: any text is parsed or refused, names in it are inside it, and what is ours is
 * evaluated on any message. */
#include "fuzz.h"

#include "link/capexpr.h"

#include <string.h>

static void evaluate(const struct ik_capexpr *e)
{
    static const uint8_t message[] = {8, 0, 0xf7, 0xfd, 0, 1, 0, 1, 255};
    for (size_t n = 0; n <= sizeof(message); n++)
        for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
            const struct ik_capfilter_view view = {family, {message, n}};
            const uint32_t ours = ik_capexpr_ours(e, &view, 100);
            FUZZ_CHECK((uint64_t)ours >> e->n_ours == 0);
            if (!e->foreign)
                ik_capexpr_holds(e, ours);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_capexpr e;
    char *text = malloc(size + 1);
    FUZZ_CHECK(text);
    if (size)
        memcpy(text, data, size);
    text[size] = 0;
    const enum ik_err err = ik_capexpr_init(&e, text);
    FUZZ_CHECK(!err || err == IK_E_VALUE || err == IK_E_FULL);
    const struct ik_captoken *name = ik_capexpr_name(&e);
    FUZZ_CHECK(!name || (name->n > 0 && name->at >= e.text &&
                         name->at + name->n <= e.text + strlen(e.text)));
    if (!err)
        evaluate(&e);
    ik_capexpr_fini(&e);
    free(text);
    return 0;
}
