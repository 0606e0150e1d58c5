/* SPDX-License-Identifier: MIT
 * Of an entry of a table, compilers work out anew at each use where it is, from its number: they
 * take that for cheap, and it is what such code then mostly does. */
#pragma once

/* The same pointer, which from here on is kept. */
static inline void *ik_keep(void *p)
{
    __asm__("" : "+r"(p));
    return p;
}
