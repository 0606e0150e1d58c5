/* SPDX-License-Identifier: MIT */
#include "guardpolicy.h"

#include "run.h"

#include <icmpkit/policy.h>
#include <icmpkit/trial.h>
#include <icmpkit/wire.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct options {
    int lang; /* of ik_lang_choices; main.c has obeyed it already */
    int family, role;
    bool check, all, help, version;
    const char *rules, *interface;
};

#define AT(member) .at = offsetof(struct options, member)

static const char *const families[] = {"4", "6", "both", NULL};
static const char *const roles[] = {
#define X(id, name) name,
    IK_POLICY_ROLES(X)
#undef X
        NULL};

static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING, .help = N_("The rules:")},
    {0, "role", IK_OPT_CHOICE, AT(role), "ROLE",
     N_("where the firewall stands: host, router, gateway or bridge (host)"), .choices = roles},
    {0, "family", IK_OPT_CHOICE, AT(family), "4|6|both", N_("of this family alone (both)"),
     .choices = families},
    {.kind = IK_OPT_HEADING, .help = N_("Trying those that are there:")},
    {0, "check", IK_OPT_FLAG, AT(check),
     .help = N_("send every kind of message through the machine's present\nrules, in a namespace, "
                "and say what they break")},
    {0, "rules", IK_OPT_STRING, AT(rules), "FILE",
     N_("with --check: through the rules of this file; - is\nstandard input (needs no privilege)")},
    {0, "interface", IK_OPT_STRING, AT(interface), "NAME",
     N_("with --check: messages come in by the interface of this\nname (that of the default "
        "route)")},
    {0, "all", IK_OPT_FLAG, AT(all),
     .help = N_("with --check: tell those too that are as they should be")},
    {.kind = IK_OPT_HEADING, .help = N_("All:")},
    IK_LANG_OPTION(struct options, lang),
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {0, "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

const struct ik_opt_spec ik_guardpolicy_spec = {
    .verb = "guard policy",
    .synopsis = N_("[--role ROLE] [--family 4|6|both] [--check [--rules FILE]]"),
    .intro = N_("Which ICMP a firewall should let through: an nftables rule set after RFC 4890 and "
                "its IPv4\ncounterpart, each rule with its reason; or, with --check, what the "
                "present rules make of every\nmessage."),
    .options = options,
    .n = sizeof options / sizeof *options,
    .outro = N_("Exit status: 0 nothing is broken, 1 the rules break something, 2 an error. "
                "icmp-guard(1) has it all."),
};

/* ---- the present rules ----------------------------------------------------------------------- */

enum { NAMES = 64, RULES_MAX = 16 << 20, STEP = 65536 };

static char *read_file(const char *path)
{
    FILE *f = !strcmp(path, "-") ? stdin : fopen(path, "re");
    char *text = NULL;
    size_t n = 0, cap = 0;
    while (f && n < RULES_MAX) {
        if (cap - n < STEP + 1) {
            char *more = realloc(text, cap += 4 * STEP);
            if (!more)
                break;
            text = more;
        }
        const size_t got = fread(text + n, 1, STEP, f);
        n += got;
        if (!got)
            break;
    }
    const bool whole = f && text && !ferror(f) && n < RULES_MAX;
    const int err_no = errno;
    if (f && f != stdin)
        fclose(f);
    if (whole) {
        text[n] = 0;
        return text;
    }
    char safe[128];
    const struct ik_rd name = {(const uint8_t *)path, strlen(path)};
    ik_text_escape(name, safe, sizeof safe);
    if (n >= RULES_MAX)
        ik_run_say("guard", _("%s: more than %d MiB of rules"), safe, RULES_MAX >> 20);
    else
        ik_run_say("guard", _("cannot read %s: %s"), safe, strerror(err_no));
    free(text);
    return NULL;
}

/* The first line; it knows the rules as its standard input, and people by the name of their file.
 */
static void say_nft(enum ik_err err, const char *why, const char *file)
{
    static const char input[] = "/dev/stdin:";
    char line[256], safe[128];
    const bool named = file && strcmp(file, "-") != 0 && !strncmp(why, input, sizeof input - 1);
    if (named)
        why += sizeof input - 2;
    const size_t n = strcspn(why, "\n");
    ik_text_escape((struct ik_rd){(const uint8_t *)why, n}, line, sizeof line);
    if (err == IK_E_NOT_FOUND)
        ik_run_say("guard", _("nft(8) is needed: apt install nftables"));
    else if (named)
        ik_run_say(
            "guard", _("nft refused: %s%s"),
            ik_text_escape((struct ik_rd){(const uint8_t *)file, strlen(file)}, safe, sizeof safe),
            line);
    else if (n)
        ik_run_say("guard", _("nft refused: %s"), line);
    else
        ik_run_say("guard", _("nft failed: %s"), ik_lang_err(err));
}

static char *read_machine(void)
{
    static const char *const argv[] = {"nft", "-s", "list", "ruleset", NULL};
    char why[IK_NFT_TEXT], *text = NULL;
    const enum ik_err err = ik_nft_run(argv, (struct ik_rd){(const uint8_t *)"", 0}, &text, why);
    if (!err)
        return text;
    if (ik_priv_is_root())
        say_nft(err, why, NULL);
    else
        ik_run_say("guard", _("the machine's rules are root's to read: sudo icmp guard policy "
                              "--check, or sudo nft list ruleset > FILE and --rules FILE"));
    return NULL;
}

/* ---- the machine's interfaces ---------------------------------------------------------------- */

struct names {
    char text[NAMES][16];
    const char *list[NAMES + 1];
    size_t n;
};

static void add_name(void *ctx, const struct ik_iface *i)
{
    struct names *names = ctx;
    if (i->loopback || names->n == NAMES)
        return;
    memcpy(names->text[names->n], i->name, sizeof i->name);
    names->list[names->n] = names->text[names->n];
    names->n++;
}

/* The interface that strangers come in by: that of the default route. */
static const char *outside(const struct options *o, char buf[static 16])
{
    struct ik_addr far;
    struct ik_route route;
    if (o->interface)
        return o->interface;
    /* Only the kernel's table is asked; nothing is sent. */
    if (!ik_addr_parse("198.51.100.9", &far) && !ik_route_get(&far, NULL, 0, 0, &route) &&
        !ik_iface_name(route.ifindex, buf) && strcmp(buf, "lo") != 0)
        return buf;
    return "eth0";
}

/* Another one, where the machine has it. */
static const char *inside(const struct names *names, const char *outer)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i], outer) != 0)
            return names->list[i];
    return strcmp(outer, "eth1") != 0 ? "eth1" : "eth2";
}

/* ---- telling --------------------------------------------------------------------------------- */

enum fate { RIGHT, BREAKS, LETS_IN, SLOWS, STRICTER, FATES };

/* Codes of one type that share a fate are told in one line. */
struct told {
    const struct options *o;
    unsigned count[FATES], tried;
    bool open;
    struct ik_trial first;
    enum fate fate;
    char codes[128];
    int last_code, run_from;
};

static enum fate fate_of(const struct ik_trial *t)
{
    if (!t->should_pass)
        return t->passed ? LETS_IN : RIGHT;
    if (!t->passed)
        return t->variant == IK_TRIAL_UNKNOWN ? STRICTER : BREAKS;
    return t->slowed ? SLOWS : RIGHT;
}

static const char *fate_text(enum fate f)
{
    switch (f) {
    case BREAKS:
        return _("breaks");
    case LETS_IN:
        return _("lets in");
    case SLOWS:
        return _("slows");
    case STRICTER:
        return _("strict");
    default:
        return _("right");
    }
}

/* "0-3,5": the run that ends at last_code. */
static void add_run(struct told *t)
{
    const size_t used = strlen(t->codes);
    const char *comma = used ? "," : "";
    if (t->run_from == t->last_code)
        snprintf(t->codes + used, sizeof t->codes - used, "%s%d", comma, t->last_code);
    else
        snprintf(t->codes + used, sizeof t->codes - used, "%s%d-%d", comma, t->run_from,
                 t->last_code);
}

static void flush(struct told *t)
{
    const struct ik_trial *f = &t->first;
    char name[64];
    if (!t->open)
        return;
    t->open = false;
    add_run(t);
    const char *type = ik_icmp_type_name(f->family, f->type);
    if (t->last_code == f->code || !type)
        type = ik_icmp_name(f->family, f->type, f->code, name, sizeof name);
    printf("%s  IPv%u %u/%s %s", fate_text(t->fate), f->family, f->type, t->codes, type);
    if (f->variant != IK_TRIAL_PLAIN)
        printf(" %s", ik_lang_text(ik_trial_variant_text(f->variant)));
    printf(", %s: %s\n",
           f->hook == IK_POLICY_LOCAL ? _("to this machine") : _("through this machine"),
           ik_lang_text(f->rule.why));
}

static bool joins(const struct told *t, const struct ik_trial *c, enum fate fate)
{
    const struct ik_trial *f = &t->first;
    return t->open && t->fate == fate && f->family == c->family && f->type == c->type &&
           f->variant == c->variant && f->hook == c->hook && !strcmp(f->rule.why, c->rule.why) &&
           c->code > t->last_code;
}

static void tell(void *ctx, const struct ik_trial *c)
{
    struct told *t = ctx;
    const enum fate fate = fate_of(c);
    t->tried++;
    t->count[fate]++;
    if ((fate == RIGHT || fate == STRICTER) && !t->o->all)
        return;
    if (!joins(t, c, fate)) {
        flush(t);
        t->open = true;
        t->first = *c;
        t->fate = fate;
        t->codes[0] = 0;
        t->run_from = c->code;
    } else if (c->code != t->last_code + 1) {
        add_run(t);
        t->run_from = c->code;
    }
    t->last_code = c->code;
}

static void sum_up(const struct told *t)
{
    printf(_("%u messages tried: %u broken, %u let in that nothing needs, %u as they should be\n"),
           t->tried, t->count[BREAKS], t->count[LETS_IN],
           t->tried - t->count[BREAKS] - t->count[LETS_IN]);
    if (t->count[SLOWS])
        printf(_("%u of them passed only after a second: a limit of rate\n"), t->count[SLOWS]);
    if (t->count[STRICTER])
        printf(_("%u of them, errors about nothing that was sent, are dropped: safe, unless "
                 "packets come back another way than they left (--all names them)\n"),
               t->count[STRICTER]);
}

static int check(const struct options *o)
{
    struct names names = {.n = 0};
    char name[16], why[IK_NFT_TEXT];
    const char *step = "";
    struct told told = {.o = o};
    char *rules = o->rules ? read_file(o->rules) : read_machine();
    if (!rules)
        return 2;
    if (!o->rules && !rules[strspn(rules, " \n")])
        ik_run_say("guard",
                   _("this machine has no rules of nftables; others, of iptables-legacy say, "
                     "are not tried"));
    if (ik_iface_each(add_name, &names))
        names.n = 0;
    const char *outer = outside(o, name);
    const struct ik_trial_cfg cfg = {.role = (enum ik_policy_role)o->role,
                                     .family = o->family == 2   ? 0
                                               : o->family == 1 ? 6
                                                                : 4,
                                     .passage = {.rules = rules,
                                                 .outside = outer,
                                                 .inside = inside(&names, outer),
                                                 .others = names.list}};
    const enum ik_err err = ik_trial_run(&cfg, tell, &told, &step, why);
    free(rules);
    if (err) {
        if (!strcmp(step, "the rules"))
            say_nft(err, why, o->rules);
        else
            ik_run_say("guard", _("cannot make %s to try the rules in: %s"), ik_lang_text(step),
                       ik_lang_err(err));
        return 2;
    }
    flush(&told);
    sum_up(&told);
    const int status = ik_run_printed("guard");
    return status ? status : told.count[BREAKS] ? 1 : 0;
}

/* ---- the verb -------------------------------------------------------------------------------- */

static void put(void *ctx, const char *text, size_t n)
{
    (void)ctx;
    fwrite(text, 1, n, stdout);
}

int ik_guardpolicy(int argc, char **argv)
{
    struct options o = {.family = 2};
    struct ik_opt_args args;
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    if (!operands)
        return 2;
    args.operands = operands;
    const bool read = ik_opt_parse(&ik_guardpolicy_spec, argc, argv, &o, &args);
    const bool wrong = !read || args.n > 0 || (!o.check && (o.rules || o.interface || o.all));
    free(operands);
    if (!read)
        ik_run_say("guard", "%s", args.error);
    else if (args.n > 0)
        ik_run_say("guard", _("guard policy takes no operand; did you mean --role or --family?"));
    else if (wrong)
        ik_run_say("guard", _("--rules, --interface and --all are for --check"));
    if (wrong)
        return 2;
    if (o.help || o.version) {
        if (o.help)
            ik_opt_help(&ik_guardpolicy_spec, stdout);
        else
            printf("icmp (icmpkit) " IK_VERSION "\n");
        return ik_run_printed("guard");
    }
    if (o.check)
        return check(&o);
    ik_policy_nft((enum ik_policy_role)o.role,
                  o.family == 2   ? 0
                  : o.family == 1 ? 6
                                  : 4,
                  put, NULL);
    return ik_run_printed("guard");
}
