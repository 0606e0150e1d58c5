/* SPDX-License-Identifier: MIT
 * Runs a fuzz target without libFuzzer: over each file of the directories that it is given, and
 * over each of them cut at every length, in blocks of their exact size. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1 << 16 };

static void run_cut(const uint8_t *data, size_t size)
{
    uint8_t *block = malloc(size ? size : 1);
    FUZZ_CHECK(block);
    if (size)
        memcpy(block, data, size);
    LLVMFuzzerTestOneInput(block, size);
    free(block);
}

static void run_file(const char *path)
{
    uint8_t *data = malloc(FILE_MAX);
    FILE *f = fopen(path, "rb");
    FUZZ_CHECK(data && f);
    const size_t size = fread(data, 1, FILE_MAX, f);
    for (size_t cut = 0; cut <= size; cut++)
        run_cut(data, cut);
    fclose(f);
    free(data);
}

/* How many files there were, -1 when it is no directory. */
static long run_directory(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return -1;
    long n = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        char name[4096];
        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
        run_file(name);
        n++;
    }
    closedir(dir);
    return n;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const long n = run_directory(argv[i]);
        if (n <= 0) {
            fprintf(stderr, "%s: no seeds\n", argv[i]);
            return 1;
        }
        printf("%s: %ld seeds\n", argv[i], n);
    }
    return argc > 1 ? 0 : 1;
}
