/* SPDX-License-Identifier: MIT
 * What is remembered of findings beside what detectors keep: how severe each was at its worst, the
 * packet that it began with, and those that are over, for the list at the end. */
#include "guard.h"

#include "communityid.h"

#include <stdlib.h>
#include <string.h>

static struct ik_guard_flow flow_of(const struct ik_finding *f, const struct ik_look_packet *p)
{
    struct ik_guard_flow flow = {.interface = ""};
    const struct ik_addr src = ik_finding_src(f), dst = ik_finding_dst(f);
    if (p && p->has_ip) {
        flow.family = p->ip.version;
        flow.src = p->ip.src;
        flow.dst = p->ip.dst;
        flow.has_type = p->has_icmp;
        flow.type = p->icmp.type;
        flow.code = p->icmp.code;
        if (p->frame.interface)
            snprintf(flow.interface, sizeof flow.interface, "%s", p->frame.interface);
    } else if (src.family && src.family == dst.family) {
        flow.family = src.family;
        flow.src = src;
        flow.dst = dst;
    }
    if (!flow.has_type && f->family && f->family == flow.family) {
        flow.has_type = true;
        flow.type = f->type;
        flow.code = f->code;
    }
    return flow;
}

/* The place of a finding, or a free one; what has no place is known by what is told of it alone. */
static struct ik_guard_known *place(struct ik_guard_list *l, uint64_t id)
{
    struct ik_guard_known *empty = NULL;
    for (size_t i = 0; i < IK_GUARD_KNOWN; i++) {
        struct ik_guard_known *k = &l->known[i];
        if (k->id == id)
            return k;
        if (!k->id && !empty)
            empty = k;
    }
    return empty ? empty : &l->known[id % IK_GUARD_KNOWN];
}

/* One that is worse takes the place of the least, of these the last. */
static void add(struct ik_guard_list *l, const struct ik_finding *f, enum ik_severity worst)
{
    size_t at = l->n_listed;
    l->n_ended++;
    if (at == IK_GUARD_LISTED) {
        at = 0;
        for (size_t i = 1; i < IK_GUARD_LISTED; i++) {
            if (l->listed[i].worst <= l->listed[at].worst)
                at = i;
        }
        if (l->listed[at].worst >= worst)
            return;
    } else {
        l->n_listed++;
    }
    l->listed[at] = (struct ik_guard_listed){.id = f->id,
                                             .detector = f->detector,
                                             .worst = worst,
                                             .src = ik_finding_src(f),
                                             .dst = ik_finding_dst(f),
                                             .sources = f->sources,
                                             .packets = f->packets,
                                             .first = f->first,
                                             .last = f->last};
}

const struct ik_guard_known *ik_guard_list_note(struct ik_guard_list *l, const struct ik_finding *f,
                                                const struct ik_look_packet *p)
{
    struct ik_guard_known *k = place(l, f->id);
    if (k->id != f->id) {
        *k = (struct ik_guard_known){.id = f->id,
                                     .worst = f->severity,
                                     .also = f->n_also,
                                     .news = true,
                                     .stopped = f->stopped,
                                     .flow = flow_of(f, p)};
        l->severities[f->severity]++;
    } else {
        k->news = f->severity > k->worst || f->n_also > k->also;
        k->unseen = f->stopped > k->stopped;
        k->stopped = f->stopped;
        k->also = f->n_also > k->also ? f->n_also : k->also;
        if (f->severity > k->worst) {
            l->severities[k->worst]--;
            l->severities[f->severity]++;
            k->worst = f->severity;
        }
    }
    if (f->state == IK_FINDING_ENDED) {
        add(l, f, k->worst);
        k->id = 0; /* what is in it stays until the next finding */
    }
    return k;
}

static int compare(const void *a, const void *b)
{
    const struct ik_guard_listed *x = a, *y = b;
    if (x->worst != y->worst)
        return x->worst > y->worst ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

void ik_guard_list_sort(struct ik_guard_list *l)
{
    qsort(l->listed, l->n_listed, sizeof *l->listed, compare);
}

const char *ik_guard_flow_id(const struct ik_guard_flow *flow, char *buf)
{
    buf[0] = 0;
    return flow->family && flow->has_type
               ? ik_communityid(flow->family, &flow->src, &flow->dst, flow->type, flow->code, buf)
               : buf;
}
