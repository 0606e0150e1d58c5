/* SPDX-License-Identifier: MIT */
#include "dump.h"

#include <stdarg.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------- */

#define AT(member) .at = offsetof(struct ik_dump_opt, member)

static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING, .help = N_("Where packets come from:")},
    {'i', "interface", IK_OPT_STRING, AT(interface), "NAME",
     N_("this interface, any for all of them"), .excludes = "r follow"},
    {'r', "read", IK_OPT_STRING, AT(read), "FILE",
     N_("a capture file, pcap or pcapng, also packed by gzip; - is\nstandard input")},
    {0, "follow", IK_OPT_FLAG, AT(follow), .help = N_("go on where the file grows")},
    {'D', "list-interfaces", IK_OPT_FLAG, AT(list), .help = N_("list the interfaces")},
    {'c', "count", IK_OPT_INT, AT(count), "N", N_("end after N packets that were wanted"), 1,
     INT64_MAX},
    {'s', "snapshot-length", IK_OPT_INT, AT(snap), "N",
     N_("look at the first N bytes of each frame, 0 all of it (0)"), 0, 262144},
    {'p', "no-promiscuous-mode", IK_OPT_FLAG, AT(no_promiscuous),
     .help = N_("only what is for this machine"), .excludes = "r"},
    {'B', "buffer-size", IK_OPT_INT, AT(buffer_kib), "KIB", N_("buffer of the capture"), 1, 4194304,
     .excludes = "r"},
    {0, "only", IK_OPT_LIST, AT(only), "TYPE[/CODE]",
     N_("messages of this type only, as explain takes it: 3/3,\nv6:1/4, redirect; several times: "
        "any of them")},
    {.kind = IK_OPT_HEADING, .help = N_("What to print:")},
    {'v', "verbose", IK_OPT_COUNT, AT(verbose),
     .help = N_("the IP header, and what the message means")},
    {'V', "tree", IK_OPT_FLAG, AT(tree), .help = N_("every field with its bytes, as a tree"),
     .excludes = "json q"},
    {'x', "hex", IK_OPT_COUNT, AT(hex),
     .help = N_("the bytes, those with a flaw marked; twice: the link\nlayers too"),
     .excludes = "json"},
    {'X', "hex-ascii", IK_OPT_COUNT, AT(ascii), .help = N_("the same, and as ASCII"),
     .excludes = "json"},
    {'e', "link-layer", IK_OPT_FLAG, AT(link), .help = N_("the layers around the IP packet")},
    {'q', "quiet", IK_OPT_FLAG, AT(quick), .help = N_("no more than tcpdump says")},
    {'t', "stamps", IK_OPT_COUNT, AT(stamps),
     .help =
         N_("no time; -tt seconds since 1970, -ttt since the line before,\n-tttt with the date, "
            "-ttttt since the first line")},
    {0, "nano", IK_OPT_FLAG, AT(nano), .help = N_("time to the nanosecond")},
    {0, "utc", IK_OPT_FLAG, AT(utc), .help = N_("time of day in UTC, not local")},
    {'#', "number", IK_OPT_FLAG, AT(number),
     .help = N_("the number of the frame at the head of the line")},
    {'n', "numeric", IK_OPT_COUNT, AT(numeric),
     .help = N_("addresses as numbers, which they are anyway: no name is\never looked up")},
    {0, "json", IK_OPT_FLAG, AT(json), .help = N_("a JSON object a line")},
    {0, "summary", IK_OPT_FLAG, AT(summary), .help = N_("totals at the end instead of packets")},
    IK_LANG_OPTION(struct ik_dump_opt, lang),
    {.kind = IK_OPT_HEADING, .help = N_("What to keep:")},
    {'w', "write", IK_OPT_STRING, AT(write), "FILE",
     N_("write packets to a pcapng file, their partners and flaws\nas comments; - is standard "
        "output")},
    {0, "print", IK_OPT_FLAG, AT(print), .help = N_("with -w: print them too")},
    {'C', "rotate-size", IK_OPT_INT, AT(rotate_mb), "MB",
     N_("another file after so many million bytes"), 1, INT32_MAX},
    {'G', "rotate-time", IK_OPT_INT, AT(rotate_s), "S",
     N_("another file after so many seconds; FILE is a form of\nstrftime(3)"), 1, INT32_MAX},
    {'W', "rotate-files", IK_OPT_INT, AT(rotate_files), "N",
     N_("with -C N files in turn, with -G end after N files"), 1, 1000000},
    {'U', "packet-buffered", IK_OPT_FLAG, AT(packet_buffered),
     .help = N_("write each packet at once")},
    {'l', "line-buffered", IK_OPT_FLAG, AT(line_buffered), .help = N_("print each line at once")},
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {0, "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

const struct ik_opt_spec ik_dump_spec = {
    .verb = "dump",
    .synopsis = N_("[-i NAME | -r FILE] [OPTION]... [FILTER]"),
    .intro = N_("ICMP packets of an interface or a capture file, with what they answer, what they "
                "quote and what is wrong with them. FILTER is an expression of pcap-filter(7)."),
    .options = options,
    .n = sizeof options / sizeof *options,
    .outro = N_("Exit status: 0 all was read, 1 the file is damaged, 2 an error. icmp-dump(1) has "
                "it all."),
};

_Static_assert(sizeof options / sizeof *options <= IK_OPT_MAX, "a parse remembers each option");

/* ---- understanding --------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool fail(struct ik_dump_plan *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->args.error, sizeof p->args.error, fmt, ap);
    va_end(ap);
    /* What was typed may hold what a terminal obeys. */
    for (char *c = p->args.error; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return false;
}

static bool add_only(struct ik_dump_plan *p, uint8_t family, uint8_t type, int code)
{
    if (p->n_only == IK_DUMP_ONLY_MAX)
        return fail(p, _("too many types for --only: at most %d"), IK_DUMP_ONLY_MAX);
    p->only[p->n_only++] =
        (struct ik_dump_only){.family = family, .type = type, .code = (int16_t)code};
    return true;
}

/* "3", "3/3", "v6:1/4": also numbers that have no name. */
static bool read_numbers(const char *text, uint8_t *family, uint8_t *type, int *code)
{
    char part[8];
    int64_t n;
    *family = 0;
    *code = -1;
    if ((text[0] == 'v' || text[0] == 'V') && (text[1] == '4' || text[1] == '6') &&
        text[2] == ':') {
        *family = (uint8_t)(text[1] - '0');
        text += 3;
    }
    const char *slash = strchr(text, '/');
    const size_t len = slash ? (size_t)(slash - text) : strlen(text);
    if (len == 0 || len >= sizeof part)
        return false;
    memcpy(part, text, len);
    part[len] = 0;
    if (!ik_opt_int(part, false, 0, 255, &n))
        return false;
    *type = (uint8_t)n;
    if (slash && !ik_opt_int(slash + 1, false, 0, 255, &n))
        return false;
    if (slash)
        *code = (int)n;
    /* Without a family they are IPv4's where that has the type. */
    if (!*family)
        *family = !ik_explain_get(4, *type, -1) && ik_explain_get(6, *type, -1) ? 6 : 4;
    return true;
}

static bool read_only(struct ik_dump_plan *p, const char *text)
{
    const struct ik_explain *found[IK_DUMP_ONLY_MAX];
    uint8_t family, type;
    int code;
    if (read_numbers(text, &family, &type, &code))
        return add_only(p, family, type, code);
    const size_t n = ik_explain_find(text, found, IK_DUMP_ONLY_MAX);
    bool any = false;
    for (size_t i = 0; i < n && i < IK_DUMP_ONLY_MAX; i++) {
        if (found[i]->family && !add_only(p, found[i]->family, found[i]->type, found[i]->code))
            return false;
        any = any || found[i]->family;
    }
    if (any)
        return true;
    const char *near;
    if (ik_explain_near(text, &near, 1))
        return fail(p, _("unknown type '%s' for --only; did you mean '%s'?"), text, near);
    return fail(p, _("unknown type '%s' for --only: must be TYPE, TYPE/CODE, v6:TYPE or a name"),
                text);
}

bool ik_dump_only_match(const struct ik_dump_plan *plan, const struct ik_look_packet *p)
{
    for (size_t i = 0; i < plan->n_only; i++) {
        const struct ik_dump_only *o = &plan->only[i];
        if (p->has_icmp && o->family == p->icmp.family && o->type == p->icmp.type &&
            (o->code < 0 || o->code == p->icmp.code))
            return true;
    }
    return plan->n_only == 0;
}

static bool join_filter(struct ik_dump_plan *p)
{
    size_t used = 0;
    for (int i = 0; i < p->args.n; i++) {
        const size_t n = strlen(p->args.operands[i]);
        if (used + n + 2 > sizeof p->filter)
            return fail(p, _("the filter is too long: at most %d bytes"), IK_DUMP_FILTER - 2);
        if (used)
            p->filter[used++] = ' ';
        memcpy(p->filter + used, p->args.operands[i], n);
        used += n;
    }
    p->filter[used] = 0;
    return true;
}

static bool check_files(struct ik_dump_plan *p)
{
    const struct ik_dump_opt *o = &p->opt;
    if (o->follow && !o->read)
        return fail(p, _("--follow is for a file: add -r FILE"));
    if (!o->write && (o->rotate_mb || o->rotate_s || o->packet_buffered || o->print))
        return fail(p, _("-C, -G, -U and --print are for a file to write: add -w FILE"));
    if (o->rotate_files && !o->rotate_mb && !o->rotate_s)
        return fail(p, _("-W counts the files of -C or -G: add one of them"));
    if (o->write && !strcmp(o->write, "-") && (o->rotate_mb || o->rotate_s))
        return fail(p, _("standard output cannot be rotated: give -w a file"));
    if (o->write && !strcmp(o->write, "-") && (o->print || o->json || o->summary))
        return fail(p, _("packets and text cannot both go to standard output: give -w a file"));
    return true;
}

static void settle(struct ik_dump_plan *p)
{
    const struct ik_dump_opt *o = &p->opt;
    p->style = (struct ik_dump_style){.quick = o->quick,
                                      .number = o->number,
                                      .link = o->link,
                                      .interface = o->interface && !strcmp(o->interface, "any"),
                                      .verbose = o->verbose};
    p->text = !o->json && !o->summary && (!o->write || o->print);
}

bool ik_dump_opt_read(struct ik_dump_plan *plan, int argc, char *const *argv, const char **operands)
{
    *plan = (struct ik_dump_plan){.args.operands = operands};
    if (!ik_opt_parse(&ik_dump_spec, argc, argv, &plan->opt, &plan->args))
        return false;
    struct ik_dump_opt *o = &plan->opt;
    if (o->help || o->version || o->list)
        return true;
    if (o->stamps > 5)
        return fail(plan, _("-t can be given up to five times"));
    for (int i = 0; i < o->only.n; i++) {
        if (!read_only(plan, o->only.items[i]))
            return false;
    }
    settle(plan);
    plan->style.lang = ik_lang_wanted(argv);
    return check_files(plan) && join_filter(plan);
}
