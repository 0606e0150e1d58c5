/* SPDX-License-Identifier: MIT
 * What crosses the links of a lab, a capture file each. */
#pragma once

#include <icmpkit/sim.h>

struct ik_labcap;

/* Makes the folder where it is missing (and takes it away again at the close when nothing came into
 * it). `folder` is borrowed. On success *out is the caller's, ended by ik_labcap_close. False:
 * said. */
IK_MUST_USE bool ik_labcap_make(struct ik_labcap **out, const char *folder);
/* Makes in the folder a file for every link of the sim, named by it. A file of the caller's is
 * written anew; one of somebody else's, or a symbolic link, is refused. False: said. */
IK_MUST_USE bool ik_labcap_open(struct ik_labcap *c, const struct ik_sim *sim);
/* For struct ik_sim_watch; ctx is the labcap. */
void ik_labcap_frame(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                     enum ik_sim_fate fate);
/* Hands what was written to the kernel, so that others can read it. False: something could not be
 * written, now or before, which was said once. */
bool ik_labcap_flush(struct ik_labcap *c);
void ik_labcap_close(struct ik_labcap *c);
