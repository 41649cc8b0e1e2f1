#include "json_write.h"
#include "pack_job.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { TELL = 10 }; /* bad samples that are named one by one */

/* "'a.json', sample 3, byte 1204: 'x' has ..." */
static void sentence(const char *file, const struct hr_bad_sample *bad, char *to, size_t n)
{
    char where[64] = "";
    if (bad->offset != HR_OFFSET_NONE)
        snprintf(where, sizeof where, ", byte %llu", (unsigned long long)bad->offset);
    if (bad->key[0] != 0)
        snprintf(to, n, "'%s', sample %llu%s: '%s' %s", file, (unsigned long long)bad->number, where, bad->key, bad->why);
    else
        snprintf(to, n, "'%s', sample %llu%s: it %s", file, (unsigned long long)bad->number, where, bad->why);
}

int hr_pack_bad_open(struct hr_packing *p, struct hr_error *err)
{
    if (p->o.bad != HR_BAD_REJECT)
        return 0;
    int flags = O_WRONLY | O_CREAT | (p->mark.reject == 0 ? O_TRUNC : 0);
    hr_close(p->reject);
    p->reject = -1;
    return hr_open(p->o.reject_file, flags, 0666, &p->reject, err);
}

static int reject(struct hr_packing *p, const char *file, const struct hr_bad_sample *bad, struct hr_error *err)
{
    struct hr_buf line = HR_BUF_INIT((size_t)1 << 16);
    struct hr_jw w = HR_JW_INIT(&line, 0);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "file", file);
    hr_jw_ku64(&w, "sample", bad->number);
    if (bad->offset != HR_OFFSET_NONE)
        hr_jw_ku64(&w, "offset", bad->offset);
    else
        hr_jw_knull(&w, "offset");
    hr_jw_kstr(&w, "key", bad->key);
    hr_jw_kstr(&w, "why", bad->why);
    hr_jw_end(&w);
    int e = !hr_jw_done(&w) || !hr_buf_addc(&line, '\n') ? hr_fail_nomem(err, line.len, "the reject file") : 0;
    if (e == 0)
        e = hr_pwrite_all(p->reject, line.data, line.len, p->mark.reject, p->o.reject_file, err);
    if (e == 0)
        p->mark.reject += line.len;
    hr_buf_fini(&line);
    return e;
}

int hr_pack_bad(struct hr_packing *p, const struct hr_unit *u, const struct hr_bad_sample *bad, struct hr_error *err)
{
    const char *file = p->source->file[u->file];
    char text[1024];
    if (bad->widen != HR_WIDEN_NONE && hr_pack_widen(p, bad, file)) {
        p->again = true;
        return HR_E_STATE; /* ends this attempt; nobody reads the sentence */
    }
    sentence(file, bad, text, sizeof text);
    if (p->o.bad == HR_BAD_STOP)
        return hr_fail(err, HR_E_BAD_SAMPLE, "%s; --bad skip leaves such samples out, --bad reject lists them in a file", text);
    if (p->told < TELL)
        hr_pack_notice(p, "left out: %s", text);
    else if (p->told == TELL)
        hr_pack_notice(p, "more samples are left out; the count comes at the end");
    p->told++;
    p->mark.bad++;
    return p->o.bad == HR_BAD_REJECT ? reject(p, file, bad, err) : 0;
}
