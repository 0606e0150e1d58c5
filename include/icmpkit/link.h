/* SPDX-License-Identifier: MIT
 * Kernel backends of the link contract; capture files, and which of their packets are wanted. */
#pragma once

#include <icmpkit/base.h>
#include <icmpkit/capture.h>

/* Which answers a raw ICMP socket lets through beside errors (and only these). */
enum ik_link_answer {
    IK_ANSWER_ECHO = 1 << 0,      /* ICMPv4 0, ICMPv6 129: by identifier and tag */
    IK_ANSWER_TIMESTAMP = 1 << 1, /* ICMPv4 14: by identifier */
    IK_ANSWER_NODE_INFO = 1 << 2, /* ICMPv6 140: by tag, the first 4 bytes of the nonce */
};

/* What a socket link opens with; zero means the system's default. */
struct ik_link_cfg {
    uint8_t family;        /* 4 or 6, required */
    struct ik_addr source; /* family 0: the kernel chooses */
    const char *interface; /* name, or NULL; the link sends and receives on no other */
    uint16_t ident;        /* identifier (or source port) to own; raw sockets take it as it is, the
                              others get the kernel's choice for 0 */
    uint32_t answers;      /* raw: enum ik_link_answer; 0: echo */
    uint32_t tag;          /* run tag, host order: the 4 bytes after the 8-byte ICMP header of an
                              answer that the filter of a raw socket lets through; used when
                              `filter_tag` */
    bool filter_tag;
    uint32_t max_bytes;     /* largest message expected, from the first byte of the medium;
                               longer ones are cut; 0: 2048, which is the least */
    int ttl, multicast_ttl; /* -1 default */
    int tclass;             /* -1 default */
    int64_t flow_label;     /* IPv6, -1 none */
    int pmtudisc;           /* IP_PMTUDISC_*, -1 default */
    uint32_t mark;
    bool has_mark;
    bool broadcast, dont_route, no_multicast_loop, debug, connect;
    bool user_stamps;        /* no stamps of the kernel */
    bool sticky_source;      /* bind to the source that the kernel uses towards `peer` now */
    struct ik_addr peer;     /* for connect, and to learn the source */
    int sndbuf, rcvbuf;      /* bytes, 0 default (receive: as much as is allowed) */
    struct ik_rd ip_options; /* IPv4 options to set, at most 40 bytes */
    uint32_t queue;          /* frames that may wait for a stamp; 0: 65536 */
};

/* The ways in. On success *out is the caller's, ended by ops->close; on error it is untouched:
 * IK_E_ACCESS (no privilege), IK_E_UNSUPPORTED (no such family), IK_E_ADDR, IK_E_IFACE, ... */

/* Datagram ICMP socket (ping_group_range): frames of IK_MEDIUM_ICMP4/6, echo only; errors come as
 * IK_EV_ERROR. */
IK_MUST_USE enum ik_err ik_link_open_ping(struct ik_link **out, const struct ik_link_cfg *cfg);
/* Raw ICMP socket: frames out of IK_MEDIUM_ICMP4/6, frames in of IK_MEDIUM_IP (v4) or
 * IK_MEDIUM_ICMP6; errors come as frames. Needs CAP_NET_RAW. */
IK_MUST_USE enum ik_err ik_link_open_raw(struct ik_link **out, const struct ik_link_cfg *cfg);
/* Raw IP sockets for traces: frames out are whole packets (IK_MEDIUM_IP); in: ICMP of the family,
 * and TCP with the ports of `ident` where asked. Needs CAP_NET_RAW. */
IK_MUST_USE enum ik_err ik_link_open_rawip(struct ik_link **out, const struct ik_link_cfg *cfg,
                                           bool with_tcp);
/* UDP socket with its error queue: frames out are payloads (IK_MEDIUM_UDP) with meta dst, dport,
 * ttl; in: payloads, and IK_EV_ERROR. No privilege. */
IK_MUST_USE enum ik_err ik_link_open_udp(struct ik_link **out, const struct ik_link_cfg *cfg);

/* Links of whole frames, IK_MEDIUM_ETHER both ways and both families: what a stack or a simulated
 * network has instead of a card. Frames that could not be sent come back as IK_EV_FAILED; of those
 * that left nothing is told. The calls below about ident, source and rcvbuf are not for them. */

/* Makes a TAP device of that name, down, with that address and MTU (68 to 65521 bytes), gone when
 * the link closes. What the machine sends through it is received here, and what is sent here it
 * receives. User stamps. IK_E_EXISTS: an interface has that name; IK_E_ACCESS: needs
 * CAP_NET_ADMIN; IK_E_UNSUPPORTED: no /dev/net/tun; IK_E_VALUE. */
IK_MUST_USE enum ik_err ik_link_open_tap(struct ik_link **out, const char *name,
                                         const uint8_t mac[6], uint32_t mtu);
/* Every frame that arrives at an interface, promiscuously, beside whatever else hears it; not what
 * leaves through it, so what is sent here is not seen again. Frames are as on the wire: checksums
 * that a sender on this machine left to the card are completed, VLAN tags are in place. Stamps of
 * the kernel. IK_E_ACCESS: needs CAP_NET_RAW; IK_E_IFACE: no such interface, or it is down. */
IK_MUST_USE enum ik_err ik_link_open_packet(struct ik_link **out, const char *ifname);

/* ---- live capture ---------------------------------------------------------------------------- */

/* What passes an interface, by a ring that the kernel fills: nothing is copied or asked for frame
 * by frame. A link that gives events only (a frame to send comes back as IK_EV_FAILED): IK_EV_FRAME
 * with `captured`, meta.ifindex and stamps of the kernel in nanoseconds, in batches; IK_EV_DROPS;
 * IK_EV_DOWN when the interface goes. VLAN tags are in place. A frame comes up to 20 ms after it
 * arrived. The calls below about ident, source and rcvbuf are not for it. */

enum ik_capture_direction { IK_CAPTURE_BOTH, IK_CAPTURE_IN, IK_CAPTURE_OUT };

/* Zero means the default. */
struct ik_capture_cfg {
    const char *interface; /* NULL or "any": all, also those to come. Read at open only */
    uint32_t snap_bytes;   /* of a frame as it is given, at most; 0: all */
    uint32_t ring_bytes; /* for frames that were not read yet; 0: 32 MiB; from 1 MiB to 1 GiB, less
                            where memory is short */
    bool promiscuous;    /* also what is addressed to others; not with "any" */
    enum ik_capture_direction direction;
};

/* Opens a capture that takes nothing yet: this needs CAP_NET_RAW, and all that follows does not, so
 * that filters are compiled without privilege. On success *out is the caller's, ended by
 * ops->close. IK_E_ACCESS; IK_E_IFACE: no such interface, or it is down; IK_E_UNSUPPORTED: frames
 * of that kind of interface are not read (802.11 monitors), or the kernel has no packet sockets;
 * IK_E_NOMEM. */
IK_MUST_USE enum ik_err ik_link_open_capture(struct ik_link **out,
                                             const struct ik_capture_cfg *cfg);
/* Of the frames of a capture, IK_LINKTYPE_*: Ethernet, raw IP where there is nothing before it
 * (tun), else (PPP, "any") Linux cooked 2, made from what the kernel says of each frame. */
uint16_t ik_link_linktype(const struct ik_link *capture);
/* Takes from now on what `program` wants: n instructions of classic BPF for frames as they are
 * given, none (n 0): all. What the kernel cannot judge as we give it is let through (all frames
 * with a VLAN tag are), so the caller judges again. May be called again, for another program.
 * IK_E_VALUE: no such program; IK_E_NOMEM. */
struct sock_filter;
IK_MUST_USE enum ik_err ik_link_capture_start(struct ik_link *capture,
                                              const struct sock_filter *program, size_t n);
/* Takes nothing from now on; waits until the kernel has handed over what it took (some 20 ms),
 * which rx then still gives until it gives none. */
void ik_link_capture_stop(struct ik_link *capture);

/* Since the start. Of frames that the filter let through, in the kernel's count: received is given
 * by rx or still to come, dropped found no room and was told, or will be, by IK_EV_DROPS. */
struct ik_capture_stats {
    uint64_t received, dropped;
};
struct ik_capture_stats ik_link_capture_stats(struct ik_link *capture);

/* ---- what socket links tell of themselves ---------------------------------------------------- */

/* The identifier (or source port) that the link sends with. */
uint16_t ik_link_ident(const struct ik_link *l);
/* The source address that the kernel would use towards cfg.peer, family 0 when unknown. */
struct ik_addr ik_link_source(const struct ik_link *l);
/* Bytes of the receive buffer as the kernel granted it. */
uint32_t ik_link_rcvbuf_bytes(const struct ik_link *l);

/* The kernel begins to stamp arrivals a little after the first socket asked for it. Waits for that,
 * some milliseconds at most; a link that wants stamps must be open. False when it was not seen to
 * begin (or the loopback interface, which this asks by, is down). */
bool ik_link_await_stamps(void);

/* ---- capture files --------------------------------------------------------------------------- */

/* Reads a capture file, pcap or pcapng, plain or packed by gzip, a path or standard input of any
 * length, in memory that does not grow with it. It is no link: those give batches of frames of one
 * medium in order of time, while a file also has interfaces, comments, counts and damage in places
 * of their own, and is read as fast as it is taken. */
struct ik_capread;
enum { IK_CAPREAD_TEXT = 256 };

/* Opens `path`, "-" being standard input. `follow`: the end of a file that may grow is not the end.
 * IK_E_NOT_FOUND, IK_E_ACCESS, IK_E_NOMEM, IK_E_SYSTEM; then `why` is a line that says so. */
IK_MUST_USE enum ik_err ik_capread_open(struct ik_capread **out, const char *path, bool follow,
                                        char why[static IK_CAPREAD_TEXT]);
/* Takes the next item; spans in it are valid until the next call. IK_OK: an item, perhaps with a
 * fault that reading goes on after. IK_E_AGAIN: nothing now (a pipe, or following; see
 * ik_capread_fd). IK_E_NOT_FOUND: the end, and all was well. Another error is the end as well, and
 * *out holds what there was of the last item: of a packet that was cut, the bytes that are there
 * (kind IK_CAPFILE_OTHER and no bytes when there is none). */
IK_MUST_USE enum ik_err ik_capread_take(struct ik_capread *r, struct ik_capfile_item *out);
/* The same out of what is in memory already, and spans of the item before stay valid as well.
 * IK_E_AGAIN: ik_capread_take knows more. */
IK_MUST_USE enum ik_err ik_capread_ahead(struct ik_capread *r, struct ik_capfile_item *out);
/* Why reading ended, a line with the place ("byte 1234: the file ends inside a block or packet", or
 * what the system or the unpacking failed at); "" unless ik_capread_take gave an error. */
const char *ik_capread_why(const struct ik_capread *r);
/* Readable when there may be more after IK_E_AGAIN. -1: there is no such thing, and when following
 * the caller looks again after a while. */
int ik_capread_fd(const struct ik_capread *r);
void ik_capread_close(struct ik_capread *r);

/* ---- filters --------------------------------------------------------------------------------- */

/* Which packets are wanted, in the language of libpcap (pcap-filter(7)). `icmp`, `icmp6` and
 * relations of their bytes (icmp[icmptype] = icmp-echo) are evaluated by us on what was decoded, so
 * that they hold behind every extension header, in tunnels that were entered, and in datagrams that
 * were put together; the rest is libpcap's own, for each link type that occurs. Without libpcap
 * only the former are there. */
struct ik_capfilter;
struct sock_filter;
enum { IK_CAPFILTER_TEXT = 256 };

/* What is known of a packet beside its frame. */
struct ik_capfilter_view {
    uint8_t family;    /* 4 or 6: the innermost packet is ICMP of that family; else 0 */
    struct ik_rd icmp; /* from the type octet on; empty in a fragment that was not put together */
    bool unread;       /* no IP packet could be decoded: libpcap's own icmp and icmp6 decide */
};

/* Compiles `expression`; an empty one wants everything. Names of hosts and networks are refused
 * (IK_E_REFUSED) unless `resolve`, since looking them up would tell others what is looked for;
 * names of ports and protocols are in local tables. IK_E_VALUE: no such expression;
 * IK_E_UNSUPPORTED: it needs libpcap and this build has none; IK_E_NOMEM. Then `why` is a line that
 * says so. */
IK_MUST_USE enum ik_err ik_capfilter_open(struct ik_capfilter **out, const char *expression,
                                          bool resolve, char why[static IK_CAPFILTER_TEXT]);
/* Whether a packet is wanted. IK_E_UNSUPPORTED: the expression has no meaning for that link type
 * (ik_capfilter_why says why, the same each time). */
IK_MUST_USE enum ik_err ik_capfilter_match(struct ik_capfilter *f, uint16_t linktype,
                                           struct ik_rd frame, uint32_t wire_bytes,
                                           const struct ik_capfilter_view *view, bool *match);
/* A classic BPF program that lets through all that ik_capfilter_match wants, and less of the rest:
 * for a socket of that link type. The instructions are the filter's. IK_E_NOT_FOUND: there is none
 * that would help, all must come up. */
IK_MUST_USE enum ik_err ik_capfilter_kernel(struct ik_capfilter *f, uint16_t linktype,
                                            const struct sock_filter **out, size_t *n);
/* The last reason of IK_E_UNSUPPORTED, "" before. */
const char *ik_capfilter_why(const struct ik_capfilter *f);
void ik_capfilter_close(struct ik_capfilter *f);
