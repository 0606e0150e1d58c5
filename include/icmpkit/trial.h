/* SPDX-License-Identifier: MIT
 * A rule set of nftables tried against the policy: every kind of ICMP message is sent through a
 * firewall in a network of our own, and what arrives is compared with what should. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/host.h>
#include <icmpkit/policy.h>

/* What is particular about a message: id, for people (msgid; "" for nothing). */
#define IK_TRIAL_VARIANTS(X)                       \
    X(PLAIN, "")                                   \
    X(KNOWN, "about what was sent before")         \
    X(UNKNOWN, "about nothing that was ever sent") \
    X(LINK, "from the link, with the proof of it") \
    X(FORGED, "with hop limit 64, from another network")

enum ik_trial_variant {
#define X(id, text) IK_TRIAL_##id,
    IK_TRIAL_VARIANTS(X)
#undef X
};
const char *ik_trial_variant_text(enum ik_trial_variant v);

/* One message and its fate. */
struct ik_trial {
    uint8_t family, type, code;
    enum ik_policy_hook hook;
    enum ik_trial_variant variant;
    struct ik_policy_rule rule; /* what the policy says of it */
    bool should_pass; /* UNKNOWN: may be dropped all the same, where routes are symmetric; through a
                         gateway it has to be */
    bool passed;
    bool slowed; /* it passed the second time, a second later: a limit of rate */
};

struct ik_trial_cfg {
    enum ik_policy_role role;
    uint8_t family;                /* 0: both */
    struct ik_passage_cfg passage; /* its `bridge` follows from the role */
};
/* Opens the passage (see ik_passage_open, whose errors these are), tries everything, and calls fn
 * for each message. *step and why as there. */
IK_MUST_USE enum ik_err ik_trial_run(const struct ik_trial_cfg *cfg,
                                     void (*fn)(void *ctx, const struct ik_trial *t), void *ctx,
                                     const char **step, char why[static IK_NFT_TEXT]);
