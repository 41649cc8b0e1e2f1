#include "loader.h"

void hr_ahead_reset(struct hr_ahead *a)
{
    (void)a;
}
int hr_ahead_next(struct hr_ahead *a, struct hr_batch **ret, struct hr_error *err)
{
    (void)a;
    (void)ret;
    return hr_fail(err, HR_E_BUG, "no builders");
}
