/* SPDX-License-Identifier: MIT
 * The program of the XDP filter, brought into the kernel and to its interface. */
#include "daemon/xdp_filter_int.h"

#include <icmpkit/host.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <net/if.h>

extern const uint8_t ik_xdp_object[];
extern const size_t ik_xdp_object_bytes;

uint32_t ik_xdp_load_there(const struct ik_xdp_filter *f)
{
    struct bpf_link_info info = {0};
    uint32_t n = sizeof(info);
    return !bpf_obj_get_info_by_fd(f->link, &info, &n) && info.xdp.ifindex ? info.prog_id : 0;
}

static enum ik_err fail(enum ik_err err, const char *what, int error,
                        char why[static IK_ENFORCE_TEXT])
{
    snprintf(why, IK_ENFORCE_TEXT, "%s: %s", what, strerror(error));
    return err;
}

static enum ik_err err_of(int error)
{
    switch (error) {
    case EPERM:
    case EACCES:
        return IK_E_ACCESS;
    case EBUSY:
    case EEXIST:
        return IK_E_EXISTS;
    case ENOMEM:
        return IK_E_NOMEM;
    case ENODEV:
        return IK_E_IFACE;
    case EOPNOTSUPP:
    case ENOSYS:
        return IK_E_UNSUPPORTED;
    default:
        return IK_E_SYSTEM;
    }
}

/* A loopback has Ethernet's headers too. */
enum ik_err ik_xdp_load_check(unsigned ifindex, char why[static IK_ENFORCE_TEXT])
{
    struct ifreq r = {0};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return IK_E_SYSTEM;
    const bool ok = if_indextoname(ifindex, r.ifr_name) && !ioctl(fd, SIOCGIFHWADDR, &r);
    close(fd);
    if (!ok)
        return IK_E_IFACE;
    const unsigned type = r.ifr_hwaddr.sa_family;
    if (type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK)
        return IK_OK;
    snprintf(why, IK_ENFORCE_TEXT, "%s is no Ethernet", r.ifr_name);
    return IK_E_UNSUPPORTED;
}

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
    (void)level;
    (void)format;
    (void)args;
    return 0;
}

static int program_fd(const struct ik_xdp_filter *f, const char *name)
{
    return bpf_program__fd(bpf_object__find_program_by_name(f->object, name));
}

static int map_fd(const struct ik_xdp_filter *f, const char *name)
{
    return bpf_map__fd(bpf_object__find_map_by_name(f->object, name));
}

enum ik_err ik_xdp_load_program(struct ik_xdp_filter *f, char why[static IK_ENFORCE_TEXT])
{
    LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "icmp_guard");
    libbpf_set_print(silent);
    f->object = bpf_object__open_mem(ik_xdp_object, ik_xdp_object_bytes, &opts);
    if (!f->object)
        return fail(err_of(errno), "the program", errno, why);
    const int error = -bpf_object__load(f->object);
    if (error)
        return fail(err_of(error), "the kernel does not take the program", error, why);
    f->spared = map_fd(f, "ik_spared");
    f->stopped = map_fd(f, "ik_stopped");
    f->clock = program_fd(f, "ik_xdp_clock");
    void *state =
        mmap(NULL, sizeof(*f->state), PROT_READ | PROT_WRITE, MAP_SHARED, map_fd(f, "ik_state"), 0);
    if (state == MAP_FAILED)
        return IK_E_NOMEM;
    f->state = state;
    struct timespec tick;
    if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick))
        return IK_E_SYSTEM;
    f->state->tick = (uint64_t)tick.tv_nsec;
    enum ik_err err = ik_entropy(f->state->factors, sizeof(f->state->factors));
    for (size_t i = 0; i < sizeof(f->state->factors) / sizeof(*f->state->factors); i++)
        f->state->factors[i] |= 1;
    return err ? err : ik_entropy(f->state->sip, sizeof(f->state->sip));
}

/* A link, so that it ends with this process; and links replace nothing. */
enum ik_err ik_xdp_load_attach(struct ik_xdp_filter *f, unsigned ifindex, enum ik_xdp_mode *mode,
                               char why[static IK_ENFORCE_TEXT])
{
    static const uint32_t flags[] = {
        [IK_XDP_NATIVE] = XDP_FLAGS_DRV_MODE, [IK_XDP_GENERIC] = XDP_FLAGS_SKB_MODE};
    const int program = program_fd(f, "ik_xdp_filter");
    int error = 0;
    for (int m = IK_XDP_NATIVE; m <= IK_XDP_GENERIC; m++) {
        LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags[m]);
        f->link = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);
        if (f->link >= 0) {
            *mode = (enum ik_xdp_mode)m;
            f->program = ik_xdp_load_there(f);
            return f->program ? IK_OK : IK_E_SYSTEM;
        }
        error = errno;
        if (err_of(error) == IK_E_EXISTS)
            return fail(IK_E_EXISTS, "another XDP program is attached", error, why);
    }
    return fail(err_of(error), "the program cannot be attached", error, why);
}
