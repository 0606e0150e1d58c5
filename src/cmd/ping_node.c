/* SPDX-License-Identifier: MIT
 * Node information queries (RFC 4620): the words of -N, and what replies say. */
#include "md5.h"
#include "ping.h"

#include <stdio.h>
#include <string.h>

enum { QTYPE_NAME = 2, QTYPE_IPV6 = 3, QTYPE_IPV4 = 4 };
enum { SUBJECT_IPV6, SUBJECT_NAME, SUBJECT_IPV4 };
enum { FLAG_TRUNCATED = 1 };

const char ik_ping_node_help[] = N_("ping -6 -N WHAT\n"
                                    "Help:\n"
                                    "  help\n"
                                    "Query:\n"
                                    "  name\n"
                                    "  ipv6\n"
                                    "  ipv6-all\n"
                                    "  ipv6-compatible\n"
                                    "  ipv6-global\n"
                                    "  ipv6-linklocal\n"
                                    "  ipv6-sitelocal\n"
                                    "  ipv4\n"
                                    "  ipv4-all\n"
                                    "Subject:\n"
                                    "  subject-ipv6=addr\n"
                                    "  subject-ipv4=addr\n"
                                    "  subject-name=name\n"
                                    "  subject-fqdn=name\n");

/* ---- the words of -N ------------------------------------------------------------------------- */

struct query {
    const char *name;
    int qtype;
    uint16_t flag; /* RFC 4620 sections 6.3 and 6.4 */
};

static const struct query queries[] = {
    {"name", QTYPE_NAME, 0},
    {"fqdn", QTYPE_NAME, 0},
    {"ipv6", QTYPE_IPV6, 0},
    {"ipv6-all", QTYPE_IPV6, 0x02},
    {"ipv6-compatible", QTYPE_IPV6, 0x04},
    {"ipv6-linklocal", QTYPE_IPV6, 0x08},
    {"ipv6-sitelocal", QTYPE_IPV6, 0x10},
    {"ipv6-global", QTYPE_IPV6, 0x20},
    {"ipv4", QTYPE_IPV4, 0},
    {"ipv4-all", QTYPE_IPV4, 0x02},
};

static bool set_query(struct ik_ping_node *n, const struct query *q, char *why, size_t cap)
{
    if (n->qtype >= 0 && n->qtype != q->qtype) {
        snprintf(why, cap,
                 _("-N asks for two kinds of things: name, ipv6 or ipv4, only one of them"));
        return false;
    }
    n->qtype = q->qtype;
    n->flags |= q->flag;
    return true;
}

static bool set_subject_type(struct ik_ping_node *n, int type, char *why, size_t cap)
{
    if (n->subject_type >= 0) {
        snprintf(why, cap, _("-N has two subjects: give only one"));
        return false;
    }
    n->subject_type = type;
    return true;
}

static bool set_subject_addr(struct ik_ping_node *n, uint8_t family, const char *text, char *why,
                             size_t cap)
{
    struct ik_addr a;
    if (ik_addr_parse(text, &a) || a.family != family) {
        snprintf(why, cap, _("bad subject '%s' for -N: must be an IPv%d address"), text, family);
        return false;
    }
    if (!set_subject_type(n, family == 4 ? SUBJECT_IPV4 : SUBJECT_IPV6, why, cap))
        return false;
    n->subject_bytes = ik_addr_bytes(family);
    memcpy(n->subject, a.bytes, n->subject_bytes);
    return true;
}

/* A name in lower case as DNS labels; RFC 4620 section 6.2 ends one that is not fully qualified
 * with two zero bytes. Returns its bytes, 0 when it is no name. */
static size_t encode_name(const char *name, size_t len, bool qualified, uint8_t *out)
{
    size_t used = 0;
    if (len == 0 || len > 253)
        return 0;
    for (size_t at = 0; at < len;) {
        const char *dot = memchr(name + at, '.', len - at);
        const size_t label = dot ? (size_t)(dot - name) - at : len - at;
        if (label == 0 || label > 63)
            return 0;
        out[used++] = (uint8_t)label;
        for (size_t i = 0; i < label; i++) {
            const char c = name[at + i];
            out[used++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
        at += label + 1;
    }
    out[used++] = 0;
    if (!qualified)
        out[used++] = 0;
    return used;
}

/* ff02::2:ff00:0/104 and 24 bits of the digest of the first label with its length (RFC 4620 section
 * 5). A label too long for one block of MD5 has no use for a group: it keeps none. */
static void make_group(struct ik_ping_node *n)
{
    static const uint8_t prefix[13] = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xff};
    uint8_t digest[16];
    const size_t label = 1u + n->subject[0];
    if (label > IK_MD5_MOST)
        return;
    ik_md5_short(n->subject, label, digest);
    n->group.family = 6;
    memcpy(n->group.bytes, prefix, sizeof prefix);
    memcpy(n->group.bytes + sizeof prefix, digest, 3);
}

/* "name" or "name%interface"; `fqdn`: it is fully qualified though it has no dot. */
static bool set_subject_name(struct ik_ping_node *n, const char *text, bool fqdn, char *why,
                             size_t cap)
{
    const char *zone = strchr(text, '%');
    const size_t len = zone ? (size_t)(zone - text) : strlen(text);
    const bool qualified = fqdn || memchr(text, '.', len);
    n->subject_bytes = encode_name(text, len, qualified, n->subject);
    if (n->subject_bytes == 0) {
        snprintf(why, cap, _("bad subject '%s' for -N: must be a name"), text);
        return false;
    }
    make_group(n);
    if (zone && ik_iface_index(zone + 1, &n->group.scope)) {
        snprintf(why, cap, _("no interface '%s'; 'ip link' lists them"), zone + 1);
        return false;
    }
    return set_subject_type(n, SUBJECT_NAME, why, cap);
}

static const char *after(const char *arg, const char *key)
{
    const size_t n = strlen(key);
    return strncmp(arg, key, n) ? NULL : arg + n;
}

bool ik_ping_node_option(struct ik_ping_node *n, const char *arg, char *why, size_t cap)
{
    const char *value;
    n->wanted = true;
    if (!strcmp(arg, "help")) {
        n->help = true;
        return true;
    }
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        if (!strcmp(arg, queries[i].name))
            return set_query(n, &queries[i], why, cap);
    }
    if ((value = after(arg, "subject-ipv6=")))
        return set_subject_addr(n, 6, value, why, cap);
    if ((value = after(arg, "subject-ipv4=")))
        return set_subject_addr(n, 4, value, why, cap);
    if ((value = after(arg, "subject-name=")))
        return set_subject_name(n, value, false, why, cap);
    if ((value = after(arg, "subject-fqdn=")))
        return set_subject_name(n, value, true, why, cap);
    snprintf(why, cap, _("unknown '%s' for -N; '-N help' lists what can be asked"), arg);
    return false;
}

/* ---- replies --------------------------------------------------------------------------------- */

static uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static void print_label(struct ik_line *l, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] > ' ' && p[i] < 127 && p[i] != '\\')
            ik_line_fmt(l, "%c", p[i]);
        else
            ik_line_fmt(l, "\\%03o", p[i]);
    }
}

/* One name of DNS labels, without compression: a node has no reason to compress, and following
 * pointers of strangers is how parsers loop. Returns what is left, or NULL when it is cut short. */
static const uint8_t *print_name(struct ik_line *l, const uint8_t *p, const uint8_t *end)
{
    bool first = true;
    ik_line_str(l, " ");
    while (p < end && *p) {
        const size_t n = *p;
        if (n > 63 || n > (size_t)(end - p) - 1)
            return NULL;
        if (!first)
            ik_line_str(l, ".");
        print_label(l, p + 1, n);
        p += 1 + n;
        first = false;
    }
    if (p == end)
        return NULL;
    const bool qualified = !(p + 1 < end && p[1] == 0);
    if (qualified)
        ik_line_str(l, ".");
    return p + (qualified ? 1 : 2);
}

static void print_names(struct ik_line *l, const uint8_t *p, const uint8_t *end)
{
    if (end - p < 4) {
        ik_line_str(l, " parse error (too short)");
        return;
    }
    for (p += 4; p < end;) {
        p = print_name(l, p, end);
        if (!p) {
            ik_line_str(l, " parse error (truncated)");
            return;
        }
        if (p < end)
            ik_line_str(l, ",");
    }
}

/* Each address stands behind its time to live, 4 bytes. */
static void print_addrs(struct ik_line *l, uint8_t family, const uint8_t *p, const uint8_t *end)
{
    const size_t n = ik_addr_bytes(family);
    for (; p < end; p += 4 + n) {
        if ((size_t)(end - p) < 4 + n) {
            ik_line_str(l, " parse error (truncated)");
            return;
        }
        struct ik_addr a = {.family = family};
        memcpy(a.bytes, p + 4, n);
        ik_line_str(l, " ");
        ik_line_addr(l, &a);
        if ((size_t)(end - p) > 4 + n)
            ik_line_str(l, ",");
    }
}

static void print_success(struct ik_line *l, struct ik_rd reply)
{
    enum { HEADER = 16 };
    const uint32_t qtype = be16(reply.p + 4), flags = be16(reply.p + 6);
    const uint8_t *data = reply.p + HEADER, *end = reply.p + reply.left;
    if (qtype == QTYPE_NAME)
        print_names(l, data, end);
    else if (qtype == QTYPE_IPV6 || qtype == QTYPE_IPV4)
        print_addrs(l, qtype == QTYPE_IPV4 ? 4 : 6, data, end);
    else
        ik_line_fmt(l, " unknown qtype(0x%02x)", qtype);
    if (qtype != QTYPE_NAME && flags & FLAG_TRUNCATED)
        ik_line_str(l, " (truncated)");
}

void ik_ping_node_print(struct ik_line *l, struct ik_rd reply)
{
    if (reply.left < 16) {
        ik_line_str(l, " parse error (too short)");
        return;
    }
    switch (reply.p[1]) {
    case 0:
        print_success(l, reply);
        break;
    case 1:
        ik_line_str(l, " refused");
        break;
    case 2:
        ik_line_str(l, " unknown");
        break;
    default:
        ik_line_fmt(l, " unknown code(%02x)", reply.p[1]);
    }
}
