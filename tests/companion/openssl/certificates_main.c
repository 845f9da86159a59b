/* The certificates of certificates.h for a test that is no C program: says their folder, and removes them at the end of its
   standard input. */
#include <stdio.h>

#include "certificates.h"

int main(void)
{
    struct test_certificates certificates;

    test_certificates_begin(&certificates);
    printf("%s\n", certificates.folder);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    test_certificates_end(&certificates);
    return 0;
}
