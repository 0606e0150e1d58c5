/* SPDX-License-Identifier: MIT
 * From operands to addresses in the engine: addresses at once, names when the resolver answers. */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

/* As a terminal may have it. */
static const char *safe_name(const char *text, char *buf, size_t cap)
{
    const struct ik_rd bytes = {(const uint8_t *)text, strlen(text)};
    return ik_text_escape(bytes, buf, cap);
}

static void say_bad(const char *text, const char *why)
{
    char safe[256];
    ik_run_say("trace", "%s: %s", safe_name(text, safe, sizeof safe), ik_lang_text(why));
}

/* ---- understanding --------------------------------------------------------------------------- */

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

/* An address, IPv6 perhaps with a zone. `why` is set where it is one that cannot be used. */
static bool read_address(const struct ik_trace_plan *plan, const char *text, struct ik_addr *out,
                         const char **why)
{
    char plain[IK_ADDR_TEXT];
    const char *zone = strchr(text, '%');
    const size_t n = zone ? (size_t)(zone - text) : strlen(text);
    if (n >= sizeof plain)
        return false;
    memcpy(plain, text, n);
    plain[n] = 0;
    if (ik_addr_parse(plain, out) || (zone && out->family == 4))
        return false;
    if (plan->opt.lab.lab && (zone || (out->family == 6 && ik_addr_is_link_local(out))))
        *why = N_("of one link only: in a lab, give a node or another address");
    else if (zone && !zone_index(zone + 1, &out->scope))
        *why = N_("no such interface after the '%'; 'ip link' lists them");
    else if (out->family == 6 && ik_addr_is_link_local(out) && !out->scope)
        out->scope = plan->ifindex;
    if (!*why && out->family == 6 && ik_addr_is_link_local(out) && !out->scope)
        *why = N_("a link-local address needs its interface: ADDRESS%eth0, or -i eth0");
    else if (plan->family && plan->family != out->family)
        *why = out->family == 6 ? N_("an IPv6 address, but the options allow only IPv4")
                                : N_("an IPv4 address, but the options allow only IPv6");
    return true;
}

/* ADDRESS/BITS, whatever the bits. */
static bool is_prefix(const char *text)
{
    char plain[IK_ADDR_TEXT];
    struct ik_addr addr;
    const char *slash = strchr(text, '/');
    const size_t n = slash ? (size_t)(slash - text) : sizeof plain;
    if (n >= sizeof plain)
        return false;
    memcpy(plain, text, n);
    plain[n] = 0;
    return ik_addr_parse(plain, &addr) == IK_OK;
}

static bool survey(struct ik_trace_verb *v, struct ik_trace_target *t, int *families)
{
    const char *why = NULL;
    t->literal = read_address(&v->plan, t->text, &t->addr, &why);
    if (t->literal)
        *families |= t->addr.family == 4 ? 1 : 2;
    else
        *families |= v->plan.family == 4 ? 1 : v->plan.family == 6 ? 2 : 3;
    const size_t n = strlen(t->text);
    if (!t->literal && (n == 0 || n > 253))
        why = N_("must be a name or an address");
    if (is_prefix(t->text))
        why = N_("a prefix has no single path; give one address of it");
    for (const char *c = t->text; !t->literal && *c; c++)
        if ((uint8_t)*c <= ' ' || *c == 127)
            why = N_("a name has no blanks and no control characters");
    if (why)
        say_bad(t->text, why);
    return !why;
}

int ik_trace_target_survey(struct ik_trace_verb *v)
{
    int families = 0;
    for (size_t i = 0; i < v->n; i++) {
        v->targets[i] = (struct ik_trace_target){.verb = v, .text = v->plan.args.operands[i]};
        if (!survey(v, &v->targets[i], &families))
            return -1;
    }
    return families;
}

/* ---- into the engine ------------------------------------------------------------------------- */

/* Said in the stream too, where a target would be missed. */
static void refuse(struct ik_trace_verb *v, struct ik_trace_target *t, const char *what,
                   const char *why)
{
    t->settled = true;
    v->refused++;
    say_bad(t->text, why);
    if (!v->plan.opt.json)
        return;
    struct ik_record rec = ik_record_make(IK_REC_notice, ik_run_now(&v->run).real);
    rec.notice.target = t->text;
    rec.notice.what = what;
    rec.notice.text = why;
    ik_run_record(&v->run, &rec);
}

static const char *route_trouble(enum ik_err err)
{
    const char *text = ik_run_route_trouble(err);
    if (text)
        return text;
    return err == IK_E_ADDR ? N_("the source address is not of this host") : ik_err_text(err);
}

static enum ik_err route(const struct ik_trace_verb *v, const struct ik_addr *addr,
                         struct ik_route *out)
{
    const struct ik_trace_plan *p = &v->plan;
    return ik_run_route(&v->run, addr, p->source.family == addr->family ? &p->source : NULL,
                        addr->scope ? addr->scope : p->ifindex,
                        p->opt.mark < 0 ? 0 : (uint32_t)p->opt.mark, out);
}

/* NULL when the target is under way, else why not. */
static const char *try_add(struct ik_trace_verb *v, struct ik_trace_target *t, struct ik_now now,
                           const struct ik_addr *addr)
{
    const int port = addr->family == 6;
    struct ik_route r;
    if (!v->run.links[port])
        return ik_run_no_family(&v->run, addr->family);
    t->addr = *addr;
    if (port && ik_addr_is_any(addr))
        t->addr.bytes[15] = 1; /* as the kernel sends what is for :: */
    const enum ik_err no_way = route(v, &t->addr, &r);
    if (no_way)
        return route_trouble(no_way);
    if (ik_addr_is_any(addr))
        t->addr = r.source; /* "this host" */
    if (r.broadcast || ik_addr_is_multicast(addr))
        return N_("a group of hosts has no single path");
    const struct ik_addr *source = v->media[port] == IK_MEDIUM_IP ? &r.source : NULL;
    const enum ik_err err = ik_trace_add(v->engine, now, t->text, &t->addr, source, v->media[port]);
    if (err)
        return ik_err_text(err);
    t->settled = t->added = true;
    ik_trace_text_flow(v, now);
    return NULL;
}

/* ---- names ----------------------------------------------------------------------------------- */

static void complete(struct ik_trace_verb *v, struct ik_now now)
{
    if (v->asking || v->pending)
        return;
    ik_trace_complete(v->engine);
    ik_trace_text_flow(v, now);
}

/* The first address that has a route: IPv4 before IPv6, as traceroute has it. */
static void answered(void *ctx, struct ik_now now, const struct ik_names_answer *a)
{
    struct ik_trace_target *t = ctx;
    struct ik_trace_verb *v = t->verb;
    const bool unknown = a->err || a->n == 0;
    const char *why = a->error_text ? a->error_text : "Name or service not known";
    v->pending--;
    for (int family = 4; family <= 6 && !t->added; family += 2)
        for (size_t i = 0; i < a->n && !a->err && !t->added; i++)
            if (a->addrs[i].family == family && (!v->plan.family || v->plan.family == family))
                why = try_add(v, t, now, &a->addrs[i]);
    if (!t->added)
        refuse(v, t, unknown ? "name-error" : "not-tried", why);
    complete(v, now);
}

static void ask(struct ik_trace_verb *v, struct ik_trace_target *t)
{
    v->pending++;
    const enum ik_err err = ik_run_forward(&v->run, t->text, v->plan.family, answered, t);
    if (!err)
        return;
    v->pending--;
    refuse(v, t, "not-tried", ik_err_text(err));
}

void ik_trace_target_start(struct ik_trace_verb *v, struct ik_now now)
{
    v->asking = true;
    for (size_t i = 0; i < v->n; i++) {
        struct ik_trace_target *t = &v->targets[i];
        const char *why = t->literal ? try_add(v, t, now, &t->addr) : NULL;
        if (why)
            refuse(v, t, "not-tried", why);
        else if (!t->literal)
            ask(v, t);
    }
    v->asking = false;
    complete(v, now);
}

/* ---- what became of them --------------------------------------------------------------------- */

struct ik_trace_target *ik_trace_target_find(struct ik_trace_verb *v, const char *name)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->targets[i].text == name)
            return &v->targets[i];
    return NULL;
}

static void say_send_error(const struct ik_trace_target *t, const struct ik_rec_hop *h)
{
    char safe[256];
    const char *name = safe_name(t->text, safe, sizeof safe);
    if (h->mtu > 0)
        ik_run_say("trace", _("cannot send to %s: %s, at most %lld bytes"), name,
                   ik_lang_text(h->error), (long long)h->mtu);
    else
        ik_run_say("trace", _("cannot send to %s: %s"), name, ik_lang_text(h->error));
}

void ik_trace_target_look(void *verb, const struct ik_record *rec)
{
    struct ik_trace_verb *v = verb;
    if (rec->kind == IK_REC_hop) {
        struct ik_trace_target *t = ik_trace_target_find(v, rec->hop.target);
        if (t && !rec->hop.error)
            t->left++;
        else if (t && t->failed++ == 0)
            say_send_error(t, &rec->hop);
    } else if (rec->kind == IK_REC_trace_summary) {
        const struct ik_trace_target *t = ik_trace_target_find(v, rec->trace_summary.target);
        v->refused += t && t->failed && !t->left;
    }
}

void ik_trace_target_status(void *verb, struct ik_now now)
{
    (void)now;
    struct ik_trace_verb *v = verb;
    struct ik_trace_progress p;
    char safe[256];
    for (uint32_t i = 0; ik_trace_progress(v->engine, i, &p); i++)
        if (!p.ended)
            ik_run_say("trace", _("%s: hops told %u, probes sent %llu, answered %llu"),
                       safe_name(p.name, safe, sizeof safe), p.hops, (unsigned long long)p.sent,
                       (unsigned long long)p.received);
    for (size_t i = 0; i < v->n; i++)
        if (!v->targets[i].settled)
            say_bad(v->targets[i].text, N_("its address is being looked up"));
}
