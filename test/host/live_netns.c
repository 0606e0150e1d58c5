/* SPDX-License-Identifier: MIT
 * For live_netns.py:
 *   netns COMMAND...    runs it in namespaces of its own, in a network 10.66.0.0/24, fd66::/64
 *   collide PREFIX...   what each collides with */
#include "icmpkit/host.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

static struct ik_addr parse(const char *text)
{
    struct ik_addr a = {.family = 0};
    if (ik_addr_parse(text, &a))
        fprintf(stderr, "bad %s\n", text);
    return a;
}

static void ended(void *ctx, struct ik_now now)
{
    (void)now;
    *(bool *)ctx = true;
}

static int run(const char *const *argv)
{
    const struct ik_netif_addr addrs[] = {{parse("10.66.0.7"), 24}, {parse("fd66::7"), 64}};
    const struct ik_netns_cfg cfg = {.argv = argv,
                                     .mac = {2, 0, 0, 0, 0, 7},
                                     .mtu = 1400,
                                     .addrs = addrs,
                                     .n_addrs = 2,
                                     .gateway4 = parse("10.66.0.1"),
                                     .gateway6 = parse("fd66::1"),
                                     .hosts = "203.0.113.9 far\n2001:db8:9::9 far\n"};
    struct ik_netns *n;
    const char *step;
    bool over = false;
    int status = 2;
    enum ik_err err = ik_netns_open(&n, &cfg, &step);
    if (err) {
        const char *why = ik_netns_forbidden();
        printf("cannot make %s: %s (%s)\n", step, ik_err_text(err), why ? why : "?");
        return 2;
    }
    ik_netns_on_end(n, ended, &over);
    err = ik_netns_run(n);
    if (err)
        printf("cannot run: %s\n", ik_err_text(err));
    while (!err && !over) {
        struct ik_source *s = ik_netns_source(n);
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        poll(&p, 1, -1);
        s->ready(s, (struct ik_now){0, 0});
    }
    if (!err && !ik_netns_status(n, &status))
        puts("no status");
    ik_netns_close(n);
    return status;
}

static void collide(const char *text)
{
    struct ik_prefix p, with = {.bits = 0};
    char a[IK_ADDR_TEXT];
    if (ik_prefix_parse(text, &p))
        return;
    const enum ik_err err = ik_netif_collision(&p, &with);
    if (err == IK_E_EXISTS)
        printf("%s: %s/%u\n", text, ik_addr_text(&with.addr, a), with.bits);
    else
        printf("%s: %s\n", text, ik_err_text(err));
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "netns")) {
        const char *const *command;
        char **rest = argv + 2;
        memcpy(&command, &rest, sizeof command);
        return run(command);
    }
    for (int i = 2; i < argc; i++)
        collide(argv[i]);
    return 0;
}
