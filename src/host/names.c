/* SPDX-License-Identifier: MIT
 * Look-ups: literal addresses are answered at once, the rest waits in a queue of which a bounded
 * part is with the resolver.
 *
 *     ask -> waiting -> under way (at most UNDER_WAY) -> answered -> the caller's function -> gone
 *
 * c-ares is in the middle of its work when it answers, and the caller's function may ask again: so
 * an answer is copied to a list, and the list is told after c-ares has returned. */
#include <icmpkit/host.h>

#include "host/idn.h"
#include "host/literal.h"
#include "host/resolve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* With so many, ten thousand names neither flood a resolver nor overflow the socket's buffer with
 * its answers. */
enum { UNDER_WAY = 64, NAME_BYTES = 256 };

struct look_up {
    struct look_up *next;
    struct ik_names *owner;
    ik_names_fn *fn;
    void *ctx;
    bool is_reverse;
    uint8_t family;        /* forward */
    struct ik_addr addr;   /* reverse */
    char name[NAME_BYTES]; /* forward: what is asked; later either's answer */
    struct ik_names_answer answer;
    struct ik_addr *addrs; /* owned; what the answer points to */
};

struct list {
    struct look_up *first, **end;
};

struct ik_names {
    struct ik_source source; /* first: ready() gets back from it */
    struct ik_resolve *resolve;
    struct list waiting, answered;
    size_t under_way, pending;
    bool telling; /* the caller's functions run: who asks now is told by the loop that runs them */
    bool closing;
};

static void list_init(struct list *l)
{
    l->first = NULL;
    l->end = &l->first;
}

static void list_put(struct list *l, struct look_up *u)
{
    u->next = NULL;
    *l->end = u;
    l->end = &u->next;
}

static struct look_up *list_take(struct list *l)
{
    struct look_up *u = l->first;
    if (u) {
        l->first = u->next;
        if (!l->first)
            l->end = &l->first;
    }
    return u;
}

static void look_up_free(struct look_up *u)
{
    free(u->addrs);
    free(u);
}

static void answer_now(struct look_up *u, enum ik_err err, const char *text)
{
    u->answer = (struct ik_names_answer){.err = err, .error_text = text};
    list_put(&u->owner->answered, u);
}

/* Copies what the resolver lends. */
static void on_answer(void *ctx, const struct ik_names_answer *a)
{
    struct look_up *u = ctx;
    u->owner->under_way--;
    if (u->owner->closing) {
        look_up_free(u);
        return;
    }
    u->answer = *a;
    if (a->name) {
        const size_t n = strnlen(a->name, sizeof(u->name) - 1);
        memcpy(u->name, a->name, n);
        u->name[n] = '\0';
        u->answer.name = u->name;
    }
    if (a->n) {
        u->addrs = malloc(a->n * sizeof(*u->addrs));
        if (!u->addrs)
            return answer_now(u, IK_E_NOMEM, "Memory allocation failure");
        memcpy(u->addrs, a->addrs, a->n * sizeof(*u->addrs));
        u->answer.addrs = u->addrs;
    }
    list_put(&u->owner->answered, u);
}

/* The resolver, made for the first name, and anew where resolv.conf changed and nothing waits for
 * the old servers. */
static enum ik_err need_resolver(struct ik_names *n)
{
    if (n->resolve && !n->under_way && ik_resolve_is_stale(n->resolve)) {
        ik_resolve_close(n->resolve);
        n->resolve = NULL;
    }
    return n->resolve ? IK_OK : ik_resolve_open(&n->resolve, n->source.fd);
}

static void pump(struct ik_names *n)
{
    while (n->waiting.first && n->under_way < UNDER_WAY) {
        struct look_up *u = list_take(&n->waiting);
        const enum ik_err err = need_resolver(n);
        if (err) {
            answer_now(u, err, "Temporary failure in name resolution");
            continue;
        }
        n->under_way++;
        if (u->is_reverse)
            ik_resolve_reverse(n->resolve, &u->addr, on_answer, u);
        else
            ik_resolve_forward(n->resolve, u->name, u->family, on_answer, u);
    }
}

/* Tells every answer and starts what waits; what the callers ask meanwhile too. */
static void tell(struct ik_names *n, struct ik_now now)
{
    if (n->telling)
        return;
    n->telling = true;
    struct look_up *u;
    pump(n);
    while ((u = list_take(&n->answered))) {
        n->pending--;
        u->fn(u->ctx, now, &u->answer);
        look_up_free(u);
        pump(n);
    }
    n->telling = false;
}

static void names_ready(struct ik_source *source, struct ik_now now)
{
    struct ik_names *n = (struct ik_names *)source;
    if (n->resolve)
        ik_resolve_process(n->resolve);
    tell(n, now);
}

enum ik_err ik_names_open(struct ik_names **out)
{
    struct ik_names *n = calloc(1, sizeof(*n));
    if (!n)
        return IK_E_NOMEM;
    n->source = (struct ik_source){.fd = epoll_create1(EPOLL_CLOEXEC), .ready = names_ready};
    if (n->source.fd < 0) {
        free(n);
        return IK_E_SYSTEM;
    }
    list_init(&n->waiting);
    list_init(&n->answered);
    *out = n;
    return IK_OK;
}

struct ik_source *ik_names_source(struct ik_names *n)
{
    return &n->source;
}

static struct look_up *look_up_new(struct ik_names *n, ik_names_fn *fn, void *ctx)
{
    struct look_up *u = calloc(1, sizeof(*u));
    if (u) {
        *u = (struct look_up){.owner = n, .fn = fn, .ctx = ctx};
        n->pending++;
    }
    return u;
}

/* True when the text is an address, or wants to be one: then the answer is in the list. */
static bool answer_literal(struct look_up *u, const char *name)
{
    struct ik_addr a;
    const enum ik_err err = ik_literal_parse(name, &a);
    if (err == IK_E_NOT_FOUND)
        return false;
    if (err) {
        answer_now(u, IK_E_NOT_FOUND, "Name or service not known");
        return true;
    }
    if (u->family && u->family != a.family) {
        answer_now(u, IK_E_NOT_FOUND, "Address family for hostname not supported");
        return true;
    }
    u->addr = a;
    u->answer = (struct ik_names_answer){.addrs = &u->addr, .n = 1};
    list_put(&u->owner->answered, u);
    return true;
}

/* The name as it is asked; false when the answer is in the list already. */
static bool prepare_name(struct look_up *u, const char *name)
{
    enum ik_err err = IK_OK;
    if (!ik_idn_is_ascii(name))
        err = ik_idn_encode(name, u->name);
    else if (!*name || strlen(name) >= sizeof(u->name))
        err = IK_E_VALUE;
    else
        memcpy(u->name, name, strlen(name) + 1);
    if (err == IK_E_UNSUPPORTED)
        answer_now(u, err, "a name beyond ASCII needs libidn2 (package libidn2-0)");
    else if (err)
        answer_now(u, IK_E_NOT_FOUND, "Name or service not known");
    return !err;
}

enum ik_err ik_names_forward(struct ik_names *n, const char *name, uint8_t family, ik_names_fn *fn,
                             void *ctx)
{
    struct look_up *u = look_up_new(n, fn, ctx);
    if (!u)
        return IK_E_NOMEM;
    u->family = family;
    if (!answer_literal(u, name) && prepare_name(u, name))
        list_put(&n->waiting, u);
    tell(n, ik_clock_now());
    return IK_OK;
}

enum ik_err ik_names_reverse(struct ik_names *n, const struct ik_addr *addr, ik_names_fn *fn,
                             void *ctx)
{
    if (!ik_addr_bytes(addr->family))
        return IK_E_VALUE;
    struct look_up *u = look_up_new(n, fn, ctx);
    if (!u)
        return IK_E_NOMEM;
    u->is_reverse = true;
    u->addr = *addr;
    list_put(&n->waiting, u);
    tell(n, ik_clock_now());
    return IK_OK;
}

size_t ik_names_pending(const struct ik_names *n)
{
    return n->pending;
}

void ik_names_close(struct ik_names *n)
{
    if (!n)
        return;
    struct look_up *u;
    n->closing = true;
    ik_resolve_close(n->resolve);
    while ((u = list_take(&n->waiting)))
        look_up_free(u);
    while ((u = list_take(&n->answered)))
        look_up_free(u);
    close(n->source.fd);
    free(n);
}
