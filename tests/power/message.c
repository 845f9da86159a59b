/* message.c - messages that are known by a number.
 * RFC 5322 2.1 has their form. */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disk_nodes.h"
#include "random.h"

int64_t message_date(uint32_t number)
{
    return 1500000000 + (int64_t)number * 3601;
}

char *message_make(uint32_t number, size_t *len)
{
    struct test_random random = {number};
    size_t size = 100 + test_random_below(&random, 3000), used;
    char *data;

    if (number >= MESSAGE_SMALL)
        size = 80;
    else if (!test_random_below(&random, 12))
        size += 5000 + test_random_below(&random, 40000);
    data = power_memory(NULL, size + 200);
    used = (size_t)snprintf(data, 200, "Subject: number %u\r\nFrom: a@example.test\r\n\r\n", (unsigned)number);
    while (used < size) {
        size_t line = 1 + test_random_below(&random, 76);

        for (size_t i = 0; i < line; i++)
            data[used++] = (char)('!' + test_random_below(&random, 90));
        data[used++] = '\r';
        data[used++] = '\n';
    }
    *len = used;
    return data;
}

uint32_t message_number(const char *data, size_t len)
{
    static const char head[] = "Subject: number ";
    uint32_t number = 0;
    size_t size, at = sizeof head - 1;
    char *whole;
    int same;

    if (len < at || memcmp(data, head, at))
        return 0;
    for (; at < len && data[at] >= '0' && data[at] <= '9'; at++)
        number = number * 10 + (uint32_t)(data[at] - '0');
    whole = message_make(number, &size);
    same = size == len && !memcmp(whole, data, len);
    free(whole);
    return same ? number : 0;
}
