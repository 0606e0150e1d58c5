/* SPDX-License-Identifier: MIT
 * Gives its privileges up, then tries to get each back. Usage: live_host_priv
 * drop|admin|keep|report [FILE] drop: prints what it is, drops, prints what it is, and what still
 * works; then becomes FILE report. admin: the same, but for CAP_NET_ADMIN. keep: without dropping,
 * so that a test sees each of these ways work. */
#include <icmpkit/host.h>

#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

static bool raw_works(void)
{
    const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void report(const char *when)
{
    uid_t r, e, s;
    cap_t caps = cap_get_proc();
    char *text = cap_to_text(caps, NULL);
    getresuid(&r, &e, &s);
    printf("%s root %d secure %d net_raw %d raw_works %d same_uid %d caps \"%s\"\n", when,
           ik_priv_is_root(), ik_priv_is_secure_exec(), ik_priv_has_net_raw(), raw_works(),
           r == e && e == s, text ? text : "?");
    cap_free(text);
    cap_free(caps);
}

static bool cap_comes_back(void)
{
    cap_t caps = cap_get_proc();
    const cap_value_t raw = CAP_NET_RAW;
    cap_set_flag(caps, CAP_PERMITTED, 1, &raw, CAP_SET);
    cap_set_flag(caps, CAP_EFFECTIVE, 1, &raw, CAP_SET);
    const bool back = !cap_set_proc(caps);
    cap_free(caps);
    return back;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 2)
        return 2;
    if (!strcmp(argv[1], "report")) {
        report("exec");
        return 0;
    }
    report("start");
    if (!strcmp(argv[1], "drop") && ik_priv_drop()) {
        printf("drop failed\n");
        return 1;
    }
    if (!strcmp(argv[1], "admin") && ik_priv_keep_net_admin()) {
        printf("drop failed\n");
        return 1;
    }
    report("after");
    printf("back setuid %d cap %d\n", !seteuid(0) && getuid() != 0, cap_comes_back());
    if (argc > 2)
        execl(argv[2], argv[2], "report", (char *)NULL);
    return 0;
}
