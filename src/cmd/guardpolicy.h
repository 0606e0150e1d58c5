/* SPDX-License-Identifier: MIT
 * icmp guard policy: which ICMP a firewall should let through, and what the present one does. */
#pragma once

#include "opt.h"

extern const struct ik_opt_spec ik_guardpolicy_spec;
/* argv[0] is "policy". Returns the exit status: 0, 1 the rules break something, 2 an error. */
int ik_guardpolicy(int argc, char **argv);
