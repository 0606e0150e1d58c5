/* SPDX-License-Identifier: MIT
 * The lab file: an internet of hosts and routers in YAML, made into a sim. Keys and their meaning:
 * icmp-lab(5). Needs libyaml; without it ik_lab_open says IK_E_UNSUPPORTED. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/conf.h>
#include <icmpkit/net.h>
#include <icmpkit/sim.h>

struct ik_lab;

struct ik_lab_cfg {
    bool has_seed; /* instead of the file's */
    uint64_t seed;
    bool events;   /* nodes tell what they do */
    bool external; /* the vantage is the machine itself, in real time: what only stands in for a
                      public address (`simulated`) is left out, and so is traffic */
    /* Called when the file is in memory and nothing of it was looked at yet: where privileges that
     * could open it are given up. An error ends the opening, with that and no fault. NULL: none. */
    enum ik_err (*on_read)(void *ctx);
    void *ctx;
};

/* Reads a file, or one of the built-in examples by name ("internet"), and builds it. On success
 * *out is the caller's, ended by ik_lab_close. IK_E_NOT_FOUND, IK_E_ACCESS, IK_E_SYSTEM (no such
 * file...), IK_E_VALUE (what is written in it), IK_E_NOMEM, IK_E_UNSUPPORTED; then *fault says
 * what. */
IK_MUST_USE enum ik_err ik_lab_open(struct ik_lab **out, const char *path_or_name,
                                    const struct ik_lab_cfg *cfg, struct ik_conf_fault *fault);
void ik_lab_close(struct ik_lab *lab);
/* The names of the built-in examples, ended by NULL, and their text; NULL for an unknown one. */
const char *const *ik_lab_builtins(void);
const char *ik_lab_builtin_text(const char *name);

struct ik_sim *ik_lab_sim(struct ik_lab *lab);
/* The file's seed, or the one given. */
uint64_t ik_lab_seed(const struct ik_lab *lab);
/* The vantage as a link of that family; IK_E_UNSUPPORTED when it has no address of the family. */
IK_MUST_USE enum ik_err ik_lab_link(struct ik_lab *lab, uint8_t family, struct ik_link **out);
/* For struct ik_loop_cfg: clock and advance of virtual time; ctx of both is the lab. */
struct ik_now ik_lab_clock(void *lab);
void ik_lab_advance(void *lab, ik_ns mono);

/* ---- names ----------------------------------------------------------------------------------- */

/* The address of a node by its name ("far"; its first address of that family, 0: IPv4 before
 * IPv6), or an address that reads as one. IK_E_NOT_FOUND. */
IK_MUST_USE enum ik_err ik_lab_lookup(const struct ik_lab *lab, const char *name, uint8_t family,
                                      struct ik_addr *out);
/* The node that has the address, NULL when none: the hop names of traces. Addresses of a prefix
 * host are its own. */
const char *ik_lab_name(const struct ik_lab *lab, const struct ik_addr *addr);
/* True for addresses that only stand in for real public ones. */
bool ik_lab_is_simulated(const struct ik_lab *lab, const struct ik_addr *addr);

/* ---- the vantage, for the machine that takes its place ----------------------------------------
 */

struct ik_lab_vantage {
    const char *name;
    uint8_t mac[6];
    uint32_t mtu;
    const struct ik_stack_ifaddr *addrs;
    size_t n_addrs;
    struct ik_addr gateway4, gateway6; /* family 0: none */
};
void ik_lab_vantage(const struct ik_lab *lab, struct ik_lab_vantage *out);
/* Prefixes that exist in the lab and are reached through the vantage's interface; number i, false
 * past the last. */
bool ik_lab_prefix(const struct ik_lab *lab, size_t i, struct ik_prefix *out);
/* Name and address pairs, as a hosts file has them; number i, false past the last. */
bool ik_lab_host(const struct ik_lab *lab, size_t i, struct ik_addr *addr, const char **name);

/* ---- showing --------------------------------------------------------------------------------- */

typedef void ik_lab_put_fn(void *ctx, const char *text, size_t n);
/* Nodes, links and addresses as text; the same as a Graphviz graph. */
void ik_lab_print(const struct ik_lab *lab, ik_lab_put_fn *put, void *ctx);
void ik_lab_dot(const struct ik_lab *lab, ik_lab_put_fn *put, void *ctx);
