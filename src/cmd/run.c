/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- telling --------------------------------------------------------------------------------- */

void ik_run_say(const char *verb, const char *fmt, ...)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s: ", verb);
    va_list ap;
    va_start(ap, fmt);
    n += vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
    va_end(ap);
    size_t len = (size_t)n < sizeof line - 2 ? (size_t)n : sizeof line - 2;
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nobody is left to tell */
}

int ik_run_printed(const char *verb)
{
    if (!fflush(stdout) && !ferror(stdout))
        return 0;
    ik_run_say(verb, _("cannot write the results: %s"), ik_lang_errno(errno));
    return 2;
}

/* A path as a shell takes it. */
static const char *quoted(const char *path, char *buf, size_t cap)
{
    const bool plain = !path[strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789/._-+")];
    snprintf(buf, cap, plain ? "%s" : "'%s'", path);
    return buf;
}

/* This program, as it is called in a shell. */
static void quote_program(char *buf, size_t cap)
{
    char path[512];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    quoted(n > 0 ? path : "/usr/bin/icmp", buf, cap);
}

void ik_run_say_refused(const char *verb, const char *raw_for)
{
    char arg[520];
    quote_program(arg, sizeof arg);
    if (raw_for)
        ik_run_say(verb, _("%s needs a raw socket; grant it with: sudo setcap cap_net_raw=ep %s"),
                   raw_for, arg);
    else
        ik_run_say(
            verb,
            _("no permission to open ICMP sockets; grant it with: sudo setcap cap_net_raw=ep "
              "%s  or, without capabilities: sudo sysctl -w "
              "net.ipv4.ping_group_range=\"0 2147483647\""),
            arg);
}

void ik_run_say_root(const char *verb, const char *what)
{
    char arg[520];
    quote_program(arg, sizeof arg);
    ik_run_say(verb, _("%s needs root: sudo %s %s ... (file capabilities are for ping and trace)"),
               what, arg, verb);
}

static void say_write_error(const struct ik_run *r)
{
    if (r->out.error && r->out.error != EPIPE)
        ik_run_say(r->cfg.verb, _("cannot write the results: %s"), ik_lang_errno(r->out.error));
}

/* ---- records --------------------------------------------------------------------------------- */

static enum ik_err write_json_room(struct ik_run *r, const struct ik_record *rec)
{
    size_t n;
    char *at = ik_out_room(&r->out, IK_RECORD_JSON_MAX);
    const enum ik_err err = ik_record_json(rec, at, IK_RECORD_JSON_MAX, &n);
    if (!err)
        ik_out_took(&r->out, n);
    return err;
}

/* A run record can be as long as the command line. */
static enum ik_err write_json_long(struct ik_run *r, const struct ik_record *rec)
{
    enum ik_err err = IK_E_FULL;
    for (size_t cap = 2 * IK_RECORD_JSON_MAX; err == IK_E_FULL; cap *= 2) {
        size_t n;
        char *buf = malloc(cap);
        if (!buf)
            return IK_E_NOMEM;
        err = ik_record_json(rec, buf, cap, &n);
        if (!err)
            ik_out_put(&r->out, buf, n);
        free(buf);
    }
    return err;
}

/* Behind the address of who answered stands its name (the order of the schema). Quotes inside a
 * string are escaped, so the first such member is that. */
static enum ik_err write_json_named(struct ik_run *r, const struct ik_record *rec)
{
    static const char member[] = "\"from\":\"";
    char buf[IK_RECORD_JSON_MAX];
    size_t n;
    const enum ik_err err = ik_record_json(rec, buf, sizeof buf - 1, &n);
    if (err)
        return err;
    buf[n] = 0;
    const char *from = rec->kind == IK_REC_hop ? strstr(buf, member) : NULL;
    const char *end = from ? strchr(from + sizeof member - 1, '"') : NULL;
    if (end)
        ik_line_json(r->line, buf, n, (size_t)(end + 1 - buf), &rec->hop.from);
    else
        ik_line_str(r->line, buf);
    ik_line_end(r->line, ik_run_now(r));
    return IK_OK;
}

static void write_json(struct ik_run *r, const struct ik_record *rec)
{
    const bool named = r->hostnames && rec->kind != IK_REC_run;
    enum ik_err err = named ? write_json_named(r, rec) : write_json_room(r, rec);
    if (err == IK_E_FULL)
        err = write_json_long(r, rec);
    if (!err)
        return;
    ik_run_say(r->cfg.verb, _("cannot write a record: %s"), ik_lang_err(err));
    r->failed = true;
}

void ik_run_record(void *run, const struct ik_record *rec)
{
    struct ik_run *r = run;
    if (r->cfg.on_look)
        r->cfg.on_look(r->cfg.ctx, rec);
    if (r->cfg.json)
        write_json(r, rec);
    else if (rec->kind == IK_REC_event && r->lab)
        ik_runlab_event(r->line, rec, 0);
    else
        r->cfg.on_record(r->cfg.ctx, rec);
}

void ik_run_say_run(struct ik_run *r, struct ik_now now, const struct ik_addr *source,
                    uint8_t family, bool user_stamps)
{
    if (!r->cfg.json)
        return;
    char kernel[128], seed[32];
    struct ik_record rec = ik_record_make(IK_REC_run, now.real);
    rec.run.version = IK_VERSION;
    rec.run.verb = r->cfg.verb;
    rec.run.argv = (const char *const *)r->cfg.argv;
    rec.run.source = *source;
    rec.run.family = family == 4 ? "4" : family == 6 ? "6" : "both";
    if (r->lab) {
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)ik_runlab_seed(r->lab));
        rec.run.seed = seed;
        rec.run.clock = "virtual";
        rec.run.socket = "lab";
    } else {
        rec.run.clock = user_stamps ? "user" : "kernel";
        rec.run.kernel = ik_host_kernel(kernel, sizeof kernel);
        rec.run.socket = r->raw ? "raw" : "datagram";
    }
    rec.run.unseen = r->unseen;
    ik_run_record(r, &rec);
}

void ik_run_unseen(struct ik_run *r, const char *what)
{
    if (r->n_unseen < IK_RUN_UNSEEN_MAX)
        r->unseen[r->n_unseen++] = what;
}

/* ---- loop ------------------------------------------------------------------------------------ */

static void settle(void *ctx, struct ik_now now)
{
    struct ik_run *r = ctx;
    const ik_ns again = ik_line_settle(r->line, now);
    const bool hold = again != IK_NEVER;
    if (hold == r->holding && again == r->settle_at)
        return;
    /* What waits for a name is still to be written when the engines are done. */
    ik_loop_hold(r->loop, (int)hold - (int)r->holding);
    r->holding = hold;
    r->settle_at = again;
    if (ik_loop_wake_at(r->loop, again, settle, r))
        ik_line_finish(r->line); /* no timer left: better without names than never */
}

static void on_idle(void *ctx, struct ik_now now)
{
    struct ik_run *r = ctx;
    if (r->cfg.on_idle)
        r->cfg.on_idle(r->cfg.ctx, now);
    if (r->hostnames)
        settle(r, now);
    ik_out_flush(&r->out, !r->cfg.json);
    if (r->out.error)
        ik_loop_quit(r->loop);
}

static struct ik_now read_clock(void *ctx)
{
    return ik_run_now(ctx);
}

static void advance(void *ctx, ik_ns mono)
{
    const struct ik_run *r = ctx;
    ik_runlab_advance(r->lab, mono);
}

static void on_signal(void *ctx, int signo, struct ik_now now)
{
    struct ik_run *r = ctx;
    if (r->cfg.on_signal && r->cfg.on_signal(r->cfg.ctx, signo, now))
        return;
    if (signo == SIGQUIT) {
        if (r->cfg.on_status)
            r->cfg.on_status(r->cfg.ctx, now);
    } else if (r->interrupts++ == 0) {
        if (r->cfg.on_stop)
            r->cfg.on_stop(r->cfg.ctx);
        ik_loop_stop(r->loop, now);
    } else {
        ik_loop_quit(r->loop);
    }
}

bool ik_run_init(struct ik_run *r, const struct ik_run_cfg *cfg)
{
    /* Not the whole: its pages need not be there before something is written. */
    r->cfg = *cfg;
    r->settle_at = IK_NEVER;
    ik_out_init(&r->out, STDOUT_FILENO);
    enum ik_err err = cfg->json && !cfg->json_names ? IK_OK : ik_line_new(&r->line, &r->out);
    if (err)
        ik_run_say(cfg->verb, "%s", ik_lang_err(err));
    return !err;
}

/* ---- a lab instead of the machine ------------------------------------------------------------ */

bool ik_run_enter_lab(struct ik_run *r, const struct ik_runlab_opt *o)
{
    r->raw = true;
    return ik_runlab_open(&r->lab, r->cfg.verb, o, ik_run_record, r);
}

struct ik_now ik_run_now(const struct ik_run *r)
{
    return r->lab ? ik_runlab_now(r->lab) : ik_clock_now();
}

bool ik_run_secret(const struct ik_run *r, void *out, size_t n)
{
    if (r->lab)
        ik_entropy_seeded(ik_runlab_seed(r->lab), out, n);
    else if (ik_entropy(out, n)) {
        ik_run_say(r->cfg.verb, _("no random numbers"));
        return false;
    }
    return true;
}

enum ik_err ik_run_open_lab(struct ik_run *r, const struct ik_link_cfg *cfg)
{
    const int port = cfg->family == 6;
    r->idents[port] = cfg->ident;
    r->link_errors[port] = ik_runlab_link(r->lab, cfg, &r->links[port]);
    return r->link_errors[port];
}

uint16_t ik_run_ident(const struct ik_run *r, int port)
{
    return !r->links[port] ? 0 : r->lab ? r->idents[port] : ik_link_ident(r->links[port]);
}

enum ik_err ik_run_route(const struct ik_run *r, const struct ik_addr *dst,
                         const struct ik_addr *src, uint32_t ifindex, uint32_t mark,
                         struct ik_route *out)
{
    return r->lab ? ik_runlab_route(r->lab, dst, src, out)
                  : ik_route_get(dst, src, ifindex, mark, out);
}

const char *ik_run_no_family(const struct ik_run *r, uint8_t family)
{
    if (r->lab)
        return family == 6 ? N_("the lab's vantage has no IPv6 address")
                           : N_("the lab's vantage has no IPv4 address");
    return family == 6 ? N_("no IPv6 on this host") : N_("no IPv4 on this host");
}

/* ---- loop, continued ------------------------------------------------------------------------- */

enum ik_err ik_run_open_icmp(struct ik_run *r, const struct ik_link_cfg *cfg, const char *raw_for)
{
    const int port = cfg->family == 6;
    if (r->lab)
        return ik_run_open_lab(r, cfg);
    struct ik_link *link = NULL;
    enum ik_err err = IK_E_ACCESS;
    if (r->raw || !r->links[!port]) {
        err = ik_link_open_raw(&link, cfg);
        r->raw = !err || r->raw;
    }
    if (err == IK_E_ACCESS && !raw_for)
        err = ik_link_open_ping(&link, cfg);
    r->links[port] = err ? NULL : link;
    r->link_errors[port] = err;
    return err;
}

bool ik_run_start(struct ik_run *r)
{
    enum ik_err err = ik_priv_drop();
    if (err) {
        ik_run_say(r->cfg.verb, _("cannot give up privileges: %s"), ik_lang_err(err));
        return false;
    }
    const bool is_virtual = r->lab && ik_runlab_is_virtual(r->lab);
    const struct ik_loop_cfg cfg = {.on_record = ik_run_record,
                                    .on_idle = on_idle,
                                    .clock = read_clock,
                                    .advance = is_virtual ? advance : NULL,
                                    .ctx = r};
    err = ik_loop_new(&r->loop, &cfg);
    if (!err)
        err = ik_signals_open(&r->signals);
    if (!err) {
        ik_signals_on(r->signals, on_signal, r);
        err = ik_loop_add_source(r->loop, ik_signals_source(r->signals));
    }
    if (err)
        ik_run_say(r->cfg.verb, _("cannot start: %s"), ik_lang_err(err));
    return !err;
}

/* ---- names ----------------------------------------------------------------------------------- */

static struct ik_names *resolver(struct ik_run *r)
{
    if (r->names)
        return r->names;
    enum ik_err err = ik_names_open(&r->names);
    if (!err)
        err = ik_loop_add_source(r->loop, ik_names_source(r->names));
    if (!err)
        return r->names;
    ik_run_say(r->cfg.verb, _("cannot start the resolver: %s"), ik_lang_err(err));
    ik_names_close(r->names);
    r->names = NULL;
    return NULL;
}

enum ik_err ik_run_forward(struct ik_run *r, const char *name, uint8_t family, ik_names_fn *fn,
                           void *ctx)
{
    if (r->lab) {
        ik_runlab_forward(r->lab, name, family, fn, ctx);
        return IK_OK;
    }
    struct ik_names *names = resolver(r);
    return names ? ik_names_forward(names, name, family, fn, ctx) : IK_E_UNSUPPORTED;
}

static enum ik_err ask(void *ctx, const struct ik_addr *addr, ik_names_fn *fn, void *fn_ctx)
{
    struct ik_run *r = ctx;
    if (r->lab) {
        ik_runlab_reverse(r->lab, addr, fn, fn_ctx);
        return IK_OK;
    }
    struct ik_names *names = resolver(r);
    return names ? ik_names_reverse(names, addr, fn, fn_ctx) : IK_E_UNSUPPORTED;
}

void ik_run_resolve_hosts(struct ik_run *r)
{
    if (r->hostnames || !r->line)
        return;
    const struct ik_hostnames_cfg cfg = {.ask = ask, .settled = settle, .ctx = r};
    if (ik_hostnames_new(&r->hostnames, &cfg))
        return; /* numbers will do */
    ik_line_resolve(r->line, r->hostnames);
}

const char *ik_run_route_trouble(enum ik_err err)
{
    switch (err) {
    case IK_E_NO_ROUTE:
        return N_("Network is unreachable");
    case IK_E_HOST_DOWN:
        return N_("No route to host");
    case IK_E_ACCESS:
        return N_("Permission denied, by a prohibit route");
    case IK_E_BLACKHOLE:
        return ik_err_text(err);
    default:
        return NULL;
    }
}

/* ---- end ------------------------------------------------------------------------------------- */

void ik_run_loop(struct ik_run *r)
{
    const enum ik_err err = ik_loop_run(r->loop);
    if (err) {
        ik_run_say(r->cfg.verb, _("cannot wait for the network: %s"), ik_lang_err(err));
        r->failed = true;
    }
}

static void close_all(struct ik_run *r)
{
    if (r->loop)
        ik_loop_free(r->loop);
    for (int i = 0; i < 2; i++) {
        if (r->links[i])
            r->links[i]->ops->close(r->links[i]);
    }
    if (r->names)
        ik_names_close(r->names);
    if (r->signals)
        ik_signals_close(r->signals);
    ik_runlab_close(r->lab);
    ik_hostnames_free(r->hostnames);
    ik_line_free(r->line);
}

int ik_run_end(struct ik_run *r, int status)
{
    if (r->line)
        ik_line_finish(r->line);
    ik_out_flush(&r->out, true);
    say_write_error(r);
    const bool failed = r->failed || (r->out.error && r->out.error != EPIPE);
    close_all(r);
    return failed ? 2 : status;
}
