#include "cli.h"

#include "clock.h"
#include "file.h"
#include "human.h"
#include "interrupt.h"
#include "kernel_tail.h"
#include "mark_opts.h"
#include "ring_alerts.h"
#include "tape_place.h"
#include "watch.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define SYNC_ALERTED UINT64_C(900000000) /* in every look of a second: the end may be near */

struct args {
    const char *file;
    uint64_t size, every, lasting, sync;
    struct hr_mark_args mark;
};

static const struct hr_opt opts[] = {
    HR_OPT_STRING(struct args, file, 0, "file", "FILE", NULL, "the recording; without it record.ring in headrace's folder of state"),
    HR_OPT_SIZE(struct args, size, 's', "size", "SIZE", NULL, HR_RING_SIZE_MIN, HR_RING_SIZE_MAX, "its size, for good; a new one has 64 MiB"),
    HR_OPT_DURATION(struct args, lasting, 'f', "for", "TIME", NULL, UINT64_C(1000000), UINT64_C(31536000000000000), "end after this long"),
    HR_OPT_DURATION(struct args, every, 'i', "interval", "TIME", "1s", UINT64_C(100000000), UINT64_C(3600000000000), "time between two looks"),
    HR_OPT_DURATION(struct args, sync, 0, "sync", "TIME", "2s", UINT64_C(100000000), UINT64_C(3600000000000),
                    "put it on the disk this often, and every second while an alert stands: a power cut takes no more than this and one look"),
    HR_MARK_OPTS(struct args, mark),
    HR_OPT_END,
};

static const struct hr_example examples[] = {
    { "record until Ctrl-C", "headrace record" },
    { "in the background, for as long as the machine is up", "nohup headrace record -q &" },
    { "what it saw, after a crash", "headrace postmortem" },
    { NULL, NULL },
};

/* An alert without its memory is no reason not to record. */
struct told {
    struct hr_alarm alarm;
    struct hr_ring_alerts alerts;
};

static int tell_alerts(struct told *t, struct hr_ring *ring, const struct hr_watch *w, struct hr_error *err)
{
    if (t->alarm.episodes == NULL)
        return 0;
    hr_alarm_take(&t->alarm, hr_watch_model(w), hr_watch_series(w));
    return hr_ring_alerts_put(&t->alerts, ring, t->alarm.episodes, err);
}

static bool time_to_sync(const struct told *t, uint64_t synced, uint64_t every)
{
    const struct hr_episode *on;
    bool alerted = t->alarm.episodes != NULL && hr_episodes_on(t->alarm.episodes, &on, 1) != 0;
    return hr_now() - synced >= (alerted ? HR_MIN(every, SYNC_ALERTED) : every);
}

static int tell_marks(const struct hr_memory_marks *marks, struct hr_ring *ring, const struct hr_model *m, struct hr_error *err)
{
    char text[300], note[HR_RING_TEXT];
    if (!hr_memory_marks_any(marks))
        return 0;
    hr_memory_marks_say(marks, &m->memory, text, sizeof text);
    snprintf(note, sizeof note, HR_MARKS_NOTE "%.220s", text);
    return hr_ring_note(ring, note, err);
}

/* What the kernel says goes to the disk at once: often it is the last that is heard of a machine. */
static int tell_kernel(struct hr_kernel_tail *k, struct hr_ring *ring, struct hr_error *err)
{
    char line[HR_TAIL_LINE], text[HR_RING_TEXT];
    bool any = false;
    int r = 0;
    while (r == 0 && hr_kernel_tail_next(k, hr_now(), line)) {
        snprintf(text, sizeof text, "%s%s", HR_RING_KERNEL, line);
        r = hr_ring_note(ring, text, err);
        any = true;
    }
    return r == 0 && any ? hr_ring_sync(ring, err) : r;
}

static void listen_to_kernel(struct hr_cli *cli, struct hr_kernel_tail *k, struct hr_ring *ring, struct hr_error *err)
{
    char why[HR_WHY_MAX], text[HR_RING_TEXT];
    bool followed = hr_kernel_tail_open(k, why);
    snprintf(text, sizeof text, "%s%s", HR_RING_KERNEL, why);
    if (hr_ring_note(ring, followed ? HR_RING_FOLLOWED : text, err) < 0)
        hr_note(cli, "%s", err->text);
}

static const char *why_over(void)
{
    switch (hr_interrupted()) {
    case 0:
        return "after the time that was asked for";
    case SIGINT:
        return "by Ctrl-C (SIGINT)";
    case SIGTERM:
        return "by SIGTERM, which kill, a service's stop and a shutdown send";
    default:
        return "by a signal";
    }
}

static int loop(struct hr_cli *cli, struct hr_ring *ring, struct hr_watch *w, const struct hr_alarm_options *alarms, const struct args *a,
                struct hr_error *err)
{
    uint64_t begun = hr_now(), next = begun, synced = begun;
    struct told alerts = { 0 };
    bool told = false;
    int opened = hr_alarm_open(alarms, &alerts.alarm, err);
    if (opened < 0 && hr_memory_marks_any(&alarms->marks))
        return opened; /* what was asked for in words cannot be done */
    struct hr_kernel_tail kernel;
    listen_to_kernel(cli, &kernel, ring, err);
    while (hr_interrupted() == 0 && (a->lasting == 0 || hr_now() - begun < a->lasting)) {
        hr_watch_tick(w);
        int r = hr_ring_put(ring, hr_watch_model(w), err);
        if (r == 0 && hr_watch_model(w)->seq == 1)
            r = tell_marks(&alarms->marks, ring, hr_watch_model(w), err);
        if (r == 0)
            r = tell_alerts(&alerts, ring, w, err);
        if (r == 0)
            r = tell_kernel(&kernel, ring, err);
        if (r == 0 && time_to_sync(&alerts, synced, a->sync)) {
            r = hr_ring_sync(ring, err);
            synced = hr_now();
        }
        if (r < 0 && !told)
            hr_note(cli, "%s; recording goes on", err->text);
        told = r < 0;
        next += a->every;
        if (hr_now() > next) /* it was late: no burst of looks afterwards */
            next = hr_now();
        hr_interrupted_until(next);
    }
    hr_kernel_tail_close(&kernel);
    hr_alarm_close(&alerts.alarm);
    return hr_ring_finish(ring, why_over(), err);
}

static int record(struct hr_cli *cli, const struct hr_root *root, const char *path, const struct args *a, struct hr_error *err)
{
    struct hr_watch_options o = { .period = a->every, .frugal = true };
    struct hr_alarm_options alarms = { .on_act = NULL };
    struct hr_watch *w;
    struct hr_ring *ring;
    struct hr_buf boot = HR_BUF_INIT(256);
    char id[64];
    if (hr_root_read(root, "proc/sys/kernel/random/boot_id", &boot, NULL) < 0)
        hr_buf_reset(&boot);
    struct hr_str s = hr_str_trim(hr_buf_str(&boot));
    snprintf(id, sizeof id, "%.*s", HR_STR_ARG(s));
    hr_buf_fini(&boot);
    int r = hr_watch_open(root, &o, &w, err);
    if (r < 0)
        return r;
    r = hr_mark_options(cli, &a->mark, hr_watch_model(w), &alarms, err);
    if (r == 0 && (r = hr_ring_open(path, a->size, id, &ring, err)) == 0) {
        hr_interrupt_install();
        hr_mark_note(cli, &alarms.marks, hr_watch_model(w));
        hr_note(cli, "recording to '%s' (%s, never more); Ctrl-C ends it", path, hr_human_bytes(hr_ring_size(ring)).text);
        r = loop(cli, ring, w, &alarms, a, err);
        hr_detail(cli, "%s written, %s of CPU time", hr_human_bytes(hr_ring_written(ring)).text, hr_human_duration(hr_cpu_process()).text);
        hr_ring_close(ring);
    }
    hr_watch_close(w);
    return r;
}

static int run(struct hr_cli *cli, void *args, struct hr_error *err)
{
    const struct args *a = args;
    struct hr_buf path = HR_BUF_INIT(4096);
    struct hr_root *root;
    int r = hr_root_open(cli->common->root, &root, err);
    if (r < 0)
        return r;
    if (!hr_root_is_live(root)) {
        r = hr_cli_usage(cli, err, "a captured machine stands still: there is nothing to record");
    } else {
        r = hr_tape_place(root, a->file, &path, err);
        char *slash = r == 0 && a->file == NULL ? strrchr(path.data, '/') : NULL;
        if (slash != NULL) {
            *slash = 0;
            r = hr_mkdir(path.data, true, err);
            *slash = '/';
        }
        if (r == 0)
            r = record(cli, root, path.data, a, err);
    }
    hr_buf_fini(&path);
    hr_root_close(root);
    return r;
}

const struct hr_command hr_cmd_record = { opts, sizeof(struct args), NULL, run, examples };
