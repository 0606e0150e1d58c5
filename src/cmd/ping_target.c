/* SPDX-License-Identifier: MIT
 * From what the user wrote to targets: understood and counted before anything is opened, then
 * handed over in order. */
#include "ping.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 253 };

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

/* The interface of a link-local address that has no zone: the one to send by, else that of the
 * source, else the only one that there is. With several the kernel would take the first one that
 * has a route, which is a guess. */
static bool find_zone(const struct ik_ping_plan *plan, uint32_t *out)
{
    if (plan->interface)
        return !ik_iface_index(plan->interface, out);
    if (plan->source.scope) {
        *out = plan->source.scope;
        return true;
    }
    return !ik_iface_only_link(out);
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
    if (ik_addr_parse(plain, out) || (zone && out->family == 4))
        return false;
    if (plan->opt.lab.lab && (zone || (out->family == 6 && ik_addr_is_link_local(out))))
        snprintf(why, cap, _("of one link only: in a lab, give a node or another address"));
    else if (zone && !zone_index(zone + 1, &out->scope))
        snprintf(why, cap, _("no interface '%s'; 'ip link' lists them"), zone + 1);
    else if (out->family == 6 && ik_addr_is_link_local(out) && !zone &&
             !find_zone(plan, &out->scope))
        snprintf(why, cap, _("a link-local address needs its interface: %s%%eth0, or -I eth0"),
                 plain);
    return true;
}

static bool read_prefix(const char *text, struct ik_ping_target *out, char *why, size_t cap)
{
    struct ik_prefix prefix;
    if (ik_prefix_parse(text, &prefix)) {
        snprintf(why, cap, _("bad prefix: must be ADDRESS/BITS, such as 10.0.0.0/28"));
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
        snprintf(why, cap, _("%llu addresses; at most %d targets in a run"),
                 (unsigned long long)out->n, IK_PING_TARGETS_MAX);
    else
        snprintf(why, cap, _("2^%u addresses; at most %d targets in a run"), host_bits,
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
        snprintf(why, cap, _("must be an address, a prefix or a name"));
    else if (!plain)
        snprintf(why, cap, _("a name has no blanks and no control characters"));
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
        snprintf(why, cap, _("an IPv%d address, but the options allow only IPv%d"),
                 out->addr.family, plan->family);
    return !*why;
}

/* ---- counting all ---------------------------------------------------------------------------- */

void ik_ping_target_say(const char *text, const char *why)
{
    char safe[256];
    const struct ik_rd bytes = {(const uint8_t *)text, strlen(text)};
    ik_run_say("ping", "%s: %s", ik_text_escape(bytes, safe, sizeof safe), why);
}

static bool lacks_zone(const struct ik_addr *a)
{
    return a->family == 6 && ik_addr_is_link_local(a) && !a->scope;
}

/* A link-local source without a zone is on the link of the target. */
static void take_source_zone(struct ik_ping_plan *plan, const struct ik_addr *target)
{
    if (lacks_zone(&plan->source))
        plan->source.scope = target->scope;
}

/* No target tells the zone of the source. False: said. */
static bool settle_source_zone(struct ik_ping_plan *plan)
{
    char text[IK_ADDR_TEXT];
    if (!lacks_zone(&plan->source) || !ik_iface_only_link(&plan->source.scope))
        return true;
    ik_addr_text(&plan->source, text);
    ik_run_say("ping", _("a link-local source needs its interface: %s%%eth0, or -I eth0 too"),
               text);
    return false;
}

bool ik_ping_target_count(struct ik_ping *p, const char *text, int *families)
{
    struct ik_ping_target t;
    char why[IK_PING_WHY];
    if (!ik_ping_target_read(text, &p->plan, &t, why, sizeof why)) {
        ik_ping_target_say(text, why);
        return false;
    }
    if (t.what == IK_PING_NAME) {
        p->n_names++;
        p->room += p->plan.opt.all_addresses ? IK_PING_NAME_ADDRESSES : 1;
        *families |= p->plan.family == 4 ? 1 : p->plan.family == 6 ? 2 : 3;
    } else {
        take_source_zone(&p->plan, &t.addr);
        p->room += t.n;
        *families |= t.addr.family == 4 ? 1 : 2;
    }
    p->expected += t.n;
    if (p->expected > IK_PING_TARGETS_MAX) {
        ik_run_say("ping", _("more than %d targets"), IK_PING_TARGETS_MAX);
        return false;
    }
    return true;
}

int ik_ping_target_survey(struct ik_ping *p)
{
    int families = 0;
    for (int i = 0; i < p->plan.args.n; i++) {
        if (!ik_ping_target_count(p, p->plan.args.operands[i], &families))
            return -1;
    }
    if (!settle_source_zone(&p->plan))
        return -1;
    if (p->plan.opt.targets)
        families |= p->plan.family == 4 ? 1 : p->plan.family == 6 ? 2 : 3;
    return families;
}

/* ---- starting -------------------------------------------------------------------------------- */

static void start_one(struct ik_ping *p, struct ik_now now, const char *text)
{
    struct ik_ping_target t;
    char why[IK_PING_WHY];
    if (!ik_ping_target_read(text, &p->plan, &t, why, sizeof why))
        return; /* surveyed before */
    if (t.what == IK_PING_LITERAL) {
        ik_ping_add_address(p, now, &t);
    } else if (t.what == IK_PING_PREFIX) {
        ik_ping_add_prefix(p, now, &t);
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
            ik_run_say("ping", "%s", ik_lang_err(IK_E_NOMEM));
            return false;
        }
    }
    if (p->file && !ik_ping_add_few(p))
        ik_ping_text_many(p, now,
                          strcmp(p->plan.opt.targets, "-") ? p->plan.opt.targets : "standard input",
                          p->expected, "targets", 4);
    for (int i = 0; i < p->plan.args.n; i++)
        start_one(p, now, p->plan.args.operands[i]);
    for (const char *at = p->file; at && (at = ik_ping_file_next(p, at)); at += strlen(at))
        start_one(p, now, at);
    if (!p->file_named) {
        free(p->file);
        p->file = NULL;
    }
    p->n_names = p->next_name;
    p->next_name = 0;
    ik_ping_add_names(p, now);
    return true;
}

void ik_ping_target_free(struct ik_ping *p)
{
    free(p->names);
    free(p->file);
}
