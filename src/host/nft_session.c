/* SPDX-License-Identifier: MIT
 * nft(8), kept running. It prints nothing when a command succeeds, so each line is followed by a
 * question that must fail, about a table that nobody has: what it says of that ends the answer. */
#include "host/nft.h"

#include <icmpkit/host.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 16, WAIT_MS = 10000, MARK_TEXT = 64, NO_NFT = 127 };

/* How nft begins to speak of an error, and what it says when it may not even look. */
static const char error_word[] = "Error: ";
static const char no_cache[] = "cache initialization failed: ";

struct ik_nft {
    int to, from;
    pid_t pid;
    unsigned lines; /* told so far */
    bool cut;       /* the answer was too long: its middle is missing */
    size_t n;
    char answer[ANSWER_MAX];
};

static _Noreturn void be_session(int in, int out)
{
    static const char *const argv[] = {"nft", "-j", "-i", NULL};
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(NO_NFT - 1);
    setsid(); /* what the terminal sends to us is not for it */
    ik_nft_become(argv);
}

enum ik_err ik_nft_open(struct ik_nft **out)
{
    int in[2] = {-1, -1}, told[2] = {-1, -1};
    struct ik_nft *n = malloc(sizeof(*n));
    if (!n)
        return IK_E_NOMEM;
    *n = (struct ik_nft){.pid = -1};
    /* A socket pair: what is written to a program that has ended is no signal (MSG_NOSIGNAL). */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) || pipe2(told, O_CLOEXEC))
        goto fail;
    n->pid = fork();
    if (n->pid == 0)
        be_session(in[1], told[1]);
    if (n->pid < 0)
        goto fail;
    close(in[1]);
    close(told[1]);
    n->to = in[0];
    n->from = told[0];
    *out = n;
    return IK_OK;
fail:
    for (int i = 0; i < 2; i++) {
        if (in[i] >= 0)
            close(in[i]);
        if (told[i] >= 0)
            close(told[i]);
    }
    free(n);
    return IK_E_SYSTEM;
}

/* ---- one line and its answer ----------------------------------------------------------------- */

static bool tell(const struct ik_nft *n, const char *text)
{
    size_t left = strlen(text);
    while (left) {
        const ssize_t sent = send(n->to, text, left, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return false;
        if (sent > 0) {
            text += sent;
            left -= (size_t)sent;
        }
    }
    return true;
}

/* What it says of `mark` is whole: the line that is quoted, and the one that points into it. */
static char *find_mark(struct ik_nft *n, const char *mark)
{
    char *at = strstr(n->answer, mark);
    const char *pointer = at ? strchr(at, '^') : NULL;
    return pointer && strchr(pointer, '\n') ? at : NULL;
}

/* Of each error nft repeats the whole line. The first one and the end are enough. */
static void cut_middle(struct ik_nft *n)
{
    enum { TAIL = 1024 };
    memmove(n->answer + ANSWER_MAX / 2, n->answer + n->n - TAIL, TAIL);
    n->n = ANSWER_MAX / 2 + TAIL;
    n->cut = true;
}

static enum ik_err hear(struct ik_nft *n, ik_ns deadline)
{
    const ik_ns left = (deadline - ik_clock_now().mono) / IK_NS_PER_MS;
    struct pollfd fd = {n->from, POLLIN, 0};
    if (left <= 0)
        return IK_E_TIMEOUT;
    if (poll(&fd, 1, (int)left) <= 0)
        return IK_OK; /* the next turn says which it was */
    if (n->n + 1 == ANSWER_MAX)
        cut_middle(n);
    const ssize_t got = read(n->from, n->answer + n->n, ANSWER_MAX - 1 - n->n);
    if (got == 0)
        return IK_E_NOT_FOUND; /* it has ended */
    if (got < 0)
        return errno == EINTR ? IK_OK : IK_E_SYSTEM;
    for (ssize_t i = 0; i < got; i++) {
        if (!n->answer[n->n + (size_t)i])
            n->answer[n->n + (size_t)i] = ' ';
    }
    n->n += (size_t)got;
    n->answer[n->n] = '\0';
    return IK_OK;
}

/* Why it ended: there was none, or anything else. */
static enum ik_err how_it_ended(struct ik_nft *n)
{
    int status = 0;
    pid_t got;
    do
        got = waitpid(n->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    n->pid = -1;
    return got > 0 && WIFEXITED(status) && WEXITSTATUS(status) == NO_NFT ? IK_E_NOT_FOUND
                                                                         : IK_E_SYSTEM;
}

/* The answer without what was said of the mark. */
static void cut_mark(struct ik_nft *n, char *at)
{
    *at = '\0';
    char *last = NULL;
    for (char *e = strstr(n->answer, error_word); e; e = strstr(e + 1, error_word))
        last = e;
    if (last)
        *last = '\0';
}

enum ik_err ik_nft_say(struct ik_nft *n, const char *line, const char **answer,
                       char why[static IK_NFT_TEXT])
{
    char mark[MARK_TEXT], end[MARK_TEXT + 2];
    char *at;
    why[0] = '\0';
    if (n->pid < 0)
        return IK_E_SYSTEM;
    snprintf(mark, sizeof(mark), "list table arp icmpkit_said_%u", ++n->lines);
    snprintf(end, sizeof(end), "\n%s\n", mark);
    n->n = 0;
    n->cut = false;
    n->answer[0] = '\0';
    const ik_ns deadline = ik_clock_now().mono + WAIT_MS * IK_NS_PER_MS;
    if (!tell(n, line) || !tell(n, end))
        return how_it_ended(n);
    while (!(at = find_mark(n, mark))) {
        const enum ik_err err = hear(n, deadline);
        if (err)
            return err == IK_E_NOT_FOUND ? how_it_ended(n) : err;
        if (strstr(n->answer, no_cache))
            return IK_E_ACCESS;
    }
    cut_mark(n, at);
    const char *error = strstr(n->answer, error_word);
    if (error) {
        error += strlen(error_word);
        snprintf(why, IK_NFT_TEXT, "%.*s", (int)strcspn(error, "\n"), error);
        return IK_E_VALUE;
    }
    if (answer)
        *answer = n->answer;
    return n->cut ? IK_E_TOO_BIG : IK_OK;
}

int ik_nft_fd(const struct ik_nft *n)
{
    return n->from;
}

void ik_nft_close(struct ik_nft *n)
{
    if (!n)
        return;
    close(n->to);
    close(n->from);
    if (n->pid > 0)
        (void)how_it_ended(n);
    free(n);
}
