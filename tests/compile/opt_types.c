/* Each row once over a member of its type and once over one that is nearly right.  Built with -fsyntax-only by the tests
 * opt_*_type: WRONG_* must not compile. */
#include "opt.h"

enum some { SOME, OTHER };
static const struct hr_choice choices[] = { { "some", SOME, NULL }, { NULL, 0, NULL } };

#if defined(RIGHT_FLAG)
#define MEMBER bool m;
#define ROW HR_OPT_FLAG(struct args, m, 0, "m", NULL, "help of it")
#elif defined(WRONG_FLAG)
#define MEMBER int m;
#define ROW HR_OPT_FLAG(struct args, m, 0, "m", NULL, "help of it")
#elif defined(RIGHT_INT)
#define MEMBER int m;
#define ROW HR_OPT_INT(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(WRONG_INT)
#define MEMBER long m;
#define ROW HR_OPT_INT(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(RIGHT_U64)
#define MEMBER uint64_t m;
#define ROW HR_OPT_U64(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(WRONG_U64)
#define MEMBER int64_t m;
#define ROW HR_OPT_U64(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(RIGHT_SIZE)
#define MEMBER uint64_t m;
#define ROW HR_OPT_SIZE(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(WRONG_SIZE)
#define MEMBER uint32_t m;
#define ROW HR_OPT_SIZE(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(RIGHT_DURATION)
#define MEMBER uint64_t m;
#define ROW HR_OPT_DURATION(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(WRONG_DURATION)
#define MEMBER double m;
#define ROW HR_OPT_DURATION(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(RIGHT_FLOAT)
#define MEMBER double m;
#define ROW HR_OPT_FLOAT(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(WRONG_FLOAT)
#define MEMBER float m;
#define ROW HR_OPT_FLOAT(struct args, m, 0, "m", "N", NULL, 0, 1, "help of it")
#elif defined(RIGHT_STRING)
#define MEMBER const char * m;
#define ROW HR_OPT_STRING(struct args, m, 0, "m", "S", NULL, "help of it")
#elif defined(WRONG_STRING)
#define MEMBER char * m;
#define ROW HR_OPT_STRING(struct args, m, 0, "m", "S", NULL, "help of it")
#elif defined(RIGHT_CHOICE)
#define MEMBER enum some m;
#define ROW HR_OPT_CHOICE(struct args, m, 0, "m", "S", NULL, choices, "help of it")
#elif defined(WRONG_CHOICE)
#define MEMBER uint8_t m;
#define ROW HR_OPT_CHOICE(struct args, m, 0, "m", "S", NULL, choices, "help of it")
#elif defined(RIGHT_LIST)
#define MEMBER struct hr_strings m;
#define ROW HR_OPT_LIST(struct args, m, 0, "m", "S", "help of it")
#elif defined(WRONG_LIST)
#define MEMBER const char * m;
#define ROW HR_OPT_LIST(struct args, m, 0, "m", "S", "help of it")
#elif defined(RIGHT_HELP)
#define MEMBER bool m;
#define ROW HR_OPT_HELP(struct args, m, 0, "m", "help of it")
#elif defined(WRONG_HELP)
#define MEMBER char m;
#define ROW HR_OPT_HELP(struct args, m, 0, "m", "help of it")
#endif

struct args {
    MEMBER
};
const struct hr_opt opts[] = { ROW, HR_OPT_END };
const struct hr_choice *uses = choices;
