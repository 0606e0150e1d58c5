/* SPDX-License-Identifier: MIT
 * icmp explain: what a type and code mean, and what to do. */
#include "explain.h"

#include "lang.h"
#include "run.h"

#include <stdlib.h>
#include <string.h>

enum { FOUND_MAX = 8, NEAR_MAX = 5 };

struct explain_opt {
    bool all, common, json, help, version;
    int lang, class_of;
};

/* ---- the table of options -------------------------------------------------------------------- */

#define AT(member) .at = offsetof(struct explain_opt, member)

static const char *const classes[] = {"error", "query", "info", NULL};

static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING, .help = N_("What:")},
    {0, "all", IK_OPT_FLAG, AT(all), .help = N_("every type, code and topic")},
    {0, "common", IK_OPT_FLAG, AT(common),
     .help = N_("a table of those that every introduction has")},
    {0, "class", IK_OPT_CHOICE, AT(class_of), "CLASS",
     N_("a table of all errors, queries or other messages: error, query, info"), 0, 0, classes},
    {.kind = IK_OPT_HEADING, .help = N_("How:")},
    {0, "json", IK_OPT_FLAG, AT(json), .help = N_("a JSON object a line")},
    IK_LANG_OPTION(struct explain_opt, lang),
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {'V', "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

const struct ik_opt_spec ik_explain_spec = {
    .verb = "explain",
    .synopsis = N_("[OPTION]... WHAT..."),
    .intro =
        N_("What a type and code of ICMP mean, who sends them, and what to do. WHAT is a type or a "
           "type and\ncode (3, 3/3, v6:1/4), a name (port-unreachable, redirect) or a topic: "
           "icmp, ping, traceroute,\nquote, connectionless, tunnel, path-mtu, rate-limit, "
           "fragmentation, checksum, ttl,\nredirects-and-trust."),
    .options = options,
    .n = sizeof options / sizeof *options,
    .outro = N_("Exit status: 0, or 2 an error. icmp-explain(1) has it all."),
};

_Static_assert(sizeof options / sizeof *options <= IK_OPT_MAX, "a parse remembers each option");

const struct ik_explain *ik_explain_common(size_t i)
{
    static const struct {
        uint8_t type;
        int8_t code;
    } rows[] = {{0, 0}, {3, 0},  {3, 1}, {3, 2}, {3, 3},  {3, 6},  {3, 7},
                {4, 0}, {5, -1}, {8, 0}, {9, 0}, {10, 0}, {11, 0}, {12, 0}};
    if (i >= sizeof rows / sizeof *rows)
        return NULL;
    return ik_explain_get(4, rows[i].type, rows[i].code);
}

/* ---- what was asked for ---------------------------------------------------------------------- */

/* One entry to print. */
struct item {
    const struct ik_explain *entry;
    int code; /* asked for, though not assigned; -1 */
};

struct list {
    struct item *items;
    size_t n;
};

/* The code of "3/77" where the entry found for it is the type's, because nobody has assigned it. */
static int unassigned(const char *what, const struct ik_explain *e)
{
    const char *slash = strchr(what, '/');
    if (!slash || e->code >= 0 || e->codes == IK_EXPLAIN_CODE_ANY)
        return -1;
    const int code = atoi(slash + 1);
    return code ? code : -1;
}

static void say_unknown(const char *what)
{
    char safe[128], line[512];
    const char *near[NEAR_MAX];
    const size_t n = ik_explain_near(what, near, NEAR_MAX);
    ik_text_escape((struct ik_rd){(const uint8_t *)what, strlen(what)}, safe, sizeof safe);
    if (n == 0) {
        ik_run_say(
            "explain",
            _("nothing is called '%s'; give a type and code (3/3, v6:1/4), a name or a topic: "
              "'icmp help explain' lists those"),
            safe);
        return;
    }
    int len = snprintf(line, sizeof line, "%s", near[0]);
    for (size_t i = 1; i < n; i++)
        len += snprintf(line + len, sizeof line - (size_t)len, ", %s", near[i]);
    ik_run_say("explain", _("nothing is called '%s'; near it: %s"), safe, line);
}

/* Adds what one word stands for. */
static bool add(struct list *l, const char *what)
{
    const struct ik_explain *found[FOUND_MAX];
    size_t n = ik_explain_find(what, found, FOUND_MAX);
    n = n < FOUND_MAX ? n : FOUND_MAX;
    for (size_t i = 0; i < n; i++)
        l->items[l->n++] = (struct item){found[i], unassigned(what, found[i])};
    return n > 0;
}

/* Words without their quotes: `icmp explain port unreachable`. */
static bool add_joined(struct list *l, const struct ik_opt_args *args)
{
    char what[128] = "";
    for (int i = 0; i < args->n; i++) {
        if (strlen(what) + strlen(args->operands[i]) + 2 > sizeof what)
            return false;
        strcat(strcat(what, i ? "-" : ""), args->operands[i]);
    }
    return args->n > 1 && add(l, what);
}

static bool collect(struct list *l, const struct ik_opt_args *args)
{
    for (int i = 0; i < args->n; i++) {
        if (add(l, args->operands[i]))
            continue;
        l->n = 0;
        if (add_joined(l, args))
            return true;
        say_unknown(args->operands[i]);
        return false;
    }
    return true;
}

static void collect_all(struct list *l)
{
    for (size_t i = 0; i < ik_explain_count(); i++)
        l->items[l->n++] = (struct item){ik_explain_at(i), -1};
}

static void collect_class(struct list *l, enum ik_icmp_class class_of)
{
    for (size_t i = 0; i < ik_explain_count(); i++)
        if (ik_explain_at(i)->family && ik_explain_at(i)->class_of == class_of)
            l->items[l->n++] = (struct item){ik_explain_at(i), -1};
}

static void collect_common(struct list *l)
{
    for (size_t i = 0; ik_explain_common(i); i++)
        l->items[l->n++] = (struct item){ik_explain_common(i), -1};
}

/* ---- printing -------------------------------------------------------------------------------- */

static int print_text(const struct list *l, enum ik_explain_lang lang)
{
    const struct ik_page page = ik_page_stdout();
    for (size_t i = 0; i < l->n; i++) {
        fputs(i ? "\n\n" : "", page.to);
        ik_explain_text_entry(&page, l->items[i].entry, lang, l->items[i].code);
    }
    return ik_run_printed("explain");
}

static void say_run(struct ik_run *r, char *const *argv, ik_ns now)
{
    static const char *const nothing[] = {NULL};
    struct ik_record rec = ik_record_make(IK_REC_run, now);
    rec.run.version = IK_VERSION;
    rec.run.verb = "explain";
    rec.run.argv = (const char *const *)argv;
    rec.run.unseen = nothing;
    ik_run_record(r, &rec);
}

static int print_json(const struct list *l, enum ik_explain_lang lang, char *const *argv)
{
    const struct ik_run_cfg cfg = {.verb = "explain", .argv = argv, .json = true};
    const ik_ns now = ik_clock_now().real;
    struct ik_run *r = calloc(1, sizeof *r);
    struct ik_explain_json *j = ik_explain_json_new();
    int status = 2;
    if (!r || !j) {
        ik_run_say("explain", "%s", ik_lang_err(IK_E_NOMEM));
    } else if (ik_run_init(r, &cfg)) {
        say_run(r, argv, now);
        for (size_t i = 0; i < l->n; i++)
            ik_run_record(r, ik_explain_json_entry(j, l->items[i].entry, lang, now));
        status = ik_run_end(r, 0);
    }
    ik_explain_json_free(j);
    free(r);
    return status;
}

/* ---- the verb -------------------------------------------------------------------------------- */

/* JSON does not go by the locale: it is in English unless --lang says otherwise. */
static enum ik_explain_lang language(const struct explain_opt *o, const struct ik_opt_args *args,
                                     char *const *argv)
{
    const bool asked = ik_opt_given(&ik_explain_spec, args, "lang");
    enum ik_explain_lang lang = asked     ? (enum ik_explain_lang)o->lang
                                : o->json ? IK_EXPLAIN_EN
                                          : ik_lang_wanted(argv);
    if (ik_explain_speaks(lang))
        return lang;
    if (asked)
        ik_run_say("explain", _("no texts in that language yet; going on in English"));
    return IK_EXPLAIN_EN;
}

/* One way of saying what: operands, or one of three options. */
static bool is_one(const struct ik_opt_args *args, const struct explain_opt *o, bool of_class)
{
    const int ways = (args->n > 0) + o->all + o->common + of_class;
    if (ways == 1)
        return true;
    if (ways > 1)
        ik_run_say("explain", "%s", _("say what in one way: WHAT..., --all, --common or --class"));
    else
        ik_run_say(
            "explain", "%s",
            _("say what: a type and code (3/3, v6:1/4), a name (port-unreachable) or a topic "
              "(ping); 'icmp explain --common' is a beginning"));
    return false;
}

static int print(const struct explain_opt *o, const struct ik_opt_args *args, struct list *l,
                 char *const *argv)
{
    const bool of_class = ik_opt_given(&ik_explain_spec, args, "class");
    const enum ik_icmp_class class_of = (enum ik_icmp_class)o->class_of;
    if (!is_one(args, o, of_class) || !collect(l, args))
        return 2;
    const enum ik_explain_lang lang = language(o, args, argv);
    if (!o->json && (o->common || of_class)) {
        const struct ik_page page = ik_page_stdout();
        if (of_class)
            ik_explain_text_all_of(&page, class_of, lang);
        else
            ik_explain_text_common(&page, lang);
        return ik_run_printed("explain");
    }
    if (o->all)
        collect_all(l);
    else if (o->common)
        collect_common(l);
    else if (of_class)
        collect_class(l, class_of);
    return o->json ? print_json(l, lang, argv) : print_text(l, lang);
}

static int run(const struct explain_opt *o, const struct ik_opt_args *args, char *const *argv)
{
    if (o->version)
        puts("explain from icmpkit " IK_VERSION);
    else if (o->help)
        ik_opt_help(&ik_explain_spec, stdout);
    if (o->version || o->help)
        return ik_run_printed("explain");
    struct list l = {.n = 0};
    l.items = calloc(ik_explain_count() + (size_t)args->n * FOUND_MAX, sizeof *l.items);
    if (!l.items) {
        ik_run_say("explain", "%s", ik_lang_err(IK_E_NOMEM));
        return 2;
    }
    const int status = print(o, args, &l, argv);
    free(l.items);
    return status;
}

int ik_explain_verb(int argc, char **argv)
{
    struct explain_opt o = {.lang = IK_EXPLAIN_EN};
    struct ik_opt_args *args = calloc(1, sizeof *args);
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    int status = 2;
    if (!args || !operands) {
        ik_run_say("explain", "%s", ik_lang_err(IK_E_NOMEM));
    } else {
        args->operands = operands;
        if (ik_opt_parse(&ik_explain_spec, argc, argv, &o, args))
            status = run(&o, args, argv);
        else
            ik_run_say("explain", "%s", args->error);
    }
    free(operands);
    free(args);
    return status;
}
