/* SPDX-License-Identifier: MIT
 * What this process may do, and giving it up so that nothing brings it back: not a set*id call, not
 * a later capset, not an exec of a setuid program. */
#include <icmpkit/host.h>

#include <sys/auxv.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

bool ik_priv_is_root(void)
{
    return getuid() == 0;
}

bool ik_priv_is_secure_exec(void)
{
    return getauxval(AT_SECURE) != 0;
}

static bool has(cap_value_t cap)
{
    cap_t caps = cap_get_proc();
    cap_flag_value_t held = CAP_CLEAR;
    if (!caps)
        return false;
    if (cap_get_flag(caps, cap, CAP_EFFECTIVE, &held))
        held = CAP_CLEAR;
    cap_free(caps);
    return held == CAP_SET;
}

bool ik_priv_has_net_raw(void)
{
    return has(CAP_NET_RAW);
}

/* What a later exec could bring back: no_new_privs holds every exec to the permitted set of before,
 * which is empty then. Dropping the bounding set as well would be 41 calls more and bar nothing. */
static bool drop_future(void)
{
    /* Kernels without ambient capabilities have none to clear. */
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* The real identity in all three places, so that a setuid one cannot be taken again. */
static bool drop_identity(void)
{
    const uid_t uid = getuid();
    const gid_t gid = getgid();
    return !setresgid(gid, gid, gid) && !setresuid(uid, uid, uid);
}

/* The set that is left: empty, or CAP_NET_ADMIN alone. NULL: no memory. */
static cap_t set_of(bool net_admin)
{
    static const cap_value_t one[] = {CAP_NET_ADMIN};
    cap_t caps = cap_init();
    if (caps && net_admin &&
        (cap_set_flag(caps, CAP_PERMITTED, 1, one, CAP_SET) ||
         cap_set_flag(caps, CAP_EFFECTIVE, 1, one, CAP_SET))) {
        cap_free(caps);
        return NULL;
    }
    return caps;
}

static bool drop_capabilities(bool but_net_admin)
{
    cap_t left = set_of(but_net_admin);
    if (!left)
        return false;
    const bool done = !cap_set_proc(left);
    cap_free(left);
    return done;
}

static bool nothing_left(bool but_net_admin)
{
    uid_t uid[3];
    gid_t gid[3];
    if (getresuid(&uid[0], &uid[1], &uid[2]) || getresgid(&gid[0], &gid[1], &gid[2]))
        return false;
    if (uid[1] != uid[0] || uid[2] != uid[0] || gid[1] != gid[0] || gid[2] != gid[0])
        return false;
    cap_t held = cap_get_proc(), left = set_of(but_net_admin);
    const bool same = held && left && cap_compare(held, left) == 0;
    cap_free(held);
    cap_free(left);
    return same && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static enum ik_err drop(bool but_net_admin)
{
    if (!drop_future() || !drop_identity())
        return IK_E_SYSTEM;
    const bool keep = but_net_admin && has(CAP_NET_ADMIN);
    return drop_capabilities(keep) && nothing_left(keep) ? IK_OK : IK_E_SYSTEM;
}

enum ik_err ik_priv_drop(void)
{
    return drop(false);
}

enum ik_err ik_priv_keep_net_admin(void)
{
    return drop(true);
}
