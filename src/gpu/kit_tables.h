/* What each CUDA toolkit asks of the machine: the driver that it came with, and the newest host compiler that its nvcc takes.
 * Beside the tables of arch.h, which tell what it builds for; a CUDA version is written as there, 12.8 is 1208. */
#ifndef HR_KIT_TABLES_H
#define HR_KIT_TABLES_H

#include "arch.h"

struct hr_kit_row {
    uint16_t cuda;
    const char *driver;  /* that it came with, for Linux: "570.26"; this one and newer take all that it builds, PTX too */
    const char *windows; /* the same for Windows, which is WSL2's; NULL: it came with none */
    uint16_t gcc;        /* the newest major that nvcc takes */
    const char *gcc_source;
};
const struct hr_kit_row *hr_kit_table(size_t *ret_n);
/* The row of that very version; NULL: not in the table. */
const struct hr_kit_row *hr_kit_row_of(unsigned cuda);
/* The newest that is not newer than `most`; NULL: none. */
const struct hr_kit_row *hr_kit_newest(unsigned most);
extern const char *const hr_kit_driver_source;

/* The oldest driver with which programs of this toolkit's major start at all (minor version compatibility); NULL: no source
 * says so. */
const char *hr_kit_oldest_driver(unsigned cuda);

/* The newest gcc major that a toolkit's own crt/host_config.h lets through ("#if __GNUC__ > 14"); 0: it tells none. */
unsigned hr_kit_gcc_of_header(struct hr_str host_config);

#endif
