/* SPDX-License-Identifier: MIT
 * Entries and tables for people. */
#include "explain.h"

#include "lang.h"

#include <stdio.h>
#include <string.h>

enum { INDENT = 2, DRAW_CAP = 8192, FIELDS_CAP = 64 };

const char *ik_explain_text_class(enum ik_icmp_class class_of)
{
    static const char *const names[] = {[IK_ICMP_CLASS_ERROR] = "error",
                                        [IK_ICMP_CLASS_QUERY] = "query",
                                        [IK_ICMP_CLASS_INFO] = "info"};
    return names[class_of];
}

const char *ik_explain_text_status(enum ik_icmp_status status)
{
    static const char *const names[] = {[IK_ICMP_STATUS_CURRENT] = "current",
                                        [IK_ICMP_STATUS_EXPERIMENTAL] = "experimental",
                                        [IK_ICMP_STATUS_DEPRECATED] = "deprecated",
                                        [IK_ICMP_STATUS_RESERVED] = "reserved"};
    return names[status];
}

/* For people, in their language. */
static const char *class_words(enum ik_icmp_class class_of)
{
    static const char *const words[] = {[IK_ICMP_CLASS_ERROR] = N_("error"),
                                        [IK_ICMP_CLASS_QUERY] = N_("query"),
                                        [IK_ICMP_CLASS_INFO] = N_("information")};
    return _(words[class_of]);
}

static const char *status_words(enum ik_icmp_status status)
{
    static const char *const words[] = {[IK_ICMP_STATUS_CURRENT] = N_("in use"),
                                        [IK_ICMP_STATUS_EXPERIMENTAL] = N_("experimental"),
                                        [IK_ICMP_STATUS_DEPRECATED] = N_("deprecated"),
                                        [IK_ICMP_STATUS_RESERVED] = N_("reserved")};
    return _(words[status]);
}

static const char *filter_words(enum ik_explain_filter filter)
{
    static const char *const words[] = {
        [IK_EXPLAIN_MUST_NOT_DROP] = N_("Firewall: must not drop it"),
        [IK_EXPLAIN_SHOULD_NOT_DROP] = N_("Firewall: should not drop it"),
        [IK_EXPLAIN_MAY_DROP] = N_("Firewall: may drop it"),
        [IK_EXPLAIN_LIMIT] = N_("Firewall: let it pass, limit its rate"),
        [IK_EXPLAIN_LINK_ONLY] = N_("Firewall: on its link only, never forwarded"),
        [IK_EXPLAIN_SHOULD_DROP] = N_("Firewall: should drop it")};
    return _(words[filter]);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* Paragraphs, a line of the text each. */
static void put_paragraphs(const struct ik_page *p, const char *text)
{
    for (;;) {
        const size_t n = strcspn(text, "\n");
        ik_page_pad(p, INDENT);
        ik_page_fill(p, text, n, INDENT, INDENT);
        if (!text[n])
            return;
        text += n + 1;
    }
}

static void put_section(const struct ik_page *p, const char *head, const char *text)
{
    if (!text)
        return;
    ik_page_head(p, head);
    put_paragraphs(p, text);
}

static void put_causes(const struct ik_page *p, const char *text)
{
    if (!text)
        return;
    ik_page_head(p, _("Usual causes"));
    for (;;) {
        const size_t n = strcspn(text, "\n");
        fputs("  - ", p->to);
        ik_page_fill(p, text, n, INDENT + 2, INDENT + 2);
        if (!text[n])
            return;
        text += n + 1;
    }
}

/* Each command on a line of its own, never broken, so that it can be copied. */
static void put_checks(const struct ik_page *p, const char *text)
{
    ik_page_head(p, _("Check next"));
    for (;;) {
        const size_t n = strcspn(text, "\n");
        const char *sign = strstr(text, "  # ");
        char command[512];
        snprintf(command, sizeof command, "%.*s", (int)(sign - text), text);
        ik_page_pad(p, INDENT);
        ik_page_put(p, IK_PAGE_COMMAND, command);
        fputc('\n', p->to);
        ik_page_pad(p, 3 * INDENT);
        ik_page_fill(p, sign + 4, n - (size_t)(sign + 4 - text), 3 * INDENT, 3 * INDENT);
        if (!text[n])
            return;
        text += n + 1;
    }
}

static void put_layout(const struct ik_page *p, const struct ik_explain *e)
{
    struct ik_tell_field fields[FIELDS_CAP];
    char drawing[DRAW_CAP];
    const size_t n = ik_explain_layout(e, fields, FIELDS_CAP);
    if (n == 0 || n > FIELDS_CAP ||
        ik_explain_draw(fields, n, drawing, sizeof drawing) >= sizeof drawing)
        return;
    ik_page_head(p, _("Layout"));
    for (const char *at = drawing; *at;) {
        const size_t len = strcspn(at, "\n") + 1;
        ik_page_pad(p, INDENT);
        fwrite(at, 1, len, p->to);
        at += len;
    }
}

static void put_expressions(const struct ik_page *p, const struct ik_explain *e)
{
    static const struct {
        const char *label;
        enum ik_explain_tool tool;
    } rows[] = {{"Wireshark  ", IK_EXPLAIN_WIRESHARK},
                {"tcpdump    ", IK_EXPLAIN_TCPDUMP},
                {"nft        ", IK_EXPLAIN_NFT}};
    ik_page_head(p, _("What selects it"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expression[IK_EXPLAIN_EXPRESSION_MAX];
        ik_page_pad(p, INDENT);
        fputs(rows[i].label, p->to);
        ik_page_put(p, IK_PAGE_COMMAND, ik_explain_expression(e, rows[i].tool, expression));
        fputc('\n', p->to);
    }
}

/* "ICMPv4 3/3", "ICMPv6 2", or nothing for a topic. */
static void number(const struct ik_explain *e, int code, char *buf, size_t cap)
{
    code = code < 0 ? e->code : code;
    if (!e->family)
        buf[0] = '\0';
    else if (code < 0)
        snprintf(buf, cap, "ICMPv%d %d", e->family, e->type);
    else
        snprintf(buf, cap, "ICMPv%d %d/%d", e->family, e->type, code);
}

static void put_names(const struct ik_page *p, const struct ik_explain *e)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s", e->name);
    for (const char *const *a = e->aliases; *a; a++)
        n += snprintf(line + n, sizeof line - (size_t)n, ", %s", *a);
    if (e->family)
        snprintf(line + n, sizeof line - (size_t)n, " (%s, %s)", class_words(e->class_of),
                 status_words(e->status));
    ik_page_fill(p, line, strlen(line), 0, INDENT);
}

static void put_title(const struct ik_page *p, const struct ik_explain *e, const char *title,
                      int code)
{
    char line[256], what[32];
    number(e, code, what, sizeof what);
    if (*what && code >= 0)
        snprintf(line, sizeof line, _("%s: this code is not assigned; its type is: %s"), what,
                 title);
    else
        snprintf(line, sizeof line, "%s%s%s", what, *what ? ": " : "", title);
    ik_page_put(p, IK_PAGE_HEAD, line);
    fputc('\n', p->to);
}

void ik_explain_text_entry(const struct ik_page *p, const struct ik_explain *e,
                           enum ik_explain_lang lang, int code)
{
    const struct ik_explain_text t = ik_explain_text(e, lang);
    put_title(p, e, t.title, code);
    put_names(p, e);
    fputc('\n', p->to);
    put_paragraphs(p, t.meaning);
    if (e->codes == IK_EXPLAIN_CODE_NAMED && e->family && e->code < 0) {
        ik_page_head(p, _("Codes"));
        ik_explain_text_codes(p, e, lang);
    }
    put_section(p, _("Sent by"), t.sender);
    put_section(p, _("What the receiver should do"), t.receiver);
    put_causes(p, t.causes);
    put_checks(p, t.checks);
    put_section(p, e->family ? filter_words(e->filter) : _("Firewall"), t.filter);
    if (e->family) {
        put_layout(p, e);
        put_expressions(p, e);
    }
    put_section(p, _("See also (icmp explain ...)"), t.see);
    put_section(p, _("Sources"), e->source);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* "3/3"; a type whose only code is 0 is "8/0", one with several "5", one without any "19". */
static void row_number(const struct ik_explain *e, char *buf, size_t cap)
{
    if (e->code >= 0)
        snprintf(buf, cap, "%d/%d", e->type, e->code);
    else
        snprintf(buf, cap, e->codes == IK_EXPLAIN_CODE_ZERO ? "%d/0" : "%d", e->type);
}

/* The length of the first sentence: up to a full stop before a blank, or the first line. */
static size_t first_sentence(const char *text)
{
    const char *stop = strstr(text, ". ");
    const size_t line = strcspn(text, "\n");
    return stop && (size_t)(stop + 1 - text) < line ? (size_t)(stop + 1 - text) : line;
}

enum { NUMBER_COLUMNS = 10, NAME_COLUMNS = 22 };

static void put_row(const struct ik_page *p, const struct ik_explain *e, enum ik_explain_lang lang)
{
    char what[32];
    const struct ik_explain_text t = ik_explain_text(e, lang);
    const int name = ik_page_columns(e->name), at = INDENT + NUMBER_COLUMNS + NAME_COLUMNS + 2;
    row_number(e, what, sizeof what);
    ik_page_pad(p, INDENT);
    ik_page_put(p, IK_PAGE_COMMAND, what);
    ik_page_pad(p, NUMBER_COLUMNS - (int)strlen(what));
    fputs(e->name, p->to);
    if (name > NAME_COLUMNS) {
        fputc('\n', p->to);
        ik_page_pad(p, at);
    } else {
        ik_page_pad(p, NAME_COLUMNS + 2 - name);
    }
    ik_page_fill(p, t.meaning, first_sentence(t.meaning), at, at);
}

void ik_explain_text_codes(const struct ik_page *p, const struct ik_explain *type,
                           enum ik_explain_lang lang)
{
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        if (e->family == type->family && e->type == type->type && e->code >= 0)
            put_row(p, e, lang);
    }
}

void ik_explain_text_common(const struct ik_page *p, enum ik_explain_lang lang)
{
    ik_page_put(p, IK_PAGE_HEAD, "ICMPv4");
    fputc('\n', p->to);
    for (size_t i = 0; ik_explain_common(i); i++)
        put_row(p, ik_explain_common(i), lang);
}

void ik_explain_text_all_of(const struct ik_page *p, enum ik_icmp_class class_of,
                            enum ik_explain_lang lang)
{
    uint8_t family = 0;
    for (size_t i = 0; i < ik_explain_count(); i++) {
        const struct ik_explain *e = ik_explain_at(i);
        if (!e->family || e->class_of != class_of)
            continue;
        if (e->family != family) {
            fputs(family ? "\n" : "", p->to);
            ik_page_put(p, IK_PAGE_HEAD, e->family == 4 ? "ICMPv4" : "ICMPv6");
            fputc('\n', p->to);
            family = e->family;
        }
        put_row(p, e, lang);
    }
}
