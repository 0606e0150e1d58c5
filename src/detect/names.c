/* SPDX-License-Identifier: MIT
 * Detectors, severities, states and limits by name: what the tables say. */
#include "icmpkit/detect.h"

static const struct detector_row {
    const char *name, *attack, *text;
} detectors[IK_DETECTORS] = {
    {"", "", ""},
#define X(number, id, name, attack, text) [number] = {name, attack, text},
#include <icmpkit/detectors.def>
#undef X
};

static const struct detector_row *detector(enum ik_detector d)
{
    return &detectors[(unsigned)d < IK_DETECTORS ? d : IK_DETECTOR_NONE];
}

const char *ik_detector_name(enum ik_detector d)
{
    return detector(d)->name;
}

const char *ik_detector_attack(enum ik_detector d)
{
    return detector(d)->attack;
}

const char *ik_detector_text(enum ik_detector d)
{
    return detector(d)->text;
}

const char *ik_severity_name(enum ik_severity s)
{
    static const char *const names[] = {
#define X(id, name) name,
        IK_SEVERITIES(X)
#undef X
    };
    return (unsigned)s < sizeof(names) / sizeof(*names) ? names[s] : "";
}

const char *ik_finding_state_name(enum ik_finding_state s)
{
    static const char *const names[] = {"new", "updated", "ended"};
    return (unsigned)s < sizeof(names) / sizeof(*names) ? names[s] : "";
}

const char *ik_remedy_name(enum ik_remedy r)
{
    static const char *const names[] = {
        [IK_REMEDY_NONE] = "",
        [IK_REMEDY_LIMIT_SOURCE] = "limit-source",
        [IK_REMEDY_LIMIT_DST] = "limit-destination",
        [IK_REMEDY_LIMIT_UNKNOWN] = "limit-unknown",
        [IK_REMEDY_BLOCK_PAIR] = "block-pair",
        [IK_REMEDY_DROP_TYPE] = "drop-type",
        [IK_REMEDY_DROP_FRAGMENT] = "drop-fragment",
        [IK_REMEDY_DROP_BROADCAST] = "drop-broadcast",
        [IK_REMEDY_DROP_MTU] = "drop-mtu",
        [IK_REMEDY_DROP_HOP_LIMIT] = "drop-hop-limit",
    };
    return (unsigned)r < sizeof(names) / sizeof(*names) ? names[r] : "";
}

const struct ik_limit_row *ik_limit_row(enum ik_limit l)
{
    static const struct ik_limit_row rows[IK_LIMITS] = {
#define X(id, key, unit, value, min, max, source) {key, unit, value, min, max, source},
#include <icmpkit/detect_limits.def>
#undef X
    };
    return (unsigned)l < IK_LIMITS ? &rows[l] : NULL;
}
