#ifndef PODIS_CACHE_PERSIST_RDB_CODE_H
#define PODIS_CACHE_PERSIST_RDB_CODE_H

/* The bytes with which a record of an RDB file begins. All others are types of values, which
 * struct type knows; 6 and 7 are those of Redis's modules. */

enum rdb_code {
    RDB_MODULE_1 = 6,
    RDB_MODULE_2 = 7,
    RDB_SLOT_IMPORT = 243,  /* Valkey: slots that were on their way when it was saved. */
    RDB_SLOT_INFO = 244,    /* How many keys a slot of a cluster has. */
    RDB_FUNCTION = 245,     /* A library's code. */
    RDB_FUNCTION_OLD = 246, /* Of release candidates of Redis 7.0. */
    RDB_MODULE_AUX = 247,
    RDB_IDLE = 248,      /* Of the next key: seconds since it was used. */
    RDB_FREQUENCY = 249, /* Of the next key. */
    RDB_AUX = 250,       /* A fact: its name and its text. */
    RDB_SIZES = 251,
    RDB_EXPIRES_MS = 252, /* Of the next key. */
    RDB_EXPIRES_S = 253,  /* The same in seconds. */
    RDB_SELECT = 254,
    RDB_END = 255,
};

#endif
