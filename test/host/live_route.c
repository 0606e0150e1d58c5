/* SPDX-License-Identifier: MIT
 * Usage: live_host_route DESTINATION [SOURCE|- [INTERFACE|- [MARK]]]
 * Prints "error N", or "source A dev I mtu N broadcast B".
 *        live_host_route routers|addresses
 * Prints "A dev I", or "I A/BITS", of each. */
#include <icmpkit/host.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_router(void *ctx, const struct ik_addr *router, uint32_t ifindex)
{
    char text[IK_ADDR_TEXT], name[16] = "-";
    struct ik_addr a = {.family = router->family};
    (void)ctx;
    memcpy(a.bytes, router->bytes, sizeof(a.bytes));
    if (ik_iface_name(ifindex, name))
        return;
    printf("%s dev %s%s\n", ik_addr_text(&a, text), name,
           router->scope == (ik_addr_is_link_local(router) && a.family == 6 ? ifindex : 0)
               ? ""
               : " with a wrong scope");
}

static void print_address(void *ctx, const struct ik_iface_addr *a)
{
    char text[IK_ADDR_TEXT];
    (void)ctx;
    if (!a->loopback && !ik_addr_is_link_local(&a->addr))
        printf("%s %s/%u\n", a->name, ik_addr_text(&a->addr, text), a->bits);
}

int main(int argc, char **argv)
{
    struct ik_addr dst, src = {0};
    struct ik_route route;
    uint32_t ifindex = 0, mark = 0;
    char text[IK_ADDR_TEXT], name[16] = "-";
    if (argc == 2 && !strcmp(argv[1], "routers"))
        return ik_route_each_router(print_router, NULL) != IK_OK;
    if (argc == 2 && !strcmp(argv[1], "addresses"))
        return ik_iface_each_addr(print_address, NULL) != IK_OK;
    if (argc < 2 || ik_addr_parse(argv[1], &dst))
        return 2;
    if (argc > 2 && strcmp(argv[2], "-") && ik_addr_parse(argv[2], &src))
        return 2;
    if (argc > 3 && strcmp(argv[3], "-") && ik_iface_index(argv[3], &ifindex))
        return 2;
    if (argc > 4)
        mark = (uint32_t)strtoul(argv[4], NULL, 0);
    const enum ik_err err = ik_route_get(&dst, &src, ifindex, mark, &route);
    if (err) {
        printf("error %s\n", ik_err_text(err));
        return 1;
    }
    if (ik_iface_name(route.ifindex, name))
        return 2;
    printf("source %s dev %s mtu %u broadcast %d\n", ik_addr_text(&route.source, text), name,
           route.mtu, route.broadcast);
    return 0;
}
