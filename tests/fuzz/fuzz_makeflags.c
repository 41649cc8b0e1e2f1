/* MAKEFLAGS as anything may have set it.  What is written with an address is read back as that address, without a number of jobs, and
 * writing it again changes nothing. */
#include "makeflags.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct hr_str text, bool fifo)
{
    struct hr_buf one = HR_BUF_INIT(HR_MAKEFLAGS_MAX), two = HR_BUF_INIT(HR_MAKEFLAGS_MAX);
    bool fits = fifo ? hr_makeflags_fifo(text, "/a/pool", &one) : hr_makeflags_pipe(text, 7, 8, &one);
    struct hr_makeflags was = hr_makeflags_parse(text), now = hr_makeflags_parse(hr_buf_str(&one));
    if (fits) {
        bool same = fifo ? now.address == HR_POOL_FIFO && hr_str_is(now.path, "/a/pool") :
                           now.address == HR_POOL_PIPE && now.r == 7 && now.w == 8;
        if (!same || now.number != 0 || now.dry_run != was.dry_run)
            abort();
        if (!(fifo ? hr_makeflags_fifo(hr_buf_str(&one), "/a/pool", &two) : hr_makeflags_pipe(hr_buf_str(&one), 7, 8, &two)) ||
            !hr_str_eq(hr_buf_str(&one), hr_buf_str(&two)))
            abort();
    }
    hr_buf_fini(&one);
    hr_buf_fini(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > HR_MAKEFLAGS_MAX / 2 || memchr(data, 0, size) != NULL) /* an environment holds no zeros */
        return 0;
    struct hr_str text = { (const char *)data + 1, size - 1 };
    hr_make_version(text);
    check(text, data[0] & 1);
    return 0;
}
