/* Any bytes as dpkg's status file, a toolkit's version files, torch's version.py, names of packages and
 * compilers, and a toolkit's host_config.h. */
#include "host_gcc.h"
#include "kit_tables.h"
#include "toolkits.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ended(const char *s, size_t room)
{
    if (memchr(s, 0, room) == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hr_dpkg d;
    struct hr_str text = { (const char *)data, size }, v;
    struct hr_word w = hr_word_unknown("nothing");
    struct hr_torch t;
    struct hr_images images;
    char list[HR_WORD_MAX];
    memset(&t, 0, sizeof t);
    hr_dpkg_parse(text, &d);
    for (size_t i = 0; i < d.n; i++) {
        ended(d.package[i].name, sizeof d.package[i].name);
        ended(d.package[i].version, sizeof d.package[i].version);
    }
    hr_toolkit_version_json(text, &w);
    hr_toolkit_version_txt(text, &w);
    hr_torch_parse(text, &t);
    ended(w.v, sizeof w.v);
    ended(t.version.v, sizeof t.version.v);
    hr_dist_version(text, "torch", &v);
    if (hr_images_parse(text, &images)) {
        hr_images_text(&images, list);
        ended(list, sizeof list);
    }
    hr_card_cc(t.version.v, NULL);
    if (hr_kit_gcc_of_header(text) > 99 || hr_gcc_of_name(text) > 99)
        abort();
    return 0;
}
