#include "pen.h"

#include "clock.h"
#include "fault.h"
#include "file.h"

#include <fcntl.h>
#include <string.h>

/* With the lock held; gives it up while it writes. */
static void write_page(struct hr_pen *p, unsigned i)
{
    size_t n = p->page[i].n;
    memcpy(p->out, p->page[i].text, n);
    p->page[i].n = 0;
    pthread_mutex_unlock(&p->lock);
    bool bad = hr_write_all(p->fd[i], p->out, n, "a log", NULL) < 0;
    pthread_mutex_lock(&p->lock);
    p->dropped += bad;
}

static void *work(void *arg)
{
    struct hr_pen *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        bool wrote = false;
        for (unsigned i = 0; i < HR_PEN_FILES; i++)
            if (p->page[i].n != 0) {
                write_page(p, i);
                wrote = true;
            }
        if (!wrote && p->over)
            break;
        if (!wrote)
            pthread_cond_wait(&p->news, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void put_away(struct hr_pen *p)
{
    for (unsigned i = 0; i < HR_PEN_FILES; i++) {
        hr_close(p->fd[i]);
        p->fd[i] = -1;
    }
    pthread_cond_destroy(&p->news);
    pthread_mutex_destroy(&p->lock);
}

int hr_pen_start(struct hr_pen *p, const char *const paths[HR_PEN_FILES], struct hr_error *err)
{
    memset(p, 0, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    hr_cond_init(&p->news);
    int r = 0;
    for (unsigned i = 0; i < HR_PEN_FILES; i++) {
        p->fd[i] = -1;
        if (r == 0 && paths[i] != NULL)
            r = hr_open(paths[i], O_WRONLY | O_CREAT | O_TRUNC, 0600, &p->fd[i], err);
    }
    if (r == 0)
        r = hr_thread_start_small(&p->thread, "headrace-pen", work, p, err);
    if (r < 0)
        put_away(p);
    return r;
}

void hr_pen_line(struct hr_pen *p, unsigned file, const char *text, size_t n)
{
    pthread_mutex_lock(&p->lock);
    if (p->fd[file] >= 0 && p->page[file].n + n <= HR_PEN_ROOM) {
        memcpy(p->page[file].text + p->page[file].n, text, n);
        p->page[file].n += n;
        pthread_cond_signal(&p->news);
    } else {
        p->dropped += p->fd[file] >= 0;
    }
    pthread_mutex_unlock(&p->lock);
}

void hr_pen_end(struct hr_pen *p)
{
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_signal(&p->news);
    pthread_mutex_unlock(&p->lock);
    hr_thread_join(&p->thread);
    put_away(p);
}
