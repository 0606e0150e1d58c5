/* SPDX-License-Identifier: MIT */
#include "opt.h"

#include <stdarg.h>
#include <string.h>

/* The state of one parse. */
struct parse {
    const struct ik_opt_spec *spec;
    struct ik_opt_args *args;
    void *out;
    char *const *argv;
    int argc, i;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct ik_opt_args *args, const char *fmt,
                                                       ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(args->error, sizeof args->error, fmt, ap);
    va_end(ap);
    /* What was typed may hold what a terminal obeys. */
    for (char *c = args->error; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
    return false;
}

/* "-c" or "--count", as the user may write it. */
static const char *spelled(const struct ik_opt *o, char buf[static 40])
{
    if (o->letter)
        snprintf(buf, 40, "-%c", o->letter);
    else
        snprintf(buf, 40, "--%s", o->name);
    return buf;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

bool ik_opt_int(const char *text, bool hex, int64_t min, int64_t max, int64_t *out)
{
    const bool minus = *text == '-';
    text += minus;
    int base = 10;
    if (hex && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    int64_t v = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        const int d = digit(*text);
        if (d >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
            return false;
    }
    v = minus ? -v : v;
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

/* A plain decimal fraction: strtod would follow the locale, and take "inf" and "0x1p3". */
bool ik_opt_seconds(const char *text, ik_ns min, ik_ns max, ik_ns *out)
{
    int64_t whole = 0, nano = 0, unit = IK_NS_PER_S / 10;
    bool any = false;
    for (; *text >= '0' && *text <= '9'; text++, any = true) {
        if (__builtin_mul_overflow(whole, 10, &whole) ||
            __builtin_add_overflow(whole, *text - '0', &whole))
            return false;
    }
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9'; text++, any = true) {
            nano += (*text - '0') * unit;
            unit /= 10;
        }
    }
    int64_t v;
    if (!any || *text || __builtin_mul_overflow(whole, IK_NS_PER_S, &v) ||
        __builtin_add_overflow(v, nano, &v) || v < min || v > max)
        return false;
    *out = v;
    return true;
}

/* Decimal seconds without needless zeros. */
static const char *seconds_text(ik_ns v, char buf[static 32])
{
    int n = snprintf(buf, 32, "%lld.%09lld", (long long)(v / IK_NS_PER_S),
                     (long long)(v % IK_NS_PER_S));
    while (buf[n - 1] == '0')
        n--;
    if (buf[n - 1] == '.')
        n--;
    buf[n] = 0;
    return buf;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool put_int(struct parse *p, const struct ik_opt *o, const char *text, char *to)
{
    char name[40];
    int64_t v;
    const bool hex = o->kind == IK_OPT_NUMBER;
    if (!ik_opt_int(text, hex, o->min, o->max, &v))
        return fail(
            p->args,
            hex ? _("bad %s '%s' for '%s': must be a whole number from %lld to %lld, decimal "
                    "or 0x...")
                : _("bad %s '%s' for '%s': must be a whole number from %lld to %lld"),
            o->arg, text, spelled(o, name), (long long)o->min, (long long)o->max);
    memcpy(to, &v, sizeof v);
    return true;
}

static bool put_seconds(struct parse *p, const struct ik_opt *o, const char *text, char *to)
{
    char name[40], lo[32], hi[32];
    ik_ns v;
    if (!ik_opt_seconds(text, o->min, o->max, &v))
        return fail(p->args, _("bad %s '%s' for '%s': must be seconds from %s to %s, such as 0.5"),
                    o->arg, text, spelled(o, name), seconds_text(o->min, lo),
                    seconds_text(o->max, hi));
    memcpy(to, &v, sizeof v);
    return true;
}

static bool put_choice(struct parse *p, const struct ik_opt *o, const char *text, char *to)
{
    char name[40], all[160] = "";
    for (int i = 0; o->choices[i]; i++) {
        if (!strcmp(text, o->choices[i])) {
            memcpy(to, &i, sizeof i);
            return true;
        }
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", o->choices[i]);
    }
    return fail(p->args, _("bad %s '%s' for '%s': must be one of %s"), o->arg, text,
                spelled(o, name), all);
}

static bool put_list(struct parse *p, const struct ik_opt *o, const char *text, char *to)
{
    char name[40];
    struct ik_opt_list list;
    memcpy(&list, to, sizeof list);
    if (list.n == IK_OPT_LIST_MAX)
        return fail(p->args, _("'%s' may be given at most %d times"), spelled(o, name),
                    IK_OPT_LIST_MAX);
    list.items[list.n++] = text;
    memcpy(to, &list, sizeof list);
    return true;
}

static bool takes_argument(const struct ik_opt *o)
{
    return o->kind >= IK_OPT_INT;
}

/* `text` is NULL for an option that takes nothing. */
static bool put(struct parse *p, const struct ik_opt *o, const char *text)
{
    char *to = (char *)p->out + o->at;
    p->args->given[o - p->spec->options] = true;
    switch (o->kind) {
    case IK_OPT_FLAG:
    case IK_OPT_OFF: {
        const bool on = o->kind == IK_OPT_FLAG;
        memcpy(to, &on, sizeof on);
        return true;
    }
    case IK_OPT_COUNT: {
        int n;
        memcpy(&n, to, sizeof n);
        n += n < 1000;
        memcpy(to, &n, sizeof n);
        return true;
    }
    case IK_OPT_INT:
    case IK_OPT_NUMBER:
        return put_int(p, o, text, to);
    case IK_OPT_SECONDS:
        return put_seconds(p, o, text, to);
    case IK_OPT_CHOICE:
        return put_choice(p, o, text, to);
    case IK_OPT_STRING:
        memcpy(to, &text, sizeof text);
        return true;
    case IK_OPT_LIST:
        return put_list(p, o, text, to);
    case IK_OPT_HEADING:
        break;
    }
    return false;
}

/* ---- finding --------------------------------------------------------------------------------- */

static const struct ik_opt *by_letter(const struct ik_opt_spec *spec, char letter)
{
    for (size_t i = 0; i < spec->n; i++) {
        if (spec->options[i].letter && spec->options[i].letter == letter)
            return &spec->options[i];
    }
    return NULL;
}

static const struct ik_opt *by_name(const struct ik_opt_spec *spec, const char *name, size_t len)
{
    for (size_t i = 0; i < spec->n; i++) {
        const char *have = spec->options[i].name;
        if (have && strlen(have) == len && !memcmp(have, name, len))
            return &spec->options[i];
    }
    return NULL;
}

static const struct ik_opt *by_either(const struct ik_opt_spec *spec, const char *name, size_t len)
{
    const struct ik_opt *o = len == 1 ? by_letter(spec, *name) : NULL;
    return o ? o : by_name(spec, name, len);
}

static const char *long_form(const void *ctx, size_t i)
{
    return ((const struct ik_opt *)ctx)[i].name;
}

static bool unknown_name(struct parse *p, const char *arg, size_t len)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)len, arg);
    const char *near = ik_text_nearest(name, long_form, p->spec->options, p->spec->n);
    if (near)
        return fail(p->args, _("unknown option '--%s'; did you mean '--%s'?"), name, near);
    return fail(p->args, _("unknown option '--%s'; 'icmp help %s' lists them all"), name,
                p->spec->verb);
}

static bool need_argument(struct parse *p, const struct ik_opt *o, const char *shown)
{
    return fail(p->args, _("option '%s' needs an argument: %s"), shown, o->arg);
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* One argument "--name", "--name=value"; takes the next as value where needed. */
static bool parse_long(struct parse *p, const char *arg)
{
    const char *eq = strchr(arg, '=');
    const size_t len = eq ? (size_t)(eq - arg) : strlen(arg);
    const struct ik_opt *o = by_name(p->spec, arg, len);
    if (!o)
        return unknown_name(p, arg, len);
    char shown[40];
    snprintf(shown, sizeof shown, "--%s", o->name);
    if (!takes_argument(o))
        return eq ? fail(p->args, _("option '%s' takes no argument"), shown) : put(p, o, NULL);
    if (eq)
        return put(p, o, eq + 1);
    if (p->i + 1 >= p->argc)
        return need_argument(p, o, shown);
    return put(p, o, p->argv[++p->i]);
}

/* One argument of joined letters: "-nqc3", or "-c" and then the next. */
static bool parse_letters(struct parse *p, const char *at)
{
    for (; *at; at++) {
        const struct ik_opt *o = by_letter(p->spec, *at);
        if (!o) {
            const bool printable = *at > ' ' && *at < 127;
            return fail(p->args, _("unknown option '-%c'; 'icmp help %s' lists them all"),
                        printable ? *at : '?', p->spec->verb);
        }
        if (!takes_argument(o)) {
            if (!put(p, o, NULL))
                return false;
            continue;
        }
        if (at[1])
            return put(p, o, at + 1);
        if (p->i + 1 >= p->argc)
            return need_argument(p, o, (const char[]){'-', *at, 0});
        return put(p, o, p->argv[++p->i]);
    }
    return true;
}

static bool check_excludes(const struct ik_opt_spec *spec, struct ik_opt_args *args)
{
    for (size_t i = 0; i < spec->n; i++) {
        const char *at = args->given[i] ? spec->options[i].excludes : NULL;
        while (at && *at) {
            const size_t len = strcspn(at, " ");
            const struct ik_opt *other = by_either(spec, at, len);
            char a[40], b[40];
            if (other && args->given[other - spec->options])
                return fail(args, _("'%s' and '%s' contradict each other: give only one"),
                            spelled(&spec->options[i], a), spelled(other, b));
            at += len;
            at += *at == ' ';
        }
    }
    return true;
}

bool ik_opt_parse(const struct ik_opt_spec *spec, int argc, char *const *argv, void *out,
                  struct ik_opt_args *args)
{
    struct parse p = {.spec = spec, .args = args, .out = out, .argv = argv, .argc = argc};
    const char **operands = args->operands;
    *args = (struct ik_opt_args){.operands = operands};
    bool options = true;
    for (p.i = 1; p.i < argc; p.i++) {
        const char *arg = argv[p.i];
        if (!options || arg[0] != '-' || !arg[1]) {
            operands[args->n++] = arg;
        } else if (!strcmp(arg, "--")) {
            options = false;
        } else if (!(arg[1] == '-' ? parse_long(&p, arg + 2) : parse_letters(&p, arg + 1))) {
            return false;
        }
    }
    return check_excludes(spec, args);
}

bool ik_opt_given(const struct ik_opt_spec *spec, const struct ik_opt_args *args, const char *name)
{
    const struct ik_opt *o = by_either(spec, name, strlen(name));
    return o && args->given[o - spec->options];
}

/* ---- help ------------------------------------------------------------------------------------ */

static void help_option(const struct ik_opt *o, FILE *to)
{
    enum { COLUMN = 30 };
    char left[96];
    int n = o->letter ? snprintf(left, sizeof left, "  -%c", o->letter)
                      : snprintf(left, sizeof left, "    ");
    if (o->name)
        n +=
            snprintf(left + n, sizeof left - (size_t)n, "%s--%s", o->letter ? ", " : "  ", o->name);
    if (o->arg)
        n += snprintf(left + n, sizeof left - (size_t)n, " %s", o->arg);
    fprintf(to, "%-*s", COLUMN, left);
    if (n >= COLUMN)
        fprintf(to, "\n%*s", COLUMN, "");
    for (const char *at = ik_lang_text(o->help); *at;) {
        const size_t len = strcspn(at, "\n");
        fprintf(to, "%.*s\n", (int)len, at);
        at += len;
        if (*at == '\n' && *++at)
            fprintf(to, "%*s", COLUMN, "");
    }
}

void ik_opt_help(const struct ik_opt_spec *spec, FILE *to)
{
    fprintf(to, _("Usage: icmp %s %s\n"), spec->verb, ik_lang_text(spec->synopsis));
    fprintf(to, "%s\n", ik_lang_text(spec->intro));
    for (size_t i = 0; i < spec->n; i++) {
        if (spec->options[i].kind == IK_OPT_HEADING)
            fprintf(to, "\n%s\n", ik_lang_text(spec->options[i].help));
        else
            help_option(&spec->options[i], to);
    }
    if (spec->outro)
        fprintf(to, "\n%s\n", ik_lang_text(spec->outro));
}
