/* SPDX-License-Identifier: MIT
 * Names of the addresses that answer, looked up while the probes go on: a small cache that knows of
 * each address whether its name is known, still asked for, or not worth waiting for any longer. */
#pragma once

#include <icmpkit/host.h>

/* How long a line may be held back for a name. Probes never wait. */
#define IK_HOSTNAME_PATIENCE (500 * IK_NS_PER_MS)

struct ik_hostnames;

struct ik_hostnames_cfg {
    /* Starts a look-up whose answer goes to fn(ctx): ik_names_reverse of the run's resolver. */
    enum ik_err (*ask)(void *ctx, const struct ik_addr *addr, ik_names_fn *fn, void *fn_ctx);
    /* Called when an address was settled by an answer. */
    void (*settled)(void *ctx, struct ik_now now);
    void *ctx;
};

IK_MUST_USE enum ik_err ik_hostnames_new(struct ik_hostnames **out,
                                         const struct ik_hostnames_cfg *cfg);
void ik_hostnames_free(struct ik_hostnames *h);
/* True when the address is settled: *name is its name, safe to print, or NULL when it has none, was
 * not told in time, or the cache is full. False while the look-up (which this starts) is under way;
 * *until is when it will be settled without an answer. */
bool ik_hostnames_get(struct ik_hostnames *h, struct ik_now now, const struct ik_addr *addr,
                      const char **name, ik_ns *until);
