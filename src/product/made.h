/* Which files a command made: libraries, programs and wheels in its folders, and what it installed into a Python.  Told by the moment
 * of their last change, found by a look through folders that ends; nothing is watched meanwhile. */
#ifndef HR_MADE_H
#define HR_MADE_H

#include "import_test.h"

enum { HR_MADE_FILES = 512, HR_MADE_MODULES = 16, HR_MADE_WHEELS = 8, HR_MADE_DISTS = 64 };

struct hr_made_file {
    char *path;
    bool installed; /* it belongs to a package that was installed */
    bool wheel;
};

struct hr_made {
    uint64_t since;    /* ns since 1970 */
    uint64_t look_ns;  /* for the look through one project's folder */
    struct hr_made_file file[HR_MADE_FILES];
    size_t n;
    bool cut;          /* there are more, or a limit ended the look */
    struct hr_import module[HR_MADE_MODULES]; /* names to import, of the packages that were asked for */
    size_t modules;
    size_t dists;      /* packages asked for; `dist` names the first */
    char dist[HR_MODULE_MAX];
    size_t beside;     /* packages that were installed because others need them: not looked into */
    uint64_t objects;  /* objects that nvcc made: k.cu.o, k.cuda.o */
    uint64_t sources;  /* files of CUDA */
    char *source;      /* one of them */
};

/* Of a project's folder; both add to what is there.  `count_sources`: its CUDA files are counted. */
int hr_made_look(struct hr_made *m, const char *folder, bool count_sources, struct hr_error *err) HR_MUST_USE;
/* Of a folder where packages lie. */
int hr_made_installed(struct hr_made *m, const char *site, struct hr_error *err) HR_MUST_USE;
/* CUDA files in a source archive (.tar.gz). */
void hr_made_archive(struct hr_made *m, const char *path);
/* Extension modules outside of packages are loaded from their files; what is installed comes before what lies in a build folder. */
void hr_made_loose_modules(struct hr_made *m);
void hr_made_fini(struct hr_made *m);

#endif
