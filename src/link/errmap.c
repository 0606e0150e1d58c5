/* SPDX-License-Identifier: MIT
 * Two tables: the same number means different things at open and at send. */
#include "link/errmap.h"

#include <errno.h>

enum ik_err ik_errmap_open(int err)
{
    switch (err) {
    case EPERM:
    case EACCES:
        return IK_E_ACCESS;
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
        return IK_E_UNSUPPORTED;
    case EADDRNOTAVAIL:
        return IK_E_ADDR;
    case EADDRINUSE:
        return IK_E_EXISTS;
    case ENODEV:
    case ENXIO:
    case ENETDOWN:
        return IK_E_IFACE;
    case ENETUNREACH:
        return IK_E_NO_ROUTE;
    case EHOSTUNREACH:
        return IK_E_HOST_DOWN;
    case ENOMEM:
    case ENOBUFS:
        return IK_E_NOMEM;
    case EMFILE:
    case ENFILE:
        return IK_E_FULL;
    case EINVAL:
    case EDOM:
        return IK_E_VALUE;
    default:
        return IK_E_SYSTEM;
    }
}

enum ik_err ik_errmap_send(int err)
{
    switch (err) {
    case EMSGSIZE:
        return IK_E_TOO_BIG;
    case ENETUNREACH:
        return IK_E_NO_ROUTE;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENONET:
        return IK_E_HOST_DOWN;
    case EPERM:
    case ECONNREFUSED:
        return IK_E_REFUSED;
    case EACCES:
        return IK_E_ACCESS;
    case EADDRNOTAVAIL:
        return IK_E_ADDR;
    case ENODEV:
    case ENXIO:
    case ENETDOWN:
        return IK_E_IFACE;
    case ENOBUFS:
    case ENOMEM:
        return IK_E_NOBUFS;
    case EAGAIN:
        return IK_E_AGAIN;
    case EINVAL:
    case EPROTO:
    case EDESTADDRREQ:
        return IK_E_VALUE;
    case EAFNOSUPPORT:
    case EOPNOTSUPP:
    case ENOPROTOOPT:
        return IK_E_UNSUPPORTED;
    default:
        return IK_E_SYSTEM;
    }
}
