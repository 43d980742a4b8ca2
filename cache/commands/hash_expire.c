#include "cache/commands/rows.h"
const struct command hash_expire_commands[] = { { .name = NULL } };
