/* SPDX-License-Identifier: MIT
 * Names in a mount namespace of our own. */
#pragma once

/* Puts files of ours over /etc/hosts (that text, and localhost), /etc/resolv.conf (no server) and
 * the hosts line of /etc/nsswitch.conf (that file alone), as far as they are there and the kernel
 * allows; without them names are merely not known, or asked for in vain. To be called in a mount
 * namespace that nobody shares. */
void ik_nshosts_mount(const char *hosts);
