/* SPDX-License-Identifier: MIT
 * icmp-warden-xdp: the warden that enforces by XDP, a program of its own so that no other has to
 * know the kernel's format of programs. Guard starts it, with a socket and nothing else. */
#include "daemon/serve.h"
#include "daemon/way_xdp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool is_ours(const struct ik_warden_start *s)
{
    return !strncmp(s->version, IK_VERSION, sizeof(s->version)) && s->n_spared <= IK_SPARED_MAX;
}

int main(void)
{
    struct ik_warden_start start;
    struct ik_spared spared[IK_SPARED_MAX];
    char why[IK_ENFORCE_TEXT] = "";
    struct ik_way *way;
    const ssize_t n = recv(IK_WARDEN_FD, &start, sizeof(start), MSG_TRUNC);
    if (n < 0) {
        fputs(
            "icmp-warden-xdp is what icmp guard --enforce xdp starts; by itself it does nothing\n",
            stderr);
        return 2;
    }
    enum ik_err err = IK_E_UNSUPPORTED;
    if (n == (ssize_t)sizeof(start) && is_ours(&start))
        err = ik_way_xdp_open(&way, start.ifindex, why);
    else
        snprintf(why, sizeof(why), "icmp-warden-xdp is of another version than icmp");
    if (err) {
        ik_serve_refuse(IK_WARDEN_FD, err, why);
        return 0;
    }
    for (uint32_t i = 0; i < start.n_spared; i++)
        spared[i] = (struct ik_spared){
            .who = start.spared[i].who, .own = start.spared[i].own, .why = start.spared[i].why};
    ik_serve_orders(IK_WARDEN_FD, way, spared, start.n_spared);
    if (start.keep)
        ik_way_xdp_linger(way);
    way->close(way);
    return 0;
}
