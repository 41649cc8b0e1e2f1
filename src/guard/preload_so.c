/* The library that the guard preloads into the programs of a build where the kernel grants it no gate (preload.h).  It runs before
 * main: a leaf knocks at the guard's socket and waits to be let in; everything else costs two system calls.
 *
 * P1: it needs nothing, not even a libc (a build has programs of several), keeps nothing open, and changes nothing of its host.
 * P2: whatever fails (no socket, no guard, an answer that is none), the program goes on. */
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

enum { COMM_MAX = 16, EINTR_ = 4 };

#if defined __x86_64__
static long call(long n, long a, long b, long c)
{
    long r;
    __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return r;
}
#elif defined __aarch64__
static long call(long n, long a, long b, long c)
{
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
    return x0;
}
#else
#error "the preloaded library is for x86-64 and aarch64; the build leaves it out elsewhere"
#endif

extern char **environ __attribute__((weak));

/* The value of HEADRACE_GATE: the socket's name, then the leaves' names, each behind a ':'. */
static const char *gate_of(char *const *env)
{
    static const char name[] = "HEADRACE_GATE=";
    for (; *env != NULL; env++) {
        size_t i = 0;
        while (name[i] != 0 && (*env)[i] == name[i])
            i++;
        if (name[i] == 0)
            return *env + i;
    }
    return NULL;
}

/* Does the program's name begin with one of them?  "clang-14" does with "clang". */
static int is_leaf(const char *list, const char *comm)
{
    for (; *list != 0; list++) {
        size_t i = 0;
        if (*list != ':')
            continue;
        while (list[1 + i] != 0 && list[1 + i] != ':' && list[1 + i] == comm[i])
            i++;
        if (i != 0 && (list[1 + i] == 0 || list[1 + i] == ':'))
            return 1;
    }
    return 0;
}

static void knock(const char *name)
{
    struct sockaddr_un at;
    size_t n = 0;
    char word;
    long fd, r;
    at.sun_family = AF_UNIX;
    at.sun_path[0] = 0; /* an abstract name: no file is left */
    for (; name[n] != 0 && name[n] != ':' && n < sizeof at.sun_path - 1; n++)
        at.sun_path[1 + n] = name[n];
    fd = call(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    do
        r = call(SYS_connect, fd, (long)&at, (long)(offsetof(struct sockaddr_un, sun_path) + 1 + n));
    while (r == -EINTR_);
    if (r == 0)
        do
            r = call(SYS_read, fd, (long)&word, 1); /* a word, or the end of the guard: either lets in */
        while (r == -EINTR_);
    call(SYS_close, fd, 0, 0);
}

/* glibc hands constructors the environment and may not have set its own variable yet; musl has set it and hands nothing. */
__attribute__((constructor)) static void begin(int argc, char **argv, char **envp)
{
    char comm[COMM_MAX];
    char *const *env = &environ != NULL && environ != NULL ? environ : envp;
    const char *gate;
    (void)argc;
    (void)argv;
    if (env == NULL || call(SYS_prctl, PR_GET_NAME, (long)comm, 0) != 0)
        return;
    gate = gate_of(env);
    if (gate != NULL && is_leaf(gate, comm))
        knock(gate);
}
