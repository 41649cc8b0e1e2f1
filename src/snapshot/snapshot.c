#include "snapshot.h"

#include "clock.h"
#include "cuda_report.h"
#include "doctor_report.h"
#include "learn.h"
#include "manifest_text.h"

#include "headrace/headrace.h"

#include <stdio.h>
#include <time.h>

enum { REPORT_MAX = 16 << 20 };

/* --- asking --- */

struct listener {
    struct hr_root_tape tape;
    const struct hr_snapshot_options *o;
    size_t asked;
    bool stop;
};

static void hear(void *ctx, enum hr_root_what what, const char *path, struct hr_str text, int failed)
{
    struct listener *l = ctx;
    l->tape.add(l->tape.ctx, what, path, text, failed);
    l->asked++;
    if (l->o->progress != NULL && !l->stop)
        l->stop = l->o->progress(l->asked, l->o->arg);
}

/* What the doctor says of the machine, as the replay will say it. */
static int report(struct hr_facts *facts, const struct hr_diagnosis *d, struct hr_buf *out, struct hr_error *err)
{
    struct hr_portrait p;
    struct hr_jw w = HR_JW_INIT(out, 2);
    struct hr_doctor_about about = { hr_version(), true, 0 };
    if (!hr_portrait_of(facts, &p))
        return hr_fail_nomem(err, 0, "the portrait of the machine");
    hr_doctor_json(d, &p, &about, &w);
    hr_portrait_fini(&p);
    return hr_jw_done(&w) && hr_buf_addc(out, '\n') ? 0 : hr_fail_nomem(err, out->len, "the doctor's report");
}

static int ask_all(struct hr_snapshot *s, struct hr_root *root, const struct hr_snapshot_options *o, struct hr_buf *said,
                   struct hr_error *err)
{
    struct listener l = { hr_recording_tape(s->recording), o, 0, false };
    struct hr_root_tape tape = { &l, hear };
    struct hr_doctor_options run = { NULL, 0, o->deep };
    struct hr_facts *facts = NULL;
    hr_root_record(root, &tape);
    hr_root_now(root);
    int r = hr_facts_open(root, o->path, o->paths, &facts, err);
    if (r == 0)
        r = hr_doctor(facts, &run, &s->diagnosis, err);
    if (r == 0)
        r = hr_cuda_ask(facts, err);
    if (r == 0)
        r = report(facts, &s->diagnosis, said, err);
    hr_facts_close(facts);
    hr_root_record(root, NULL);
    if (r == 0 && l.stop)
        r = hr_fail(err, HR_E_CANCELLED, "the snapshot was stopped; nothing was written");
    return r == 0 ? hr_recording_check(s->recording, err) : r;
}

/* --- packing --- */

static int pack(struct hr_snapshot *s, const struct hr_snapshot_options *o, uint64_t when, struct hr_str said,
                struct hr_error *err)
{
    struct hr_bundle b;
    struct hr_buf clean = HR_BUF_INIT(REPORT_MAX), manifest = HR_BUF_INIT(REPORT_MAX);
    hr_bundle_init(&b, s->folder, when, s->redact);
    int r = hr_bundle_add(&b, s->recording, err);
    s->files = b.files;
    s->answers = b.answers;
    if (r == 0 && !hr_redact_text(s->redact, said, &clean))
        r = hr_fail_nomem(err, said.n, "the doctor's report");
    if (r == 0)
        r = hr_bundle_file(&b, "doctor.json", hr_buf_str(&clean), err);
    if (r == 0 && !hr_manifest_text(s, o, when, &manifest))
        r = hr_fail_nomem(err, manifest.len, "the manifest");
    if (r == 0)
        r = hr_bundle_file(&b, "MANIFEST.json", hr_buf_str(&manifest), err);
    if (r == 0)
        r = hr_bundle_finish(&b, err);
    if (r == 0) {
        s->tar = b.tar;
        b.tar = HR_BUF_INIT(0);
    }
    hr_bundle_fini(&b);
    hr_buf_fini(&clean);
    hr_buf_fini(&manifest);
    return r;
}

static int take(struct hr_snapshot *s, const struct hr_snapshot_options *o, struct hr_root *root, struct hr_error *err)
{
    struct hr_buf said = HR_BUF_INIT(REPORT_MAX);
    uint64_t when = hr_wall() / 1000000000u;
    time_t t = (time_t)when;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(s->folder, sizeof s->folder, "headrace-snapshot-%Y-%m-%d", &tm);
    int r = hr_redact_open(o->keep_names, &s->redact, err);
    if (r == 0)
        r = hr_recording_create(&s->recording, err);
    if (r == 0)
        r = hr_learn_machine(s->redact, root, err);
    if (r == 0)
        r = ask_all(s, root, o, &said, err);
    if (r == 0)
        r = hr_learn_recording(s->redact, s->recording, err);
    if (r == 0)
        r = pack(s, o, when, hr_buf_str(&said), err);
    hr_buf_fini(&said);
    return r;
}

int hr_snapshot_take(const struct hr_snapshot_options *o, struct hr_snapshot *ret, struct hr_error *err)
{
    struct hr_snapshot s = { .tar = HR_BUF_INIT(0) };
    struct hr_root *root = NULL;
    int r = hr_root_open(NULL, &root, err);
    if (r == 0)
        r = hr_root_guard(root, HR_DOCTOR_PATIENCE, err);
    if (r == 0)
        r = take(&s, o, root, err);
    hr_root_close(root);
    if (r < 0)
        hr_snapshot_fini(&s);
    else
        *ret = s;
    return r;
}

void hr_snapshot_fini(struct hr_snapshot *s)
{
    hr_buf_fini(&s->tar);
    hr_redact_close(s->redact);
    hr_recording_destroy(s->recording);
    hr_diagnosis_fini(&s->diagnosis);
    *s = (struct hr_snapshot) { .tar = HR_BUF_INIT(0) };
}
