/* Is a file a whole ELF file?  A build that was ended, or a disk that was full, leaves the beginning of one: its tables then lead
 * behind its end. */
#ifndef HR_ELF_H
#define HR_ELF_H

#include "fatbin.h"

enum hr_elf_state {
    HR_ELF_NOT,   /* something else: a script, a text for the linker */
    HR_ELF_WHOLE,
    HR_ELF_CUT,   /* a part of it is missing: `why` */
    HR_ELF_OTHER, /* 32 bits, or bytes the other way round: not looked into */
};
enum hr_elf_type { HR_ELF_OBJECT = 1, HR_ELF_PROGRAM = 2, HR_ELF_SHARED = 3 };
struct hr_elf {
    enum hr_elf_state state;
    unsigned type, machine; /* as the file numbers them: 62 is x86-64, 183 is AArch64 */
    bool starts;            /* a program: a loader is named, or it is linked to fixed addresses */
    char why[96];
};

/* Fails only when bytes cannot be read. */
int hr_elf_read(const struct hr_bytes_at *from, struct hr_elf *ret, struct hr_error *err) HR_MUST_USE;

#endif
