#include <stdio.h>

int main(void)
{
    puts("headrace " HEADRACE_VERSION);
    return 0;
}
