/* The redaction of any text: redacted twice is redacted once, no planted secret survives, and the same text gives the same. */
#include "mem.h"
#include "redact.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = { "proc/7/cmdline", "etc/passwd",  "proc/net/route", "sys/class/dmi/id/product_serial",
                                     "etc/hostname",   "etc/machine-id" };

static void know(struct hr_redact *r)
{
    (void)!hr_redact_know(r, HR_SECRET_USER, HR_STR("zaphod"), NULL);
    (void)!hr_redact_know(r, HR_SECRET_USER, HR_STR("bob"), NULL);
    (void)!hr_redact_know(r, HR_SECRET_HOST, HR_STR("heart-of-gold"), NULL);
    (void)!hr_redact_know(r, HR_SECRET_PASS, HR_STR("Vogon/Poetry9"), NULL);
}

/* The first byte chooses the file; the secrets are put where the input says. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const plant[] = { "zaphod", "heart-of-gold", "Vogon/Poetry9", "HF_TOKEN=Vogon/Poetry9 " };
    struct hr_redact *r = NULL, *q = NULL;
    struct hr_buf in = HR_BUF_INIT(1 << 20), once = HR_BUF_INIT(4 << 20), twice = HR_BUF_INIT(4 << 20), other = HR_BUF_INIT(4 << 20);
    if (size < 2 || hr_redact_open(false, &r, NULL) < 0 || hr_redact_open(false, &q, NULL) < 0)
        goto out;
    know(r);
    know(q);
    const char *path = paths[data[0] % HR_COUNT(paths)];
    size_t at = 2 + (size_t)data[1] % (size - 1);
    hr_buf_add(&in, data + 2, at - 2);
    hr_buf_adds(&in, plant[data[0] / 16 % HR_COUNT(plant)]);
    hr_buf_add(&in, data + at, size - at);
    if (!hr_redact_file(r, path, hr_buf_str(&in), &once) || !hr_redact_file(r, path, hr_buf_str(&once), &twice) ||
        !hr_redact_file(q, path, hr_buf_str(&in), &other))
        goto out;
    if (!hr_str_eq(hr_buf_str(&once), hr_buf_str(&twice)) || !hr_str_eq(hr_buf_str(&once), hr_buf_str(&other)))
        abort();
    if (hr_redact_left(r, hr_buf_str(&once)) != HR_SECRETS)
        abort();
out:
    hr_buf_fini(&in);
    hr_buf_fini(&once);
    hr_buf_fini(&twice);
    hr_buf_fini(&other);
    hr_redact_close(r);
    hr_redact_close(q);
    return 0;
}
