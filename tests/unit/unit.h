/* The few lines every unit test begins with. */
#ifndef HR_UNIT_H
#define HR_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
