/* SPDX-License-Identifier: MIT
 * Packets into pcapng files, one after the other where asked for. Whole blocks only: what a full
 * disk took the half of is cut off again. */
#include "capsave.h"

#include "dump_text.h"
#include "newfile.h"
#include "out.h"
#include "run.h"

#include <icmpkit/wire.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER = 1 << 18,
    INTERFACES = 256,
    NAME_TEXT = 64,
    COMMENTS = 3 + IK_FAULTS_MAX,
    BEYOND_FRAME = COMMENTS * (IK_PCAPNG_TEXT + 4) + IK_PCAPNG_ROOM,
    NUMBER = 12,      /* digits behind a name */
    PLACES = 1 << 17, /* that packets are remembered at; partners are seldom further apart */
};

struct interface {
    uint16_t linktype;
    char name[NAME_TEXT];
};

/* Where a packet went: its number in file `file`. */
struct place {
    uint64_t n;
    uint32_t in_file, file;
};

struct ik_capsave {
    struct ik_capsave_cfg cfg;
    char path[PATH_MAX];
    int fd;
    bool regular;
    bool ended;       /* nothing more is written */
    bool failed;      /* for a reason that was said */
    uint32_t file;    /* number of the file, from 0 */
    ik_ns began;      /* time of its first packet */
    uint32_t packets; /* in this file */
    uint64_t written; /* bytes of this file that have left; `used` wait */
    size_t used, cap;
    uint8_t *buf;
    size_t n_interfaces;
    struct interface interfaces[INTERFACES];
    struct place places[PLACES];
};

static bool fail(struct ik_capsave *s, const char *why)
{
    char safe[256];
    const struct ik_rd path = {(const uint8_t *)s->path, strlen(s->path)};
    if (!s->failed)
        ik_run_say(s->cfg.verb, _("cannot write %s: %s"),
                   s->fd == STDOUT_FILENO ? _("standard output")
                                          : ik_text_escape(path, safe, sizeof safe),
                   why);
    s->failed = s->ended = true;
    return false;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* What part of a block arrived, after `done` bytes, goes again: a reader would take it for damage.
 */
static void cut_half_block(struct ik_capsave *s, size_t done)
{
    size_t whole = 0;
    while (whole + 8 <= s->used) {
        const uint8_t *at = s->buf + whole + 4; /* its length, in network order */
        const size_t bytes = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        if (bytes == 0 || whole + bytes > done)
            break;
        whole += bytes;
    }
    if (s->regular && ftruncate(s->fd, (off_t)(s->written + whole)))
        s->failed = s->ended = true; /* the failure before it is what will be told */
}

bool ik_capsave_flush(struct ik_capsave *s)
{
    for (size_t at = 0; at < s->used && !s->ended;) {
        if (!s->regular && !ik_out_is_writable(s->fd))
            continue;
        const size_t most = !s->regular && s->used - at > PIPE_BUF ? PIPE_BUF : s->used - at;
        const ssize_t n = write(s->fd, s->buf + at, most);
        if (n >= 0) {
            at += (size_t)n;
        } else if (errno == EPIPE) {
            s->ended = true; /* the reader has enough: that is no error */
        } else if (errno != EINTR && errno != EAGAIN) {
            const char *why = ik_lang_errno(errno);
            cut_half_block(s, at);
            return fail(s, why);
        }
    }
    s->written += s->used;
    s->used = 0;
    return !s->ended;
}

/* Room for so many bytes more. */
static uint8_t *room(struct ik_capsave *s, size_t n)
{
    if (n > s->cap - s->used && !ik_capsave_flush(s))
        return NULL;
    if (n > s->cap) {
        uint8_t *more = realloc(s->buf, n);
        if (!more) {
            (void)fail(s, ik_lang_err(IK_E_NOMEM));
            return NULL;
        }
        s->buf = more;
        s->cap = n;
    }
    return s->buf + s->used;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* As tcpdump names them: with -C a number behind the name, from the second file on; with -W too
 * always, and with zeros before it, since they are written in turn. With -G the name is a form of
 * the time. */
static bool name_file(struct ik_capsave *s, ik_ns time)
{
    const struct ik_capsave_cfg *c = &s->cfg;
    char base[PATH_MAX - NUMBER];
    int n = snprintf(base, sizeof base, "%s", c->path);
    if (c->rotate_after) {
        const time_t second = time == IK_NEVER ? 0 : (time_t)(time / IK_NS_PER_S);
        struct tm tm;
        n = localtime_r(&second, &tm) ? (int)strftime(base, sizeof base, c->path, &tm) : 0;
    }
    if (n <= 0 || n >= (int)sizeof base)
        return fail(s, _("its name is too long, or empty"));
    unsigned width = 0;
    for (uint32_t most = c->rotate_files ? c->rotate_files - 1 : 0; most; most /= 10)
        width++;
    const uint32_t number =
        c->rotate_files && !c->rotate_after ? s->file % c->rotate_files : s->file;
    if (c->rotate_bytes && c->rotate_files && !c->rotate_after)
        snprintf(s->path, sizeof s->path, "%s%0*u", base, (int)(width ? width : 1), number);
    else if (c->rotate_bytes && s->file)
        snprintf(s->path, sizeof s->path, "%s%u", base, number);
    else
        snprintf(s->path, sizeof s->path, "%s", base);
    return true;
}

/* Opened to be written, it would be empty before it is read. */
static bool is_source(const struct ik_capsave *s)
{
    const char *source = s->cfg.source;
    struct stat read, written;
    if (!source || stat(s->path, &written))
        return false;
    if (strcmp(source, "-") != 0 ? stat(source, &read) : fstat(STDIN_FILENO, &read))
        return false;
    return S_ISREG(read.st_mode) && read.st_dev == written.st_dev && read.st_ino == written.st_ino;
}

static bool begin_file(struct ik_capsave *s, ik_ns time)
{
    const char *why = NULL;
    s->began = time;
    s->written = 0;
    s->packets = 0;
    s->n_interfaces = 0;
    if (!strcmp(s->cfg.path, "-")) {
        s->fd = STDOUT_FILENO;
        s->regular = false;
    } else {
        s->fd = -1;
        if (!name_file(s, time))
            return false;
        if (is_source(s))
            return fail(s, _("it is the file that is read; take another name"));
        s->fd = ik_newfile_open(AT_FDCWD, s->path, &why);
        s->regular = true;
        if (s->fd < 0)
            return fail(s, why);
    }
    size_t n = 0;
    uint8_t *at = room(s, IK_PCAPNG_TEXT + IK_PCAPNG_ROOM);
    if (!at || ik_pcapng_section(at, s->cap - s->used, &n))
        return false;
    s->used += n;
    return true;
}

static bool end_file(struct ik_capsave *s)
{
    bool whole = ik_capsave_flush(s);
    if (s->fd != STDOUT_FILENO && s->fd >= 0 && close(s->fd) && whole)
        whole = fail(s, ik_lang_errno(errno));
    s->fd = -1;
    return whole;
}

bool ik_capsave_open(struct ik_capsave **out, const struct ik_capsave_cfg *cfg)
{
    struct ik_capsave *s = calloc(1, sizeof *s);
    uint8_t *buf = malloc(BUFFER);
    if (!s || !buf) {
        ik_run_say(cfg->verb, "%s", ik_lang_err(IK_E_NOMEM));
        free(s);
        free(buf);
        return false;
    }
    s->cfg = *cfg;
    s->fd = -1;
    s->buf = buf;
    s->cap = BUFFER;
    snprintf(s->path, sizeof s->path, "%s", cfg->path);
    /* A name made of the time waits for the first packet's. */
    if (cfg->rotate_after || begin_file(s, IK_NEVER)) {
        *out = s;
        return true;
    }
    free(s->buf);
    free(s);
    return false;
}

/* The next file, where it is time or size for it. */
static bool rotate(struct ik_capsave *s, ik_ns time, size_t block)
{
    const struct ik_capsave_cfg *c = &s->cfg;
    if (s->fd < 0)
        return begin_file(s, time);
    if (s->began == IK_NEVER)
        s->began = time;
    const bool late = c->rotate_after && time != IK_NEVER && time - s->began >= c->rotate_after;
    const bool big =
        c->rotate_bytes && s->packets && s->written + s->used + block > c->rotate_bytes;
    if (!late && !big)
        return true;
    if (!end_file(s))
        return false;
    s->file++;
    if (c->rotate_after && c->rotate_files && !c->rotate_bytes && s->file >= c->rotate_files) {
        s->ended = true;
        return false;
    }
    return begin_file(s, time);
}

/* ---- packets --------------------------------------------------------------------------------- */

/* The number of the interface in this file; it is described when it is first needed. */
static bool find_interface(struct ik_capsave *s, const struct ik_look_frame *f, uint32_t *out)
{
    const char *name = f->interface ? f->interface : "";
    for (size_t i = 0; i < s->n_interfaces; i++) {
        if (s->interfaces[i].linktype == f->linktype && !strcmp(s->interfaces[i].name, name)) {
            *out = (uint32_t)i;
            return true;
        }
    }
    if (s->n_interfaces == INTERFACES)
        return fail(s, _("more interfaces than one file takes"));
    size_t n = 0;
    uint8_t *at = room(s, IK_PCAPNG_TEXT + IK_PCAPNG_ROOM);
    if (!at || ik_pcapng_interface(f->linktype, name, at, s->cap - s->used, &n))
        return false;
    s->used += n;
    struct interface *i = &s->interfaces[s->n_interfaces];
    i->linktype = f->linktype;
    snprintf(i->name, sizeof i->name, "%s", name);
    *out = (uint32_t)s->n_interfaces++;
    return true;
}

struct comments {
    char text[COMMENTS][IK_PCAPNG_TEXT];
    const char *list[COMMENTS];
    size_t n;
};

static struct ik_put comment_begin(struct comments *c)
{
    struct ik_put w;
    ik_put_init(&w, c->text[c->n], IK_PCAPNG_TEXT - 1);
    return w;
}

static void comment_end(struct comments *c, struct ik_put *w)
{
    *w->at = 0;
    c->list[c->n] = c->text[c->n];
    c->n++;
}

/* The partner by its number in this file, which is what the reader of the file sees. */
static void comment_pair(const struct ik_capsave *s, const struct ik_look_packet *p,
                         struct comments *c)
{
    struct ik_look_packet renumbered = {.pair = p->pair, .pair_rtt = p->pair_rtt};
    const struct place *at = &s->places[p->pair_n % PLACES];
    struct ik_put w = comment_begin(c);
    const bool here = at->n == p->pair_n && at->file == s->file;
    renumbered.pair_n = here ? at->in_file : p->pair_n;
    ik_dump_pair_put(&w, &renumbered);
    if (!here && p->pair_n)
        ik_put_s(&w, " (as numbered where it was captured; it is not in this file)");
    comment_end(c, &w);
}

static void comment_flaw(const struct ik_fault *fault, struct comments *c)
{
    struct ik_put w = comment_begin(c);
    ik_dump_flaw_put(&w, fault);
    ik_put_s(&w, ": ");
    ik_put_s(&w, ik_flaw_text(fault->what));
    comment_end(c, &w);
}

static void comment(const struct ik_capsave *s, const struct ik_look_packet *p, const char *first,
                    struct comments *c)
{
    c->n = 0;
    if (first)
        c->list[c->n++] = first;
    if (p->pair != IK_LOOK_PAIR_NONE)
        comment_pair(s, p, c);
    if (p->reassembled) {
        struct ik_put w = comment_begin(c);
        ik_put_s(&w, "the last of ");
        ik_put_u64(&w, p->fragments);
        ik_put_s(&w, " fragments; bytes are counted in the whole");
        comment_end(c, &w);
    }
    for (uint16_t i = 0; i < p->faults.n; i++)
        comment_flaw(&p->faults.list[i], c);
}

bool ik_capsave_has_failed(const struct ik_capsave *s)
{
    return s->failed;
}

bool ik_capsave_packet(struct ik_capsave *s, const struct ik_look_packet *p, const char *first)
{
    struct comments c;
    struct ik_pcapng_frame f = {
        .at = p->frame.time, .bytes = p->frame.bytes, .wire_bytes = p->frame.wire_bytes};
    const size_t most = f.bytes.left + BEYOND_FRAME;
    if (s->ended || !rotate(s, f.at, f.bytes.left + IK_PCAPNG_ROOM))
        return false;
    s->packets++;
    s->places[p->frame.n % PLACES] = (struct place){p->frame.n, s->packets, s->file};
    comment(s, p, first, &c);
    f.comments = c.list;
    f.n_comments = c.n;
    size_t n = 0;
    if (!find_interface(s, &p->frame, &f.interface))
        return false;
    uint8_t *at = room(s, most);
    if (!at)
        return false;
    const enum ik_err err = ik_pcapng_frame(&f, at, s->cap - s->used, &n);
    if (err)
        return fail(s, ik_lang_err(err));
    s->used += n;
    return !s->cfg.flush || ik_capsave_flush(s);
}

bool ik_capsave_close(struct ik_capsave *s, ik_ns now, uint64_t received, uint64_t dropped)
{
    if (!s)
        return true;
    uint8_t *at = NULL;
    size_t n = 0;
    if (!s->ended && s->fd >= 0 && s->n_interfaces == 1 && dropped != UINT64_MAX)
        at = room(s, IK_PCAPNG_ROOM);
    if (at && !ik_pcapng_stats(0, now, received, dropped, at, s->cap - s->used, &n))
        s->used += n;
    if (s->fd >= 0)
        (void)end_file(s);
    const bool good = !s->failed;
    free(s->buf);
    free(s);
    return good;
}
