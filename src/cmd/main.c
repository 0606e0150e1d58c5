/* SPDX-License-Identifier: MIT
 * The command: a table of verbs. */
#include "dump.h"
#include "explain.h"
#include "guard.h"
#include "guardctl.h"
#include "guardpolicy.h"
#include "lab.h"
#include "lang.h"
#include "ping.h"
#include "put.h"
#include "run.h"
#include "trace.h"
#include "verb.h"

#include <icmpkit/host.h>
#include <icmpkit/record.h>

#include <stdio.h>
#include <string.h>

static const struct ik_opt_spec *const guard_more[] = {&ik_guardpolicy_spec, &ik_guardctl_list_spec,
                                                       &ik_guardctl_unban_spec,
                                                       &ik_guardctl_status_spec, NULL};

static const struct ik_verb verbs[] = {
    {"ping", N_("round trips to one or many targets"), ik_ping_verb, &ik_ping_spec, true},
    {"trace", N_("the path to one or many targets"), ik_trace_verb, &ik_trace_spec, true},
    {"dump", N_("ICMP packets of an interface or a capture file, explained"), ik_dump_verb,
     &ik_dump_spec, false},
    {"guard", N_("ICMP that is an attack, a leak or a mistake, and what stops it"), ik_guard_verb,
     &ik_guard_spec, false, guard_more},
    {"explain", N_("what a type and code mean, and what to do"), ik_explain_verb, &ik_explain_spec,
     false},
    {"lab", N_("an internet of hosts and routers in a file"), ik_lab_verb, &ik_lab_spec, false},
    {.name = NULL},
};

static const struct ik_verb *find(const char *name)
{
    for (const struct ik_verb *v = verbs; v->name; v++) {
        if (!strcmp(v->name, name))
            return v;
    }
    return NULL;
}

/* What the list has beside the verbs. */
static const char *const others[] = {"help", "version"};

enum {
    VERBS = sizeof verbs / sizeof *verbs - 1,
    OTHERS = sizeof others / sizeof *others,
    WORD = 64
};

static const char *word_at(const void *ctx, size_t i)
{
    (void)ctx;
    return i < VERBS ? verbs[i].name : others[i - VERBS];
}

static bool is_other(const char *name)
{
    return !strcmp(name, others[0]) || !strcmp(name, others[1]);
}

static const char *shown(const char *typed, char out[static WORD])
{
    ik_text_escape((struct ik_rd){(const uint8_t *)typed, strlen(typed)}, out, WORD);
    return out;
}

static int unknown(const char *name)
{
    const char *near = ik_text_nearest(name, word_at, NULL, VERBS + OTHERS);
    char safe[WORD];
    shown(name, safe);
    if (near)
        ik_run_say("icmp", _("unknown verb '%s'; did you mean '%s'?"), safe, near);
    else
        ik_run_say("icmp", _("unknown verb '%s'; 'icmp help' lists them"), safe);
    return 2;
}

static void list(FILE *to)
{
    fputs(_("Usage: icmp VERB [OPTION]... [TARGET]...\n\nVerbs:\n"), to);
    for (const struct ik_verb *v = verbs; v->name; v++)
        fprintf(to, "  %-8s  %s\n", v->name, ik_lang_text(v->line));
    fprintf(to, "  %-8s  %s\n", "help", _("this list; 'icmp help VERB' the options of a verb"));
    fprintf(to, "  %-8s  %s\n", "version", _("the version, as --version"));
}

/* The options of "guard policy", say; NULL: there is no such. */
static const struct ik_opt_spec *find_more(const struct ik_verb *v, const char *word)
{
    const size_t n = strlen(v->name);
    for (const struct ik_opt_spec *const *s = v->more; s && *s; s++) {
        if (!strncmp((*s)->verb, v->name, n) && !strcmp((*s)->verb + n + 1, word))
            return *s;
    }
    return NULL;
}

static const char *more_at(const void *ctx, size_t i)
{
    const struct ik_verb *v = ctx;
    return v->more[i]->verb + strlen(v->name) + 1;
}

/* "guard polcy". */
static int unknown_more(const struct ik_verb *v, const char *word)
{
    char safe[WORD], all[256];
    struct ik_put w;
    size_t n = 0;
    ik_put_init(&w, all, sizeof all - 1);
    for (; v->more[n]; n++) {
        ik_put_s(&w, n ? ", " : "");
        ik_put_s(&w, v->more[n]->verb);
    }
    *w.at = 0;
    const char *near = ik_text_nearest(word, more_at, v, n);
    shown(word, safe);
    if (near)
        ik_run_say("icmp", _("no help for '%s %s'; did you mean 'icmp help %s %s'?"), v->name, safe,
                   v->name, near);
    else
        ik_run_say("icmp", _("no help for '%s %s'; there is for %s"), v->name, safe, all);
    return 2;
}

static int help(int argc, char **argv)
{
    if (argc < 2 || (argc == 2 && is_other(argv[1]))) {
        list(stdout);
        return ik_run_printed("icmp");
    }
    const struct ik_verb *v = find(argv[1]);
    if (!v)
        return unknown(argv[1]);
    const struct ik_opt_spec *spec = argc == 3 ? find_more(v, argv[2]) : v->spec;
    if (argc == 3 && !spec && v->more)
        return unknown_more(v, argv[2]);
    if (argc > 3 || !spec) {
        ik_run_say("icmp", "%s", _("help is for one verb at a time: 'icmp help VERB'"));
        return 2;
    }
    ik_opt_help(spec, stdout);
    return ik_run_printed("icmp");
}

int main(int argc, char **argv)
{
    if (!ik_host_hold_standard())
        return 2;
    if (argc < 2) {
        list(stderr);
        return 2;
    }
    if (!ik_lang_start(ik_lang_wanted(argv + 1)))
        fputs("icmp: no catalogue of messages in that language here; going on in English\n",
              stderr);
    const char *name = argv[1];
    if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
        return help(argc - 1, argv + 1);
    if (!strcmp(name, "version") || !strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts("icmp from icmpkit " IK_VERSION);
        return ik_run_printed("icmp");
    }
    const struct ik_verb *v = find(name);
    if (!v)
        return unknown(name);
    if (!v->may_use_file_capabilities && ik_priv_is_secure_exec() && ik_priv_drop()) {
        ik_run_say("icmp", "%s", _("cannot give up privileges"));
        return 2;
    }
    return v->run(argc - 1, argv + 1);
}
