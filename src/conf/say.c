/* SPDX-License-Identifier: MIT */
#include "conf/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at c, 0 when it is none, or one of the control characters of
 * Latin-1. */
static size_t character(const unsigned char *c)
{
    const size_t n = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : c[0] >= 0xc2 ? 2 : 0;
    for (size_t i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return c[0] == 0xc2 && c[1] < 0xa0 ? 0 : n;
}

const char *ik_say_in(const struct ik_conf_fault *fault, const char *text)
{
    return fault->translate ? fault->translate(text) : text;
}

/* What a file holds may be what a terminal obeys, and cutting it may leave half a character. */
static void tame(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c;) {
        const size_t n = *c < 0x80 ? 1 : character(c);
        if (n == 0 || *c < ' ' || *c == 0x7f)
            *c = '?';
        c += n ? n : 1;
    }
}

__attribute__((format(printf, 4, 0))) static void fill(struct ik_conf_fault *fault, unsigned line,
                                                       unsigned column, const char *fmt, va_list ap)
{
    fault->line = line;
    fault->column = column;
    vsnprintf(fault->text, sizeof(fault->text), ik_say_in(fault, fmt), ap);
    tame(fault->text);
}

enum ik_err ik_say_at(struct ik_conf_fault *fault, const struct ik_tree_node *at, const char *fmt,
                      ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(fault, at ? at->line : 0, at ? at->column : 0, fmt, ap);
    va_end(ap);
    return IK_E_VALUE;
}

enum ik_err ik_say_place(struct ik_conf_fault *fault, enum ik_err err, unsigned line,
                         unsigned column, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(fault, line, column, fmt, ap);
    va_end(ap);
    return err;
}

enum ik_err ik_say_nomem(struct ik_conf_fault *fault)
{
    fault->line = fault->column = 0;
    snprintf(fault->text, sizeof(fault->text), "%s", ik_say_in(fault, ik_err_text(IK_E_NOMEM)));
    return IK_E_NOMEM;
}

const char *ik_say_names(char *buf, size_t size, const char *(*get)(const void *ctx, size_t i),
                         const void *ctx, size_t n)
{
    enum { MORE = 6 }; /* ", ..." */
    size_t used = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const char *name = get(ctx, i), *comma = i ? ", " : "";
        if (used + strlen(comma) + strlen(name) + MORE > size) {
            snprintf(buf + used, size - used, "%s...", comma);
            break;
        }
        used += (size_t)snprintf(buf + used, size - used, "%s%s", comma, name);
    }
    return buf;
}
