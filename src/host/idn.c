/* SPDX-License-Identifier: MIT
 * See idn.h. */
#include "host/idn.h"

#include <dlfcn.h>
#include <string.h>

/* The two functions that we call, and their flags, as idn2.h of libidn2.so.0 has them. */
struct idn2 {
    void *handle;
    int (*lookup_u8)(const uint8_t *src, uint8_t **out, int flags);
    void (*free)(void *p);
};
enum { IDN2_NFC_INPUT = 1, IDN2_NONTRANSITIONAL = 8 };

bool ik_idn_is_ascii(const char *name)
{
    for (; *name; name++) {
        if (*name & 0x80)
            return false;
    }
    return true;
}

/* dlsym gives an object pointer; POSIX promises that its bytes are those of the function's. */
static bool load_symbol(void *handle, const char *name, void *slot, size_t n)
{
    void *at = dlsym(handle, name);
    _Static_assert(sizeof(at) == sizeof(void (*)(void)), "POSIX dlsym");
    if (at)
        memcpy(slot, &at, n);
    return at;
}

static bool idn2_load(struct idn2 *lib)
{
    lib->handle = dlopen("libidn2.so.0", RTLD_LAZY | RTLD_LOCAL);
    if (!lib->handle)
        return false;
    if (load_symbol(lib->handle, "idn2_lookup_u8", &lib->lookup_u8, sizeof(lib->lookup_u8)) &&
        load_symbol(lib->handle, "idn2_free", &lib->free, sizeof(lib->free)))
        return true;
    dlclose(lib->handle);
    return false;
}

enum ik_err ik_idn_encode(const char *name, char out[static IK_IDN_BYTES])
{
    struct idn2 lib;
    uint8_t *ascii = NULL;
    if (!idn2_load(&lib))
        return IK_E_UNSUPPORTED;
    enum ik_err err = IK_E_VALUE;
    if (!lib.lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)) {
        const size_t n = strlen((const char *)ascii);
        if (n < IK_IDN_BYTES) {
            memcpy(out, ascii, n + 1);
            err = IK_OK;
        }
        lib.free(ascii);
    }
    dlclose(lib.handle);
    return err;
}
