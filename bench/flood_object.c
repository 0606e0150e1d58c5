/* SPDX-License-Identifier: MIT */
#include "flood_object.h"

#include "bench.h"

#include <bpf/libbpf.h>

extern const uint8_t flood_bytes[];
extern const size_t flood_bytes_bytes;

static int program(const struct flood_object *o, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(o->object, name));
}

void flood_object_open(struct flood_object *o)
{
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "flood");
    o->object = bpf_object__open_mem(flood_bytes, flood_bytes_bytes, &opts);
    need(o->object && !bpf_object__load(o->object), "the kernel does not take the programs");
    o->send = program(o, "flood_send");
    o->drop = program(o, "bare_drop");
    o->read = program(o, "bare_read");
    o->pass = program(o, "bare_pass");
    o->plans = bpf_map__fd(bpf_object__find_map_by_name(o->object, "flood_plans"));
}

void flood_object_close(struct flood_object *o)
{
    bpf_object__close(o->object);
}
