/* The little Markdown that docs/man is written in, as roff for manual pages.
 *
 * Understood: headings (# to ###), paragraphs, bullets ("- ", one level), fenced code (```), and inside text `code`, **bold**,
 * *emphasis* and [links](target).  Anything else is text.  Whatever the input, the output holds no roff request of its own:
 * every character that roff would act upon is escaped. */
#ifndef HR_MD_ROFF_H
#define HR_MD_ROFF_H

#include "buf.h"

/* Text with roff's special characters escaped, on one line; usable in the middle of a line only (the caller begins it). */
void hr_roff_text(struct hr_buf *out, struct hr_str text);
/* As above, with the marks for code, bold and emphasis turned into fonts. */
void hr_roff_inline(struct hr_buf *out, struct hr_str text);
/* A whole text, as it stands behind a section's heading.  Headings of the first two levels become sections (.SH, in capitals), deeper ones .SS. */
void hr_md_roff(struct hr_buf *out, struct hr_str md);

/* Splits before the first heading: what introduces, and the sections. */
void hr_md_split(struct hr_str md, struct hr_str *ret_intro, struct hr_str *ret_sections);

#endif
