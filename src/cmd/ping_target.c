/* SPDX-License-Identifier: MIT
 * From what the user wrote to addresses in the engine. Addresses and prefixes are there at once;
 * names follow when the resolver answers, a bounded number of them asked for at a time, and never
 * hold up what is known. */
#include "ping.h"

#include <icmpkit/net.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ADDRESSES_PER_NAME = 16, /* --all-addresses */
    ASK_AT_ONCE = 64,
    CHECK_ROUTES = 64, /* with more targets, failed sends tell */
    FILE_MAX = 1 << 28,
    NAME_MAX_BYTES = 253,
};

/* ---- understanding one ----------------------------------------------------------------------- */

/* An interface by name or number. */
static bool zone_index(const char *zone, uint32_t *out)
{
    int64_t n;
    if (!ik_iface_index(zone, out))
        return true;
    if (!ik_opt_int(zone, false, 1, UINT32_MAX, &n))
        return false;
    *out = (uint32_t)n;
    return true;
}

/* An address, IPv6 perhaps with a zone; "127.1" and its kind too, as iputils. */
static bool read_address(const char *text, const struct ik_ping_plan *plan, struct ik_addr *out,
                         char *why, size_t cap)
{
    char plain[IK_ADDR_TEXT];
    const char *zone = strchr(text, '%');
    struct in_addr legacy;
    if (!zone && !text[strspn(text, "0123456789abcdefABCDEFxX.")] && inet_aton(text, &legacy)) {
        *out = (struct ik_addr){.family = 4};
        memcpy(out->bytes, &legacy, 4);
        return true;
    }
    snprintf(plain, sizeof plain, "%.*s", zone ? (int)(zone - text) : (int)strlen(text), text);
    if (ik_addr_parse(plain, out))
        return false;
    if (zone && !zone_index(zone + 1, &out->scope))
        snprintf(why, cap, "no interface '%s'; 'ip link' lists them", zone + 1);
    else if (out->family == 6 && ik_addr_is_link_local(out) && !zone && plan->interface)
        return !ik_iface_index(plan->interface, &out->scope);
    else if (out->family == 6 && ik_addr_is_link_local(out) && !zone)
        snprintf(why, cap, "a link-local address needs its interface: %s%%eth0, or -I eth0", plain);
    return true;
}

static bool read_prefix(const char *text, struct ik_ping_target *out, char *why, size_t cap)
{
    struct ik_prefix prefix;
    if (ik_prefix_parse(text, &prefix)) {
        snprintf(why, cap, "bad prefix: must be ADDRESS/BITS, such as 10.0.0.0/28");
        return false;
    }
    out->what = IK_PING_PREFIX;
    out->prefix = prefix;
    out->addr = prefix.addr;
    out->n = ik_prefix_hosts(&prefix);
    const unsigned host_bits = (prefix.addr.family == 4 ? 32u : 128u) - prefix.bits;
    if (out->n <= IK_PING_TARGETS_MAX)
        return true;
    if (host_bits < 63)
        snprintf(why, cap, "%llu addresses; at most %d targets in a run",
                 (unsigned long long)out->n, IK_PING_TARGETS_MAX);
    else
        snprintf(why, cap, "2^%u addresses; at most %d targets in a run", host_bits,
                 IK_PING_TARGETS_MAX);
    return false;
}

static bool read_name(const char *text, char *why, size_t cap)
{
    const size_t n = strlen(text);
    bool plain = true;
    for (size_t i = 0; i < n; i++)
        plain = plain && (uint8_t)text[i] > ' ' && text[i] != 127;
    if (n == 0 || n > NAME_MAX_BYTES)
        snprintf(why, cap, "must be an address, a prefix or a name");
    else if (!plain)
        snprintf(why, cap, "a name has no blanks and no control characters");
    return plain && n > 0 && n <= NAME_MAX_BYTES;
}

bool ik_ping_target_read(const char *text, const struct ik_ping_plan *plan,
                         struct ik_ping_target *out, char *why, size_t cap)
{
    *out = (struct ik_ping_target){.text = text, .n = 1};
    *why = 0;
    if (strchr(text, '/')) {
        if (!read_prefix(text, out, why, cap))
            return false;
    } else if (read_address(text, plan, &out->addr, why, cap)) {
        out->what = IK_PING_LITERAL;
    } else {
        out->what = IK_PING_NAME;
        return read_name(text, why, cap);
    }
    if (!*why && plan->family && out->addr.family != plan->family)
        snprintf(why, cap, "an IPv%d address, but the options allow only IPv%d", out->addr.family,
                 plan->family);
    return !*why;
}

/* ---- counting all ---------------------------------------------------------------------------- */

static void say_bad(const char *text, const char *why)
{
    char safe[256];
    const struct ik_rd bytes = {(const uint8_t *)text, strlen(text)};
    ik_run_say("ping", "%s: %s", ik_text_escape(bytes, safe, sizeof safe), why);
}

/* Counts one target. False: said. */
static bool survey(struct ik_ping *p, const char *text, int *families)
{
    struct ik_ping_target t;
    char why[160];
    if (!ik_ping_target_read(text, &p->plan, &t, why, sizeof why)) {
        say_bad(text, why);
        return false;
    }
    if (t.what == IK_PING_NAME) {
        p->n_names++;
        p->room += p->plan.opt.all_addresses ? ADDRESSES_PER_NAME : 1;
        *families |= p->plan.family == 4 ? 1 : p->plan.family == 6 ? 2 : 3;
    } else {
        p->room += t.n;
        *families |= t.addr.family == 4 ? 1 : 2;
    }
    p->expected += t.n;
    if (p->expected > IK_PING_TARGETS_MAX) {
        ik_run_say("ping", "more than %d targets", IK_PING_TARGETS_MAX);
        return false;
    }
    return true;
}

int ik_ping_target_survey(struct ik_ping *p)
{
    int families = 0;
    for (int i = 0; i < p->plan.args.n; i++) {
        if (!survey(p, p->plan.args.operands[i], &families))
            return -1;
    }
    if (p->plan.opt.targets)
        families |= p->plan.family == 4 ? 1 : p->plan.family == 6 ? 2 : 3;
    return families;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* All of a file, with room for one byte more. */
static bool slurp(int fd, char **out, size_t *bytes)
{
    size_t cap = 65536, used = 0;
    char *buf = malloc(cap);
    while (buf) {
        const ssize_t n = read(fd, buf + used, cap - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *out = buf;
            *bytes = used;
            if (n < 0)
                free(buf);
            return n == 0;
        }
        used += (size_t)n;
        if (used + 1 < cap)
            continue;
        cap *= 2;
        char *more = cap > FILE_MAX ? NULL : realloc(buf, cap);
        if (!more)
            free(buf);
        buf = more;
    }
    errno = ENOMEM;
    return false;
}

/* Cuts the text into strings, one a line, without blanks around and comments behind. What is empty
 * then stays as an empty string. */
static void cut_lines(char *text, size_t bytes)
{
    text[bytes] = '\n';
    for (char *line = text, *end = text + bytes; line <= end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line) + 1), *next = stop + 1;
        for (char *c = line; c < stop; c++) {
            if (*c == '#' && (c == line || c[-1] == ' ' || c[-1] == '\t'))
                stop = c;
        }
        while (stop > line && strchr(" \t\r", stop[-1]))
            stop--;
        memset(stop, 0, (size_t)(next - stop));
        line = next;
    }
}

/* The next string of the file at or after `at`, past blanks; NULL at the end. */
static const char *next_line(const struct ik_ping *p, const char *at)
{
    const char *end = p->file + p->file_bytes;
    while (at < end && (!*at || *at == ' ' || *at == '\t'))
        at++;
    return at < end ? at : NULL;
}

static int line_number(const struct ik_ping *p, const char *original, const char *at)
{
    int n = 1;
    for (const char *c = original; c < original + (at - p->file); c++)
        n += *c == '\n';
    return n;
}

static bool load(struct ik_ping *p, const char *name)
{
    const bool standard = !strcmp(name, "-");
    const int fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && slurp(fd, &p->file, &p->file_bytes);
    if (!ok) {
        p->file = NULL;
        ik_run_say("ping", "cannot read %s: %s", standard ? "standard input" : name,
                   strerror(errno));
    } else if (memchr(p->file, 0, p->file_bytes)) {
        ik_run_say("ping", "%s is not text: it has a zero byte", name);
        ok = false;
    }
    if (fd >= 0 && !standard)
        close(fd);
    return ok;
}

bool ik_ping_target_load(struct ik_ping *p)
{
    int families = 0;
    if (!load(p, p->plan.opt.targets))
        return false;
    char *original = malloc(p->file_bytes + 1);
    if (!original) {
        ik_run_say("ping", "%s", ik_err_text(IK_E_NOMEM));
        return false;
    }
    memcpy(original, p->file, p->file_bytes);
    cut_lines(p->file, p->file_bytes);
    bool ok = true;
    for (const char *at = p->file; ok && (at = next_line(p, at)); at += strlen(at)) {
        ok = survey(p, at, &families);
        if (!ok)
            ik_run_say("ping", "in %s, line %d", p->plan.opt.targets, line_number(p, original, at));
    }
    free(original);
    return ok;
}

/* ---- into the engine ------------------------------------------------------------------------- */

static bool few(const struct ik_ping *p)
{
    return p->expected <= CHECK_ROUTES;
}

static enum ik_err route(const struct ik_ping *p, const struct ik_addr *addr, struct ik_route *out)
{
    uint32_t index = addr->scope;
    if (p->plan.interface && ik_iface_index(p->plan.interface, &index))
        return IK_E_IFACE;
    const uint32_t mark = p->plan.opt.mark < 0 ? 0 : (uint32_t)p->plan.opt.mark;
    return ik_route_get(addr, p->plan.source.family == addr->family ? &p->plan.source : NULL, index,
                        mark, out);
}

/* False: said, and the target is not tried. */
static bool refuse(struct ik_ping *p, const char *name, const char *why)
{
    p->refused++;
    say_bad(name, why);
    return false;
}

/* Broadcast and multicast: as iputils, not by accident and not fast for users. */
static bool check_group(struct ik_ping *p, const char *name, bool broadcast)
{
    const struct ik_ping_opt *o = &p->plan.opt;
    if (broadcast && !o->broadcast)
        return refuse(p, name, "a broadcast address; -b allows that");
    if (broadcast)
        ik_run_say("ping", "WARNING: pinging broadcast address");
    if (p->plan.root)
        return true;
    if (o->interval < IK_PING_USER_GROUP_INTERVAL)
        return refuse(p, name, "a group of hosts: the least interval for a user is 1 s");
    if (o->pmtudisc >= 0 && o->pmtudisc != 0)
        return refuse(p, name, "a group of hosts: probes to it are not fragmented (-M do)");
    return true;
}

/* What can be known about a target before a probe fails; `r` is filled when there is a route. */
static bool check(struct ik_ping *p, const char *name, const struct ik_addr *addr,
                  struct ik_route *r)
{
    *r = (struct ik_route){.ifindex = 0};
    if (!p->run.links[addr->family == 6])
        return refuse(p, name, addr->family == 6 ? "no IPv6 on this host" : "no IPv4 on this host");
    if (!few(p))
        return true;
    const enum ik_err err = route(p, addr, r);
    if (err == IK_E_NO_ROUTE)
        return refuse(p, name, "Network is unreachable");
    if (err == IK_E_ADDR)
        return refuse(p, name, "the source address is not of this host");
    const bool broadcast = !err && r->broadcast;
    if (!broadcast && !ik_addr_is_multicast(addr))
        return true;
    return check_group(p, name, broadcast);
}

static void add(struct ik_ping *p, struct ik_now now, const char *name, const struct ik_addr *addr)
{
    uint32_t index;
    const enum ik_err err = ik_echo_add(p->echo, now, name, addr, &index);
    if (err) {
        char text[IK_ADDR_TEXT];
        (void)refuse(p, name ? name : ik_addr_text(addr, text), ik_err_text(err));
        return;
    }
    p->added++;
}

/* With many targets one line for all is enough. */
static void header(struct ik_ping *p, struct ik_now now, const char *name,
                   const struct ik_addr *addr, const struct ik_route *r, bool numeric)
{
    if (few(p))
        ik_ping_text_header(p, now, name, addr, r, numeric);
}

static void add_address(struct ik_ping *p, struct ik_now now, const struct ik_ping_target *t)
{
    char text[IK_ADDR_TEXT];
    struct ik_route r;
    struct ik_addr addr = t->addr;
    if (!check(p, t->text, &addr, &r))
        return;
    if (ik_addr_is_any(&addr) && r.source.family)
        addr = r.source; /* "this host": as iputils, by the address that it would use */
    const bool canonical = !strcmp(ik_addr_text(&addr, text), t->text);
    const bool in_file = p->file && t->text >= p->file && t->text < p->file + p->file_bytes;
    p->file_named = p->file_named || (in_file && !canonical);
    header(p, now, t->text, &addr, &r, true);
    add(p, now, canonical ? NULL : t->text, &addr);
}

static void add_prefix(struct ik_ping *p, struct ik_now now, const struct ik_ping_target *t)
{
    if (!p->run.links[t->addr.family == 6]) {
        (void)refuse(p, t->text,
                     t->addr.family == 6 ? "no IPv6 on this host" : "no IPv4 on this host");
        return;
    }
    ik_ping_text_many(p, now, t->text, t->n, "addresses", t->addr.family);
    for (uint64_t i = 0; i < t->n; i++) {
        const struct ik_addr addr = ik_prefix_host(&t->prefix, i);
        add(p, now, NULL, &addr);
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool usable(const struct ik_ping *p, const struct ik_addr *addr)
{
    return (!p->plan.family || addr->family == p->plan.family) && p->run.links[addr->family == 6];
}

static void say_fallback(struct ik_ping *p, struct ik_now now, const char *name,
                         const struct ik_addr *from, const struct ik_addr *to)
{
    char text[64];
    snprintf(text, sizeof text, "no route by IPv%d, using IPv%d", from->family, to->family);
    struct ik_record rec = ik_record_make(IK_REC_notice, now.real);
    rec.notice.target = name;
    rec.notice.addr = *to;
    rec.notice.what = "family-fallback";
    rec.notice.text = text;
    ik_run_record(&p->run, &rec);
}

/* A name that stays without an address: in the stream too, where a target would be missed. */
static void say_nameless(struct ik_ping *p, struct ik_now now, const char *name, const char *why)
{
    (void)refuse(p, name, why);
    if (!p->run.cfg.json)
        return;
    struct ik_record rec = ik_record_make(IK_REC_notice, now.real);
    rec.notice.target = name;
    rec.notice.what = "name-error";
    rec.notice.text = why;
    ik_run_record(&p->run, &rec);
}

/* An address of the other family that we could use, had it a route. */
static const struct ik_addr *unreachable_other(const struct ik_ping *p,
                                               const struct ik_names_answer *a, uint8_t family)
{
    for (size_t i = 0; i < a->n; i++) {
        struct ik_route r;
        if (usable(p, &a->addrs[i]) && a->addrs[i].family != family &&
            route(p, &a->addrs[i], &r) == IK_E_NO_ROUTE)
            return &a->addrs[i];
    }
    return NULL;
}

/* Takes the first address that has a route. The resolver's order (RFC 6724) knows routes as well
 * and may have put it first: what is told is that a family was not to be had. */
static void add_best(struct ik_ping *p, struct ik_now now, const char *name,
                     const struct ik_names_answer *a)
{
    bool any = false;
    for (size_t i = 0; i < a->n; i++) {
        struct ik_route r = {.ifindex = 0};
        const struct ik_addr *addr = &a->addrs[i], *other;
        if (!usable(p, addr))
            continue;
        any = true;
        if (route(p, addr, &r) == IK_E_NO_ROUTE)
            continue;
        if (few(p) && (other = unreachable_other(p, a, addr->family)))
            say_fallback(p, now, name, other, addr);
        if (!check(p, name, addr, &r))
            return;
        header(p, now, name, addr, &r, false);
        add(p, now, name, addr);
        return;
    }
    (void)refuse(p, name,
                 any ? "Network is unreachable" : "no address of the family that is wanted");
}

static void add_all(struct ik_ping *p, struct ik_now now, const char *name,
                    const struct ik_names_answer *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n && n < ADDRESSES_PER_NAME; i++) {
        struct ik_route r;
        bool twice = false;
        for (size_t j = 0; j < i; j++)
            twice = twice || ik_addr_equal(&a->addrs[i], &a->addrs[j]);
        if (twice || !usable(p, &a->addrs[i]))
            continue;
        n++;
        if (!check(p, name, &a->addrs[i], &r))
            continue;
        header(p, now, name, &a->addrs[i], &r, false);
        add(p, now, name, &a->addrs[i]);
    }
    if (n == 0)
        (void)refuse(p, name, "no address of the family that is wanted");
}

static void ask_more(struct ik_ping *p, struct ik_now now);

static void answered(void *ctx, struct ik_now now, const struct ik_names_answer *a)
{
    const struct ik_ping_name *job = ctx;
    struct ik_ping *p = job->ping;
    p->pending--;
    if (a->err || a->n == 0)
        say_nameless(p, now, job->text,
                     a->error_text ? a->error_text : "Name or service not known");
    else if (p->plan.opt.all_addresses)
        add_all(p, now, job->text, a);
    else
        add_best(p, now, job->text, a);
    ask_more(p, now);
}

/* Asks for names until enough are asked for; at the end of all, the engine knows its targets. A
 * look-up that is answered at once comes back in here: `asking` keeps that flat. */
static void ask_more(struct ik_ping *p, struct ik_now now)
{
    if (p->asking)
        return;
    p->asking = true;
    while (p->next_name < p->n_names && p->pending < ASK_AT_ONCE) {
        struct ik_ping_name *job = &p->names[p->next_name++];
        struct ik_names *names = ik_run_names(&p->run);
        p->pending++;
        const enum ik_err err =
            names ? ik_names_forward(names, job->text, p->plan.family, answered, job)
                  : IK_E_UNSUPPORTED;
        if (err) {
            p->pending--;
            (void)refuse(p, job->text, ik_err_text(err));
        }
    }
    p->asking = false;
    if (p->pending == 0 && p->next_name == p->n_names)
        ik_echo_complete(p->echo);
    (void)now;
}

/* ---- starting -------------------------------------------------------------------------------- */

static void start_one(struct ik_ping *p, struct ik_now now, const char *text)
{
    struct ik_ping_target t;
    char why[160];
    if (!ik_ping_target_read(text, &p->plan, &t, why, sizeof why))
        return; /* surveyed before */
    if (t.what == IK_PING_LITERAL) {
        add_address(p, now, &t);
    } else if (t.what == IK_PING_PREFIX) {
        add_prefix(p, now, &t);
    } else {
        const bool in_file = p->file && text >= p->file && text < p->file + p->file_bytes;
        p->file_named = p->file_named || in_file;
        p->names[p->next_name++] = (struct ik_ping_name){p, text};
    }
}

bool ik_ping_target_start(struct ik_ping *p, struct ik_now now)
{
    if (p->n_names) {
        p->names = calloc(p->n_names, sizeof *p->names);
        if (!p->names) {
            ik_run_say("ping", "%s", ik_err_text(IK_E_NOMEM));
            return false;
        }
    }
    if (p->file && !few(p))
        ik_ping_text_many(p, now, p->plan.opt.targets, p->expected, "targets", 4);
    for (int i = 0; i < p->plan.args.n; i++)
        start_one(p, now, p->plan.args.operands[i]);
    for (const char *at = p->file; at && (at = next_line(p, at)); at += strlen(at))
        start_one(p, now, at);
    if (!p->file_named) {
        free(p->file);
        p->file = NULL;
    }
    p->n_names = p->next_name;
    p->next_name = 0;
    ask_more(p, now);
    return true;
}

void ik_ping_target_free(struct ik_ping *p)
{
    free(p->names);
    free(p->file);
}
