/* SPDX-License-Identifier: MIT
 * What fuzz targets share. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The target: any bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the bytes are; not assert, which a build may leave out. */
#define FUZZ_CHECK(claim) \
    do {                  \
        if (!(claim))     \
            abort();      \
    } while (0)
