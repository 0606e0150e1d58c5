/* SPDX-License-Identifier: MIT */
#include "lab/show.h"

#include "lab/address.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct show {
    ik_lab_put_fn *put;
    void *ctx;
};

__attribute__((format(printf, 2, 3))) static void say(const struct show *s, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    s->put(s->ctx, text, n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static const char *time_text(ik_ns v, char buf[static 32])
{
    const bool ms = v % IK_NS_PER_MS == 0, us = v % IK_NS_PER_US == 0;
    snprintf(buf, 32, "%lld%s",
             (long long)(v / (ms   ? IK_NS_PER_MS
                              : us ? IK_NS_PER_US
                                   : 1)),
             ms   ? "ms"
             : us ? "us"
                  : "ns");
    return buf;
}

static const char *ratio_text(uint32_t parts, char buf[static 32])
{
    snprintf(buf, 32, "%.4g%%", (double)parts * 100 / 4294967295.0);
    return buf;
}

static const char *rate_text(uint64_t bps, char buf[static 32])
{
    static const char *const units[] = {"bit", "kbit", "Mbit", "Gbit"};
    unsigned i = 0;
    while (i < 3 && bps % 1000 == 0 && bps > 0) {
        bps /= 1000;
        i++;
    }
    snprintf(buf, 32, "%llu%s", (unsigned long long)bps, units[i]);
    return buf;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static const char *kind_text(const struct ik_model_node *n)
{
    if (n->nat)
        return "nat";
    return n->options.kind == IK_STACK_ROUTER ? "router" : "host";
}

/* What makes a node unlike others, a word each. */
static void traits(const struct show *s, const struct ik_model_node *n)
{
    const struct ik_stack_options *o = &n->options;
    if (n->simulated)
        say(s, "  (simulated)");
    if (o->silent)
        say(s, "  (silent)");
    if (o->error_rate)
        say(s, "  (errors %u/s)", (unsigned)o->error_rate);
    if (o->n_mpls_labels)
        say(s, "  (mpls)");
    if (o->n_filter)
        say(s, "  (filter)");
    if (o->legacy)
        say(s, "  (legacy)");
    if (o->odd)
        say(s, "  (odd)");
    if (o->balance == IK_BALANCE_PACKET && o->kind == IK_STACK_ROUTER)
        say(s, "  (balances packets)");
}

static size_t name_width(const struct ik_model *m)
{
    size_t w = 4;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (!m->nodes[i].left_out && strlen(m->nodes[i].name) > w)
            w = strlen(m->nodes[i].name);
    return w;
}

static void show_node(const struct show *s, const struct ik_model *m, uint32_t number, int width)
{
    const struct ik_model_node *n = &m->nodes[number];
    char text[IK_ADDR_TEXT];
    say(s, "%-*s  %-6s", width, n->name, kind_text(n));
    for (uint8_t port = 0; port < n->n_ports; port++)
        for (uint8_t a = 0; a < n->ifaces[port].n_addrs; a++)
            say(s, " %s", ik_addr_text(&n->ifaces[port].addrs[a].addr, text));
    for (unsigned p = 0; p < n->options.n_prefixes; p++)
        say(s, " %s/%u", ik_addr_text(&n->prefixes[p].addr, text), n->prefixes[p].bits);
    traits(s, n);
    say(s, "\n");
}

/* ---- links ----------------------------------------------------------------------------------- */

static void show_way(const struct show *s, const struct ik_model_way *w)
{
    const struct ik_sim_impair *i = &w->impair;
    char text[32];
    say(s, " %s", time_text(i->delay, text));
    if (i->jitter)
        say(s, " +-%s", time_text(i->jitter, text));
    if (i->loss)
        say(s, " loss %s", ratio_text(i->loss, text));
    if (i->burst_start)
        say(s, " bursts %s", ratio_text(i->burst_loss, text));
    if (i->duplicate)
        say(s, " duplicate %s", ratio_text(i->duplicate, text));
    if (i->corrupt)
        say(s, " corrupt %s", ratio_text(i->corrupt, text));
    if (i->reorder)
        say(s, " reorder %s", ratio_text(i->reorder, text));
    if (i->rate_bps)
        say(s, " rate %s queue %u", rate_text(i->rate_bps, text), i->queue ? i->queue : 100u);
    if (i->mtu)
        say(s, " black_hole %u", (unsigned)i->mtu);
    if (i->down)
        say(s, " down");
    if (w->cost != 1)
        say(s, " cost %u", (unsigned)w->cost);
}

static bool same_way(const struct ik_model_way *a, const struct ik_model_way *b)
{
    const struct ik_sim_impair *x = &a->impair, *y = &b->impair;
    return a->cost == b->cost && x->delay == y->delay && x->jitter == y->jitter &&
           x->loss == y->loss && x->burst_start == y->burst_start && x->burst_end == y->burst_end &&
           x->burst_loss == y->burst_loss && x->duplicate == y->duplicate &&
           x->corrupt == y->corrupt && x->reorder == y->reorder && x->reorder_by == y->reorder_by &&
           x->rate_bps == y->rate_bps && x->queue == y->queue && x->mtu == y->mtu &&
           x->down == y->down;
}

static void show_nets(const struct show *s, const struct ik_model_link *l)
{
    char text[IK_ADDR_TEXT], net[IK_ADDR_TEXT + 8];
    static const int widths[] = {18, 22};
    for (unsigned f = 0; f < 2; f++) {
        if (l->net[f].addr.family)
            snprintf(net, sizeof(net), "%s/%u", ik_addr_text(&l->net[f].addr, text),
                     l->net[f].bits);
        else
            snprintf(net, sizeof(net), "-");
        say(s, "  %-*s", widths[f], net);
    }
}

static void show_link(const struct show *s, const struct ik_model *m, const struct ik_model_link *l,
                      int width)
{
    say(s, "%-*s", width, l->name);
    show_nets(s, l);
    say(s, "  %5u ", (unsigned)l->mtu);
    show_way(s, &l->forward);
    if (!same_way(&l->forward, &l->back)) {
        say(s, "; back");
        show_way(s, &l->back);
    }
    if (l->n_ends > 2) {
        say(s, "; joins");
        for (uint32_t e = 0; e < l->n_ends; e++)
            say(s, " %s", m->nodes[l->ends[e].node].name);
    }
    say(s, "\n");
}

static int link_width(const struct ik_model *m)
{
    size_t w = 4;
    for (uint32_t i = 0; i < m->n_links; i++)
        if (!m->links[i].left_out && strlen(m->links[i].name) > w)
            w = strlen(m->links[i].name);
    return (int)w;
}

/* Nets that no packet of the vantage finds: meant, or a mistake in the file. */
static void show_unreached(const struct show *s, const struct ik_model *m)
{
    const struct ik_model_node *v = &m->nodes[m->vantage];
    for (uint32_t i = 0; i < m->n_prefixes; i++) {
        const struct ik_model_prefix *p = &m->prefixes[i];
        char text[IK_ADDR_TEXT];
        bool own = p->node == m->vantage;
        for (uint8_t port = 0; port < v->n_ports; port++)
            own |= v->ports[port].link == p->link;
        if (!own && !p->reached)
            say(s, "no way from %s to %s/%u\n", v->name, ik_addr_text(&p->prefix.addr, text),
                p->prefix.bits);
    }
}

void ik_show_table(const struct ik_model *m, const char *title, ik_lab_put_fn *put, void *ctx)
{
    const struct show s = {put, ctx};
    const int width = (int)name_width(m), wide = link_width(m);
    uint32_t nodes = 0, links = 0;
    for (uint32_t i = 0; i < m->n_nodes; i++)
        nodes += !m->nodes[i].left_out;
    for (uint32_t i = 0; i < m->n_links; i++)
        links += !m->links[i].left_out;
    say(&s, "%s: %u nodes, %u links, vantage %s, seed %llu\n\n", title, (unsigned)nodes,
        (unsigned)links, m->nodes[m->vantage].name, (unsigned long long)m->seed);
    say(&s, "%-*s  %-6s %s\n", width, "NODE", "KIND", "ADDRESSES");
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (!m->nodes[i].left_out)
            show_node(&s, m, i, width);
    say(&s, "\n%-*s  %-18s  %-22s  %5s  %s\n", wide, "LINK", "NET", "NET6", "MTU", "ON THE WAY");
    for (uint32_t i = 0; i < m->n_links; i++)
        if (!m->links[i].left_out)
            show_link(&s, m, &m->links[i], wide);
    show_unreached(&s, m);
}

/* ---- the graph ------------------------------------------------------------------------------- */

/* Names of nodes need no quoting beyond quotes, and have no blanks, as those of segments have;
 * names of links may hold what DOT reads. */
static void dot_text(const struct show *s, const char *text)
{
    for (; *text; text++)
        say(s, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void dot_node(const struct show *s, const struct ik_model *m, uint32_t number)
{
    const struct ik_model_node *n = &m->nodes[number];
    const struct ik_addr a = ik_model_addr(m, number, 0);
    char text[IK_ADDR_TEXT];
    say(s, "  \"%s\" [shape=%s, label=\"%s\\n%s\"%s%s];\n", n->name,
        n->options.kind == IK_STACK_ROUTER ? "ellipse" : "box", n->name, ik_addr_text(&a, text),
        number == m->vantage ? ", style=bold" : "", n->simulated ? ", style=dashed" : "");
}

static void dot_edge_label(const struct show *s, const struct ik_model_link *l)
{
    char text[IK_ADDR_TEXT], delay[32];
    const struct ik_prefix *net = l->net[0].addr.family ? &l->net[0] : &l->net[1];
    say(s, " [label=\"%s/%u\\n%s\"];\n", ik_addr_text(&net->addr, text), net->bits,
        time_text(l->forward.impair.delay, delay));
}

static void dot_link(const struct show *s, const struct ik_model *m, uint32_t number)
{
    const struct ik_model_link *l = &m->links[number];
    if (l->n_ends == 2) {
        say(s, "  \"%s\" -- \"%s\"", m->nodes[l->ends[0].node].name,
            m->nodes[l->ends[1].node].name);
        dot_edge_label(s, l);
        return;
    }
    say(s, "  \"segment %u\" [shape=underline, label=\"", (unsigned)number);
    dot_text(s, l->name);
    say(s, "\"];\n");
    for (uint32_t e = 0; e < l->n_ends; e++) {
        say(s, "  \"%s\" -- \"segment %u\"", m->nodes[l->ends[e].node].name, (unsigned)number);
        if (e == 0)
            dot_edge_label(s, l);
        else
            say(s, ";\n");
    }
}

void ik_show_dot(const struct ik_model *m, const char *title, ik_lab_put_fn *put, void *ctx)
{
    const struct show s = {put, ctx};
    say(&s, "graph \"");
    dot_text(&s, title);
    say(&s, "\" {\n  layout=neato;\n  overlap=false;\n  splines=true;\n");
    for (uint32_t i = 0; i < m->n_nodes; i++)
        if (!m->nodes[i].left_out)
            dot_node(&s, m, i);
    for (uint32_t i = 0; i < m->n_links; i++)
        if (!m->links[i].left_out)
            dot_link(&s, m, i);
    say(&s, "}\n");
}
