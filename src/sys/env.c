#include "env.h"

#include "parse.h"

#include <stdlib.h>
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
