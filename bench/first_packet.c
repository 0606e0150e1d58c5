/* SPDX-License-Identifier: MIT
 * How long a command takes from its exec to its first ICMP echo request on loopback.
 *
 * usage: first_packet RUNS COMMAND [ARG]...
 *
 * Prints the median in microseconds. The packet's time is the kernel's; the start is taken by the
 * child right before exec, so nothing of this program is in it. Needs CAP_NET_RAW. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS_MAX = 1000, LIMIT_MS = 2000 };

static void die(const char *what)
{
    fprintf(stderr, "first_packet: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t nanos(const struct timespec *t)
{
    return t->tv_sec * INT64_C(1000000000) + t->tv_nsec;
}

static int open_tap(void)
{
    const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
    const struct sockaddr_ll lo = {.sll_family = AF_PACKET,
                                   .sll_protocol = htons(ETH_P_IP),
                                   .sll_ifindex = (int)if_nametoindex("lo")};
    const int on = 1;
    if (fd < 0 || bind(fd, (const struct sockaddr *)&lo, sizeof(lo)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) != 0)
        die("packet socket");
    return fd;
}

/* The kernel's time of the next echo request. */
static int64_t next_echo(int fd)
{
    for (;;) {
        uint8_t packet[64], control[128];
        struct iovec iov = {packet, sizeof(packet)};
        struct msghdr m = {.msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
        struct pollfd p = {fd, POLLIN, 0};
        if (poll(&p, 1, LIMIT_MS) != 1) {
            errno = ETIMEDOUT;
            die("no echo request came");
        }
        const ssize_t n = recvmsg(fd, &m, 0);
        if (n < 0)
            die("recvmsg");
        const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (n >= 28 && packet[9] == IPPROTO_ICMP && packet[4 * (packet[0] & 15)] == 8 && c) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof(at));
            return nanos(&at);
        }
    }
}

static void drain(int fd)
{
    uint8_t byte;
    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        ;
}

static int64_t one_run(int fd, char **argv, struct timespec *started)
{
    drain(fd);
    const pid_t child = fork();
    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout))
            _exit(126);
        clock_gettime(CLOCK_REALTIME, started);
        execv(argv[0], argv);
        _exit(127);
    }
    if (child < 0)
        die("fork");
    const int64_t at = next_echo(fd);
    int status;
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("the command failed");
    return at - nanos(started);
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    const int runs = argc > 2 ? atoi(argv[1]) : 0;
    if (runs < 1 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: first_packet RUNS COMMAND [ARG]...\n");
        return 2;
    }
    struct timespec *started =
        mmap(NULL, sizeof(*started), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (started == MAP_FAILED)
        die("mmap");
    int64_t took[RUNS_MAX];
    const int fd = open_tap();
    for (int i = 0; i < runs; i++)
        took[i] = one_run(fd, argv + 2, started);
    qsort(took, (size_t)runs, sizeof(took[0]), compare);
    printf("%.1f\n", (double)took[runs / 2] / 1000.0);
    return 0;
}
