/* The bytes of a configuration file as WSL's own reader gets them: characters, each with the place it came from.
 *
 * .wslconfig is opened by Windows' C runtime as text: a UTF-8 mark is skipped, a UTF-16LE mark switches to UTF-16, anything
 * else is UTF-8; CR LF becomes LF and Ctrl-Z ends the file.  /etc/wsl.conf is read by Linux byte after byte: no mark is known
 * there, and CR stays. */
#ifndef HR_WSL_TEXT_H
#define HR_WSL_TEXT_H

#include "buf.h"
#include "err.h"

enum hr_wsl_file { HR_WSL_WSLCONFIG, HR_WSL_WSLCONF };
enum hr_wsl_encoding { HR_WSL_UTF8, HR_WSL_UTF8_BOM, HR_WSL_UTF16LE, HR_WSL_UTF16BE };

/* Neither file has a reason to be longer; WSL itself has no limit. */
enum { HR_WSL_SIZE_MAX = 1 << 20 };

struct hr_wsl_text {
    struct hr_str bytes; /* the whole file; the caller's */
    enum hr_wsl_file file;
    enum hr_wsl_encoding encoding; /* of .wslconfig; wsl.conf is always bytes (HR_WSL_UTF8) */
    bool looks_utf16;              /* no mark, but zeros between the letters: UTF-16 that nobody will read as such */
    bool ctrl_z;                   /* .wslconfig: the reader stops at a Ctrl-Z before the end */
    uint16_t *unit;                /* n characters, UTF-16 as Windows has them; bytes for wsl.conf */
    uint32_t *off;                 /* n + 1 offsets into `bytes` */
    uint32_t n;
    uint32_t *line; /* lines + 1 indexes into `unit`: where each line begins; lines end at '\n' */
    uint32_t lines; /* at least 1 */
};

/* HR_E_LIMIT for a file above HR_WSL_SIZE_MAX.  `bytes` must outlive the text. */
int hr_wsl_text_init(struct hr_wsl_text *t, enum hr_wsl_file file, struct hr_str bytes,
                     struct hr_error *err) HR_MUST_USE;
void hr_wsl_text_fini(struct hr_wsl_text *t);

/* The line (from 0) that holds character i; the end of the text belongs to the last one. */
uint32_t hr_wsl_text_line_of(const struct hr_wsl_text *t, uint32_t i);
/* The character behind the last one of a line, its line end left out. */
uint32_t hr_wsl_text_line_end(const struct hr_wsl_text *t, uint32_t line);
/* Appends characters [from, to) as UTF-8. */
bool hr_wsl_text_show(const struct hr_wsl_text *t, uint32_t from, uint32_t to, struct hr_buf *out);
/* Appends s (UTF-8 or ASCII) in the file's own encoding. */
bool hr_wsl_text_encode(const struct hr_wsl_text *t, struct hr_str s, struct hr_buf *out);
/* "UTF-16LE with a byte order mark" */
const char *hr_wsl_encoding_name(enum hr_wsl_encoding e);

#endif
