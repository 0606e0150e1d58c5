/* SPDX-License-Identifier: MIT
 * --targets: a file of lines becomes strings in place. */
#include "ping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 28 };

/* All of a file, with room for one byte more. */
static bool slurp(int fd, char **out, size_t *bytes)
{
    size_t cap = 65536, used = 0;
    char *buf = malloc(cap);
    while (buf) {
        const ssize_t n = read(fd, buf + used, cap - used - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            *out = buf;
            *bytes = used;
            if (n < 0)
                free(buf);
            return n == 0;
        }
        used += (size_t)n;
        if (used + 1 < cap)
            continue;
        cap *= 2;
        char *more = cap > FILE_MAX ? NULL : realloc(buf, cap);
        if (!more)
            free(buf);
        buf = more;
    }
    errno = ENOMEM;
    return false;
}

/* Cuts the text into strings, one a line, without blanks around and comments behind. What is empty
 * then stays as an empty string. */
static void cut_lines(char *text, size_t bytes)
{
    text[bytes] = '\n';
    for (char *line = text, *end = text + bytes; line <= end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line) + 1), *next = stop + 1;
        for (char *c = line; c < stop; c++) {
            if (*c == '#' && (c == line || c[-1] == ' ' || c[-1] == '\t'))
                stop = c;
        }
        while (stop > line && strchr(" \t\r", stop[-1]))
            stop--;
        memset(stop, 0, (size_t)(next - stop));
        line = next;
    }
}

const char *ik_ping_file_next(const struct ik_ping *p, const char *at)
{
    const char *end = p->file + p->file_bytes;
    while (at < end && (!*at || *at == ' ' || *at == '\t'))
        at++;
    return at < end ? at : NULL;
}

static int line_number(const struct ik_ping *p, const char *original, const char *at)
{
    int n = 1;
    for (const char *c = original; c < original + (at - p->file); c++)
        n += *c == '\n';
    return n;
}

const char *ik_ping_file_title(const char *name)
{
    return strcmp(name, "-") ? name : _("standard input");
}

static bool load(struct ik_ping *p, const char *name)
{
    const bool standard = !strcmp(name, "-");
    const int fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && slurp(fd, &p->file, &p->file_bytes);
    if (!ok) {
        p->file = NULL;
        ik_run_say("ping", _("cannot read %s: %s"), ik_ping_file_title(name), ik_lang_errno(errno));
    } else if (memchr(p->file, 0, p->file_bytes)) {
        ik_run_say("ping", _("%s is not text: it has a zero byte"), ik_ping_file_title(name));
        ok = false;
    }
    if (fd >= 0 && !standard)
        close(fd);
    return ok;
}

bool ik_ping_file_load(struct ik_ping *p)
{
    int families = 0;
    if (!load(p, p->plan.opt.targets))
        return false;
    char *original = malloc(p->file_bytes + 1);
    if (!original) {
        ik_run_say("ping", "%s", ik_lang_err(IK_E_NOMEM));
        return false;
    }
    memcpy(original, p->file, p->file_bytes);
    cut_lines(p->file, p->file_bytes);
    bool ok = true;
    for (const char *at = p->file; ok && (at = ik_ping_file_next(p, at)); at += strlen(at)) {
        ok = ik_ping_target_count(p, at, &families);
        if (!ok)
            ik_run_say("ping", _("in %s, line %d"), ik_ping_file_title(p->plan.opt.targets),
                       line_number(p, original, at));
    }
    free(original);
    return ok;
}
