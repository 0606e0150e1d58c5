/* SPDX-License-Identifier: MIT
 * The structure of a filter expression, as far as we need it: and, or, not, parentheses, and at its
 * leaves what is ours (icmp, icmp6, relations of their bytes) and what is libpcap's. */
#pragma once

#include "icmpkit/link.h"
#include "link/captoken.h"

/* What is ours is told apart by one bit each. */
enum { IK_CAPEXPR_OURS = 24, IK_CAPEXPR_DEPTH = 64, IK_CAPEXPR_CODE = 64 };

enum ik_capexpr_leaf_kind {
    IK_CAPEXPR_ICMP4,
    IK_CAPEXPR_ICMP6,
    IK_CAPEXPR_RELATION,
    IK_CAPEXPR_FOREIGN,
};

/* One step of a relation, on a stack of numbers of 32 bits. */
struct ik_capexpr_op {
    char sign;      /* of a token; '#' the number, 'w' length on the wire, '~' minus, 'b' a load */
    uint8_t family; /* of a load */
    uint8_t bytes;
    uint32_t value;
};

struct ik_capexpr_leaf {
    enum ik_capexpr_leaf_kind kind;
    bool negated;    /* stands under an odd number of nots */
    bool of_icmp;    /* true of ICMP alone */
    size_t from, to; /* its tokens */
    size_t n_code;
    struct ik_capexpr_op code[IK_CAPEXPR_CODE];
};

struct ik_capexpr_node {
    enum { IK_CAPEXPR_AND, IK_CAPEXPR_OR, IK_CAPEXPR_NOT, IK_CAPEXPR_LEAF } kind;
    size_t a, b; /* nodes; LEAF: a is its number among ours */
};

struct ik_capexpr {
    struct ik_captoken *tokens; /* and their text */
    char *text;
    size_t n_tokens;
    struct ik_capexpr_node *nodes; /* the last is the root */
    size_t n_nodes;
    struct ik_capexpr_leaf *ours;
    size_t n_ours;
    bool foreign; /* there are leaves that are not ours: nodes mean nothing */
    size_t at;    /* of the parser */
    unsigned depth;
};

/* Parses. IK_E_VALUE: the structure is wrong (the reader that we leave the rest to says how);
 * IK_E_FULL: more of ours, or deeper, than we follow; IK_E_NOMEM. ik_capexpr_fini in any case. */
IK_MUST_USE enum ik_err ik_capexpr_init(struct ik_capexpr *e, const char *text);
void ik_capexpr_fini(struct ik_capexpr *e);
/* The first name that would be looked up elsewhere, outside of what is ours; NULL without one. */
const struct ik_captoken *ik_capexpr_name(const struct ik_capexpr *e);
/* Which of ours are true of a packet: a bit each. */
uint32_t ik_capexpr_ours(const struct ik_capexpr *e, const struct ik_capfilter_view *view,
                         uint32_t wire_bytes);
/* The whole, when nothing in it is foreign. */
bool ik_capexpr_holds(const struct ik_capexpr *e, uint32_t ours);
