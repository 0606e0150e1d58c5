/* SPDX-License-Identifier: MIT
 * Which ICMP a firewall lets through: rules with their reasons, made from the verdicts of
 * <icmpkit/explain.h> (RFC 4890 for IPv6 and its counterpart for IPv4). Pure. */
#pragma once

#include <icmpkit/base.h>

/* id, spelling on the command line: what the firewall stands in. */
#define IK_POLICY_ROLES(X) \
    X(HOST, "host")        \
    X(ROUTER, "router")    \
    X(GATEWAY, "gateway")  \
    X(BRIDGE, "bridge")

enum ik_policy_role {
#define X(id, name) IK_POLICY_##id,
    IK_POLICY_ROLES(X)
#undef X
};

/* Messages to the machine itself, or through it. A host has only the first, a bridge the second. A
 * gateway is a router that all traffic of a site passes, both ways, so that it knows its flows (RFC
 * 6092). */
enum ik_policy_hook { IK_POLICY_LOCAL, IK_POLICY_TRANSIT };

enum ik_policy_verdict {
    IK_POLICY_PASS,
    IK_POLICY_KNOWN, /* passes, but limited in rate where it answers or quotes nothing that is known
                         here */
    IK_POLICY_LIMITED, /* passes, limited in rate for each source */
    IK_POLICY_TRACKED, /* passes where what it quotes or answers is known here, is dropped else */
    IK_POLICY_PROVEN,  /* passes where `proof` holds, is dropped else */
    IK_POLICY_DROP,
};

/* What shows that a message comes from the link (RFC 4861 section 3.1, RFC 4890 section 4.3.3). */
enum ik_policy_proof {
    IK_POLICY_NO_PROOF,
    IK_POLICY_HOPS_255,   /* hop limit 255: no router has forwarded it */
    IK_POLICY_LINK_LOCAL, /* a link-local source, or none (::), which MLD reports have at first */
    IK_POLICY_HOPS_1,     /* a link-local source and hop limit 1; IPv4: TTL 1 */
};

/* Messages of types first_type .. last_type (of one code where code is not -1). */
struct ik_policy_rule {
    uint8_t family, first_type, last_type;
    int16_t code;
    enum ik_policy_verdict verdict;
    enum ik_policy_proof proof;
    const char *name; /* of the first type ("packet-too-big"), static */
    const char *why;  /* static */
};

enum { IK_POLICY_RULES = 128 };

/* Fills at most cap rules in the order in which they are tried, and returns how many there are
 * (never more than IK_POLICY_RULES); together they cover every type. 0: the role has no such hook.
 */
size_t ik_policy_rules(enum ik_policy_role role, enum ik_policy_hook hook, uint8_t family,
                       struct ik_policy_rule *out, size_t cap);

/* The rule that decides on a message: the first that names it. */
struct ik_policy_rule ik_policy_judge(enum ik_policy_role role, enum ik_policy_hook hook,
                                      uint8_t family, uint8_t type, uint8_t code);

typedef void ik_policy_put_fn(void *ctx, const char *text, size_t n);
/* The rules as a script for nft -f: one table of its own, ICMP only, each rule with its reason;
 * loading it again replaces it. `family`: 4, 6, or 0 for both. */
void ik_policy_nft(enum ik_policy_role role, uint8_t family, ik_policy_put_fn *put, void *ctx);
/* The name of that table. */
#define IK_POLICY_TABLE "icmpkit_policy"
