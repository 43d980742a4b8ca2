/* Two marks in a stream of bytes. */

#include "proxy/server/withhold.h"

#include "cache/base/check.h"

void withheld_until(struct withheld *withheld, uint64_t position, size_t len)
{
    assert(position > 0);
    assert(position >= withheld->last);
    if (withheld->first == 0) {
        withheld->first = position;
        withheld->first_len = len;
    } else if (withheld->first != position) {
        withheld->last = position;
        withheld->last_len = len;
    } else {
        withheld->first_len = len;
    }
}

void withheld_left(struct withheld *withheld, size_t count, size_t len)
{
    if (withheld->first == 0) {
        withheld->open = len; /* The client does not read: they may leave, whatever follows. */
        return;
    }
    assert(count <= withheld->open);
    withheld->open -= count;
    withheld->first_len -= count;
    withheld->last_len -= withheld->last == 0 ? 0 : count;
}

bool withheld_release(struct withheld *withheld, uint64_t safe)
{
    if (withheld->first == 0 || safe < withheld->first) {
        return false;
    }
    withheld->open = withheld->first_len;
    withheld->first = withheld->last;
    withheld->first_len = withheld->last_len;
    withheld->last = 0;
    if (withheld->first != 0 && safe >= withheld->first) {
        withheld->open = withheld->first_len;
        withheld->first = 0;
    }
    return true;
}
