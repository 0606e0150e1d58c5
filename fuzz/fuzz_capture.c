/* SPDX-License-Identifier: MIT
 * The reader of capture files: packets lie inside the file, and their times go forward from 0. */
#include "fuzz.h"

#include "lab/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ik_arena arena = {0};
    struct ik_conf_fault fault = {0};
    const struct ik_sim_timed_frame *frames = NULL;
    size_t n = 0;
    const enum ik_err err =
        ik_capture_read(&arena, (struct ik_rd){data, size}, &frames, &n, &fault);
    FUZZ_CHECK(!err || (n == 0 && fault.text[0]));
    for (size_t i = 0; i < n; i++) {
        const struct ik_rd p = frames[i].packet;
        FUZZ_CHECK(p.p >= data && p.left > 0 && p.left <= size - (size_t)(p.p - data));
        FUZZ_CHECK(frames[i].at >= (i ? frames[i - 1].at : 0));
    }
    ik_arena_free(&arena);
    return 0;
}
