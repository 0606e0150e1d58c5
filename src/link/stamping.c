/* SPDX-License-Identifier: MIT
 * Stamps of a socket. */
#include "link/stamping.h"

#include "link/cmsg.h"
#include "link/errmap.h"
#include "link/sock.h"

#include <errno.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    SOFTWARE = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE,
    HARDWARE = SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE,
    /* The stamp alone, not the frame, comes back; OPT_CMSG would add only what that lacks. */
    DEPARTURES = SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY,
};

/* True when the card of the interface stamps everything both ways already. It is never told to:
 * that belongs to whoever runs a clock on it. */
static bool card_stamps(int fd, const struct ik_link_cfg *cfg)
{
    struct hwtstamp_config config = {0};
    struct ifreq request = {0};
    if (!cfg->interface || strlen(cfg->interface) >= sizeof(request.ifr_name))
        return false;
    strcpy(request.ifr_name, cfg->interface);
    request.ifr_data = (char *)&config;
    if (ioctl(fd, SIOCGHWTSTAMP, &request))
        return false;
    return config.tx_type == HWTSTAMP_TX_ON && config.rx_filter == HWTSTAMP_FILTER_ALL;
}

/* MSG_PROBE of the kernel, absent from the headers of the C library: route, do not send. */
enum { PROBE_ONLY = 0x10 };

/* True when the kernel takes SCM_TS_OPT_ID: asked with a datagram that it only routes. */
static bool takes_ids(uint8_t family)
{
    int fd;
    if (ik_sock_open(&fd, family, SOCK_DGRAM, 0))
        return false;
    const int flags = SOF_TIMESTAMPING_TX_SOFTWARE | DEPARTURES;
    struct ik_addr loopback = {.family = family};
    if (family == 4)
        loopback.bytes[0] = 127;
    loopback.bytes[family == 4 ? 3 : 15] = 1;
    union ik_sa sa;
    struct msghdr msg = {.msg_name = &sa, .msg_namelen = ik_sa_put(&sa, &loopback, 9, 0)};
    _Alignas(struct cmsghdr) uint8_t control[IK_CMSG_OUT];
    const struct ik_meta nothing = {0};
    const uint32_t id = 0;
    ik_cmsg_put(&msg, control, family, &nothing, &id);
    const bool taken = !setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) &&
                       (sendmsg(fd, &msg, MSG_CONFIRM | PROBE_ONLY) >= 0 || errno == ENETUNREACH);
    close(fd);
    return taken;
}

enum ik_err ik_stamping_enable(int fd, const struct ik_link_cfg *cfg, bool arrivals_only,
                               struct ik_stamping *out)
{
    struct ik_stamping s = {0};
    if (!cfg->user_stamps) {
        s.hardware = card_stamps(fd, cfg);
        s.flags = SOFTWARE | (s.hardware ? HARDWARE : 0);
        if (!arrivals_only) {
            s.flags |= DEPARTURES;
            s.flags |= s.hardware ? SOF_TIMESTAMPING_TX_HARDWARE : SOF_TIMESTAMPING_TX_SOFTWARE;
            s.ids = takes_ids(cfg->family);
        }
        if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &s.flags, sizeof(s.flags)))
            return ik_errmap_open(errno);
    }
    *out = s;
    return IK_OK;
}
