#include "wheel_open.h"

#include "process.h"

bool hr_wheel_open(const char *python, const char *wheel, const char *folder, uint64_t deadline)
{
    static const char code[] = "import sys, zipfile\n"
                               "z = zipfile.ZipFile(sys.argv[1])\n"
                               "if sum(i.file_size for i in z.infolist()) > 2 << 30 or len(z.infolist()) > 200000:\n"
                               "    sys.exit(1)\n"
                               "z.extractall(sys.argv[2])\n"; /* which keeps every name below the folder */
    const char *argv[] = { python, "-B", "-I", "-c", code, wheel, folder, NULL };
    struct hr_buf out = HR_BUF_INIT(4096);
    struct hr_ran ran = { HR_END_EXIT, 1 };
    int r = hr_run(argv, "/", deadline, &out, &ran, NULL);
    hr_buf_fini(&out);
    return r == 0 && ran.end == HR_END_EXIT && ran.number == 0;
}
