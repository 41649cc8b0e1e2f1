#include "env.h"

#include "parse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *hr_env(const char *name)
{
    return getenv(name);
}

const char *hr_env_at(size_t i)
{
    size_t n = 0;
    while (environ != NULL && n < i && environ[n] != NULL)
        n++;
    return environ == NULL ? NULL : environ[n];
}

int hr_env_i64(const char *name, int64_t *ret_v, struct hr_error *err)
{
    const char *text = getenv(name);
    if (text == NULL || text[0] == 0)
        return 0;
    int r = hr_parse_i64(hr_str_trim(hr_str(text)), ret_v, err);
    return r < 0 ? hr_fail_prefix(err, r, "the environment variable %s", name) : 1;
}

static bool replaced(const char *const *lines, const char *old)
{
    for (; *lines != NULL; lines++) {
        size_t n = strcspn(*lines, "=");
        if (strncmp(*lines, old, n) == 0 && old[n] == '=')
            return true;
    }
    return false;
}

const char **hr_env_with(const char *const *now, const char *const *lines)
{
    size_t n = 0, m = 0, bytes = 0, k = 0;
    while (now[n] != NULL)
        n++;
    for (; lines[m] != NULL; m++)
        bytes += strlen(lines[m]) + 1;
    const char **env = hr_malloc((n + m + 1) * sizeof *env + bytes);
    if (env == NULL)
        return NULL;
    char *text = (char *)(env + n + m + 1);
    for (size_t i = 0; i < n; i++)
        if (!replaced(lines, now[i]))
            env[k++] = now[i];
    for (size_t i = 0; i < m; i++) {
        size_t len = strlen(lines[i]) + 1;
        memcpy(text, lines[i], len);
        env[k++] = text;
        text += len;
    }
    env[k] = NULL;
    return env;
}
