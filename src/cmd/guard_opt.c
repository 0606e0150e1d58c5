/* SPDX-License-Identifier: MIT */
#include "guard.h"

#include <stdarg.h>
#include <string.h>

#define AT(member) .at = offsetof(struct ik_guard_opt, member)
#define RUN_MAX (INT64_C(1000000000) * IK_NS_PER_S)

static const char *const enforcers[] = {"none", "nft", "xdp", NULL};
static const char *const on_exits[] = {"remove", "expire", NULL};
static const char *const formats[] = {"text", "json", "eve", NULL};

static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING, .help = N_("Where packets come from:")},
    {'i', "interface", IK_OPT_STRING, AT(interface), "NAME",
     N_("this interface, any for all of them"), .excludes = "r lab"},
    {'r', "read", IK_OPT_STRING, AT(read), "FILE",
     N_("a capture file, pcap or pcapng, also packed by gzip; - is\nstandard input"),
     .excludes = "lab"},
    {0, "lab", IK_OPT_STRING, AT(lab.lab), "FILE|NAME",
     N_("what passes the vantage of a lab file, in virtual time,\nuntil its traffic is over")},
    {0, "seed", IK_OPT_NUMBER, AT(lab.seed), "N", N_("another seed than the lab's"), 0, INT64_MAX},
    {'p', "no-promiscuous-mode", IK_OPT_FLAG, AT(no_promiscuous),
     .help = N_("only what is for this machine"), .excludes = "r lab"},
    {0, "for", IK_OPT_SECONDS, AT(run_for), "TIME",
     N_("end after that many seconds of the source's time"), 1, RUN_MAX},
    {.kind = IK_OPT_HEADING, .help = N_("What to go by:")},
    {0, "home", IK_OPT_LIST, AT(home), "NET",
     N_("what is ours: a network or an address; several times\n(the configuration's, else the "
        "machine's or the vantage's)")},
    {0, "config", IK_OPT_STRING, AT(config), "FILE",
     N_("thresholds, what to leave alone, and more, in YAML;\nread again at SIGHUP")},
    {.kind = IK_OPT_HEADING, .help = N_("What to print and keep:")},
    {0, "json", IK_OPT_FLAG, AT(json), .help = N_("a JSON object a line"), .excludes = "format"},
    {0, "format", IK_OPT_CHOICE, AT(format), "FORMAT",
     N_("text, json, or eve: alert events as Suricata has them"), .choices = formats},
    {0, "pcapng", IK_OPT_STRING, AT(pcapng), "FILE",
     N_("keep the packets that prove findings, with the finding as\ncomment")},
    {.kind = IK_OPT_HEADING, .help = N_("What to do about it:")},
    {0, "enforce", IK_OPT_CHOICE, AT(enforce), "WITH",
     N_("limit or drop what was found: nft, by nftables; xdp, by a\nprogram at one interface, for "
        "hosts; none (needs root)"),
     .choices = enforcers},
    {0, "dry-run", IK_OPT_FLAG, AT(dry_run),
     .help = N_("say what --enforce would do, and do nothing")},
    {0, "on-exit", IK_OPT_CHOICE, AT(on_exit), "HOW",
     N_("remove: what was installed goes at the end, also if it is\nkilled; expire: it stays "
        "until its time is up"),
     .choices = on_exits},
    {0, "control", IK_OPT_STRING, AT(control), "PATH",
     N_("let guard list, unban and status ask here, or none\n(/run/icmpkit/guard.sock)"),
     .excludes = "r"},
    {.kind = IK_OPT_HEADING, .help = N_("Others:")},
    IK_LANG_OPTION(struct ik_guard_opt, lang),
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {0, "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

const struct ik_opt_spec ik_guard_spec = {
    .verb = "guard",
    .synopsis = N_("-i NAME | -r FILE | --lab FILE [OPTION]..."),
    .intro =
        N_("Which ICMP is an attack, a leak or a mistake, how that is known, and which rule would "
           "stop it.\nNothing is blocked unless --enforce asks for it."),
    .options = options,
    .n = sizeof options / sizeof *options,
    .outro = N_("Exit status: 0 nothing of medium severity or more was found, 1 it was, 2 an "
                "error, or not all could be read.\n'icmp guard policy --help': rules for a "
                "firewall. icmp-guard(1) has it all."),
};

_Static_assert(sizeof options / sizeof *options <= IK_OPT_MAX, "a parse remembers each option");

__attribute__((format(printf, 2, 3))) static bool fail(struct ik_opt_args *args, const char *fmt,
                                                       ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(args->error, sizeof args->error, fmt, ap);
    va_end(ap);
    /* What was typed may hold what a terminal obeys. */
    for (char *c = args->error; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return false;
}

bool ik_guard_opt_read(struct ik_guard_opt *o, struct ik_opt_args *args, int argc,
                       char *const *argv, const char **operands)
{
    *o = (struct ik_guard_opt){.run_for = IK_NEVER, .lab.seed = -1};
    args->operands = operands;
    if (!ik_opt_parse(&ik_guard_spec, argc, argv, o, args))
        return false;
    if (o->help || o->version)
        return true;
    if (args->n)
        return fail(args, _("'%s' is no option: a file is -r FILE, an interface -i NAME"),
                    args->operands[0]);
    if (!o->interface && !o->read && !o->lab.lab && !o->config)
        return fail(args, _("what to look at? A capture file: icmp guard -r FILE; an interface: "
                            "icmp guard -i NAME"));
    if (o->lab.seed >= 0 && !o->lab.lab)
        return fail(args, _("--seed is for labs: add --lab FILE"));
    if (o->on_exit && o->enforce == IK_GUARD_NONE && !o->dry_run)
        return fail(args, _("--on-exit is for what --enforce installs: add --enforce nft or xdp"));
    if (o->dry_run && o->format == IK_GUARD_EVE)
        return fail(args, _("eve has no event for what --dry-run says: use --format text or json"));
    if (o->json)
        o->format = IK_GUARD_JSON;
    if (o->dry_run && o->enforce == IK_GUARD_NONE)
        o->enforce = IK_GUARD_NFT;
    if ((o->read || o->lab.lab) && o->enforce != IK_GUARD_NONE && !o->dry_run)
        return fail(args, _("--enforce is for an interface: --dry-run shows what it would do"));
    if (o->pcapng && !strcmp(o->pcapng, "-"))
        return fail(args, _("findings go to standard output: give --pcapng a file"));
    return true;
}
