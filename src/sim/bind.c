/* SPDX-License-Identifier: MIT
 * Nodes that are stacks. */
#include "sim/sim_int.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFERS = 4096, REASSEMBLIES = 64 };

/* Where a stack lives. */
struct place {
    void *aside;
    _Alignas(16) uint8_t stack[];
};

static struct ik_stack_cfg cfg_of(const struct ik_sim *sim, const struct ik_simnode *n,
                                  uint32_t number)
{
    return (struct ik_stack_cfg){
        .pool = sim->pool,
        .options = n->options,
        .ifaces = n->ifaces,
        .n_ifaces = n->n_ifaces,
        .routes = n->routes,
        .n_routes = n->n_routes,
        .seed = ik_sim_seed(sim, n->lives, number),
    };
}

/* ---- what a node asks of its stack ----------------------------------------------------------- */

static struct ik_engine *up(struct ik_sim *sim, struct ik_simnode *n)
{
    struct ik_stack_cfg cfg = cfg_of(sim, n, (uint32_t)(n - sim->nodes));
    struct place *at = n->mem;
    struct ik_stack *s;
    cfg.aside = at->aside;
    if (n->lives > 0)
        memset(at->aside, 0, ik_stack_aside_bytes(&cfg));
    if (ik_stack_init(&s, at->stack, &cfg) != IK_OK)
        return NULL;
    n->self = s;
    return ik_stack_engine(s);
}

static void down(struct ik_simnode *n)
{
    ik_stack_fini(n->self);
    n->self = NULL;
}

/* A table that is full resolves the rest as on a segment. */
static void neighbour(struct ik_simnode *n, uint8_t port, const struct ik_addr *addr,
                      const uint8_t mac[static 6])
{
    (void)!ik_stack_neighbour(n->self, port, addr, mac);
}

static void iface_up(struct ik_simnode *n, struct ik_now now, uint8_t port, bool is_up)
{
    ik_stack_iface_up(n->self, now, port, is_up);
}

static void congested(struct ik_simnode *n, struct ik_now now, uint8_t port, struct ik_rd frame)
{
    ik_stack_congested(n->self, now, port, frame);
}

static bool holds(const struct ik_simnode *n, uint32_t key)
{
    return ik_stack_holds(n->self, key);
}

static struct ik_addr source(const struct ik_simnode *n, const struct ik_addr *dst)
{
    return ik_stack_source(n->self, dst);
}

static const struct ik_simnode_ops stack_ops = {.up = up,
                                                .down = down,
                                                .neighbour = neighbour,
                                                .iface_up = iface_up,
                                                .congested = congested,
                                                .holds = holds,
                                                .source = source};
static const struct ik_simnode_ops external_ops = {.up = NULL};

/* ---- building -------------------------------------------------------------------------------- */

static enum ik_err make_pool(struct ik_sim *sim)
{
    struct ik_stack_pool_cfg cfg = sim->cfg.pool;
    cfg.buffers = cfg.buffers ? cfg.buffers : BUFFERS;
    cfg.buffer_bytes = cfg.buffer_bytes ? cfg.buffer_bytes : sim->cfg.frame_bytes;
    cfg.reassemblies = cfg.reassemblies ? cfg.reassemblies : REASSEMBLIES;
    sim->pool_mem = malloc(ik_stack_pool_bytes(&cfg));
    if (!sim->pool_mem)
        return IK_E_NOMEM;
    const enum ik_err err = ik_stack_pool_init(&sim->pool, sim->pool_mem, &cfg);
    if (err) {
        free(sim->pool_mem);
        sim->pool_mem = NULL;
    }
    return err;
}

enum ik_err ik_sim_add_node(struct ik_sim *sim, const struct ik_sim_node_cfg *cfg, uint32_t *node)
{
    if (cfg->external)
        return ik_simnode_add(sim, cfg, &external_ops, NULL, node);
    enum ik_err err = sim->pool ? IK_OK : make_pool(sim);
    if (err)
        return err;
    const struct ik_simnode draft = {.options = cfg->options,
                                     .ifaces = cfg->ifaces,
                                     .n_ifaces = cfg->n_ifaces,
                                     .routes = cfg->routes,
                                     .n_routes = cfg->n_routes};
    struct ik_stack_cfg stack = cfg_of(sim, &draft, sim->n_nodes);
    if (!ik_stack_bytes(&stack))
        return IK_E_VALUE;
    stack.aside = ik_sim_alloc_aside(sim, ik_stack_aside_bytes(&stack));
    if (!stack.aside)
        return IK_E_NOMEM;
    struct place *at = ik_sim_alloc(sim, sizeof(*at) + ik_stack_bytes(&stack));
    if (!at)
        return IK_E_NOMEM;
    at->aside = stack.aside;
    return ik_simnode_add(sim, cfg, &stack_ops, at, node);
}

struct ik_stack *ik_sim_stack(struct ik_sim *sim, uint32_t node)
{
    struct ik_simnode *n = &sim->nodes[node];
    return n->ops == &stack_ops && n->engine ? n->self : NULL;
}
