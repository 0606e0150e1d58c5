/* SPDX-License-Identifier: MIT
 * Frames out of a file, and what is wrong with the file. */
#include "frames.h"

#include "run.h"

#include <string.h>
#include <sys/stat.h>

enum { FAULTS_TOLD = 10, POLL_EVERY = 4096 };
#define LOOK_AGAIN (IK_NS_PER_S / 5)

struct reading {
    struct ik_frames *f;
    uint64_t faults;
    /* Packets wait for the next one while that needs no reading, so that whoever looks at them gets
     * them together; and the names of their interfaces, escaped by whoever prints them. */
    struct ik_look_frame held[IK_FRAMES_TOGETHER];
    char names[IK_FRAMES_TOGETHER][64];
    size_t n_held;
    uint16_t linktype; /* of the frame before */
    bool is_unread;    /* that type */
    /* Frames of link types that are not read, and one of those types. */
    uint64_t unread;
    uint16_t unread_type;
};

bool ik_frames_open_file(struct ik_frames *f)
{
    char why[IK_CAPREAD_TEXT], path[256];
    if (!ik_capread_open(&f->file, f->cfg.read, f->cfg.follow, why))
        return true;
    const struct ik_rd given = {(const uint8_t *)f->cfg.read, strlen(f->cfg.read)};
    ik_run_say(f->cfg.verb, _("cannot read %s: %s"), ik_text_escape(given, path, sizeof path), why);
    return false;
}

static const char *path_of(const struct ik_frames *f, char *buf, size_t cap)
{
    const char *path = f->cfg.read;
    if (!strcmp(path, "-"))
        return _("standard input");
    return ik_text_escape((struct ik_rd){(const uint8_t *)path, strlen(path)}, buf, cap);
}

/* What can be read is shown, the rest is named; but a file of nothing but faults is not told a line
 * for each. */
static void tell_fault(struct reading *r, const struct ik_capfile_item *item)
{
    char path[256];
    r->f->damaged = true;
    if (r->faults++ < FAULTS_TOLD)
        ik_run_say(r->f->cfg.verb, _("%s: byte %llu: %s"), path_of(r->f, path, sizeof path),
                   (unsigned long long)item->at_bytes,
                   ik_lang_text(ik_capfile_fault_text(item->fault)));
}

/* Whether frames of that type can be looked at. */
static bool is_read(uint16_t linktype)
{
    struct ik_layers layers;
    const struct ik_rd nothing = {(const uint8_t *)"", 0};
    return ik_layers_decode(&layers, linktype, nothing, NULL) != IK_E_UNSUPPORTED;
}

static void count_unread(struct reading *r, uint16_t linktype)
{
    if (linktype != r->linktype) {
        r->linktype = linktype;
        r->is_unread = !is_read(linktype);
    }
    r->unread += r->is_unread;
    if (r->is_unread)
        r->unread_type = linktype;
}

/* What was not looked at is not clean. */
static void tell_unread(const struct reading *r)
{
    char path[256];
    if (!r->unread)
        return;
    r->f->damaged = true;
    ik_run_say(r->f->cfg.verb,
               ngettext("%s: not looked at: %llu frame of a link type that icmp does not read, %u",
                        "%s: not looked at: %llu frames of link types that icmp does not read, "
                        "such as %u",
                        r->unread),
               path_of(r->f, path, sizeof path), (unsigned long long)r->unread, r->unread_type);
}

/* Hands over the packets that wait. */
static void let_go(struct reading *r)
{
    if (r->n_held && !r->f->stop)
        ik_frames_put(r->f, r->held, r->n_held);
    r->n_held = 0;
}

static void take_packet(struct reading *r, const struct ik_capfile_item *item)
{
    char *name = r->names[r->n_held];
    struct ik_look_frame *f = &r->held[r->n_held++];
    *f = (struct ik_look_frame){.time = item->time,
                                .bytes = item->bytes,
                                .wire_bytes = item->wire_bytes,
                                .linktype = item->linktype};
    count_unread(r, item->linktype);
    if (item->name.left) {
        const size_t cap = sizeof r->names[0] - 1;
        const size_t n = item->name.left < cap ? item->name.left : cap;
        memcpy(name, item->name.p, n);
        name[n] = 0;
        f->interface = name;
    }
    if (r->n_held == IK_FRAMES_TOGETHER)
        let_go(r);
}

static void take_item(struct reading *r, const struct ik_capfile_item *item)
{
    struct ik_frames *f = r->f;
    if (item->kind == IK_CAPFILE_PACKET)
        take_packet(r, item);
    else if (item->kind == IK_CAPFILE_STATS && item->dropped != UINT64_MAX)
        f->dropped = (f->dropped == UINT64_MAX ? 0 : f->dropped) + item->dropped;
    if (item->fault) {
        let_go(r);
        tell_fault(r, item);
    }
}

/* Nothing was ever written to it: a common end of captures. */
static bool is_empty(const struct ik_frames *f)
{
    struct stat st;
    return strcmp(f->cfg.read, "-") != 0 && !stat(f->cfg.read, &st) && S_ISREG(st.st_mode) &&
           st.st_size == 0;
}

/* Why reading ended: by a fault of the file, or because there is no more to be had of it. */
static void tell_end(const struct reading *r, const struct ik_capfile_item *item)
{
    char path[256], fault[IK_CAPREAD_TEXT];
    const char *why = ik_capread_why(r->f->file), *what = ik_capfile_fault_text(item->fault);
    const unsigned long long at = item->at_bytes;
    snprintf(fault, sizeof fault, "byte %llu: %s", at, what);
    if (!at && is_empty(r->f))
        ik_run_say(r->f->cfg.verb, _("%s: the file is empty"), path_of(r->f, path, sizeof path));
    else if (!strcmp(why, fault))
        ik_run_say(r->f->cfg.verb, _("%s: byte %llu: %s"), path_of(r->f, path, sizeof path), at,
                   ik_lang_text(what));
    else
        ik_run_say(r->f->cfg.verb, "%s: %s", path_of(r->f, path, sizeof path), ik_lang_text(why));
}

/* The end, and how it came. */
static void finish(struct reading *r, enum ik_err err, const struct ik_capfile_item *item)
{
    struct ik_frames *f = r->f;
    char path[256];
    if (err != IK_E_NOT_FOUND) {
        if (item->kind == IK_CAPFILE_PACKET && item->bytes.left)
            take_packet(r, item);
        let_go(r);
        tell_end(r, item);
        const bool bad_file = err == IK_E_SYSTEM || err == IK_E_NOMEM || err == IK_E_ACCESS ||
                              item->fault == IK_CAPFILE_FAULT_MAGIC;
        f->failed = f->failed || bad_file;
        f->damaged = true;
    }
    if (r->faults > FAULTS_TOLD)
        ik_run_say(r->f->cfg.verb, _("%s: %llu faults in all"), path_of(f, path, sizeof path),
                   (unsigned long long)r->faults);
}

/* The next item. What waits is handed over before its bytes go. */
static enum ik_err next(struct reading *r, struct ik_capfile_item *item)
{
    if (r->n_held) {
        const enum ik_err err = ik_capread_ahead(r->f->file, item);
        if (err != IK_E_AGAIN)
            return err;
        let_go(r);
    }
    return r->f->stop ? IK_E_AGAIN : ik_capread_take(r->f->file, item);
}

void ik_frames_run_file(struct ik_frames *f)
{
    struct reading r = {.f = f, .linktype = IK_LINKTYPE_ETHERNET};
    struct ik_capfile_item item;
    for (unsigned turn = 1; !f->stop; turn++) {
        const enum ik_err err = next(&r, &item);
        if (err)
            let_go(&r);
        if (f->stop)
            break;
        if (err == IK_E_AGAIN) {
            const int fd = ik_capread_fd(f->file);
            if (!ik_frames_wait(f, fd, fd < 0 ? LOOK_AGAIN : IK_NEVER))
                break;
            continue;
        }
        if (err) {
            finish(&r, err, &item);
            break;
        }
        take_item(&r, &item);
        if (turn % POLL_EVERY == 0)
            ik_frames_poll(f);
    }
    tell_unread(&r);
}
