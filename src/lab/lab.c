/* SPDX-License-Identifier: MIT */
#include "icmpkit/lab.h"

#include "lab/address.h"
#include "lab/build.h"
#include "conf/input.h"
#include "lab/model.h"
#include "lab/paths.h"
#include "lab/show.h"

#include <stdlib.h>
#include <string.h>

struct ik_lab {
    struct ik_arena arena;
    struct ik_model model;
    struct ik_sim *sim;
    struct ik_link *links[2];
    const char *title;
};

/* ---- opening --------------------------------------------------------------------------------- */

static const char *builtin_name(const void *ctx, size_t i)
{
    return ((const char *const *)ctx)[i];
}

/* The bytes of a built-in example or of a file. A name that is an example is that; "./internet" is
 * a file. */
static enum ik_err bytes_of(struct ik_lab *lab, const char *path, struct ik_rd *out,
                            struct ik_conf_fault *fault)
{
    const char *text = ik_lab_builtin_text(path);
    if (text) {
        *out = (struct ik_rd){(const uint8_t *)text, strlen(text)};
        return IK_OK;
    }
    const enum ik_err err = ik_input_read(&lab->arena, path, IK_TREE_BYTES_MAX, out, fault);
    if (err != IK_E_NOT_FOUND || strchr(path, '/') || strchr(path, '.'))
        return err;
    char names[200] = "";
    size_t n = 0;
    for (const char *const *all = ik_lab_builtins(); all[n]; n++) {
        if (strlen(names) + strlen(all[n]) + 3 > sizeof(names))
            break;
        strcat(strcat(names, names[0] ? ", " : ""), all[n]);
    }
    const char *near = ik_text_nearest(path, builtin_name, ik_lab_builtins(), n);
    if (near)
        return ik_say_place(fault, err, 0, 0, "no such file, nor a built-in lab: did you mean %s?",
                            near);
    return ik_say_place(fault, err, 0, 0, "no such file, nor a built-in lab: they are: %s", names);
}

/* Where the file lies, with the slash; "" for examples and files of this folder. */
static const char *folder_of(struct ik_lab *lab, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? ik_arena_copy(&lab->arena, path, (size_t)(slash - path) + 1) : "";
}

static enum ik_err read_all(struct ik_lab *lab, const char *path, const struct ik_lab_cfg *cfg,
                            struct ik_conf_fault *fault)
{
    const struct ik_tree_node *root;
    struct ik_rd bytes;
    lab->model = (struct ik_model){.arena = &lab->arena, .fault = fault, .external = cfg->external};
    lab->title = ik_arena_copy(&lab->arena, path, strlen(path));
    const char *folder = folder_of(lab, path);
    if (!lab->title || !folder)
        return ik_say_nomem(fault);
    enum ik_err err = bytes_of(lab, path, &bytes, fault);
    if (!err && cfg->on_read)
        err = cfg->on_read(cfg->ctx);
    if (!err)
        err = ik_tree_parse(&root, &lab->arena, bytes, fault);
    if (!err)
        err = ik_model_read(&lab->model, root);
    if (!err && cfg->has_seed)
        lab->model.seed = cfg->seed;
    if (!err)
        err = ik_build_sim(&lab->sim, &lab->model, folder, cfg->events);
    lab->model.fault = NULL;
    return err;
}

enum ik_err ik_lab_open(struct ik_lab **out, const char *path_or_name, const struct ik_lab_cfg *cfg,
                        struct ik_conf_fault *fault)
{
    struct ik_lab *lab = calloc(1, sizeof(*lab));
    if (!lab)
        return ik_say_nomem(fault);
    const enum ik_err err = read_all(lab, path_or_name, cfg, fault);
    if (err)
        ik_lab_close(lab);
    else
        *out = lab;
    return err;
}

void ik_lab_close(struct ik_lab *lab)
{
    if (!lab)
        return;
    ik_sim_free(lab->sim);
    ik_arena_free(&lab->arena);
    free(lab);
}

/* ---- running --------------------------------------------------------------------------------- */

struct ik_sim *ik_lab_sim(struct ik_lab *lab)
{
    return lab->sim;
}

uint64_t ik_lab_seed(const struct ik_lab *lab)
{
    return lab->model.seed;
}

enum ik_err ik_lab_link(struct ik_lab *lab, uint8_t family, struct ik_link **out)
{
    const struct ik_model *m = &lab->model;
    const unsigned f = ik_model_family(family);
    if (ik_model_addr(m, m->vantage, family).family == 0)
        return IK_E_UNSUPPORTED;
    if (!lab->links[f]) {
        const enum ik_err err =
            ik_sim_link_open(lab->sim, m->nodes[m->vantage].sim, family, &lab->links[f]);
        if (err)
            return err;
    }
    *out = lab->links[f];
    return IK_OK;
}

struct ik_now ik_lab_clock(void *lab)
{
    const ik_ns now = ik_sim_now(((const struct ik_lab *)lab)->sim);
    return (struct ik_now){now, now};
}

void ik_lab_advance(void *lab, ik_ns mono)
{
    ik_sim_run(((struct ik_lab *)lab)->sim, mono);
}

/* ---- names ----------------------------------------------------------------------------------- */

enum ik_err ik_lab_lookup(const struct ik_lab *lab, const char *name, uint8_t family,
                          struct ik_addr *out)
{
    struct ik_addr a;
    const uint32_t node = ik_model_find(&lab->model, name);
    if (node != IK_MODEL_NONE)
        a = ik_model_addr(&lab->model, node, family);
    else if (ik_addr_parse(name, &a) != IK_OK || (family && a.family != family))
        return IK_E_NOT_FOUND;
    if (!a.family)
        return IK_E_NOT_FOUND;
    *out = a;
    return IK_OK;
}

const char *ik_lab_name(const struct ik_lab *lab, const struct ik_addr *addr)
{
    const struct ik_model *m = &lab->model;
    const struct ik_model_owner *owner = ik_address_owner(m, addr);
    if (owner)
        return m->nodes[owner->node].name;
    const struct ik_model_prefix *p = ik_address_prefix(m, addr);
    return p && p->node != IK_MODEL_NONE ? m->nodes[p->node].name : NULL;
}

bool ik_lab_is_simulated(const struct ik_lab *lab, const struct ik_addr *addr)
{
    return ik_address_is_simulated(&lab->model, addr);
}

/* ---- the vantage ----------------------------------------------------------------------------- */

/* The default route's, or else (a router has none) the first that there is. */
static struct ik_addr gateway(const struct ik_model_node *n, unsigned family)
{
    struct ik_addr first = {0};
    for (uint32_t i = n->n_routes; i-- > 0;) {
        const struct ik_stack_route *r = &n->routes[i];
        if (r->kind != IK_STACK_ROUTE_VIA || ik_model_family(r->via.family) != family)
            continue;
        first = r->via;
        if (ik_paths_is_default(&r->prefix, family))
            break;
    }
    return first;
}

void ik_lab_vantage(const struct ik_lab *lab, struct ik_lab_vantage *out)
{
    const struct ik_model_node *n = &lab->model.nodes[lab->model.vantage];
    *out = (struct ik_lab_vantage){
        .name = n->name,
        .mtu = n->ifaces[0].mtu,
        .addrs = n->ifaces[0].addrs,
        .n_addrs = n->ifaces[0].n_addrs,
        .gateway4 = gateway(n, 0),
        .gateway6 = gateway(n, 1),
    };
    memcpy(out->mac, n->ifaces[0].mac, sizeof(out->mac));
}

bool ik_lab_prefix(const struct ik_lab *lab, size_t i, struct ik_prefix *out)
{
    for (uint32_t p = 0; p < lab->model.n_prefixes; p++) {
        if (!lab->model.prefixes[p].reached || i-- > 0)
            continue;
        *out = lab->model.prefixes[p].prefix;
        return true;
    }
    return false;
}

bool ik_lab_host(const struct ik_lab *lab, size_t i, struct ik_addr *addr, const char **name)
{
    for (uint32_t node = 0; node < lab->model.n_nodes; node++) {
        const struct ik_model_node *n = &lab->model.nodes[node];
        for (uint8_t port = 0; port < n->n_ports; port++) {
            if (i >= n->ifaces[port].n_addrs) {
                i -= n->ifaces[port].n_addrs;
                continue;
            }
            *addr = n->ifaces[port].addrs[i].addr;
            *name = n->name;
            return true;
        }
    }
    return false;
}

/* ---- showing --------------------------------------------------------------------------------- */

void ik_lab_print(const struct ik_lab *lab, ik_lab_put_fn *put, void *ctx)
{
    ik_show_table(&lab->model, lab->title, put, ctx);
}

void ik_lab_dot(const struct ik_lab *lab, ik_lab_put_fn *put, void *ctx)
{
    ik_show_dot(&lab->model, lab->title, put, ctx);
}
