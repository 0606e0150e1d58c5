/* SPDX-License-Identifier: MIT
 * Files are bound from a file system in memory that is itself unmounted again: they live as long as
 * what they were bound to. */
#include "host/nshosts.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static const char STAGE[] = "/tmp";

/* Writes STAGE/name and binds it to `over`. */
static void put_over(const char *over, const char *name, const char *head, const char *text)
{
    char path[64];
    snprintf(path, sizeof(path), "%s/%s", STAGE, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    const bool written = write(fd, head, strlen(head)) == (ssize_t)strlen(head) &&
                         write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    (void)fchmod(fd, 0644); /* whatever the umask */
    close(fd);
    if (written)
        (void)mount(path, over, NULL, MS_BIND, NULL);
}

/* A copy of nsswitch.conf in which hosts come from the file alone: what else may stand there asks
 * services of the machine, which know another network. */
static void put_switch(void)
{
    static const char name[] = "/etc/nsswitch.conf", ours[] = "hosts: files\n";
    char text[8192], *line = text;
    FILE *f = fopen(name, "re");
    if (!f)
        return;
    size_t n = 0;
    while (n + 512 < sizeof(text) && fgets(text + n, 512, f)) {
        line = text + n;
        if (strncmp(line + strspn(line, " \t"), "hosts:", 6))
            n += strlen(line);
    }
    fclose(f);
    text[n] = 0;
    put_over(name, "nsswitch.conf", ours, text);
}

void ik_nshosts_mount(const char *hosts)
{
    static const char local[] = "127.0.0.1 localhost\n"
                                "::1 localhost ip6-localhost ip6-loopback\n",
                      silent[] = "# This network has no name server.\n"
                                 "options timeout:1 attempts:1\n";
    /* Private, should the kernel not have seen to that. */
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ||
        mount("icmp-lab", STAGE, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=1m,mode=755"))
        return;
    put_over("/etc/hosts", "hosts", local, hosts);
    put_over("/etc/resolv.conf", "resolv.conf", silent, "");
    put_switch();
    (void)umount2(STAGE, MNT_DETACH);
    /* The cache of names would answer for the machine; the files of /sys show its interfaces. */
    (void)mount("icmp-lab", "/run/nscd", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k");
    (void)mount("icmp-lab", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}
