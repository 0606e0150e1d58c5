/* SPDX-License-Identifier: MIT
 * A packet as a line. */
#include "dump_text.h"

#include <icmpkit/wire.h>

/* ---- what is around the IP packet ------------------------------------------------------------ */

static void put_layer(struct ik_put *w, const struct ik_layer *l)
{
    ik_put_s(w, ik_layer_name(l->kind));
    if (l->ident || l->kind == IK_LAYER_VLAN || l->kind == IK_LAYER_MPLS) {
        ik_put_c(w, ' ');
        ik_put_u64(w, l->ident);
    }
    if (l->priority) {
        ik_put_s(w, " p ");
        ik_put_u64(w, l->priority);
    }
    ik_put_s(w, ", ");
}

void ik_dump_layers_put(struct ik_put *w, const struct ik_look_packet *p)
{
    const struct ik_layers *l = &p->layers;
    for (unsigned i = 0; i < l->n; i++) {
        if (i > 0 || l->list[i].kind != IK_LAYER_ETHERNET) {
            put_layer(w, &l->list[i]);
            continue;
        }
        ik_put_mac(w, l->src_mac);
        ik_put_s(w, " > ");
        ik_put_mac(w, l->dst_mac);
        ik_put_s(w, ", ");
    }
    ik_put_s(w, "length ");
    ik_put_u64(w, p->frame.wire_bytes);
    ik_put_s(w, ": ");
}

/* ---- the IP header --------------------------------------------------------------------------- */

/* -v, in tcpdump's form. */
static void put_ip4(struct ik_put *w, const struct ik_ip *ip)
{
    ik_put_s(w, "(tos 0x");
    ik_put_hex(w, ip->tos, 1);
    ik_put_s(w, ", ttl ");
    ik_put_u64(w, ip->ttl);
    ik_put_s(w, ", id ");
    ik_put_u64(w, ip->id);
    ik_put_s(w, ", offset ");
    ik_put_u64(w, ip->offset_bytes);
    ik_put_s(w, ", flags [");
    ik_put_s(w, ip->mf ? "+" : "");
    ik_put_s(w, ip->mf && ip->df ? ", " : "");
    ik_put_s(w, ip->df ? "DF" : ip->mf ? "" : "none");
    ik_put_s(w, "], proto ICMP (");
    ik_put_u64(w, ip->proto);
    ik_put_s(w, "), length ");
    ik_put_u64(w, ip->total_bytes);
    if (ip->options.left) {
        ik_put_s(w, ", options ");
        ik_put_bytes(w, ip->options, ip->options.left);
    }
    if (!ip->checksum_ok) {
        ik_put_s(w, ", bad cksum 0x");
        ik_put_hex(w, ip->checksum, 4);
    }
    ik_put_c(w, ')');
}

static void put_ip6(struct ik_put *w, const struct ik_ip *ip)
{
    ik_put_c(w, '(');
    if (ip->tos) {
        ik_put_s(w, "class 0x");
        ik_put_hex(w, ip->tos, 2);
        ik_put_s(w, ", ");
    }
    if (ip->flow) {
        ik_put_s(w, "flowlabel 0x");
        ik_put_hex(w, ip->flow, 5);
        ik_put_s(w, ", ");
    }
    ik_put_s(w, "hlim ");
    ik_put_u64(w, ip->ttl);
    ik_put_s(w, ", next-header ");
    ik_put_u64(w, ip->next_header);
    ik_put_s(w, ", ICMPv6 (");
    ik_put_u64(w, ip->proto);
    ik_put_s(w, "), payload length: ");
    ik_put_u64(w, ip->length_field);
    ik_put_c(w, ')');
}

/* The headers between: "HBH RT ". */
static void put_chain(struct ik_put *w, const struct ik_ip *ip)
{
    struct ik_rd chain = ip->options;
    uint8_t proto = ip->next_header;
    struct ik_ip6ext ext;
    while (!ik_ip6ext_take(&chain, &proto, &ext, NULL)) {
        ik_put_s(w, ext.proto == IK_PROTO_HOPOPTS    ? "HBH "
                    : ext.proto == IK_PROTO_DSTOPTS  ? "DSTOPT "
                    : ext.proto == IK_PROTO_ROUTING  ? "RT "
                    : ext.proto == IK_PROTO_AH       ? "AH "
                    : ext.proto == IK_PROTO_FRAGMENT ? ""
                                                     : "EXT ");
    }
}

static void put_ip(struct ik_put *w, const struct ik_dump_style *style, const struct ik_ip *ip)
{
    ik_put_mem(w, ip->version == 6 ? "IP6 " : "IP ", ip->version == 6 ? 4 : 3);
    if (style->verbose) {
        if (ip->version == 6)
            put_ip6(w, ip);
        else
            put_ip4(w, ip);
        ik_put_s(w, ip->version == 6 ? " " : "\n    ");
    }
    ik_put_addr(w, &ip->src);
    ik_put_mem(w, " > ", 3);
    ik_put_addr(w, &ip->dst);
    ik_put_mem(w, ": ", 2);
    if (ip->version == 6 && ip->options.left)
        put_chain(w, ip);
}

/* A fragment: where its data lies, "frag (1232|544)", with "+" when more follow. */
static void put_part(struct ik_put *w, const struct ik_ip *ip)
{
    ik_put_s(w, "frag (");
    ik_put_u64(w, ip->offset_bytes);
    ik_put_c(w, '|');
    ik_put_u64(w, ip->payload.left);
    ik_put_c(w, ')');
    ik_put_s(w, ip->mf ? "+ id " : " id ");
    ik_put_u64(w, ip->id);
    ik_put_s(w, ip->offset_bytes ? "" : " ");
}

/* Too few bytes for a message. */
static void put_stub(struct ik_put *w, const struct ik_look_packet *p)
{
    ik_put_s(w, p->ip.version == 6 ? "ICMP6, too short, length " : "ICMP too short, length ");
    ik_put_u64(w, p->ip.payload.left);
}

/* ---- the line -------------------------------------------------------------------------------- */

static void put_verbose(struct ik_put *w, const struct ik_dump_style *style,
                        const struct ik_look_packet *p)
{
    const struct ik_icmp *m = &p->icmp;
    const struct ik_explain *e = ik_explain_get(m->family, m->type, m->code);
    if (m->checksum_known && !m->checksum_ok) {
        ik_put_s(w, " (wrong icmp cksum ");
        ik_put_hex(w, m->checksum, 4);
        ik_put_s(w, ")");
    }
    if (!e)
        return;
    const struct ik_explain_text text = ik_explain_text(e, style->lang);
    if (text.meaning) {
        ik_put_s(w, "\n    = ");
        ik_put_s(w, text.meaning);
    }
}

/* Which way a frame went, in tcpdump's words for the packet type of a cooked header. */
static void put_way(struct ik_put *w, struct ik_rd frame)
{
    static const char *const ways[] = {"In  ", "B   ", "M   ", "P   ", "Out "};
    enum { PKTTYPE = 10 };
    const uint8_t way = frame.left > PKTTYPE ? frame.p[PKTTYPE] : UINT8_MAX;
    ik_put_s(w, way < sizeof(ways) / sizeof(*ways) ? ways[way] : "?   ");
}

/* Where a frame was captured, and the way it went, where it may be of any interface. */
static void put_where(struct ik_put *w, const struct ik_look_frame *f)
{
    enum { NAME = 5 };
    const char *name = f->interface;
    if (name) {
        ik_put_text(w, (struct ik_rd){(const uint8_t *)name, strlen(name)}, IK_DUMP_LINE);
        for (size_t n = strlen(name); n < NAME; n++)
            ik_put_c(w, ' ');
        ik_put_c(w, ' ');
    }
    if (f->linktype == IK_LINKTYPE_LINUX_SLL2)
        put_way(w, f->bytes);
}

static void put_head(struct ik_put *w, const struct ik_dump_style *style,
                     struct ik_dump_stamp *stamp, const struct ik_look_packet *p)
{
    if (style->number) {
        ik_put_pad(w, p->frame.n, 1);
        ik_put_s(w, "  ");
    }
    ik_dump_stamp_put(stamp, w, p->frame.time);
    if (style->interface || p->frame.linktype == IK_LINKTYPE_LINUX_SLL2)
        put_where(w, &p->frame);
    if (style->link)
        ik_dump_layers_put(w, p);
}

void ik_dump_text_line(struct ik_put *w, const struct ik_dump_style *style,
                       struct ik_dump_stamp *stamp, const struct ik_look_packet *p)
{
    static const char cut[] = "... (cut)\n";
    w->end -= sizeof cut;
    put_head(w, style, stamp, p);
    put_ip(w, style, &p->ip);
    if (p->part)
        put_part(w, &p->ip);
    if (p->has_icmp)
        ik_dump_words_put(w, p);
    else if (!p->part)
        put_stub(w, p);
    if (!style->quick)
        ik_dump_more_put(w, p);
    if (style->verbose && p->has_icmp)
        put_verbose(w, style, p);
    w->end += sizeof cut;
    const bool whole = !w->cut;
    w->cut = false;
    ik_put_s(w, whole ? "\n" : cut);
}
