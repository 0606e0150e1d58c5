/* SPDX-License-Identifier: MIT
 * Frames into all detectors: a byte of settings, two of link type, then for each frame a byte of
 * time, two of length, its bytes. Whatever comes, findings are bounded and whole, what they show
 * lies in the frame, the memory that was given is enough, and all of them end. */
#include "fuzz.h"

#include "icmpkit/detect.h"

#include "base/rd.h"

#include <math.h>
#include <string.h>

enum {
    MEMORY_MAX = 16 << 20,
    NEWS_MAX = 2 * 1024, /* that one frame can make: each finding told twice */
    HEAD_BYTES = 3,
    FRAME_HEAD = 3,
    INPUTS = 64,
};

/* Settings, by bit. */
enum {
    WITH_HOME = 1,
    WITH_LEAST = 2,
    WITH_WAY = 4,
    WITH_CUT = 8,
    WITH_ALLOW = 16,
    WITH_ROUTER = 32
};

struct rig {
    struct ik_look *look;
    struct ik_detect *detect;
    void *look_mem, *detect_mem;
    size_t detect_bytes;
    struct ik_detect_cfg cfg;
    uint8_t bits;
    unsigned inputs;
    uint64_t n, last_id;
    ik_ns now;
};

static const struct ik_prefix home[] = {
    {{.family = 4, .bytes = {10}}, 8},
    {{.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8}}, 32},
};
static const struct ik_detect_allow allow[] = {{{{.family = 4, .bytes = {10}}, 16}, ~(uint32_t)0}};
static const struct ik_addr routers[] = {{.family = 6, .bytes = {0xfe, 0x80, [15] = 1}}};

static struct ik_detect_cfg settings(uint8_t bits)
{
    struct ik_detect_cfg cfg = ik_detect_defaults();
    memcpy(cfg.secret, "sixteen bytes of", sizeof(cfg.secret));
    cfg.home = home;
    cfg.n_home = bits & WITH_HOME ? sizeof(home) / sizeof(home[0]) : 0;
    cfg.allow = allow;
    cfg.n_allow = bits & WITH_ALLOW ? 1 : 0;
    cfg.routers = routers;
    cfg.n_routers = bits & WITH_ROUTER ? 1 : 0;
    for (int i = 0; bits & WITH_LEAST && i < IK_LIMITS; i++)
        cfg.limits[i] = ik_limit_row((enum ik_limit)i)->min;
    return cfg;
}

static void rig_free(struct rig *r)
{
    free(r->look_mem);
    free(r->detect_mem);
    *r = (struct rig){.n = 0};
}

static void rig_init(struct rig *r, uint8_t bits)
{
    const struct ik_look_cfg look = {.secret = {1}, .unpaired = true};
    rig_free(r);
    r->cfg = settings(bits);
    r->bits = bits;
    r->now = 1000 * IK_NS_PER_S;
    r->detect_bytes = ik_detect_bytes(&r->cfg);
    FUZZ_CHECK(r->detect_bytes <= MEMORY_MAX);
    r->look_mem = malloc(ik_look_bytes(&look));
    r->detect_mem = malloc(r->detect_bytes);
    FUZZ_CHECK(r->look_mem && r->detect_mem);
    r->look = ik_look_init(r->look_mem, &look);
    r->detect = ik_detect_init(r->detect_mem, &r->cfg);
}

/* What is shown is what stood in the frame, where it is said to have stood. */
static void check_evidence(const struct rig *r, const struct ik_evidence *e,
                           const struct ik_look_packet *p)
{
    FUZZ_CHECK(e->n >= 1 && e->n <= r->n && e->n_bytes <= IK_EVIDENCE_BYTES);
    if (!p || e->n != p->frame.n || p->reassembled)
        return;
    FUZZ_CHECK(e->at_bytes <= p->frame.bytes.left &&
               e->n_bytes <= p->frame.bytes.left - e->at_bytes);
    FUZZ_CHECK(memcmp(e->bytes, p->frame.bytes.p + e->at_bytes, e->n_bytes) == 0);
}

static void check_finding(struct rig *r, const struct ik_finding *f, const struct ik_look_packet *p)
{
    char rule[IK_RULE_TEXT];
    const struct ik_detect_stats stats = ik_detect_stats(r->detect);
    FUZZ_CHECK(f->id >= 1 && f->id <= stats.findings);
    FUZZ_CHECK(f->state != IK_FINDING_NEW || f->id > r->last_id);
    r->last_id = f->id > r->last_id ? f->id : r->last_id;
    FUZZ_CHECK(f->detector > IK_DETECTOR_NONE && f->detector < IK_DETECTORS);
    FUZZ_CHECK(f->severity <= IK_SEVERITY_CRITICAL && f->limit <= IK_LIMITS);
    FUZZ_CHECK(f->why && f->why[0] && f->source && f->source[0]);
    FUZZ_CHECK(isfinite(f->value) && isfinite(f->threshold));
    FUZZ_CHECK(f->first <= f->last && f->window >= 0);
    FUZZ_CHECK(f->n_evidence <= IK_EVIDENCE_MAX);
    for (uint8_t i = 0; i < f->n_evidence; i++)
        check_evidence(r, &f->evidence[i], p);
    FUZZ_CHECK(ik_finding_rule(f, rule) == rule && memchr(rule, 0, sizeof(rule)));
    FUZZ_CHECK(!strpbrk(rule, "\n;$`"));
    struct ik_finding_mem mem;
    FUZZ_CHECK(ik_finding_record(f, &mem).kind == IK_REC_finding);
}

static void drain(struct rig *r, const struct ik_look_packet *p)
{
    const struct ik_finding *f;
    int n = 0;
    for (; (f = ik_detect_take(r->detect)); n++) {
        FUZZ_CHECK(n < NEWS_MAX);
        check_finding(r, f, p);
    }
}

/* Up to two seconds at a time, sometimes hours, sometimes back, sometimes none is known. */
static ik_ns time_of(struct rig *r, uint8_t step)
{
    switch (step >> 5) {
    case 7:
        return step & 1 ? IK_NEVER : r->now - step * IK_NS_PER_S;
    case 6:
        r->now += (step & 31) * 600 * IK_NS_PER_S;
        return r->now;
    default:
        r->now += step * 10 * IK_NS_PER_MS;
        return r->now;
    }
}

static void put(struct rig *r, uint8_t step, uint16_t linktype, struct ik_rd bytes)
{
    struct ik_look_packet p;
    const uint8_t bits = r->bits;
    const struct ik_look_frame frame = {
        .n = ++r->n,
        .time = time_of(r, step),
        .bytes = bytes,
        .wire_bytes = (uint32_t)bytes.left + (bits & WITH_CUT ? 100 : 0),
        .linktype = linktype,
        .way =
            bits & WITH_WAY ? (step & 1 ? IK_LOOK_WAY_OUT : IK_LOOK_WAY_IN) : IK_LOOK_WAY_UNKNOWN};
    const bool looked = ik_look_input(r->look, &frame, &p);
    ik_detect_input(r->detect, &p, looked);
    drain(r, &p);
}

static void end(struct rig *r)
{
    r->now += 2 * IK_NS_PER_S;
    ik_detect_tick(r->detect, r->now);
    drain(r, NULL);
    ik_detect_stop(r->detect);
    drain(r, NULL);
    FUZZ_CHECK(!ik_detect_open(r->detect, 0) && !ik_detect_take(r->detect));
}

/* To clear all tables takes longer than to look at a hundred frames, so they are used again, hours
 * later, for the next inputs of the same settings. */
static struct rig *rig_of(uint8_t bits)
{
    static struct rig rig;
    if (!rig.detect || rig.bits != bits || rig.inputs == INPUTS)
        rig_init(&rig, bits);
    rig.inputs++;
    rig.now += 7200 * IK_NS_PER_S;
    return &rig;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_BYTES)
        return 0;
    struct rig *r = rig_of(data[0]);
    const uint16_t linktype = ik_load_be16(data + 1);
    struct ik_rd left = {data + HEAD_BYTES, size - HEAD_BYTES};
    while (left.left > FRAME_HEAD) {
        const uint8_t *head = ik_rd_take(&left, FRAME_HEAD);
        const struct ik_rd bytes = ik_rd_head(left, ik_load_be16(head + 1));
        (void)ik_rd_take(&left, bytes.left);
        put(r, head[0], linktype, bytes);
    }
    end(r);
    return 0;
}
