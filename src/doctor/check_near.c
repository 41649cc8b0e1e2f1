/* What a wrong id may have meant. */
#include "doctor.h"

#include "spelling.h"

enum { NEAR_MOST = 5 };

/* A word between dashes that both have: "swap" in "swap" and "memory-swap". */
static bool shares_a_word(struct hr_str a, struct hr_str b)
{
    struct hr_str x, y;
    while (hr_str_cut(&a, '-', &x))
        for (struct hr_str rest = b; x.n > 2 && hr_str_cut(&rest, '-', &y);)
            if (x.n == y.n && hr_spelling_distance(x, y) == 0)
                return true;
    return false;
}

void hr_check_near(struct hr_str id, struct hr_buf *out)
{
    const char *near[NEAR_MOST];
    unsigned far[NEAR_MOST];
    size_t n = 0;
    for (int g = 0; g < HR_CHECK_GROUPS; g++)
        for (const struct hr_check *c = hr_check_group_table((enum hr_check_group)g); c->id != NULL; c++) {
            unsigned d = hr_spelling_distance(id, hr_str(c->id));
            if (d > id.n / 3 + 1 && !shares_a_word(id, hr_str(c->id)))
                continue;
            size_t at = HR_MIN(n, (size_t)NEAR_MOST);
            while (at > 0 && far[at - 1] > d)
                at--;
            if (at == NEAR_MOST)
                continue;
            n = HR_MIN(n + 1, (size_t)NEAR_MOST);
            for (size_t i = n - 1; i > at; i--)
                near[i] = near[i - 1], far[i] = far[i - 1];
            near[at] = c->id;
            far[at] = d;
        }
    for (size_t i = 0; i < n; i++)
        hr_buf_printf(out, "%s%s", i != 0 ? ", " : "", near[i]);
}
