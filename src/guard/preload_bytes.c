#include "preload.h"

#ifdef HEADRACE_PRELOAD_SO
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".local hr_preload_begin, hr_preload_end\n"
        "hr_preload_begin: .incbin \"" HEADRACE_PRELOAD_SO "\"\n"
        "hr_preload_end: .byte 0\n"
        ".popsection\n");
extern const char hr_preload_begin[] __attribute__((visibility("hidden")));
extern const char hr_preload_end[] __attribute__((visibility("hidden")));

struct hr_str hr_preload_bytes(void)
{
    return (struct hr_str) { hr_preload_begin, (size_t)(hr_preload_end - hr_preload_begin) };
}
#else
struct hr_str hr_preload_bytes(void)
{
    return HR_STR("");
}
#endif
