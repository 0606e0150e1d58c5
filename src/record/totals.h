/* SPDX-License-Identifier: MIT
 * The lists of a summary as JSON. */
#pragma once

#include <icmpkit/record.h>

#include "base/wr.h"

/* Most bytes of JSON that one list takes before {more:true} closes it. */
enum { IK_TOTALS_JSON_BYTES = 18000 };

/* Appends [{family type code name packets bytes}]. */
void ik_totals_put_kinds(struct ik_wr *w, const struct ik_rec_kinds *kinds);
/* Appends [{addr packets bytes over_by?}]. */
void ik_totals_put_talkers(struct ik_wr *w, const struct ik_rec_talkers *talkers);
/* Appends [{what n}] of those that occurred. */
void ik_totals_put_flaws(struct ik_wr *w, const struct ik_rec_flaw_counts *counts);
/* Appends [{what n}] of those that occurred. */
void ik_totals_put_counts(struct ik_wr *w, const struct ik_rec_counts *counts);
/* Appends [{from_ns below_ns n}] of the bins that hold something. */
void ik_totals_put_bins(struct ik_wr *w, const struct ik_rec_bins *bins);
