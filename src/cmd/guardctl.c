/* SPDX-License-Identifier: MIT */
#include "guardctl.h"

#include "run.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- options --------------------------------------------------------------------------------- */

struct options {
    int lang; /* of ik_lang_choices; main.c has obeyed it already */
    bool json, help, version;
    const char *control;
};

#define AT(member) .at = offsetof(struct options, member)

static const struct ik_opt options[] = {
    {0, "control", IK_OPT_STRING, AT(control), "PATH",
     N_("the socket of the guard (/run/icmpkit/guard.sock)")},
    {0, "json", IK_OPT_FLAG, AT(json), .help = N_("a JSON object a line")},
    IK_LANG_OPTION(struct options, lang),
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {0, "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

#define SPEC(word, how, what)                                                                  \
    {                                                                                          \
        .verb = "guard " word, .synopsis = how, .intro = what, .options = options,             \
        .n = sizeof options / sizeof *options,                                                 \
        .outro = N_("Asks the guard that runs here, for which one has to be its user (root). " \
                    "icmp-guard(1) has it all."),                                              \
    }
const struct ik_opt_spec ik_guardctl_list_spec = SPEC(
    "list", N_("[OPTION]..."), N_("What guard --enforce has in force, and for how long still."));
const struct ik_opt_spec ik_guardctl_unban_spec =
    SPEC("unban", N_("ADDRESS [OPTION]..."),
         N_("Takes back what guard --enforce did against an address."));
const struct ik_opt_spec ik_guardctl_status_spec =
    SPEC("status", N_("[OPTION]..."), N_("What guard looks at, since when, and what it found."));

/* ---- rows ------------------------------------------------------------------------------------ */

struct asking {
    const struct options *o;
    struct ik_out out;
    bool lists;
    struct ik_control_status status; /* of who lists */
    uint64_t forces, count;
};

static void print_record(struct asking *a, const struct ik_record *rec)
{
    size_t n;
    char *at = ik_out_room(&a->out, IK_RECORD_JSON_MAX);
    if (!ik_record_json(rec, at, IK_RECORD_JSON_MAX, &n))
        ik_out_took(&a->out, n);
}

static const char *way_of(const struct ik_control_status *s)
{
    return !s->enforces ? "none" : s->dry ? "dry-run" : ik_enforce_way_name(s->way);
}

/* NULL: nothing to tell apart. */
static const char *mode_of(const struct ik_control_status *s)
{
    return !s->enforces || s->dry || s->way != IK_ENFORCE_XDP ? NULL
           : s->generic                                       ? "generic"
                                                              : "native";
}

static void say_way(const struct ik_control_status *s)
{
    if (!s->enforces)
        puts(_("enforcement: none"));
    else if (s->dry)
        puts(_("enforcement: a dry run"));
    else if (s->way == IK_ENFORCE_XDP)
        printf(s->generic ? _("enforcement: xdp at %s, generic (above its driver)\n")
                          : _("enforcement: xdp at %s, native (in its driver)\n"),
               s->interface);
    else
        puts(_("enforcement: nft"));
}

static void on_force(struct asking *a, const struct ik_control_row *row)
{
    const struct ik_deed deed = {
        .what = IK_DEED_DONE, .order = row->force.order, .stopped = row->force.stopped};
    struct ik_guard_deed_mem mem;
    const bool first = !a->forces++;
    if (a->o->json) {
        struct ik_record rec = ik_guard_deed_record(&deed, ik_clock_now().real, &mem);
        rec.deed.left = row->force.left;
        rec.deed.enforce = way_of(&a->status);
        rec.deed.mode = mode_of(&a->status);
        print_record(a, &rec);
        return;
    }
    if (first)
        say_way(&a->status);
    struct ik_order left = row->force.order;
    left.seconds = row->force.left;
    printf("[%llu]", (unsigned long long)left.finding);
    ik_guard_text_order(stdout, &left, row->force.stopped);
    putchar('\n');
}

static void say_status(const struct ik_control_status *s)
{
    struct ik_dump_stamp stamp;
    char since[64];
    struct ik_put w;
    ik_dump_stamp_init(&stamp, IK_DUMP_DATE, false, false);
    ik_put_init(&w, since, sizeof since - 1);
    ik_dump_stamp_put(&stamp, &w, s->since);
    *--w.at = 0;
    printf(_("process %d looks at %s since %s\n"), (int)s->pid, s->interface, since);
    printf(_("frames: %llu, ICMP packets: %llu\n"), (unsigned long long)s->frames,
           (unsigned long long)s->packets);
    printf(_("findings: %llu, of these open: %llu\n"), (unsigned long long)s->findings,
           (unsigned long long)s->open);
    if (s->evicted)
        printf(_("Not observed: %llu entries gave way for want of room\n"),
               (unsigned long long)s->evicted);
    if (s->dropped != UINT64_MAX && s->dropped)
        printf(_("Not seen: %llu frames that the capture lost\n"), (unsigned long long)s->dropped);
    say_way(s);
    if (!s->enforces)
        return;
    printf(_("orders in force: %llu\n"), (unsigned long long)s->forces);
    for (int k = 0; k < IK_ORDERS; k++)
        if (s->stopped[k])
            printf(_("packets that %s stopped: %llu\n"), ik_order_name((enum ik_order_kind)k),
                   (unsigned long long)s->stopped[k]);
}

static void on_status(struct asking *a, const struct ik_control_status *s)
{
    static const char *const names[] = {
#define X(id, name, key, text) name,
        IK_ORDER_KINDS(X)
#undef X
    };
    if (!a->o->json) {
        say_status(s);
        return;
    }
    struct ik_record rec = ik_record_make(IK_REC_guard_status, ik_clock_now().real);
    struct ik_rec_guard_status *r = &rec.guard_status;
    r->pid = s->pid;
    r->interface = s->interface;
    r->since = s->since;
    r->frames = (int64_t)s->frames;
    r->packets = (int64_t)s->packets;
    r->findings = (int64_t)s->findings;
    r->open = (int64_t)s->open;
    r->evicted = (int64_t)s->evicted;
    if (s->dropped != UINT64_MAX)
        r->dropped = (int64_t)s->dropped;
    r->enforce = way_of(s);
    r->mode = mode_of(s);
    r->orders = (int64_t)s->forces;
    r->stopped = (struct ik_rec_counts){names, s->stopped, IK_ORDERS};
    print_record(a, &rec);
}

static void on_row(void *ctx, const struct ik_control_row *row)
{
    struct asking *a = ctx;
    if (row->kind == IK_CONTROL_IS_FORCE)
        on_force(a, row);
    else if (row->kind == IK_CONTROL_IS_COUNT)
        a->count = row->count;
    else if (a->lists)
        a->status = row->status;
    else
        on_status(a, &row->status);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int say_call(enum ik_err err, const char *path)
{
    char safe[256];
    ik_text_escape((struct ik_rd){(const uint8_t *)path, strlen(path)}, safe, sizeof safe);
    if (err == IK_E_NOT_FOUND)
        ik_run_say("guard", _("no guard listens at %s: is one running?"), safe);
    else if (err == IK_E_ACCESS)
        ik_run_say("guard", _("the guard at %s is another user's: ask as root"), safe);
    else if (err == IK_E_UNSUPPORTED)
        ik_run_say("guard", _("the guard at %s is of another version"), safe);
    else
        ik_run_say("guard", "%s: %s", safe, ik_lang_err(err));
    return 2;
}

static int call(const struct options *o, const struct ik_control_ask *ask)
{
    const char *path = o->control ? o->control : IK_CONTROL_PATH;
    struct asking a = {.o = o, .lists = ask->op == IK_CONTROL_LIST};
    ik_out_init(&a.out, STDOUT_FILENO);
    const enum ik_err err = ik_control_call(path, ask, on_row, &a);
    ik_out_flush(&a.out, true);
    if (err)
        return say_call(err, path);
    if (a.lists && !a.forces && !o->json)
        puts(_("nothing is in force"));
    if (ask->op == IK_CONTROL_PARDON)
        printf(_("orders taken back: %llu\n"), (unsigned long long)a.count);
    const int printed = ik_run_printed("guard");
    return printed ? printed : ask->op == IK_CONTROL_PARDON && !a.count;
}

/* Reads the command line; the exit status, or -1: go on. *operand: NULL where there is none. */
static int begin(struct options *o, const struct ik_opt_spec *spec, int argc, char **argv,
                 const char **operand)
{
    struct ik_opt_args args;
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    int status = 2;
    if (!operands)
        return status;
    *o = (struct options){.json = false};
    args.operands = operands;
    const bool wants = spec == &ik_guardctl_unban_spec;
    if (!ik_opt_parse(spec, argc, argv, o, &args)) {
        ik_run_say("guard", "%s", args.error);
    } else if (o->help || o->version) {
        if (o->help)
            ik_opt_help(spec, stdout);
        else
            puts("guard from icmpkit " IK_VERSION);
        status = ik_run_printed("guard");
    } else if (args.n != wants) {
        ik_run_say("guard", wants ? _("whom to let go? icmp guard unban ADDRESS")
                                  : _("guard list and guard status take no operand"));
    } else {
        *operand = wants ? operands[0] : NULL;
        status = -1;
    }
    free(operands);
    return status;
}

int ik_guardctl_list(int argc, char **argv)
{
    struct options o;
    const char *none;
    const int status = begin(&o, &ik_guardctl_list_spec, argc, argv, &none);
    return status >= 0 ? status : call(&o, &(struct ik_control_ask){.op = IK_CONTROL_LIST});
}

int ik_guardctl_status(int argc, char **argv)
{
    struct options o;
    const char *none;
    const int status = begin(&o, &ik_guardctl_status_spec, argc, argv, &none);
    return status >= 0 ? status : call(&o, &(struct ik_control_ask){.op = IK_CONTROL_STATUS});
}

int ik_guardctl_unban(int argc, char **argv)
{
    struct options o;
    const char *text = "";
    char safe[128];
    struct ik_control_ask ask = {.op = IK_CONTROL_PARDON};
    const int status = begin(&o, &ik_guardctl_unban_spec, argc, argv, &text);
    if (status >= 0)
        return status;
    if (!ik_addr_parse(text, &ask.who))
        return call(&o, &ask);
    ik_text_escape((struct ik_rd){(const uint8_t *)text, strlen(text)}, safe, sizeof safe);
    ik_run_say("guard", _("'%s' is no address, such as 192.0.2.7 or 2001:db8::7"), safe);
    return 2;
}

/* ---- the other side -------------------------------------------------------------------------- */

static void answer_status(struct ik_guard *g, struct ik_control_talk *talk)
{
    const struct ik_detect_stats stats = ik_detect_stats(g->detect);
    struct ik_control_row row = {.kind = IK_CONTROL_IS_STATUS};
    struct ik_control_status *s = &row.status;
    struct ik_force force;
    s->pid = getpid();
    s->dry = g->opt.dry_run;
    s->way = g->opt.enforce == IK_GUARD_XDP ? IK_ENFORCE_XDP : IK_ENFORCE_NFT;
    s->generic = g->enforce && ik_enforce_is_generic(g->enforce);
    s->since = g->since;
    snprintf(s->interface, sizeof s->interface, "%s", g->interface);
    s->frames = g->from.n;
    s->dropped = g->from.dropped;
    s->packets = stats.icmp;
    s->findings = stats.findings;
    s->evicted = stats.evicted;
    while (ik_detect_open(g->detect, s->open))
        s->open++;
    const ik_ns now = ik_clock_now().mono;
    if (g->enforce)
        ik_enforce_count(g->enforce, now);
    s->enforces = g->enforce && !ik_enforce_is_lost(g->enforce);
    while (g->enforce && ik_enforce_at(g->enforce, s->forces, now, &force))
        s->forces++;
    for (int k = 0; k < IK_ORDERS && g->enforce; k++)
        s->stopped[k] = ik_enforce_stopped(g->enforce, (enum ik_order_kind)k);
    ik_control_say(talk, &row);
}

static void answer_list(struct ik_guard *g, struct ik_control_talk *talk)
{
    const ik_ns now = ik_clock_now().mono;
    struct ik_force force;
    for (size_t i = 0; g->enforce && ik_enforce_at(g->enforce, i, now, &force); i++) {
        const struct ik_control_row row = {
            .kind = IK_CONTROL_IS_FORCE,
            .force = {.order = force.order,
                      .left = (uint32_t)((force.until - now) / IK_NS_PER_S),
                      .stopped = force.stopped}};
        ik_control_say(talk, &row);
    }
}

static void on_ask(void *ctx, const struct ik_control_ask *ask, struct ik_control_talk *talk)
{
    struct ik_guard *g = ctx;
    struct ik_control_row row = {.kind = IK_CONTROL_IS_COUNT};
    if (!g->detect)
        return;
    switch (ask->op) {
    case IK_CONTROL_STATUS:
        answer_status(g, talk);
        break;
    case IK_CONTROL_LIST:
        answer_status(g, talk);
        answer_list(g, talk);
        break;
    case IK_CONTROL_PARDON:
        if (g->enforce)
            row.count = ik_enforce_pardon(g->enforce, &ask->who, ik_clock_now().mono);
        ik_control_say(talk, &row);
        break;
    }
}

/* Who did not ask to be heard is not told that it cannot be: an ordinary user's guard, or a second
 * one. */
bool ik_guardctl_open(struct ik_guard *g)
{
    char safe[256];
    const char *path = g->opt.control ? g->opt.control : IK_CONTROL_PATH;
    if (!g->interface || !strcmp(path, "none"))
        return true;
    const enum ik_err err = ik_control_open(&g->control, path, on_ask, g);
    if (err && g->opt.control) {
        ik_text_escape((struct ik_rd){(const uint8_t *)path, strlen(path)}, safe, sizeof safe);
        if (err == IK_E_EXISTS)
            ik_run_say("guard", _("another guard listens at %s: give --control another path"),
                       safe);
        else
            ik_run_say("guard", _("cannot listen at %s: %s"), safe, ik_lang_err(err));
        return false;
    }
    if (!err)
        g->from.also[1] = ik_control_source(g->control);
    return true;
}
