/* SPDX-License-Identifier: MIT
 * Targets on their way into the engine: what can be known about one before a probe fails is said,
 * and the target not tried. Names come in when the resolver answers, a bounded number of them asked
 * for at a time. */
#include "ping.h"

#include <stdio.h>
#include <string.h>

enum {
    ASK_AT_ONCE = 64,
    CHECK_ROUTES = 64, /* with more targets, failed sends tell */
};

bool ik_ping_add_few(const struct ik_ping *p)
{
    return p->expected <= CHECK_ROUTES;
}

static enum ik_err route(const struct ik_ping *p, const struct ik_addr *addr, struct ik_route *out)
{
    uint32_t index = addr->scope;
    if (p->plan.interface && ik_iface_index(p->plan.interface, &index))
        return IK_E_IFACE;
    const uint32_t mark = p->plan.opt.mark < 0 ? 0 : (uint32_t)p->plan.opt.mark;
    return ik_run_route(&p->run, addr,
                        p->plan.source.family == addr->family ? &p->plan.source : NULL, index, mark,
                        out);
}

/* False: said, in the stream too, where a target would be missed, and the target is not tried. */
static bool refuse_as(struct ik_ping *p, const char *name, const char *what, const char *why)
{
    p->refused++;
    ik_ping_target_say(name, ik_lang_text(why));
    if (p->run.cfg.json) {
        struct ik_record rec = ik_record_make(IK_REC_notice, ik_run_now(&p->run).real);
        rec.notice.target = name;
        rec.notice.what = what;
        rec.notice.text = why;
        ik_run_record(&p->run, &rec);
    }
    return false;
}

static bool refuse(struct ik_ping *p, const char *name, const char *why)
{
    return refuse_as(p, name, "not-tried", why);
}

/* Broadcast and multicast: as iputils, not by accident and not fast for users. */
static bool check_group(struct ik_ping *p, const char *name, bool broadcast)
{
    const struct ik_ping_opt *o = &p->plan.opt;
    if (broadcast && !o->broadcast)
        return refuse(p, name, N_("a broadcast address; -b allows that"));
    if (broadcast)
        ik_run_say("ping", _("WARNING: pinging broadcast address"));
    if (p->plan.root)
        return true;
    if (o->interval < IK_PING_USER_GROUP_INTERVAL)
        return refuse(p, name, N_("a group of hosts: the least interval for a user is 1 s"));
    if (o->pmtudisc >= 0 && o->pmtudisc != 0)
        return refuse(p, name, N_("a group of hosts: probes to it are not fragmented (-M do)"));
    return true;
}

/* One of many targets: failed sends tell the rest, but nobody else would hold users to the limits
 * of groups. Only with -b can an address turn out to be a broadcast one. */
static bool is_unchecked(const struct ik_ping *p, const struct ik_addr *addr)
{
    const bool may_be_group = p->plan.opt.broadcast || ik_addr_is_multicast(addr);
    return !ik_ping_add_few(p) && (p->plan.root || !may_be_group);
}

/* Once: an interface that does not have the source that the kernel chose, as iputils warns. */
static void warn_source(struct ik_ping *p, const struct ik_route *r)
{
    const char *name = p->plan.interface;
    char safe[64];
    if (p->warned || !name || p->plan.source.family || !r->source.family ||
        ik_iface_check_addr(name, &r->source) != IK_E_NOT_FOUND)
        return;
    p->warned = true;
    ik_run_say(
        "ping", _("Warning: source address might be selected on device other than: %s"),
        ik_text_escape((struct ik_rd){(const uint8_t *)name, strlen(name)}, safe, sizeof safe));
}

/* What can be known about a target before a probe fails; `r` is filled when there is a route. */
static bool check(struct ik_ping *p, const char *name, const struct ik_addr *addr,
                  struct ik_route *r)
{
    *r = (struct ik_route){.ifindex = 0};
    if (!p->run.links[addr->family == 6])
        return refuse(p, name, ik_run_no_family(&p->run, addr->family));
    if (is_unchecked(p, addr))
        return true;
    const enum ik_err err = route(p, addr, r);
    const char *no_way = ik_run_route_trouble(err);
    if (no_way)
        return refuse(p, name, no_way);
    if (err == IK_E_ADDR)
        return refuse(p, name, N_("the source address is not of this host"));
    if (!err)
        warn_source(p, r);
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
    if (ik_ping_add_few(p))
        ik_ping_text_header(p, now, name, addr, r, numeric);
}

void ik_ping_add_address(struct ik_ping *p, struct ik_now now, const struct ik_ping_target *t)
{
    char text[IK_ADDR_TEXT];
    struct ik_route r;
    struct ik_addr addr = t->addr;
    const bool this_host6 = addr.family == 6 && ik_addr_is_any(&addr);
    if (this_host6)
        addr.bytes[15] = 1; /* as the kernel sends what is for :: */
    if (!check(p, t->text, &addr, &r))
        return;
    if (ik_addr_is_any(&addr) && r.source.family)
        addr = r.source; /* "this host": as iputils, by the address that it would use */
    const bool canonical = !strcmp(ik_addr_text(&addr, text), t->text);
    const bool in_file = p->file && t->text >= p->file && t->text < p->file + p->file_bytes;
    p->file_named = p->file_named || (in_file && !canonical);
    struct ik_addr shown = this_host6 ? t->addr : addr; /* as iputils shows them */
    if (!strchr(t->text, '%'))
        shown.scope = 0;
    header(p, now, t->text, &shown, &r, true);
    add(p, now, canonical ? NULL : t->text, &addr);
}

void ik_ping_add_prefix(struct ik_ping *p, struct ik_now now, const struct ik_ping_target *t)
{
    if (!p->run.links[t->addr.family == 6]) {
        (void)refuse(p, t->text, ik_run_no_family(&p->run, t->addr.family));
        return;
    }
    if (ik_addr_is_multicast(&t->addr) && !check_group(p, t->text, false))
        return;
    const bool may_be_broadcast = p->plan.opt.broadcast && !p->plan.root;
    char text[IK_ADDR_TEXT];
    struct ik_route r;
    ik_ping_text_many(p, now, t->text, t->n, t->n == 1 ? "address" : "addresses", t->addr.family);
    for (uint64_t i = 0; i < t->n; i++) {
        const struct ik_addr addr = ik_prefix_host(&t->prefix, i);
        if (!may_be_broadcast || check(p, ik_addr_text(&addr, text), &addr, &r))
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
    struct ik_record rec = ik_record_make(IK_REC_notice, now.real);
    rec.notice.target = name;
    rec.notice.addr = *to;
    rec.notice.what = "family-fallback";
    rec.notice.text =
        from->family == 6 ? N_("no route by IPv6, using IPv4") : N_("no route by IPv4, using IPv6");
    ik_run_record(&p->run, &rec);
}

/* An address of the other family that we could use, had it a route. */
static const struct ik_addr *unreachable_other(const struct ik_ping *p,
                                               const struct ik_names_answer *a, uint8_t family)
{
    for (size_t i = 0; i < a->n; i++) {
        struct ik_route r;
        if (usable(p, &a->addrs[i]) && a->addrs[i].family != family &&
            ik_run_route_trouble(route(p, &a->addrs[i], &r)))
            return &a->addrs[i];
    }
    return NULL;
}

/* Takes the first address that has a route. The resolver's order (RFC 6724) knows routes as well
 * and may have put it first: what is told is that a family was not to be had. */
static void add_best(struct ik_ping *p, struct ik_now now, const char *name,
                     const struct ik_names_answer *a)
{
    const char *why = NULL; /* why not the first one */
    for (size_t i = 0; i < a->n; i++) {
        struct ik_route r = {.ifindex = 0};
        const struct ik_addr *addr = &a->addrs[i], *other;
        if (!usable(p, addr))
            continue;
        const char *no_way = ik_run_route_trouble(route(p, addr, &r));
        why = why ? why : no_way;
        if (no_way)
            continue;
        if (ik_ping_add_few(p) && (other = unreachable_other(p, a, addr->family)))
            say_fallback(p, now, name, other, addr);
        if (!check(p, name, addr, &r))
            return;
        header(p, now, name, addr, &r, false);
        add(p, now, name, addr);
        return;
    }
    (void)refuse(p, name, why ? why : N_("no address of the family that is wanted"));
}

static void add_all(struct ik_ping *p, struct ik_now now, const char *name,
                    const struct ik_names_answer *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n && n < IK_PING_NAME_ADDRESSES; i++) {
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
        (void)refuse(p, name, N_("no address of the family that is wanted"));
}

static void answered(void *ctx, struct ik_now now, const struct ik_names_answer *a)
{
    const struct ik_ping_name *job = ctx;
    struct ik_ping *p = job->ping;
    p->pending--;
    if (p->ended)
        return; /* too late to be probed */
    if (a->err || a->n == 0)
        (void)refuse_as(p, job->text, "name-error",
                        a->error_text ? a->error_text : "Name or service not known");
    else if (p->plan.opt.all_addresses)
        add_all(p, now, job->text, a);
    else
        add_best(p, now, job->text, a);
    ik_ping_add_names(p, now);
}

/* Asks for names until enough are asked for; at the end of all, the engine knows its targets. A
 * look-up that is answered at once comes back in here: `asking` keeps that flat. */
void ik_ping_add_names(struct ik_ping *p, struct ik_now now)
{
    if (p->asking)
        return;
    p->asking = true;
    while (p->next_name < p->n_names && p->pending < ASK_AT_ONCE) {
        struct ik_ping_name *job = &p->names[p->next_name++];
        p->pending++;
        const enum ik_err err = ik_run_forward(&p->run, job->text, p->plan.family, answered, job);
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
