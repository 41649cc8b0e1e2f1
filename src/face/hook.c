#include "hook.h"

#include "clock.h"
#include "mem.h"
#include "process.h"
#include "thread.h"

#include <stdio.h>
#include <string.h>

#define PATIENCE (10 * UINT64_C(1000000000))
enum { ON_MAX = 16 };

struct call {
    bool begins;
    enum hr_episode_level level;
    char key[32], text[240];
};

struct hr_hook {
    char *program;
    struct call on[ON_MAX]; /* at the last look */
    size_t on_n;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    struct call queue[HR_HOOK_QUEUE];
    size_t first, n;
    bool stopping;
    struct hr_thread thread;
};

static void run_one(const struct hr_hook *h, const struct call *c)
{
    static const char *const levels[] = { "note", "warn", "bad" };
    const char *const argv[] = { h->program, c->begins ? "begin" : "end", c->key, levels[c->level], c->text, NULL };
    struct hr_buf out = HR_BUF_INIT(4096);
    struct hr_ran ran;
    if (hr_run(argv, NULL, hr_now() + PATIENCE, &out, &ran, NULL) < 0)
        memset(&ran, 0, sizeof ran); /* there is nobody to tell: the alert itself is on the screen */
    hr_buf_fini(&out);
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
        pthread_mutex_unlock(&h->lock);
        run_one(h, &c);
        pthread_mutex_lock(&h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

int hr_hook_open(const char *program, struct hr_hook **ret, struct hr_error *err)
{
    struct hr_hook *h = hr_calloc(1, sizeof *h);
    if (h != NULL)
        h->program = hr_strdup(program);
    if (h == NULL || h->program == NULL) {
        hr_free(h);
        return hr_fail_nomem(err, sizeof *h, "the program for alerts");
    }
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
        if (!holds(h->on, h->on_n, now[i].key))
            push(h, &now[i], true);
    }
    for (size_t i = 0; i < h->on_n; i++)
        if (!holds(now, n, h->on[i].key))
            push(h, &h->on[i], false);
    memcpy(h->on, now, n * sizeof *now);
    h->on_n = n;
}
