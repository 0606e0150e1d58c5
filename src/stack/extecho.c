/* SPDX-License-Identifier: MIT
 * What an extended echo request deserves. */
#include "stack/extecho.h"

enum { CLASS_IDENT = 3 }; /* interface identification object, RFC 8335 section 2.1 */

static unsigned enabled(const struct ik_stack_probe_cfg *cfg)
{
    return (cfg->no_local ? 0u : IK_PROBE_LOCAL) | (cfg->remote ? IK_PROBE_REMOTE : 0u) |
           (cfg->by_name ? IK_PROBE_BY_NAME : 0u) | (cfg->by_index ? IK_PROBE_BY_INDEX : 0u) |
           (cfg->by_addr ? IK_PROBE_BY_ADDR : 0u);
}

/* What that source may ask. */
static unsigned permitted(const struct ik_stack_probe_cfg *cfg, const struct ik_addr *src)
{
    unsigned what = 0;
    if (!cfg->enabled)
        return 0;
    for (uint8_t i = 0; i < cfg->n_permitted; i++)
        if (ik_prefix_contains(&cfg->permitted[i].prefix, src))
            what |= cfg->permitted[i].what ? cfg->permitted[i].what : UINT8_MAX;
    return what & enabled(cfg);
}

/* The only identification object; false when the structure is damaged, or has none or several. */
static bool find_object(const struct ik_icmp_ext_echo *request, struct ik_ext_object *out)
{
    struct ik_rd objects;
    struct ik_ext_object object;
    unsigned n = 0;
    if (ik_ext_open(&objects, request->extensions, NULL))
        return false;
    enum ik_err err;
    while ((err = ik_ext_take(&objects, &object, NULL)) == IK_OK) {
        if (object.class_num != CLASS_IDENT)
            continue;
        *out = object;
        n++;
    }
    return err == IK_E_NOT_FOUND && n == 1;
}

static unsigned way(uint8_t ctype)
{
    switch (ctype) {
    case IK_IFIDENT_NAME:
        return IK_PROBE_BY_NAME;
    case IK_IFIDENT_INDEX:
        return IK_PROBE_BY_INDEX;
    case IK_IFIDENT_ADDR:
        return IK_PROBE_BY_ADDR;
    default:
        return 0;
    }
}

enum ik_stack_extecho_verdict ik_stack_extecho_judge(const struct ik_stack_probe_cfg *cfg,
                                                     const struct ik_addr *src,
                                                     const struct ik_icmp_ext_echo *request,
                                                     struct ik_ifident *ident)
{
    const unsigned what = permitted(cfg, src);
    struct ik_ext_object object;
    struct ik_ifident found;
    if (!(what & (request->local ? IK_PROBE_LOCAL : IK_PROBE_REMOTE)))
        return IK_EXTECHO_SILENT;
    if (!find_object(request, &object) || !way(object.ctype))
        return IK_EXTECHO_MALFORMED;
    if (!(what & way(object.ctype)))
        return IK_EXTECHO_SILENT;
    if (ik_ifident_decode(&found, &object, NULL) ||
        (!request->local && found.ctype != IK_IFIDENT_ADDR))
        return IK_EXTECHO_MALFORMED;
    *ident = found;
    return IK_EXTECHO_LOOK_UP;
}
