/* SPDX-License-Identifier: MIT
 * The lab reader: any bytes as a file, read for virtual time and for the machine's place. What it
 * accepts holds together; what it refuses is said, with a place that exists. */
#include "fuzz.h"

#include "lab/address.h"
#include "lab/model.h"
#include "conf/tree.h"

#include <string.h>

static void model_check(const struct ik_model *m)
{
    FUZZ_CHECK(m->vantage < m->n_nodes && !m->nodes[m->vantage].left_out);
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct ik_model_node *n = &m->nodes[i];
        FUZZ_CHECK(n->left_out || n->n_ports > 0);
        FUZZ_CHECK(ik_model_find(m, n->name) == i);
        for (uint32_t r = 0; r < n->n_routes; r++)
            FUZZ_CHECK(n->routes[r].kind != IK_STACK_ROUTE_VIA || n->routes[r].port < n->n_ports);
    }
    for (uint32_t i = 0; i < m->n_owners; i++)
        FUZZ_CHECK(ik_address_owner(m, &m->owners[i].addr) == &m->owners[i]);
    for (uint32_t i = 0; i < m->n_prefixes; i++)
        FUZZ_CHECK(ik_address_prefix(m, &m->prefixes[i].prefix.addr) == &m->prefixes[i]);
}

static void read_as(struct ik_rd bytes, bool external)
{
    struct ik_arena arena = {0};
    struct ik_conf_fault fault = {0};
    struct ik_model m = {.arena = &arena, .fault = &fault, .external = external};
    const struct ik_tree_node *root;
    enum ik_err err = ik_tree_parse(&root, &arena, bytes, &fault);
    if (!err)
        err = ik_model_read(&m, root);
    if (!err)
        model_check(&m);
    FUZZ_CHECK(!err || fault.text[0]);
    FUZZ_CHECK(strnlen(fault.text, sizeof(fault.text)) < sizeof(fault.text));
    for (const char *c = fault.text; *c; c++)
        FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f);
    FUZZ_CHECK(fault.line <= bytes.left + 1);
    ik_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ik_rd bytes = {data, size};
    read_as(bytes, false);
    read_as(bytes, true);
    return 0;
}
