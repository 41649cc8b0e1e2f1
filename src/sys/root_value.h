/* One value out of a small file, read through the root handle: known, or unknown with the file's name in its reason. */
#ifndef HR_ROOT_VALUE_H
#define HR_ROOT_VALUE_H

#include "known.h"
#include "root.h"

/* The whole file is one number ("60\n"); "max" (cgroups) is unknown: no limit is set. */
struct hr_figure hr_root_figure(const struct hr_root *root, const char *path);
/* The first line, without blanks at its ends; bytes that no terminal should see become '?'.  An empty file is unknown. */
struct hr_word hr_root_word(const struct hr_root *root, const char *path);
/* As hr_root_read, but what it could not read is told as the reason of a value.  True: the text is in `b`. */
bool hr_root_text(const struct hr_root *root, const char *path, struct hr_buf *b, char why[HR_WHY_MAX]);

/* In a text of lines "Key:   123 kB" or "key 123": the value behind the first line of that key.  The number of bytes where
 * the line ends in kB. */
bool hr_text_line(struct hr_str text, char sep, const char *key, struct hr_str *ret_value);
struct hr_figure hr_text_figure(struct hr_str text, char sep, const char *key, const char *file);
/* A name from a foreign text, made fit for a sentence. */
struct hr_word hr_word_clean(struct hr_str s);

#endif
