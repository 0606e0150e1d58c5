/* SPDX-License-Identifier: MIT
 * See netlink.h. */
#include "host/netlink.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void ik_netlink_init(struct ik_netlink *q, uint16_t type, const void *header, size_t n)
{
    const struct nlmsghdr nh = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1};
    memset(q, 0, sizeof(*q));
    memcpy(q->bytes, &nh, sizeof(nh));
    memcpy(q->bytes + NLMSG_HDRLEN, header, n);
    q->used = NLMSG_HDRLEN + NLMSG_ALIGN(n);
}

void ik_netlink_put(struct ik_netlink *q, uint16_t type, const void *value, size_t n)
{
    const struct nlattr attr = {.nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = type};
    assert(q->used + NLA_HDRLEN + NLA_ALIGN(n) <= sizeof(q->bytes));
    memcpy(q->bytes + q->used, &attr, sizeof(attr));
    memcpy(q->bytes + q->used + NLA_HDRLEN, value, n);
    q->used += NLA_HDRLEN + NLA_ALIGN(n);
}

void ik_netlink_append(struct ik_netlink *q, const void *bytes, size_t n)
{
    assert(q->used + NLMSG_ALIGN(n) <= sizeof(q->bytes));
    memcpy(q->bytes + q->used, bytes, n);
    q->used += NLMSG_ALIGN(n);
}

size_t ik_netlink_nest(struct ik_netlink *q, uint16_t type)
{
    const size_t nest = q->used;
    ik_netlink_put(q, type | NLA_F_NESTED, "", 0);
    return nest;
}

void ik_netlink_nest_end(struct ik_netlink *q, size_t nest)
{
    const uint16_t len = (uint16_t)(q->used - nest);
    memcpy(q->bytes + nest, &len, sizeof(len)); /* nla_len is the first member */
}

/* Cuts the answer out of what was received; an error message becomes its errno. */
static enum ik_err read_answer(struct ik_rd got, struct ik_rd *body, int *err_no)
{
    struct nlmsghdr nh;
    const uint8_t *at = ik_rd_take(&got, NLMSG_HDRLEN);
    if (!at)
        return IK_E_SYSTEM;
    memcpy(&nh, at, sizeof(nh));
    if (nh.nlmsg_len < NLMSG_HDRLEN || nh.nlmsg_len - NLMSG_HDRLEN > got.left)
        return IK_E_SYSTEM;
    got = ik_rd_head(got, nh.nlmsg_len - NLMSG_HDRLEN);
    if (nh.nlmsg_type == NLMSG_ERROR) {
        int32_t code;
        at = ik_rd_take(&got, sizeof(code));
        if (at) {
            memcpy(&code, at, sizeof(code));
            *err_no = -code;
        }
        return IK_E_SYSTEM;
    }
    *body = got;
    return IK_OK;
}

/* Sends the question on a socket of its own. On success *out is the caller's to close. */
static enum ik_err send_on(int *out, struct ik_netlink *q, int *err_no)
{
    const uint32_t len = (uint32_t)q->used;
    memcpy(q->bytes, &len, sizeof(len)); /* nlmsg_len is the first member */
    *err_no = 0;
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ssize_t n = -1;
    if (fd >= 0) {
        do
            n = send(fd, q->bytes, q->used, 0);
        while (n < 0 && errno == EINTR);
    }
    if (n < 0) {
        *err_no = errno;
        if (fd >= 0)
            close(fd);
        return IK_E_SYSTEM;
    }
    *out = fd;
    return IK_OK;
}

static ssize_t receive(int fd, uint8_t *buf, size_t cap)
{
    ssize_t n;
    do
        n = recv(fd, buf, cap, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

enum ik_err ik_netlink_ask(struct ik_netlink *q, uint8_t buf[static IK_NETLINK_ANSWER_BYTES],
                           struct ik_rd *body, int *err_no)
{
    int fd;
    const enum ik_err err = send_on(&fd, q, err_no);
    if (err)
        return err;
    const ssize_t n = receive(fd, buf, IK_NETLINK_ANSWER_BYTES);
    if (n < 0)
        *err_no = errno;
    close(fd);
    return n < 0 ? IK_E_SYSTEM : read_answer((struct ik_rd){buf, (size_t)n}, body, err_no);
}

static void set_flags(struct ik_netlink *q, uint16_t flags)
{
    struct nlmsghdr nh;
    memcpy(&nh, q->bytes, sizeof(nh));
    nh.nlmsg_flags |= flags;
    memcpy(q->bytes, &nh, sizeof(nh));
}

enum ik_err ik_netlink_order(struct ik_netlink *q, uint16_t flags, int *err_no)
{
    uint8_t buf[IK_NETLINK_ANSWER_BYTES];
    struct ik_rd ignored;
    set_flags(q, NLM_F_ACK | flags);
    /* Done is an error message too, of errno 0. */
    const enum ik_err err = ik_netlink_ask(q, buf, &ignored, err_no);
    return err && *err_no ? err : IK_OK;
}

/* One datagram of a list. True: more datagrams follow. */
static bool read_list(struct ik_rd got, bool (*fn)(void *ctx, struct ik_rd body), void *ctx,
                      enum ik_err *err)
{
    struct nlmsghdr nh;
    const uint8_t *at;
    while ((at = ik_rd_take(&got, NLMSG_HDRLEN))) {
        struct ik_rd body;
        memcpy(&nh, at, sizeof(nh));
        const size_t n = nh.nlmsg_len - (size_t)NLMSG_HDRLEN;
        if (nh.nlmsg_type == NLMSG_DONE)
            return false;
        if (nh.nlmsg_type == NLMSG_ERROR || nh.nlmsg_flags & NLM_F_DUMP_INTR ||
            nh.nlmsg_len < NLMSG_HDRLEN || !ik_rd_sub(&got, n, &body)) {
            *err = IK_E_SYSTEM;
            return false;
        }
        if (!fn(ctx, body))
            return false;
        got = ik_rd_from(got, NLMSG_ALIGN(n) - n);
    }
    return true;
}

enum ik_err ik_netlink_list(struct ik_netlink *q, bool (*fn)(void *ctx, struct ik_rd body),
                            void *ctx)
{
    uint8_t buf[4 * IK_NETLINK_ANSWER_BYTES]; /* the kernel makes datagrams of at most 32 KiB */
    int fd, ignored;
    set_flags(q, NLM_F_DUMP);
    enum ik_err err = send_on(&fd, q, &ignored);
    if (err)
        return err;
    bool more = true;
    while (more) {
        const ssize_t n = receive(fd, buf, sizeof(buf));
        if (n <= 0)
            err = IK_E_SYSTEM;
        more = n > 0 && read_list((struct ik_rd){buf, (size_t)n}, fn, ctx, &err);
    }
    close(fd);
    return err;
}

bool ik_netlink_take(struct ik_rd *attrs, uint16_t *type, struct ik_rd *value)
{
    struct nlattr attr;
    const uint8_t *at = ik_rd_take(attrs, NLA_HDRLEN);
    if (!at)
        return false;
    memcpy(&attr, at, sizeof(attr));
    if (attr.nla_len < NLA_HDRLEN)
        return false;
    const size_t n = attr.nla_len - (size_t)NLA_HDRLEN;
    if (!ik_rd_sub(attrs, n, value))
        return false;
    *attrs = ik_rd_from(*attrs, NLA_ALIGN(n) - n);
    *type = attr.nla_type & NLA_TYPE_MASK;
    return true;
}

uint32_t ik_netlink_u32(struct ik_rd value)
{
    uint32_t v = 0;
    if (value.left >= sizeof(v))
        memcpy(&v, value.p, sizeof(v));
    return v;
}
