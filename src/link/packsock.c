/* SPDX-License-Identifier: MIT
 * Packet sockets. */
#include "link/packsock.h"

#include "base/bytes.h"
#include "link/errmap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

enum ik_err ik_packsock_set(int fd, int level, int name, const void *value, size_t n)
{
    return setsockopt(fd, level, name, value, (socklen_t)n) ? ik_errmap_open(errno) : IK_OK;
}

enum ik_err ik_packsock_set_int(int fd, int level, int name, int value)
{
    return ik_packsock_set(fd, level, name, &value, sizeof(value));
}

/* Binding to an interface that is down succeeds, and says ENETDOWN at the first read. */
enum ik_err ik_packsock_bind(int fd, int ifindex, bool promiscuous)
{
    const struct packet_mreq all = {.mr_ifindex = ifindex, .mr_type = PACKET_MR_PROMISC};
    union {
        struct sockaddr any;
        struct sockaddr_ll ll;
    } to = {
        .ll = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex}};
    int pending = 0;
    socklen_t len = sizeof(pending);
    enum ik_err err = IK_OK;
    if (promiscuous && ifindex)
        err = ik_packsock_set(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all));
    if (!err &&
        (bind(fd, &to.any, sizeof(to.ll)) || getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &len)))
        err = ik_errmap_open(errno);
    return !err && pending ? ik_errmap_open(pending) : err;
}

uint16_t ik_packsock_tag_type(uint32_t status, uint16_t tpid)
{
    return status & TP_STATUS_VLAN_TPID_VALID ? tpid : (uint16_t)ETH_P_8021Q;
}

uint8_t *ik_packsock_put_tag(uint8_t *frame, uint32_t status, uint16_t tpid, uint16_t tci)
{
    enum { ADDRESSES = 2 * ETH_ALEN };
    uint8_t *to = frame - IK_PACKSOCK_TAG_BYTES;
    memmove(to, frame, ADDRESSES);
    ik_store_be16(to + ADDRESSES, ik_packsock_tag_type(status, tpid));
    ik_store_be16(to + ADDRESSES + 2, tci);
    return to;
}
