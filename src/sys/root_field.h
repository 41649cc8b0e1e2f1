/* Fields of the lines below headrace/ of a captured root (root.h), for who reads and who writes them. */
#ifndef HR_ROOT_FIELD_H
#define HR_ROOT_FIELD_H

#include "buf.h"
#include "str.h"

/* Appends `s` as one field: blanks, control bytes and % as %XX.  An empty field is "%". */
bool hr_field_add(struct hr_buf *b, struct hr_str s);
/* Appends what the field stands for. */
bool hr_field_read(struct hr_str field, struct hr_buf *b);

#endif
