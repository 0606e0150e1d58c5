/* SPDX-License-Identifier: MIT
 * Packets out of a file, and what is wrong with the file. */
#include "dump.h"

#include "run.h"

#include <string.h>

enum { INTERFACES = 256, FAULTS_TOLD = 10, POLL_EVERY = 4096 };
#define LOOK_AGAIN (IK_NS_PER_S / 5)

struct reading {
    struct ik_dump *d;
    struct ik_capread *file;
    uint64_t faults;
    char name[64]; /* of the interface of the latest packet, escaped by whoever prints it */
};

static const char *path_of(const struct ik_dump *d, char *buf, size_t cap)
{
    const char *path = d->plan.opt.read;
    if (!strcmp(path, "-"))
        return _("standard input");
    return ik_text_escape((struct ik_rd){(const uint8_t *)path, strlen(path)}, buf, cap);
}

/* What can be read is shown, the rest is named; but a file of nothing but faults is not told a line
 * for each. */
static void tell_fault(struct reading *r, const struct ik_capfile_item *item)
{
    char path[256];
    r->d->damaged = true;
    if (r->faults++ < FAULTS_TOLD)
        ik_run_say("dump", _("%s: byte %llu: %s"), path_of(r->d, path, sizeof path),
                   (unsigned long long)item->at_bytes,
                   ik_lang_text(ik_capfile_fault_text(item->fault)));
}

static void take_packet(struct reading *r, const struct ik_capfile_item *item)
{
    struct ik_look_frame f = {.n = ++r->d->frames,
                              .time = item->time,
                              .bytes = item->bytes,
                              .wire_bytes = item->wire_bytes,
                              .linktype = item->linktype};
    if (item->name.left) {
        const size_t n =
            item->name.left < sizeof r->name - 1 ? item->name.left : sizeof r->name - 1;
        memcpy(r->name, item->name.p, n);
        r->name[n] = 0;
        f.interface = r->name;
    }
    ik_dump_frame(r->d, &f);
}

static void take_item(struct reading *r, const struct ik_capfile_item *item)
{
    struct ik_dump *d = r->d;
    if (item->kind == IK_CAPFILE_PACKET)
        take_packet(r, item);
    else if (item->kind == IK_CAPFILE_STATS && item->dropped != UINT64_MAX)
        d->dropped = (d->dropped == UINT64_MAX ? 0 : d->dropped) + item->dropped;
    if (item->fault)
        tell_fault(r, item);
}

/* Why reading ended: by a fault of the file, or because there is no more to be had of it. */
static void tell_end(const struct reading *r, const struct ik_capfile_item *item)
{
    char path[256], fault[IK_CAPREAD_TEXT];
    const char *why = ik_capread_why(r->file), *what = ik_capfile_fault_text(item->fault);
    const unsigned long long at = item->at_bytes;
    snprintf(fault, sizeof fault, "byte %llu: %s", at, what);
    if (!strcmp(why, fault))
        ik_run_say("dump", _("%s: byte %llu: %s"), path_of(r->d, path, sizeof path), at,
                   ik_lang_text(what));
    else
        ik_run_say("dump", "%s: %s", path_of(r->d, path, sizeof path), ik_lang_text(why));
}

/* The end, and how it came. */
static void finish(struct reading *r, enum ik_err err, const struct ik_capfile_item *item)
{
    struct ik_dump *d = r->d;
    char path[256];
    if (err != IK_E_NOT_FOUND) {
        if (item->kind == IK_CAPFILE_PACKET && item->bytes.left)
            take_packet(r, item);
        tell_end(r, item);
        const bool bad_file = err == IK_E_SYSTEM || err == IK_E_NOMEM || err == IK_E_ACCESS ||
                              item->fault == IK_CAPFILE_FAULT_MAGIC;
        d->failed = d->failed || bad_file;
        d->damaged = true;
    }
    if (r->faults > FAULTS_TOLD)
        ik_run_say("dump", _("%s: %llu faults in all"), path_of(d, path, sizeof path),
                   (unsigned long long)r->faults);
}

void ik_dump_file(struct ik_dump *d, struct ik_capread *file)
{
    struct reading r = {.d = d, .file = file};
    struct ik_capfile_item item;
    for (unsigned turn = 1; !d->stop; turn++) {
        const enum ik_err err = ik_capread_take(file, &item);
        if (err == IK_E_AGAIN) {
            const int fd = ik_capread_fd(file);
            if (!ik_dump_wait(d, fd, fd < 0 ? LOOK_AGAIN : IK_NEVER))
                break;
            continue;
        }
        if (err) {
            finish(&r, err, &item);
            break;
        }
        take_item(&r, &item);
        if (turn % POLL_EVERY == 0)
            ik_dump_poll(d);
    }
}
