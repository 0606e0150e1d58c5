/* SPDX-License-Identifier: MIT
 * A finding as a record. */
#include "icmpkit/detect.h"

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

struct ik_record ik_finding_record(const struct ik_finding *f)
{
    struct ik_record r = ik_record_make(IK_REC_finding, f->last);
    struct ik_rec_finding *to = &r.finding;
    to->id = (int64_t)f->id;
    to->state = ik_finding_state_name(f->state);
    to->detector = ik_detector_name(f->detector);
    to->severity = ik_severity_name(f->severity);
    to->text = f->why;
    to->src = f->src;
    to->dst = f->dst;
    if (f->sources)
        to->sources = f->sources;
    put_message(to, f);
    to->first = f->first;
    to->last = f->last;
    to->packets = (int64_t)f->packets;
    put_measure(to, f);
    to->evidence = (struct ik_rec_evidence){f->evidence, f->n_evidence};
    to->tool = f->tool;
    to->action = or_null(ik_remedy_name(f->remedy));
    to->attack = or_null(ik_detector_attack(f->detector));
    return r;
}
