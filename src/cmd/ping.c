/* SPDX-License-Identifier: MIT
 * icmp ping: round trips to one or many targets. Options -> sockets -> no more privileges -> engine
 * -> targets -> loop -> exit status. */
#include "ping.h"
#include "verb.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { DISCOVER_DO = 2 }; /* IP_PMTUDISC_DO, and the same for IPv6 */
enum { IP_HEADER_MAX = 60, ICMP_HEADER = 8, LONGER = 64 }; /* LONGER: to see answers that are */

/* ---- sockets --------------------------------------------------------------------------------- */

/* The target, where it is a single address: known before the sockets are open. */
static struct ik_addr sole_address(const struct ik_ping *p)
{
    struct ik_ping_target t;
    char why[IK_PING_WHY];
    const bool one = p->plan.args.n == 1 && !p->plan.opt.targets &&
                     ik_ping_target_read(p->plan.args.operands[0], &p->plan, &t, why, sizeof why);
    return one && t.what == IK_PING_LITERAL ? t.addr : (struct ik_addr){.family = 0};
}

static int discovery(const struct ik_ping *p)
{
    static const int values[] = {2, 0, 1, 3}; /* do, dont, want, probe */
    if (p->plan.opt.pmtudisc >= 0)
        return values[p->plan.opt.pmtudisc];
    const struct ik_addr a = sole_address(p);
    return p->plan.opt.broadcast || ik_addr_is_multicast(&a) ? DISCOVER_DO : -1;
}

static uint32_t answers(const struct ik_ping_plan *plan)
{
    return plan->opt.timestamp ? IK_ANSWER_TIMESTAMP
           : plan->node.wanted ? IK_ANSWER_NODE_INFO
                               : IK_ANSWER_ECHO;
}

static struct ik_link_cfg link_cfg(const struct ik_ping *p, uint8_t family, uint32_t tag,
                                   uint16_t ident)
{
    const struct ik_ping_opt *o = &p->plan.opt;
    const bool ours = p->plan.source.family == family;
    const struct ik_addr peer = sole_address(p);
    return (struct ik_link_cfg){
        .family = family,
        .source = ours ? p->plan.source : (struct ik_addr){.family = 0},
        .interface = p->plan.interface,
        .ident = o->ident >= 0 ? (uint16_t)o->ident : ident,
        .tag = tag,
        .filter_tag = p->filter_tag,
        .answers = answers(&p->plan),
        .max_bytes = IP_HEADER_MAX + ICMP_HEADER + (uint32_t)o->size + LONGER,
        .ttl = (int)o->ttl,
        .multicast_ttl = (int)o->ttl,
        .tclass = (int)o->tclass,
        .flow_label = family == 6 ? o->flow_label : -1,
        .pmtudisc = discovery(p),
        .mark = o->mark < 0 ? 0 : (uint32_t)o->mark,
        .has_mark = o->mark >= 0,
        .broadcast = o->broadcast,
        .dont_route = o->direct,
        .no_multicast_loop = o->no_loop,
        .debug = o->debug,
        .user_stamps = o->user_latency,
        .sticky_source = o->sticky,
        .connect = o->connect,
        .peer = peer.family == family ? peer : (struct ik_addr){.family = 0},
        .sndbuf = (int)o->sndbuf,
        .ip_options = {p->plan.ip_options, family == 4 ? p->plan.ip_options_bytes : 0},
    };
}

static void say_open_error(const struct ik_ping *p, uint8_t family, enum ik_err err)
{
    char text[IK_ADDR_TEXT];
    if (err == IK_E_ADDR && p->plan.source.family)
        ik_run_say("ping",
                   p->run.lab ? _("%s is not an address of the lab's vantage")
                              : _("%s is not an address of this host"),
                   ik_addr_text(&p->plan.source, text));
    else if (err == IK_E_UNSUPPORTED && p->run.lab)
        ik_run_say("ping", "%s", ik_lang_text(ik_run_no_family(&p->run, family)));
    else if (err == IK_E_EXISTS)
        ik_run_say("ping",
                   family == 6 && p->run.links[0]
                       ? _("identifier %lld is in use; without privilege both families share them: "
                           "add -4 or -6")
                       : _("identifier %lld is in use"),
                   (long long)p->plan.opt.ident);
    else if (err == IK_E_ACCESS)
        ik_run_say_refused("ping", p->plan.raw_for);
    else
        ik_run_say("ping", _("cannot open a socket for IPv%d: %s"), family, ik_lang_err(err));
}

/* Opens the families that the targets can have; a family that this host lacks is only missed when
 * nothing else is left. */
static bool open_links(struct ik_ping *p, int families)
{
    uint16_t ident = 0;
    if (!ik_run_secret(&p->run, &p->secret, sizeof p->secret))
        return false;
    memcpy(&ident, p->secret.ident, sizeof ident);
    p->filter_tag = p->plan.opt.size >= 16 && !p->plan.opt.timestamp;
    const char *one = p->plan.opt.connect           ? "-C"
                      : p->plan.opt.flow_label >= 0 ? "-F"
                      : p->plan.opt.sticky          ? "-B"
                                                    : NULL;
    if (one && !p->run.lab && !sole_address(p).family) {
        ik_run_say("ping", _("%s is for a single target, given as an address"), one);
        return false;
    }
    bool any = false;
    for (int port = 0; port < 2; port++) {
        if (!(families & 1 << port))
            continue;
        struct ik_link_cfg cfg = link_cfg(p, port ? 6 : 4, p->secret.tag, ident ? ident : 1);
        enum ik_err err = ik_run_open_icmp(&p->run, &cfg, p->plan.raw_for);
        if (err == IK_E_EXISTS && p->plan.opt.ident < 0) {
            cfg.ident = 0; /* datagram sockets of both families share the identifiers */
            err = ik_run_open_icmp(&p->run, &cfg, p->plan.raw_for);
        }
        any = any || !err;
        if (err && err != IK_E_UNSUPPORTED) {
            say_open_error(p, cfg.family, err);
            return false;
        }
    }
    if (!any)
        say_open_error(p, families == 1 ? 4 : 6, IK_E_UNSUPPORTED);
    return any;
}

/* ---- engine ---------------------------------------------------------------------------------- */

/* Probes of one target that can be out together, by the pace of the options. */
static uint64_t out_of_one(const struct ik_ping_opt *o, uint32_t window)
{
    enum { UNANSWERED_PER_S = 100, SPARE = 16 }; /* -f without answers */
    const bool fast = o->flood || o->adaptive || o->interval == 0;
    const ik_ns pace = fast ? IK_NS_PER_S / UNANSWERED_PER_S : o->interval;
    const uint64_t n = (uint64_t)(o->timeout / pace) + (uint64_t)o->preload + window + SPARE;
    return o->count && (uint64_t)o->count < n ? (uint64_t)o->count : n;
}

/* What the receive buffers hold at most; less where less is enough, since memory that is set up
 * takes time before the first probe. Twice what can be out, so that late answers still find theirs.
 */
static uint32_t max_in_flight(const struct ik_ping *p, uint32_t window)
{
    enum { LEAST = 1024 };
    uint32_t least = 1u << 22;
    const uint64_t one = 2 * out_of_one(&p->plan.opt, window);
    const uint64_t enough = one < (1u << 22) ? one * p->room : 1u << 22;
    if (enough < least)
        least = enough < LEAST ? LEAST : (uint32_t)enough;
    for (int i = 0; i < 2; i++) {
        const struct ik_link *l = p->run.links[i];
        if (l && l->ops->in_flight_max(l) < least)
            least = l->ops->in_flight_max(l);
    }
    return least ? least : 1;
}

static struct ik_echo_cfg echo_cfg(struct ik_ping *p)
{
    const struct ik_ping_opt *o = &p->plan.opt;
    const bool flood = o->flood && !p->plan.interval_given && !o->adaptive;
    enum { FLOOD_WINDOW = 32 };
    const uint32_t window = o->preload > 1 ? (uint32_t)o->preload : FLOOD_WINDOW;
    struct ik_echo_cfg cfg = {
        .max_targets = (uint32_t)p->room,
        .max_in_flight = max_in_flight(p, window),
        .kind = o->timestamp          ? IK_ECHO_TIMESTAMP
                : p->plan.node.wanted ? IK_ECHO_NODE_INFO
                                      : IK_ECHO_ECHO,
        .payload_bytes = (uint32_t)o->size,
        .pattern = p->plan.pattern_bytes ? p->plan.pattern : NULL,
        .pattern_bytes = p->plan.pattern_bytes,
        .ident = {ik_run_ident(&p->run, 0), ik_run_ident(&p->run, 1)},
        .tag = p->secret.tag,
        .interval = o->interval,
        .count = (uint64_t)o->count,
        .timeout = o->timeout,
        .linger = -1,
        .preload = (uint32_t)o->preload,
        .flood = flood,
        .flood_window = window,
        .adaptive = o->adaptive,
        .broadcast = o->broadcast,
        .say_waiting = o->outstanding,
        .say_replies = !o->quiet,
        .say_lost = o->json && !o->quiet,
        .percentiles = o->percentiles || (o->json && p->room <= IK_ECHO_SKETCH_TARGETS),
        .raw = p->run.raw,
        .answers_end = o->deadline > 0,
        .until_up = p->plan.until_up,
        .until_down = p->plan.until_down,
        .node_query = (uint16_t)p->plan.node.qtype,
        .node_flags = p->plan.node.flags,
        .node_subject = {p->plan.node.subject, p->plan.node.subject_bytes},
        .node_code = (uint8_t)p->plan.node.subject_type,
        .timers_of = ik_runlab_teller(p->run.lab),
    };
    memcpy(cfg.key, p->secret.key, sizeof cfg.key);
    /* A user's limit counts over all targets; one target has it as its interval already. */
    if (!p->plan.root && (p->room > 1 || o->adaptive))
        cfg.min_gap = IK_PING_USER_INTERVAL;
    return cfg;
}

/* Anonymous pages: zeroed, aligned, and only there once they are used. */
static bool make_engine(struct ik_ping *p)
{
    const struct ik_echo_cfg cfg = echo_cfg(p);
    p->echo_memory_bytes = ik_echo_bytes(&cfg);
    void *mem = mmap(NULL, p->echo_memory_bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED) {
        ik_run_say("ping", "%s", ik_lang_err(IK_E_NOMEM));
        return false;
    }
    p->echo_memory = mem;
    enum ik_err err = ik_echo_init(&p->echo, mem, &cfg);
    struct ik_engine *e = err ? NULL : ik_echo_engine(p->echo);
    if (!err)
        err = ik_loop_add_engine(p->run.loop, e);
    for (uint8_t port = 0; port < 2 && !err; port++) {
        if (p->run.links[port])
            err = ik_loop_attach(p->run.loop, e, port, p->run.links[port]);
    }
    if (err)
        ik_run_say("ping", _("cannot start: %s"), ik_lang_err(err));
    return !err;
}

/* ---- run ------------------------------------------------------------------------------------- */

static void on_status(void *ctx, struct ik_now now)
{
    struct ik_ping *p = ctx;
    ik_echo_say_summary(p->echo, now);
    ik_loop_drain(p->run.loop);
}

static void on_deadline(void *ctx, struct ik_now now)
{
    struct ik_ping *p = ctx;
    p->ended = true;
    ik_echo_expire(p->echo, now);
}

static void on_stop(void *ctx)
{
    struct ik_ping *p = ctx;
    p->ended = true;
}

static void on_idle(void *ctx, struct ik_now now)
{
    struct ik_ping *p = ctx;
    ik_ping_text_dots(p, now);
}

static void name_unseen(struct ik_ping *p)
{
    if (!p->run.raw) {
        ik_run_unseen(&p->run, "answers with a bad checksum: the kernel drops them before a "
                               "datagram socket");
        ik_run_unseen(&p->run, "IPv4 options of answers: not passed to datagram sockets");
        ik_run_unseen(&p->run, "redirects and source quench: not passed to datagram sockets");
    }
    if (p->plan.opt.size < 16 && !p->plan.opt.timestamp && !p->plan.node.wanted)
        ik_run_unseen(&p->run, "forged answers: fewer than 16 data bytes have no room for a token");
}

static uint8_t family_of(const struct ik_run *r)
{
    return r->links[0] && r->links[1] ? 0 : r->links[0] ? 4 : 6;
}

static bool start(struct ik_ping *p)
{
    const struct ik_ping_opt *o = &p->plan.opt;
    if (o->targets && !ik_ping_file_load(p))
        return false;
    if (p->room == 0) {
        ik_run_say("ping", _("no targets in %s"), ik_ping_file_title(o->targets));
        return false;
    }
    if (!p->plan.root && o->preload > 1 && (uint64_t)o->preload * p->room > IK_PING_USER_PRELOAD) {
        ik_run_say("ping", _("cannot preload %lld to %llu targets: at most 3 in all for a user"),
                   (long long)o->preload, (unsigned long long)p->room);
        return false;
    }
    if (o->percentiles && p->room > IK_ECHO_SKETCH_TARGETS) {
        ik_run_say("ping", _("--percentiles is for at most %d targets"), IK_ECHO_SKETCH_TARGETS);
        return false;
    }
    if (o->names || (p->n_names && !o->numeric && !o->flood))
        ik_run_resolve_hosts(&p->run);
    name_unseen(p);
    return make_engine(p);
}

static int exit_status(const struct ik_ping *p)
{
    const struct ik_ping_opt *o = &p->plan.opt;
    struct ik_echo_totals t;
    ik_echo_totals(p->echo, &t);
    if (p->refused)
        return 2;
    if (o->until)
        return t.until_reached ? 0 : 1;
    if (t.alive < t.targets || t.targets == 0 || p->pending)
        return 1;
    /* count * targets can be beyond 64 bits */
    return o->deadline && (t.received + t.late) / t.targets < (uint64_t)o->count ? 1 : 0;
}

static int run(struct ik_ping *p)
{
    const struct ik_now now = ik_run_now(&p->run);
    ik_run_say_run(&p->run, now, &p->plan.source, family_of(&p->run), p->plan.opt.user_latency);
    ik_ping_text_pattern(p, now);
    if (!ik_ping_target_start(p, now))
        return 2;
    if (p->plan.opt.deadline &&
        ik_loop_wake_at(p->run.loop, now.mono + p->plan.opt.deadline, on_deadline, p))
        return 2;
    ik_run_loop(&p->run);
    if (p->added || !p->refused)
        ik_ping_summary_totals(p, ik_run_now(&p->run));
    return exit_status(p);
}

static int execute(struct ik_ping *p, char *const *argv)
{
    const struct ik_run_cfg cfg = {.verb = "ping",
                                   .argv = argv,
                                   .json = p->plan.opt.json,
                                   .on_record = ik_ping_text_record,
                                   .on_status = on_status,
                                   .on_stop = on_stop,
                                   .on_idle = on_idle,
                                   .ctx = p};
    const int families = ik_ping_target_survey(p);
    if (families < 0 || !ik_run_init(&p->run, &cfg))
        return 2;
    int status = 2;
    const bool ready = !p->plan.opt.lab.lab || ik_run_enter_lab(&p->run, &p->plan.opt.lab);
    if (ready && open_links(p, families) && ik_run_start(&p->run) && start(p))
        status = run(p);
    status = ik_run_end(&p->run, status);
    if (p->echo_memory)
        munmap(p->echo_memory, p->echo_memory_bytes);
    ik_ping_target_free(p);
    return status;
}

/* Help and the like; -1: go on. */
static int inform(const struct ik_ping_plan *plan)
{
    if (plan->opt.version)
        puts("ping from icmpkit " IK_VERSION);
    else if (plan->opt.help)
        ik_opt_help(&ik_ping_spec, stdout);
    else if (plan->node.help)
        fputs(ik_lang_text(ik_ping_node_help), stdout);
    else if (plan->opt.usage)
        ik_opt_help(&ik_ping_spec, stderr);
    else
        return -1;
    return plan->opt.usage ? 2 : ik_run_printed("ping");
}

/* -N subject-name=... asks the group of that name when no target is given. */
static void add_group(struct ik_ping_plan *plan, char text[static IK_ADDR_TEXT])
{
    if (plan->args.n == 0 && plan->node.group.family)
        plan->args.operands[plan->args.n++] = ik_addr_text(&plan->node.group, text);
}

int ik_ping_verb(int argc, char **argv)
{
    struct ik_ping *p = calloc(1, sizeof *p);
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    char group[IK_ADDR_TEXT];
    int status = 2;
    if (!p || !operands) {
        ik_run_say("ping", "%s", ik_lang_err(IK_E_NOMEM));
    } else if (!ik_ping_opt_read(&p->plan, argc, argv, operands, ik_priv_is_root())) {
        ik_run_say("ping", "%s", p->plan.args.error);
    } else if ((status = inform(&p->plan)) < 0) {
        status = 2;
        add_group(&p->plan, group);
        if (p->plan.args.n == 0 && !p->plan.opt.targets)
            ik_run_say("ping",
                       _("no target: give a name, an address or a prefix, or --targets FILE"));
        else
            status = execute(p, argv);
    }
    free(operands);
    free(p);
    return status;
}
