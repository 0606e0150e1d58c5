/* SPDX-License-Identifier: MIT
 * What a node tells of itself, as text: kind, words, rule. */
#include "node_rig.h"

#include <stdio.h>

enum { LINES = 32, LINE = 400 };

static struct rig r;
static struct packet p;
static char lines[LINES][LINE];
static size_t n_lines;

static void collect(void)
{
    for (const struct ik_record *rec; (rec = r.e->ops->record(r.e));) {
        const struct ik_rec_event *e = &rec->event;
        assert_true(n_lines < LINES);
        snprintf(lines[n_lines++], LINE, "%s%s%s: %s%s%s%s%s%s", e->port ? e->port : "",
                 e->port ? " " : "", e->kind, e->what, e->packet ? " (" : "",
                 e->packet ? e->packet : "", e->packet ? ")" : "", e->rule ? " " : "",
                 e->rule ? e->rule : "");
    }
}

static void begin(enum ik_stack_kind kind)
{
    rig_init(&r, kind);
    r.opt.events = true;
    rig_start(&r);
    n_lines = 0;
}

/* A frame comes in; what the node tells at once. Frames stay in its queue. */
static void frame_in(uint8_t port, uint16_t type, struct ik_rd l3)
{
    uint8_t f[1600];
    memcpy(f, r.ifaces[port].mac, 6);
    memcpy(f + 6, rig_peer, 6);
    ik_store_be16(f + 12, type);
    memcpy(f + 14, l3.p, l3.left);
    const struct ik_event ev = {
        .kind = IK_EV_FRAME,
        .frame = {.medium = IK_MEDIUM_ETHER, .port = port, .bytes = {f, 14 + l3.left}}};
    n_lines = 0;
    r.e->ops->input(r.e, r.now, port, &ev, 1);
    collect();
}

static void end(void)
{
    rig_run(&r, r.now.mono);
    rig_end(&r);
}

/* R791-3.1-11 */
static void option__timestamp_that_counted_15__is_named(void **state)
{
    (void)state;
    static const uint8_t options[8] = {68, 8, 9, 0xf0, 0, 0, 0, 1};
    begin(IK_STACK_ROUTER);
    struct ik_ip ip = head4(A, C, IK_PROTO_ICMP4);
    ip.options = (struct ik_rd){options, sizeof(options)};
    packet_echo(&p, &ip, 8);
    frame_in(0, IK_ETHER_IP4, rd_of(&p));
    assert_string_equal(lines[0],
                        "eth0 dropped: a timestamp option that is full has counted 15 nodes more, "
                        "and can count no further (10.0.1.2 > 10.0.2.2 ICMP 8/0 echo-request, TTL "
                        "64, 44 bytes) R791-3.1-11");
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(option__timestamp_that_counted_15__is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
