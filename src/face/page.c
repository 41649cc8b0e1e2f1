#include "page.h"

#include <stdio.h>
#include <string.h>

/* The assembler takes the files as they are; HR_PAGE_DIR is given by the build, which also builds this anew when they change. */
#define EMBED(symbol, file)                                                                                              \
    __asm__(".section .rodata\n.balign 16\n.global hr_page_" #symbol "\n.hidden hr_page_" #symbol "\nhr_page_" #symbol   \
            ":\n.incbin \"" HR_PAGE_DIR "/" file "\"\n.global hr_page_" #symbol "_end\n.hidden hr_page_" #symbol         \
            "_end\nhr_page_" #symbol "_end:\n.byte 0\n.previous\n");                                                     \
    extern const char hr_page_##symbol[] __attribute__((visibility("hidden")));                                         \
    extern const char hr_page_##symbol##_end[] __attribute__((visibility("hidden")))

EMBED(html, "index.html");
EMBED(style, "style.css");
EMBED(plot, "plot.js");
EMBED(app, "app.js");
EMBED(icon, "icon.svg");

/* FNV-1a: it has to tell two builds apart, nothing more. */
static void tag(struct hr_page_file *f)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < f->bytes.n; i++)
        h = (h ^ (unsigned char)f->bytes.p[i]) * UINT64_C(0x100000001b3);
    snprintf(f->etag, sizeof f->etag, "\"%016llx\"", (unsigned long long)h);
}

const struct hr_page_file *hr_page_find(const char *path)
{
    static __thread struct hr_page_file found;
    const struct {
        const char *path, *type, *from, *to;
    } files[] = {
        { "/", "text/html; charset=utf-8", hr_page_html, hr_page_html_end },
        { "/style.css", "text/css; charset=utf-8", hr_page_style, hr_page_style_end },
        { "/plot.js", "text/javascript; charset=utf-8", hr_page_plot, hr_page_plot_end },
        { "/app.js", "text/javascript; charset=utf-8", hr_page_app, hr_page_app_end },
        { "/icon.svg", "image/svg+xml", hr_page_icon, hr_page_icon_end },
    };
    for (size_t i = 0; i < HR_COUNT(files); i++)
        if (strcmp(files[i].path, path) == 0) {
            found = (struct hr_page_file) { files[i].path, files[i].type, { files[i].from, (size_t)(files[i].to - files[i].from) }, "" };
            tag(&found);
            return &found;
        }
    return NULL;
}
