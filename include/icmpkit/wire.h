/* SPDX-License-Identifier: MIT
 * The codec: bytes <-> typed views. Pure, bounded, no allocation. Views borrow from the bytes they
 * were decoded from and keep every field; what is odd is told as a flaw with its byte offset. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/capture.h>
#include <icmpkit/icmp_lists.h>
#include <icmpkit/icmp_views.h>
#include <icmpkit/nd_views.h>
#include <icmpkit/tell.h>
#include <icmpkit/types.h>

/* ---- flaws ----------------------------------------------------------------------------------- */

enum ik_flaw {
#define X(id, name, text) IK_FLAW_##id,
#include <icmpkit/flaws.def>
#undef X
    IK_FLAW_COUNT
};

/* What is wrong and at which byte, counted from the first byte given to the outermost decoder. */
struct ik_fault {
    enum ik_flaw what;
    uint16_t at;
};

#define IK_FAULTS_MAX 16

/* Collects faults; beyond the bound only `more` counts. `base` is added to each offset: a decoder
 * that descends raises it. A decoder takes NULL when nobody wants to know. */
struct ik_faults {
    uint16_t n, more;
    uint32_t base;
    struct ik_fault list[IK_FAULTS_MAX];
};

/* The spelling of a flaw in outputs ("bad-checksum"), static. */
const char *ik_flaw_name(enum ik_flaw what);
/* What it means, one sentence, static. */
const char *ik_flaw_text(enum ik_flaw what);

/* ---- checksum (RFC 1071, 1624) --------------------------------------------------------------- */

/* Adds bytes to a running sum that began as 0; only the last piece may have an odd length. */
uint64_t ik_cksum_add(uint64_t sum, struct ik_rd bytes);
/* Adds the pseudo-header: IPv4 (RFC 768) or IPv6 (RFC 8200 section 8.1) by src->family. */
uint64_t ik_cksum_add_pseudo(uint64_t sum, const struct ik_addr *src, const struct ik_addr *dst,
                             uint8_t proto, uint32_t len_bytes);
/* The one's complement of the folded sum: what goes into the field; 0 when a message with its
 * checksum in place verifies. */
uint16_t ik_cksum_fold(uint64_t sum);
/* True when the bytes, which carry their checksum, verify. */
bool ik_cksum_is_right(struct ik_rd bytes);
/* The checksum after one aligned 16-bit word changed from `was` to `is` (RFC 1624 equation 3). */
uint16_t ik_cksum_update(uint16_t checksum, uint16_t was, uint16_t is);

/* ---- IP -------------------------------------------------------------------------------------- */

/* An IPv4 header, or an IPv6 header with its chain of extension headers, as far as it could be
 * followed. */
struct ik_ip {
    uint8_t version;     /* 4 or 6 */
    uint8_t tos;         /* type of service or traffic class */
    uint8_t ttl;         /* or hop limit */
    uint8_t proto;       /* protocol of the payload: the last next header of the chain */
    uint8_t next_header; /* what the fixed header says follows it; IPv4: the same as proto */
    bool df;
    uint16_t length_field; /* IPv4 total length or IPv6 payload length, as it stands */
    uint32_t header_bytes; /* fixed header and options, or fixed header and chain */
    uint32_t flow;         /* IPv6 flow label, 20 bits */
    uint32_t total_bytes;  /* whole packet as the header says (IPv6: 40 + payload length; jumbo
                              payloads from their option) */
    uint32_t id;           /* IPv4 identification, or that of an IPv6 fragment header */
    /* What is the same in most packets stands together: it is written at once. */
    bool checksum_ok;   /* IPv4 header checksum; true for IPv6 */
    bool reserved_flag; /* IPv4: the flag that must be zero */
    bool mf;
    bool fragment;         /* part of a fragmented packet (an IPv6 atomic fragment is not) */
    bool truncated;        /* the header says more bytes than are there */
    bool final_dst_known;  /* `final_dst` comes from a routing header with segments left */
    uint16_t offset_bytes; /* fragment offset, unit 1 byte */
    uint16_t checksum;     /* IPv4, as it stands */
    struct ik_addr src, dst;
    struct ik_addr final_dst; /* for pseudo-headers: dst, or the last address of a routing header */
    struct ik_rd options;     /* IPv4 options; IPv6 extension headers in order, as bytes */
    struct ik_rd payload; /* after the headers, cut at the total length (link padding is gone) */
};

/* Decodes the packet at the start of `in`. IK_E_SHORT, IK_E_VERSION, IK_E_LENGTH when it cannot be
 * an IP packet (RFC 791 section 3.1, RFC 8200 section 3); a cut payload is `truncated`, no error. A
 * chain of extension headers that ends in the middle of one is a flaw: then `proto` is the number
 * of that header and the payload starts with it. */
IK_MUST_USE enum ik_err ik_ip_decode(struct ik_ip *out, struct ik_rd in, struct ik_faults *faults);
/* The same for a packet quoted in an error: total length may exceed what is there, checksums are
 * not judged (routers change them), only the fixed header is required. A total length that cannot
 * be true is a flaw and ignored: the payload is then all that was quoted. */
IK_MUST_USE enum ik_err ik_ip_decode_quoted(struct ik_ip *out, struct ik_rd in,
                                            struct ik_faults *faults);
/* The same for a packet of a capture: a total length of 0 in IPv4, which a host writes that leaves
 * the cutting to its card (TSO), means all the bytes, as other readers of captures take it. */
IK_MUST_USE enum ik_err ik_ip_decode_captured(struct ik_ip *out, struct ik_rd in,
                                              struct ik_faults *faults);
/* Writes header, then payload, at `out`; *len is how many bytes. Header checksum and lengths are
 * computed when `exact` is false, and written as they stand in the view when it is true (so that a
 * decoded packet encodes to itself). `next_header` counts only for IPv6 with options, which go out
 * as they are. The payload may lie at its place in `out` already. IK_E_FULL; IK_E_VALUE for a view
 * that no header can hold; IK_E_TOO_BIG beyond 65535 bytes (exact: the view's own lengths rule). */
IK_MUST_USE enum ik_err ik_ip_encode(const struct ik_ip *ip, bool exact, uint8_t *out, size_t cap,
                                     size_t *len);

/* ---- IPv4 options (RFC 791 section 3.1) ------------------------------------------------------ */

enum ik_ipopt_type {
    IK_IPOPT_END = 0,
    IK_IPOPT_NOP = 1,
    IK_IPOPT_RECORD_ROUTE = 7,
    IK_IPOPT_TIMESTAMP = 68,
    IK_IPOPT_TRACEROUTE = 82, /* RFC 1393 */
    IK_IPOPT_SECURITY = 130,  /* RFC 1108 */
    IK_IPOPT_LSRR = 131,
    IK_IPOPT_SSRR = 137,
    IK_IPOPT_ROUTER_ALERT = 148, /* RFC 2113 */
};

/* One option. `type` is the whole octet: copy flag, class, number. */
struct ik_ipopt {
    uint8_t type, class_num, number;
    bool copied;        /* goes into every fragment */
    struct ik_rd bytes; /* from the type octet on */
    struct ik_rd data;  /* after type and length; empty for END and NOP */
};
/* Takes the next option. END is given once and ends the list, whatever follows. IK_E_NOT_FOUND at
 * the end; IK_E_LENGTH (a length of 0 or 1) or IK_E_SHORT (past the end), after which nothing more
 * is taken. Faults count from where the reader stood. */
IK_MUST_USE enum ik_err ik_ipopt_take(struct ik_rd *options, struct ik_ipopt *out,
                                      struct ik_faults *faults);

/* Record route and both source routes. */
struct ik_ipopt_route {
    uint8_t type, pointer; /* pointer as it stands: from 1, at least 4 */
    uint8_t n, used;       /* addresses there is room for; those before the pointer */
    struct ik_rd addrs;    /* n * 4 bytes */
};
/* IK_E_SHORT without a pointer, IK_E_VALUE for a pointer below 4 or inside an address, IK_E_LENGTH
 * when the room is no whole number of addresses (a router would discard it: *out is still filled,
 * with `used` 0 for a bad pointer). Faults count from the type octet. */
IK_MUST_USE enum ik_err ik_ipopt_decode_route(struct ik_ipopt_route *out,
                                              const struct ik_ipopt *option,
                                              struct ik_faults *faults);
/* Address i of n as it stands, whether used or not. IPv4. */
struct ik_addr ik_ipopt_route_addr(const struct ik_ipopt_route *route, uint8_t i);
/* Writes a record route with room for n addresses (1..9), or a source route through n, to `out`.
 * IK_E_VALUE, IK_E_FULL. `addrs` NULL: zeros. */
IK_MUST_USE enum ik_err ik_ipopt_encode_route(uint8_t type, const struct ik_addr *addrs, uint8_t n,
                                              uint8_t *out, size_t cap, size_t *len);

/* Internet timestamp; flag 0 timestamps only, 1 with addresses, 3 at prespecified addresses. */
struct ik_ipopt_timestamp {
    uint8_t pointer, overflow, flag;
    uint8_t n, used;      /* entries there is room for; those before the pointer */
    struct ik_rd entries; /* 4 bytes each with flag 0, else 8: address, then time */
};
/* As ik_ipopt_decode_route; an unknown flag is IK_E_VALUE with the entries as bytes and n 0. */
IK_MUST_USE enum ik_err ik_ipopt_decode_timestamp(struct ik_ipopt_timestamp *out,
                                                  const struct ik_ipopt *option,
                                                  struct ik_faults *faults);
/* Entry i of n: milliseconds since midnight UT, or any other unit when the top bit is set, and the
 * address (family 0 with flag 0). */
uint32_t ik_ipopt_timestamp_entry(const struct ik_ipopt_timestamp *ts, uint8_t i,
                                  struct ik_addr *addr);
/* Writes an empty timestamp option with n entries (flag 0: 1..9, else 1..4) to `out`; flag 3 needs
 * the addresses. IK_E_VALUE, IK_E_FULL. */
IK_MUST_USE enum ik_err ik_ipopt_encode_timestamp(uint8_t flag, const struct ik_addr *addrs,
                                                  uint8_t n, uint8_t *out, size_t cap, size_t *len);

/* Router alert (RFC 2113): value 0 asks every router to look. */
IK_MUST_USE enum ik_err ik_ipopt_decode_alert(uint16_t *value, const struct ik_ipopt *option,
                                              struct ik_faults *faults);

/* Traceroute option (RFC 1393 section 2.2). */
struct ik_ipopt_traceroute {
    uint16_t id, outbound_hops, return_hops;
    bool outbound; /* return_hops is ffff: on its way out */
    struct ik_addr originator;
};
/* IK_E_LENGTH unless it has its 12 bytes. */
IK_MUST_USE enum ik_err ik_ipopt_decode_traceroute(struct ik_ipopt_traceroute *out,
                                                   const struct ik_ipopt *option,
                                                   struct ik_faults *faults);

/* ---- IPv6 extension headers (RFC 8200 section 4) --------------------------------------------- */

enum ik_proto {
    IK_PROTO_HOPOPTS = 0,
    IK_PROTO_ICMP4 = 1,
    IK_PROTO_TCP = 6,
    IK_PROTO_UDP = 17,
    IK_PROTO_ROUTING = 43,
    IK_PROTO_FRAGMENT = 44,
    IK_PROTO_ESP = 50,
    IK_PROTO_AH = 51,
    IK_PROTO_ICMP6 = 58,
    IK_PROTO_NONE = 59,
    IK_PROTO_DSTOPTS = 60,
    IK_PROTO_MOBILITY = 135,
    IK_PROTO_HIP = 139,
    IK_PROTO_SHIM6 = 140,
};

/* True for the headers that the chain is followed through (not ESP: what follows it is secret). */
bool ik_ip6ext_is(uint8_t proto);

/* One extension header. */
struct ik_ip6ext {
    uint8_t proto;      /* which it is */
    uint8_t next;       /* what follows it */
    struct ik_rd bytes; /* the whole header */
};
/* Takes the header `*proto` from the chain (at first ip.next_header and ip.options) and leaves what
 * follows in *proto. IK_E_NOT_FOUND when *proto is no extension header or the chain is used up;
 * IK_E_SHORT when it ends inside the header. Faults count from where the reader stood. */
IK_MUST_USE enum ik_err ik_ip6ext_take(struct ik_rd *chain, uint8_t *proto, struct ik_ip6ext *out,
                                       struct ik_faults *faults);

/* One option of a hop-by-hop or destination options header; bits 7-6 of the type say what a node
 * that does not know it does, bit 5 that it may change on the way (section 4.2). */
struct ik_ip6opt {
    uint8_t type;
    struct ik_rd bytes, data;
};
/* The options of such a header; empty for others. */
struct ik_rd ik_ip6ext_options(const struct ik_ip6ext *ext);
/* Takes the next option, padding included (types 0 and 1). IK_E_NOT_FOUND at the end; IK_E_SHORT
 * when it passes the end, after which nothing more is taken. Faults count from where the reader
 * stood. */
IK_MUST_USE enum ik_err ik_ip6opt_take(struct ik_rd *options, struct ik_ip6opt *out,
                                       struct ik_faults *faults);

/* Fragment header (section 4.5). */
struct ik_ip6frag {
    uint8_t next;
    bool mf;
    uint16_t offset_bytes;
    uint32_t id;
};
/* IK_E_VALUE for a header that is another. Reserved bits stay in ext->bytes. */
IK_MUST_USE enum ik_err ik_ip6ext_decode_fragment(struct ik_ip6frag *out,
                                                  const struct ik_ip6ext *ext);

/* Routing header (section 4.4): types 0 (RFC 5095 forbids it), 2 (RFC 6275), 3 (RFC 6554) and 4,
 * segment routing (RFC 8754), have addresses that are known; others only bytes. */
struct ik_ip6route {
    uint8_t type, segments_left;
    uint8_t n;            /* addresses, 0 for unknown types */
    bool final_known;     /* `final` could be told */
    struct ik_addr final; /* the last destination on the way */
    struct ik_rd data;    /* after the four common octets */
};
/* `dst` is the destination of the fixed header, from which type 3 takes prefixes. IK_E_LENGTH for a
 * header too short for its type, IK_E_VALUE for more segments left than addresses. */
IK_MUST_USE enum ik_err ik_ip6ext_decode_routing(struct ik_ip6route *out,
                                                 const struct ik_ip6ext *ext,
                                                 const struct ik_addr *dst,
                                                 struct ik_faults *faults);
/* Address i of n in the order of travel, decompressed. */
struct ik_addr ik_ip6ext_route_addr(const struct ik_ip6route *route, const struct ik_addr *dst,
                                    uint8_t i);

struct ik_udp {
    uint16_t sport, dport, len_bytes, checksum;
    struct ik_rd data;
};
/* IK_E_SHORT below 8 bytes. The data is cut at the length field when that is shorter; a length
 * below 8 is a flaw and leaves no data, save 0, which a jumbogram has (RFC 2675 section 4). */
IK_MUST_USE enum ik_err ik_udp_decode(struct ik_udp *out, struct ik_rd in,
                                      struct ik_faults *faults);
/* Writes header and data at `out`. The length is that of the data; the checksum is computed over
 * src, dst (0 becomes ffff, RFC 768). IK_E_FULL, IK_E_TOO_BIG. */
IK_MUST_USE enum ik_err ik_udp_encode(const struct ik_udp *udp, const struct ik_addr *src,
                                      const struct ik_addr *dst, uint8_t *out, size_t cap,
                                      size_t *len);

struct ik_tcp {
    uint16_t sport, dport, window, checksum, urgent;
    uint32_t seq, ack;
    uint8_t flags; /* CWR ECE URG ACK PSH RST SYN FIN, from the high bit */
    uint8_t header_bytes;
    uint8_t reserved; /* the 4 bits before the flags */
    struct ik_rd options, data;
};
#define IK_TCP_FIN 0x01
#define IK_TCP_SYN 0x02
#define IK_TCP_RST 0x04
#define IK_TCP_ACK 0x10
/* IK_E_SHORT below 20 bytes or below the data offset, IK_E_LENGTH for a data offset below 5. */
IK_MUST_USE enum ik_err ik_tcp_decode(struct ik_tcp *out, struct ik_rd in,
                                      struct ik_faults *faults);
/* As ik_udp_encode; header_bytes is computed, options are padded with zeros, beyond 40 bytes they
 * are IK_E_VALUE. */
IK_MUST_USE enum ik_err ik_tcp_encode(const struct ik_tcp *tcp, const struct ik_addr *src,
                                      const struct ik_addr *dst, uint8_t *out, size_t cap,
                                      size_t *len);

/* ---- fragments ------------------------------------------------------------------------------- */

/* Splits a packet that is longer than a link takes (RFC 791 section 3.2, RFC 8200 section 4.5). */
struct ik_frag {
    struct ik_ip ip; /* the packet; borrows from it */
    struct ik_rd before,
        data;              /* what is to be cut up: IPv6 headers after the first ones, payload */
    size_t unfragmentable; /* IPv6: bytes of options that stand in every fragment */
    uint32_t mtu, id;
    uint32_t done_bytes; /* of `before` and `data` */
    bool whole, ended;   /* it fits; all was taken */
    uint8_t options[40]; /* IPv4: those of later fragments */
    uint8_t options_bytes;
};
/* `id` is for the fragment header of IPv6. IK_E_TOO_BIG when the packet must not be split (IPv4
 * DF; IPv6 already a fragment, or headers that do not fit into the first fragment, RFC 7112 section
 * 5); IK_E_VALUE for an MTU below 68 or 1280. A packet that fits is given as it is. */
IK_MUST_USE enum ik_err ik_frag_init(struct ik_frag *f, const struct ik_ip *ip, uint32_t mtu,
                                     uint32_t id);
/* Writes the next fragment, at most mtu bytes, checksum computed. IK_E_NOT_FOUND at the end. */
IK_MUST_USE enum ik_err ik_frag_take(struct ik_frag *f, uint8_t *out, size_t cap, size_t *len);

/* ---- the packet inside an error -------------------------------------------------------------- */

/* Which members of the quote were there: an error may be cut anywhere. */
enum ik_quote_has {
    IK_QUOTE_PORTS = 1 << 0,    /* sport, dport: UDP, TCP and kin, 4 bytes */
    IK_QUOTE_TCP_SEQ = 1 << 1,  /* tcp_seq, 8 bytes */
    IK_QUOTE_UDP_SUM = 1 << 2,  /* transport_checksum and udp_len, 8 bytes */
    IK_QUOTE_ICMP = 1 << 3,     /* icmp_type, icmp_code, transport_checksum, 4 bytes */
    IK_QUOTE_ICMP_ECHO = 1 << 4 /* icmp_id, icmp_seq: an echo, timestamp, mask or information
                                   message, 8 bytes */
};

/* The quoted packet: its IP header found at its own length, then as much of its transport header as
 * was quoted (RFC 792, RFC 1812 section 4.3.2.3, RFC 4443 section 2.4). */
struct ik_quote {
    struct ik_ip ip;
    uint32_t has; /* enum ik_quote_has */
    uint16_t sport, dport, udp_len_bytes, transport_checksum;
    uint32_t tcp_seq;
    uint8_t icmp_type, icmp_code;
    uint16_t icmp_id, icmp_seq;
    struct ik_rd transport; /* from the transport header on, as quoted; may be empty */
    struct ik_rd data;      /* after the 8-byte ICMP or UDP header; may be empty */
};

/* `bytes` are the quoted bytes without extensions. IK_E_SHORT when not even the fixed header of the
 * version is there, IK_E_VERSION, IK_E_LENGTH as ik_ip_decode_quoted. */
IK_MUST_USE enum ik_err ik_quote_decode(struct ik_quote *out, struct ik_rd bytes,
                                        struct ik_faults *faults);

/* ---- RFC 4884 extension structures ----------------------------------------------------------- */

/* One object: class, C-Type, payload as bytes (never interpreted by the iterator). */
struct ik_ext_object {
    uint8_t class_num, ctype;
    struct ik_rd payload;
};

/* Checks the header of a structure (version 2, checksum unless zero) and leaves a reader at the
 * objects. IK_E_SHORT, IK_E_VERSION, IK_E_CHECKSUM: the structure is to be ignored (RFC 4884
 * section 7). */
IK_MUST_USE enum ik_err ik_ext_open(struct ik_rd *objects, struct ik_rd structure,
                                    struct ik_faults *faults);
/* Takes the next object. IK_E_NOT_FOUND at the end; IK_E_LENGTH or IK_E_SHORT when the rest cannot
 * be parsed (RFC 4884 section 8), after which nothing more is taken. */
IK_MUST_USE enum ik_err ik_ext_take(struct ik_rd *objects, struct ik_ext_object *out,
                                    struct ik_faults *faults);

/* One MPLS label stack entry (RFC 4950 section 5, RFC 3032). */
struct ik_mpls {
    uint32_t label;
    uint8_t tc, ttl;
    bool bottom;
};
/* Takes the next entry of a class 1 C-Type 1 payload; IK_E_NOT_FOUND at the end, IK_E_SHORT for the
 * rest of one, after which nothing more is taken. */
IK_MUST_USE enum ik_err ik_mpls_take(struct ik_rd *payload, struct ik_mpls *out);
/* False, with flaws, when the payload is no whole number of entries, has none, or when the bottom
 * bit is not on the last entry and only there. */
bool ik_mpls_check(struct ik_rd payload, struct ik_faults *faults);

enum { IK_IFNAME_TEXT = 64 };

/* Interface information (RFC 5837 section 4), class 2. */
struct ik_ifinfo {
    uint8_t role; /* 0 incoming, 1 sub-IP incoming, 2 outgoing, 3 next hop */
    bool has_index, has_addr, has_name, has_mtu;
    uint32_t index, mtu;
    struct ik_addr addr;
    struct ik_rd name; /* UTF-8 as it came, without the padding */
};
/* Elements in their order; more bytes after them are ignored, so are reserved bits, and an object
 * without elements is right (section 4.1). IK_E_SHORT, IK_E_LENGTH (name), IK_E_VALUE (address
 * family): unparsable from there; *out then has what came before. Faults count from the start of
 * the payload. */
IK_MUST_USE enum ik_err ik_ifinfo_decode(struct ik_ifinfo *out, const struct ik_ext_object *object,
                                         struct ik_faults *faults);

/* How an interface is identified: the C-Type (RFC 8335 section 2.1). */
enum ik_ifident_by { IK_IFIDENT_NAME = 1, IK_IFIDENT_INDEX = 2, IK_IFIDENT_ADDR = 3 };

/* Interface identification (RFC 8335 section 2.1), class 3. `ctype` is an enum ik_ifident_by. */
struct ik_ifident {
    uint8_t ctype;
    struct ik_rd name;
    uint32_t index;
    uint16_t afi;
    struct ik_rd addr; /* as long as its own length says */
};
/* IK_E_SHORT, IK_E_LENGTH, IK_E_VALUE (an unknown C-Type, or an address that is not as long as its
 * family). Faults as ik_ifinfo_decode. */
IK_MUST_USE enum ik_err ik_ifident_decode(struct ik_ifident *out,
                                          const struct ik_ext_object *object,
                                          struct ik_faults *faults);

/* Walks a structure and tells everything that is wrong in it, objects of known classes included.
 * `family` is that of the message. IK_E_VALUE when a rule is broken for which the whole message is
 * to be discarded (RFC 5837 section 4.5: two objects of one role); else the error of the first
 * thing that could not be parsed. */
IK_MUST_USE enum ik_err ik_ext_check(struct ik_rd structure, uint8_t family,
                                     struct ik_faults *faults);

/* Builds a structure in the caller's memory. The put functions refuse what an RFC forbids
 * (IK_E_VALUE for the object itself, IK_E_UNSUPPORTED in this message, IK_E_EXISTS for one too
 * many) or does not fit (IK_E_FULL), and then leave the structure as it was. */
struct ik_ext_writer {
    uint8_t *p;
    size_t cap, used;
    uint8_t family, type; /* of the ICMP message */
    uint32_t seen;        /* a bit for each object that may stand only once */
};
/* IK_E_UNSUPPORTED when the message may not have a structure: only ICMPv4 3, 11, 12, 42, 43 and
 * ICMPv6 1, 3, 160, 161 may (RFC 4884 section 4.6, RFC 8335 section 6). */
IK_MUST_USE enum ik_err ik_ext_begin(struct ik_ext_writer *w, uint8_t family, uint8_t type,
                                     uint8_t *out, size_t cap);
/* Any object, payload as bytes in whole words of 4; classes 1 to 3 by the rules of their own. */
IK_MUST_USE enum ik_err ik_ext_put(struct ik_ext_writer *w, uint8_t class_num, uint8_t ctype,
                                   struct ik_rd payload);
/* The stack of n >= 1 entries, top first, as one object; once, only in unreachable and time
 * exceeded (RFC 4950 section 5). Bottom bits are written as they are and must be consistent. */
IK_MUST_USE enum ik_err ik_mpls_put(struct ik_ext_writer *w, const struct ik_mpls *stack, size_t n);
/* Only in ICMPv4 3, 11, 12 and ICMPv6 1, 3; each role once; an address only of the message's
 * family; a name of 1..63 bytes of UTF-8 (RFC 5837 section 4). */
IK_MUST_USE enum ik_err ik_ifinfo_put(struct ik_ext_writer *w, const struct ik_ifinfo *info);
/* Only in an extended echo request, exactly once (RFC 8335 section 2). */
IK_MUST_USE enum ik_err ik_ifident_put(struct ik_ext_writer *w, const struct ik_ifident *ident);
/* Fills in the checksum; *len is the whole structure. IK_E_VALUE without an object. A checksum that
 * comes out as 0 stands so (RFC 4884 is silent); receivers then do not verify it. */
IK_MUST_USE enum ik_err ik_ext_end(struct ik_ext_writer *w, size_t *len);

/* ---- ICMP ------------------------------------------------------------------------------------ */

/* How octets are to be read beside the bytes themselves. */
struct ik_icmp_ctx {
    uint8_t family;         /* 4 or 6: which protocol this is */
    bool checksum_verified; /* the kernel did it: it is not computed again */
    bool cut;               /* bytes are missing at the end: the checksum cannot be known */
    bool lenient_ext;       /* RFC 4884 section 5.5 non-default mode */
    /* hop limit as received and its presence: ND is only valid with 255 (flaw otherwise) */
    bool hop_limit_known;
    uint8_t hop_limit;
    /* whether the IP header has a Router Alert option (MLD needs one), and whether that is known */
    bool router_alert_known, router_alert;
    /* IPv6 only: addresses of the pseudo-header, NULL when unknown (then the checksum is unknown)
     */
    const struct ik_addr *src, *dst;
};

/* Decodes an ICMP message: `in` from the type octet to the end of the IP payload. Always fills
 * type, code, checksum and the raw rest when 4 bytes are there; IK_E_SHORT or another error when
 * the body is not what its type needs (then out->kind is IK_ICMP_RAW and all bytes are in
 * out->raw). A wrong checksum is a flaw and `checksum_ok` false, not an error: the caller decides.
 * So are broken rules (hop limit, code, reserved bits, addresses), save those for which the whole
 * message is invalid: an ND option of length zero (IK_E_ZERO_LEN) or past the end (IK_E_SHORT), a
 * listener query of 25 to 27 bytes (IK_E_LENGTH). Quote and extension structure of an error are
 * found here and judged by ik_quote_decode and ik_ext_check. *out is untouched below 4 bytes. */
IK_MUST_USE enum ik_err ik_icmp_decode(struct ik_icmp *out, struct ik_rd in,
                                       const struct ik_icmp_ctx *ctx, struct ik_faults *faults);
/* Writes the message at `out`; *len is how many bytes. `exact`: as it stands in the view, checksum
 * and reserved fields included, so that a decoded message encodes to itself (`raw` counts for
 * IK_ICMP_RAW only). Otherwise as a message of our own: reserved fields are zero, the checksum is
 * computed (ICMPv6 without addresses in ctx, or ctx NULL: left zero for a raw socket to fill),
 * flags of an extended echo come from the claims, and an error is built from mtu, pointer or
 * gateway, quote and extensions: the quote padded (at least 128 bytes and whole words before
 * extensions, RFC 4884 section 4) and cut so that a datagram without IP options has at most 576
 * (ICMPv6: 1280) bytes. IK_E_FULL; IK_E_VALUE for a value too wide for its field; IK_E_UNSUPPORTED
 * for extensions where none may be; IK_E_TOO_BIG for extensions that leave no room for 128 bytes of
 * quote. */
IK_MUST_USE enum ik_err ik_icmp_encode(const struct ik_icmp *icmp, const struct ik_icmp_ctx *ctx,
                                       bool exact, uint8_t *out, size_t cap, size_t *len);

/* ---- names ----------------------------------------------------------------------------------- */

/* Spelling of a type in all outputs ("echo-reply"), static, NULL when the number is unknown. */
const char *ik_icmp_type_name(uint8_t family, uint8_t type);
/* Spelling of a code ("port-unreachable"), static, NULL when the type gives it no name. */
const char *ik_icmp_code_name(uint8_t family, uint8_t type, uint8_t code);
/* "TYPE/CODE" spelled for people and records: code name, else type name; static, NULL when neither
 * is known. */
const char *ik_icmp_word(uint8_t family, uint8_t type, uint8_t code);
/* The same, and "type-N" when neither is. Writes at most cap bytes with terminator; returns buf. */
const char *ik_icmp_name(uint8_t family, uint8_t type, uint8_t code, char *buf, size_t cap);
/* True for messages that report an error: from the table (v4), by the high bit (v6, RFC 4443
 * section 2.1). */
bool ik_icmp_is_error(uint8_t family, uint8_t type);

/* ---- writing capture files (draft-ietf-opsawg-pcapng, draft-ietf-opsawg-pcap) ---------------- */

/* Names and comments are cut at so many bytes; a block needs no more than its frame, two texts and
 * this (see also ik_pcapng_frame). */
enum { IK_PCAPNG_TEXT = 256, IK_PCAPNG_ROOM = 64 };

/* Blocks of a file, in this order: a section, its interfaces, then packets. Each writes one block
 * at `out`, *len is how many bytes. IK_E_FULL. */
IK_MUST_USE enum ik_err ik_pcapng_section(uint8_t *out, size_t cap, size_t *len);
/* The interfaces of a section are numbered from 0. Times of its packets are in nanoseconds. */
IK_MUST_USE enum ik_err ik_pcapng_interface(uint16_t link_type, const char *name, uint8_t *out,
                                            size_t cap, size_t *len);
/* `at` is real time; `comment` is UTF-8 for people, or NULL. */
IK_MUST_USE enum ik_err ik_pcapng_packet(uint32_t interface, ik_ns at, struct ik_rd frame,
                                         const char *comment, uint8_t *out, size_t cap,
                                         size_t *len);

/* One packet with all that is known of it. */
struct ik_pcapng_frame {
    uint32_t interface;
    ik_ns at;                    /* real; IK_NEVER: unknown, written as 0 */
    struct ik_rd bytes;          /* as captured */
    uint32_t wire_bytes;         /* as long as it was */
    const char *const *comments; /* UTF-8, each cut at a whole character */
    size_t n_comments;
};
/* The block needs no more than the bytes, the texts as cut, 4 for each text and IK_PCAPNG_ROOM.
 * IK_E_TOO_BIG beyond IK_CAPFILE_BLOCK_MAX. */
IK_MUST_USE enum ik_err ik_pcapng_frame(const struct ik_pcapng_frame *f, uint8_t *out, size_t cap,
                                        size_t *len);
/* What was counted at an interface until `at`; UINT64_MAX: not known. Stands behind the packets. */
IK_MUST_USE enum ik_err ik_pcapng_stats(uint32_t interface, ik_ns at, uint64_t received,
                                        uint64_t dropped, uint8_t *out, size_t cap, size_t *len);

/* The older format, times in nanoseconds: a header, then packets. One link type, no comments, no
 * counts. */
enum { IK_PCAP_HEADER_BYTES = 24, IK_PCAP_PACKET_ROOM = 16 };
/* `snap_bytes`: longest captured, 0 no limit. IK_E_FULL. */
IK_MUST_USE enum ik_err ik_pcap_header(uint16_t linktype, uint32_t snap_bytes, uint8_t *out,
                                       size_t cap, size_t *len);
/* Needs IK_PCAP_PACKET_ROOM and the bytes. IK_E_VALUE for a time before 1970 or after 2106
 * (IK_NEVER is written as 0), IK_E_FULL, IK_E_TOO_BIG. */
IK_MUST_USE enum ik_err ik_pcap_packet(ik_ns at, struct ik_rd bytes, uint32_t wire_bytes,
                                       uint8_t *out, size_t cap, size_t *len);
