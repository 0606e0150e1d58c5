/* SPDX-License-Identifier: MIT
 * Rows by cache lines. */
#include "net/line.h"

void ik_line_init(struct ik_line *lines, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        lines[i] = (struct ik_line){.at = {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN}};
}
