/* SPDX-License-Identifier: MIT
 * Writes the C source that holds a file as bytes: embed_object NAME FILE gives the array NAME,
 * ended by none, and NAME_bytes. */
#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!f) {
        fprintf(stderr, "usage: embed_object NAME FILE\n");
        return 2;
    }
    printf("/* Made by tools/embed_object.c. */\n#include <stddef.h>\n#include <stdint.h>\n\n"
           "extern const uint8_t %s[];\nextern const size_t %s_bytes;\n"
           "_Alignas(8) const uint8_t %s[] = {",
           argv[1], argv[1], argv[1]);
    int c;
    for (size_t n = 0; (c = getc(f)) != EOF; n++)
        printf("%s%d,", n % 24 == 0 ? "\n    " : "", c);
    printf("\n};\nconst size_t %s_bytes = sizeof(%s);\n", argv[1], argv[1]);
    return ferror(f) || fflush(stdout) != 0;
}
