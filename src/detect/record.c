/* SPDX-License-Identifier: MIT
 * A finding, detector by detector, and as a record. */
#include "icmpkit/detect.h"

#include <string.h>

bool ik_finding_voice(const struct ik_finding *f, size_t i, struct ik_finding *out)
{
    if (i > f->n_also)
        return false;
    *out = *f;
    out->n_also = 0;
    if (i == 0)
        return true;
    const struct ik_voice *v = &f->also[i - 1];
    out->detector = v->detector;
    out->severity = v->severity;
    out->src = v->src;
    out->dst = v->dst;
    out->family = v->family;
    out->type = v->type;
    out->code = v->code;
    out->window = v->window;
    out->value = v->value;
    out->threshold = v->threshold;
    out->limit = v->limit;
    out->why = v->why;
    out->source = v->source;
    out->remedy = v->remedy;
    return true;
}

struct ik_addr ik_finding_src(const struct ik_finding *f)
{
    for (unsigned i = 0; !f->src.family && i < f->n_also; i++) {
        if (f->also[i].src.family)
            return f->also[i].src;
    }
    return f->src.family || !f->dst.family ? f->src : f->other;
}

struct ik_addr ik_finding_dst(const struct ik_finding *f)
{
    for (unsigned i = 0; !f->dst.family && i < f->n_also; i++) {
        if (f->also[i].dst.family)
            return f->also[i].dst;
    }
    return f->dst.family || !f->src.family ? f->dst : f->other;
}

/* What is not there is NULL in records. */
static const char *or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

static const char *unit_name(enum ik_limit_unit u)
{
    switch (u) {
    case IK_LIMIT_COUNT:
        return "count";
    case IK_LIMIT_PPS:
        return "pps";
    case IK_LIMIT_NS:
        return "ns";
    case IK_LIMIT_BYTES:
        return "bytes";
    case IK_LIMIT_PERCENT:
        return "percent";
    }
    return NULL;
}

static void put_message(struct ik_rec_finding *to, const struct ik_finding *f)
{
    if (!f->family)
        return;
    to->family = f->family;
    to->type = f->type;
    to->code = f->code;
    to->name = ik_icmp_code_name(f->family, f->type, f->code);
    if (!to->name)
        to->name = ik_icmp_type_name(f->family, f->type);
}

static void put_measure(struct ik_rec_finding *to, const struct ik_finding *f)
{
    const struct ik_limit_row *row = ik_limit_row(f->limit);
    if (f->window)
        to->window_ns = f->window;
    to->value = f->value;
    to->threshold = f->threshold;
    to->threshold_source = f->source;
    if (row) {
        to->unit = unit_name(row->unit);
        to->limit = row->key;
    }
}

/* No host has the address of its network (RFC 4291 section 2.6.1), and those of a link count one by
 * one. */
uint8_t ik_source_bits(const struct ik_addr *src)
{
    enum { NET_BITS = 64, NET_BYTES = NET_BITS / 8 };
    static const uint8_t zeros[NET_BYTES];
    const bool net = src->family == 6 && !ik_addr_is_any(src) && !ik_addr_is_link_local(src) &&
                     !memcmp(src->bytes + NET_BYTES, zeros, NET_BYTES);
    return net ? NET_BITS : (uint8_t)(8 * ik_addr_bytes(src->family));
}

const char *ik_source_text(const struct ik_addr *src, char buf[static IK_SOURCE_TEXT])
{
    (void)ik_addr_text(src, buf);
    if (ik_source_bits(src) < 8 * ik_addr_bytes(src->family))
        memcpy(buf + strlen(buf), "/64", sizeof("/64"));
    return buf;
}

static void put_hosts(struct ik_rec_finding *to, const struct ik_finding *f,
                      struct ik_finding_mem *mem)
{
    const struct ik_addr src = ik_finding_src(f);
    if (src.family)
        to->src = ik_source_text(&src, mem->src);
    to->dst = ik_finding_dst(f);
}

static void put_also(struct ik_rec_finding *to, const struct ik_finding *f,
                     struct ik_finding_mem *mem)
{
    for (unsigned i = 0; i < f->n_also; i++)
        mem->also[i] = ik_detector_name(f->also[i].detector);
    mem->also[f->n_also] = NULL;
    to->also = mem->also;
}

static enum ik_remedy remedy_of(const struct ik_finding *f)
{
    enum ik_remedy r = f->remedy;
    for (unsigned i = 0; r == IK_REMEDY_NONE && i < f->n_also; i++)
        r = f->also[i].remedy;
    return r;
}

struct ik_record ik_finding_record(const struct ik_finding *f, struct ik_finding_mem *mem)
{
    const bool unseen = f->stopped && f->stopped_last > f->last;
    struct ik_record r = ik_record_make(IK_REC_finding, unseen ? f->stopped_last : f->last);
    struct ik_rec_finding *to = &r.finding;
    to->id = (int64_t)f->id;
    to->state = ik_finding_state_name(f->state);
    to->detector = ik_detector_name(f->detector);
    to->severity = ik_severity_name(f->severity);
    to->text = f->why;
    put_also(to, f, mem);
    put_hosts(to, f, mem);
    if (f->sources)
        to->sources = f->sources;
    put_message(to, f);
    to->first = f->first;
    to->last = f->last;
    to->packets = (int64_t)f->packets;
    if (f->stopped) {
        to->stopped = (int64_t)f->stopped;
        to->stopped_last = f->stopped_last;
    }
    put_measure(to, f);
    to->evidence = (struct ik_rec_evidence){f->evidence, f->n_evidence};
    to->tool = f->tool;
    to->action = or_null(ik_remedy_name(remedy_of(f)));
    to->attack = or_null(ik_detector_attack(f->detector));
    return r;
}
