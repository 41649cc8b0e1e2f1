/* The files of the page, in the program itself. */
#ifndef HR_PAGE_H
#define HR_PAGE_H

#include "str.h"

struct hr_page_file {
    const char *path, *type;
    struct hr_str bytes;
    char etag[24]; /* of the contents */
};
const struct hr_page_file *hr_page_find(const char *path); /* NULL: none of that path */

#endif
