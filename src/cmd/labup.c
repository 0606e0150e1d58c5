/* SPDX-License-Identifier: MIT
 * icmp lab up: the machine itself takes the place of the vantage, by a TAP device. It gets the
 * lab's prefixes and nothing else; all of it goes with the device, and the device with this
 * process. */
#include "lab.h"

#include <stdio.h>
#include <string.h>

/* ---- what is in the way ---------------------------------------------------------------------- */

static const char *prefix_text(const struct ik_prefix *p, char *buf, size_t cap)
{
    char addr[IK_ADDR_TEXT];
    snprintf(buf, cap, "%s/%u", ik_addr_text(&p->addr, addr), p->bits);
    return buf;
}

/* False: said. */
static bool is_free(const struct ik_prefix *p)
{
    enum { TEXT = IK_ADDR_TEXT + 4 };
    struct ik_prefix with;
    char ours[TEXT], theirs[TEXT];
    const enum ik_err err = ik_netif_collision(p, &with);
    if (err == IK_E_EXISTS)
        ik_run_say("lab",
                   _("%s of the lab collides with %s of this machine; 'icmp lab shell' has a "
                     "network of its own"),
                   prefix_text(p, ours, sizeof ours), prefix_text(&with, theirs, sizeof theirs));
    else if (err)
        ik_run_say("lab", _("cannot read the routes of this machine: %s"), ik_lang_err(err));
    return !err;
}

/* The network that an address of the vantage's is in. */
static struct ik_prefix net_of(const struct ik_netif_addr *a)
{
    char text[IK_ADDR_TEXT + 4];
    struct ik_prefix p = {.addr = a->addr, .bits = a->bits};
    char addr[IK_ADDR_TEXT];
    snprintf(text, sizeof text, "%s/%u", ik_addr_text(&a->addr, addr), a->bits);
    (void)!ik_prefix_parse(text, &p); /* clears the host bits */
    return p;
}

static bool all_free(const struct ik_labverb *v)
{
    struct ik_prefix p;
    for (size_t i = 0; i < v->n_addrs; i++) {
        p = net_of(&v->addrs[i]);
        if (!is_free(&p))
            return false;
    }
    for (size_t i = 0; ik_lab_prefix(v->lab, i, &p); i++)
        if (!is_free(&p))
            return false;
    return true;
}

/* ---- the device ------------------------------------------------------------------------------ */

static void say_open_error(const struct ik_labverb *v, const char *file, enum ik_err err)
{
    if (err == IK_E_ACCESS)
        ik_run_say("lab",
                   _("making a TAP device needs CAP_NET_ADMIN: become root, or use 'icmp lab "
                     "shell %s', which needs no privilege"),
                   file);
    else if (err == IK_E_UNSUPPORTED)
        ik_run_say("lab",
                   _("no TAP devices here (/dev/net/tun): try 'modprobe tun', or 'icmp lab "
                     "shell %s'"),
                   file);
    else if (err == IK_E_EXISTS)
        ik_run_say("lab", _("an interface %s exists already: choose another name with --interface"),
                   v->opt.interface);
    else if (err == IK_E_VALUE)
        ik_run_say("lab",
                   _("'%s' cannot be the name of an interface: at most 15 characters, no "
                     "'%%' nor '/'"),
                   v->opt.interface);
    else
        ik_run_say("lab", _("cannot make the TAP device %s: %s"), v->opt.interface,
                   ik_lang_err(err));
}

static void set(const struct ik_labverb *v, const char *what, const char *value)
{
    char key[64];
    snprintf(key, sizeof key, "ipv6/conf/%s/%s", v->opt.interface, what);
    (void)ik_netif_set(key, value);
}

static bool is_on_link(const struct ik_labverb *v, const struct ik_prefix *p)
{
    for (size_t i = 0; i < v->n_addrs; i++) {
        const struct ik_prefix net = net_of(&v->addrs[i]);
        if (p->bits >= net.bits && ik_prefix_contains(&net, &p->addr))
            return true;
    }
    return false;
}

static enum ik_err add_routes(const struct ik_labverb *v)
{
    struct ik_prefix p;
    enum ik_err err = IK_OK;
    for (size_t i = 0; !err && ik_lab_prefix(v->lab, i, &p); i++) {
        const struct ik_addr *via =
            p.addr.family == 4 ? &v->vantage.gateway4 : &v->vantage.gateway6;
        if (is_on_link(v, &p) || !via->family)
            continue;
        err = ik_netif_route(v->opt.interface, &p, via);
        err = err == IK_E_EXISTS ? IK_OK : err; /* twice in the lab */
    }
    return err;
}

/* A router of the lab may advertise itself, but the machine's default route is not touched. */
static bool set_up(const struct ik_labverb *v)
{
    const char *cannot = N_("cannot bring up %s: %s");
    set(v, "disable_ipv6", "0");
    set(v, "accept_ra", "0");
    set(v, "accept_dad", "0");
    enum ik_err err = ik_netif_up(v->opt.interface);
    if (!err) {
        cannot = N_("cannot give addresses to %s: %s");
        err = ik_netif_address(v->opt.interface, v->addrs, v->n_addrs);
    }
    if (!err) {
        cannot = N_("cannot add routes by %s: %s");
        err = add_routes(v);
    }
    if (err)
        ik_run_say("lab", _(cannot), v->opt.interface, ik_lang_err(err));
    return !err;
}

/* ---- run ------------------------------------------------------------------------------------- */

static void say_up(const struct ik_labverb *v, const char *file)
{
    char a[IK_ADDR_TEXT], b[IK_ADDR_TEXT];
    const char *four = ik_labverb_addr(v, 4, a), *six = ik_labverb_addr(v, 6, b);
    char both[2 * IK_ADDR_TEXT + 16];
    snprintf(both, sizeof both, four && six ? _("%s and %s") : "%s%s", four ? four : "",
             six ? six : "");
    ik_run_say("lab",
               v->opt.until ? _("%s is up: this machine is %s, %s on %s")
                            : _("%s is up: this machine is %s, %s on %s; Ctrl-C ends it"),
               file, v->vantage.name, both, v->opt.interface);
}

int ik_labup(struct ik_labverb *v, const char *file)
{
    if (!all_free(v))
        return 2;
    const enum ik_err err =
        ik_link_open_tap(&v->link, v->opt.interface, v->vantage.mac, v->vantage.mtu);
    if (err) {
        say_open_error(v, file, err);
        return 2;
    }
    if (!set_up(v) || !ik_run_start(&v->run) || !ik_labverb_start(v))
        return 2;
    say_up(v, file);
    ik_run_loop(&v->run);
    return 0;
}
