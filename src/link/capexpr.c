/* SPDX-License-Identifier: MIT
 * As libpcap parses: `not` binds tightest, `and` and `or` alike and from the left (pcap-filter(7)).
 */
#include "link/capexpr.h"

#include "link/caprel.h"
#include "link/capwords.h"

#include <stdlib.h>
#include <string.h>

static enum ik_err parse_all(struct ik_capexpr *e, bool negated);

static const struct ik_captoken *here(const struct ik_capexpr *e)
{
    return &e->tokens[e->at];
}

static size_t add_node(struct ik_capexpr *e, struct ik_capexpr_node node)
{
    e->nodes[e->n_nodes] = node;
    return e->n_nodes++;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static bool is_direction(const struct ik_captoken *t)
{
    return ik_captoken_is(t, "src") || ik_captoken_is(t, "dst");
}

/* "src or dst" is one qualifier. */
static bool is_qualifier(const struct ik_capexpr *e, size_t from)
{
    return e->at > from && is_direction(&e->tokens[e->at - 1]) &&
           is_direction(&e->tokens[e->at + 1]);
}

static void pass_leaf(struct ik_capexpr *e)
{
    const size_t from = e->at;
    unsigned depth = 0;
    for (; here(e)->kind != IK_CAPTOKEN_END; e->at++) {
        const enum ik_captoken_kind kind = here(e)->kind;
        const bool joint = kind == IK_CAPTOKEN_AND || kind == IK_CAPTOKEN_OR;
        if (depth == 0 && (kind == IK_CAPTOKEN_CLOSE || (joint && !is_qualifier(e, from))))
            return;
        depth += kind == IK_CAPTOKEN_OPEN || kind == IK_CAPTOKEN_BRACKET;
        depth -= depth > 0 && (kind == IK_CAPTOKEN_CLOSE || kind == IK_CAPTOKEN_BRACKET_END);
    }
}

static bool is_ours(const struct ik_capexpr *e, struct ik_capexpr_leaf *leaf)
{
    const struct ik_captoken *first = &e->tokens[leaf->from];
    const size_t n = leaf->to - leaf->from;
    if (n == 1 && (ik_captoken_is(first, "icmp") || ik_captoken_is(first, "icmp6"))) {
        leaf->of_icmp = true;
        leaf->kind = first->n == 4 ? IK_CAPEXPR_ICMP4 : IK_CAPEXPR_ICMP6;
        return true;
    }
    leaf->kind = IK_CAPEXPR_RELATION;
    return ik_caprel_compile(first, n, leaf);
}

static enum ik_err parse_leaf(struct ik_capexpr *e, bool negated)
{
    struct ik_capexpr_leaf leaf = {.from = e->at, .negated = negated};
    pass_leaf(e);
    leaf.to = e->at;
    if (leaf.to == leaf.from)
        return IK_E_VALUE;
    if (!is_ours(e, &leaf)) {
        e->foreign = true;
        add_node(e, (struct ik_capexpr_node){.kind = IK_CAPEXPR_LEAF});
        return IK_OK;
    }
    if (e->n_ours == IK_CAPEXPR_OURS)
        return IK_E_FULL;
    add_node(e, (struct ik_capexpr_node){.kind = IK_CAPEXPR_LEAF, .a = e->n_ours});
    e->ours[e->n_ours++] = leaf;
    return IK_OK;
}

/* ---- structure ------------------------------------------------------------------------------- */

/* Whether the parenthesis here holds conditions, and not a number that a relation goes on with. */
static bool is_group(const struct ik_capexpr *e)
{
    unsigned depth = 0;
    size_t i = e->at;
    do {
        depth += e->tokens[i].kind == IK_CAPTOKEN_OPEN;
        depth -= e->tokens[i].kind == IK_CAPTOKEN_CLOSE;
        i++;
    } while (depth > 0 && i < e->n_tokens);
    return e->tokens[i].kind != IK_CAPTOKEN_RELATION && e->tokens[i].kind != IK_CAPTOKEN_OPERATOR;
}

static enum ik_err parse_term(struct ik_capexpr *e, bool negated)
{
    enum ik_err err;
    if (e->depth == IK_CAPEXPR_DEPTH)
        return IK_E_FULL;
    e->depth++;
    if (here(e)->kind == IK_CAPTOKEN_NOT) {
        e->at++;
        err = parse_term(e, !negated);
        if (!err)
            add_node(e, (struct ik_capexpr_node){.kind = IK_CAPEXPR_NOT, .a = e->n_nodes - 1});
    } else if (here(e)->kind == IK_CAPTOKEN_OPEN && is_group(e)) {
        e->at++;
        err = parse_all(e, negated);
        if (!err && here(e)->kind != IK_CAPTOKEN_CLOSE)
            err = IK_E_VALUE;
        e->at += !err;
    } else {
        err = parse_leaf(e, negated);
    }
    e->depth--;
    return err;
}

static enum ik_err parse_all(struct ik_capexpr *e, bool negated)
{
    enum ik_err err = parse_term(e, negated);
    while (!err && (here(e)->kind == IK_CAPTOKEN_AND || here(e)->kind == IK_CAPTOKEN_OR)) {
        const bool both = here(e)->kind == IK_CAPTOKEN_AND;
        const size_t a = e->n_nodes - 1;
        e->at++;
        err = parse_term(e, negated);
        if (!err)
            add_node(e, (struct ik_capexpr_node){both ? IK_CAPEXPR_AND : IK_CAPEXPR_OR, a,
                                                 e->n_nodes - 1});
    }
    return err;
}

enum ik_err ik_capexpr_init(struct ik_capexpr *e, const char *text)
{
    const size_t n = strlen(text) + 1;
    *e = (struct ik_capexpr){.text = strdup(text)};
    e->tokens = calloc(n, sizeof(*e->tokens));
    e->nodes = calloc(2 * n, sizeof(*e->nodes)); /* a leaf and what it is joined by, or a not */
    e->ours = calloc(IK_CAPEXPR_OURS, sizeof(*e->ours));
    if (!e->text || !e->tokens || !e->nodes || !e->ours)
        return IK_E_NOMEM;
    e->n_tokens = ik_captoken_split(e->text, e->tokens);
    if (e->n_tokens == 0)
        return IK_OK;
    const enum ik_err err = parse_all(e, false);
    return err ? err : here(e)->kind == IK_CAPTOKEN_END ? IK_OK : IK_E_VALUE;
}

void ik_capexpr_fini(struct ik_capexpr *e)
{
    free(e->text);
    free(e->tokens);
    free(e->nodes);
    free(e->ours);
}

const struct ik_captoken *ik_capexpr_name(const struct ik_capexpr *e)
{
    return ik_capwords_name(e->tokens, e->n_tokens);
}

/* ---- evaluating ------------------------------------------------------------------------------ */

uint32_t ik_capexpr_ours(const struct ik_capexpr *e, const struct ik_capfilter_view *view,
                         uint32_t wire_bytes)
{
    uint32_t ours = 0;
    for (size_t i = 0; i < e->n_ours; i++) {
        const struct ik_capexpr_leaf *leaf = &e->ours[i];
        const bool holds = leaf->kind == IK_CAPEXPR_ICMP4 ? view->family == 4
                           : leaf->kind == IK_CAPEXPR_ICMP6
                               ? view->family == 6
                               : ik_caprel_holds(leaf, view, wire_bytes);
        ours |= (uint32_t)holds << i;
    }
    return ours;
}

static bool node_holds(const struct ik_capexpr *e, size_t i, uint32_t ours)
{
    const struct ik_capexpr_node *node = &e->nodes[i];
    switch (node->kind) {
    case IK_CAPEXPR_AND:
        return node_holds(e, node->a, ours) && node_holds(e, node->b, ours);
    case IK_CAPEXPR_OR:
        return node_holds(e, node->a, ours) || node_holds(e, node->b, ours);
    case IK_CAPEXPR_NOT:
        return !node_holds(e, node->a, ours);
    default:
        return ours >> node->a & 1;
    }
}

bool ik_capexpr_holds(const struct ik_capexpr *e, uint32_t ours)
{
    return e->n_nodes == 0 || node_holds(e, e->n_nodes - 1, ours);
}
