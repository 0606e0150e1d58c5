/* SPDX-License-Identifier: MIT
 * What leaves and is not from here was forwarded: it was seen when it came in. */
#include "guard.h"

#include <string.h>

static void add(void *ctx, const struct ik_iface_addr *a)
{
    struct ik_guard_own *own = ctx;
    if (own->n < IK_GUARD_OWN)
        own->list[own->n++] = a->addr;
}

void ik_guard_own_ask(struct ik_guard_own *own)
{
    own->n = 0;
    if (!own->lab && ik_iface_each_addr(add, own))
        own->n = IK_GUARD_OWN; /* not known: nothing is left out */
}

static bool is_own(const struct ik_guard_own *own, const struct ik_addr *a)
{
    struct ik_lab_vantage vantage;
    if (ik_addr_is_link_local(a) || ik_addr_is_any(a))
        return true; /* no router forwards it */
    if (own->lab) {
        const char *name = ik_lab_name(own->lab, a);
        ik_lab_vantage(own->lab, &vantage);
        return name && !strcmp(name, vantage.name);
    }
    for (size_t i = 0; i < own->n && own->n < IK_GUARD_OWN; i++) {
        if (ik_addr_same_host(&own->list[i], a))
            return true;
    }
    return own->n == IK_GUARD_OWN;
}

bool ik_guard_own_forwards(const struct ik_guard_own *own, const struct ik_look_packet *p)
{
    return p->frame.way == IK_LOOK_WAY_OUT && p->has_ip && !is_own(own, &p->ip.src);
}
