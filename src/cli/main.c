#include "cli.h"

int main(int argc, char **argv)
{
    return hr_cli_main(argc, argv);
}
