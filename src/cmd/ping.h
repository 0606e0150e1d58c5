/* SPDX-License-Identifier: MIT
 * What the files of `icmp ping` share. */
#pragma once

#include "opt.h"
#include "run.h"

#include <icmpkit/net.h>
#include <icmpkit/probe.h>

/* Ordinary users may not do more than this, counted over all their targets (as with iputils). */
enum { IK_PING_NAME_ADDRESSES = 16 }; /* --all-addresses */
enum { IK_PING_USER_PRELOAD = 3, IK_PING_TARGETS_MAX = 1 << 20, IK_PING_SIZE_MAX = 65507 };
#define IK_PING_USER_INTERVAL (2 * IK_NS_PER_MS)
#define IK_PING_USER_GROUP_INTERVAL (1000 * IK_NS_PER_MS) /* to broadcast and multicast */

enum ik_ping_stamp { IK_PING_TSONLY, IK_PING_TSANDADDR, IK_PING_TSPRESPEC };

/* The options as given. */
struct ik_ping_opt {
    int lang; /* of ik_lang_choices; main.c has obeyed it already */
    bool v4, v6, audible, adaptive, sticky, broadcast, connect, debug, unix_time, iso, flood, names,
        numeric, no_loop, outstanding, quiet, direct, user_latency, record_route, precise, json,
        percentiles, all_addresses, timestamp, help, usage, version;
    int verbose, pmtudisc, ip_timestamp;
    int64_t count, flow_label, ident, preload, mark, size, sndbuf, tclass, ttl;
    ik_ns interval, timeout, deadline;
    struct ik_opt_list from, node_info;
    const char *interface, *source, *pattern, *targets, *until;
    struct ik_runlab_opt lab;
};

/* Node information queries (RFC 4620). */
enum { IK_PING_NODE_SUBJECT = 264 };
struct ik_ping_node {
    bool wanted, help;
    int qtype, subject_type; /* -1: not said yet */
    uint16_t flags;
    uint8_t subject[IK_PING_NODE_SUBJECT];
    size_t subject_bytes;
    struct ik_addr group; /* of a subject name: where to ask when no target is given */
};

/* The options as understood. */
struct ik_ping_plan {
    struct ik_ping_opt opt;
    struct ik_opt_args args;
    bool root;
    bool interval_given;
    uint8_t family;        /* 4, 6, or 0: whatever the targets are */
    const char *interface; /* NULL: any */
    struct ik_addr source; /* family 0: the kernel's choice */
    uint32_t until_up, until_down;
    uint8_t pattern[16];
    uint32_t pattern_bytes;
    uint8_t ip_options[40];
    size_t ip_options_bytes;
    struct ik_ping_node node;
    const char *raw_for; /* what needs a raw socket, NULL nothing */
};

/* One operand, or line of a file, understood. */
enum ik_ping_what { IK_PING_LITERAL, IK_PING_PREFIX, IK_PING_NAME };
struct ik_ping_target {
    enum ik_ping_what what;
    const char *text;
    struct ik_addr addr;     /* LITERAL, or the first of PREFIX */
    struct ik_prefix prefix; /* PREFIX */
    uint64_t n;              /* addresses */
};

/* A name while it is looked up. */
struct ik_ping;
struct ik_ping_name {
    struct ik_ping *ping;
    const char *text;
};

/* The verb at work. */
struct ik_ping {
    struct ik_ping_plan plan;
    struct ik_run run;
    struct {
        uint8_t key[16], ident[2];
        uint32_t tag;
    } secret;
    bool filter_tag; /* probes have room for a tag that the kernel can look at */
    struct ik_echo_engine *echo;
    void *echo_memory;
    size_t echo_memory_bytes;
    char *file; /* --targets: lines ended by zeros, kept while names in it are in use */
    size_t file_bytes;
    bool file_named;   /* a name in it is in use */
    uint64_t expected; /* targets that the user named, a name as one */
    uint64_t room;     /* targets that the engine has room for */
    uint64_t added;    /* targets that it has */
    struct ik_ping_name *names;
    size_t n_names, next_name, pending; /* next_name: the first not asked yet */
    bool asking;                        /* inside the resolver */
    bool ended;                         /* interrupted, or past its deadline */
    bool warned;                        /* of a source that is not the interface's */
    uint64_t refused;                   /* targets that could not be tried */
    /* text */
    uint64_t dots; /* -f: probes shown so far */
    uint8_t old_route[40];
    size_t old_route_bytes;
};

/* The user named one target, so that lines need not name it. */
static inline bool ik_ping_is_single(const struct ik_ping *p)
{
    return p->expected == 1 && !p->plan.opt.all_addresses;
}

/* ---- ping_opt.c ------------------------------------------------------------------------------ */

extern const struct ik_opt_spec ik_ping_spec;
/* Reads the command line; `operands` has room for argc pointers. False: args.error says why not. */
IK_MUST_USE bool ik_ping_opt_read(struct ik_ping_plan *p, int argc, char *const *argv,
                                  const char **operands, bool root);

/* ---- ping_node.c ----------------------------------------------------------------------------- */

/* One argument of -N. False: `why` (cap bytes) says what would be right. */
IK_MUST_USE bool ik_ping_node_option(struct ik_ping_node *n, const char *arg, char *why,
                                     size_t cap);
extern const char ik_ping_node_help[];
/* Appends what a node information reply (from its type octet) says. */
void ik_ping_node_print(struct ik_line *l, struct ik_rd reply);

/* ---- ping_target.c --------------------------------------------------------------------------- */

enum { IK_PING_WHY = 320 }; /* room for why a target is wrong, in any language */
/* Understands one target. False: `why` (cap bytes) says what is wrong with it. */
IK_MUST_USE bool ik_ping_target_read(const char *text, const struct ik_ping_plan *plan,
                                     struct ik_ping_target *out, char *why, size_t cap);
/* "ping: TARGET: why" on stderr, the target escaped, `why` in the language of the user. */
void ik_ping_target_say(const char *text, const char *why);
/* Understands and counts one into p->expected, p->room and p->n_names, and the families that it can
 * have into *families: bit 0 IPv4, bit 1 IPv6. False: said. */
IK_MUST_USE bool ik_ping_target_count(struct ik_ping *p, const char *text, int *families);
/* Counts the operands. Returns their families, -1 when one is wrong (said). */
int ik_ping_target_survey(struct ik_ping *p);
/* Hands all targets to the engine: addresses now, names when they are known. False: said. */
IK_MUST_USE bool ik_ping_target_start(struct ik_ping *p, struct ik_now now);
void ik_ping_target_free(struct ik_ping *p);

/* ---- ping_file.c ----------------------------------------------------------------------------- */

/* What messages call the file that --targets names, in the language of the user. */
const char *ik_ping_file_title(const char *name);
/* Reads --targets and counts what it names, as ik_ping_target_count. False: said. */
IK_MUST_USE bool ik_ping_file_load(struct ik_ping *p);
/* The target at or after `at` in the file, NULL at its end. */
const char *ik_ping_file_next(const struct ik_ping *p, const char *at);

/* ---- ping_add.c ------------------------------------------------------------------------------ */

/* So few targets that each is worth a line of its own and a look at its route. */
bool ik_ping_add_few(const struct ik_ping *p);
void ik_ping_add_address(struct ik_ping *p, struct ik_now now, const struct ik_ping_target *t);
void ik_ping_add_prefix(struct ik_ping *p, struct ik_now now, const struct ik_ping_target *t);
/* Asks for names until enough are asked for; with the answer to the last one the engine knows all
 * its targets. */
void ik_ping_add_names(struct ik_ping *p, struct ik_now now);

/* ---- ping_text.c ----------------------------------------------------------------------------- */

/* The line before the first probe to a target; `r` as far as it is known. `numeric`: the user wrote
 * an address. */
void ik_ping_text_header(struct ik_ping *p, struct ik_now now, const char *name,
                         const struct ik_addr *addr, const struct ik_route *r, bool numeric);
/* The same for n things at once ("10.0.0.0/28 (14 addresses)"). */
void ik_ping_text_many(struct ik_ping *p, struct ik_now now, const char *name, uint64_t n,
                       const char *things, uint8_t family);
/* -p: the line that shows the pattern. */
void ik_ping_text_pattern(struct ik_ping *p, struct ik_now now);
void ik_ping_text_record(void *ping, const struct ik_record *rec);
/* -f: a dot for each probe sent since the last call. */
void ik_ping_text_dots(struct ik_ping *p, struct ik_now now);

/* ---- ping_summary.c -------------------------------------------------------------------------- */

/* The block at the end, or a line on stderr where the summary is not the final one. */
void ik_ping_summary_print(struct ik_ping *p, struct ik_now now,
                           const struct ik_rec_ping_summary *s);
/* The lines under the summaries of several targets. */
void ik_ping_summary_totals(struct ik_ping *p, struct ik_now now);

/* ---- ping_error.c ---------------------------------------------------------------------------- */

/* Appends what an ICMP error means, as iputils words it. */
void ik_ping_error_print(struct ik_line *l, const struct ik_rec_icmp_error *e);
/* Appends the quoted IP header, as -v shows it. */
void ik_ping_error_quote(struct ik_line *l, struct ik_rd quote);

/* ---- ping_ipopt.c ---------------------------------------------------------------------------- */

/* Appends the IPv4 options of an answer. `old` (40 bytes) and *old_bytes remember the last route,
 * so that the same one is not printed again. */
void ik_ping_ipopt_print(struct ik_line *l, struct ik_rd options, bool flood, uint8_t *old,
                         size_t *old_bytes);

/* ---- ping.c ---------------------------------------------------------------------------------- */

int ik_ping_verb(int argc, char **argv);
