/* SPDX-License-Identifier: MIT
 * The interfaces that there are to look at. */
#include "dump.h"

#include "run.h"

#include <stdio.h>
#include <string.h>

static void print_interface(void *ctx, const struct ik_iface *i)
{
    unsigned *n = ctx;
    char safe[64];
    const struct ik_rd name = {(const uint8_t *)i->name, strlen(i->name)};
    printf("%u.%s%s%s%s\n", ++*n, ik_text_escape(name, safe, sizeof safe),
           i->up ? " [Up" : " [Down", i->running ? ", Running" : "",
           i->loopback ? ", Loopback]" : "]");
}

int ik_dump_list(void)
{
    unsigned n = 0;
    const enum ik_err err = ik_iface_each(print_interface, &n);
    if (err) {
        ik_run_say("dump", _("cannot list the interfaces: %s"), ik_lang_err(err));
        return 2;
    }
    printf("%u.any [all of them]\n", n + 1);
    return ik_run_printed("dump");
}
