/* SPDX-License-Identifier: MIT
 * icmp trace: the path to one or many targets. Options -> sockets -> no more privileges -> engine
 * -> targets -> loop -> exit status. */
#include "trace.h"
#include "verb.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* IP_PMTUDISC_*, the same for IPv6. To probe is not to fragment, whatever path MTU was learnt: it
 * is for the router to refuse. */
enum { DISCOVER_DONT = 0, DISCOVER_PROBE = 3 };

/* Anonymous pages: zeroed, aligned, and only there once they are used:
 * starting touches few of them. */
static void *pages(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

/* ---- sockets --------------------------------------------------------------------------------- */

static struct ik_link_cfg link_cfg(const struct ik_trace_verb *v, uint8_t family, uint16_t ident)
{
    const struct ik_trace_plan *p = &v->plan;
    const bool ours = p->source.family == family;
    return (struct ik_link_cfg){
        .family = family,
        .source = ours ? p->source : (struct ik_addr){.family = 0},
        .interface = p->opt.interface,
        .ident = ident,
        .answers = IK_ANSWER_ECHO,
        .ttl = -1,
        .multicast_ttl = -1,
        .tclass = -1,
        .flow_label = family == 6 ? p->opt.flow_label : -1,
        .pmtudisc = p->opt.dont_fragment ? DISCOVER_PROBE
                    : p->datagram        ? DISCOVER_DONT
                                         : -1,
        .mark = p->opt.mark < 0 ? 0 : (uint32_t)p->opt.mark,
        .has_mark = p->opt.mark >= 0,
        .dont_route = p->opt.direct,
        .debug = p->opt.debug,
        .max_bytes = p->cfg.packet_bytes > 2048 ? p->cfg.packet_bytes + 256 : 0,
        .queue = 4096,
    };
}

/* Without privilege: the error queue of a UDP socket, or a datagram ICMP socket. Both give the
 * kernel's choice of port or identifier unless the user chose. */
static enum ik_err open_datagram(struct ik_trace_verb *v, uint8_t family)
{
    const int port = family == 6;
    const struct ik_link_cfg cfg = link_cfg(v, family, v->plan.cfg.sport);
    const bool icmp = v->plan.cfg.method == IK_TRACE_ICMP;
    v->media[port] = !icmp ? IK_MEDIUM_UDP : port ? IK_MEDIUM_ICMP6 : IK_MEDIUM_ICMP4;
    return icmp ? ik_link_open_ping(&v->run.links[port], &cfg)
                : ik_link_open_udp(&v->run.links[port], &cfg);
}

static enum ik_err open_raw(struct ik_trace_verb *v, uint8_t family)
{
    const int port = family == 6;
    uint16_t ident;
    memcpy(&ident, v->secret.ident, sizeof ident);
    const struct ik_trace_cfg *c = &v->plan.cfg;
    /* A source port that no socket of this host gets by itself, most likely. */
    const struct ik_link_cfg cfg =
        link_cfg(v, family, c->sport ? c->sport : (uint16_t)(ident | 0xc000));
    v->media[port] = IK_MEDIUM_IP;
    if (v->run.lab)
        return ik_run_open_lab(&v->run, &cfg);
    return ik_link_open_rawip(&v->run.links[port], &cfg, c->method == IK_TRACE_TCP);
}

static void say_open_error(const struct ik_trace_verb *v, uint8_t family, enum ik_err err)
{
    char text[IK_ADDR_TEXT];
    if (err == IK_E_ADDR && v->plan.source.family)
        ik_run_say("trace",
                   v->run.lab ? _("%s is not an address of the lab's vantage")
                              : _("%s is not an address of this host"),
                   ik_addr_text(&v->plan.source, text));
    else if (err == IK_E_UNSUPPORTED && v->run.lab)
        ik_run_say("trace", "%s", ik_lang_text(ik_run_no_family(&v->run, family)));
    else if (err == IK_E_ACCESS && !v->plan.raw_for &&
             v->plan.opt.mark >= 0) /* set before the port */
        ik_run_say_refused("trace", "--fwmark");
    else if (err == IK_E_ACCESS && v->plan.cfg.method == IK_TRACE_UDP && v->plan.cfg.sport &&
             !v->plan.raw_for)
        ik_run_say("trace", _("not allowed to send from port %d: use --sport of 1024 or more"),
                   v->plan.cfg.sport);
    else if (err == IK_E_ACCESS)
        ik_run_say_refused("trace", v->plan.raw_for);
    else
        ik_run_say("trace", _("cannot open a socket for IPv%d: %s"), family, ik_lang_err(err));
}

/* Opens the families that the targets can have; one that this host lacks is only missed when
 * nothing else is left. */
static bool open_links(struct ik_trace_verb *v, int families)
{
    if (!ik_run_secret(&v->run, &v->secret, sizeof v->secret))
        return false;
    v->run.raw = v->run.lab || (ik_priv_has_net_raw() && !v->plan.datagram);
    bool any = false;
    for (int port = 0; port < 2; port++) {
        const uint8_t family = port ? 6 : 4;
        if (!(families & 1 << port))
            continue;
        enum ik_err err = v->run.raw        ? open_raw(v, family)
                          : v->plan.raw_for ? IK_E_ACCESS
                                            : open_datagram(v, family);
        any = any || !err;
        if (!err)
            continue;
        v->run.links[port] = NULL;
        if (err != IK_E_UNSUPPORTED) {
            say_open_error(v, family, err);
            return false;
        }
    }
    if (!any)
        say_open_error(v, families == 1 ? 4 : 6, IK_E_UNSUPPORTED);
    return any;
}

/* ---- engine ---------------------------------------------------------------------------------- */

static void finish_cfg(struct ik_trace_verb *v, struct ik_trace_cfg *cfg)
{
    cfg->max_targets = (uint32_t)v->n;
    cfg->timers_of = ik_runlab_teller(v->run.lab);
    memcpy(cfg->key, v->secret.key, sizeof cfg->key);
    uint32_t room = 1u << 20;
    for (int i = 0; i < 2; i++) {
        const struct ik_link *l = v->run.links[i];
        if (!l)
            continue;
        cfg->ident[i] = ik_run_ident(&v->run, i);
        if (l->ops->in_flight_max(l) < room)
            room = l->ops->in_flight_max(l);
    }
    cfg->max_in_flight = room ? room : 1;
    cfg->sport = 0; /* the links own it: it is their ident */
}

static bool make_engine(struct ik_trace_verb *v)
{
    finish_cfg(v, &v->plan.cfg);
    v->memory_bytes = ik_trace_bytes(&v->plan.cfg);
    v->memory = v->memory_bytes ? pages(v->memory_bytes) : NULL;
    if (!v->memory) {
        ik_run_say("trace", "%s", ik_lang_err(IK_E_NOMEM));
        return false;
    }
    enum ik_err err = ik_trace_init(&v->engine, v->memory, &v->plan.cfg);
    if (!err)
        err = ik_loop_add_engine(v->run.loop, ik_trace_engine(v->engine));
    for (uint8_t port = 0; port < 2 && !err; port++)
        if (v->run.links[port])
            err = ik_loop_attach(v->run.loop, ik_trace_engine(v->engine), port, v->run.links[port]);
    if (err)
        ik_run_say("trace", _("cannot start: %s"), ik_lang_err(err));
    return !err;
}

/* What the text keeps of every probe. */
static size_t seen_each(const struct ik_trace_verb *v)
{
    const struct ik_trace_cfg *c = &v->plan.cfg;
    return ((size_t)c->max_ttl - c->first_ttl + 1) * c->queries;
}

static bool make_room(struct ik_trace_verb *v)
{
    const size_t each = seen_each(v);
    v->seen = pages(v->n * each * sizeof *v->seen);
    v->exts = pages(v->n * each * IK_TRACE_EXT_BYTES);
    if (!v->seen || !v->exts) {
        ik_run_say("trace", "%s", ik_lang_err(IK_E_NOMEM));
        return false;
    }
    for (size_t i = 0; i < v->n; i++) {
        v->targets[i].seen = v->seen + i * each;
        v->targets[i].exts = v->exts + i * each * IK_TRACE_EXT_BYTES;
    }
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

static void name_unseen(struct ik_trace_verb *v)
{
    if (v->run.raw)
        return;
    ik_run_unseen(&v->run, "quoted IP headers: datagram sockets do not get them");
    ik_run_unseen(&v->run, "errors of routers that quote less than a token: asked again, alone");
}

static bool start(struct ik_trace_verb *v)
{
    name_unseen(v);
    if (!v->plan.opt.numeric && v->run.line) {
        ik_run_resolve_hosts(&v->run);
        ik_line_pair(v->run.line);
    }
    return make_room(v) && make_engine(v);
}

static int run(struct ik_trace_verb *v)
{
    const struct ik_now now = ik_run_now(&v->run);
    const struct ik_run *r = &v->run;
    const uint8_t family = r->links[0] && r->links[1] ? 0 : r->links[0] ? 4 : 6;
    struct ik_trace_totals t;
    ik_run_say_run(&v->run, now, &v->plan.source, family, false);
    ik_trace_target_start(v, now);
    /* The first probes are answered within microseconds where the first hop is near. */
    if (!v->run.lab)
        (void)ik_link_await_stamps();
    ik_run_loop(&v->run);
    ik_trace_totals(v->engine, &t);
    return v->refused ? 2 : t.reached < t.targets || v->pending ? 1 : 0;
}

static int execute(struct ik_trace_verb *v, char *const *argv)
{
    const struct ik_run_cfg cfg = {.verb = "trace",
                                   .argv = argv,
                                   .json = v->plan.opt.json,
                                   .json_names = !v->plan.opt.numeric,
                                   .on_record = ik_trace_text_record,
                                   .on_look = ik_trace_target_look,
                                   .on_status = ik_trace_target_status,
                                   .ctx = v};
    const int families = ik_trace_target_survey(v);
    if (families < 0 || !ik_run_init(&v->run, &cfg))
        return 2;
    int status = 2;
    const bool ready = !v->plan.opt.lab.lab || ik_run_enter_lab(&v->run, &v->plan.opt.lab);
    if (ready && open_links(v, families) && ik_run_start(&v->run) && start(v))
        status = run(v);
    status = ik_run_end(&v->run, status);
    if (v->memory)
        munmap(v->memory, v->memory_bytes);
    if (v->seen)
        munmap(v->seen, v->n * seen_each(v) * sizeof *v->seen);
    if (v->exts)
        munmap(v->exts, v->n * seen_each(v) * IK_TRACE_EXT_BYTES);
    return status;
}

/* Help and version; -1: go on. */
static int inform(const struct ik_trace_plan *plan)
{
    if (plan->opt.version)
        puts("trace from icmpkit " IK_VERSION);
    else if (plan->opt.help)
        ik_opt_help(&ik_trace_spec, stdout);
    else
        return -1;
    return ik_run_printed("trace");
}

int ik_trace_verb(int argc, char **argv)
{
    struct ik_trace_verb *v = pages(sizeof *v);
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    struct ik_trace_target *targets = calloc((size_t)argc + 1, sizeof *targets);
    int status = 2;
    if (!v || !operands || !targets) {
        ik_run_say("trace", "%s", ik_lang_err(IK_E_NOMEM));
    } else if (!ik_trace_opt_read(&v->plan, argc, argv, operands)) {
        ik_run_say("trace", "%s", v->plan.args.error);
    } else if ((status = inform(&v->plan)) < 0) {
        v->targets = targets;
        v->n = (size_t)v->plan.args.n;
        status = execute(v, argv);
    }
    free(targets);
    free(operands);
    if (v)
        munmap(v, sizeof *v);
    return status;
}
