/* SPDX-License-Identifier: MIT
 * The command: a table of verbs. */
#include "ping.h"
#include "trace.h"
#include "verb.h"

#include <stdio.h>
#include <string.h>

static const struct ik_verb verbs[] = {
    {"ping", "round trips to one or many targets", ik_ping_verb, &ik_ping_spec, true},
    {"trace", "the path to one or many targets", ik_trace_verb, &ik_trace_spec, true},
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

static int unknown(const char *name)
{
    const char *near = ik_opt_distance("help", name) <= 2 ? "help" : NULL;
    for (const struct ik_verb *v = verbs; v->name; v++) {
        if (ik_opt_distance(v->name, name) <= 2)
            near = v->name;
    }
    if (near) {
        fprintf(stderr, "icmp: unknown verb '%s'; did you mean '%s'?\n", name, near);
        return 2;
    }
    fprintf(stderr, "icmp: unknown verb '%s'; 'icmp help' lists them\n", name);
    return 2;
}

static void list(FILE *to)
{
    fputs("Usage: icmp VERB [OPTION]... [TARGET]...\n\nVerbs:\n", to);
    for (const struct ik_verb *v = verbs; v->name; v++)
        fprintf(to, "  %-8s  %s\n", v->name, v->line);
    fputs("  help      this list; 'icmp help VERB' the options of a verb\n"
          "  version   the version, as --version\n",
          to);
}

/* Help and version go to standard output: a full disk or closed pipe is an error there too. */
static int finish(void)
{
    return fflush(stdout) || ferror(stdout) ? 2 : 0;
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        list(stdout);
        return finish();
    }
    const struct ik_verb *v = find(argv[1]);
    if (!v)
        return unknown(argv[1]);
    ik_opt_help(v->spec, stdout);
    return finish();
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        list(stderr);
        return 2;
    }
    const char *name = argv[1];
    if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
        return help(argc - 1, argv + 1);
    if (!strcmp(name, "version") || !strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts("icmp from icmpkit " IK_VERSION);
        return finish();
    }
    const struct ik_verb *v = find(name);
    if (!v)
        return unknown(name);
    if (!v->may_use_file_capabilities && ik_priv_is_secure_exec() && ik_priv_drop()) {
        fputs("icmp: cannot give up privileges\n", stderr);
        return 2;
    }
    return v->run(argc - 1, argv + 1);
}
