/* SPDX-License-Identifier: MIT
 * A piece is kept as its bytes, with a mark, a kind and the raw address wherever a name belongs:
 * no text of others (strangers, file names, interfaces) reaches here unescaped, so the mark cannot
 * occur in text. Waiting pieces stand in one buffer, each behind its length. */
#include "line.h"

#include <icmpkit/record.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARK = 1, PIECE_CAP = 262144, HELD_CAP = 524288, MARKED = 2 + sizeof(struct ik_addr) };
enum { AS_HOST, AS_MEMBER }; /* the byte behind a mark: how the name is written */

struct ik_line {
    struct ik_out *out;
    struct ik_hostnames *names;
    size_t used; /* of the piece under construction */
    bool marked; /* it holds names */
    bool pair;   /* an address without a name is its own */
    size_t held; /* bytes that wait */
    char *piece, *waiting;
};

enum ik_err ik_line_new(struct ik_line **out, struct ik_out *to)
{
    struct ik_line *t = calloc(1, sizeof *t);
    char *piece = malloc(PIECE_CAP), *waiting = malloc(HELD_CAP);
    if (!t || !piece || !waiting) {
        free(t);
        free(piece);
        free(waiting);
        return IK_E_NOMEM;
    }
    *t = (struct ik_line){.out = to, .piece = piece, .waiting = waiting};
    *out = t;
    return IK_OK;
}

void ik_line_free(struct ik_line *t)
{
    if (!t)
        return;
    free(t->piece);
    free(t->waiting);
    free(t);
}

void ik_line_resolve(struct ik_line *t, struct ik_hostnames *names)
{
    t->names = names;
}

void ik_line_pair(struct ik_line *t)
{
    t->pair = true;
}

/* ---- building -------------------------------------------------------------------------------- */

/* What does not fit any more is cut: the longest piece, a dump of 65507 bytes, does fit. */
static void put(struct ik_line *t, const void *bytes, size_t n)
{
    const size_t room = PIECE_CAP - t->used;
    n = n < room ? n : room;
    memcpy(t->piece + t->used, bytes, n);
    t->used += n;
}

void ik_line_str(struct ik_line *t, const char *text)
{
    put(t, text, strlen(text));
}

void ik_line_fmt(struct ik_line *t, const char *fmt, ...)
{
    char buf[1024];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(buf, sizeof buf, fmt, ap);
    va_end(ap);
    if (n > 0)
        put(t, buf, (size_t)n < sizeof buf ? (size_t)n : sizeof buf - 1);
}

/* At least `digits` digits, zeros before. */
static void decimal(struct ik_line *t, uint64_t v, int digits)
{
    char buf[24];
    size_t at = sizeof buf;
    do {
        buf[--at] = (char)('0' + v % 10);
        v /= 10;
        digits--;
    } while (v || digits > 0);
    put(t, buf + at, sizeof buf - at);
}

void ik_line_u64(struct ik_line *t, uint64_t v)
{
    decimal(t, v, 1);
}

void ik_line_us3(struct ik_line *t, int64_t us)
{
    const uint64_t v = us < 0 ? 0 : (uint64_t)us;
    decimal(t, v / 1000, 1);
    put(t, ".", 1);
    decimal(t, v % 1000, 3);
}

void ik_line_rtt(struct ik_line *t, ik_ns rtt)
{
    const uint64_t us = rtt < 0 ? 0 : (uint64_t)rtt / 1000;
    if (us >= 100000 - 50) {
        decimal(t, (us + 500) / 1000, 1);
        return;
    }
    if (us < 1000) {
        ik_line_us3(t, (int64_t)us);
        return;
    }
    const uint64_t step = us >= 10000 - 5 ? 100 : 10, v = (us + step / 2) / step;
    decimal(t, v * step / 1000, 1);
    put(t, ".", 1);
    decimal(t, v % (1000 / step), step == 100 ? 1 : 2);
}

/* The kernel takes nearly any byte in the name of an interface. */
void ik_line_iface(struct ik_line *t, const char *name)
{
    char safe[64];
    const struct ik_rd text = {(const uint8_t *)name, strlen(name)};
    ik_line_str(t, ik_text_escape(text, safe, sizeof safe));
}

void ik_line_addr(struct ik_line *t, const struct ik_addr *addr)
{
    char buf[IK_ADDR_TEXT];
    struct ik_addr plain = *addr;
    char scope[16] = "";
    plain.scope = 0;
    ik_line_str(t, ik_addr_text(&plain, buf));
    if (addr->scope) {
        put(t, "%", 1);
        if (ik_iface_name(addr->scope, scope))
            ik_line_u64(t, addr->scope);
        else
            ik_line_iface(t, scope);
    }
}

static bool put_mark(struct ik_line *t, char kind, const struct ik_addr *addr)
{
    if (!t->names || t->used + MARKED > PIECE_CAP)
        return false;
    const char mark[2] = {MARK, kind};
    put(t, mark, sizeof mark);
    put(t, addr, sizeof *addr);
    t->marked = true;
    return true;
}

void ik_line_host(struct ik_line *t, const struct ik_addr *addr)
{
    if (!put_mark(t, AS_HOST, addr))
        ik_line_addr(t, addr);
}

void ik_line_json(struct ik_line *t, const char *record, size_t n, size_t at,
                  const struct ik_addr *addr)
{
    put(t, record, at);
    (void)put_mark(t, AS_MEMBER, addr);
    put(t, record + at, n - at);
}

/* ---- settling -------------------------------------------------------------------------------- */

/* True when every name in the piece is settled; else *until falls to when it will be. */
static bool settled(struct ik_line *t, struct ik_now now, const char *at, size_t n, ik_ns *until)
{
    const char *end = at + n;
    bool all = true;
    while ((at = memchr(at, MARK, (size_t)(end - at)))) {
        struct ik_addr addr;
        const char *name;
        ik_ns when;
        memcpy(&addr, at + 2, sizeof addr);
        at += MARKED;
        if (!ik_hostnames_get(t->names, now, &addr, &name, &when)) {
            all = false;
            *until = when < *until ? when : *until;
        }
    }
    return all;
}

/* Writes an address with the name that is known by now. Uses the end of the piece buffer, which is
 * free whenever pieces are written. */
static void emit_host(struct ik_line *t, struct ik_now now, const struct ik_addr *addr)
{
    const char *name;
    ik_ns when;
    (void)ik_hostnames_get(t->names, now, addr, &name, &when);
    const size_t start = t->used;
    if (name) {
        ik_line_str(t, name);
        ik_line_str(t, " (");
    } else if (t->pair) {
        ik_line_addr(t, addr);
        ik_line_str(t, " (");
    }
    ik_line_addr(t, addr);
    if (name || t->pair)
        ik_line_str(t, ")");
    ik_out_put(t->out, t->piece + start, t->used - start);
    t->used = start;
}

/* The name as a member of a JSON object, when there is one. It is safe to print, so quotes and
 * backslashes are all that needs care. */
static void emit_member(struct ik_line *t, struct ik_now now, const struct ik_addr *addr)
{
    const char *name;
    ik_ns when;
    (void)ik_hostnames_get(t->names, now, addr, &name, &when);
    if (!name)
        return;
    ik_out_str(t->out, ",\"name\":\"");
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            ik_out_put(t->out, "\\", 1);
        ik_out_put(t->out, name, 1);
    }
    ik_out_str(t->out, "\"");
}

static void emit(struct ik_line *t, struct ik_now now, const char *at, size_t n)
{
    const char *end = at + n, *mark;
    while ((mark = memchr(at, MARK, (size_t)(end - at)))) {
        struct ik_addr addr;
        memcpy(&addr, mark + 2, sizeof addr);
        ik_out_put(t->out, at, (size_t)(mark - at));
        if (mark[1] == AS_MEMBER)
            emit_member(t, now, &addr);
        else
            emit_host(t, now, &addr);
        at = mark + MARKED;
    }
    ik_out_put(t->out, at, (size_t)(end - at));
}

/* Writes waiting pieces from the first on: those that are settled, or all. */
static ik_ns release(struct ik_line *t, struct ik_now now, bool all)
{
    size_t at = 0;
    ik_ns until = IK_NEVER;
    while (at < t->held) {
        size_t n;
        memcpy(&n, t->waiting + at, sizeof n);
        if (!all && !settled(t, now, t->waiting + at + sizeof n, n, &until))
            break;
        until = IK_NEVER;
        emit(t, now, t->waiting + at + sizeof n, n);
        at += sizeof n + n;
    }
    memmove(t->waiting, t->waiting + at, t->held - at);
    t->held -= at;
    return until;
}

ik_ns ik_line_settle(struct ik_line *t, struct ik_now now)
{
    return t->held ? release(t, now, false) : IK_NEVER;
}

void ik_line_finish(struct ik_line *t)
{
    (void)release(t, (struct ik_now){IK_NEVER, IK_NEVER}, true);
}

void ik_line_end(struct ik_line *t, struct ik_now now)
{
    const size_t n = t->used;
    ik_ns until = IK_NEVER;
    const bool known = !t->marked || settled(t, now, t->piece, n, &until);
    const bool wait = t->held || !known;
    if (wait && sizeof n + n > HELD_CAP - t->held)
        (void)release(t, now, true);
    if (!wait || sizeof n + n > HELD_CAP - t->held) {
        emit(t, now, t->piece, n);
    } else {
        memcpy(t->waiting + t->held, &n, sizeof n);
        memcpy(t->waiting + t->held + sizeof n, t->piece, n);
        t->held += sizeof n + n;
    }
    t->used = 0;
    t->marked = false;
}
