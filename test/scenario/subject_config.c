/* SPDX-License-Identifier: MIT */
#include "subject_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void subject_config_init(struct subject_config *c)
{
    *c = (struct subject_config){0};
    c->stack.options = &c->options;
    c->stack.ifaces = c->ifaces;
    c->stack.routes = c->routes;
}

int subject_config_port(const struct subject_config *c, const char *name)
{
    for (int i = 0; i < c->stack.n_ifaces; i++)
        if (!strcmp(c->names[i], name))
            return i;
    return -1;
}

static bool read_number(const char *text, long long *out)
{
    if (!strcmp(text, "never")) {
        *out = IK_NEVER;
        return true;
    }
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 0);
    return !errno && *text && !*end;
}

/* ---- options --------------------------------------------------------------------------------- */

enum shape { FLAG, NOT_FLAG, U8, U16, U32, I32, NS };

static const struct plain {
    const char *name;
    enum shape shape;
    size_t at;
} plains[] = {
#define AT(member) offsetof(struct ik_stack_options, member)
    {"echo", NOT_FLAG, AT(no_echo)},
    {"timestamp", NOT_FLAG, AT(no_timestamp)},
    {"echo-broadcast", FLAG, AT(echo_broadcast)},
    {"echo-multicast6", NOT_FLAG, AT(no_echo_multicast6)},
    {"mask", FLAG, AT(mask)},
    {"mask-learn", FLAG, AT(mask_learn)},
    {"clock-offset", NS, AT(clock_offset)},
    {"silent", FLAG, AT(silent)},
    {"unreachable", NOT_FLAG, AT(no_unreachable)},
    {"time-exceeded", NOT_FLAG, AT(no_time_exceeded)},
    {"prohibited", NOT_FLAG, AT(no_prohibited)},
    {"error-rate", U32, AT(error_rate)},
    {"error-burst", U32, AT(error_burst)},
    {"error-rate-all", U32, AT(error_rate_all)},
    {"error-burst-all", U32, AT(error_burst_all)},
    {"error-unlimited", FLAG, AT(error_unlimited)},
    {"quote-bytes", U16, AT(quote_bytes)},
    {"mpls-hides", FLAG, AT(mpls_hides)},
    {"ifinfo", U8, AT(ifinfo)},
    {"error-tos", U8, AT(error_tos)},
    {"redirects", NOT_FLAG, AT(no_redirects)},
    {"quench-send", FLAG, AT(quench_send)},
    {"quench-obey", FLAG, AT(quench_obey)},
    {"advertise4", FLAG, AT(advertise4)},
    {"advertise6", FLAG, AT(advertise6)},
    {"solicit4", FLAG, AT(solicit4)},
    {"solicit6", FLAG, AT(solicit6)},
    {"advertise-interval", NS, AT(advertise_interval)},
    {"advertise-lifetime", U16, AT(advertise_lifetime)},
    {"preference4", I32, AT(preference4)},
    {"advertise-prefix-bits", U8, AT(advertise_prefix_bits)},
    {"pmtud", NOT_FLAG, AT(no_pmtud)},
    {"pmtu-timeout", NS, AT(pmtu_timeout)},
    {"reassembly4", NS, AT(reassembly4)},
    {"reassembly6", NS, AT(reassembly6)},
    {"reassembly-max", U8, AT(reassembly_max)},
    {"ttl", U8, AT(ttl)},
    {"source-routes", FLAG, AT(source_routes)},
    {"directed-broadcast", FLAG, AT(directed_broadcast)},
    {"forwarding", NOT_FLAG, AT(forwarding_off)},
    {"precedence-cutoff", U8, AT(precedence_cutoff)},
    {"neighbours-max", U16, AT(neighbours_max)},
    {"queue-max", U16, AT(queue_max)},
    {"destinations-max", U16, AT(destinations_max)},
    {"upper", FLAG, AT(upper)},
#undef AT
};

static bool store(unsigned char *at, enum shape shape, const char *text)
{
    if (shape == FLAG || shape == NOT_FLAG) {
        bool on = !strcmp(text, "on");
        *(bool *)at = (shape == FLAG) == on;
        return on || !strcmp(text, "off");
    }
    long long n;
    if (!read_number(text, &n))
        return false;
    switch (shape) {
    case U8:
        *at = (uint8_t)n;
        return n >= 0 && n <= UINT8_MAX;
    case U16:
        memcpy(at, &(uint16_t){(uint16_t)n}, sizeof(uint16_t));
        return n >= 0 && n <= UINT16_MAX;
    case U32:
        memcpy(at, &(uint32_t){(uint32_t)n}, sizeof(uint32_t));
        return n >= 0 && n <= UINT32_MAX;
    case I32:
        memcpy(at, &(int32_t){(int32_t)n}, sizeof(int32_t));
        return n >= INT32_MIN && n <= INT32_MAX;
    default:
        memcpy(at, &(ik_ns){n}, sizeof(ik_ns));
        return true;
    }
}

static bool read_ports(char **words, int n, uint16_t *out, uint16_t *count)
{
    for (int i = 0; i < n; i++) {
        long long port;
        if (*count >= SUBJECT_LIST || !read_number(words[i], &port) || port < 0 ||
            port > UINT16_MAX)
            return false;
        out[(*count)++] = (uint16_t)port;
    }
    return true;
}

static bool read_proto(const char *text, uint8_t *out)
{
    static const struct {
        const char *name;
        uint8_t number;
    } known[] = {{"icmp4", 1}, {"tcp", 6}, {"udp", 17}, {"icmp6", 58}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (!strcmp(text, known[i].name)) {
            *out = known[i].number;
            return true;
        }
    }
    long long n;
    if (!read_number(text, &n) || n < 0 || n > UINT8_MAX)
        return false;
    *out = (uint8_t)n;
    return true;
}

/* A word of a filter rule that has a value after it. */
static bool rule_value(struct ik_stack_filter_rule *r, const char *name, const char *value)
{
    long long n = 0;
    if (!strcmp(name, "from"))
        return ik_prefix_parse(value, &r->src) == IK_OK;
    if (!strcmp(name, "to"))
        return ik_prefix_parse(value, &r->dst) == IK_OK;
    if (!strcmp(name, "proto"))
        return r->has_proto = read_proto(value, &r->proto);
    if (!read_number(value, &n) || n < 0 || n > UINT16_MAX)
        return false;
    if (!strcmp(name, "port"))
        r->port_low = r->port_high = (uint16_t)n;
    else if (!strcmp(name, "type"))
        r->has_type = true, r->type = (uint8_t)n;
    else if (!strcmp(name, "code"))
        r->has_code = true, r->code = (uint8_t)n;
    else if (!strcmp(name, "below"))
        r->precedence_below = (uint8_t)n;
    else if (!strcmp(name, "least"))
        r->precedence_from = (uint8_t)n;
    else if (!strcmp(name, "answer"))
        r->has_reject_code = true, r->reject_code = (uint8_t)n;
    else if (!strcmp(name, "longer"))
        r->longer_than = (uint32_t)n;
    else
        return false;
    return true;
}

/* ACT [forward|in|out] [4|6] [fragments] [NAME VALUE]... */
static bool read_rule(char **words, int n, struct ik_stack_filter_rule *r)
{
    static const char *const acts[] = {"accept", "drop", "reject", "reset"};
    static const char *const directions[] = {"any", "forward", "in", "out"};
    *r = (struct ik_stack_filter_rule){.act = 99};
    for (unsigned i = 0; i < 4; i++)
        if (n && !strcmp(words[0], acts[i]))
            r->act = (enum ik_stack_act)i;
    if (r->act == 99)
        return false;
    for (int i = 1; i < n; i++) {
        bool found = false;
        for (uint8_t d = 0; d < 4; d++) {
            if (!strcmp(words[i], directions[d])) {
                r->direction = d;
                found = true;
            }
        }
        if (!strcmp(words[i], "4") || !strcmp(words[i], "6")) {
            r->family = (uint8_t)(words[i][0] - '0');
            found = true;
        } else if (!strcmp(words[i], "fragments")) {
            found = r->fragments = true;
        }
        if (found)
            continue;
        if (i + 1 >= n || !rule_value(r, words[i], words[i + 1]))
            return false;
        i++;
    }
    return true;
}

static bool option_filter(struct subject_config *c, char **words, int n)
{
    if (c->options.n_filter >= SUBJECT_LIST ||
        !read_rule(words, n, &c->filter[c->options.n_filter]))
        return false;
    c->options.filter = c->filter;
    c->options.n_filter++;
    return true;
}

/* nat IFACE | nat rule RULE | nat by-address | nat query-timeout|udp-timeout|tcp-timeout NS |
 * nat max-mappings N */
static bool option_nat(struct subject_config *c, char **words, int n)
{
    struct ik_stack_nat_cfg *nat = &c->nat;
    long long value = 0;
    c->options.nat = nat;
    nat->rules = c->nat_rules;
    if (n == 1 && subject_config_port(c, words[0]) >= 0) {
        nat->outside = (uint8_t)subject_config_port(c, words[0]);
        return true;
    }
    if (n == 1 && !strcmp(words[0], "by-address"))
        return nat->filter_by_address = true;
    if (n > 1 && !strcmp(words[0], "rule"))
        return nat->n_rules < SUBJECT_LIST &&
               read_rule(words + 1, n - 1, &c->nat_rules[nat->n_rules++]);
    if (n != 2 || !read_number(words[1], &value))
        return false;
    if (!strcmp(words[0], "query-timeout"))
        nat->query_timeout = value;
    else if (!strcmp(words[0], "udp-timeout"))
        nat->udp_timeout = value;
    else if (!strcmp(words[0], "tcp-timeout"))
        nat->tcp_timeout = value;
    else if (!strcmp(words[0], "tcp-open-timeout"))
        nat->tcp_open_timeout = value;
    else if (!strcmp(words[0], "max-mappings"))
        nat->max_mappings = (uint32_t)value;
    else
        return false;
    return true;
}

/* LOCAL+REMOTE+NAME+INDEX+ADDR, some of them: what the source that was named last may ask. */
static bool probe_may(struct ik_stack_probe_cfg *p, struct ik_stack_probe_source *last, char *text)
{
    static const char *const names[] = {"local", "remote", "name", "index", "addr"};
    char *save = NULL;
    if (!p->n_permitted)
        return false;
    for (char *w = strtok_r(text, "+", &save); w; w = strtok_r(NULL, "+", &save)) {
        unsigned i = 0;
        while (i < 5 && strcmp(w, names[i]))
            i++;
        if (i == 5)
            return false;
        last->what = (uint8_t)(last->what | 1U << i);
    }
    return true;
}

static bool probe_value(struct subject_config *c, const char *name, char *value)
{
    struct ik_stack_probe_cfg *p = &c->probe;
    long long rate = 0;
    if (!strcmp(name, "permit"))
        return p->n_permitted < SUBJECT_LIST &&
               ik_prefix_parse(value, &c->permitted[p->n_permitted++].prefix) == IK_OK;
    if (!strcmp(name, "may"))
        return probe_may(p, &c->permitted[p->n_permitted - 1], value);
    if (strcmp(name, "rate") || !read_number(value, &rate))
        return false;
    p->rate = (uint32_t)rate;
    return true;
}

/* probe on [no-local] [remote] [name] [index] [addr] [permit PREFIX [may WHAT+...]] [rate N] */
static bool option_probe(struct subject_config *c, char **words, int n)
{
    struct ik_stack_probe_cfg *p = &c->probe;
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"on", &p->enabled},   {"no-local", &p->no_local}, {"remote", &p->remote},
                 {"name", &p->by_name}, {"index", &p->by_index},    {"addr", &p->by_addr}};
    c->options.probe = p;
    p->permitted = c->permitted;
    for (int i = 0; i < n; i++) {
        bool found = false;
        for (size_t f = 0; f < sizeof(flags) / sizeof(*flags); f++)
            if (!strcmp(words[i], flags[f].name))
                found = *flags[f].flag = true;
        if (found)
            continue;
        if (i + 1 >= n || !probe_value(c, words[i], words[i + 1]))
            return false;
        i++;
    }
    return true;
}

static bool option_from(struct subject_config *c, char **words, int n)
{
    struct ik_addr addr;
    if (n != 1)
        return false;
    if (!strcmp(words[0], "incoming")) {
        c->options.from = IK_FROM_INCOMING;
        return true;
    }
    if (ik_addr_parse(words[0], &addr))
        return false;
    c->options.from = IK_FROM_ADDRESS;
    *(addr.family == 4 ? &c->options.from4 : &c->options.from6) = addr;
    return true;
}

static bool option_lists(struct subject_config *c, const char *name, char **words, int n)
{
    if (!strcmp(name, "udp-open")) {
        c->options.udp_open = c->udp_open;
        return read_ports(words, n, c->udp_open, &c->options.n_udp_open);
    }
    if (!strcmp(name, "tcp-open")) {
        c->options.tcp_open = c->tcp_open;
        return read_ports(words, n, c->tcp_open, &c->options.n_tcp_open);
    }
    if (!strcmp(name, "mpls-labels")) {
        c->options.mpls_labels = c->labels;
        for (int i = 0; i < n; i++) {
            long long label;
            if (!read_number(words[i], &label))
                return false;
            c->labels[c->options.n_mpls_labels++] = (uint32_t)label;
        }
        return true;
    }
    if (!strcmp(name, "prefixes")) {
        c->options.prefixes = c->prefixes;
        for (int i = 0; i < n; i++)
            if (ik_prefix_parse(words[i], &c->prefixes[c->options.n_prefixes++]))
                return false;
        return true;
    }
    if (!strcmp(name, "balance") && n == 1) {
        static const char *const ways[] = {"flow", "packet", "destination"};
        for (unsigned i = 0; i < 3; i++) {
            if (!strcmp(words[0], ways[i])) {
                c->options.balance = (enum ik_stack_balance)i;
                return true;
            }
        }
    }
    if (!strcmp(name, "point-to-point") && n == 1) {
        int port = subject_config_port(c, words[0]);
        return port >= 0 && (c->ifaces[port].point_to_point = true);
    }
    return false;
}

static bool line_option(struct subject_config *c, char **words, int n)
{
    if (n < 2)
        return false;
    for (size_t i = 0; i < sizeof(plains) / sizeof(*plains); i++)
        if (!strcmp(words[0], plains[i].name))
            return n == 2 &&
                   store((unsigned char *)&c->options + plains[i].at, plains[i].shape, words[1]);
    if (!strcmp(words[0], "filter"))
        return option_filter(c, words + 1, n - 1);
    if (!strcmp(words[0], "nat"))
        return option_nat(c, words + 1, n - 1);
    if (!strcmp(words[0], "probe"))
        return option_probe(c, words + 1, n - 1);
    if (!strcmp(words[0], "from"))
        return option_from(c, words + 1, n - 1);
    return option_lists(c, words[0], words + 1, n - 1);
}

/* ---- topology -------------------------------------------------------------------------------- */

/* iface NAME MAC MTU */
static bool line_iface(struct subject_config *c, char **words, int n)
{
    int i = c->stack.n_ifaces;
    long long mtu;
    uint8_t *m = c->ifaces[i].mac;
    if (n != 3 || i >= 4 || !read_number(words[2], &mtu) || strlen(words[0]) > 15 ||
        sscanf(words[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &m[0], &m[1], &m[2], &m[3], &m[4],
               &m[5]) != 6)
        return false;
    strcpy(c->names[i], words[0]);
    c->ifaces[i].name = c->names[i];
    c->ifaces[i].mtu = (uint32_t)mtu;
    c->ifaces[i].addrs = c->addrs[i];
    c->stack.n_ifaces++;
    return true;
}

/* addr IFACE ADDRESS/BITS: host bits count. */
static bool line_addr(struct subject_config *c, char **words, int n)
{
    int port = n == 2 ? subject_config_port(c, words[0]) : -1;
    char *slash = port >= 0 ? strchr(words[1], '/') : NULL;
    long long bits;
    if (!slash || c->ifaces[port].n_addrs >= SUBJECT_LIST)
        return false;
    *slash = 0;
    struct ik_stack_ifaddr *a = &c->addrs[port][c->ifaces[port].n_addrs];
    if (ik_addr_parse(words[1], &a->addr) || !read_number(slash + 1, &bits))
        return false;
    a->bits = (uint8_t)bits;
    c->ifaces[port].n_addrs++;
    return true;
}

/* route PREFIX via|drop|unreachable|reject VIA|- IFACE|- [TOS] */
static bool line_route(struct subject_config *c, char **words, int n)
{
    static const char *const kinds[] = {"via", "drop", "unreachable", "reject"};
    struct ik_stack_route *r = &c->routes[c->stack.n_routes];
    long long tos;
    if (n < 4 || c->stack.n_routes >= SUBJECT_LIST || ik_prefix_parse(words[0], &r->prefix))
        return false;
    int kind = -1;
    for (int i = 0; i < 4; i++)
        if (!strcmp(words[1], kinds[i]))
            kind = i;
    int port = strcmp(words[3], "-") ? subject_config_port(c, words[3]) : 0;
    if (kind < 0 || port < 0 || (strcmp(words[2], "-") && ik_addr_parse(words[2], &r->via)))
        return false;
    r->kind = (enum ik_stack_route_kind)kind;
    r->port = (uint8_t)port;
    if (n > 4) {
        if (!read_number(words[4], &tos))
            return false;
        r->has_tos = true;
        r->tos = (uint8_t)tos;
    }
    c->stack.n_routes++;
    return true;
}

static bool line_kind(struct subject_config *c, char **words, int n)
{
    c->options.kind = n && !strcmp(words[0], "router") ? IK_STACK_ROUTER : IK_STACK_HOST;
    return n == 1;
}

static bool line_seed(struct subject_config *c, char **words, int n)
{
    long long seed;
    if (n != 1 || !read_number(words[0], &seed))
        return false;
    c->stack.seed = (uint64_t)seed;
    return true;
}

bool subject_config_line(struct subject_config *c, char *line)
{
    static const struct {
        const char *name;
        bool (*take)(struct subject_config *c, char **words, int n);
    } verbs[] = {{"kind", line_kind}, {"seed", line_seed},   {"iface", line_iface},
                 {"addr", line_addr}, {"route", line_route}, {"option", line_option}};
    char *words[SUBJECT_LIST], *save = NULL;
    int n = 0;
    for (char *w = strtok_r(line, " ", &save); w && n < SUBJECT_LIST;
         w = strtok_r(NULL, " ", &save))
        words[n++] = w;
    for (size_t i = 0; n && i < sizeof(verbs) / sizeof(*verbs); i++)
        if (!strcmp(words[0], verbs[i].name) && verbs[i].take(c, words + 1, n - 1))
            return true;
    fprintf(stderr, "not understood: %s", n ? words[0] : "an empty line");
    for (int i = 1; i < n; i++)
        fprintf(stderr, " %s", words[i]);
    fputc('\n', stderr);
    return false;
}
