/* A recording of a test's own: where it lies, a model to put into it, and room for its bytes.  The test defines BYTES_MOST before. */
#ifndef HR_TEST_RING_FIXTURE_H
#define HR_TEST_RING_FIXTURE_H

#include "buf.h"
#include "mem.h"
#include "model_make.h"

#include <stdio.h>
#include <unistd.h>

static struct hr_model *model;
static char path[64];
static struct hr_buf bytes;

static int begin(void **state)
{
    (void)state;
    bytes = HR_BUF_INIT(BYTES_MOST);
    snprintf(path, sizeof path, "ring-%d.test", (int)getpid());
    model = hr_calloc(1, sizeof *model);
    return model == NULL;
}

static int end(void **state)
{
    (void)state;
    hr_buf_fini(&bytes);
    hr_free(model);
    unlink(path);
    return 0;
}

#endif
