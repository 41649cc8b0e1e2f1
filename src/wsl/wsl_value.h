/* Values as WSL reads them.  Each takes a terminated string and tells whether WSL would take it; *ret is untouched when not. */
#ifndef HR_WSL_VALUE_H
#define HR_WSL_VALUE_H

#include "wsl_keys.h"

bool hr_wsl_bool(const char *z, bool *ret); /* 1 0 true false */
/* C syntax, base guessed.  Windows' long has 32 bits and saturates; Linux refuses what does not fit. */
bool hr_wsl_int(enum hr_wsl_file file, const char *z, int32_t *ret);
/* Digits and one of B K KB M MB G GB T TB, upper case, no blank between; -1 wraps round and too large saturates, as strtoull does. */
bool hr_wsl_size(const char *z, uint64_t *ret);
/* The place of the word in a key's `words`, any case. */
bool hr_wsl_word(const char *words, const char *z, unsigned *ret);
bool hr_wsl_mac(const char *z);
bool hr_wsl_ipv4(const char *z);
/* How many elements of a list of ports are none. */
unsigned hr_wsl_bad_ports(const char *z);
/* Would WSL take this value for this key? */
bool hr_wsl_value_ok(const struct hr_wsl_key *k, const char *z);
/* "8GB": the shortest text WSL reads as this many bytes. */
struct hr_wsl_size_text {
    char text[32];
};
struct hr_wsl_size_text hr_wsl_size_write(uint64_t bytes);

#endif
