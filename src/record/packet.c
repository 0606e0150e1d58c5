/* SPDX-License-Identifier: MIT
 * The parts of a captured packet as JSON. */
#include "record/packet.h"

#include <icmpkit/wire.h>

#include "record/json.h"
#include "record/told.h"

/* ---- IP -------------------------------------------------------------------------------------- */

/* An IPv6 packet has an identification only in a fragment header. */
static bool has_id(const struct ik_ip *ip)
{
    return ip->version == 4 || ip->fragment || ip->id;
}

/* Keys, punctuation, two addresses and fourteen numbers. */
enum { IP_BYTES = 256 + 2 * IK_ADDR_TEXT + 14 * IK_FMT_U64 };

static uint8_t *write_ip(uint8_t *at, const struct ik_ip *ip)
{
    at = ik_json_write_u64(at, "version", ip->version);
    at = ik_json_write_addr(at, "src", &ip->src);
    at = ik_json_write_addr(at, "dst", &ip->dst);
    at = ik_json_write_u64(at, "ttl", ip->ttl);
    at = ik_json_write_u64(at, "tos", ip->tos);
    if (has_id(ip))
        at = ik_json_write_u64(at, "id", ip->id);
    at = ik_json_write_u64(at, "len", ip->total_bytes);
    at = ik_json_write_bool(at, "df", ip->df);
    at = ik_json_write_bool(at, "mf", ip->mf);
    at = ik_json_write_u64(at, "offset", ip->offset_bytes);
    at = ik_json_write_u64(at, "proto", ip->proto);
    if (ip->version == 6)
        return ik_json_write_u64(at, "flow", ip->flow);
    at = ik_json_write_u64(at, "checksum", ip->checksum);
    return ik_json_write_bool(at, "checksum_ok", ip->checksum_ok);
}

void ik_packet_put_ip(struct ik_wr *w, const struct ik_rec_ip *rec)
{
    uint8_t spare[IP_BYTES], *const start = ik_wr_begin(w, sizeof(spare), spare);
    uint8_t *const at = write_ip(start, rec->header);
    *start = '{';
    ik_wr_end(w, start, at);
    ik_told_put_ip(w, rec->header, rec->bytes);
    ik_wr_put8(w, '}');
}

/* ---- ICMP ------------------------------------------------------------------------------------ */

enum { NAME_TEXT = 64, ICMP_BYTES = 128 + NAME_TEXT + 3 * IK_FMT_U64 };

static uint8_t *write_icmp(uint8_t *at, const struct ik_icmp *msg)
{
    char text[NAME_TEXT];
    const char *name = ik_icmp_word(msg->family, msg->type, msg->code);
    if (!name)
        name = ik_icmp_name(msg->family, msg->type, msg->code, text, sizeof(text));
    at = ik_json_write_u64(at, "type", msg->type);
    at = ik_json_write_u64(at, "code", msg->code);
    at = ik_json_write_word(at, "name", name);
    at = ik_json_write_u64(at, "checksum", msg->checksum);
    at = ik_json_write_key(at, "checksum_ok");
    return ik_json_write_text(at, !msg->checksum_known ? "null"
                                  : msg->checksum_ok   ? "true"
                                                       : "false");
}

void ik_packet_put_icmp(struct ik_wr *w, const struct ik_rec_icmp *rec)
{
    uint8_t spare[ICMP_BYTES], *const start = ik_wr_begin(w, sizeof(spare), spare);
    uint8_t *const at = write_icmp(start, rec->msg);
    *start = '{';
    ik_wr_end(w, start, at);
    ik_told_put_icmp(w, rec->msg, rec->bytes);
    ik_wr_put8(w, '}');
}

/* ---- link ------------------------------------------------------------------------------------ */

/* Kinds that cannot be without their number, even where it is 0. */
static bool is_numbered(enum ik_layer_kind kind)
{
    return kind == IK_LAYER_VLAN || kind == IK_LAYER_MPLS || kind == IK_LAYER_PPPOE ||
           kind == IK_LAYER_VXLAN || kind == IK_LAYER_GENEVE;
}

enum { LAYER_NAME = 32, LAYER_BYTES = 64 + LAYER_NAME + 4 * IK_FMT_U64 };

static uint8_t *write_layer(uint8_t *start, const struct ik_layer *layer)
{
    uint8_t *at = ik_json_write_word(start, "layer", ik_layer_name(layer->kind));
    at = ik_json_write_u64(at, "at", layer->at_bytes);
    at = ik_json_write_u64(at, "bytes", layer->bytes);
    if (layer->ident || is_numbered(layer->kind))
        at = ik_json_write_u64(at, "ident", layer->ident);
    if (layer->kind == IK_LAYER_VLAN || layer->kind == IK_LAYER_MPLS)
        at = ik_json_write_u64(at, "priority", layer->priority);
    return ik_json_write_close(start, at);
}

static uint8_t *write_mac(uint8_t *at, const uint8_t mac[static 6])
{
    *at++ = '"';
    for (unsigned i = 0; i < 6; i++) {
        at = ik_fmt_write_hex(at, (struct ik_rd){mac + i, 1});
        *at++ = ':';
    }
    at[-1] = '"';
    return at;
}

static bool has_macs(const struct ik_layers *layers)
{
    for (unsigned i = 0; i < layers->n; i++)
        if (layers->list[i].kind == IK_LAYER_ETHERNET)
            return true;
    return false;
}

enum { MACS_BYTES = 64, LAYERS_BYTES = MACS_BYTES + IK_LAYERS_MAX * (1 + LAYER_BYTES) + 32 };

void ik_packet_put_layers(struct ik_wr *w, const struct ik_layers *layers)
{
    uint8_t spare[LAYERS_BYTES], *const start = ik_wr_begin(w, sizeof(spare), spare), *at = start;
    if (has_macs(layers)) {
        at = write_mac(ik_json_write_key(at, "src_mac"), layers->src_mac);
        at = write_mac(ik_json_write_key(at, "dst_mac"), layers->dst_mac);
    }
    at = ik_json_write_text(ik_json_write_key(at, "layers"), "[");
    for (unsigned i = 0; i < layers->n; i++) {
        if (i)
            *at++ = ',';
        at = write_layer(at, &layers->list[i]);
    }
    *at++ = ']';
    if (layers->more)
        at = ik_json_write_bool(at, "more", true);
    ik_wr_end(w, start, ik_json_write_close(start, at));
}

/* ---- flaws and pairs ------------------------------------------------------------------------- */

void ik_packet_put_flaws(struct ik_wr *w, const struct ik_faults *faults)
{
    ik_wr_put8(w, '[');
    for (unsigned i = 0; i < faults->n; i++) {
        ik_json_put_comma(w);
        ik_wr_put8(w, '{');
        ik_json_put_member_word(w, "what", ik_flaw_name(faults->list[i].what));
        ik_json_put_member_u64(w, "at", faults->list[i].at);
        ik_wr_put8(w, '}');
    }
    if (faults->more) {
        ik_json_put_comma(w);
        ik_fmt_put_text(w, "{\"more\":true}");
    }
    ik_wr_put8(w, ']');
}

void ik_packet_put_pair(struct ik_wr *w, const struct ik_rec_pair *pair)
{
    enum { PAIR_BYTES = 32 + IK_FMT_U64 + IK_FMT_I64 };
    ik_wr_put8(w, '{');
    ik_json_put_member_word(w, "kind", pair->kind); /* as long as the caller likes */
    uint8_t spare[PAIR_BYTES], *const start = ik_wr_begin(w, sizeof(spare), spare), *at = start;
    if (pair->n)
        at = ik_json_write_u64(at, "n", pair->n);
    if (pair->rtt != IK_NEVER)
        at = ik_fmt_write_i64(ik_json_write_key(at, "rtt_ns"), pair->rtt);
    *at++ = '}';
    ik_wr_end(w, start, at);
}

void ik_packet_put_evidence(struct ik_wr *w, const struct ik_rec_evidence *evidence)
{
    enum { FRAMES_MAX = 16 };
    const size_t n = evidence->n < FRAMES_MAX ? evidence->n : FRAMES_MAX;
    ik_wr_put8(w, '[');
    for (size_t i = 0; i < n; i++) {
        const struct ik_evidence *const e = &evidence->list[i];
        ik_json_put_comma(w);
        ik_wr_put8(w, '{');
        ik_json_put_member_u64(w, "n", e->n);
        ik_json_put_key(w, "time");
        if (e->time == IK_NEVER) {
            ik_fmt_put_text(w, "null");
        } else {
            ik_wr_put8(w, '"');
            ik_fmt_put_time(w, e->time);
            ik_wr_put8(w, '"');
        }
        ik_json_put_member_u64(w, "at", e->at_bytes);
        ik_json_put_key(w, "bytes");
        ik_json_put_hex(w, (struct ik_rd){e->bytes, e->n_bytes});
        ik_wr_put8(w, '}');
    }
    ik_wr_put8(w, ']');
}
