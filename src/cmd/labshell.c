/* SPDX-License-Identifier: MIT
 * icmp lab shell: a command takes the place of the vantage, in namespaces of the caller's own. */
#include "lab.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exit statuses as of a shell. */
enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* ---- the namespaces -------------------------------------------------------------------------- */

/* The lines of a hosts file; the caller's to free. NULL: no memory. */
static char *hosts_of(const struct ik_lab *lab)
{
    char *text = NULL, addr[IK_ADDR_TEXT];
    size_t n;
    struct ik_addr a;
    const char *name;
    FILE *f = open_memstream(&text, &n);
    if (!f)
        return NULL;
    for (size_t i = 0; ik_lab_host(lab, i, &a, &name); i++)
        fprintf(f, "%s %s\n", ik_addr_text(&a, addr), name);
    if (!fclose(f))
        return text;
    free(text);
    return NULL;
}

static void say_namespace_error(enum ik_err err, const char *step, const char *file)
{
    const char *why = ik_netns_forbidden();
    if (err == IK_E_ACCESS && why)
        ik_run_say("lab",
                   _("this machine does not let users make %s (%s); as root: icmp lab up %s"),
                   ik_lang_text(step), why, file);
    else if (err == IK_E_ACCESS)
        ik_run_say("lab", _("this machine does not let users make %s; as root: icmp lab up %s"),
                   ik_lang_text(step), file);
    else if (err == IK_E_UNSUPPORTED)
        ik_run_say("lab", _("this kernel cannot make %s; as root: icmp lab up %s"),
                   ik_lang_text(step), file);
    else
        ik_run_say("lab", _("cannot make %s: %s"), ik_lang_text(step), ik_lang_err(err));
}

static bool open_namespaces(struct ik_labverb *v, const char *file, const char *const *command)
{
    char *hosts = hosts_of(v->lab);
    const char *step = N_("a list of names");
    struct ik_netns_cfg cfg = {.argv = command,
                               .mtu = v->vantage.mtu,
                               .addrs = v->addrs,
                               .n_addrs = v->n_addrs,
                               .gateway4 = v->vantage.gateway4,
                               .gateway6 = v->vantage.gateway6,
                               .hosts = hosts};
    memcpy(cfg.mac, v->vantage.mac, sizeof cfg.mac);
    enum ik_err err = hosts ? ik_netns_open(&v->ns, &cfg, &step) : IK_E_NOMEM;
    free(hosts);
    if (err) {
        say_namespace_error(err, step, file);
        return false;
    }
    err = ik_link_open_packet(&v->link, ik_netns_interface(v->ns));
    if (err)
        ik_run_say("lab", _("cannot open a packet socket: %s"), ik_lang_err(err));
    return !err;
}

/* ---- run ------------------------------------------------------------------------------------- */

static void on_end(void *ctx, struct ik_now now)
{
    struct ik_labverb *v = ctx;
    (void)now;
    ik_loop_quit(v->run.loop);
}

/* Those of the terminal go to the command as well, which decides; the lab lives as long as it. */
static bool on_signal(void *ctx, int signo, struct ik_now now)
{
    struct ik_labverb *v = ctx;
    (void)now;
    if (signo == SIGTERM)
        ik_netns_signal(v->ns, signo);
    return true;
}

/* -1: it runs. */
static int begin(struct ik_labverb *v, const char *name)
{
    char safe[256];
    const enum ik_err err = ik_netns_run(v->ns);
    if (!err)
        return -1;
    ik_run_say(
        "lab", _("cannot run %s: %s"),
        ik_text_escape((struct ik_rd){(const uint8_t *)name, strlen(name)}, safe, sizeof safe),
        ik_lang_err(err));
    return err == IK_E_NOT_FOUND ? NOT_FOUND : NOT_EXECUTABLE;
}

int ik_labshell(struct ik_labverb *v, const char *file, const char *const *command)
{
    const char *shell = getenv("SHELL");
    const char *const fallback[] = {shell && *shell ? shell : "/bin/sh", NULL};
    command = command ? command : fallback;
    v->run.cfg.on_signal = on_signal;
    if (!open_namespaces(v, file, command) || !ik_run_start(&v->run) || !ik_labverb_start(v))
        return 2;
    if (ik_loop_add_source(v->run.loop, ik_netns_source(v->ns)))
        return 2;
    ik_netns_on_end(v->ns, on_end, v);
    int status = begin(v, command[0]);
    if (status >= 0)
        return status;
    ik_run_loop(&v->run);
    return ik_netns_status(v->ns, &status) ? status : 2;
}
