/* A program outside of the tree: it finds the installed library by pkg-config, links it and says which release it
   got. */
#include <mailproto/mailproto.h>

#include <stdio.h>

int main(void)
{
    uint32_t number = mailproto_version_number();
    uint32_t built = MAILPROTO_VERSION_MAJOR * 65536U + MAILPROTO_VERSION_MINOR * 256U + MAILPROTO_VERSION_PATCH;

    printf("%s %u.%u.%u\n", mailproto_version(), (unsigned)(number >> 16), (unsigned)(number >> 8 & 255),
           (unsigned)(number & 255));
    return number == built ? 0 : 1;
}
