/* SPDX-License-Identifier: MIT
 * What of hosts that send is rare. */
#include "detect/hosts.h"

#include <string.h>

bool ik_hosts_sends(struct ik_hosts *h, uint64_t hash, unsigned kind)
{
    const struct ik_hosts_mark m = ik_hosts_mark_of(hash, kind);
    ik_hosts_arrive(h);
    return (h->words[0][m.word] & m.bits) == m.bits || (h->words[1][m.word] & m.bits) == m.bits;
}

void ik_hosts_turn(struct ik_hosts *h, bool all)
{
    ik_hosts_arrive(h);
    h->coming = (struct ik_hosts_mark){0};
    h->young ^= 1;
    memset(h->words[h->young], 0, sizeof(h->words[0]));
    if (all)
        memset(h->words[h->young ^ 1], 0, sizeof(h->words[0]));
}
