#include "common_opts.h"

static const struct hr_choice colors[] = {
    { "auto", HR_COLOR_AUTO, "on a terminal, unless NO_COLOR is set" },
    { "always", HR_COLOR_ALWAYS, NULL },
    { "never", HR_COLOR_NEVER, NULL },
    { NULL, 0, NULL },
};

const struct hr_opt hr_common_opts[] = {
    HR_OPT_HEADING("Common options"),
    HR_OPT_FLAG(struct hr_common, json, 0, "json", NULL, "write the result as JSON"),
    HR_OPT_CHOICE(struct hr_common, color, 0, "color", "WHEN", "auto", colors, "use colours"),
    HR_OPT_STRING(struct hr_common, root, 0, "root", "ROOT", NULL,
                  "look at another machine: a snapshot (headrace snapshot), or a folder that holds its /proc, /sys and /etc"),
    HR_OPT_FLAG(struct hr_common, quiet, 'q', "quiet", NULL, "no progress and no notes, only results and errors"),
    HR_OPT_FLAG(struct hr_common, verbose, 'v', "verbose", NULL, "tell more on the way"),
    HR_OPT_HELP(struct hr_common, help, 'h', "help", "show this help and end"),
    HR_OPT_END,
};
