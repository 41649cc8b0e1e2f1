/* Names of work, from the arguments that real compilers get. */
#include "unit.h"

#include "leaf.h"

#include <string.h>

/* Arguments as one text with '|' between them. */
static bool key_of(const char *path, const char *words, struct hr_leaf_key *k)
{
    char text[4096];
    size_t n = strlen(words);
    assert_true(n + 1 < sizeof text);
    memcpy(text, words, n + 1);
    for (size_t i = 0; i < n; i++)
        if (text[i] == '|')
            text[i] = 0;
    return hr_leaf_key_of(path, (struct hr_args) { text, n + 1, false }, k);
}

static void is(const char *path, const char *words, const char *tool, const char *source, const char *arch)
{
    struct hr_leaf_key k;
    assert_true(key_of(path, words, &k));
    assert_string_equal(k.tool->name, tool);
    assert_string_equal(k.source, source);
    assert_string_equal(k.arch, arch);
}

static void compilers_are_known(void **state)
{
    (void)state;
    is("/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus",
       "cc1plus|-quiet|-D_GNU_SOURCE|src/b.cpp|-quiet|-dumpbase|b.cpp|-dumpbase-ext|.cpp|-O2|-o|/tmp/ccH1.s", "cc1plus", "b.cpp", "-");
    is("cc1", "cc1|-quiet|../m.c|-dumpbase|m.c|-dumpbase-ext|.c|-g|-o|/tmp/a.s", "cc1", "m.c", "-");
    is("/usr/local/cuda/bin/../nvvm/bin/cicc",
       "cicc|--c++17|--orig_src_file_name|a.cu|--orig_src_path_name|/home/u/a.cu|-arch|compute_86|-m64|--include_file_name|"
       "tmpxft_00004971_00000000-3_a.fatbin.c|--gen_c_file_name|/tmp/tmpxft_00004971_00000000-6_a.cudafe1.c|"
       "/tmp/tmpxft_00004971_00000000-7_a.cpp1.ii|-o|/tmp/tmpxft_00004971_00000000-6_a.ptx",
       "cicc", "a.cu", "compute_86");
    is("ptxas", "ptxas|-arch=sm_86|-m64|/tmp/tmpxft_00004971_00000000-6_a.ptx|-o|/tmp/tmpxft_00004971_00000000-8_a.cubin", "ptxas", "a.ptx",
       "sm_86");
    is("cc1plus", "cc1plus|-quiet|/tmp/tmpxft_00004971_00000000-6_a.cudafe1.cpp|-O3|-o|/tmp/x.s", "cc1plus", "a.cudafe1.cpp", "-");
    is("cc1plus", "cc1plus|-E|/tmp/tmpxft_00002c18_00000000-2.cpp", "cc1plus", "tmpxft", "-");
    is("/usr/bin/ld.bfd", "ld|-plugin|x.so|--build-id|-o|out/program|a.o|b.o", "ld.bfd", "program", "-");
    is("/usr/lib/llvm-14/bin/clang-14", "clang|-cc1|-triple|x|-main-file-name|k.cpp|-o|k.o|-x|c++|k.cpp", "clang", "k.cpp", "-");
    is("/usr/bin/clang++", "clang++|-O2|-c|k.cpp|-o|k.o", "clang++", "k.cpp", "-");
    is("/root/.cargo/bin/rustc", "rustc|--crate-name|serde|--edition=2021|src/lib.rs|-Copt-level=3", "rustc", "serde", "-");
}

static void what_does_no_work_passes(void **state)
{
    (void)state;
    struct hr_leaf_key k;
    assert_false(key_of("/bin/sh", "sh|-c|cc1plus a.cpp", &k));
    assert_false(key_of("/usr/bin/g++", "g++|-c|a.cpp", &k));
    assert_false(key_of("/usr/bin/clang++", "clang++|a.o|-o|a", &k)); /* a link: its ld is the leaf */
    assert_false(key_of("ld", "ld|--version", &k));
    assert_false(key_of("ld", "ld|-v", &k));
    assert_false(key_of("rustc", "rustc|-vV", &k));
    assert_false(key_of("rustc", "rustc|-|--crate-name|___|--print=file-names", &k));
    assert_false(key_of("cc1plus-not", "cc1plus-not|a.cpp", &k));
    assert_false(key_of("clang-format", "clang-format|-c|a.cpp", &k));
    assert_false(key_of("cc1", "cc1", &k));
    assert_false(hr_leaf_key_of("cc1", (struct hr_args) { "", 0, false }, &k));
}

static void flags_that_weigh_part_names(void **state)
{
    (void)state;
    struct hr_leaf_key a, b, c, d, e;
    assert_true(key_of("cc1plus", "cc1plus|x/a.cpp|-O2|-Ifoo|-o|1.s", &a));
    assert_true(key_of("cc1plus", "cc1plus|x/a.cpp|-O2|-Ibar|-o|2.s", &b));
    assert_true(key_of("cc1plus", "cc1plus|x/a.cpp|-O2|-g|-o|1.s", &c));
    assert_true(key_of("cc1plus", "cc1plus|y/a.cpp|-O2|-o|1.s", &d));
    assert_true(key_of("cc1plus", "cc1plus|-E|x/a.cpp|-O2", &e));
    assert_true(hr_leaf_same(&a, &b));
    assert_false(hr_leaf_same(&a, &c));
    assert_false(hr_leaf_same(&a, &d));
    assert_false(hr_leaf_same(&a, &e));
    assert_true(hr_leaf_default(&e) < hr_leaf_default(&a));
}

static void hostile_names_become_fields(void **state)
{
    (void)state;
    struct hr_leaf_key k;
    assert_true(key_of("cc1", "cc1|a\tb\n c.c|-o|x", &k));
    assert_string_equal(k.source, "a_b__c.c");
    assert_true(key_of("cc1", "cc1|0123456789012345678901234567890123456789012345678901234567890123456789.c", &k));
    assert_int_equal(strlen(k.source), HR_LEAF_SOURCE_MAX - 1);
    assert_true(key_of("ptxas", "ptxas|-arch=sm_86a_b_c_d_e_f_g_h_i_j|tmpxft_.ptx", &k));
    assert_int_equal(strlen(k.arch), HR_LEAF_ARCH_MAX - 1);
    assert_false(key_of("ld", "ld|-o|", &k));
}

static void every_row_has_its_source(void **state)
{
    (void)state;
    size_t n;
    const struct hr_leaf_tool *t = hr_leaf_tools(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(t[i].name[0] != 0 && t[i].source[0] != 0);
        assert_in_range(t[i].peak, 64 << 20, UINT64_C(8) << 30);
        assert_true(hr_leaf_tool_index(t[i].name) >= 0 && hr_leaf_tool_index(t[i].name) < 32);
    }
    assert_string_equal(hr_leaf_tool_of_comm("cc1plus")->name, "cc1plus");
    assert_null(hr_leaf_tool_of_comm("make"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compilers_are_known),        cmocka_unit_test(what_does_no_work_passes),
        cmocka_unit_test(flags_that_weigh_part_names), cmocka_unit_test(hostile_names_become_fields),
        cmocka_unit_test(every_row_has_its_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
