#include "project_env.h"

#include <stdio.h>
#include <string.h>

/* "8.6" is 86; "12.0a" and "9.0+PTX" lose what follows.  0: no number. */
static unsigned number_of(struct hr_str one)
{
    unsigned v = 0;
    bool dot = false;
    for (size_t i = 0; i < one.n; i++) {
        if (one.p[i] == '.' && !dot)
            dot = true;
        else if (one.p[i] >= '0' && one.p[i] <= '9' && v < 1000)
            v = v * 10 + (unsigned)(one.p[i] - '0');
        else
            break;
    }
    return dot ? v : 0;
}

static void add(char *to, size_t n, const char *sep, const char *text)
{
    size_t at = strlen(to);
    const char *found = strstr(to, text);
    if (found == NULL)
        snprintf(to + at, n - at, "%s%s", at == 0 ? "" : sep, text);
}

bool hr_project_archs(enum hr_archs form, const char *torch, char *ret, size_t n)
{
    struct hr_str rest = hr_str(torch), one;
    ret[0] = 0;
    while (hr_str_cut(&rest, ';', &one)) {
        char text[64];
        unsigned v = number_of(one);
        if (v == 0)
            continue;
        switch (form) {
        case HR_ARCHS_TORCH:
            return false;
        case HR_ARCHS_CMAKE:
        case HR_ARCHS_COMMA:
            snprintf(text, sizeof text, "%u", v);
            break;
        case HR_ARCHS_ONE:
            if (ret[0] != 0)
                continue;
            snprintf(text, sizeof text, "%u.%u", v / 10, v % 10);
            break;
        case HR_ARCHS_FLASH:
            if (v < 80)
                continue;
            snprintf(text, sizeof text, "%u", v / 10 * 10); /* 8.6 and 8.9 run the code of 8.0 */
            break;
        case HR_ARCHS_CUPY:
            snprintf(text, sizeof text, "arch=compute_%u,code=sm_%u", v, v);
            break;
        }
        add(ret, n, form == HR_ARCHS_COMMA ? "," : ";", text);
    }
    return ret[0] != 0;
}

void hr_project_env(const struct hr_root *root, const struct hr_project *project, struct hr_build_env *e)
{
    char number[16], archs[2 * HR_WORD_MAX], why[HR_WORD_MAX];
    if (project == NULL)
        return;
    snprintf(number, sizeof number, "%u", e->jobs);
    snprintf(why, sizeof why, "%s reads its jobs from it", project->name);
    if (project->jobs != NULL && e->jobs != 0)
        hr_build_env_set(root, e, project->jobs, number, why);
    snprintf(why, sizeof why, "each further thread of nvcc takes a compiler's memory once more");
    if (project->threads != NULL)
        hr_build_env_set(root, e, project->threads, "1", why);
    if (project->archs == NULL)
        return;
    /* The list as it stands: chosen here, or else the user's own. */
    struct hr_buf list = HR_BUF_INIT(4096);
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->set[i].name, "TORCH_CUDA_ARCH_LIST") == 0)
            hr_buf_adds(&list, e->set[i].value);
    if (list.len == 0)
        hr_root_env(root, "TORCH_CUDA_ARCH_LIST", &list);
    snprintf(why, sizeof why, "the same architectures, as %s reads them", project->name);
    if (hr_project_archs(project->form, list.data, archs, sizeof archs))
        hr_build_env_set(root, e, project->archs, archs, why);
    hr_buf_fini(&list);
}
