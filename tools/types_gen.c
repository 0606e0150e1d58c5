/* SPDX-License-Identifier: MIT
 * Writes the manual page icmp-types(7), as scdoc source, from the tables of the codec: each type
 * with its codes, and each flaw. */
#include "icmpkit/wire.h"

#include <stdio.h>
#include <string.h>

struct type_row {
    int value;
    const char *id, *name;
    int min;
    const char *class_name, *status, *source;
};

static const struct type_row types4[] = {
#define X(value, id, name, min, body, class_id, status, source) \
    {value, #id, name, min, #class_id, #status, source},
#include "icmpkit/icmp4_types.def"
#undef X
};

static const struct type_row types6[] = {
#define X(value, id, name, min, body, class_id, status, source) \
    {value, #id, name, min, #class_id, #status, source},
#include "icmpkit/icmp6_types.def"
#undef X
};

static const struct {
    int family;
    const char *type;
    int code;
    const char *name;
} codes[] = {
#define X(family, type, code, id, name) {family, #type, code, name},
#include "icmpkit/icmp_codes.def"
#undef X
};

static void put_lower(const char *word)
{
    for (; *word; word++)
        putchar(*word >= 'A' && *word <= 'Z' ? *word + ('a' - 'A') : *word);
}

static void put_codes(int family, const char *type)
{
    const char *before = "\n\tcodes: ";
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].family != family || strcmp(codes[i].type, type) != 0)
            continue;
        printf("%s%d %s", before, codes[i].code, codes[i].name);
        before = ", ";
    }
    if (*before == ',')
        putchar('\n');
}

static void put_types(int family, const struct type_row *rows, size_t n)
{
    printf("\n# ICMPV%d\n", family);
    for (size_t i = 0; i < n; i++) {
        printf("\n*%d* %s\n\t", rows[i].value, rows[i].name);
        put_lower(rows[i].class_name);
        printf(", ");
        put_lower(rows[i].status);
        printf(", at least %d bytes; %s\n", rows[i].min, rows[i].source);
        put_codes(family, rows[i].id);
    }
}

static void put_flaws(void)
{
    printf("\n# FLAWS\n\n"
           "What can be wrong with a packet. Each is told with the offset of its first byte.\n");
    for (int i = 1; i < IK_FLAW_COUNT; i++)
        printf("\n*%s*\n\t%s\n", ik_flaw_name((enum ik_flaw)i), ik_flaw_text((enum ik_flaw)i));
}

int main(void)
{
    printf(
        "icmp-types(7) \"icmpkit\"\n\n# NAME\n\n"
        "icmp-types - the ICMP messages that icmpkit knows\n\n# DESCRIPTION\n\n"
        "Every type with the name that records and texts call it by, its class (errors quote the\n"
        "packet that they are about, and no error is ever sent about them), its standing, the\n"
        "fewest bytes of a whole message, its source, and the codes that have names. Types that\n"
        "are not here are kept as bytes. This page is made from the tables of the codec.\n");
    put_types(4, types4, sizeof(types4) / sizeof(types4[0]));
    put_types(6, types6, sizeof(types6) / sizeof(types6[0]));
    put_flaws();
    printf("\n# SEE ALSO\n\n*icmp*(1), *icmp-ping*(1), *icmp-trace*(1)\n");
    return ferror(stdout) || fflush(stdout) != 0;
}
