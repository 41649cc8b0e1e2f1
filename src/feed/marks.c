#include "loader.h"

void hr_marks_tick(struct hr_marks *m, uint64_t ticks)
{
    (void)m;
    (void)ticks;
}
