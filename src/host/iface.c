/* SPDX-License-Identifier: MIT
 * Interfaces by name and index. */
#include <icmpkit/host.h>

#include <net/if.h>

enum ik_err ik_iface_index(const char *name, uint32_t *out)
{
    const unsigned index = if_nametoindex(name);
    if (!index)
        return IK_E_IFACE;
    *out = index;
    return IK_OK;
}

enum ik_err ik_iface_name(uint32_t index, char out[static 16])
{
    _Static_assert(IF_NAMESIZE == 16, "the contract promises room for a name");
    char name[IF_NAMESIZE];
    if (!if_indextoname(index, name))
        return IK_E_IFACE;
    for (size_t i = 0; i < sizeof(name); i++)
        out[i] = name[i];
    return IK_OK;
}
