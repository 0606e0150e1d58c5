/* SPDX-License-Identifier: MIT
 * icmp dump: ICMP packets of an interface or a file. Options -> files and sockets -> no more
 * privileges -> frame by frame: look, filter, show, write, count -> exit status. */
#include "dump.h"

#include "run.h"
#include "verb.h"

#include <icmpkit/wire.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool fail(struct ik_dump *d, const char *what, enum ik_err err)
{
    ik_run_say("dump", "%s: %s", what, ik_lang_err(err));
    d->failed = true;
    return false;
}

/* Anonymous memory that begins where a huge page can: how much of it is there must not depend on
 * where the kernel puts it. */
static void *aligned_pages(size_t bytes, size_t align)
{
    uint8_t *mem = mmap(NULL, bytes + align, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mem == MAP_FAILED)
        return NULL;
    const size_t front = -(uintptr_t)mem & (align - 1);
    if (front)
        munmap(mem, front);
    munmap(mem + front + bytes, align - front);
    return mem + front;
}

/* Anonymous pages: only there once they are used. */
static void *pages(size_t bytes)
{
    enum { HUGE_PAGE = 1 << 21 };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), all = (bytes + page - 1) & ~(page - 1);
    void *mem = aligned_pages(all, all < HUGE_PAGE ? page : HUGE_PAGE);
    if (!mem)
        return NULL;
    /* They are tables that are looked up at random; where that is refused it only takes longer. */
    (void)madvise(mem, all, MADV_HUGEPAGE);
    return mem;
}

/* ---- showing --------------------------------------------------------------------------------- */

static void print_piece(void *ctx, const struct ik_put *text)
{
    struct ik_dump *d = ctx;
    ik_out_put(&d->out, text->start, ik_put_used(text));
}

/* The bytes from the outermost IP header on; with `whole` those of the link too. What was put
 * together has none. */
static void print_hex(struct ik_dump *d, const struct ik_look_packet *p, bool ascii, bool whole)
{
    if (p->reassembled) {
        struct ik_faults faults = p->faults;
        for (uint16_t i = 0; i < faults.n; i++)
            faults.list[i].at = (uint16_t)(faults.list[i].at - p->ip_at_bytes);
        ik_dump_hex(p->ip_bytes, 0, ascii, &faults, print_piece, d);
        return;
    }
    size_t from = p->layers.ip_at_bytes;
    for (unsigned i = p->layers.n; i-- > 0;) {
        const struct ik_layer *l = &p->layers.list[i];
        if (l->kind == IK_LAYER_IPV4 || l->kind == IK_LAYER_IPV6)
            from = l->at_bytes;
    }
    ik_dump_hex(p->frame.bytes, whole ? 0 : from, ascii, &p->faults, print_piece, d);
}

static void print_text(struct ik_dump *d, const struct ik_look_packet *p)
{
    const struct ik_dump_opt *o = &d->plan.opt;
    struct ik_put w;
    if (o->tree) {
        ik_dump_tree(&d->plan.style, &d->stamp, p, print_piece, d);
        if (o->hex || o->ascii)
            print_hex(d, p, o->ascii, true);
        return;
    }
    ik_put_init(&w, ik_out_room(&d->out, IK_DUMP_LINE), IK_DUMP_LINE);
    ik_dump_text_line(&w, &d->plan.style, &d->stamp, p);
    ik_out_took(&d->out, ik_put_used(&w));
    if (o->hex || o->ascii)
        print_hex(d, p, o->ascii, o->hex > 1 || o->ascii > 1);
}

static void print_record(struct ik_dump *d, const struct ik_record *rec)
{
    size_t n;
    char *at = ik_out_room(&d->out, IK_RECORD_JSON_MAX);
    const enum ik_err err = ik_record_json(rec, at, IK_RECORD_JSON_MAX, &n);
    if (!err)
        ik_out_took(&d->out, n);
    else
        (void)fail(d, _("cannot write a record"), err);
}

static void show(struct ik_dump *d, const struct ik_look_packet *p)
{
    if (d->plan.text) {
        print_text(d, p);
    } else if (d->plan.opt.json && !d->plan.opt.summary) {
        const struct ik_record rec = ik_look_record(p);
        print_record(d, &rec);
    }
    if (d->plan.opt.line_buffered)
        ik_out_flush(&d->out, true);
    if (d->out.error)
        d->from.stop = true;
}

/* ---- a frame --------------------------------------------------------------------------------- */

static bool is_wanted(struct ik_dump *d, const struct ik_look_packet *p)
{
    if (!ik_dump_only_match(&d->plan, p))
        return false;
    if (!d->filter)
        return true;
    const struct ik_capfilter_view view = {
        .family = p->ip.version,
        .icmp = p->has_icmp && !p->part ? p->icmp_bytes : (struct ik_rd){p->frame.bytes.p, 0}};
    bool match = false;
    const enum ik_err err = ik_capfilter_match(d->filter, p->frame.linktype, p->frame.bytes,
                                               p->frame.wire_bytes, &view, &match);
    if (err && !d->filter_said) {
        ik_run_say("dump", _("the filter does not fit packets of link type %u: %s"),
                   p->frame.linktype, ik_lang_text(ik_capfilter_why(d->filter)));
        d->filter_said = d->failed = true;
    }
    return !err && match;
}

/* Also a part of a message, or what is too short to be one. */
static bool is_icmp(const struct ik_look_packet *p)
{
    return p->part ||
           (p->has_ip && p->ip.proto == (p->ip.version == 4 ? IK_PROTO_ICMP4 : IK_PROTO_ICMP6));
}

/* The frame, or *cut with no more of it than is wanted. */
static const struct ik_look_frame *
snapped(const struct ik_dump *d, const struct ik_look_frame *frame, struct ik_look_frame *cut)
{
    const int64_t snap = d->plan.opt.snap;
    if (snap <= 0 || frame->bytes.left <= (uint64_t)snap)
        return frame;
    *cut = *frame;
    cut->bytes.left = (size_t)snap;
    return cut;
}

static void take_ahead(struct ik_dump *d, const struct ik_look_frame *frame)
{
    struct ik_look_frame cut;
    ik_look_ahead(d->look, snapped(d, frame, &cut), &d->packets[d->turn ^ 1]);
}

static void take_frame(struct ik_dump *d, const struct ik_look_frame *frame)
{
    struct ik_look_packet *p = &d->packets[d->turn];
    struct ik_look_frame cut;
    const bool message = ik_look_input(d->look, snapped(d, frame, &cut), p);
    d->turn ^= 1;
    if ((!message && !is_icmp(p)) || !is_wanted(d, p))
        return;
    d->shown++;
    if (d->total && message)
        ik_total_add(d->total, p);
    show(d, p);
    if (d->save && !ik_capsave_packet(d->save, p, NULL)) {
        d->from.stop = true;
        d->failed = d->failed || ik_capsave_has_failed(d->save);
    }
    if (d->plan.opt.count && d->shown >= (uint64_t)d->plan.opt.count)
        d->from.stop = true;
}

/* While one is shown, what the next one needs is fetched. */
static size_t take_frames(void *ctx, const struct ik_look_frame *frames, size_t n)
{
    struct ik_dump *d = ctx;
    size_t i = 0;
    while (i < n && !d->from.stop) {
        if (i + 1 < n)
            take_ahead(d, &frames[i + 1]);
        take_frame(d, &frames[i++]);
    }
    return i;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void flush(struct ik_dump *d)
{
    ik_out_flush(&d->out, true);
    if (d->save && !ik_capsave_flush(d->save)) {
        d->from.stop = true;
        d->failed = d->failed || ik_capsave_has_failed(d->save);
    }
    if (d->out.error)
        d->from.stop = true;
}

static ik_ns on_idle(void *ctx)
{
    flush(ctx);
    return IK_NEVER;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static bool open_looker(struct ik_dump *d)
{
    struct ik_look_cfg cfg = {.requests = 0};
    uint8_t secret[16];
    enum ik_err err = ik_entropy(cfg.secret, sizeof cfg.secret);
    if (!err)
        err = ik_entropy(secret, sizeof secret);
    if (err)
        return fail(d, _("no random numbers"), err);
    d->look_memory = pages(ik_look_bytes(&cfg));
    if (d->plan.opt.summary)
        d->total_memory = pages(ik_total_bytes());
    if (!d->look_memory || (d->plan.opt.summary && !d->total_memory))
        return fail(d, _("cannot start"), IK_E_NOMEM);
    d->look = ik_look_init(d->look_memory, &cfg);
    if (d->total_memory)
        d->total = ik_total_init(d->total_memory, secret);
    return true;
}

static bool open_filter(struct ik_dump *d)
{
    char why[IK_CAPFILTER_TEXT];
    if (!d->plan.filter[0])
        return true;
    const enum ik_err err = ik_capfilter_open(&d->filter, d->plan.filter, false, why);
    if (!err)
        return true;
    /* "NAME: what is wrong with it". */
    const char *colon = err == IK_E_REFUSED ? strstr(why, ": ") : NULL;
    const size_t n = colon ? (size_t)(colon - why) + 2 : 0;
    ik_run_say("dump", "%.*s%s", (int)n, why, ik_lang_text(why + n));
    d->failed = true;
    return false;
}

static void print_run(struct ik_dump *d)
{
    static const char *const none[] = {NULL};
    char kernel[128];
    struct ik_record rec = ik_record_make(IK_REC_run, ik_clock_now().real);
    rec.run.version = IK_VERSION;
    rec.run.verb = "dump";
    rec.run.argv = (const char *const *)d->argv;
    rec.run.family = "both";
    rec.run.clock = d->plan.opt.read ? "capture" : "kernel";
    rec.run.kernel = ik_host_kernel(kernel, sizeof kernel);
    rec.run.socket = d->plan.opt.read ? "file" : "packet";
    rec.run.unseen = none;
    print_record(d, &rec);
}

static void print_summary(struct ik_dump *d, bool final)
{
    if (!d->total)
        return;
    const struct ik_dump_summary s = {.look = d->look,
                                      .total = d->total,
                                      .dropped = d->from.dropped,
                                      .now = d->from.last,
                                      .final = final,
                                      .all = d->plan.opt.verbose};
    struct ik_total_view view;
    if (d->plan.opt.json) {
        const struct ik_record rec = ik_dump_summary_record(&s, &view);
        print_record(d, &rec);
    } else {
        ik_dump_summary_text(&s, &d->stamp, print_piece, d);
    }
}

static void on_status(void *ctx)
{
    struct ik_dump *d = ctx;
    print_summary(d, false);
    flush(d);
}

/* As tcpdump ends: what was captured, on stderr. */
static void say_counts(const struct ik_dump *d)
{
    ik_run_say("dump", _("%llu packets captured"), (unsigned long long)d->shown);
    ik_run_say("dump", _("%llu frames seen"), (unsigned long long)d->from.n);
    if (d->from.dropped != UINT64_MAX)
        ik_run_say("dump", _("%llu frames dropped by the kernel"),
                   (unsigned long long)d->from.dropped);
}

static void run(struct ik_dump *d)
{
    if (d->plan.opt.json)
        print_run(d);
    ik_frames_run(&d->from);
    print_summary(d, true);
    if (d->from.interrupted || d->from.capture)
        say_counts(d);
}

static bool open_frames(struct ik_dump *d)
{
    const struct ik_dump_opt *o = &d->plan.opt;
    const bool any = !o->interface || !strcmp(o->interface, "any");
    const char *filter = d->plan.filter;
    /* Nothing that may be ICMP, in a tunnel or a fragment, is left out. */
    snprintf(d->wanted, sizeof d->wanted,
             filter[0] ? "(icmp or icmp6) and (%s)" : "icmp or icmp6%s", filter);
    const struct ik_frames_cfg cfg = {.verb = "dump",
                                      .read = o->read,
                                      .follow = o->follow,
                                      .capture = {.interface = o->interface,
                                                  .snap_bytes = (uint32_t)o->snap,
                                                  .ring_bytes = (uint32_t)o->buffer_kib * 1024,
                                                  .promiscuous = !o->no_promiscuous && !any},
                                      .wanted = d->wanted,
                                      .frames = take_frames,
                                      .idle = on_idle,
                                      .status = on_status,
                                      .ctx = d};
    return ik_frames_open(&d->from, &cfg);
}

static bool open_save(struct ik_dump *d)
{
    const struct ik_dump_opt *o = &d->plan.opt;
    const struct ik_capsave_cfg cfg = {.verb = "dump",
                                       .path = o->write,
                                       .source = o->read,
                                       .rotate_bytes = (uint64_t)o->rotate_mb * 1000000,
                                       .rotate_after = o->rotate_s * IK_NS_PER_S,
                                       .rotate_files = (uint32_t)o->rotate_files,
                                       .flush = o->packet_buffered};
    return !o->write || ik_capsave_open(&d->save, &cfg);
}

/* Exit status. */
static int finish(struct ik_dump *d)
{
    ik_out_flush(&d->out, true);
    if (d->out.error && d->out.error != EPIPE) {
        ik_run_say("dump", _("cannot write the results: %s"), ik_lang_errno(d->out.error));
        d->failed = true;
    }
    if (!ik_capsave_close(d->save, d->from.last, d->from.n, d->from.dropped))
        d->failed = true;
    ik_capfilter_close(d->filter);
    ik_frames_close(&d->from);
    return d->failed || d->from.failed ? 2 : d->from.damaged ? 1 : 0;
}

static int execute(struct ik_dump *d)
{
    ik_out_init(&d->out, STDOUT_FILENO);
    ik_dump_stamp_init(&d->stamp, (enum ik_dump_stamps)d->plan.opt.stamps, d->plan.opt.nano,
                       d->plan.opt.utc);
    if (open_frames(d) && open_save(d) && ik_frames_start(&d->from) && open_filter(d) &&
        open_looker(d))
        run(d);
    else
        d->failed = true;
    return finish(d);
}

/* Help, version, interfaces; -1: go on. */
static int inform(const struct ik_dump_plan *plan)
{
    if (plan->opt.version)
        puts("dump from icmpkit " IK_VERSION);
    else if (plan->opt.help)
        ik_opt_help(&ik_dump_spec, stdout);
    else if (plan->opt.list)
        return ik_dump_list();
    else
        return -1;
    return ik_run_printed("dump");
}

int ik_dump_verb(int argc, char **argv)
{
    struct ik_dump *d = pages(sizeof *d);
    const char **operands = calloc((size_t)argc + 1, sizeof *operands);
    int status = 2;
    if (!d || !operands) {
        ik_run_say("dump", "%s", ik_lang_err(IK_E_NOMEM));
    } else if (!ik_dump_opt_read(&d->plan, argc, argv, operands)) {
        ik_run_say("dump", "%s", d->plan.args.error);
    } else if ((status = inform(&d->plan)) < 0) {
        d->argv = argv;
        status = execute(d);
    }
    free(operands);
    if (d)
        munmap(d, sizeof *d);
    return status;
}
