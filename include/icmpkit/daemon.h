/* SPDX-License-Identifier: MIT
 * What verbs that run for long are assembled of. */
#pragma once

#include <icmpkit/conf.h>
#include <icmpkit/detect.h>

/* ---- the configuration of guard ---------------------------------------------------------------
 */

/* What a file says; what it does not say is empty, or the default. Keys: icmp-guard(1). */
struct ik_config {
    const char *interface; /* NULL: not told */
    const struct ik_prefix *home;
    uint32_t n_home;
    const struct ik_addr *routers;
    uint32_t n_routers;
    const struct ik_detect_allow *allow;
    uint32_t n_allow;
    uint32_t off; /* bit n: detector n is off */
    int64_t limits[IK_LIMITS];
};

/* Reads a file of YAML. On success *out is the caller's, with all that it points to, ended by
 * ik_config_close. IK_E_NOT_FOUND, IK_E_ACCESS, IK_E_SYSTEM (no such file...), IK_E_VALUE (what is
 * written in it), IK_E_NOMEM, IK_E_UNSUPPORTED (built without libyaml); then *fault says what. */
IK_MUST_USE enum ik_err ik_config_open(const struct ik_config **out, const char *path,
                                       struct ik_conf_fault *fault);
void ik_config_close(const struct ik_config *c);

enum { IK_CONFIG_LIST = 64 }; /* most of home, routers, allow */

/* Detector by its name, NONE when there is none; *near is then the name that was probably meant, or
 * NULL. */
enum ik_detector ik_config_detector(const char *name, const char **near);
