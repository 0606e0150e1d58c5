/* SPDX-License-Identifier: MIT
 * Executing nft(8), for the files that talk to it. */
#pragma once

/* Becomes nft with these arguments (ended by NULL) and an empty environment; ends the process with
 * 127 when there is none. */
_Noreturn void ik_nft_become(const char *const *argv);
