/* SPDX-License-Identifier: MIT
 * icmp lab: an internet of hosts and routers in a file. `check` reads it, `up` and `shell` join it
 * to the machine, or to a command, in real time. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------- */

#define AT(member) .at = offsetof(struct ik_labverb_opt, member)
#define DAYS_24 (INT64_C(2147483) * IK_NS_PER_S)

static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING,
     .help = N_("check FILE: reads the lab, shows nodes, links and addresses:")},
    {0, "dot", IK_OPT_FLAG, AT(dot), .help = N_("draw it for Graphviz: | dot -Tsvg")},
    {.kind = IK_OPT_HEADING,
     .help = N_("up FILE: this machine becomes the lab's vantage, until Ctrl-C (needs root):")},
    {0, "for", IK_OPT_SECONDS, AT(until), "SECONDS", N_("end then"), 1, DAYS_24},
    {0, "interface", IK_OPT_STRING, AT(interface), "NAME", N_("name of the TAP device (lab0)")},
    {.kind = IK_OPT_HEADING,
     .help =
         N_("shell FILE [-- COMMAND...]: a command, or $SHELL, becomes the vantage, in a network "
            "of\nits own (needs no privilege)")},
    {.kind = IK_OPT_HEADING, .help = N_("up and shell:")},
    {0, "events", IK_OPT_FLAG, AT(events),
     .help = N_("tell what every node does, and by which rule")},
    {0, "json", IK_OPT_FLAG, AT(json), .help = N_("with --events: those as a JSON object a line")},
    {0, "pcapng", IK_OPT_STRING, AT(pcapng), "DIR",
     N_("write what crosses each link to a file in DIR")},
    {.kind = IK_OPT_HEADING, .help = N_("All:")},
    {0, "seed", IK_OPT_NUMBER, AT(seed), "N", N_("another seed than the lab's"), 0, INT64_MAX},
    IK_LANG_OPTION(struct ik_labverb_opt, lang),
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {'V', "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

const struct ik_opt_spec ik_lab_spec = {
    .verb = "lab",
    .synopsis = N_("check|up|shell [OPTION]... FILE [-- COMMAND...]"),
    .intro = N_("An internet of hosts and routers in a file, or a built-in one by its name "
                "(internet)."),
    .options = options,
    .n = sizeof options / sizeof *options,
    .outro =
        N_("Exit status: 0, or that of COMMAND; 2 an error. icmp-lab(1) has it all; icmp-lab(5) "
           "describes\nthe file. 'icmp ping --lab FILE' and 'icmp trace --lab FILE' need neither "
           "up nor shell."),
};

_Static_assert(sizeof options / sizeof *options <= IK_OPT_MAX, "a parse remembers each option");

/* ---- what up and shell share ----------------------------------------------------------------- */

const char *ik_labverb_addr(const struct ik_labverb *v, uint8_t family, char buf[IK_ADDR_TEXT])
{
    for (size_t i = 0; i < v->n_addrs; i++)
        if (v->addrs[i].addr.family == family)
            return ik_addr_text(&v->addrs[i].addr, buf);
    return NULL;
}

/* The file is the user's and was opened with the user's rights; what is in it may be anybody's. To
 * parse it nothing is needed, and after that `up` needs CAP_NET_ADMIN. As root, `shell` keeps what
 * the kernel asks of who makes namespaces where it asks for something. */
static enum ik_err give_up(void *ctx)
{
    struct ik_labverb *v = ctx;
    enum ik_err err = IK_OK;
    if (v->opt.pcapng && !ik_labcap_make(&v->capture, v->opt.pcapng))
        return IK_E_SYSTEM;
    if (v->joins == IK_LABVERB_UP)
        err = ik_priv_keep_net_admin();
    else if (v->joins == IK_LABVERB_NOTHING)
        err = ik_priv_drop();
    if (err)
        ik_run_say("lab", _("cannot give up privileges"));
    return err;
}

static bool open_lab(struct ik_labverb *v, const char *file)
{
    const struct ik_lab_cfg cfg = {.has_seed = v->opt.seed >= 0,
                                   .seed = (uint64_t)v->opt.seed,
                                   .events = v->opt.events,
                                   .external = v->joins != IK_LABVERB_NOTHING,
                                   .on_read = give_up,
                                   .ctx = v};
    struct ik_conf_fault fault = {.translate = ik_lang_text};
    if (ik_lab_open(&v->lab, file, &cfg, &fault)) {
        if (fault.text[0])
            ik_runlab_say_fault("lab", file, &fault);
        return false;
    }
    ik_lab_vantage(v->lab, &v->vantage);
    for (size_t i = 0; i < v->vantage.n_addrs; i++) {
        const struct ik_stack_ifaddr *a = &v->vantage.addrs[i];
        if (!ik_addr_is_link_local(&a->addr) && v->n_addrs < sizeof v->addrs / sizeof *v->addrs)
            v->addrs[v->n_addrs++] = (struct ik_netif_addr){a->addr, a->bits};
    }
    return true;
}

static void on_record(void *ctx, const struct ik_record *rec)
{
    struct ik_labverb *v = ctx;
    if (rec->kind == IK_REC_event)
        ik_runlab_event(v->run.line, rec, v->began);
}

static void flush(struct ik_labverb *v)
{
    if (v->capture && !ik_labcap_flush(v->capture))
        v->run.failed = true;
}

static void on_idle(void *ctx, struct ik_now now)
{
    (void)now;
    flush(ctx);
}

static void on_frame(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                     enum ik_sim_fate fate)
{
    const struct ik_labverb *v = ctx;
    ik_labcap_frame(v->capture, link, direction, at, frame, fate);
}

static void on_event(void *ctx, const struct ik_record *rec)
{
    struct ik_labverb *v = ctx;
    ik_run_record(&v->run, rec);
}

/* ---- an engine that waits for the link to go ------------------------------------------------- */

static void on_gone(void *ctx, struct ik_now now)
{
    struct ik_labverb *v = ctx;
    (void)now;
    ik_run_say("lab", _("the interface to the lab went away"));
    v->run.failed = true;
    ik_loop_quit(v->run.loop);
}

/* The interface of a command goes with its network, and the kernel may be quicker with that than
 * with the news that the command has ended, which quits the loop. */
static void watch_input(struct ik_engine *e, struct ik_now now, uint8_t port,
                        const struct ik_event *in, size_t n)
{
    struct ik_labverb *v = ((struct ik_labwatch *)e)->verb;
    (void)port;
    for (size_t i = 0; i < n; i++) {
        if (in[i].kind == IK_EV_DOWN &&
            (!v->ns || ik_loop_wake_at(v->run.loop, now.mono + IK_NS_PER_S, on_gone, v)))
            on_gone(v, now);
    }
}

static size_t watch_output(struct ik_engine *e, struct ik_now now, struct ik_frame *out, size_t cap)
{
    (void)e, (void)now, (void)out, (void)cap;
    return 0;
}

static void watch_accepted(struct ik_engine *e, struct ik_now now, size_t n)
{
    (void)e, (void)now, (void)n;
}

static const struct ik_record *watch_record(struct ik_engine *e)
{
    (void)e;
    return NULL;
}

static ik_ns watch_deadline(const struct ik_engine *e)
{
    (void)e;
    return IK_NEVER;
}

static void watch_stop(struct ik_engine *e, struct ik_now now)
{
    (void)e, (void)now;
}

static bool watch_done(const struct ik_engine *e)
{
    (void)e;
    return true;
}

static const struct ik_engine_ops watch_ops = {.input = watch_input,
                                               .output = watch_output,
                                               .accepted = watch_accepted,
                                               .record = watch_record,
                                               .deadline = watch_deadline,
                                               .stop = watch_stop,
                                               .done = watch_done};

static void on_time(void *ctx, struct ik_now now)
{
    struct ik_labverb *v = ctx;
    ik_loop_stop(v->run.loop, now);
}

bool ik_labverb_start(struct ik_labverb *v)
{
    struct ik_sim *sim = ik_lab_sim(v->lab);
    struct ik_engine *e = ik_sim_engine(sim);
    const struct ik_now now = ik_clock_now();
    const struct ik_sim_watch watch = {.on_frame = v->capture ? on_frame : NULL,
                                       .on_event = v->opt.events ? on_event : NULL,
                                       .ctx = v};
    v->began = now.real;
    v->watch = (struct ik_labwatch){.engine.ops = &watch_ops, .verb = v};
    ik_sim_set_base(sim, now);
    ik_sim_watch(sim, &watch);
    enum ik_err err = e ? ik_loop_add_engine(v->run.loop, e) : IK_E_VALUE;
    if (!err)
        err = ik_loop_attach(v->run.loop, e, 0, v->link);
    if (!err)
        err = ik_loop_add_engine(v->run.loop, &v->watch.engine);
    if (!err)
        err = ik_loop_attach(v->run.loop, &v->watch.engine, 0, v->link);
    if (!err && v->opt.until)
        err = ik_loop_wake_at(v->run.loop, now.mono + v->opt.until, on_time, v);
    if (err)
        ik_run_say("lab", _("cannot start: %s"), ik_lang_err(err));
    return !err;
}

/* ---- check ----------------------------------------------------------------------------------- */

static void put(void *ctx, const char *text, size_t n)
{
    fwrite(text, 1, n, ctx);
}

static int check(struct ik_labverb *v, const char *file)
{
    if (!open_lab(v, file))
        return 2;
    if (v->opt.dot)
        ik_lab_dot(v->lab, put, stdout);
    else
        ik_lab_print(v->lab, put, stdout);
    return ik_run_printed("lab");
}

/* ---- the verb -------------------------------------------------------------------------------- */

/* Which options go with which of the three. */
static bool fits(const struct ik_opt_args *args, const char *sub)
{
    static const struct {
        const char *option, *subs;
    } rows[] = {
        {"dot", "check"},        {"for", "up"},         {"interface", "up"},
        {"events", "up, shell"}, {"json", "up, shell"}, {"pcapng", "up, shell"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!ik_opt_given(&ik_lab_spec, args, rows[i].option) || strstr(rows[i].subs, sub))
            continue;
        ik_run_say("lab", _("'--%s' is for %s, not for %s"), rows[i].option, rows[i].subs, sub);
        return false;
    }
    if (ik_opt_given(&ik_lab_spec, args, "json") && !ik_opt_given(&ik_lab_spec, args, "events")) {
        ik_run_say("lab", _("'--json' is the form of events: add --events"));
        return false;
    }
    return true;
}

static int join(struct ik_labverb *v, bool up, const char *file, const char *const *command,
                char *const *argv)
{
    const struct ik_run_cfg cfg = {.verb = "lab",
                                   .argv = argv,
                                   .json = v->opt.json,
                                   .on_record = on_record,
                                   .on_idle = on_idle,
                                   .ctx = v};
    if (!ik_run_init(&v->run, &cfg))
        return 2;
    int status = 2;
    v->joins = up ? IK_LABVERB_UP : IK_LABVERB_SHELL;
    if (open_lab(v, file) && (!v->capture || ik_labcap_open(v->capture, ik_lab_sim(v->lab))))
        status = up ? ik_labup(v, file) : ik_labshell(v, file, command);
    flush(v);
    status = ik_run_end(&v->run, status);
    if (v->link)
        v->link->ops->close(v->link);
    if (v->ns)
        ik_netns_close(v->ns);
    ik_labcap_close(v->capture);
    return status;
}

static const char *const subs[] = {"check", "up", "shell"};

static const char *sub_name(const void *ctx, size_t i)
{
    return ((const char *const *)ctx)[i];
}

static int unknown(const char *sub)
{
    const char *near = ik_text_nearest(sub, sub_name, subs, sizeof subs / sizeof *subs);
    char safe[64];
    const struct ik_rd bytes = {(const uint8_t *)sub, strlen(sub)};
    if (near)
        ik_run_say("lab", _("cannot do '%s'; did you mean 'icmp lab %s'?"),
                   ik_text_escape(bytes, safe, sizeof safe), near);
    else
        ik_run_say("lab", _("say what to do: icmp lab check FILE, icmp lab up FILE, or icmp lab "
                            "shell FILE"));
    return 2;
}

static int dispatch(struct ik_labverb *v, const struct ik_opt_args *args, char *const *argv)
{
    const char *sub = args->n ? args->operands[0] : "",
               *file = args->n > 1 ? args->operands[1] : "";
    const bool is_check = !strcmp(sub, "check"), up = !strcmp(sub, "up"),
               shell = !strcmp(sub, "shell");
    if (!is_check && !up && !shell)
        return unknown(sub);
    if (args->n < 2) {
        ik_run_say("lab",
                   _("no lab: give a file, or the name of a built-in one: icmp lab %s internet"),
                   sub);
        return 2;
    }
    if (args->n > 2 && !shell) {
        ik_run_say("lab", _("one lab at a time: '%s' is too much"), args->operands[2]);
        return 2;
    }
    if (!fits(args, sub))
        return 2;
    if (is_check)
        return check(v, file);
    return join(v, up, file, args->n > 2 ? args->operands + 2 : NULL, argv);
}

static int run(struct ik_labverb *v, const struct ik_opt_args *args, char *const *argv)
{
    if (v->opt.version)
        puts("lab from icmpkit " IK_VERSION);
    else if (v->opt.help)
        ik_opt_help(&ik_lab_spec, stdout);
    else
        return dispatch(v, args, argv);
    return ik_run_printed("lab");
}

int ik_lab_verb(int argc, char **argv)
{
    struct ik_labverb *v = calloc(1, sizeof *v);
    struct ik_opt_args *args = calloc(1, sizeof *args);
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    int status = 2;
    if (!v || !args || !operands) {
        ik_run_say("lab", "%s", ik_lang_err(IK_E_NOMEM));
    } else {
        args->operands = operands;
        v->opt = (struct ik_labverb_opt){.seed = -1, .interface = "lab0"};
        if (ik_opt_parse(&ik_lab_spec, argc, argv, &v->opt, args))
            status = run(v, args, argv);
        else
            ik_run_say("lab", "%s", args->error);
        if (v->lab)
            ik_lab_close(v->lab);
    }
    free(operands);
    free(args);
    free(v);
    return status;
}
