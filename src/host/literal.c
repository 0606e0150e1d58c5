/* SPDX-License-Identifier: MIT
 * See literal.h. */
#include "host/literal.h"

#include <icmpkit/host.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* An interface by name, or by index in digits. */
static enum ik_err parse_scope(const char *text, uint32_t *out)
{
    if (!ik_iface_index(text, out))
        return IK_OK;
    if (!*text || strlen(text) > 9 || text[strspn(text, "0123456789")])
        return IK_E_IFACE;
    char name[16];
    const uint32_t index = (uint32_t)strtoul(text, NULL, 10);
    if (ik_iface_name(index, name))
        return IK_E_IFACE;
    *out = index;
    return IK_OK;
}

static enum ik_err parse_scoped(const char *text, const char *percent, struct ik_addr *out)
{
    char buf[IK_ADDR_TEXT];
    struct ik_addr a;
    const size_t n = (size_t)(percent - text);
    if (n >= sizeof(buf))
        return IK_E_NOT_FOUND;
    memcpy(buf, text, n);
    buf[n] = '\0';
    if (ik_addr_parse(buf, &a) || a.family != 6)
        return IK_E_NOT_FOUND;
    if (!ik_addr_is_link_local(&a) && !ik_addr_is_multicast(&a))
        return IK_E_IFACE;
    const enum ik_err err = parse_scope(percent + 1, &a.scope);
    if (!err)
        *out = a;
    return err;
}

enum ik_err ik_literal_parse(const char *text, struct ik_addr *out)
{
    const char *percent = strchr(text, '%');
    if (percent)
        return parse_scoped(text, percent, out);
    if (!ik_addr_parse(text, out))
        return IK_OK;
    /* inet_aton ignores what follows a space, so only what can be a number gets there. */
    struct in_addr in;
    if (!*text || text[strspn(text, "0123456789abcdefABCDEFxX.")] || !inet_aton(text, &in))
        return IK_E_NOT_FOUND;
    *out = (struct ik_addr){.family = 4};
    memcpy(out->bytes, &in, sizeof(in));
    return IK_OK;
}
