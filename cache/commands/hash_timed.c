#include "cache/commands/rows.h"
const struct command hash_timed_commands[] = { { .name = NULL } };
