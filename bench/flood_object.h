/* SPDX-License-Identifier: MIT
 * The programs of flood.bpf.c, loaded. */
#pragma once

struct bpf_object;
struct flood_object {
    struct bpf_object *object;
    int send, drop, read, pass, plans; /* file descriptors, of the object */
};
/* Ends the process when the kernel does not take them. */
void flood_object_open(struct flood_object *o);
void flood_object_close(struct flood_object *o);
