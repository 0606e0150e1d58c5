/* SPDX-License-Identifier: MIT */
#include "ping.h"

#include <stdarg.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------- */

#define AT(member) .at = offsetof(struct ik_ping_opt, member)
#define DAYS_24 (2147483 * IK_NS_PER_S) /* iputils' bound: milliseconds in an int */

static const char *const stamps[] = {"tsonly", "tsandaddr", "tsprespec", NULL};
static const char *const discoveries[] = {"do", "dont", "want", "probe", NULL};

static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING, .help = N_("What to send:")},
    {'c', "count", IK_OPT_INT, AT(count), "COUNT", N_("stop after COUNT probes to each target"), 1,
     INT64_MAX},
    {'i', "interval", IK_OPT_SECONDS, AT(interval), "SECONDS",
     N_("between two probes to a target (1)"), 0, DAYS_24},
    {'l', "preload", IK_OPT_INT, AT(preload), "COUNT", N_("send COUNT probes without waiting"), 1,
     65536},
    {'f', "flood", IK_OPT_FLAG, AT(flood), .help = N_("as fast as answers come; a dot a probe")},
    {'A', "adaptive", IK_OPT_FLAG, AT(adaptive), .help = N_("the next probe when answered")},
    {'s', "size", IK_OPT_INT, AT(size), "BYTES", N_("data bytes in a probe (56)"), 0,
     IK_PING_SIZE_MAX},
    {'p', "pattern", IK_OPT_STRING, AT(pattern), "HEX", N_("fill with these bytes, at most 16"),
     .excludes = "timestamp N"},
    {'e', "identifier", IK_OPT_INT, AT(ident), "NUMBER", N_("the identifier of the probes"), 0,
     65535},
    {0, "timestamp", IK_OPT_FLAG, AT(timestamp),
     .help = N_("timestamp requests (types 13, 14) instead of echo"), .excludes = "6 s N"},
    {'N', "node-info", IK_OPT_LIST, AT(node_info), "WHAT",
     N_("IPv6 node information queries; -N help lists them"), .excludes = "4 s"},
    {.kind = IK_OPT_HEADING, .help = N_("Where to:")},
    {'4', "ipv4", IK_OPT_FLAG, AT(v4), .help = N_("IPv4 only"), .excludes = "6 F"},
    {'6', "ipv6", IK_OPT_FLAG, AT(v6), .help = N_("IPv6 only"), .excludes = "b R T"},
    {0, "all-addresses", IK_OPT_FLAG, AT(all_addresses), .help = N_("every address of a name")},
    {0, "targets", IK_OPT_STRING, AT(targets), "FILE",
     N_("targets from FILE, - is standard input")},
    {'b', "broadcast", IK_OPT_FLAG, AT(broadcast), .help = N_("allow broadcast addresses")},
    {'n', "numeric", IK_OPT_FLAG, AT(numeric), .help = N_("no names of those who answer"),
     .excludes = "H"},
    {'H', "names", IK_OPT_FLAG, AT(names), .help = N_("names also where they are not usual"),
     .excludes = "json"},
    {.kind = IK_OPT_HEADING, .help = N_("How:")},
    {'I', NULL, IK_OPT_LIST, AT(from), "INTERFACE",
     N_("interface or source address, or both in turn")},
    {0, "interface", IK_OPT_STRING, AT(interface), "NAME", N_("interface"), .excludes = "I"},
    {0, "source", IK_OPT_STRING, AT(source), "ADDRESS", N_("source address"), .excludes = "I"},
    {'B', "sticky", IK_OPT_FLAG, AT(sticky), .help = N_("keep the first source address")},
    {'t', "ttl", IK_OPT_INT, AT(ttl), "TTL", N_("time to live, hop limit"), 1, 255},
    {'Q', "tos", IK_OPT_NUMBER, AT(tclass), "TCLASS", N_("type of service, traffic class"), 0, 255},
    {'F', "flow-label", IK_OPT_NUMBER, AT(flow_label), "LABEL", N_("IPv6 flow label"), 0, 0xfffff},
    {'m', "mark", IK_OPT_NUMBER, AT(mark), "MARK", N_("firewall mark"), 0, UINT32_MAX},
    {'M', "pmtudisc", IK_OPT_CHOICE, AT(pmtudisc), "HOW",
     N_("path MTU discovery: do, dont, want, probe"), .choices = discoveries},
    {'r', "direct", IK_OPT_FLAG, AT(direct), .help = N_("not through a router")},
    {'L', "no-loop", IK_OPT_FLAG, AT(no_loop), .help = N_("no copy of multicast to ourselves")},
    {'R', "record-route", IK_OPT_FLAG, AT(record_route), .help = N_("IPv4 record route option"),
     .excludes = "T F"},
    {'T', "ip-timestamp", IK_OPT_CHOICE, AT(ip_timestamp), "WHAT",
     N_("IPv4 timestamp option: tsonly, tsandaddr,\ntsprespec HOP..."), .choices = stamps,
     .excludes = "F"},
    {'C', "connect", IK_OPT_FLAG, AT(connect), .help = N_("connect the socket to the target")},
    {'S', "sndbuf", IK_OPT_INT, AT(sndbuf), "BYTES", N_("send buffer"), 1, INT32_MAX},
    {'d', "debug", IK_OPT_FLAG, AT(debug), .help = "SO_DEBUG"},
    {'U', "user-latency", IK_OPT_FLAG, AT(user_latency),
     .help = N_("time from program to program, not in the kernel")},
    {.kind = IK_OPT_HEADING, .help = N_("Until when:")},
    {'w', "deadline", IK_OPT_SECONDS, AT(deadline), "SECONDS",
     N_("stop then, or after COUNT answers, or an error"), 0, DAYS_24},
    {'W', "timeout", IK_OPT_SECONDS, AT(timeout), "SECONDS",
     N_("wait for an answer (10), 0 without end"), 0, DAYS_24},
    {0, "until", IK_OPT_STRING, AT(until), "up:N|down:N",
     N_("stop after N answers, or losses, in a row")},
    IK_RUNLAB_OPTIONS(struct ik_ping_opt, lab),
    {.kind = IK_OPT_HEADING, .help = N_("What to print:")},
    {'q', "quiet", IK_OPT_FLAG, AT(quiet), .help = N_("only the summary")},
    {'v', "verbose", IK_OPT_COUNT, AT(verbose), .help = N_("identifiers, quoted headers")},
    {'O', "outstanding", IK_OPT_FLAG, AT(outstanding), .help = N_("say what is not answered yet")},
    {'D', "unix-time", IK_OPT_FLAG, AT(unix_time),
     .help = N_("seconds since 1970 before each line"), .excludes = "iso"},
    {0, "iso", IK_OPT_FLAG, AT(iso), .help = N_("date and time before each line")},
    {'a', "audible", IK_OPT_FLAG, AT(audible), .help = N_("ring the bell at answers"),
     .excludes = "json"},
    {'3', "precise", IK_OPT_FLAG, AT(precise), .help = N_("microseconds also in long times")},
    {0, "percentiles", IK_OPT_FLAG, AT(percentiles),
     .help = N_("50th, 90th and 99th in the summary")},
    {0, "json", IK_OPT_FLAG, AT(json), .help = N_("a JSON object a line")},
    IK_LANG_OPTION(struct ik_ping_opt, lang),
    {'h', NULL, IK_OPT_FLAG, AT(usage),
     .help = N_("this on standard error, exit status 2 (iputils)")},
    {'?', NULL, IK_OPT_FLAG, AT(usage), .help = N_("as -h")},
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {'V', "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

const struct ik_opt_spec ik_ping_spec = {
    .verb = "ping",
    .synopsis = N_("[OPTION]... TARGET..."),
    .intro =
        N_("Round trips to one or many targets: names, addresses, prefixes such as 10.0.0.0/28."),
    .options = options,
    .n = sizeof options / sizeof *options,
    .outro =
        N_("Exit status: 0 every target answered, 1 one did not, 2 an error. icmp-ping(1) has it "
           "all."),
};

_Static_assert(sizeof options / sizeof *options <= IK_OPT_MAX, "a parse remembers each option");

/* ---- understanding --------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool fail(struct ik_ping_plan *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->args.error, sizeof p->args.error, fmt, ap);
    va_end(ap);
    return false;
}

static bool given(const struct ik_ping_plan *p, const char *name)
{
    return ik_opt_given(&ik_ping_spec, &p->args, name);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits; the last may be alone and is then a low one. At most 16 bytes, as iputils. */
static bool read_pattern(struct ik_ping_plan *p)
{
    for (const char *at = p->opt.pattern; *at;) {
        int v = hex(*at++);
        if (v >= 0 && *at) {
            const int low = hex(*at++);
            v = low < 0 ? -1 : v << 4 | low;
        }
        if (v < 0)
            return fail(p, _("bad HEX '%s' for '-p': must be hexadecimal digits, such as ff00"),
                        p->opt.pattern);
        if (p->pattern_bytes == sizeof p->pattern)
            return fail(p, _("bad HEX '%s' for '-p': at most 16 bytes, 32 digits"), p->opt.pattern);
        p->pattern[p->pattern_bytes++] = (uint8_t)v;
    }
    return p->pattern_bytes || fail(p, _("'-p' needs at least one hexadecimal digit"));
}

static bool read_until(struct ik_ping_plan *p)
{
    const char *text = p->opt.until;
    const bool up = !strncmp(text, "up:", 3), down = !strncmp(text, "down:", 5);
    int64_t n;
    if ((!up && !down) || !ik_opt_int(text + (up ? 3 : 5), false, 1, IK_ECHO_UNTIL_MAX, &n))
        return fail(p, _("bad '%s' for '--until': must be up:N or down:N, N from 1 to 32767"),
                    text);
    *(up ? &p->until_up : &p->until_down) = (uint32_t)n;
    return true;
}

/* ---- source and interface -------------------------------------------------------------------- */

static bool set_interface(struct ik_ping_plan *p, const char *name)
{
    uint32_t index;
    if (p->interface && strcmp(p->interface, name))
        return fail(p, _("two interfaces, '%s' and '%s': give only one"), p->interface, name);
    if (ik_iface_index(name, &index))
        return fail(p, _("no interface '%s'; 'ip link' lists them"), name);
    p->interface = name;
    return true;
}

/* An address, perhaps with "%interface" behind it. */
static bool set_source(struct ik_ping_plan *p, const char *text)
{
    char addr[IK_ADDR_TEXT];
    const char *zone = strchr(text, '%');
    const size_t n = zone ? (size_t)(zone - text) : strlen(text);
    snprintf(addr, sizeof addr, "%.*s", (int)n, text);
    struct ik_addr a;
    if (n >= sizeof addr || ik_addr_parse(addr, &a))
        return fail(p, _("bad source address '%s': must be an IPv4 or IPv6 address"), text);
    if (p->source.family)
        return fail(p, _("two source addresses: give only one"));
    p->source = a;
    return !zone || set_interface(p, zone + 1);
}

static bool looks_like_address(const char *text)
{
    struct ik_addr a;
    return strchr(text, ':') || !ik_addr_parse(text, &a);
}

static bool read_from(struct ik_ping_plan *p)
{
    for (int i = 0; i < p->opt.from.n; i++) {
        const char *text = p->opt.from.items[i];
        if (!(looks_like_address(text) ? set_source(p, text) : set_interface(p, text)))
            return false;
    }
    if (p->opt.source && !set_source(p, p->opt.source))
        return false;
    if (p->opt.interface && !set_interface(p, p->opt.interface))
        return false;
    if (p->source.family && ik_addr_is_link_local(&p->source) && p->source.family == 6 &&
        p->interface)
        return !ik_iface_index(p->interface, &p->source.scope);
    return true;
}

/* ---- families and limits --------------------------------------------------------------------- */

static bool set_family(struct ik_ping_plan *p, uint8_t family, const char *because)
{
    if (p->family && p->family != family)
        return fail(p, _("%s is for IPv%d only, which contradicts another option"),
                    ik_lang_text(because), family);
    p->family = family;
    return true;
}

static bool settle_family(struct ik_ping_plan *p)
{
    const struct ik_ping_opt *o = &p->opt;
    return (!o->v4 || set_family(p, 4, "-4")) && (!o->v6 || set_family(p, 6, "-6")) &&
           (!o->broadcast || set_family(p, 4, "-b")) &&
           (!o->record_route || set_family(p, 4, "-R")) &&
           (o->ip_timestamp < 0 || set_family(p, 4, "-T")) &&
           (!o->timestamp || set_family(p, 4, "--timestamp")) &&
           (o->flow_label < 0 || set_family(p, 6, "-F")) &&
           (!p->node.wanted || set_family(p, 6, "-N")) &&
           (!p->source.family || set_family(p, p->source.family, N_("the source address")));
}

static bool check_user(struct ik_ping_plan *p)
{
    if (p->root)
        return true;
    const bool flooding = p->opt.flood && !p->interval_given;
    if (flooding || p->opt.interval < IK_PING_USER_INTERVAL)
        return fail(p,
                    _("cannot flood: the least interval for a user is 2 ms, use -i 0.002 or more"));
    if (p->opt.preload > IK_PING_USER_PRELOAD)
        return fail(p, _("cannot preload %lld: at most 3 for a user"), (long long)p->opt.preload);
    return true;
}

static void settle_raw(struct ik_ping_plan *p)
{
    const struct {
        bool wanted;
        const char *name;
    } rows[] = {
        {p->opt.timestamp, "--timestamp"}, {p->node.wanted, "-N"},      {p->opt.record_route, "-R"},
        {p->opt.ip_timestamp >= 0, "-T"},  {p->opt.ident == 0, "-e 0"}, {p->opt.mark >= 0, "-m"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows && !p->raw_for; i++)
        p->raw_for = rows[i].wanted ? rows[i].name : NULL;
}

/* ---- IPv4 options ---------------------------------------------------------------------------- */

enum { OPT_NOP = 1, OPT_RR = 7, OPT_TS = 68, HOPS_MAX = 4 };

static void make_record_route(struct ik_ping_plan *p)
{
    p->ip_options[0] = OPT_NOP;
    p->ip_options[1] = OPT_RR;
    p->ip_options[2] = 39;
    p->ip_options[3] = 4;
    p->ip_options_bytes = 40;
}

/* tsprespec takes the operands before the last as the hops that shall stamp. */
static bool take_hops(struct ik_ping_plan *p)
{
    const int n = p->args.n - 1;
    if (n < 1 || n > HOPS_MAX)
        return fail(p, _("-T tsprespec needs 1 to 4 hops, then the target"));
    for (int i = 0; i < n; i++) {
        struct ik_addr hop;
        if (ik_addr_parse(p->args.operands[i], &hop) || hop.family != 4)
            return fail(p, _("bad hop '%s' for '-T tsprespec': must be an IPv4 address"),
                        p->args.operands[i]);
        memcpy(p->ip_options + 4 + 8 * i, hop.bytes, 4);
    }
    p->args.operands[0] = p->args.operands[n];
    p->args.n = 1;
    p->ip_options[1] = (uint8_t)(4 + 8 * n);
    return true;
}

static bool make_timestamps(struct ik_ping_plan *p)
{
    static const uint8_t flags[] = {0, 1, 3};
    p->ip_options[0] = OPT_TS;
    p->ip_options[1] = p->opt.ip_timestamp == IK_PING_TSONLY ? 40 : 36;
    p->ip_options[2] = 5;
    p->ip_options[3] = flags[p->opt.ip_timestamp];
    if (p->opt.ip_timestamp == IK_PING_TSPRESPEC && !take_hops(p))
        return false;
    p->ip_options_bytes = p->ip_options[1];
    return true;
}

/* ---- all together ---------------------------------------------------------------------------- */

static void set_defaults(struct ik_ping_plan *p)
{
    p->opt = (struct ik_ping_opt){.pmtudisc = -1,
                                  .ip_timestamp = -1,
                                  .flow_label = -1,
                                  .ident = -1,
                                  .mark = -1,
                                  .size = 56,
                                  .preload = 1,
                                  .tclass = -1,
                                  .ttl = -1,
                                  .interval = IK_NS_PER_S,
                                  .timeout = 10 * IK_NS_PER_S,
                                  .lab.seed = -1};
    p->node.qtype = p->node.subject_type = -1;
}

/* Nobody is harmed in a lab, so that users have no limits there. Virtual time passes at once: what
 * would go on until somebody stops it ends by itself. */
static void settle_lab(struct ik_ping_plan *p)
{
    enum { COUNT = 4 };
    p->root = true;
    if (!p->opt.lab.realtime && !p->opt.count && !p->opt.deadline && !p->opt.until)
        p->opt.count = COUNT;
}

static bool read_node(struct ik_ping_plan *p)
{
    for (int i = 0; i < p->opt.node_info.n && !p->node.help; i++) {
        if (!ik_ping_node_option(&p->node, p->opt.node_info.items[i], p->args.error,
                                 sizeof p->args.error))
            return false;
    }
    if (p->node.wanted && p->node.qtype < 0)
        return fail(p, _("-N has a subject but no query: add -N name, ipv6 or ipv4"));
    return true;
}

bool ik_ping_opt_read(struct ik_ping_plan *p, int argc, char *const *argv, const char **operands,
                      bool root)
{
    *p = (struct ik_ping_plan){.root = root};
    p->args.operands = operands;
    set_defaults(p);
    if (!ik_opt_parse(&ik_ping_spec, argc, argv, &p->opt, &p->args))
        return false;
    if (!ik_runlab_check(&p->opt.lab, &ik_ping_spec, &p->args, "I interface B m r L C S d U",
                         p->args.error, sizeof p->args.error))
        return false;
    if (p->opt.lab.lab)
        settle_lab(p);
    p->interval_given = given(p, "i");
    if (p->opt.timeout < IK_NS_PER_MS)
        p->opt.timeout = DAYS_24; /* iputils counts whole milliseconds, and none as no end */
    if (p->opt.help || p->opt.usage || p->opt.version)
        return true;
    if (!read_node(p) || p->node.help)
        return p->node.help;
    if (p->opt.pattern && !read_pattern(p))
        return false;
    if (p->opt.until && !read_until(p))
        return false;
    if (p->opt.record_route)
        make_record_route(p);
    if (p->opt.ip_timestamp >= 0 && !make_timestamps(p))
        return false;
    settle_raw(p);
    return read_from(p) && settle_family(p) && check_user(p);
}
