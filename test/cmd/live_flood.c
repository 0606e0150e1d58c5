/* SPDX-License-Identifier: MIT
 * Usage: live_cmd_flood INTERFACE COUNT RATE
 * Sends echo requests that nobody answers, RATE a second, and prints how many left and how many the
 * interface had no room for. */
#include "../link/flood.h"

#include "icmpkit/wire.h"

#include <ifaddrs.h>
#include <linux/if_link.h>
#include <stdio.h>

/* From 192.0.2.1 to 192.0.2.2 (RFC 5737: for documentation). */
static size_t make(uint8_t *frame, uint32_t i)
{
    static const uint8_t head[] = {2,  0, 0, 0, 0, 9,  2, 0, 0, 0,   0, 7, 8, 0,   0x45, 0, 0,
                                   84, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0,    2, 2};
    enum { IP = 14, ICMP = 34, BYTES = 98 };
    memset(frame, 0, BYTES);
    memcpy(frame, head, sizeof(head));
    frame[ICMP] = 8;
    ik_store_be32(frame + ICMP + 4, i);
    const struct ik_rd ip = {frame + IP, ICMP - IP}, icmp = {frame + ICMP, BYTES - ICMP};
    ik_store_be16(frame + IP + 10, ik_cksum_fold(ik_cksum_add(0, ip)));
    ik_store_be16(frame + ICMP + 2, ik_cksum_fold(ik_cksum_add(0, icmp)));
    return BYTES;
}

static uint32_t lost_by(const char *ifname)
{
    struct ifaddrs *all;
    struct rtnl_link_stats stats = {0};
    if (getifaddrs(&all))
        return UINT32_MAX;
    for (const struct ifaddrs *i = all; i; i = i->ifa_next)
        if (i->ifa_addr && i->ifa_addr->sa_family == AF_PACKET && !strcmp(i->ifa_name, ifname))
            memcpy(&stats, i->ifa_data, sizeof(stats));
    freeifaddrs(all);
    return stats.tx_dropped;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const uint32_t n = (uint32_t)strtoul(argv[2], NULL, 10);
    const uint32_t rate = (uint32_t)strtoul(argv[3], NULL, 10);
    const uint32_t before = lost_by(argv[1]);
    const ik_ns begin = now().mono;
    if (!n || !rate || !flood(argv[1], n, rate, make))
        return 1;
    const uint32_t lost = lost_by(argv[1]) - before;
    printf("%u %u %.3f\n", n, lost, (double)(now().mono - begin) / IK_NS_PER_S);
    return 0;
}
