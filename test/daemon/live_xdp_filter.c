/* SPDX-License-Identifier: MIT
 * The XDP filter, as lines say: each is answered by one.
 *   open INTERFACE                      "native", "generic"
 *   spare PREFIX
 *   add|remove KIND WHO OTHER|- TYPE CODE SECONDS
 *   stopped KIND WHO OTHER|- TYPE CODE SECONDS     packets that it stopped
 *   left                                seconds
 *   count                               "KIND N" of each that is not 0
 *   close
 * What has no answer of its own is answered "ok"; an error by "error TEXT: WHY". */
#include "daemon/xdp_filter.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 7 };

static void say_err(enum ik_err err, const char *why)
{
    if (err)
        printf("error %s: %s\n", ik_err_text(err), why);
    else
        printf("ok\n");
}

static bool prefix_of(const char *word, struct ik_prefix *out)
{
    if (!ik_prefix_parse(word, out))
        return true;
    if (ik_addr_parse(word, &out->addr))
        return false;
    out->bits = (uint8_t)(8 * ik_addr_bytes(out->addr.family));
    return true;
}

static bool order_of(char *const *word, struct ik_order *out)
{
    *out = (struct ik_order){.kind = IK_ORDERS};
    for (int k = 0; k < IK_ORDERS; k++) {
        if (!strcmp(word[1], ik_order_name((enum ik_order_kind)k)))
            out->kind = (enum ik_order_kind)k;
    }
    out->type = (uint8_t)atoi(word[4]);
    out->code = (uint8_t)atoi(word[5]);
    out->seconds = (uint32_t)atoi(word[6]);
    return out->kind != IK_ORDERS && prefix_of(word[2], &out->who) &&
           (!strcmp(word[3], "-") || prefix_of(word[3], &out->other));
}

static void say_count(struct ik_xdp_filter *f)
{
    uint64_t stopped[IK_ORDERS];
    const enum ik_err err = ik_xdp_filter_count(f, stopped);
    if (err) {
        say_err(err, "");
        return;
    }
    for (int k = 0; k < IK_ORDERS; k++) {
        if (stopped[k])
            printf("%s %llu ", ik_order_name((enum ik_order_kind)k),
                   (unsigned long long)stopped[k]);
    }
    printf("\n");
}

static void say_stopped(struct ik_xdp_filter *f, const struct ik_order *o)
{
    uint64_t all[IK_ORDERS];
    const enum ik_err err = ik_xdp_filter_count(f, all);
    if (err)
        say_err(err, "");
    else
        printf("%llu\n", (unsigned long long)ik_xdp_filter_stopped(f, o));
}

static void say_open(struct ik_xdp_filter **f, const char *name)
{
    enum ik_xdp_mode mode;
    char why[IK_ENFORCE_TEXT];
    const enum ik_err err = ik_xdp_filter_open(f, if_nametoindex(name), &mode, why);
    if (err)
        say_err(err, why);
    else
        puts(mode == IK_XDP_NATIVE ? "native" : "generic");
}

static bool carry_out(struct ik_xdp_filter **f, char *const *word, int n)
{
    struct ik_order o;
    struct ik_prefix p;
    if (n == 2 && !strcmp(word[0], "open") && !*f)
        say_open(f, word[1]);
    else if (!*f)
        return false;
    else if (n == 2 && !strcmp(word[0], "spare") && prefix_of(word[1], &p))
        say_err(ik_xdp_filter_spare(*f, &p), "");
    else if (n == WORDS && !strcmp(word[0], "add") && order_of(word, &o))
        say_err(ik_xdp_filter_add(*f, &o), "");
    else if (n == WORDS && !strcmp(word[0], "remove") && order_of(word, &o))
        say_err(ik_xdp_filter_remove(*f, &o), "");
    else if (n == WORDS && !strcmp(word[0], "stopped") && order_of(word, &o))
        say_stopped(*f, &o);
    else if (n == 1 && !strcmp(word[0], "left"))
        printf("%u\n", ik_xdp_filter_seconds_left(*f));
    else if (n == 1 && !strcmp(word[0], "count"))
        say_count(*f);
    else if (n == 1 && !strcmp(word[0], "close")) {
        ik_xdp_filter_close(*f);
        *f = NULL;
        say_err(IK_OK, "");
    } else
        return false;
    return true;
}

int main(void)
{
    struct ik_xdp_filter *f = NULL;
    char line[256];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof(line), stdin)) {
        char *word[WORDS], *rest = line;
        int n = 0;
        while (n < WORDS && (word[n] = strtok_r(rest, " \n", &rest)))
            n++;
        if (!carry_out(&f, word, n)) {
            printf("error: no such line\n");
            return 2;
        }
    }
    ik_xdp_filter_close(f);
    return 0;
}
