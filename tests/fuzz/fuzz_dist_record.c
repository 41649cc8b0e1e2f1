/* Any bytes as what foreign programs say of a build: a package's list of files, a script's first line, the output of a build, the answer of
 * an import, the answer about a launch. */
#include "cpu_only.h"
#include "dist_record.h"
#include "import_test.h"
#include "launch.h"
#include "product.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool path(void *ctx, struct hr_str p)
{
    char module[HR_MODULE_MAX] = "";
    (void)ctx;
    if (p.n == 0 || p.n > HR_RECORD_PATH || memchr(p.p, 0, p.n) != NULL)
        abort();
    if (hr_module_of_record(p, module) && (module[0] == 0 || strlen(module) >= sizeof module || strchr(module, '/') != NULL))
        abort();
    (void)hr_module_for_sure(p);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_str text = { (const char *)data, size };
    char program[64];
    struct hr_said said;
    struct hr_import list[4];
    struct hr_launch launch;
    struct hr_targets targets = { .n = 0 };
    (void)hr_record_each(text, path, NULL);
    if (hr_shebang(text, program, sizeof program) && (program[0] == 0 || strlen(program) >= sizeof program))
        abort();
    memset(&said, 0, sizeof said);
    hr_said_line(&said, text);
    if (said.wheels > 1 || (said.sign == NULL && said.line[0] != 0))
        abort();
    memset(list, 0, sizeof list);
    if (hr_import_heard(text, list, 1, 4) > 4 || list[0].state != HR_IMPORT_UNTRIED)
        abort();
    (void)hr_launch_parse(text, &launch);
    char *z = malloc(size + 1);
    if (z == NULL)
        return 0;
    memcpy(z, data, size);
    z[size] = 0;
    hr_targets_of_list(z, &targets);
    free(z);
    if (targets.n > HR_TARGETS_MAX)
        abort();
    return 0;
}
