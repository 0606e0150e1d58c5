/* SPDX-License-Identifier: MIT
 * The frames that prove a finding. */
#pragma once

#include "detect/book.h"

/* Keeps of the report's frame what proves it: the frame that it all began with, where the report
 * knows that, then the first frames that were reported, except that one which makes it more severe
 * (`raised`) takes the last place. `shift`: as of ik_book_next. True when the frame became
 * evidence. */
bool ik_proof_keep(struct ik_finding *f, const struct ik_report *r, bool raised, ik_ns shift);
