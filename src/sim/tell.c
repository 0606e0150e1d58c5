/* SPDX-License-Identifier: MIT
 * What links and nodes that are down do to frames, as event records. Made only where somebody
 * watches. */
#include "sim/tell.h"

#include "base/fmt.h"
#include "stack/words.h"

enum { WHAT_BYTES = 120, PACKET_BYTES = 168 };

struct text {
    struct ik_wr w;
    uint8_t bytes[PACKET_BYTES];
};

static const char *end(struct text *t)
{
    t->bytes[t->w.used] = '\0';
    return (const char *)t->bytes;
}

static struct ik_wr *begin(struct text *t)
{
    ik_wr_init(&t->w, t->bytes, sizeof(t->bytes) - 1);
    return &t->w;
}

static void say(struct ik_sim *sim, const struct ik_rec_event *what, struct ik_rd frame)
{
    struct text packet;
    struct ik_record rec = ik_record_make(IK_REC_event, sim->now.real);
    rec.event = *what;
    ik_words_put_frame(begin(&packet), frame);
    rec.event.packet = end(&packet);
    sim->watch.on_event(sim->watch.ctx, &rec);
}

/* ---- links ----------------------------------------------------------------------------------- */

static void put_loss(struct ik_wr *w, const struct ik_sim_impair *im,
                     const struct ik_impair_result *r)
{
    switch (r->fate) {
    case IK_FATE_QUEUE_FULL:
        ik_fmt_put_text(w, "the queue is full: ");
        ik_fmt_put_u64(w, ik_impair_queue_frames(im));
        ik_fmt_put_text(w, " wait already");
        break;
    case IK_FATE_TOO_LONG:
        ik_fmt_put_text(w, "longer than ");
        ik_fmt_put_u64(w, im->mtu);
        ik_fmt_put_text(w, " bytes, which is all that the link carries");
        break;
    default:
        ik_fmt_put_text(w, im->down ? "the link is down" : "lost on the way");
    }
}

static void put_change(struct ik_wr *w, const struct ik_impair_result *r)
{
    const char *comma = "";
    if (r->duplicate) {
        ik_fmt_put_text(w, "twice");
        comma = ", ";
    }
    if (r->corrupt) {
        ik_fmt_put_text(w, comma);
        ik_fmt_put_text(w, "a bit of byte ");
        ik_fmt_put_u64(w, r->bit / 8);
        ik_fmt_put_text(w, " of the packet is turned over");
        comma = ", ";
    }
    if (r->overtakes) {
        ik_fmt_put_text(w, comma);
        ik_fmt_put_text(w, "overtakes what was sent before");
    }
}

void ik_tell_link(struct ik_sim *sim, const struct ik_simnode *sender,
                  const struct ik_simlink *link, const struct ik_sim_impair *im,
                  const struct ik_impair_result *r, struct ik_rd frame)
{
    const bool lost = r->fate != IK_FATE_CARRIED;
    if (!lost && !r->duplicate && !r->corrupt && !r->overtakes)
        return;
    struct text what;
    begin(&what);
    if (lost)
        put_loss(&what.w, im, r);
    else
        put_change(&what.w, r);
    const struct ik_rec_event e = {.node = sender->name,
                                   .link = link->name,
                                   .kind = lost ? "dropped" : "carried",
                                   .what = end(&what)};
    say(sim, &e, frame);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

void ik_tell_node_down(struct ik_sim *sim, const struct ik_simnode *node, uint8_t port,
                       struct ik_rd frame)
{
    const struct ik_rec_event e = {.node = node->name,
                                   .port = port < node->n_ifaces ? node->ifaces[port].name : NULL,
                                   .kind = "dropped",
                                   .what = "the node is down"};
    say(sim, &e, frame);
}

void ik_tell_node_state(struct ik_sim *sim, const struct ik_simnode *node, const char *what)
{
    struct ik_record rec = ik_record_make(IK_REC_event, sim->now.real);
    rec.event.node = node->name;
    rec.event.kind = "state";
    rec.event.what = what;
    sim->watch.on_event(sim->watch.ctx, &rec);
}
