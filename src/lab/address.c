/* SPDX-License-Identifier: MIT */
#include "lab/address.h"

#include "net/scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- public or not --------------------------------------------------------------------------- */

struct block {
    uint8_t family, bits;
    uint8_t bytes[6];
};

/* Set aside for use without asking: private, shared (RFC 6598), link-local, documentation (RFC
 * 5737, 3849, 9637), benchmarking (RFC 2544, 5180), unique local (RFC 4193). */
static const struct block aside[] = {
    {4, 8, {10}},
    {4, 12, {172, 16}},
    {4, 16, {192, 168}},
    {4, 10, {100, 64}},
    {4, 16, {169, 254}},
    {4, 24, {192, 0, 2}},
    {4, 24, {198, 51, 100}},
    {4, 24, {203, 0, 113}},
    {4, 15, {198, 18}},
    {6, 7, {0xfc}},
    {6, 10, {0xfe, 0x80}},
    {6, 32, {0x20, 0x01, 0x0d, 0xb8}},
    {6, 20, {0x3f, 0xff, 0x00}},
    {6, 48, {0x20, 0x01, 0x00, 0x02, 0x00, 0x00}},
};

bool ik_address_is_public(const struct ik_addr *a)
{
    for (size_t i = 0; i < sizeof(aside) / sizeof(aside[0]); i++) {
        struct ik_prefix p = {.addr = {.family = aside[i].family}, .bits = aside[i].bits};
        memcpy(p.addr.bytes, aside[i].bytes, sizeof(aside[i].bytes));
        if (ik_prefix_contains(&p, a))
            return false;
    }
    return true;
}

/* True when all of the prefix is set aside. */
static bool prefix_is_public(const struct ik_prefix *p)
{
    struct ik_addr last = p->addr;
    const unsigned bits = p->addr.family == 4 ? 32 : 128;
    for (unsigned i = p->bits; i < bits; i++)
        last.bytes[i / 8] |= (uint8_t)(0x80u >> i % 8);
    return ik_address_is_public(&p->addr) || ik_address_is_public(&last);
}

static bool link_is_public(const struct ik_model_link *l)
{
    return (l->net[0].addr.family && prefix_is_public(&l->net[0])) ||
           (l->net[1].addr.family && prefix_is_public(&l->net[1]));
}

static bool link_has_simulated(const struct ik_model *m, const struct ik_model_link *l)
{
    for (uint32_t i = 0; i < l->n_ends; i++)
        if (m->nodes[l->ends[i].node].simulated)
            return true;
    return false;
}

static enum ik_err public_refused(const struct ik_model *m, const struct ik_tree_node *at,
                                  const struct ik_prefix *p)
{
    char text[IK_ADDR_TEXT];
    return ik_say_at(m->fault, at,
                     "%s/%u is public: take private or documentation addresses, or "
                     "say `simulated: on` of the node that stands in for it",
                     ik_addr_text(&p->addr, text), p->bits);
}

static enum ik_err public_check(const struct ik_model *m)
{
    for (uint32_t i = 0; i < m->n_links; i++) {
        const struct ik_model_link *l = &m->links[i];
        for (unsigned f = 0; f < 2; f++)
            if (l->net[f].addr.family && prefix_is_public(&l->net[f]) && !link_has_simulated(m, l))
                return public_refused(m, l->at, &l->net[f]);
    }
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        const struct ik_model_node *n = &m->nodes[i];
        for (unsigned p = 0; p < n->options.n_prefixes; p++)
            if (prefix_is_public(&n->prefixes[p]) && !n->simulated)
                return public_refused(m, n->at, &n->prefixes[p]);
    }
    return IK_OK;
}

/* ---- what the machine itself cannot join ----------------------------------------------------- */

static void ends_leave_out(const struct ik_model *m, struct ik_model_link *l)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < l->n_ends; i++)
        if (!m->nodes[l->ends[i].node].left_out)
            l->ends[kept++] = l->ends[i];
    l->n_ends = kept;
    l->left_out = kept < 2;
}

static void leave_out(struct ik_model *m)
{
    for (uint32_t i = 0; i < m->n_nodes; i++)
        m->nodes[i].left_out = m->nodes[i].simulated;
    for (uint32_t i = 0; i < m->n_links; i++) {
        ends_leave_out(m, &m->links[i]);
        m->links[i].left_out |= link_is_public(&m->links[i]);
    }
}

/* ---- interfaces ------------------------------------------------------------------------------ */

static enum ik_err ports_count(struct ik_model *m)
{
    for (uint32_t i = 0; i < m->n_links; i++) {
        struct ik_model_link *l = &m->links[i];
        for (uint32_t e = 0; e < l->n_ends && !l->left_out; e++) {
            struct ik_model_node *n = &m->nodes[l->ends[e].node];
            if (n->n_ports == IK_STACK_IFACES_MAX)
                return ik_say_at(m->fault, l->at,
                                 "%s is in more than %d links: make some of them one segment",
                                 n->name, IK_STACK_IFACES_MAX);
            l->ends[e].port = n->n_ports++;
        }
    }
    return IK_OK;
}

static enum ik_err ports_make(struct ik_model *m)
{
    for (uint32_t i = 0; i < m->n_nodes; i++) {
        struct ik_model_node *n = &m->nodes[i];
        if (n->left_out)
            continue;
        if (n->n_ports == 0)
            return ik_say_at(
                m->fault, n->at,
                "%s is in no link: add one, such as {between: [%s, %s], net: 10.9.9.0/24}", n->name,
                n->name, m->n_nodes > 1 ? m->nodes[i ? 0 : 1].name : "gw");
        n->ports = ik_arena_array(m->arena, n->n_ports, sizeof(*n->ports));
        n->ifaces = ik_arena_array(m->arena, n->n_ports, sizeof(*n->ifaces));
        if (!n->ports || !n->ifaces)
            return ik_say_nomem(m->fault);
    }
    return IK_OK;
}

/* Both ends forward and nothing has to be resolved: no room for addresses that nobody has. */
static bool is_point_to_point(const struct ik_model *m, const struct ik_model_link *l)
{
    return l->n_ends == 2 && !l->resolve &&
           m->nodes[l->ends[0].node].options.kind == IK_STACK_ROUTER &&
           m->nodes[l->ends[1].node].options.kind == IK_STACK_ROUTER;
}

static enum ik_err iface_make(struct ik_model *m, uint32_t link, uint32_t end)
{
    const struct ik_model_link *l = &m->links[link];
    const struct ik_model_end *e = &l->ends[end];
    struct ik_model_node *n = &m->nodes[e->node];
    struct ik_stack_ifaddr *addrs = ik_arena_array(m->arena, 2, sizeof(*addrs));
    char name[8];
    snprintf(name, sizeof(name), "eth%u", e->port);
    const char *kept = ik_arena_copy(m->arena, name, strlen(name));
    if (!addrs || !kept)
        return ik_say_nomem(m->fault);
    uint8_t n_addrs = 0;
    for (unsigned f = 0; f < 2; f++)
        if (e->addr[f].family)
            addrs[n_addrs++] = (struct ik_stack_ifaddr){e->addr[f], l->net[f].bits};
    n->ports[e->port] = (struct ik_model_port){link, end};
    /* Locally administered: the node's number, from 1, and the port's. */
    const uint32_t number = e->node + 1;
    n->ifaces[e->port] = (struct ik_stack_iface){
        .name = kept,
        .mac = {0x02, 0, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number, e->port},
        .mtu = l->mtu,
        .addrs = addrs,
        .n_addrs = n_addrs,
        .point_to_point = is_point_to_point(m, l),
    };
    return IK_OK;
}

/* ---- owners and prefixes --------------------------------------------------------------------- */

static int addr_order(const struct ik_addr *a, const struct ik_addr *b)
{
    if (a->family != b->family)
        return a->family < b->family ? -1 : 1;
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int owner_order(const void *a, const void *b)
{
    const struct ik_model_owner *x = a, *y = b;
    const int order = addr_order(&x->addr, &y->addr);
    return order ? order : (x->link > y->link) - (x->link < y->link);
}

/* By address, shorter ones first, then in the order of the file. */
static int prefix_order(const void *a, const void *b)
{
    const struct ik_model_prefix *x = a, *y = b;
    const int order = addr_order(&x->prefix.addr, &y->prefix.addr);
    if (order)
        return order;
    if (x->prefix.bits != y->prefix.bits)
        return x->prefix.bits < y->prefix.bits ? -1 : 1;
    return x->at->line != y->at->line
               ? (x->at->line < y->at->line ? -1 : 1)
               : (x->at->column > y->at->column) - (x->at->column < y->at->column);
}

static enum ik_err owners_make(struct ik_model *m)
{
    size_t most = 0;
    for (uint32_t i = 0; i < m->n_links; i++)
        most += (size_t)3 * m->links[i].n_ends;
    m->owners = ik_arena_array(m->arena, most, sizeof(*m->owners));
    if (!m->owners)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < m->n_links; i++) {
        const struct ik_model_link *l = &m->links[i];
        for (uint32_t e = 0; e < l->n_ends && !l->left_out; e++) {
            const struct ik_model_end *end = &l->ends[e];
            for (unsigned f = 0; f < 2; f++)
                if (end->addr[f].family)
                    m->owners[m->n_owners++] = (struct ik_model_owner){end->addr[f], end->node, i};
            if (end->addr[1].family)
                m->owners[m->n_owners++] = (struct ik_model_owner){
                    ik_scope_link_local(m->nodes[end->node].ifaces[end->port].mac), end->node, i};
        }
    }
    qsort(m->owners, m->n_owners, sizeof(*m->owners), owner_order);
    for (uint32_t i = 1; i < m->n_owners; i++) {
        const struct ik_model_owner *a = &m->owners[i - 1], *b = &m->owners[i];
        char text[IK_ADDR_TEXT];
        if (addr_order(&a->addr, &b->addr) == 0)
            return ik_say_at(m->fault, m->links[b->link].at,
                             "%s has two owners, %s and %s: give one another by `addresses`",
                             ik_addr_text(&a->addr, text), m->nodes[a->node].name,
                             m->nodes[b->node].name);
    }
    return IK_OK;
}

static size_t prefixes_count(const struct ik_model *m)
{
    size_t n = (size_t)2 * m->n_links;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        n += m->nodes[i].options.n_prefixes;
    return n;
}

static enum ik_err overlap_refused(const struct ik_model *m, const struct ik_model_prefix *a,
                                   const struct ik_model_prefix *b)
{
    char x[IK_ADDR_TEXT], y[IK_ADDR_TEXT];
    const bool later = a->at->line > b->at->line;
    const struct ik_model_prefix *second = later ? a : b, *first = later ? b : a;
    return ik_say_at(
        m->fault, second->at, "%s/%u overlaps %s/%u of line %u: take one apart from it",
        ik_addr_text(&second->prefix.addr, x), second->prefix.bits,
        ik_addr_text(&first->prefix.addr, y), first->prefix.bits, (unsigned)first->at->line);
}

static enum ik_err prefixes_make(struct ik_model *m)
{
    m->prefixes = ik_arena_array(m->arena, prefixes_count(m), sizeof(*m->prefixes));
    if (!m->prefixes)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < m->n_links; i++)
        for (unsigned f = 0; f < 2 && !m->links[i].left_out; f++)
            if (m->links[i].net[f].addr.family)
                m->prefixes[m->n_prefixes++] = (struct ik_model_prefix){
                    m->links[i].net[f], i, IK_MODEL_NONE, m->links[i].at, false};
    for (uint32_t i = 0; i < m->n_nodes; i++)
        for (unsigned p = 0; p < m->nodes[i].options.n_prefixes && !m->nodes[i].left_out; p++)
            m->prefixes[m->n_prefixes++] = (struct ik_model_prefix){
                m->nodes[i].prefixes[p], IK_MODEL_NONE, i, m->nodes[i].at, false};
    qsort(m->prefixes, m->n_prefixes, sizeof(*m->prefixes), prefix_order);
    for (uint32_t i = 1; i < m->n_prefixes; i++)
        if (ik_prefix_contains(&m->prefixes[i - 1].prefix, &m->prefixes[i].prefix.addr))
            return overlap_refused(m, &m->prefixes[i - 1], &m->prefixes[i]);
    return IK_OK;
}

/* ---- all of it ------------------------------------------------------------------------------- */

enum ik_err ik_address_assign(struct ik_model *m)
{
    enum ik_err err = public_check(m);
    if (!err && m->external)
        leave_out(m);
    if (!err)
        err = ports_count(m);
    if (!err)
        err = ports_make(m);
    for (uint32_t i = 0; i < m->n_links && !err; i++)
        for (uint32_t e = 0; e < m->links[i].n_ends && !m->links[i].left_out && !err; e++)
            err = iface_make(m, i, e);
    if (!err)
        err = prefixes_make(m);
    if (!err)
        err = owners_make(m);
    return err;
}

const struct ik_model_owner *ik_address_owner(const struct ik_model *m, const struct ik_addr *a)
{
    uint32_t low = 0, high = m->n_owners;
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        const int order = addr_order(&m->owners[mid].addr, a);
        if (order == 0)
            return &m->owners[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct ik_model_prefix *ik_address_prefix(const struct ik_model *m, const struct ik_addr *a)
{
    uint32_t low = 0, high = m->n_prefixes; /* the last that begins at or before the address */
    while (low < high) {
        const uint32_t mid = low + (high - low) / 2;
        if (addr_order(&m->prefixes[mid].prefix.addr, a) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0 || !ik_prefix_contains(&m->prefixes[low - 1].prefix, a))
        return NULL;
    return &m->prefixes[low - 1];
}

bool ik_address_is_simulated(const struct ik_model *m, const struct ik_addr *a)
{
    const struct ik_model_owner *o = ik_address_owner(m, a);
    const struct ik_model_prefix *p = ik_address_prefix(m, a);
    if (o && m->nodes[o->node].simulated)
        return true;
    return p && (p->node != IK_MODEL_NONE ? m->nodes[p->node].simulated : ik_address_is_public(a));
}
