/* SPDX-License-Identifier: MIT
 * Who is never acted against: what the machine cannot do without, and who sits at it. */
#include "icmpkit/daemon.h"

#include <icmpkit/host.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { FILE_MOST = 65536, ANCESTORS_MOST = 64 };

struct list {
    struct ik_spared *out;
    size_t n, cap;
    bool full;
};

static void add_one(struct list *l, struct ik_spared s)
{
    s.who.addr.scope = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct ik_prefix *have = &l->out[i].who;
        if (have->bits == s.who.bits && ik_addr_same_host(&have->addr, &s.who.addr))
            return;
    }
    if (l->n == l->cap) {
        l->full = true;
        return;
    }
    l->out[l->n++] = s;
}

static void add(struct list *l, const struct ik_addr *a, bool own, const char *why)
{
    const struct ik_prefix who = {.addr = *a, .bits = (uint8_t)(8 * ik_addr_bytes(a->family))};
    if (a->family)
        add_one(l, (struct ik_spared){.who = who, .own = own, .why = why});
}

static void add_own(void *ctx, const struct ik_iface_addr *a)
{
    add(ctx, &a->addr, true, "it is our own address");
}

static void add_router(void *ctx, const struct ik_addr *router, uint32_t ifindex)
{
    (void)ifindex;
    add(ctx, router, false, "it is a gateway of ours");
}

/* Text of a file, terminated, the caller's; NULL where there is none. Zeros stay in it. */
static char *text_of(const char *path, size_t *n)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd >= 0 ? malloc(FILE_MOST + 1) : NULL;
    ssize_t got;
    *n = 0;
    while (text && *n < FILE_MOST && (got = read(fd, text + *n, FILE_MOST - *n)) > 0)
        *n += (size_t)got;
    if (text)
        text[*n] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

/* The first word at `at`, an address, a scope after '%' aside. */
static struct ik_addr first_addr(const char *at)
{
    char word[IK_ADDR_TEXT];
    struct ik_addr a = {.family = 0};
    at += strspn(at, " \t");
    const size_t n = strcspn(at, " \t\n%");
    if (n >= sizeof(word))
        return a;
    memcpy(word, at, n);
    word[n] = '\0';
    if (ik_addr_parse(word, &a))
        a.family = 0;
    return a;
}

/* resolv.conf(5). */
static void add_resolvers(struct list *l)
{
    static const char word[] = "nameserver";
    size_t n;
    char *text = text_of("/etc/resolv.conf", &n);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, word, strlen(word)) || !strchr(" \t", line[strlen(word)]))
            continue;
        const struct ik_addr a = first_addr(line + strlen(word));
        add(l, &a, false, "it is a resolver of ours");
    }
    free(text);
}

static pid_t parent_of(pid_t pid)
{
    char path[64];
    size_t n;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    char *text = text_of(path, &n);
    char *at = text ? strrchr(text, ')') : NULL; /* a name may hold anything */
    const long parent = at && strlen(at) > 4 ? strtol(at + 4, NULL, 10) : 0;
    free(text);
    return (pid_t)parent;
}

/* sudo takes SSH_CONNECTION away, so those who started us are asked too. */
static void add_ssh_peers(struct list *l)
{
    static const char key[] = "SSH_CONNECTION=";
    char path[64];
    pid_t pid = getpid();
    for (int i = 0; i < ANCESTORS_MOST && pid > 1; i++, pid = parent_of(pid)) {
        size_t n;
        snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
        char *text = text_of(path, &n);
        for (size_t at = 0; text && at < n; at += strlen(text + at) + 1) {
            if (strncmp(text + at, key, strlen(key)))
                continue;
            const struct ik_addr a = first_addr(text + at + strlen(key));
            add(l, &a, false, "it is the peer of an SSH session here");
        }
        free(text);
    }
}

static void add_special(struct list *l)
{
    static const char *const nets[] = {"127.0.0.0/8", "0.0.0.0/32", "::1/128", "::/128"};
    for (size_t i = 0; i < sizeof(nets) / sizeof(*nets); i++) {
        struct ik_spared s = {.no_host = true, .why = "it is no address of a host"};
        if (!ik_prefix_parse(nets[i], &s.who))
            add_one(l, s);
    }
}

enum ik_err ik_spared_gather(bool here, struct ik_spared *out, size_t cap, size_t *n)
{
    struct list l = {.out = out, .cap = cap};
    enum ik_err err = IK_OK;
    add_special(&l);
    if (here) {
        /* A gateway that is an address of ours too (a lab on one machine) counts as a gateway. */
        add_resolvers(&l);
        add_ssh_peers(&l);
        err = ik_route_each_router(add_router, &l);
    }
    if (here && !err)
        err = ik_iface_each_addr(add_own, &l);
    *n = l.n;
    return err ? err : l.full ? IK_E_FULL : IK_OK;
}
