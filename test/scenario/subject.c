/* SPDX-License-Identifier: MIT
 * Our stack as a subject of scenarios: a program that is told, a line at a time, what it is and
 * what arrives, and says what it sends. In virtual time:
 *
 *     kind, seed, iface, addr, route, option ...     the configuration (subject_config.c)
 *     start                                          "ready", or "cannot REASON"
 *     in IFACE HEX                                   a frame arrives now
 *     upper HEX                                      its user sends that IP packet
 *     link IFACE up|down
 *     run T                                          time goes on to T, or until something comes
 * out
 *
 * Answers: "out T IFACE HEX", "told T HEX" (an IP packet for its user), "told6 T SRC DST HLIM HEX"
 * (an ICMPv6 message), and after each run "now T". Times are nanoseconds since the start.
 *
 * With --packet it lives in real time on the interfaces of those names instead: the same lines, but
 * frames come and go on the wire and nothing is run. It ends with its standard input. */
#include "subject_config.h"

#include <icmpkit/host.h>
#include <icmpkit/link.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Noon, so that no scenario meets midnight. */
#define EPOCH (12 * 3600 * IK_NS_PER_S)

struct subject {
    struct subject_config cfg;
    struct ik_stack *stack;
    struct ik_engine *engine;
    struct ik_now now;
    bool real_time;
    struct ik_link *links[4];
    ik_ns started;
    uint8_t octets[1 << 17];
};

static void print_hex(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%02x", p[i]);
    putchar('\n');
}

static ik_ns since_start(const struct subject *s)
{
    return s->now.mono - s->started;
}

static void print_upper(const struct subject *s, const struct ik_frame *f)
{
    char src[IK_ADDR_TEXT], dst[IK_ADDR_TEXT];
    if (f->medium == IK_MEDIUM_IP) {
        printf("told %" PRId64 " ", since_start(s));
    } else {
        struct ik_addr from = f->meta.src, to = f->meta.dst;
        from.scope = to.scope = 0;
        printf("told6 %" PRId64 " %s %s %u ", since_start(s), ik_addr_text(&from, src),
               ik_addr_text(&to, dst), f->meta.ttl);
    }
    print_hex(f->bytes.p, f->bytes.left);
}

/* Takes all that the stack would send now. Returns how many frames that were. */
static size_t drain(struct subject *s)
{
    struct ik_frame frames[IK_BATCH];
    size_t total = 0;
    for (;;) {
        size_t n = s->engine->ops->output(s->engine, s->now, frames, IK_BATCH);
        for (size_t i = 0; i < n; i++) {
            const struct ik_frame *f = &frames[i];
            if (f->port == IK_STACK_UPPER) {
                print_upper(s, f);
            } else if (s->real_time) {
                struct ik_link *l = s->links[f->port];
                if (l->ops->tx(l, s->now, f, 1) != 1)
                    fprintf(stderr, "a frame could not be sent\n");
            } else {
                printf("out %" PRId64 " %s ", since_start(s), s->cfg.names[f->port]);
                print_hex(f->bytes.p, f->bytes.left);
            }
        }
        s->engine->ops->accepted(s->engine, s->now, n);
        while (s->engine->ops->record(s->engine))
            ;
        total += n;
        if (!n)
            return total;
    }
}

static void arrive(struct subject *s, uint8_t port, enum ik_medium medium, size_t n)
{
    const struct ik_event ev = {
        .kind = IK_EV_FRAME,
        .at = {.mono = s->now.mono, .clock = IK_CLOCK_VIRTUAL},
        .frame = {.medium = medium, .port = port, .bytes = {s->octets, n}},
    };
    s->engine->ops->input(s->engine, s->now, port, &ev, 1);
}

static bool run_until(struct subject *s, ik_ns until)
{
    for (int idle = 0; idle < 100000; idle++) {
        size_t sent = drain(s);
        ik_ns next = s->engine->ops->deadline(s->engine);
        if (!sent && next > until)
            s->now.mono = until > s->now.mono ? until : s->now.mono;
        else if (!sent && next > s->now.mono)
            s->now.mono = next;
        s->now.real = EPOCH + s->now.mono;
        if (sent || next > until) {
            printf("now %" PRId64 "\n", since_start(s));
            return true;
        }
    }
    fprintf(stderr, "the stack asks for the same instant for ever\n");
    return false;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads hexadecimal octets into s->octets; (size_t)-1 when they are none. */
static size_t read_hex(struct subject *s, const char *text)
{
    size_t n = strlen(text) / 2;
    if (strlen(text) % 2 || n > sizeof(s->octets))
        return (size_t)-1;
    for (size_t i = 0; i < n; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return (size_t)-1;
        s->octets[i] = (uint8_t)(high << 4 | low);
    }
    return n;
}

static bool open_links(struct subject *s)
{
    for (uint8_t i = 0; i < s->cfg.stack.n_ifaces; i++) {
        enum ik_err err = ik_link_open_packet(&s->links[i], s->cfg.names[i]);
        if (err) {
            fprintf(stderr, "%s: %s\n", s->cfg.names[i], ik_err_text(err));
            return false;
        }
    }
    s->now = ik_clock_now();
    s->started = s->now.mono;
    return true;
}

static bool start(struct subject *s)
{
    const struct ik_stack_pool_cfg pool = {
        .buffers = 512, .buffer_bytes = 14 + 65535, .reassemblies = 16};
    void *mem = malloc(ik_stack_pool_bytes(&pool));
    enum ik_err err = mem ? ik_stack_pool_init(&s->cfg.stack.pool, mem, &pool) : IK_E_NOMEM;
    size_t bytes = err ? 0 : ik_stack_bytes(&s->cfg.stack);
    void *stack = bytes ? malloc(bytes) : NULL;
    if (stack)
        err = ik_stack_init(&s->stack, stack, &s->cfg.stack);
    if (!stack || err) {
        printf("cannot be configured so: %s\n", err ? ik_err_text(err) : "refused");
        return true;
    }
    s->engine = ik_stack_engine(s->stack);
    s->now = (struct ik_now){.mono = 0, .real = EPOCH};
    if (s->real_time && !open_links(s))
        return false;
    drain(s);
    printf("ready\n");
    return true;
}

/* One line after the start; false for one that is not understood. */
static bool command(struct subject *s, char *line)
{
    char *save = NULL, *verb = strtok_r(line, " ", &save), *first = strtok_r(NULL, " ", &save);
    char *second = strtok_r(NULL, " ", &save);
    int port = first ? subject_config_port(&s->cfg, first) : -1;
    if (verb && !strcmp(verb, "stop") && !first) {
        s->engine->ops->stop(s->engine, s->now);
        return true;
    }
    if (!verb || !first)
        return false;
    if (!strcmp(verb, "run"))
        return run_until(s, strtoll(first, NULL, 10));
    if (!strcmp(verb, "upper")) {
        size_t n = read_hex(s, first);
        if (n == (size_t)-1)
            return false;
        arrive(s, IK_STACK_UPPER, IK_MEDIUM_IP, n);
        return true;
    }
    if (port < 0 || !second)
        return false;
    if (!strcmp(verb, "link")) {
        ik_stack_iface_up(s->stack, s->now, (uint8_t)port, !strcmp(second, "up"));
        return true;
    }
    size_t n = read_hex(s, second);
    if (strcmp(verb, "in") || n == (size_t)-1)
        return false;
    arrive(s, (uint8_t)port, IK_MEDIUM_ETHER, n);
    return true;
}

static bool take_line(struct subject *s, char *line)
{
    line[strcspn(line, "\n")] = 0;
    if (s->engine)
        return command(s, line);
    if (!strcmp(line, "start"))
        return start(s);
    return subject_config_line(&s->cfg, line);
}

/* What came on the wire since. */
static void receive(struct subject *s)
{
    struct ik_event events[IK_BATCH];
    for (uint8_t port = 0; port < s->cfg.stack.n_ifaces; port++) {
        struct ik_link *l = s->links[port];
        size_t n;
        while ((n = l->ops->rx(l, s->now, events, IK_BATCH)) > 0)
            s->engine->ops->input(s->engine, s->now, port, events, n);
    }
}

static void await(struct subject *s)
{
    struct pollfd fds[5] = {{.fd = STDIN_FILENO, .events = POLLIN}};
    nfds_t n = 1;
    for (int i = 0; i < s->cfg.stack.n_ifaces; i++)
        fds[n++] = (struct pollfd){.fd = s->links[i]->ops->fd(s->links[i]), .events = POLLIN};
    ik_ns wait = s->engine->ops->deadline(s->engine) - ik_clock_now().mono;
    if (wait < 0)
        wait = 0;
    if (wait > 10 * IK_NS_PER_S)
        wait = 10 * IK_NS_PER_S;
    const struct timespec left = {.tv_sec = wait / IK_NS_PER_S, .tv_nsec = wait % IK_NS_PER_S};
    ppoll(fds, n, &left, NULL);
}

/* Standard input is read by lines of any length, and without waiting once the stack has started. */
static int live(struct subject *s)
{
    size_t used = 0;
    static const size_t cap = 1 << 18;
    char *text = malloc(cap);
    if (!text)
        return 1;
    for (;;) {
        if (s->engine) {
            await(s);
            s->now = ik_clock_now();
            receive(s);
            drain(s);
            fflush(stdout);
        }
        struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
        if (s->engine && poll(&in, 1, 0) == 0)
            continue;
        ssize_t n = read(STDIN_FILENO, text + used, cap - used - 1);
        if (n <= 0)
            break;
        used += (size_t)n;
        text[used] = 0;
        for (char *end; (end = strchr(text, '\n'));) {
            *end = 0;
            if (!take_line(s, text)) {
                free(text);
                return 1;
            }
            used -= (size_t)(end + 1 - text);
            memmove(text, end + 1, used + 1);
        }
        fflush(stdout);
    }
    free(text);
    return 0;
}

static int virtual(struct subject *s)
{
    char *line = NULL;
    size_t cap = 0;
    int status = 0;
    while (!status && getline(&line, &cap, stdin) > 0) {
        bool answers = !strncmp(line, "run", 3) || !strncmp(line, "start", 5);
        status = take_line(s, line) ? 0 : 1;
        if (answers)
            fflush(stdout);
    }
    free(line);
    return status;
}

int main(int argc, char **argv)
{
    struct subject *s = calloc(1, sizeof(*s));
    if (!s)
        return 1;
    subject_config_init(&s->cfg);
    s->real_time = argc > 1 && !strcmp(argv[1], "--packet");
    int status = s->real_time ? live(s) : virtual(s);
    if (s->stack)
        ik_stack_fini(s->stack);
    free(s);
    return status;
}
