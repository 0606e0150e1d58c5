/* SPDX-License-Identifier: MIT
 * Reads a lab of a test from its text. */
#pragma once

#include "lab/model.h"
#include "conf/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct rig {
    struct ik_arena arena;
    struct ik_conf_fault fault;
    struct ik_model model;
};

static inline enum ik_err rig_read(struct rig *r, const char *text, bool external)
{
    const struct ik_tree_node *root;
    *r = (struct rig){0};
    r->model = (struct ik_model){.arena = &r->arena, .fault = &r->fault, .external = external};
    const enum ik_err err = ik_tree_parse(
        &root, &r->arena, (struct ik_rd){(const uint8_t *)text, strlen(text)}, &r->fault);
    return err ? err : ik_model_read(&r->model, root);
}

/* Reads what must be right. */
static inline void rig_open(struct rig *r, const char *text)
{
    const enum ik_err err = rig_read(r, text, false);
    if (err)
        print_message("line %u: %s\n", r->fault.line, r->fault.text);
    assert_int_equal(err, IK_OK);
}

static inline void rig_close(struct rig *r)
{
    ik_arena_free(&r->arena);
}

static inline const struct ik_model_node *rig_node(const struct rig *r, const char *name)
{
    const uint32_t i = ik_model_find(&r->model, name);
    assert_int_not_equal(i, IK_MODEL_NONE);
    return &r->model.nodes[i];
}

/* The routes of a node, a line each: "10.0.3.0/24 via 10.0.1.2 on 0". */
static inline const char *rig_routes(const struct rig *r, const char *name, char *buf, size_t size)
{
    static const char *const kinds[] = {"via", "drop", "unreachable", "reject"};
    const struct ik_model_node *n = rig_node(r, name);
    size_t used = 0;
    buf[0] = '\0';
    for (uint32_t i = 0; i < n->n_routes; i++) {
        const struct ik_stack_route *route = &n->routes[i];
        char to[IK_ADDR_TEXT], via[IK_ADDR_TEXT];
        used += (size_t)snprintf(buf + used, size - used, "%s/%u %s",
                                 ik_addr_text(&route->prefix.addr, to), route->prefix.bits,
                                 kinds[route->kind]);
        if (route->kind == IK_STACK_ROUTE_VIA)
            used += (size_t)snprintf(buf + used, size - used, " %s on %u",
                                     ik_addr_text(&route->via, via), route->port);
        used += (size_t)snprintf(buf + used, size - used, "\n");
        assert_true(used < size);
    }
    return buf;
}

static inline const char *rig_addr(const struct rig *r, const char *name, uint8_t family)
{
    static char text[IK_ADDR_TEXT];
    const struct ik_addr a = ik_model_addr(&r->model, ik_model_find(&r->model, name), family);
    return ik_addr_text(&a, text);
}
