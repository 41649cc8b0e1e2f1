#include "unit.h"

#include "graph_store.h"
#include "localise.h"
#include "mem.h"

#include <unistd.h>

static char dir[] = "/tmp/headrace-test-localise-XXXXXX";

static void copies(void **state)
{
    (void)state;
    struct hr_error err = HR_ERROR_INIT;
    char one[80], two[80], cache[80];
    struct hr_store *a, *b, *copy;
    char *local, *again;
    snprintf(one, sizeof one, "%s/one.arrow", dir);
    snprintf(two, sizeof two, "%s/two.arrow", dir);
    snprintf(cache, sizeof cache, "%s/a/b/cache", dir);
    assert_int_equal(g_write(one, 100, 10, HR_I64, HR_CODEC_NONE, &err), 0);
    assert_int_equal(g_write(two, 90, 10, HR_I64, HR_CODEC_NONE, &err), 0);
    assert_int_equal(hr_store_open(one, &a, &err), 0);
    assert_int_equal(hr_store_open(two, &b, &err), 0);
    assert_int_equal(hr_localise(one, a, cache, 1000, &local, &err), HR_E_LIMIT);
    assert_int_equal(hr_path_kind(cache), HR_KIND_NONE);
    if (hr_localise(one, a, cache, a->bytes + b->bytes - 1, &local, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(hr_store_open(local, &copy, &err), 0);
    assert_true(copy->id == a->id && copy->samples == 100);
    hr_store_close(copy);
    /* found again, without the source */
    assert_int_equal(hr_unlink(one, NULL), 0);
    assert_int_equal(hr_localise(one, a, cache, a->bytes, &again, &err), 0);
    assert_string_equal(local, again);
    hr_free(again);
    /* another one drives it out */
    assert_int_equal(hr_localise(two, b, cache, a->bytes + b->bytes - 1, &again, &err), 0);
    assert_int_equal(hr_path_kind(local), HR_KIND_NONE);
    assert_int_equal(hr_path_kind(again), HR_KIND_FILE);
    struct hr_names names;
    assert_int_equal(hr_list(cache, &names, NULL), 0);
    assert_int_equal(names.n, 1); /* no partial folder is left */
    hr_names_fini(&names);
    hr_free(again);
    hr_free(local);
    hr_store_close(a);
    hr_store_close(b);
}

static void folder(void **state)
{
    (void)state;
    char *to;
    setenv("HEADRACE_CACHE", "/somewhere", 1);
    assert_int_equal(hr_localise_folder(&to, NULL), 0);
    assert_string_equal(to, "/somewhere");
    hr_free(to);
    unsetenv("HEADRACE_CACHE");
    setenv("XDG_CACHE_HOME", "/x", 1);
    assert_int_equal(hr_localise_folder(&to, NULL), 0);
    assert_string_equal(to, "/x/headrace");
    hr_free(to);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    assert_int_equal(hr_localise_folder(&to, NULL), HR_E_NOT_FOUND);
}

int main(void)
{
    if (mkdtemp(dir) == NULL)
        return 1;
    const struct CMUnitTest tests[] = { cmocka_unit_test(copies), cmocka_unit_test(folder) };
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    return hr_remove_tree(dir, NULL) | r;
}
