#include "manifest_text.h"

#include "json_write.h"

#include "headrace/headrace.h"

#include <time.h>

enum { SCHEMA = 1 };

void hr_manifest_time(uint64_t when, char out[32])
{
    time_t t = (time_t)when;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void recorded(struct hr_jw *w, const struct hr_snapshot *s)
{
    const struct hr_recorded *e;
    size_t n = hr_recording_list(s->recording, &e), count[HR_ROOT_ANSWER + 1] = { 0 }, failed = 0;
    for (size_t i = 0; i < n; i++) {
        count[e[i].what]++;
        failed += e[i].failed != 0;
    }
    hr_jw_key(w, "questions");
    hr_jw_object_flat(w);
    for (int k = 0; k <= HR_ROOT_ANSWER; k++)
        hr_jw_ku64(w, hr_root_what_name((enum hr_root_what)k), count[k]);
    hr_jw_ku64(w, "failed", failed);
    hr_jw_end(w);
}

static void redacted(struct hr_jw *w, const struct hr_snapshot *s)
{
    hr_jw_key(w, "redacted");
    hr_jw_array(w);
    for (int k = 0; k < HR_SECRETS; k++) {
        size_t different, times = hr_redact_count(s->redact, (enum hr_secret)k, &different);
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "what", hr_secret_name((enum hr_secret)k));
        hr_jw_ku64(w, "times", times);
        hr_jw_ku64(w, "different", different);
        hr_jw_end(w);
    }
    hr_jw_end(w);
}

static bool left_out(struct hr_jw *w, const struct hr_snapshot *s)
{
    const struct hr_recorded *e;
    size_t n = hr_recording_list(s->recording, &e);
    struct hr_buf path = HR_BUF_INIT(64 << 10);
    bool ok = true;
    hr_jw_key(w, "left_out");
    hr_jw_array(w);
    for (size_t i = 0; ok && i < n; i++) {
        if (!e[i].left_out)
            continue;
        hr_buf_reset(&path);
        ok = hr_redact_text(s->redact, hr_str(e[i].path), &path);
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "what", hr_root_what_name(e[i].what));
        hr_jw_kstr(w, "path", path.data);
        hr_jw_ku64(w, "bytes", e[i].n);
        hr_jw_kstr(w, "why", "larger than a snapshot takes");
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_buf_fini(&path);
    return ok;
}

bool hr_manifest_text(const struct hr_snapshot *s, const struct hr_snapshot_options *o, uint64_t when, struct hr_buf *out)
{
    struct hr_jw w = HR_JW_INIT(out, 2);
    char time[32];
    hr_manifest_time(when, time);
    hr_jw_object(&w);
    hr_jw_kstr(&w, "about", "a machine as headrace doctor saw it; replay it with: headrace doctor --root FILE");
    hr_jw_ku64(&w, "schema", SCHEMA);
    hr_jw_kstr(&w, "headrace", hr_version());
    hr_jw_kstr(&w, "captured", time);
    hr_jw_kbool(&w, "deep", o->deep);
    hr_jw_kbool(&w, "names_kept", o->keep_names);
    hr_jw_ku64(&w, "paths", o->paths);
    hr_jw_kstr(&w, "verdict", hr_verdict_name(hr_diagnosis_verdict(&s->diagnosis)));
    recorded(&w, s);
    redacted(&w, s);
    bool ok = left_out(&w, s);
    hr_jw_end(&w);
    return ok && hr_jw_done(&w) && hr_buf_addc(out, '\n');
}
