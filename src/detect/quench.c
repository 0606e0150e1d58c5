/* SPDX-License-Identifier: MIT
 * D18: source quench. Hosts and routers ignore it, and whoever sees one logs who sent it to whom,
 * which is what a finding is (RFC 6633 section 8). */
#include "detect/report.h"

static void input(void *state, struct ik_sight *s)
{
    (void)state;
    const struct ik_icmp *m = &s->p->icmp;
    if (m->family != 4 || m->type != IK_ICMP4_SOURCE_QUENCH || !m->checksum_ok ||
        !ik_sight_minds(s, IK_DETECT_SOURCE_QUENCH))
        return;
    struct ik_report r = ik_report_about(s, IK_DETECT_SOURCE_QUENCH);
    r.severity = s->quoted == IK_QUOTED_UNKNOWN ? IK_SEVERITY_MEDIUM : IK_SEVERITY_LOW;
    r.value = r.threshold = 1;
    r.why = s->quoted == IK_QUOTED_UNKNOWN
                ? "A source quench is about a packet that was never sent."
                : "A source quench comes, which was abolished and can only slow a victim down.";
    r.source = "RFC 6633 section 8";
    r.remedy = IK_REMEDY_DROP_TYPE;
    ik_book_report(s->book, s->now, &r);
}

static size_t bytes(const struct ik_detect_cfg *cfg)
{
    (void)cfg;
    return 0;
}

static void init(void *state, const struct ik_detect_cfg *cfg)
{
    (void)state;
    (void)cfg;
}

const struct ik_part ik_part_quench = {
    .wants = IK_WANTS_ERRORS | IK_WANTS_REST, .bytes = bytes, .init = init, .input = input};
