/* SPDX-License-Identifier: MIT
 * icmp guard: which ICMP is an attack, a leak or a mistake. Options -> source -> no more privileges
 * -> frame by frame: look, detect, tell, keep -> exit status. */
#include "guard.h"

#include "guardctl.h"
#include "guardpolicy.h"
#include "run.h"
#include "verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool ik_guard_fail(struct ik_guard *g, const char *what, enum ik_err err)
{
    ik_run_say("guard", "%s: %s", what, ik_lang_err(err));
    g->failed = true;
    return false;
}

/* Anonymous pages: only there once they are used. */
static void *pages(size_t bytes)
{
    void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return mem == MAP_FAILED ? NULL : mem;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static bool proves(const struct ik_finding *f, uint64_t n)
{
    for (unsigned i = 0; i < f->n_evidence; i++) {
        if (f->evidence[i].n == n)
            return true;
    }
    return false;
}

/* The packet with every finding that it proves. */
static void keep(struct ik_guard *g, const struct ik_look_packet *p)
{
    char comment[IK_PCAPNG_TEXT];
    struct ik_put w;
    const struct ik_finding *f;
    ik_put_init(&w, comment, sizeof comment - 1);
    for (size_t i = 0; (f = ik_detect_open(g->detect, i)); i++) {
        if (!proves(f, p->frame.n))
            continue;
        if (ik_put_used(&w))
            ik_put_s(&w, "; ");
        ik_put_s(&w, "finding ");
        ik_put_u64(&w, f->id);
        ik_put_s(&w, ", ");
        ik_put_s(&w, ik_severity_name(f->severity));
        ik_put_s(&w, " ");
        ik_put_s(&w, ik_detector_name(f->detector));
        ik_put_s(&w, ": ");
        ik_put_s(&w, f->why);
    }
    *w.at = 0;
    if (!ik_capsave_packet(g->save, p, comment)) {
        g->from.stop = true;
        g->failed = g->failed || ik_capsave_has_failed(g->save);
    }
}

/* ---- a frame --------------------------------------------------------------------------------- */

/* Counts the time; false when it is up. */
static bool take_time(struct ik_guard *g, ik_ns time)
{
    if (time == IK_NEVER)
        return true;
    if (g->end == IK_NEVER && g->opt.run_for != IK_NEVER &&
        __builtin_add_overflow(time, g->opt.run_for, &g->end))
        g->end = IK_NEVER;
    if (time >= g->end)
        return false;
    if (g->first == IK_NEVER)
        g->first = time;
    g->last = time;
    return true;
}

/* Packets that are judged together: those that guard has not sent on itself. */
struct together {
    struct ik_look_packet packets[IK_DETECT_AHEAD];
    bool looked[IK_DETECT_AHEAD];
    size_t n;
};

static void judge(struct ik_guard *g, struct together *t)
{
    ik_detect_ahead(g->detect, t->packets, t->looked, t->n);
    for (size_t i = 0; i < t->n; i++) {
        const struct ik_look_packet *p = &t->packets[i];
        ik_detect_input(g->detect, p, t->looked[i]);
        if (g->save && ik_detect_kept(g->detect))
            keep(g, p);
        ik_guard_tell_news(g, p);
    }
    t->n = 0;
}

static void look(struct ik_guard *g, const struct ik_look_frame *frame, struct together *t)
{
    struct ik_look_packet *p = &t->packets[t->n];
    t->looked[t->n] = ik_look_input(g->look, frame, p);
    if (g->all && ik_guard_own_forwards(&g->own, p))
        return;
    t->n++;
    if (p->reassembled || t->n == IK_DETECT_AHEAD) /* its bytes are the looker's until the next */
        judge(g, t);
}

static size_t take_frames(void *ctx, const struct ik_look_frame *frames, size_t n)
{
    struct ik_guard *g = ctx;
    struct together t;
    size_t taken = 0;
    t.n = 0;
    for (; taken < n && take_time(g, frames[taken].time); taken++)
        look(g, &frames[taken], &t);
    judge(g, &t);
    g->from.stop = g->from.stop || taken < n;
    return taken;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void flush(struct ik_guard *g)
{
    ik_out_flush(&g->out, true);
    if (g->save && !ik_capsave_flush(g->save)) {
        g->from.stop = true;
        g->failed = g->failed || ik_capsave_has_failed(g->save);
    }
    if (g->out.error)
        g->from.stop = true;
}

ik_ns ik_guard_now(const struct ik_guard *g)
{
    return g->lab ? ik_runlab_now(g->lab).real : ik_clock_now().real;
}

/* A file's time stands still while nothing is read. */
static ik_ns on_idle(void *ctx)
{
    struct ik_guard *g = ctx;
    ik_ns next = IK_NEVER, counted = IK_NEVER;
    if (g->interface || g->lab) {
        const ik_ns now = ik_guard_now(g);
        ik_detect_tick(g->detect, now);
        ik_guard_tell_news(g, NULL);
        next = ik_detect_deadline(g->detect);
        counted = g->interface ? ik_guard_enforce_tick(g) : IK_NEVER;
        if (g->end < next)
            next = g->end;
        if (now >= g->end)
            g->from.stop = true;
        if (next != IK_NEVER)
            next = next > now ? next - now : 0;
    }
    flush(g);
    return counted < next ? counted : next;
}

static void on_status(void *ctx)
{
    struct ik_guard *g = ctx;
    ik_guard_tell_open(g);
    ik_guard_tell_totals(g);
    flush(g);
}

/* ---- beginning ------------------------------------------------------------------------------- */

static bool open_settings(struct ik_guard *g)
{
    if (ik_guard_settings_open(&g->settings[g->current], &g->opt))
        return true;
    g->failed = true;
    return false;
}

/* What the machine, or the lab, knows of itself. */
static void ask(struct ik_guard *g, struct ik_guard_settings *s)
{
    if (g->interface)
        ik_guard_settings_ask(s, g->interface);
    else if (g->lab)
        ik_guard_settings_ask_lab(s, ik_runlab_lab(g->lab));
    if (g->all)
        ik_guard_own_ask(&g->own);
}

/* Another configuration; what was learnt stays. One that cannot be read changes nothing. */
static void on_hangup(void *ctx)
{
    struct ik_guard *g = ctx;
    const unsigned other = 1 - g->current;
    struct ik_guard_settings *s = &g->settings[other];
    if (!ik_guard_settings_open(s, &g->opt)) {
        ik_guard_settings_close(s);
        ik_run_say("guard", _("going on with the configuration as it was"));
        return;
    }
    ask(g, s);
    ik_detect_reload(g->detect, &s->cfg);
    g->current = other;
    if (!ik_guard_enforce_settle(g))
        g->failed = g->from.stop = true;
    ik_guard_settings_close(&g->settings[1 - other]);
    if (g->opt.config)
        ik_run_say("guard", _("the configuration was read again"));
}

static bool open_frames(struct ik_guard *g)
{
    const struct ik_guard_opt *o = &g->opt;
    const struct ik_config *config = g->settings[g->current].config;
    if (!o->read && !o->lab.lab)
        g->interface = o->interface ? o->interface : config ? config->interface : NULL;
    if (!o->read && !o->lab.lab && !g->interface) {
        ik_run_say("guard", _("what to look at? The configuration names no interface: add -i NAME "
                              "or -r FILE"));
        return false;
    }
    const bool any = g->interface && !strcmp(g->interface, "any");
    g->all = any || o->lab.lab;
    /* The kernel leaves nothing out: errors are held against all that flows. */
    const struct ik_frames_cfg cfg = {
        .verb = "guard",
        .read = o->read,
        .capture = {.interface = g->interface, .promiscuous = !o->no_promiscuous && !any},
        .frames = take_frames,
        .idle = on_idle,
        .status = on_status,
        .hangup = on_hangup,
        .ctx = g};
    if (!o->lab.lab)
        return ik_frames_open(&g->from, &cfg);
    g->from = (struct ik_frames){.cfg = cfg, .dropped = UINT64_MAX, .last = IK_NEVER};
    return ik_guard_lab_open(g);
}

static bool open_save(struct ik_guard *g)
{
    const struct ik_capsave_cfg cfg = {.verb = "guard",
                                       .path = g->opt.pcapng,
                                       .source = g->opt.read,
                                       .flush = g->interface != NULL};
    return !g->opt.pcapng || ik_capsave_open(&g->save, &cfg);
}

/* A lab goes the same way each time. */
static bool make_secrets(struct ik_guard *g, uint8_t a[static 16], uint8_t b[static 16])
{
    uint8_t both[32];
    enum ik_err err = IK_OK;
    if (g->lab)
        ik_entropy_seeded(ik_runlab_seed(g->lab), both, sizeof both);
    else
        err = ik_entropy(both, sizeof both);
    if (err)
        return ik_guard_fail(g, _("no random numbers"), err);
    memcpy(a, both, 16);
    memcpy(b, both + 16, 16);
    return true;
}

static bool open_detector(struct ik_guard *g)
{
    struct ik_look_cfg look = {.unpaired = true};
    struct ik_guard_settings *s = &g->settings[g->current];
    if (!make_secrets(g, look.secret, s->cfg.secret))
        return false;
    ask(g, s);
    g->look_memory = pages(ik_look_bytes(&look));
    g->detect_memory = pages(ik_detect_bytes(&s->cfg));
    if (!g->look_memory || !g->detect_memory)
        return ik_guard_fail(g, _("cannot start"), IK_E_NOMEM);
    /* Looked up at random; where that is refused it only takes longer. */
    (void)madvise(g->detect_memory, ik_detect_bytes(&s->cfg), MADV_HUGEPAGE);
    g->look = ik_look_init(g->look_memory, &look);
    g->detect = ik_detect_init(g->detect_memory, &s->cfg);
    return true;
}

static void run(struct ik_guard *g)
{
    if (g->opt.format == IK_GUARD_JSON)
        ik_guard_tell_run(g);
    if (g->interface && g->opt.run_for != IK_NEVER &&
        __builtin_add_overflow(ik_clock_now().real, g->opt.run_for, &g->end))
        g->end = IK_NEVER;
    if (g->lab)
        ik_guard_lab_run(g);
    else
        ik_frames_run(&g->from);
    ik_detect_stop(g->detect);
    ik_guard_tell_news(g, NULL);
    ik_guard_tell_totals(g);
}

/* Exit status. */
static int finish(struct ik_guard *g)
{
    ik_out_flush(&g->out, true);
    if (g->out.error && g->out.error != EPIPE) {
        ik_run_say("guard", _("cannot write the results: %s"), ik_lang_errno(g->out.error));
        g->failed = true;
    }
    if (!ik_capsave_close(g->save, g->last, g->from.n, g->from.dropped))
        g->failed = true;
    ik_frames_close(&g->from);
    ik_runlab_close(g->lab);
    ik_control_close(g->control);
    ik_guard_enforce_leave(g);
    ik_enforce_close(g->enforce);
    ik_guard_settings_close(&g->settings[g->current]);
    if (g->failed || g->from.failed)
        return 2;
    return g->found ? 1 : g->from.damaged ? 2 : 0;
}

/* The configuration is read without privileges, unless it is what says which interface to open. */
static int execute(struct ik_guard *g)
{
    const bool first = !g->opt.interface && !g->opt.read && !g->opt.lab.lab;
    g->since = ik_clock_now().real;
    ik_out_init(&g->out, STDOUT_FILENO);
    ik_dump_stamp_init(&g->stamp, g->opt.lab.lab ? IK_DUMP_CLOCK : IK_DUMP_DATE, false,
                       g->opt.lab.lab != NULL);
    g->first = g->last = g->end = IK_NEVER;
    if ((!first || open_settings(g)) && open_frames(g) && open_save(g) &&
        ik_guard_enforce_open(g, ik_guard_tell_deed) && ik_guardctl_open(g) &&
        ik_frames_start(&g->from) && (first || open_settings(g)) && open_detector(g) &&
        ik_guard_enforce_settle(g))
        run(g);
    else
        g->failed = true;
    return finish(g);
}

/* Help, version; -1: go on. */
static int inform(const struct ik_guard_opt *o)
{
    if (o->version)
        puts("guard from icmpkit " IK_VERSION);
    else if (o->help)
        ik_opt_help(&ik_guard_spec, stdout);
    else
        return -1;
    return ik_run_printed("guard");
}

static int look_on(int argc, char **argv)
{
    struct ik_guard *g = pages(sizeof *g);
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    struct ik_opt_args args;
    int status = 2;
    if (!g || !operands) {
        ik_run_say("guard", "%s", ik_lang_err(IK_E_NOMEM));
    } else if (!ik_guard_opt_read(&g->opt, &args, argc, argv, operands)) {
        ik_run_say("guard", "%s", args.error);
    } else if ((status = inform(&g->opt)) < 0) {
        g->argv = argv;
        status = execute(g);
    }
    free(operands);
    if (g)
        munmap(g, sizeof *g);
    return status;
}

/* ---- the verb, and what begins with a word of its own ---------------------------------------- */

static const struct {
    const char *word;
    int (*run)(int argc, char **argv); /* argv[0] is the word */
} words[] = {
    {"list", ik_guardctl_list},
    {"policy", ik_guardpolicy},
    {"status", ik_guardctl_status},
    {"unban", ik_guardctl_unban},
};

static const char *word_name(const void *ctx, size_t i)
{
    (void)ctx;
    return words[i].word;
}

/* A word that is no option but nearly one of these. */
static const char *meant(const char *typed)
{
    return typed[0] == '-' ? NULL
                           : ik_text_nearest(typed, word_name, NULL, sizeof words / sizeof *words);
}

int ik_guard_verb(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof words / sizeof *words; i++) {
        if (!strcmp(argv[1], words[i].word))
            return words[i].run(argc - 1, argv + 1);
    }
    const char *near = argc > 1 ? meant(argv[1]) : NULL;
    if (!near)
        return look_on(argc, argv);
    char safe[64];
    ik_text_escape((struct ik_rd){(const uint8_t *)argv[1], strlen(argv[1])}, safe, sizeof safe);
    ik_run_say("guard", _("cannot do '%s'; did you mean 'icmp guard %s'?"), safe, near);
    return 2;
}
