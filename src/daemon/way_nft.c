/* SPDX-License-Identifier: MIT */
#include "daemon/way_nft.h"

#include "daemon/nft_lines.h"

#include <icmpkit/host.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct way_nft {
    struct ik_way way; /* first: its functions get back from it */
    struct ik_nft *nft;
    bool flows; /* the kernel follows them for us */
    uint64_t stopped[IK_ORDERS];
};

static enum ik_err tell(struct ik_way *way, const char *line, const char **answer,
                        char why[static IK_ENFORCE_TEXT])
{
    char text[IK_NFT_TEXT];
    if (!line)
        return IK_E_TOO_BIG;
    const enum ik_err err = ik_nft_say(((struct way_nft *)way)->nft, line, answer, text);
    if (err)
        snprintf(why, IK_ENFORCE_TEXT, "%.*s", IK_ENFORCE_TEXT - 1, text);
    return err;
}

static enum ik_err spare(struct ik_way *way, const struct ik_prefix *who,
                         char why[static IK_ENFORCE_TEXT])
{
    char line[IK_NFT_LINE];
    return tell(way, ik_nft_lines_spare(who, line), NULL, why);
}

static enum ik_err follow_flows(struct way_nft *w, char why[static IK_ENFORCE_TEXT])
{
    char lines[IK_NFT_LINES];
    if (w->flows)
        return IK_OK;
    const enum ik_err err = tell(&w->way, ik_nft_lines_flows(lines, sizeof(lines)), NULL, why);
    w->flows = !err;
    return err;
}

static enum ik_err add(struct ik_way *way, const struct ik_order *o,
                       char why[static IK_ENFORCE_TEXT])
{
    char line[IK_NFT_LINE];
    enum ik_err err = IK_OK;
    if (o->kind == IK_ORDER_LIMIT_UNKNOWN)
        err = follow_flows((struct way_nft *)way, why);
    return err ? err : tell(way, ik_nft_lines_add(o, line), NULL, why);
}

static enum ik_err take_back(struct ik_way *way, const struct ik_order *o,
                             char why[static IK_ENFORCE_TEXT])
{
    char line[IK_NFT_LINE];
    return tell(way, ik_nft_lines_remove(o, line), NULL, why);
}

/* "packets" of the counter with this name, in nft's JSON. */
static uint64_t count_of(const char *json, const char *name)
{
    char key[64];
    static const char packets[] = "\"packets\":";
    snprintf(key, sizeof(key), "\"stopped_%s\"", name);
    const char *at = strstr(json, key);
    at = at ? strstr(at, packets) : NULL;
    return at ? strtoull(at + strlen(packets), NULL, 10) : 0;
}

static enum ik_err count(struct ik_way *way, uint64_t stopped[static IK_ORDERS],
                         char why[static IK_ENFORCE_TEXT])
{
    struct way_nft *w = (struct way_nft *)way;
    const char *json;
    const enum ik_err err = tell(way, IK_NFT_COUNT, &json, why);
    for (int k = 0; k < IK_ORDERS && !err; k++) {
        w->stopped[k] += count_of(json, ik_order_name((enum ik_order_kind)k));
        stopped[k] = w->stopped[k];
    }
    return err;
}

static uint64_t stopped_by(struct ik_way *way, const struct ik_order *o)
{
    (void)way;
    (void)o;
    return IK_STOPPED_UNKNOWN;
}

/* Of nft only its end is news; what it says besides waits for the next answer. */
static bool go_on(struct ik_way *way, char why[static IK_ENFORCE_TEXT])
{
    (void)way;
    snprintf(why, IK_ENFORCE_TEXT, "nft has ended, and its table with it");
    return false;
}

static void close_way(struct ik_way *way)
{
    struct way_nft *w = (struct way_nft *)way;
    ik_nft_close(w->nft);
    free(w);
}

/* A table of ours that nobody owns goes; that of a process which lives cannot be deleted. */
static enum ik_err install(struct ik_way *way, bool keep, char why[static IK_ENFORCE_TEXT])
{
    char lines[IK_NFT_LINES];
    const enum ik_err err = tell(way, ik_nft_lines_table(!keep, lines, sizeof(lines)), NULL, why);
    if (err != IK_E_VALUE || !strstr(why, "Operation not permitted"))
        return err;
    why[0] = '\0';
    return IK_E_EXISTS;
}

enum ik_err ik_way_nft_open(struct ik_way **out, bool keep, char why[static IK_ENFORCE_TEXT])
{
    struct way_nft *w = malloc(sizeof(*w));
    if (!w)
        return IK_E_NOMEM;
    *w = (struct way_nft){.way = {.spare = spare,
                                  .add = add,
                                  .remove = take_back,
                                  .count = count,
                                  .stopped = stopped_by,
                                  .go_on = go_on,
                                  .close = close_way}};
    enum ik_err err = ik_nft_open(&w->nft);
    if (!err) {
        w->way.fd = ik_nft_fd(w->nft);
        err = ik_priv_drop();
    }
    if (!err)
        err = install(&w->way, keep, why);
    if (err)
        close_way(&w->way);
    else
        *out = &w->way;
    return err;
}
