/* SPDX-License-Identifier: MIT
 * What detectors go by: options before the configuration, the configuration before what the machine
 * knows of itself. */
#include "guard.h"

#include "run.h"

#include <string.h>

static void say_fault(const char *path, const struct ik_conf_fault *fault)
{
    ik_runlab_say_fault("guard", path, fault);
}

/* "192.0.2.0/24", or an address. */
static bool read_home(const char *text, struct ik_prefix *out)
{
    if (!ik_prefix_parse(text, out))
        return true;
    if (ik_addr_parse(text, &out->addr))
        return false;
    out->bits = (uint8_t)(8 * ik_addr_bytes(out->addr.family));
    return true;
}

static bool take_homes(struct ik_guard_settings *s, const struct ik_opt_list *homes)
{
    char safe[128];
    for (int i = 0; i < homes->n; i++) {
        const char *text = homes->items[i];
        if (read_home(text, &s->home[i]))
            continue;
        ik_text_escape((struct ik_rd){(const uint8_t *)text, strlen(text)}, safe, sizeof safe);
        ik_run_say("guard",
                   _("bad NET '%s' for '--home': must be a network or an address, such as "
                     "192.0.2.0/24"),
                   safe);
        return false;
    }
    if (homes->n) {
        s->cfg.home = s->home;
        s->cfg.n_home = (size_t)homes->n;
    }
    return true;
}

static void take_config(struct ik_guard_settings *s)
{
    const struct ik_config *c = s->config;
    struct ik_detect_cfg *to = &s->cfg;
    to->home = c->home;
    to->n_home = c->n_home;
    to->routers = c->routers;
    to->n_routers = c->n_routers;
    to->allow = c->allow;
    to->n_allow = c->n_allow;
    to->off = c->off;
    memcpy(to->limits, c->limits, sizeof to->limits);
}

bool ik_guard_settings_open(struct ik_guard_settings *s, const struct ik_guard_opt *o)
{
    struct ik_conf_fault fault = {.translate = ik_lang_text};
    s->config = NULL;
    s->cfg = ik_detect_defaults();
    if (o->config && ik_config_open(&s->config, o->config, &fault)) {
        s->config = NULL;
        say_fault(o->config, &fault);
        return false;
    }
    if (s->config)
        take_config(s);
    return take_homes(s, &o->home);
}

void ik_guard_settings_close(struct ik_guard_settings *s)
{
    ik_config_close(s->config);
    s->config = NULL;
}

/* ---- the machine ----------------------------------------------------------------------------- */

struct asking {
    struct ik_guard_settings *s;
    const char *interface; /* NULL: all */
    bool want_home, want_routers;
};

static void add_net(struct ik_guard_settings *s, const struct ik_addr *addr, uint8_t bits)
{
    if (s->cfg.n_home == IK_GUARD_HOMES)
        return;
    struct ik_prefix *p = &s->home[s->cfg.n_home];
    *p = (struct ik_prefix){.addr = *addr, .bits = bits};
    p->addr.scope = 0;
    for (unsigned bit = bits; bit < 8 * ik_addr_bytes(addr->family); bit++)
        p->addr.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
    s->cfg.home = s->home;
    s->cfg.n_home++;
}

static void add_home(void *ctx, const struct ik_iface_addr *a)
{
    const struct asking *q = ctx;
    if (!a->loopback && (!q->interface || !strcmp(q->interface, a->name)))
        add_net(q->s, &a->addr, a->bits);
}

static void add_gateway(struct ik_guard_settings *s, const struct ik_addr *router)
{
    if (!router->family || s->cfg.n_routers == IK_GUARD_ROUTERS)
        return;
    for (size_t i = 0; i < s->cfg.n_routers; i++) {
        if (ik_addr_same_host(&s->routers[i], router))
            return;
    }
    s->routers[s->cfg.n_routers++] = *router;
    s->cfg.routers = s->routers;
}

static void add_router(void *ctx, const struct ik_addr *router, uint32_t ifindex)
{
    const struct asking *q = ctx;
    char name[16];
    if (!q->interface || (!ik_iface_name(ifindex, name) && !strcmp(q->interface, name)))
        add_gateway(q->s, router);
}

/* What the kernel does not say is not known: detectors then ask for more proof. */
void ik_guard_settings_ask(struct ik_guard_settings *s, const char *interface)
{
    const bool any = !strcmp(interface, "any");
    struct asking q = {.s = s, .interface = any ? NULL : interface};
    if (!s->cfg.n_home && ik_iface_each_addr(add_home, &q))
        s->cfg.n_home = 0;
    if (!s->cfg.n_routers && ik_route_each_router(add_router, &q))
        s->cfg.n_routers = 0;
}

void ik_guard_settings_ask_lab(struct ik_guard_settings *s, const struct ik_lab *lab)
{
    struct ik_lab_vantage v;
    const bool told = s->cfg.n_home;
    ik_lab_vantage(lab, &v);
    for (size_t i = 0; !told && i < v.n_addrs; i++)
        add_net(s, &v.addrs[i].addr, v.addrs[i].bits);
    if (!s->cfg.n_routers) {
        add_gateway(s, &v.gateway4);
        add_gateway(s, &v.gateway6);
    }
}
