#include "random.h"

#include "fault.h"

#include <errno.h>
#include <sys/random.h>

int hr_random_text(char *out, size_t n, struct hr_error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; /* 64: no letter is likelier */
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned char b;
        if (hr_fault_sys() || getrandom(&b, 1, 0) != 1)
            return hr_fail_errno(err, errno, "the kernel gives no random numbers");
        out[i] = letters[b & 63];
    }
    if (n > 0)
        out[n - 1] = 0;
    return 0;
}
