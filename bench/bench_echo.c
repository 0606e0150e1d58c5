/* SPDX-License-Identifier: MIT
 * What the echo engine itself costs for a probe that is sent, stamped and answered, without any
 * socket: nanoseconds a probe. A first argument of 6 asks IPv6, a second is the number of targets.
 */
#include "bench.h"

#include "icmpkit/probe.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 4000000, MESSAGE_MAX = 128, HEADER4 = 20 };

static struct ik_echo_engine *start(uint32_t targets, uint8_t family)
{
    const struct ik_echo_cfg cfg = {
        .max_targets = targets,
        .max_in_flight = 4096,
        .payload_bytes = 56,
        .key = {1},
        .tag = 1,
        .flood = true,
        .flood_window = 1,
        .timeout = 10 * IK_NS_PER_S,
        .raw = true,
    };
    const size_t bytes = ik_echo_bytes(&cfg);
    struct ik_echo_engine *e;
    void *mem = aligned_alloc(64, bytes);
    if (!mem)
        return NULL;
    memset(mem, 0, bytes);
    if (ik_echo_init(&e, mem, &cfg) != IK_OK)
        return NULL;
    for (uint32_t i = 0; i < targets; i++) {
        struct ik_addr a = {.family = family, .bytes = {10}};
        ik_store_be32(a.bytes + (family == 4 ? 0 : 12), 0x0a000001 + i);
        uint32_t index;
        if (ik_echo_add(e, (struct ik_now){0}, NULL, &a, &index) != IK_OK)
            return NULL;
    }
    return e;
}

/* Makes the answer to a frame in place of the network. The checksum of an echo reply is that of the
 * request and the difference of the types. */
static struct ik_rd answer(const struct ik_frame *f, uint8_t *out)
{
    static const uint8_t ip[HEADER4] = {0x45, 0, 0, 84, 0, 0, 0, 0, 64, 1};
    uint8_t *message = out;
    if (!f->port) {
        memcpy(out, ip, HEADER4);
        memcpy(out + 12, f->meta.dst.bytes, 4);
        message += HEADER4;
    }
    memcpy(message, f->bytes.p, f->bytes.left);
    message[0] = f->port ? 129 : 0;
    const uint32_t sum = ik_load_be16(message + 2) + 0x0800u;
    ik_store_be16(message + 2, (uint16_t)(sum + (sum >> 16)));
    return (struct ik_rd){out, (size_t)(message - out) + f->bytes.left};
}

static uint64_t turn(struct ik_engine *e, struct ik_now now)
{
    static struct ik_frame frames[IK_BATCH];
    static struct ik_event events[IK_BATCH];
    static uint8_t bytes[IK_BATCH][MESSAGE_MAX];
    const size_t n = e->ops->output(e, now, frames, IK_BATCH);
    e->ops->accepted(e, now, n);
    if (!n)
        return 0;
    for (size_t i = 0; i < n; i++)
        events[i] = (struct ik_event){
            .kind = IK_EV_SENT, .key = frames[i].key, .at = {now.mono, IK_CLOCK_KERNEL}};
    e->ops->input(e, now, frames[0].port, events, n);
    for (size_t i = 0; i < n; i++)
        events[i] = (struct ik_event){
            .kind = IK_EV_FRAME,
            .at = {now.mono + 1000, IK_CLOCK_KERNEL},
            .frame = {.medium = frames[i].port ? IK_MEDIUM_ICMP6 : IK_MEDIUM_IP,
                      .bytes = answer(&frames[i], bytes[i]),
                      .meta = {.known = IK_KNOW_SRC, .src = frames[i].meta.dst}},
        };
    e->ops->input(e, now, frames[0].port, events, n);
    return n;
}

int main(int argc, char **argv)
{
    const uint8_t family = argc > 1 && argv[1][0] == '6' ? 6 : 4;
    const uint32_t targets = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 65536;
    struct ik_echo_engine *e = start(targets, family);
    if (!e)
        return 2;
    struct ik_now now = {0};
    uint64_t done = 0;
    const int64_t began = clock_ns();
    while (done < PROBES) {
        done += turn(ik_echo_engine(e), now);
        now.mono += 10000;
        now.real += 10000;
    }
    const int64_t took = clock_ns() - began;
    struct ik_echo_totals t;
    ik_echo_totals(e, &t);
    printf("echo engine: %u targets, %llu probes, %llu answered: %.0f ns a probe\n", targets,
           (unsigned long long)t.sent, (unsigned long long)t.received, (double)took / (double)done);
    return t.received == t.sent && t.sent == done ? 0 : 1;
}
