#include "mapping.h"

#include "fault.h"
#include "file.h"
#include "num.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PAGE = 4096, HUGE = 2 << 20 };

int hr_map_file(int fd, const char *path, struct hr_mapping *ret, struct hr_error *err)
{
    uint64_t size = 0;
    int r = hr_file_size(fd, path, &size, err);
    if (r < 0)
        return r;
    if (size == 0) {
        *ret = (struct hr_mapping){ NULL, 0 };
        return 0;
    }
    void *p = hr_fault_sys() ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return hr_fail_errno(err, errno, "'%s' (%llu bytes) cannot be mapped", path, (unsigned long long)size);
    *ret = (struct hr_mapping){ p, size };
    return 0;
}

bool hr_map_advise(const struct hr_mapping *m, size_t off, size_t n, enum hr_advice advice)
{
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
    static const int how[] = { [HR_ADVISE_RANDOM] = MADV_RANDOM,
                               [HR_ADVISE_SEQUENTIAL] = MADV_SEQUENTIAL,
                               [HR_ADVISE_WILLNEED] = MADV_WILLNEED,
                               [HR_ADVISE_POPULATE] = MADV_POPULATE_READ,
                               [HR_ADVISE_DONTNEED] = MADV_DONTNEED };
    if (m->p == NULL || !hr_range_ok(off, n, m->n))
        return false;
    size_t from = off & ~(size_t)(PAGE - 1);
    return !hr_fault_sys() && madvise((char *)m->p + from, off + n - from, how[advice]) == 0;
}

/* Before 5.18 a fault in such a mapping reads as any other, one page at a time under HR_ADVISE_RANDOM. */
static bool kernel_reads_huge(void)
{
    struct utsname u;
    char *end;
    if (uname(&u) != 0)
        return false;
    unsigned long major = strtoul(u.release, &end, 10), minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    return major > 5 || (major == 5 && minor >= 18);
}

bool hr_map_huge(const struct hr_mapping *m)
{
    return m->p != NULL && kernel_reads_huge() && !hr_fault_sys() && madvise(m->p, m->n, MADV_HUGEPAGE) == 0;
}

int hr_map_anon(size_t n, struct hr_mapping *ret, struct hr_error *err)
{
    if (n == 0 || n > SIZE_MAX - PAGE)
        return hr_fail(err, HR_E_INVALID, "a region of %zu bytes was asked for", n);
    n = hr_align_up(n, PAGE);
    void *p = hr_fault_sys() ? MAP_FAILED : mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return errno == ENOMEM ? hr_fail_nomem(err, n, "a memory region")
                               : hr_fail_errno(err, errno, "a memory region of %zu bytes cannot be had", n);
    if (n >= HUGE)
        madvise(p, n, MADV_HUGEPAGE);
    *ret = (struct hr_mapping){ p, n };
    return 0;
}

int hr_map_shared(size_t n, struct hr_mapping *ret, struct hr_error *err)
{
    n = hr_align_up(n, PAGE);
    void *p = hr_fault_sys() ? MAP_FAILED : mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return hr_fail_errno(err, errno, "a shared memory region of %zu bytes cannot be had", n);
    *ret = (struct hr_mapping){ p, n };
    return 0;
}

void hr_unmap(struct hr_mapping *m)
{
    if (m->p != NULL)
        munmap(m->p, m->n);
    *m = (struct hr_mapping){ NULL, 0 };
}
