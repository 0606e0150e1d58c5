/* SPDX-License-Identifier: MIT */
#include "labcap.h"

#include "newfile.h"
#include "run.h"

#include <icmpkit/wire.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRAME_MAX = 65535 + 32 };

struct file {
    FILE *f;
    char name[64]; /* of the link, as the file system takes it */
    bool dirty;
};

struct ik_labcap {
    uint32_t n;
    struct file *files;
    const char *path; /* of the folder */
    int folder;
    bool made;   /* the folder is of our making */
    bool failed; /* and that was said */
    uint8_t block[FRAME_MAX + IK_PCAPNG_TEXT + IK_PCAPNG_ROOM];
};

/* Letters, digits and what else is harmless; a second link of the same nodes gets a number. */
static void name_file(struct ik_labcap *c, uint32_t link, const char *name)
{
    struct file *f = &c->files[link];
    unsigned twins = 0;
    char plain[48];
    snprintf(plain, sizeof plain, "%s", name);
    for (char *at = plain; *at; at++)
        if (*at == '/' || *at == '.' || (unsigned char)*at <= ' ')
            *at = '_';
    snprintf(f->name, sizeof f->name, "%s", plain);
    for (uint32_t i = 0; i < link; i++) {
        if (strcmp(c->files[i].name, f->name))
            continue;
        twins++;
        snprintf(f->name, sizeof f->name, "%s-%u", plain, twins + 1);
        i = UINT32_MAX; /* from the first again */
    }
}

static bool write_block(struct file *f, const uint8_t *block, size_t n)
{
    f->dirty = true;
    return fwrite(block, 1, n, f->f) == n;
}

static bool open_file(struct ik_labcap *c, uint32_t link, const char *name)
{
    char file[sizeof c->files->name + 8];
    struct file *f = &c->files[link];
    const char *why = NULL;
    size_t n;
    name_file(c, link, name);
    snprintf(file, sizeof file, "%s.pcapng", f->name);
    const int fd = ik_newfile_open(c->folder, file, &why);
    f->f = fd < 0 ? NULL : fdopen(fd, "wb");
    if (fd >= 0 && !f->f)
        close(fd);
    if (f->f && !ik_pcapng_section(c->block, sizeof c->block, &n) && write_block(f, c->block, n) &&
        !ik_pcapng_interface(IK_LINKTYPE_ETHERNET, name, c->block, sizeof c->block, &n) &&
        write_block(f, c->block, n))
        return true;
    ik_run_say("lab", _("cannot write %s/%s: %s"), c->path, file, why ? why : ik_lang_errno(errno));
    return false;
}

/* False: said. */
static bool open_folder(struct ik_labcap *c)
{
    c->made = !mkdir(c->path, 0777);
    if (!c->made && errno != EEXIST) {
        ik_run_say("lab", _("cannot make the folder %s: %s"), c->path, ik_lang_errno(errno));
        return false;
    }
    c->folder = open(c->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (c->folder < 0)
        ik_run_say("lab", _("cannot write into %s: %s"), c->path,
                   errno == ENOTDIR || errno == ELOOP ? _("it is no folder")
                                                      : ik_lang_errno(errno));
    return c->folder >= 0;
}

static uint32_t count_links(const struct ik_sim *sim)
{
    uint32_t n = 0;
    while (ik_sim_link_name(sim, n))
        n++;
    return n;
}

bool ik_labcap_make(struct ik_labcap **out, const char *folder)
{
    struct ik_labcap *c = calloc(1, sizeof *c);
    if (!c) {
        ik_run_say("lab", "%s", ik_lang_err(IK_E_NOMEM));
        return false;
    }
    c->path = folder;
    if (!open_folder(c)) {
        free(c);
        return false;
    }
    *out = c;
    return true;
}

bool ik_labcap_open(struct ik_labcap *c, const struct ik_sim *sim)
{
    const uint32_t n = count_links(sim);
    c->files = calloc(n ? n : 1, sizeof *c->files);
    if (!c->files) {
        ik_run_say("lab", "%s", ik_lang_err(IK_E_NOMEM));
        return false;
    }
    bool good = true;
    while (good && c->n < n) {
        good = open_file(c, c->n, ik_sim_link_name(sim, c->n));
        c->n += c->files[c->n].f != NULL;
    }
    return good;
}

static const char *comment_of(enum ik_sim_fate fate)
{
    switch (fate) {
    case IK_FATE_LOST:
        return "lost on this link";
    case IK_FATE_QUEUE_FULL:
        return "dropped: the queue of this link was full";
    case IK_FATE_TOO_LONG:
        return "dropped: longer than this link carries";
    default:
        return NULL;
    }
}

void ik_labcap_frame(void *ctx, uint32_t link, uint32_t direction, ik_ns at, struct ik_rd frame,
                     enum ik_sim_fate fate)
{
    struct ik_labcap *c = ctx;
    size_t n;
    (void)direction;
    if (c->failed || link >= c->n)
        return;
    if (ik_pcapng_packet(0, at, frame, comment_of(fate), c->block, sizeof c->block, &n) ||
        !write_block(&c->files[link], c->block, n)) {
        ik_run_say("lab", _("cannot write %s.pcapng: %s"), c->files[link].name,
                   ik_lang_errno(errno));
        c->failed = true;
    }
}

bool ik_labcap_flush(struct ik_labcap *c)
{
    for (uint32_t i = 0; i < c->n && !c->failed; i++) {
        struct file *f = &c->files[i];
        if (!f->dirty)
            continue;
        f->dirty = false;
        if (!fflush(f->f))
            continue;
        ik_run_say("lab", _("cannot write %s.pcapng: %s"), f->name, ik_lang_errno(errno));
        c->failed = true;
    }
    return !c->failed;
}

void ik_labcap_close(struct ik_labcap *c)
{
    if (!c)
        return;
    for (uint32_t i = 0; c->files && i < c->n; i++)
        fclose(c->files[i].f); /* was flushed, and what failed said */
    close(c->folder);
    if (c->made && c->n == 0)
        (void)rmdir(c->path);
    free(c->files);
    free(c);
}
