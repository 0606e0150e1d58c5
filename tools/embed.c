/* SPDX-License-Identifier: MIT
 * Writes the C source that holds the built-in labs: embed FILE... gives each file as text under its
 * name without folder and suffix. */
#include <stdio.h>
#include <string.h>

static size_t name_of(const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    const char *dot = strrchr(*name, '.');
    return dot ? (size_t)(dot - *name) : strlen(*name);
}

static int put_file(int number, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    printf("static const char text_%d[] = {", number);
    int c;
    for (size_t n = 0; (c = getc(f)) != EOF; n++)
        printf("%s%d,", n % 24 == 0 ? "\n    " : "", c < 128 ? c : c - 256);
    printf("\n    0};\n");
    const int failed = ferror(f);
    fclose(f);
    return failed;
}

int main(int argc, char **argv)
{
    const char *name;
    printf("/* Made by tools/embed.c from examples/. */\n#include \"icmpkit/lab.h\"\n\n"
           "#include <string.h>\n\n");
    for (int i = 1; i < argc; i++)
        if (put_file(i, argv[i]))
            return 1;
    printf("static const char *const names[] = {");
    for (int i = 1; i < argc; i++) {
        const int n = (int)name_of(argv[i], &name);
        printf("\"%.*s\", ", n, name);
    }
    printf("NULL};\nstatic const char *const texts[] = {");
    for (int i = 1; i < argc; i++)
        printf("text_%d, ", i);
    printf("NULL};\n\n"
           "const char *const *ik_lab_builtins(void)\n{\n    return names;\n}\n\n"
           "const char *ik_lab_builtin_text(const char *name)\n{\n"
           "    for (size_t i = 0; names[i]; i++)\n"
           "        if (strcmp(names[i], name) == 0)\n"
           "            return texts[i];\n"
           "    return NULL;\n}\n");
    return fflush(stdout) != 0;
}
