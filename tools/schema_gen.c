/* SPDX-License-Identifier: MIT
 * Writes records.schema.json or records.md to stdout, at build time. */
#include <icmpkit/record.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    size_t (*make)(char *out, size_t cap) = NULL;
    if (argc == 2 && !strcmp(argv[1], "schema"))
        make = ik_record_schema;
    else if (argc == 2 && !strcmp(argv[1], "doc"))
        make = ik_record_doc;
    if (!make) {
        fprintf(stderr, "usage: schema_gen schema|doc\n");
        return 2;
    }
    const size_t bytes = make(NULL, 0);
    char *const text = malloc(bytes);
    const int ok = text && make(text, bytes) == bytes && fwrite(text, 1, bytes, stdout) == bytes &&
                   fflush(stdout) == 0;
    free(text);
    return ok ? 0 : 1;
}
