/* SPDX-License-Identifier: MIT
 * Which parts there are, in order. */
#include "detect/part.h"

/* What others need of a packet. */
extern const struct ik_part ik_part_sender;
extern const struct ik_part ik_part_flow;

/* Rates and many targets. */
extern const struct ik_part ik_part_rate;
extern const struct ik_part ik_part_errors;
extern const struct ik_part ik_part_smurf;
extern const struct ik_part ik_part_sweep;
extern const struct ik_part ik_part_recon;
extern const struct ik_part ik_part_probing;

/* Tunnels and what is hidden. */
extern const struct ik_part ik_part_tool;
extern const struct ik_part ik_part_inner;
extern const struct ik_part ik_part_echo;
extern const struct ik_part ik_part_template;
extern const struct ik_part ik_part_covert;

/* What is forged or broken. */
extern const struct ik_part ik_part_fragment;
extern const struct ik_part ik_part_redirect;
extern const struct ik_part ik_part_quench;
extern const struct ik_part ik_part_reset;
extern const struct ik_part ik_part_pmtu;
extern const struct ik_part ik_part_router;
extern const struct ik_part ik_part_nd;

const struct ik_part *const ik_parts[] = {
    /* what others need */
    &ik_part_sender,
    &ik_part_flow,

    /* rates */
    &ik_part_rate, /* tells the others whether an answer was asked for */
    &ik_part_errors,
    &ik_part_smurf,
    &ik_part_sweep,
    &ik_part_recon,
    &ik_part_probing,

    /* tunnels */
    &ik_part_tool,
    &ik_part_inner,
    &ik_part_echo,
    &ik_part_template,
    &ik_part_covert,

    /* forged */
    &ik_part_fragment,
    &ik_part_redirect,
    &ik_part_quench,
    &ik_part_reset,
    &ik_part_pmtu,
    &ik_part_router,
    &ik_part_nd,

    NULL,
};
