/* SPDX-License-Identifier: MIT
 * From what explain says of a type to what a firewall does with it. Codes that are treated unlike
 * their type come first, then the types in order, neighbours of one kind in one rule; types that
 * nobody has assigned fill the gaps. */
#include "icmpkit/policy.h"

#include "icmpkit/explain.h"

#include <string.h>

/* ---- reasons --------------------------------------------------------------------------------- */

static const struct why {
    uint8_t family, type;
    int16_t code;
    enum ik_policy_proof proof;
    const char *text;
} whys[] = {
#define WHY(family, type, code, proof, text) \
    {family, IK_ICMP##family##_##type, code, IK_POLICY_##proof, text},
#include "policy/policy_why.def"
#undef WHY
};

static const struct why *why_of(const struct ik_explain *e)
{
    const struct why *found = NULL;
    for (size_t i = 0; i < sizeof whys / sizeof *whys; i++) {
        const struct why *w = &whys[i];
        if (w->family != e->family || w->type != e->type)
            continue;
        if (w->code == e->code)
            return w;
        if (w->code < 0)
            found = w;
    }
    return found;
}

static const char *drop_reason(const struct ik_explain *e)
{
    switch (e->status) {
    case IK_ICMP_STATUS_DEPRECATED:
        return "deprecated: nothing needs it any more (RFC 6918)";
    case IK_ICMP_STATUS_EXPERIMENTAL:
        return "an experiment: pass it only where you run one";
    case IK_ICMP_STATUS_RESERVED:
        return "reserved: nothing correct sends it";
    default:
        return "needed only where you know of it; pass it then";
    }
}

/* ---- verdicts -------------------------------------------------------------------------------- */

static bool is_about_size(const struct ik_explain *e)
{
    return e->family == 6
               ? e->type == IK_ICMP6_PACKET_TOO_BIG
               : e->type == IK_ICMP4_UNREACHABLE && e->code == IK_ICMP4_UNREACHABLE_FRAG_NEEDED;
}

/* What a firewall knows to be asked for, because it saw the request. */
static bool is_answer(const struct ik_explain *e)
{
    return e->type == (e->family == 6 ? (int)IK_ICMP6_ECHO_REPLY : (int)IK_ICMP4_ECHO_REPLY);
}

static bool is_router(enum ik_policy_role role)
{
    return role == IK_POLICY_ROUTER || role == IK_POLICY_GATEWAY;
}

/* Hosts alone obey redirects (RFC 4861 section 8). */
static bool is_not_for(enum ik_policy_role role, const struct ik_explain *e)
{
    return is_router(role) && e->family == 6 && e->type == IK_ICMP6_REDIRECT;
}

static enum ik_policy_verdict on_link(enum ik_policy_role role, enum ik_policy_hook hook,
                                      const struct ik_explain *e, const struct why *why)
{
    const bool crosses = hook == IK_POLICY_TRANSIT && role != IK_POLICY_BRIDGE;
    return why && why->proof && !crosses && !is_not_for(role, e) ? IK_POLICY_PROVEN
                                                                 : IK_POLICY_DROP;
}

/* Of what tells about a packet that was sent. Through a gateway only what it has seen (RFC 6092
 * REC-10, REC-18); elsewhere packets may have left by another way. */
static enum ik_policy_verdict on_report(enum ik_policy_role role, enum ik_policy_hook hook,
                                        const struct ik_explain *e)
{
    if (role == IK_POLICY_GATEWAY && hook == IK_POLICY_TRANSIT)
        return IK_POLICY_TRACKED;
    return is_about_size(e) ? IK_POLICY_PASS : IK_POLICY_KNOWN;
}

static enum ik_policy_verdict verdict_of(enum ik_policy_role role, enum ik_policy_hook hook,
                                         const struct ik_explain *e, const struct why *why)
{
    switch (e->filter) {
    case IK_EXPLAIN_LINK_ONLY:
        return on_link(role, hook, e, why);
    case IK_EXPLAIN_MUST_NOT_DROP:
    case IK_EXPLAIN_SHOULD_NOT_DROP:
    case IK_EXPLAIN_LIMIT:
        return e->class_of == IK_ICMP_CLASS_ERROR || is_answer(e) ? on_report(role, hook, e)
                                                                  : IK_POLICY_LIMITED;
    case IK_EXPLAIN_MAY_DROP:
        /* A code of an error that passes is no danger for its number. */
        if (e->code >= 0 && e->class_of == IK_ICMP_CLASS_ERROR && why)
            return on_report(role, hook, e);
        return IK_POLICY_DROP;
    default:
        return IK_POLICY_DROP;
    }
}

static struct ik_policy_rule rule_of(enum ik_policy_role role, enum ik_policy_hook hook,
                                     const struct ik_explain *e)
{
    const struct why *why = why_of(e);
    struct ik_policy_rule r = {.family = e->family,
                               .first_type = e->type,
                               .last_type = e->type,
                               .code = e->code,
                               .verdict = verdict_of(role, hook, e, why),
                               .name = e->name};
    r.proof = r.verdict == IK_POLICY_PROVEN ? why->proof : IK_POLICY_NO_PROOF;
    const bool link = e->filter == IK_EXPLAIN_LINK_ONLY && r.verdict == IK_POLICY_DROP;
    if (link && is_not_for(role, e) && hook == IK_POLICY_LOCAL)
        r.why = "a router obeys no redirects (RFC 4861 section 8)";
    else if (link && hook == IK_POLICY_TRANSIT && is_router(role))
        r.why = "belongs to one link, never crosses a router (RFC 4890 4.3.3)";
    else
        r.why = why ? why->text : drop_reason(e);
    return r;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct list {
    struct ik_policy_rule *out;
    size_t cap, n;
};

static void add(struct list *l, const struct ik_policy_rule *r)
{
    struct ik_policy_rule *last = l->n && l->n <= l->cap ? &l->out[l->n - 1] : NULL;
    if (last && r->code < 0 && last->code < 0 && last->last_type + 1 == r->first_type &&
        last->verdict == r->verdict && last->proof == r->proof && !strcmp(last->why, r->why)) {
        last->last_type = r->last_type;
        return;
    }
    if (l->n < l->cap)
        l->out[l->n] = *r;
    l->n++;
}

static bool same_fate(const struct ik_policy_rule *a, const struct ik_policy_rule *b)
{
    return a->verdict == b->verdict && a->proof == b->proof;
}

static void add_codes(struct list *l, enum ik_policy_role role, enum ik_policy_hook hook,
                      uint8_t family)
{
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        if (e->family != family || e->code < 0)
            continue;
        const struct ik_policy_rule code = rule_of(role, hook, e);
        const struct ik_policy_rule type = rule_of(role, hook, ik_explain_get(family, e->type, -1));
        if (!same_fate(&code, &type))
            add(l, &code);
    }
}

/* RFC 4890 section 4.3.4 asks for a decision on what nobody has assigned. */
static void add_gap(struct list *l, uint8_t family, unsigned from, unsigned to)
{
    if (from > to)
        return;
    const bool error = family == 6 && from < 128;
    add(l,
        &(struct ik_policy_rule){.family = family,
                                 .first_type = (uint8_t)from,
                                 .last_type = (uint8_t)to,
                                 .code = -1,
                                 .verdict = IK_POLICY_DROP,
                                 .name = "unassigned",
                                 .why = error ? "errors that nobody has assigned (RFC 4890 4.3.4)"
                                              : "a type that nobody has assigned"});
}

static void add_types(struct list *l, enum ik_policy_role role, enum ik_policy_hook hook,
                      uint8_t family)
{
    unsigned next = 0;
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        if (e->family != family || e->code >= 0)
            continue;
        const struct ik_policy_rule r = rule_of(role, hook, e);
        if (e->type > next)
            add_gap(l, family, next, e->type - 1u);
        add(l, &r);
        next = e->type + 1u;
    }
    add_gap(l, family, next, UINT8_MAX);
}

size_t ik_policy_rules(enum ik_policy_role role, enum ik_policy_hook hook, uint8_t family,
                       struct ik_policy_rule *out, size_t cap)
{
    struct list l = {.out = out, .cap = cap};
    const bool none = hook == IK_POLICY_LOCAL ? role == IK_POLICY_BRIDGE : role == IK_POLICY_HOST;
    if (none || (family != 4 && family != 6))
        return 0;
    add_codes(&l, role, hook, family);
    add_types(&l, role, hook, family);
    return l.n;
}

struct ik_policy_rule ik_policy_judge(enum ik_policy_role role, enum ik_policy_hook hook,
                                      uint8_t family, uint8_t type, uint8_t code)
{
    struct ik_policy_rule rules[IK_POLICY_RULES];
    const size_t n = ik_policy_rules(role, hook, family, rules, IK_POLICY_RULES);
    for (size_t i = 0; i < n && i < IK_POLICY_RULES; i++) {
        if (type >= rules[i].first_type && type <= rules[i].last_type &&
            (rules[i].code < 0 || rules[i].code == code))
            return rules[i];
    }
    return (struct ik_policy_rule){.verdict = IK_POLICY_PASS, .name = "", .why = ""};
}
