/* SPDX-License-Identifier: MIT
 * Looks names up as a verb would, and tells how long the source kept control.
 * Usage: live_host_names QUESTION...
 *     f:NAME f4:NAME f6:NAME   forward, at once
 *     r:ADDRESS                reverse, at once
 *     many:N                   forward of n0.test ... n(N-1).test, at once
 *     wait                     until all that was asked is answered
 *     read                     until a line comes on standard input
 * Prints a line per answer: question, tab, error number, tab, error text, tab, name, tab,
 * addresses; at the end: "turns N longest_us N elapsed_ms N". */
#include <icmpkit/host.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUESTIONS_MAX = 2000 };

struct question {
    char text[128];
};

struct run {
    struct ik_names *names;
    int turns, questions;
    ik_ns longest;
    struct question question[QUESTIONS_MAX];
};

static void print(void *ctx, struct ik_now now, const struct ik_names_answer *a)
{
    const struct question *q = ctx;
    char buf[IK_ADDR_TEXT];
    (void)now;
    printf("%s\t%d\t%s\t%s\t", q->text, a->err, a->error_text ? a->error_text : "-",
           a->name ? a->name : "-");
    for (size_t i = 0; i < a->n; i++)
        printf("%s%s", i ? " " : "", ik_addr_text(&a->addrs[i], buf));
    printf("\n");
}

static void took(struct run *r, ik_ns since)
{
    const ik_ns d = ik_clock_now().mono - since;
    if (d > r->longest)
        r->longest = d;
}

static void check(enum ik_err err)
{
    if (err) {
        fprintf(stderr, "%s\n", ik_err_text(err));
        exit(2);
    }
}

static void ask(struct run *r, const char *text)
{
    const char *colon = strchr(text, ':');
    if (!colon || r->questions == QUESTIONS_MAX)
        exit(2);
    struct question *q = &r->question[r->questions++];
    snprintf(q->text, sizeof(q->text), "%s", text);
    const ik_ns begun = ik_clock_now().mono;
    if (text[0] == 'r') {
        struct ik_addr a;
        check(ik_addr_parse(colon + 1, &a));
        check(ik_names_reverse(r->names, &a, print, q));
    } else {
        const uint8_t family = text[1] == '4' ? 4 : text[1] == '6' ? 6 : 0;
        check(ik_names_forward(r->names, colon + 1, family, print, q));
    }
    took(r, begun);
}

static void wait_all(struct run *r)
{
    struct ik_source *source = ik_names_source(r->names);
    while (ik_names_pending(r->names)) {
        struct pollfd p = {.fd = source->fd, .events = POLLIN};
        if (poll(&p, 1, 60000) != 1) {
            printf("stuck with %zu\n", ik_names_pending(r->names));
            exit(3);
        }
        const struct ik_now now = ik_clock_now();
        source->ready(source, now);
        took(r, now.mono);
        r->turns++;
    }
}

static void ask_many(struct run *r, int n)
{
    char text[64];
    for (int i = 0; i < n; i++) {
        snprintf(text, sizeof(text), "f4:n%d.test", i);
        ask(r, text);
    }
}

int main(int argc, char **argv)
{
    static struct run r;
    char line[16];
    const ik_ns begun = ik_clock_now().mono;
    setvbuf(stdout, NULL, _IOLBF, 0);
    check(ik_names_open(&r.names));
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "wait"))
            wait_all(&r);
        else if (!strcmp(argv[i], "read"))
            printf("reading %s", fgets(line, sizeof(line), stdin) ? line : "nothing\n");
        else if (!strncmp(argv[i], "many:", 5))
            ask_many(&r, atoi(argv[i] + 5));
        else
            ask(&r, argv[i]);
    }
    printf("turns %d longest_us %lld elapsed_ms %lld\n", r.turns,
           (long long)(r.longest / IK_NS_PER_US),
           (long long)((ik_clock_now().mono - begun) / IK_NS_PER_MS));
    ik_names_close(r.names);
    return 0;
}
