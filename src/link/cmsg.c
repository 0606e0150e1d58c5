/* SPDX-License-Identifier: MIT
 * Ancillary data of both families. */
#include "link/cmsg.h"

#include <netinet/in.h>
#include <string.h>

/* Linux 6.13; the numbers are the ABI of x86, ARM and most others, and absent from older headers.
 */
#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81
#endif

static ik_ns nanoseconds(const struct timespec *ts)
{
    return (ik_ns)ts->tv_sec * IK_NS_PER_S + ts->tv_nsec;
}

static void take_socket(struct ik_cmsg *out, const struct cmsghdr *c)
{
    if (c->cmsg_type != SCM_TIMESTAMPING)
        return;
    struct scm_timestamping stamps;
    memcpy(&stamps, CMSG_DATA(c), sizeof(stamps));
    out->software = nanoseconds(&stamps.ts[0]);
    out->hardware = nanoseconds(&stamps.ts[2]);
}

static void take_error(struct ik_cmsg *out, const struct cmsghdr *c)
{
    union ik_sa offender = {.any.sa_family = AF_UNSPEC};
    const size_t at = CMSG_LEN(sizeof(out->error));
    memcpy(&out->error, CMSG_DATA(c), sizeof(out->error));
    const size_t left = c->cmsg_len > at ? c->cmsg_len - at : 0;
    memcpy(&offender, CMSG_DATA(c) + sizeof(out->error),
           left < sizeof(offender) ? left : sizeof(offender));
    out->offender = ik_sa_take(&offender.any, NULL);
    out->has_error = true;
}

static uint8_t take_int(const struct cmsghdr *c)
{
    int value;
    memcpy(&value, CMSG_DATA(c), sizeof(value));
    return (uint8_t)value;
}

static void take_ip(struct ik_cmsg *out, const struct cmsghdr *c)
{
    struct in_pktinfo info;
    switch (c->cmsg_type) {
    case IP_TTL:
        out->meta.ttl = take_int(c);
        out->meta.known |= IK_KNOW_TTL;
        break;
    case IP_TOS:
        out->meta.tclass = *CMSG_DATA(c); /* one octet, not an int */
        out->meta.known |= IK_KNOW_TCLASS;
        break;
    case IP_PKTINFO:
        memcpy(&info, CMSG_DATA(c), sizeof(info));
        out->meta.dst = ik_sa_from_v4(&info.ipi_addr);
        out->meta.ifindex = (uint32_t)info.ipi_ifindex;
        out->meta.known |= IK_KNOW_DST | IK_KNOW_IFINDEX;
        break;
    case IP_RECVERR:
        take_error(out, c);
        break;
    }
}

static void take_ipv6(struct ik_cmsg *out, const struct cmsghdr *c)
{
    struct in6_pktinfo info;
    switch (c->cmsg_type) {
    case IPV6_HOPLIMIT:
        out->meta.ttl = take_int(c);
        out->meta.known |= IK_KNOW_TTL;
        break;
    case IPV6_TCLASS:
        out->meta.tclass = take_int(c);
        out->meta.known |= IK_KNOW_TCLASS;
        break;
    case IPV6_PKTINFO:
        memcpy(&info, CMSG_DATA(c), sizeof(info));
        out->meta.dst = ik_sa_from_v6(&info.ipi6_addr, info.ipi6_ifindex);
        out->meta.ifindex = info.ipi6_ifindex;
        out->meta.known |= IK_KNOW_DST | IK_KNOW_IFINDEX;
        break;
    case IPV6_RECVERR:
        take_error(out, c);
        break;
    }
}

void ik_cmsg_take(struct ik_cmsg *out, struct msghdr *msg)
{
    *out = (struct ik_cmsg){0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level == SOL_SOCKET)
            take_socket(out, c);
        else if (c->cmsg_level == IPPROTO_IP)
            take_ip(out, c);
        else if (c->cmsg_level == IPPROTO_IPV6)
            take_ipv6(out, c);
    }
}

struct ik_stamp ik_cmsg_stamp(const struct ik_cmsg *c, const struct ik_offset *offset,
                              struct ik_now now, bool hardware)
{
    ik_ns mono;
    if (hardware && c->hardware)
        return (struct ik_stamp){c->hardware, IK_CLOCK_HARDWARE};
    if (c->software && ik_offset_convert(offset, now, c->software, &mono))
        return (struct ik_stamp){mono, IK_CLOCK_KERNEL};
    return (struct ik_stamp){now.mono, IK_CLOCK_USER};
}

/* Appends one message; the room is the caller's IK_CMSG_OUT bytes, more than all of them need. */
static void put(struct msghdr *msg, int level, int type, const void *data, size_t len)
{
    struct cmsghdr head = {.cmsg_level = level, .cmsg_type = type, .cmsg_len = CMSG_LEN(len)};
    uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;
    memcpy(at, &head, sizeof(head));
    memcpy(at + CMSG_LEN(0), data, len);
    msg->msg_controllen += CMSG_SPACE(len);
}

static void put_source(struct msghdr *msg, uint8_t family, const struct ik_meta *meta)
{
    if (family == 4) {
        struct in_pktinfo info = {.ipi_ifindex = (int)meta->ifindex};
        if (meta->known & IK_KNOW_SRC)
            memcpy(&info.ipi_spec_dst, meta->src.bytes, 4);
        put(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
        return;
    }
    struct in6_pktinfo info = {.ipi6_ifindex = meta->ifindex};
    if (meta->known & IK_KNOW_SRC)
        memcpy(&info.ipi6_addr, meta->src.bytes, 16);
    put(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

void ik_cmsg_put(struct msghdr *msg, void *control, uint8_t family, const struct ik_meta *meta,
                 const uint32_t *id)
{
    const int level = family == 4 ? IPPROTO_IP : IPPROTO_IPV6;
    msg->msg_control = control;
    msg->msg_controllen = 0;
    if (id)
        put(msg, SOL_SOCKET, SCM_TS_OPT_ID, id, sizeof(*id));
    if (meta->known & IK_KNOW_TTL) {
        const int ttl = meta->ttl;
        put(msg, level, family == 4 ? IP_TTL : IPV6_HOPLIMIT, &ttl, sizeof(ttl));
    }
    if (meta->known & IK_KNOW_TCLASS) {
        const int tclass = meta->tclass;
        put(msg, level, family == 4 ? IP_TOS : IPV6_TCLASS, &tclass, sizeof(tclass));
    }
    if (meta->known & (IK_KNOW_SRC | IK_KNOW_IFINDEX))
        put_source(msg, family, meta);
    if (!msg->msg_controllen)
        msg->msg_control = NULL;
}
