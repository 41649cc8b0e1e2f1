#include "unit.h"

#include "mem.h"
#include "schema.h"
#include "schema_json.h"
#include "store_make.h"

static void text_and_back(void **state)
{
    (void)state;
    struct hr_field f[MAKE_ALL];
    struct hr_schema a, b = { 0, NULL };
    struct hr_error err = HR_ERROR_INIT;
    struct hr_buf text = HR_BUF_INIT(1 << 20);
    make_all(f, &a);
    assert_int_equal(hr_schema_to_json(&a, &text, &err), 0);
    assert_int_equal(hr_schema_from_json(hr_buf_str(&text), "text", &b, &err), 0);
    assert_true(hr_schema_same(&a, &b));
    b.field[3].shape[1]++;
    assert_false(hr_schema_same(&a, &b));
    hr_schema_fini(&b);
    hr_buf_fini(&text);
}

static void defaults(void **state)
{
    (void)state;
    struct hr_schema s = { 0, NULL };
    assert_int_equal(hr_schema_from_json(HR_STR("{\"fields\":[{\"name\":\"t\",\"dtype\":\"int16\"},"
                                                "{\"dtype\":\"float32\",\"shape\":[-1,3],\"name\":\"x\"}]}"),
                                         "--schema", &s, NULL),
                     0);
    assert_int_equal(s.field[0].ndim, 0);
    assert_int_equal(s.field[0].role, HR_ROLE_NONE);
    assert_int_equal(s.field[0].stored, HR_I16);
    assert_int_equal(s.field[1].shape[0], HR_RAGGED);
    assert_int_equal(hr_schema_find(&s, "x"), 1);
    assert_int_equal(hr_schema_find(&s, "z"), -1);
    hr_schema_fini(&s);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *field, *says;
    } bad[] = {
        { "{\"dtype\":\"int8\"}", "needs a name" },
        { "{\"name\":\"a\"}", "needs a dtype" },
        { "{\"name\":\"\",\"dtype\":\"int8\"}", "needs a name" },
        { "{\"name\":\"a\\u0007\",\"dtype\":\"int8\"}", "control characters" },
        { "{\"name\":\"a\\u0000b\",\"dtype\":\"int8\"}", "name is a string" },
        { "{\"name\":\"0123456789012345678901234567890123456789012345678901234567890123\",\"dtype\":\"int8\"}", "1 to 63 bytes" },
        { "{\"name\":\"a\",\"dtype\":\"float\"}", "no dtype is called 'float'" },
        { "{\"name\":\"a\",\"dtype\":7}", "no dtype" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"role\":\"vertex\"}", "no role is called 'vertex'" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shpae\":[1]}", "no key 'shpae'" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shape\":[0]}", "at least 1" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shape\":[-2]}", "at least 1" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shape\":[1,1,1,1,1]}", "at most 4" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shape\":[65536,65536]}", "product" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shape\":[2,2,\"*\"]}", "first or the second" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shape\":[\"*\",\"*\"]}", "one dimension may differ" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"shape\":[\"x\"]}", "whole number" },
        { "{\"name\":\"a\",\"dtype\":\"string\",\"shape\":[2]}", "no dimensions" },
        { "{\"name\":\"a\",\"dtype\":\"int8\",\"stored\":\"int16\"}", "cannot be stored" },
        { "{\"name\":\"a\",\"dtype\":\"float16\",\"stored\":\"int8\"}", "cannot be stored" },
        { "{\"name\":\"a\",\"dtype\":\"float32\",\"stored\":\"int8\"}", "scale and an offset" },
        { "{\"name\":\"a\",\"dtype\":\"float32\",\"scale\":[1],\"offset\":[0]}", "scale and an offset" },
        { "{\"name\":\"a\",\"dtype\":\"float32\",\"stored\":\"int8\",\"scale\":[1,2],\"offset\":[0]}", "2 scales and 1 offsets" },
        { "{\"name\":\"a\",\"dtype\":\"float32\",\"shape\":[3],\"stored\":\"int8\",\"scale\":[1,2],\"offset\":[0,0]}", "2 scales" },
        { "{\"name\":\"a\",\"dtype\":\"float32\",\"stored\":\"int8\",\"scale\":[1e999],\"offset\":[0]}", "range of a double" },
        { "{\"name\":\"e\",\"dtype\":\"float32\",\"shape\":[2,\"*\"],\"role\":\"edge_index\"}", "edge_index" },
        { "{\"name\":\"e\",\"dtype\":\"int32\",\"shape\":[3,\"*\"],\"role\":\"edge_index\"}", "[2, *]" },
        { "{\"name\":\"a\",\"dtype\":\"int8\"},{\"name\":\"a\",\"dtype\":\"int8\"}", "two fields are called 'a'" },
        { "3", "a field is an object" },
        { "", "1 to 256 fields" },
    };
    for (size_t i = 0; i < HR_COUNT(bad); i++) {
        char text[512];
        struct hr_schema s = { 0, NULL };
        struct hr_error err = HR_ERROR_INIT;
        snprintf(text, sizeof text, "{\"fields\":[%s]}", bad[i].field);
        assert_int_equal(hr_schema_from_json(hr_str(text), "--schema", &s, &err), HR_E_FORMAT);
        assert_null(s.field);
        if (strstr(err.text, bad[i].says) == NULL || strncmp(err.text, "--schema", 8) != 0)
            fail_msg("%s: %s", text, err.text);
    }
    struct hr_schema s = { 0, NULL };
    assert_int_equal(hr_schema_from_json(HR_STR("{\"fields\":[],\"x\":1}"), "s", &s, NULL), HR_E_FORMAT);
    assert_int_equal(hr_schema_from_json(HR_STR("[]"), "s", &s, NULL), HR_E_FORMAT);
}

static void layouts(void **state)
{
    (void)state;
    const struct {
        struct hr_field f;
        struct hr_layout want;
    } rows[] = {
        { make_field("a", HR_F32, 2, -1, 9, 0, 0), { 0, 1, 9, 4 } },  { make_field("a", HR_I64, 2, 2, -1, 0, 0), { 1, 2, 1, 8 } },
        { make_field("a", HR_F16, 3, 3, -1, 5, 0), { 1, 3, 5, 2 } },  { make_field("a", HR_U8, 4, -1, 2, 3, 4), { 0, 1, 24, 1 } },
        { make_field("a", HR_F32, 1, 8, 0, 0, 0), { -1, 0, 8, 4 } },  { make_field("a", HR_F64, 0, 0, 0, 0, 0), { -1, 0, 1, 8 } },
        { make_field("a", HR_I32, 2, 3, 4, 0, 0), { -1, 0, 12, 4 } }, { make_field("a", HR_STR, 0, 0, 0, 0, 0), { -1, 1, 1, 1 } },
    };
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        struct hr_layout l = hr_layout_of(&rows[i].f);
        assert_int_equal(l.ragged, rows[i].want.ragged);
        assert_int_equal(l.lists, rows[i].want.lists);
        assert_int_equal(l.row, rows[i].want.row);
        assert_int_equal(l.elem, rows[i].want.elem);
    }
}

static void names_of_dtypes(void **state)
{
    (void)state;
    for (int t = HR_BOOL; t <= HR_BYTES; t++)
        assert_int_equal(hr_dtype_of(hr_dtype_name((enum hr_dtype)t)), t);
    for (int r = HR_ROLE_NONE; r <= HR_ROLE_LABEL; r++)
        assert_int_equal(hr_role_of(hr_role_name((enum hr_role)r)), r);
    assert_string_equal(hr_dtype_name((enum hr_dtype)99), "?");
    assert_string_equal(hr_dtype_name((enum hr_dtype)-1), "?");
    assert_string_equal(hr_role_name((enum hr_role)99), "?");
    assert_int_equal(hr_dtype_size((enum hr_dtype)99), 0);
    assert_int_equal(hr_dtype_of("float"), HR_DTYPE_NONE);
    assert_int_equal(hr_role_of("vertex"), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(text_and_back), cmocka_unit_test(defaults),
                                        cmocka_unit_test(what_is_refused), cmocka_unit_test(layouts),
                                        cmocka_unit_test(names_of_dtypes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
