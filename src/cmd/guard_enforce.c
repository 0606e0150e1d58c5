/* SPDX-License-Identifier: MIT
 * What guard does about findings, where it was asked to, and how that is told. */
#include "guard.h"

#include "run.h"

#include <stdlib.h>
#include <string.h>

enum { WHO_TEXT = IK_ADDR_TEXT + 4, SPARED_MOST = 720, WHY_MOST = 80 /* bytes of text */ };

/* ---- telling --------------------------------------------------------------------------------- */

/* "192.0.2.1", or "2001:db8::/64". */
static const char *who_text(const struct ik_prefix *p, char mem[static WHO_TEXT])
{
    struct ik_put w;
    ik_put_init(&w, mem, WHO_TEXT - 1);
    ik_put_addr(&w, &p->addr);
    if (p->bits < 8 * ik_addr_bytes(p->addr.family)) {
        ik_put_c(&w, '/');
        ik_put_u64(&w, p->bits);
    }
    *w.at = 0;
    return mem;
}

void ik_guard_text_order(FILE *to, const struct ik_order *o, uint64_t stopped)
{
    char who[WHO_TEXT], other[WHO_TEXT];
    const enum ik_order_key key = ik_order_key(o->kind);
    fprintf(to, ": %s: %s", ik_lang_text(ik_order_text(o->kind)), who_text(&o->who, who));
    if (key == IK_ORDER_KEY_PAIR)
        fprintf(to, ", %s", who_text(&o->other, other));
    if (key == IK_ORDER_KEY_TYPE)
        fprintf(to, _(", type %u"), o->type);
    if (key == IK_ORDER_KEY_CODE)
        fprintf(to, _(", type %u code %u"), o->type, o->code);
    fprintf(to, _(", for %u s"), o->seconds);
    if (stopped != IK_STOPPED_UNKNOWN)
        fprintf(to, _(", packets stopped: %llu"), (unsigned long long)stopped);
}

/* What nft said has no translation. */
static const char *why_text(const struct ik_deed *d, char out[static 2 * IK_ENFORCE_TEXT])
{
    const char *why = d->why && d->why[0] ? ik_lang_text(d->why) : "";
    ik_text_escape((struct ik_rd){(const uint8_t *)why, strlen(why)}, out, 2 * IK_ENFORCE_TEXT);
    return out;
}

static void say_why(FILE *to, const struct ik_deed *d)
{
    char safe[2 * IK_ENFORCE_TEXT];
    if (why_text(d, safe)[0])
        fprintf(to, ": %s", safe);
}

/* Not every format has deeds. */
void ik_guard_enforce_lost(const struct ik_deed *d)
{
    char safe[2 * IK_ENFORCE_TEXT];
    if (why_text(d, safe)[0])
        ik_run_say("guard", _("enforcement has ended; so does guard: %s"), safe);
    else
        ik_run_say("guard", _("enforcement has ended; so does guard"));
}

static bool has_order(const struct ik_deed *d)
{
    return d->what != IK_DEED_REFUSED && d->what != IK_DEED_LOST;
}

void ik_guard_text_deed(FILE *to, const struct ik_deed *d)
{
    if (d->order.finding)
        fprintf(to, "[%llu] ", (unsigned long long)d->order.finding);
    fputs(ik_lang_text(ik_deed_text(d->what)), to);
    if (has_order(d))
        ik_guard_text_order(to, &d->order, d->stopped);
    say_why(to, d);
    fputs("\n\n", to);
}

/* Strings that a record borrows. */
struct ik_record ik_guard_deed_record(const struct ik_deed *d, ik_ns time,
                                      struct ik_guard_deed_mem *mem)
{
    struct ik_record rec = ik_record_make(IK_REC_deed, time);
    struct ik_rec_deed *r = &rec.deed;
    const struct ik_order *o = &d->order;
    r->what = ik_deed_name(d->what);
    if (o->finding)
        r->finding = (int64_t)o->finding;
    if (d->why)
        r->why = (struct ik_rd){(const uint8_t *)d->why, strlen(d->why)};
    if (!has_order(d))
        return rec;
    const enum ik_order_key key = ik_order_key(o->kind);
    r->order = ik_order_name(o->kind);
    r->text = ik_order_text(o->kind);
    r->who = who_text(&o->who, mem->who);
    if (key == IK_ORDER_KEY_PAIR)
        r->other = who_text(&o->other, mem->other);
    if (key == IK_ORDER_KEY_TYPE || key == IK_ORDER_KEY_CODE)
        r->type = o->type;
    if (key == IK_ORDER_KEY_CODE)
        r->code = o->code;
    r->seconds = o->seconds;
    if (d->stopped != IK_STOPPED_UNKNOWN)
        r->stopped = (int64_t)d->stopped;
    return rec;
}

/* ---- beginning ------------------------------------------------------------------------------- */

/* Where that is told as it is, whatever enforces. */
static bool say_any(enum ik_err err)
{
    ik_run_say("guard", _("cannot enforce: %s"), ik_lang_err(err));
    return false;
}

static bool say_nft(enum ik_err err, const char *why)
{
    char safe[2 * IK_ENFORCE_TEXT];
    switch (err) {
    case IK_E_NOT_FOUND:
        ik_run_say("guard", _("--enforce needs nft(8), which is not here: install nftables"));
        return false;
    case IK_E_ACCESS:
        ik_run_say("guard", _("--enforce needs root, or CAP_NET_ADMIN: --dry-run shows what it "
                              "would do"));
        return false;
    case IK_E_EXISTS:
        ik_run_say("guard", _("another guard enforces here already"));
        return false;
    case IK_E_VALUE:
        ik_text_escape((struct ik_rd){(const uint8_t *)why, strlen(why)}, safe, sizeof safe);
        ik_run_say("guard", _("nft does not take the rules: %s"), safe);
        return false;
    default:
        return say_any(err);
    }
}

static bool say_xdp(enum ik_err err, const char *interface, const char *why)
{
    char safe[2 * IK_ENFORCE_TEXT], name[64];
    const char *text = ik_lang_text(why);
    ik_text_escape((struct ik_rd){(const uint8_t *)text, strlen(text)}, safe, sizeof safe);
    ik_text_escape((struct ik_rd){(const uint8_t *)interface, strlen(interface)}, name,
                   sizeof name);
    if (err == IK_E_NOT_FOUND)
        ik_run_say("guard", _("--enforce xdp needs icmp-warden-xdp, which is not here: icmpkit is "
                              "built with it where clang and libbpf are"));
    else if (err == IK_E_ACCESS)
        ik_run_say("guard", _("--enforce xdp needs root, or CAP_BPF and CAP_NET_ADMIN: --dry-run "
                              "shows what it would do"));
    else if (err == IK_E_EXISTS && !why[0])
        ik_run_say("guard", _("another guard enforces at %s already"), name);
    else if (err == IK_E_EXISTS)
        ik_run_say("guard",
                   _("%s has an XDP program that is not guard's, which stays: try "
                     "--enforce nft"),
                   name);
    else if (why[0])
        ik_run_say("guard", _("cannot enforce at %s: %s"), name, safe);
    else
        return say_any(err);
    return false;
}

static bool say_open(const struct ik_enforce_cfg *cfg, enum ik_err err, const char *why)
{
    if (err == IK_E_FULL || err == IK_E_NOMEM)
        return say_any(err);
    return cfg->way == IK_ENFORCE_XDP ? say_xdp(err, cfg->interface, why) : say_nft(err, why);
}

/* What comes in by several interfaces is more than a program at one can see. */
static bool has_place(const struct ik_guard *g)
{
    if (g->opt.enforce != IK_GUARD_XDP || !g->all || g->lab)
        return true;
    ik_run_say("guard",
               _("--enforce xdp is for one interface: name it by -i NAME, or --enforce nft"));
    return false;
}

/* What no detector saw goes on. */
static void on_stopped(void *ctx, const struct ik_order *o, uint64_t packets)
{
    struct ik_guard *g = ctx;
    if (g->detect)
        (void)ik_detect_stopped(g->detect, o->finding, packets); /* it may be over */
}

bool ik_guard_enforce_open(struct ik_guard *g, void (*on_deed)(void *, const struct ik_deed *))
{
    const struct ik_guard_opt *o = &g->opt;
    const struct ik_enforce_cfg cfg = {.way = o->enforce == IK_GUARD_XDP ? IK_ENFORCE_XDP
                                                                         : IK_ENFORCE_NFT,
                                       .interface = g->interface,
                                       .dry = o->dry_run,
                                       .here = g->interface != NULL,
                                       .keep = o->on_exit == IK_GUARD_EXPIRE,
                                       .on_deed = on_deed,
                                       .on_stopped = on_stopped,
                                       .ctx = g};
    char why[IK_ENFORCE_TEXT];
    if (o->enforce == IK_GUARD_NONE)
        return true;
    /* Who may sniff by file capabilities may not set rules for everybody. */
    if (!has_place(g))
        return false;
    if (!cfg.dry && ik_priv_is_secure_exec())
        return say_open(&cfg, IK_E_ACCESS, "");
    const enum ik_err err = ik_enforce_open(&g->enforce, &cfg, why);
    if (err)
        return say_open(&cfg, err, why);
    g->from.also[0] = ik_enforce_source(g->enforce);
    return true;
}

/* Of a file or a lab nobody knows who could not be done without: there only the configuration says.
 * A long list is cut, as lines of messages are. */
static void say_spared(const struct ik_guard *g)
{
    const struct ik_enforce *e = g->enforce;
    char text[SPARED_MOST + WHO_TEXT + WHY_MOST], who[WHO_TEXT];
    struct ik_put w;
    struct ik_spared s;
    size_t n = 0, more = 0;
    ik_put_init(&w, text, sizeof text - 1);
    for (; ik_put_used(&w) < SPARED_MOST && ik_enforce_spares(e, n, &s); n++) {
        ik_put_s(&w, n ? ", " : "");
        ik_put_s(&w, who_text(&s.who, who));
        ik_put_s(&w, " (");
        ik_put_s(&w, ik_lang_text(s.why));
        ik_put_s(&w, ")");
    }
    *w.at = 0;
    while (ik_enforce_spares(e, n + more, &s))
        more++;
    if (!n && g->interface)
        ik_run_say("guard", _("enforcement spares nobody: no gateway, resolver or SSH session is "
                              "known here, and no configuration names anybody"));
    else if (more)
        ik_run_say("guard", _("enforcement spares %s, and %zu more"), text, more);
    else if (n)
        ik_run_say("guard", _("enforcement spares %s"), text);
}

bool ik_guard_enforce_settle(struct ik_guard *g)
{
    const struct ik_guard_settings *s = &g->settings[g->current];
    const struct ik_config *c = s->config;
    const ik_ns hold = c ? c->hold : IK_CONFIG_HOLD;
    if (!g->enforce)
        return true;
    const enum ik_err err = ik_enforce_settle(g->enforce, &s->cfg, c ? c->spare : NULL,
                                              c ? c->n_spare : 0, (uint32_t)(hold / IK_NS_PER_S));
    if (err)
        ik_run_say("guard", _("cannot enforce: %s"), ik_lang_err(err));
    else
        say_spared(g);
    return !err;
}

ik_ns ik_guard_enforce_tick(struct ik_guard *g)
{
    const ik_ns now = ik_clock_now().mono;
    const ik_ns next = g->enforce ? ik_enforce_tick(g->enforce, now) : IK_NEVER;
    return next == IK_NEVER ? IK_NEVER : next - now;
}

void ik_guard_enforce_finding(struct ik_guard *g, const struct ik_finding *f)
{
    if (g->enforce)
        ik_enforce_finding(g->enforce, f, g->interface ? ik_clock_now().mono : f->last);
}

void ik_guard_enforce_leave(const struct ik_guard *g)
{
    char name[64];
    struct ik_force force;
    if (!g->enforce || g->opt.on_exit != IK_GUARD_EXPIRE || g->opt.dry_run ||
        !ik_enforce_at(g->enforce, 0, ik_clock_now().mono, &force))
        return;
    if (g->opt.enforce == IK_GUARD_NFT) {
        ik_run_say("guard",
                   _("what is in force stays until its time is up; this ends it before: "
                     "sudo nft delete table inet %s"),
                   IK_NFT_TABLE);
        return;
    }
    ik_text_escape((struct ik_rd){(const uint8_t *)g->interface, strlen(g->interface)}, name,
                   sizeof name);
    ik_run_say(
        "guard",
        _("what is in force stays until its time is up; this ends it before: sudo icmp guard "
          "-i %s --enforce xdp --for 0.1"),
        name);
}
