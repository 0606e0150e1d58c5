/* SPDX-License-Identifier: MIT */
#include "trace.h"

#include <stdarg.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------------- */

#define AT(member) .at = offsetof(struct ik_trace_opt, member)

/* In the order of enum ik_trace_method, then traceroute's name of the first. */
static const char *const methods[] = {"udp", "icmp", "tcp", "default", NULL};

static const struct ik_opt options[] = {
    {.kind = IK_OPT_HEADING, .help = N_("What to send:")},
    {'I', "icmp", IK_OPT_FLAG, AT(icmp), .help = N_("ICMP echo requests"), .excludes = "T U M"},
    {'T', "tcp", IK_OPT_FLAG, AT(tcp), .help = N_("TCP SYN, to port 80"),
     .excludes = "I U M classic"},
    {'U', "udp", IK_OPT_FLAG, AT(udp), .help = N_("UDP to port 53 (without: UDP to port 33434)"),
     .excludes = "I T M"},
    {'M', "method", IK_OPT_CHOICE, AT(method), "METHOD", N_("udp, icmp, tcp or default"),
     .choices = methods},
    {'p', "port", IK_OPT_INT, AT(port), "PORT",
     N_("destination port; with -I the first sequence number\nof --classic"), 1, 65535},
    {0, "sport", IK_OPT_INT, AT(sport), "PORT", N_("source port"), 1, 65535, .excludes = "I"},
    {0, "classic", IK_OPT_FLAG, AT(classic),
     .help =
         N_("count the port (with -I the sequence) up by one a\nprobe, as of old: every probe is "
            "a flow of its own")},
    {'q', "queries", IK_OPT_INT, AT(queries), "N", N_("probes a hop (3)"), 1, IK_TRACE_QUERIES_MAX},
    {'F', "dont-fragment", IK_OPT_FLAG, AT(dont_fragment), .help = N_("do not fragment probes")},
    {'t', "tos", IK_OPT_NUMBER, AT(tclass), "TOS", N_("type of service, traffic class"), 0, 255},
    {'l', "flowlabel", IK_OPT_NUMBER, AT(flow_label), "LABEL", N_("IPv6 flow label"), 0, 0xfffff},
    {.kind = IK_OPT_HEADING, .help = N_("Where to:")},
    {'4', "ipv4", IK_OPT_FLAG, AT(v4), .help = N_("IPv4 only"), .excludes = "6 l"},
    {'6', "ipv6", IK_OPT_FLAG, AT(v6), .help = N_("IPv6 only")},
    {'i', "interface", IK_OPT_STRING, AT(interface), "NAME", N_("through this interface")},
    {'s', "source", IK_OPT_STRING, AT(source), "ADDRESS", N_("from this address")},
    {'r', "direct", IK_OPT_FLAG, AT(direct), .help = N_("not through a router")},
    {0, "fwmark", IK_OPT_NUMBER, AT(mark), "MARK", N_("firewall mark"), 0, UINT32_MAX},
    {'d', "debug", IK_OPT_FLAG, AT(debug), .help = "SO_DEBUG"},
    {.kind = IK_OPT_HEADING, .help = N_("How far, how fast:")},
    {'f', "first", IK_OPT_INT, AT(first), "TTL", N_("begin at this hop (1)"), 1, 255},
    {'m', "max-hops", IK_OPT_INT, AT(max), "TTL", N_("end at this hop (30)"), 1, 255},
    {0, "max-silent", IK_OPT_INT, AT(max_silent), "N",
     N_("stop after N silent hops in a row (12), 0 never"), 0, 255},
    {'N', "sim-queries", IK_OPT_INT, AT(in_flight), "N", N_("probes in flight together (16)"), 0,
     4096},
    {'z', "sendwait", IK_OPT_STRING, AT(gap), "TIME",
     N_("between two probes: seconds, above 10 milliseconds (0)")},
    {'w', "wait", IK_OPT_STRING, AT(wait), "MAX[,HERE,NEAR]",
     N_("wait MAX seconds for an answer, HERE times a round trip\nof the same hop, NEAR times one "
        "of "
        "a later hop (5,3,10)")},
    IK_RUNLAB_OPTIONS(struct ik_trace_opt, lab),
    {.kind = IK_OPT_HEADING, .help = N_("What to print:")},
    {'n', "numeric", IK_OPT_FLAG, AT(numeric), .help = N_("no names of those who answer")},
    {'e', "extensions", IK_OPT_FLAG, AT(extensions),
     .help = N_("MPLS labels, interfaces and other RFC 4884 objects")},
    {0, "lenient", IK_OPT_FLAG, AT(lenient),
     .help = N_("objects also where routers do not say their place")},
    {0, "json", IK_OPT_FLAG, AT(json), .help = N_("a JSON object a line")},
    IK_LANG_OPTION(struct ik_trace_opt, lang),
    {0, "help", IK_OPT_FLAG, AT(help), .help = N_("this")},
    {'V', "version", IK_OPT_FLAG, AT(version), .help = N_("the version")},
};

const struct ik_opt_spec ik_trace_spec = {
    .verb = "trace",
    .synopsis = N_("[OPTION]... TARGET... [BYTES]"),
    .intro =
        N_("The path to one or many targets, with all probes of a target as one flow. BYTES is "
           "the length of a whole probe."),
    .options = options,
    .n = sizeof options / sizeof *options,
    .outro = N_("Exit status: 0 every target was reached, 1 one was not, 2 an error. icmp-trace(1) "
                "has it all."),
};

_Static_assert(sizeof options / sizeof *options <= IK_OPT_MAX, "a parse remembers each option");

/* ---- understanding --------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static bool fail(struct ik_trace_plan *p, const char *fmt,
                                                       ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->args.error, sizeof p->args.error, fmt, ap);
    va_end(ap);
    return false;
}

static bool given(const struct ik_trace_plan *p, const char *name)
{
    return ik_opt_given(&ik_trace_spec, &p->args, name);
}

/* One part of -w: up to a comma or slash, or the end; *text moves behind it. */
static bool read_part(const char **text, ik_ns max, ik_ns *out)
{
    char part[32];
    const size_t n = strcspn(*text, ",/");
    if (n >= sizeof part)
        return false;
    memcpy(part, *text, n);
    part[n] = 0;
    *text += n + ((*text)[n] != 0);
    return ik_opt_seconds(part, 0, max, out);
}

/* MAX alone switches the other two off, as in traceroute. */
static bool read_wait(struct ik_trace_plan *p)
{
    enum { FACTOR_MAX = 1000 };
    const char *at = p->opt.wait;
    ik_ns parts[3] = {0};
    size_t n = 0;
    bool ok = true;
    do
        ok = n < 3 && read_part(&at, n ? FACTOR_MAX * IK_NS_PER_S : 86400 * IK_NS_PER_S, &parts[n]);
    while (ok && ++n && *at);
    if (!ok || parts[0] < IK_NS_PER_MS)
        return fail(p, _("bad '%s' for '-w': must be MAX[,HERE,NEAR], MAX in seconds from 0.001"),
                    p->opt.wait);
    p->cfg.timeout = parts[0];
    p->cfg.here_percent = (uint32_t)(parts[1] / (IK_NS_PER_S / 100));
    p->cfg.near_percent = (uint32_t)(parts[2] / (IK_NS_PER_S / 100));
    return true;
}

/* Above 10 the number is milliseconds (traceroute). */
static bool read_gap(struct ik_trace_plan *p)
{
    ik_ns v;
    if (!ik_opt_seconds(p->opt.gap, 0, 86400 * IK_NS_PER_S, &v))
        return fail(p, _("bad TIME '%s' for '-z': must be seconds, or milliseconds above 10"),
                    p->opt.gap);
    p->cfg.gap = v > 10 * IK_NS_PER_S ? v / 1000 : v;
    return true;
}

static bool read_source(struct ik_trace_plan *p)
{
    if (p->opt.interface && ik_iface_index(p->opt.interface, &p->ifindex))
        return fail(p, _("no interface '%s'; 'ip link' lists them"), p->opt.interface);
    if (!p->opt.source)
        return true;
    if (ik_addr_parse(p->opt.source, &p->source))
        return fail(p, _("bad source address '%s': must be an IPv4 or IPv6 address"),
                    p->opt.source);
    if (p->source.family == 6 && ik_addr_is_link_local(&p->source))
        p->source.scope = p->ifindex;
    return true;
}

static bool set_family(struct ik_trace_plan *p, uint8_t family, const char *because)
{
    if (p->family && p->family != family)
        return fail(p, _("%s is for IPv%d only, which contradicts another option"),
                    ik_lang_text(because), family);
    p->family = family;
    return true;
}

static bool settle_family(struct ik_trace_plan *p)
{
    return (!p->opt.v4 || set_family(p, 4, "-4")) && (!p->opt.v6 || set_family(p, 6, "-6")) &&
           (p->opt.flow_label < 0 || set_family(p, 6, "-l")) &&
           (!p->source.family || set_family(p, p->source.family, N_("the source address")));
}

static bool settle_method(struct ik_trace_plan *p)
{
    const bool named = p->opt.method >= 0 && p->opt.method <= IK_TRACE_TCP;
    p->cfg.method = p->opt.icmp  ? IK_TRACE_ICMP
                    : p->opt.tcp ? IK_TRACE_TCP
                    : named      ? (enum ik_trace_method)p->opt.method
                                 : IK_TRACE_UDP;
    p->cfg.classic = p->opt.classic;
    const bool icmp = p->cfg.method == IK_TRACE_ICMP, tcp = p->cfg.method == IK_TRACE_TCP;
    if (tcp && p->opt.classic)
        return fail(p, _("--classic is for UDP and ICMP: a TCP trace needs its ports"));
    if (icmp && p->opt.sport >= 0)
        return fail(p, _("--sport is for UDP and TCP: ICMP has no ports"));
    if (icmp && p->opt.port >= 0 && !p->opt.classic)
        return fail(p, _("-p with ICMP is the first sequence number of --classic: add that"));
    const bool plain_udp = p->cfg.method == IK_TRACE_UDP && (p->opt.udp || p->opt.method == 0);
    p->cfg.dport = p->opt.port >= 0 ? (uint16_t)p->opt.port
                   : tcp            ? 80
                   : icmp           ? 1
                   : plain_udp      ? 53
                                    : 33434;
    p->raw_for = tcp ? "TCP (-T)" : p->opt.lenient ? "--lenient" : NULL;
    return true;
}

/* A plain number after a target is the length of probes, as in traceroute. */
static bool take_bytes(struct ik_trace_plan *p)
{
    if (p->args.n < 2)
        return true;
    const char *last = p->args.operands[p->args.n - 1];
    if (last[strspn(last, "0123456789")])
        return true;
    int64_t bytes;
    if (!ik_opt_int(last, false, 1, IK_TRACE_PACKET_MAX, &bytes))
        return fail(p, _("bad length '%s': must be 1 to %d bytes"), last, IK_TRACE_PACKET_MAX);
    if (p->cfg.method == IK_TRACE_TCP)
        return fail(p, _("a TCP probe has no length to choose: leave out '%s'"), last);
    enum { ALWAYS_WHOLE = 1280 };
    p->args.n--;
    p->cfg.packet_bytes = (uint32_t)bytes;
    p->datagram = bytes > ALWAYS_WHOLE && !p->opt.dont_fragment && !p->raw_for;
    return true;
}

static bool settle_range(struct ik_trace_plan *p)
{
    if (p->opt.first > p->opt.max)
        return fail(p, _("the first hop %d is beyond the last %d: lower -f or raise -m"),
                    (int)p->opt.first, (int)p->opt.max);
    p->cfg.first_ttl = (uint8_t)p->opt.first;
    p->cfg.max_ttl = (uint8_t)p->opt.max;
    p->cfg.queries = (uint32_t)p->opt.queries;
    p->cfg.in_flight = p->opt.in_flight ? (uint32_t)p->opt.in_flight : 1; /* 0: as traceroute */
    p->cfg.max_silent = (uint32_t)p->opt.max_silent;
    p->cfg.sport = p->opt.sport < 0 ? 0 : (uint16_t)p->opt.sport;
    p->cfg.tclass = (int)p->opt.tclass;
    p->cfg.flow_label = p->opt.flow_label < 0 ? 0 : (uint32_t)p->opt.flow_label;
    p->cfg.dont_fragment = p->opt.dont_fragment;
    p->cfg.lenient_ext = p->opt.lenient;
    const int64_t last = p->cfg.dport + (p->opt.max - p->opt.first + 1) * p->opt.queries - 1;
    if (p->cfg.classic && last > 65535)
        return fail(p, _("--classic would count up to %d, beyond 65535: lower -p, -m or -q"),
                    (int)last);
    return true;
}

static void set_defaults(struct ik_trace_plan *p)
{
    p->opt = (struct ik_trace_opt){.method = -1,
                                   .first = 1,
                                   .max = 30,
                                   .queries = 3,
                                   .in_flight = 16,
                                   .max_silent = 12,
                                   .port = -1,
                                   .sport = -1,
                                   .tclass = -1,
                                   .flow_label = -1,
                                   .mark = -1,
                                   .lab.seed = -1};
    p->cfg = (struct ik_trace_cfg){
        .timeout = 5 * IK_NS_PER_S, .here_percent = 300, .near_percent = 1000};
}

bool ik_trace_opt_read(struct ik_trace_plan *p, int argc, char *const *argv, const char **operands)
{
    *p = (struct ik_trace_plan){.ifindex = 0};
    p->args.operands = operands;
    set_defaults(p);
    if (!ik_opt_parse(&ik_trace_spec, argc, argv, &p->opt, &p->args))
        return false;
    if (p->opt.help || p->opt.version)
        return true;
    if (!ik_runlab_check(&p->opt.lab, &ik_trace_spec, &p->args, "i r fwmark d", p->args.error,
                         sizeof p->args.error))
        return false;
    if (given(p, "w") && !read_wait(p))
        return false;
    if (given(p, "z") && !read_gap(p))
        return false;
    if (!read_source(p) || !settle_family(p) || !settle_method(p) || !take_bytes(p) ||
        !settle_range(p))
        return false;
    if (p->args.n > IK_TRACE_TARGETS_MAX)
        return fail(p, _("%d targets: at most %d in a run"), p->args.n, IK_TRACE_TARGETS_MAX);
    return p->args.n > 0 || fail(p, _("no target: give a name or an address"));
}
