/* Completions for bash, zsh and fish. */
#include "opt.h"

#include <string.h>

static bool is_option(const struct hr_opt *o)
{
    return hr_opt_is_shown(o) && !o->positional;
}

enum hr_completes hr_opt_completes(const struct hr_opt *o)
{
    static const char *const files[] = { "FILE", "DATASET", "SOURCE", "PATH", "ROOT" };
    if (o->type == HR_OPT_T_CHOICE)
        return HR_COMPLETES_CHOICE;
    if (!hr_opt_takes_value(o) || o->arg == NULL)
        return HR_COMPLETES_NOTHING;
    for (size_t i = 0; i < HR_COUNT(files); i++)
        if (strcmp(o->arg, files[i]) == 0)
            return HR_COMPLETES_FILE;
    return strcmp(o->arg, "DIR") == 0 ? HR_COMPLETES_DIR : HR_COMPLETES_NOTHING;
}

/* Inside single quotes of a shell: a quote ends them, stands alone, and opens them again. */
static void quoted(struct hr_buf *out, const char *s)
{
    hr_buf_addc(out, '\'');
    for (; *s != 0; s++) {
        if (*s == '\'')
            hr_buf_adds(out, "'\\''");
        else
            hr_buf_addc(out, *s);
    }
    hr_buf_addc(out, '\'');
}

static void choice_words(const struct hr_opt *o, struct hr_buf *out)
{
    for (const struct hr_choice *c = o->choices; c->name != NULL; c++)
        hr_buf_printf(out, "%s%s", c == o->choices ? "" : " ", c->name);
}

/* --- bash --- */

static void bash_words(const struct hr_opt *opts, struct hr_buf *out)
{
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (!is_option(o))
            continue;
        if (o->letter != 0)
            hr_buf_printf(out, "-%c ", o->letter);
        hr_buf_printf(out, "--%s ", o->name);
        if (o->type == HR_OPT_T_FLAG && o->def != NULL)
            hr_buf_printf(out, "--no-%s ", o->name);
    }
}

/* A case of the word before the cursor for every option that takes a value. */
static void bash_values(const struct hr_opt *opts, struct hr_buf *out)
{
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (!is_option(o) || !hr_opt_takes_value(o))
            continue;
        hr_buf_adds(out, "        ");
        if (o->letter != 0)
            hr_buf_printf(out, "-%c|", o->letter);
        hr_buf_printf(out, "--%s) ", o->name);
        switch (hr_opt_completes(o)) {
        case HR_COMPLETES_CHOICE:
            hr_buf_adds(out, "_headrace_words \"");
            choice_words(o, out);
            hr_buf_addc(out, '"');
            break;
        case HR_COMPLETES_FILE:
            hr_buf_adds(out, "_headrace_paths -f");
            break;
        case HR_COMPLETES_DIR:
            hr_buf_adds(out, "_headrace_paths -d");
            break;
        case HR_COMPLETES_NOTHING:
            hr_buf_addc(out, ':');
            break;
        }
        hr_buf_adds(out, "; return ;;\n");
    }
}

static const char bash_head[] =
    "# bash completion for headrace; written by the program from its own tables.\n"
    "_headrace_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$cur\")); }\n"
    "_headrace_paths() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n"
    "}\n"
    "_headrace() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
    "    COMPREPLY=()\n"
    "    # --name=value comes as three words, cut at the '='\n"
    "    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        case ${COMP_WORDS[i]} in\n"
    "        --root|--color) ((i++)); [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;\n"
    "        -*|=) ;;\n"
    "        *) command=${COMP_WORDS[i]}; break ;;\n"
    "        esac\n"
    "    done\n"
    "    case $command in\n";

void hr_opt_bash(const struct hr_opt_page *pages, size_t n, struct hr_buf *out)
{
    hr_buf_adds(out, bash_head);
    for (size_t i = 0; i < n; i++) {
        hr_buf_printf(out, "    %s)\n        case $prev in\n", pages[i].command);
        bash_values(pages[i].opts, out);
        bash_values(pages[i].common, out);
        hr_buf_adds(out, "        esac\n        if [[ $cur == -* ]]; then _headrace_words \"");
        bash_words(pages[i].opts, out);
        bash_words(pages[i].common, out);
        hr_buf_adds(out, "\"; else _headrace_paths -f; fi ;;\n");
    }
    hr_buf_adds(out, "    help|'') _headrace_words \"help --version --help ");
    for (size_t i = 0; i < n; i++)
        hr_buf_printf(out, "%s ", pages[i].command);
    hr_buf_adds(out, "\" ;;\n    esac\n}\ncomplete -F _headrace headrace\n");
}

/* --- zsh --- */

/* Inside a spec of _arguments, which itself stands in single quotes: ':', '[', ']' and '\' are its own. */
static void zsh_spec(struct hr_buf *out, const char *s)
{
    for (; *s != 0; s++) {
        if (strchr("[]:\\", *s) != NULL)
            hr_buf_addc(out, '\\');
        if (*s == '\'')
            hr_buf_adds(out, "'\\''");
        else
            hr_buf_addc(out, *s);
    }
}

static void zsh_value(const struct hr_opt *o, struct hr_buf *out)
{
    if (!hr_opt_takes_value(o))
        return;
    hr_buf_addc(out, ':');
    zsh_spec(out, o->arg);
    hr_buf_addc(out, ':');
    switch (hr_opt_completes(o)) {
    case HR_COMPLETES_CHOICE:
        hr_buf_addc(out, '(');
        choice_words(o, out);
        hr_buf_addc(out, ')');
        break;
    case HR_COMPLETES_FILE:
        hr_buf_adds(out, "_files");
        break;
    case HR_COMPLETES_DIR:
        hr_buf_adds(out, "_files -/");
        break;
    case HR_COMPLETES_NOTHING:
        break;
    }
}

static void zsh_one(const struct hr_opt *o, const char *name, char letter, struct hr_buf *out)
{
    hr_buf_printf(out, "            '%s", o->type == HR_OPT_T_LIST ? "*" : "");
    if (letter != 0)
        hr_buf_printf(out, "-%c%s[", letter, hr_opt_takes_value(o) ? "+" : "");
    else
        hr_buf_printf(out, "--%s%s[", name, hr_opt_takes_value(o) ? "=" : "");
    zsh_spec(out, o->help);
    hr_buf_addc(out, ']');
    zsh_value(o, out);
    hr_buf_adds(out, "' \\\n");
}

static void zsh_table(const struct hr_opt *opts, struct hr_buf *out)
{
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (!is_option(o))
            continue;
        zsh_one(o, o->name, 0, out);
        if (o->letter != 0)
            zsh_one(o, o->name, o->letter, out);
        if (o->type == HR_OPT_T_FLAG && o->def != NULL) {
            char no[80] = "no-";
            memcpy(no + 3, o->name, HR_MIN(strlen(o->name) + 1, sizeof no - 4));
            zsh_one(o, no, 0, out);
        }
    }
}

void hr_opt_zsh(const struct hr_opt_page *pages, size_t n, struct hr_buf *out)
{
    hr_buf_adds(out, "#compdef headrace\n# zsh completion for headrace; written by the program from its own tables.\n"
                     "_headrace() {\n    local state line\n    local -a commands=(\n");
    for (size_t i = 0; i < n; i++) {
        hr_buf_printf(out, "        '%s:", pages[i].command);
        zsh_spec(out, pages[i].summary);
        hr_buf_adds(out, "'\n");
    }
    hr_buf_adds(
        out, "        'help:show help'\n    )\n"
             "    _arguments -C '(- *)--version[show the version]' '(- *)--help[show help]' '1:command:->command' "
             "'*::argument:->rest'\n"
             "    case $state in\n    command) _describe command commands ;;\n    rest)\n        case $line[1] in\n");
    for (size_t i = 0; i < n; i++) {
        hr_buf_printf(out, "        %s)\n            _arguments -S \\\n", pages[i].command);
        zsh_table(pages[i].opts, out);
        zsh_table(pages[i].common, out);
        hr_buf_adds(out, "            '*:argument:_files' ;;\n");
    }
    hr_buf_adds(out,
                "        help) _describe command commands ;;\n        esac ;;\n    esac\n}\n"
                "if [[ $funcstack[1] == _headrace ]]; then _headrace \"$@\"; else compdef _headrace headrace; fi\n");
}

/* --- fish --- */

static void fish_one(const char *command, const struct hr_opt *o, const char *name, struct hr_buf *out)
{
    hr_buf_printf(out, "complete -c headrace -n '__fish_seen_subcommand_from %s' -l %s", command, name);
    if (o->letter != 0 && name == o->name)
        hr_buf_printf(out, " -s %c", o->letter);
    switch (hr_opt_completes(o)) {
    case HR_COMPLETES_CHOICE:
        hr_buf_adds(out, " -x -a '");
        choice_words(o, out);
        hr_buf_addc(out, '\'');
        break;
    case HR_COMPLETES_FILE:
        hr_buf_adds(out, " -r -F");
        break;
    case HR_COMPLETES_DIR:
        hr_buf_adds(out, " -x -a '(__fish_complete_directories)'");
        break;
    case HR_COMPLETES_NOTHING:
        hr_buf_adds(out, hr_opt_takes_value(o) ? " -x" : "");
        break;
    }
    hr_buf_adds(out, " -d ");
    quoted(out, o->help);
    hr_buf_addc(out, '\n');
}

static void fish_table(const char *command, const struct hr_opt *opts, struct hr_buf *out)
{
    for (const struct hr_opt *o = opts; o->type != HR_OPT_T_END; o++) {
        if (!is_option(o))
            continue;
        fish_one(command, o, o->name, out);
        if (o->type == HR_OPT_T_FLAG && o->def != NULL) {
            char no[80] = "no-";
            memcpy(no + 3, o->name, HR_MIN(strlen(o->name) + 1, sizeof no - 4));
            fish_one(command, o, no, out);
        }
    }
}

void hr_opt_fish(const struct hr_opt_page *pages, size_t n, struct hr_buf *out)
{
    hr_buf_adds(out, "# fish completion for headrace; written by the program from its own tables.\n"
                     "complete -c headrace -n __fish_use_subcommand -f\n"
                     "complete -c headrace -n __fish_use_subcommand -l version -d 'show the version'\n"
                     "complete -c headrace -n __fish_use_subcommand -l help -s h -d 'show help'\n");
    for (size_t i = 0; i < n; i++) {
        hr_buf_printf(out, "complete -c headrace -n __fish_use_subcommand -a %s -d ", pages[i].command);
        quoted(out, pages[i].summary);
        hr_buf_addc(out, '\n');
    }
    for (size_t i = 0; i < n; i++) {
        fish_table(pages[i].command, pages[i].opts, out);
        fish_table(pages[i].command, pages[i].common, out);
    }
}
