#include "hook.h"

#include "clock.h"
#include "mem.h"
#include "process.h"
#include "procfs.h"
#include "thread.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE (10 * UINT64_C(1000000000))
enum { ON_MAX = 32, DROP_FILES = 1024 };

struct call {
    bool begins;
    enum hr_episode_level level;
    char key[32], text[240];
};

struct hr_hook {
    char *program;
    bool drop;
    const char *key;
    uint64_t patience;
    struct call on[ON_MAX]; /* at the last look */
    size_t on_n;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    struct call queue[HR_HOOK_QUEUE];
    size_t first, n;
    bool stopping;
    struct hr_hook_done done;
    struct hr_thread thread;
};

static void run_one(const struct hr_hook *h, const struct call *c, char said[96])
{
    const char *const argv[] = { h->program, c->begins ? "begin" : "end", c->key, hr_episode_level_name(c->level), c->text, NULL };
    struct hr_buf out = HR_BUF_INIT(4096);
    struct hr_error err = HR_ERROR_INIT;
    struct hr_ran ran = { 0 };
    if (hr_run(argv, NULL, hr_now() + h->patience, &out, &ran, &err) < 0)
        snprintf(said, 96, "could not be started: %.70s", err.text);
    else if (ran.end == HR_END_EXIT)
        snprintf(said, 96, "exit status %d", ran.number);
    else if (ran.end == HR_END_SIGNAL)
        snprintf(said, 96, "ended by signal %d", ran.number);
    else if (ran.end == HR_END_TIMEOUT)
        snprintf(said, 96, "ended after %u s", (unsigned)(h->patience / 1000000000));
    else
        snprintf(said, 96, "could not be started: %.70s", strerror(ran.number));
    hr_buf_fini(&out);
}

struct dropping {
    unsigned files;
};

static bool drop_of(void *ctx, int pid)
{
    struct dropping *d = ctx;
    d->files += hr_proc_drop_files(pid, DROP_FILES - d->files);
    return d->files < DROP_FILES;
}

/* Where the marks of headrace run do it for the files of their job, this does it for everybody's that it may look at. */
static void drop(char said[96])
{
    struct dropping d = { 0 };
    if (hr_proc_each(drop_of, &d) < 0)
        snprintf(said, 96, "processes could not be listed");
    else if (d.files == 0)
        snprintf(said, 96, "no large file is open for reading alone");
    else
        snprintf(said, 96, "page cache of %u large file%s dropped", d.files, d.files == 1 ? "" : "s");
}

static void *work(void *arg)
{
    struct hr_hook *h = arg;
    pthread_mutex_lock(&h->lock);
    while (!h->stopping || h->n > 0) {
        if (h->n == 0) {
            pthread_cond_wait(&h->more, &h->lock);
            continue;
        }
        struct call c = h->queue[h->first];
        h->first = (h->first + 1) % HR_HOOK_QUEUE;
        h->n--;
        h->done.running = true;
        pthread_mutex_unlock(&h->lock);
        char said[96];
        if (h->drop)
            drop(said);
        else
            run_one(h, &c, said);
        pthread_mutex_lock(&h->lock);
        memcpy(h->done.last, said, sizeof said);
        h->done.running = false;
        h->done.times++;
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

int hr_hook_open(const struct hr_hook_options *o, struct hr_hook **ret, struct hr_error *err)
{
    struct hr_hook *h = hr_calloc(1, sizeof *h);
    if (h != NULL && !o->drop)
        h->program = hr_strdup(o->program);
    if (h == NULL || (h->program == NULL && !o->drop)) {
        hr_free(h);
        return hr_fail_nomem(err, sizeof *h, "the program for alerts");
    }
    h->drop = o->drop;
    h->key = o->key;
    h->patience = o->patience != 0 ? o->patience : PATIENCE;
    pthread_mutex_init(&h->lock, NULL);
    hr_cond_init(&h->more);
    int r = hr_thread_start(&h->thread, "hr-on-alert", work, h, err);
    if (r < 0)
        hr_hook_close(h);
    else
        *ret = h;
    return r;
}

void hr_hook_close(struct hr_hook *h)
{
    if (h == NULL)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_cond_signal(&h->more);
    pthread_mutex_unlock(&h->lock);
    hr_thread_join(&h->thread);
    pthread_cond_destroy(&h->more);
    pthread_mutex_destroy(&h->lock);
    hr_free(h->program);
    hr_free(h);
}

static bool holds(const struct call *c, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(c[i].key, key) == 0)
            return true;
    return false;
}

static void push(struct hr_hook *h, const struct call *c, bool begins)
{
    pthread_mutex_lock(&h->lock);
    if (h->n == HR_HOOK_QUEUE) {
        h->first = (h->first + 1) % HR_HOOK_QUEUE;
        h->n--;
    }
    struct call *to = &h->queue[(h->first + h->n++) % HR_HOOK_QUEUE];
    *to = *c;
    to->begins = begins;
    pthread_cond_signal(&h->more);
    pthread_mutex_unlock(&h->lock);
}

void hr_hook_look(struct hr_hook *h, const struct hr_episodes *e)
{
    const struct hr_episode *on[ON_MAX];
    struct call now[ON_MAX];
    size_t n = hr_episodes_on(e, on, ON_MAX);
    for (size_t i = 0; i < n; i++) {
        now[i] = (struct call) { .level = on[i]->level };
        snprintf(now[i].key, sizeof now[i].key, "%s", on[i]->key);
        snprintf(now[i].text, sizeof now[i].text, "%s", on[i]->text);
        if (!holds(h->on, h->on_n, now[i].key) && (h->key == NULL || strcmp(h->key, now[i].key) == 0))
            push(h, &now[i], true);
    }
    for (size_t i = 0; i < h->on_n; i++)
        if (h->key == NULL && !holds(now, n, h->on[i].key))
            push(h, &h->on[i], false);
    memcpy(h->on, now, n * sizeof *now);
    h->on_n = n;
}

void hr_hook_done(struct hr_hook *h, struct hr_hook_done *ret)
{
    pthread_mutex_lock(&h->lock);
    *ret = h->done;
    pthread_mutex_unlock(&h->lock);
}
