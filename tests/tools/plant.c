/* Plants one load of known size, says "ready", and stays until its input ends: what the watcher must then show.
 *
 *   plant anon BYTES | locked BYTES | huge BYTES     own memory: plain, mlock'ed, in huge pages
 *   plant cache PATH BYTES | deleted PATH BYTES      a file in the page cache, clean, held open (and unlinked)
 *   plant shm NAME BYTES | leftover NAME BYTES       a segment of /dev/shm, held open, or left behind
 *   plant memfd BYTES                                shared memory without a name
 *   plant fork BYTES N SHARE                         N children that share BYTES and rewrote SHARE bytes of it
 *   plant leak RATE                                  RATE bytes per second; prints "TIME BYTES" (ns since 1970) all the time
 *   plant cpu N                                      N threads that never rest; prints "TIME CPU" (ns) all the time
 *   plant read PATH RATE | write PATH RATE           storage, past the page cache, at RATE bytes per second; prints it too
 *   plant stopped | zombies N | threads N | waits    states; waits: in uninterruptible sleep
 *   plant tables N                                   N pages, each in a page table of its own */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static void fail(const char *what)
{
    fprintf(stderr, "plant: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t wall(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void until(uint64_t ns)
{
    struct timespec t = { (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
    clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL);
}

/* Distinct bytes on every page, so that nothing merges or compresses them. */
static void touch(char *p, size_t n)
{
    for (size_t i = 0; i < n; i += 4096)
        memset(p + i, (int)(i >> 12 | 1), 64);
}

static char *memory(size_t n, int flags)
{
    char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (p == MAP_FAILED)
        fail("memory");
    return p;
}

static void ready(void)
{
    printf("ready %d\n", getpid());
    fflush(stdout);
}

static void stay(void)
{
    char c;
    ready();
    while (read(0, &c, 1) > 0)
        ;
}

static int fill(int fd, uint64_t n)
{
    static char piece[PIECE];
    for (uint64_t i = 0; i < n; i += PIECE) {
        memset(piece, (int)(i >> 20 | 1), sizeof piece);
        if (write(fd, piece, sizeof piece) != (ssize_t)sizeof piece)
            fail("writing");
    }
    return fd;
}

static int made(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        fail(path);
    return fd;
}

static void plant_file(const char *kind, const char *path, uint64_t n)
{
    int fd = fill(made(path), n);
    if (fsync(fd) != 0)
        fail("fsync");
    if (strcmp(kind, "deleted") == 0)
        unlink(path);
    stay();
    unlink(path);
}

static void plant_shm(const char *kind, const char *name, uint64_t n)
{
    char path[256];
    snprintf(path, sizeof path, "/dev/shm/%s", name);
    int fd = fill(made(path), n);
    if (strcmp(kind, "leftover") == 0)
        close(fd);
    stay();
    unlink(path);
}

static void plant_memfd(uint64_t n)
{
    int fd = memfd_create("plant", 0);
    if (fd < 0)
        fail("memfd");
    fill(fd, n);
    char *p = mmap(NULL, n, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (p == MAP_FAILED)
        fail("memfd");
    stay();
}

static void plant_fork(uint64_t n, unsigned children, uint64_t share)
{
    char *p = memory(n, MAP_PRIVATE | MAP_ANONYMOUS);
    int wait_[2], done[2];
    madvise(p, n, MADV_NOHUGEPAGE);
    touch(p, n);
    if (pipe(wait_) != 0 || pipe(done) != 0)
        fail("pipe");
    for (unsigned i = 0; i < children; i++) {
        if (fork() == 0) {
            char c;
            close(wait_[1]);
            for (uint64_t k = 0; k < share; k += 4096)
                p[k] = (char)(k >> 12 ^ i);
            if (write(done[1], "", 1) != 1)
                exit(1);
            while (read(wait_[0], &c, 1) > 0) /* until the parent goes */
                ;
            exit(0);
        }
    }
    for (unsigned i = 0; i < children; i++) {
        char c;
        if (read(done[0], &c, 1) != 1)
            fail("a child");
    }
    stay();
}

static void plant_leak(uint64_t rate)
{
    uint64_t begun = wall(), held = 0;
    ready();
    for (unsigned i = 1;; i++) {
        size_t n = rate / 50 & ~(size_t)4095;
        char *p = memory(n, MAP_PRIVATE | MAP_ANONYMOUS);
        madvise(p, n, MADV_NOHUGEPAGE);
        touch(p, n);
        held += n;
        printf("%llu %llu\n", (unsigned long long)wall(), (unsigned long long)held);
        fflush(stdout);
        if (held > 1u << 30)
            break;
        until(begun + i * UINT64_C(20000000));
    }
    pause();
}

static void *spin(void *unused)
{
    (void)unused;
    for (volatile unsigned i = 0;; i++)
        ;
    return NULL;
}

static void *sleep_(void *unused)
{
    (void)unused;
    for (;;)
        pause();
    return NULL;
}

static void plant_threads(unsigned n, void *(*fn)(void *))
{
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 65536);
    for (unsigned i = 0; i < n; i++) {
        pthread_t t;
        if (pthread_create(&t, &a, fn, NULL) != 0)
            fail("thread");
    }
    if (fn == sleep_) {
        stay();
        exit(0);
    }
    ready();
    for (;;) {
        struct timespec c;
        uint64_t t = wall();
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &c);
        printf("%llu %llu\n", (unsigned long long)t, (unsigned long long)c.tv_sec * 1000000000u + (unsigned long long)c.tv_nsec);
        fflush(stdout);
        until(t + 10000000);
    }
}

static void plant_storage(const char *path, uint64_t rate, int writes)
{
    enum { ROOM = 128 << 20 };
    void *buf;
    int fd = made(path);
    if (posix_memalign(&buf, 4096, PIECE) != 0)
        fail("memory");
    memset(buf, 7, PIECE);
    fill(fd, ROOM);
    fsync(fd);
    close(fd);
    fd = open(path, (writes ? O_WRONLY : O_RDONLY) | O_DIRECT);
    if (fd < 0)
        fail("O_DIRECT");
    uint64_t begun = wall(), at = 0;
    ready();
    for (uint64_t i = 1;; i++, at = (at + PIECE) % ROOM) {
        ssize_t n = writes ? pwrite(fd, buf, PIECE, (off_t)at) : pread(fd, buf, PIECE, (off_t)at);
        if (n != PIECE)
            fail("storage");
        printf("%llu %llu\n", (unsigned long long)wall(), (unsigned long long)(i * PIECE));
        fflush(stdout);
        until(begun + i * (UINT64_C(1000000000) * PIECE / rate));
    }
}

static void plant_zombies(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (fork() == 0)
            _exit(0);
    usleep(200000);
    stay();
}

/* The parent of a vfork waits, and nothing but a fatal signal interrupts it. */
static void plant_waits(void)
{
    ready();
    if (vfork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
}

static void plant_tables(uint64_t n)
{
    enum { REACH = 2 << 20 }; /* of one page table */
    char *p = memory(n * REACH, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE);
    madvise(p, n * REACH, MADV_NOHUGEPAGE);
    for (uint64_t i = 0; i < n; i++)
        p[i * REACH] = 1;
    stay();
}

static void plant_memory(const char *kind, uint64_t n)
{
    char *p = memory(n, MAP_PRIVATE | MAP_ANONYMOUS);
    madvise(p, n, strcmp(kind, "huge") == 0 ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    touch(p, n);
    if (strcmp(kind, "locked") == 0 && mlock(p, n) != 0)
        fail("mlock");
    stay();
}

int main(int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "", *name = argc > 2 ? argv[2] : "";
    uint64_t a = argc > 2 ? strtoull(argv[2], NULL, 10) : 0, b = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(1800); /* the parent may be one that never ends */
    if (strcmp(kind, "anon") == 0 || strcmp(kind, "locked") == 0 || strcmp(kind, "huge") == 0)
        plant_memory(kind, a);
    else if (strcmp(kind, "cache") == 0 || strcmp(kind, "deleted") == 0)
        plant_file(kind, name, b);
    else if (strcmp(kind, "shm") == 0 || strcmp(kind, "leftover") == 0)
        plant_shm(kind, name, b);
    else if (strcmp(kind, "memfd") == 0)
        plant_memfd(a);
    else if (strcmp(kind, "fork") == 0)
        plant_fork(a, (unsigned)b, argc > 4 ? strtoull(argv[4], NULL, 10) : 0);
    else if (strcmp(kind, "leak") == 0)
        plant_leak(a);
    else if (strcmp(kind, "cpu") == 0)
        plant_threads((unsigned)a, spin);
    else if (strcmp(kind, "threads") == 0)
        plant_threads((unsigned)a, sleep_);
    else if (strcmp(kind, "read") == 0 || strcmp(kind, "write") == 0)
        plant_storage(name, b, kind[0] == 'w');
    else if (strcmp(kind, "zombies") == 0)
        plant_zombies((unsigned)a);
    else if (strcmp(kind, "stopped") == 0)
        ready(), raise(SIGSTOP);
    else if (strcmp(kind, "waits") == 0)
        plant_waits();
    else if (strcmp(kind, "tables") == 0)
        plant_tables(a);
    else
        return 2;
    return 0;
}
