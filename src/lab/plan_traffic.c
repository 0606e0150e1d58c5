/* SPDX-License-Identifier: MIT */
#include "lab/plan.h"

#include "conf/units.h"
#include "lab/address.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAY (24 * 3600 * IK_NS_PER_S)

struct traffic_read {
    struct ik_sim_traffic_cfg cfg;
    const struct ik_tree_node *from, *to, *hex;
    const char *file;
};

/* In the order of enum ik_sim_traffic_kind; then those that are frames as well. */
static const char *const kinds[] = {"echo", "udp", "aimd", "capture", "packet", NULL};
enum { KIND_PACKET = IK_TRAFFIC_FRAMES + 1, PACKET_BYTES_MAX = 2048 };

#define TRAFFIC(member) IK_KEYS_MEMBER(struct traffic_read, member)
static const struct ik_key traffic_keys[] = {
    {"from", IK_KEY_NODE, TRAFFIC(from), .required = true, .example = "me"},
    {"to", IK_KEY_NODE, TRAFFIC(to)},
    {"kind", IK_KEY_CHOICE, TRAFFIC(cfg.kind), .words = kinds, .required = true},
    {"rate", IK_KEY_RATE, TRAFFIC(cfg.rate_mpps)},
    {"start", IK_KEY_TIME, TRAFFIC(cfg.start), .min = 0, .max = 366 * DAY},
    {"stop", IK_KEY_TIME, TRAFFIC(cfg.stop), .min = 1, .max = 366 * DAY},
    {"bytes", IK_KEY_INT, TRAFFIC(cfg.bytes), .min = 12, .max = 65000},
    {"port", IK_KEY_INT, TRAFFIC(cfg.port), .min = 1, .max = 65535},
    {"ttl", IK_KEY_INT, TRAFFIC(cfg.ttl), .min = 1, .max = 255},
    {"source", IK_KEY_ADDR, TRAFFIC(cfg.source)},
    {"obey_quench", IK_KEY_FLAG, TRAFFIC(cfg.obey_quench)},
    {"file", IK_KEY_TEXT, TRAFFIC(file)},
    {"hex", IK_KEY_NODE, TRAFFIC(hex)},
};
static const struct ik_keys traffic_of = {"traffic", traffic_keys, COUNT(traffic_keys)};

/* Keys that mean something to some kinds alone, and are needed by some: a bit each. */
static const struct {
    const char *name;
    unsigned kinds, required;
    const char *example; /* where it can be needed */
} of_kinds[] = {
    {"to", 7, 7, "to: far"},
    {"rate", 7, 3, "rate: 100/s"},
    {"bytes", 7, 0, NULL},
    {"port", 6, 0, NULL},
    {"ttl", 7, 0, NULL},
    {"source", 3, 0, NULL},
    {"obey_quench", 4, 0, NULL},
    {"file", 8, 8, "file: flood.pcap"},
    {"hex", 16, 16, "hex: 45 00 ..."},
};

static enum ik_err traffic_check(const struct ik_model *m, const struct ik_tree_node *map,
                                 const struct traffic_read *r)
{
    const char *kind = kinds[r->cfg.kind];
    char start[32], stop[32];
    for (size_t i = 0; i < COUNT(of_kinds); i++) {
        const struct ik_tree_node *value = ik_tree_find(map, of_kinds[i].name);
        const bool mine = of_kinds[i].kinds >> r->cfg.kind & 1;
        if (value && !mine)
            return ik_say_at(m->fault, value,
                             "%s means nothing to traffic of kind %s: leave it out",
                             of_kinds[i].name, kind);
        if (!value && of_kinds[i].required >> r->cfg.kind & 1)
            return ik_say_at(m->fault, map, "traffic of kind %s needs \"%s\", such as %s", kind,
                             of_kinds[i].name, of_kinds[i].example);
    }
    if (r->cfg.stop && r->cfg.stop <= r->cfg.start)
        return ik_say_at(m->fault, map, "traffic that starts at %s must stop later, not at %s",
                         ik_units_time_text(r->cfg.start, start),
                         ik_units_time_text(r->cfg.stop, stop));
    return IK_OK;
}

static enum ik_err traffic_to(const struct ik_model *m, struct traffic_read *r)
{
    uint32_t node;
    if (ik_addr_parse(r->to->text, &r->cfg.to) == IK_OK)
        return IK_OK;
    const enum ik_err err = ik_model_node_of(m, r->to, &node);
    if (err || m->nodes[node].left_out)
        return err;
    r->cfg.to = ik_model_addr(m, node, r->cfg.source.family);
    if (!r->cfg.to.family)
        return ik_say_at(m->fault, r->to,
                         "%s has no IPv%u address, as the source is one: name another", r->to->text,
                         r->cfg.source.family);
    return IK_OK;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    const char *at = c ? strchr(digits, c) : NULL;
    const int n = at ? (int)(at - digits) : -1;
    return n > 15 ? n - 6 : n;
}

/* One IP packet as hexadecimal digits, blanks between them where they help: it goes out once, as
 * frames of a capture do. */
static enum ik_err read_packet(const struct ik_model *m, struct traffic_read *r)
{
    static const char right[] = N_("the hexadecimal digits of an IP packet, at most 2048 bytes");
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    uint8_t *bytes = ik_arena_array(m->arena, PACKET_BYTES_MAX, 1);
    struct ik_sim_timed_frame *frame = ik_arena_array(m->arena, 1, sizeof(*frame));
    if (!bytes || !frame)
        return ik_say_nomem(m->fault);
    size_t n = 0;
    for (const char *p = r->hex->text; *p; p++) {
        if (*p == ' ')
            continue;
        if (hex_digit(*p) < 0 || n == 2 * (size_t)PACKET_BYTES_MAX)
            return ik_keys_wrong(&ctx, r->hex, "hex", right);
        bytes[n / 2] = (uint8_t)(bytes[n / 2] << 4 | hex_digit(*p));
        n++;
    }
    if (n == 0 || n % 2)
        return ik_keys_wrong(&ctx, r->hex, "hex", right);
    *frame = (struct ik_sim_timed_frame){0, {bytes, n / 2}};
    r->cfg.kind = IK_TRAFFIC_FRAMES;
    r->cfg.frames = frame;
    r->cfg.n_frames = 1;
    return IK_OK;
}

static enum ik_err read_traffic(const struct ik_model *m, const struct ik_tree_node *map,
                                struct ik_model_traffic *out)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    struct traffic_read r = {0};
    enum ik_err err = ik_keys_read(&ctx, &traffic_of, map, &r);
    if (!err)
        err = traffic_check(m, map, &r);
    if (!err)
        err = ik_model_node_of(m, r.from, &r.cfg.from);
    if (!err && r.to)
        err = traffic_to(m, &r);
    if (!err && r.hex)
        err = read_packet(m, &r);
    if (!err && r.cfg.source.family && r.cfg.source.family != r.cfg.to.family)
        err = ik_say_at(m->fault, map,
                        "source is an IPv%u address and to an IPv%u one: give both of one family",
                        r.cfg.source.family, r.cfg.to.family);
    *out = (struct ik_model_traffic){.cfg = r.cfg, .file = r.file, .at = map};
    return err;
}

enum ik_err ik_plan_traffic(struct ik_model *m, const struct ik_tree_node *list)
{
    const struct ik_keys_ctx ctx = ik_model_ctx(m);
    enum ik_err err =
        ik_keys_list(&ctx, list, "traffic", "[{from: me, to: far, kind: echo, rate: 100/s}]");
    if (err)
        return err;
    if (list->n > IK_MODEL_TRAFFIC_MAX)
        return ik_say_at(m->fault, list, "%u kinds of traffic are too many: at most %d",
                         (unsigned)list->n, IK_MODEL_TRAFFIC_MAX);
    m->traffic = ik_arena_array(m->arena, list->n, sizeof(*m->traffic));
    if (!m->traffic)
        return ik_say_nomem(m->fault);
    for (uint32_t i = 0; i < list->n && !err; i++)
        err = read_traffic(m, list->items[i].value, &m->traffic[i]);
    m->n_traffic = m->external ? 0 : list->n;
    return err;
}
