/* expand_root FILE DIR: lays out a root of tests/roots as the folder that `headrace --root DIR` takes. */
#include "root_text.h"

int main(int argc, char **argv)
{
    struct hr_error err = HR_ERROR_INIT;
    if (argc != 3) {
        fputs("usage: expand_root FILE DIR\n", stderr);
        return 2;
    }
    if (root_text_expand(argv[1], argv[2], 0, &err) < 0) {
        fprintf(stderr, "expand_root: %s\n", err.text);
        return 1;
    }
    return 0;
}
