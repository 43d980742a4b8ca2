#ifndef PODIS_CACHE_COMMANDS_ROWS_H
#define PODIS_CACHE_COMMANDS_ROWS_H

/* The store's tables of rows, each at the end of the file that holds its handlers.
 * command_table_add_store() adds them all. */

#include "cache/command.h"

extern const struct command command_commands[];       /* command.c */
extern const struct command string_commands[];        /* string.c */
extern const struct command string_write_commands[];  /* string_write.c */
extern const struct command string_number_commands[]; /* string_number.c */
extern const struct command lcs_commands[];           /* lcs.c */
extern const struct command key_commands[];           /* key.c */
extern const struct command expire_commands[];        /* expire.c */
extern const struct command scan_commands[];          /* scan.c */
extern const struct command object_commands[];        /* object.c */
extern const struct command bitmap_commands[];        /* bitmap.c */
extern const struct command bitop_commands[];         /* bitop.c */
extern const struct command bitfield_commands[];      /* bitfield.c */
extern const struct command hyperloglog_commands[];   /* hyperloglog.c */
extern const struct command dump_commands[];          /* dump.c */
extern const struct command flush_commands[];         /* flush.c */
extern const struct command list_commands[];          /* list.c */
extern const struct command list_write_commands[];    /* list_write.c */
extern const struct command list_move_commands[];     /* list_move.c */
extern const struct command set_commands[];           /* set.c */
extern const struct command set_write_commands[];     /* set_write.c */
extern const struct command set_algebra_commands[];   /* set_algebra.c */
extern const struct command sort_commands[];          /* sort.c */
extern const struct command zset_commands[];          /* zset.c */
extern const struct command zset_write_commands[];    /* zset_write.c */
extern const struct command zset_range_commands[];    /* zset_range.c */
extern const struct command zset_pop_commands[];      /* zset_pop.c */
extern const struct command zset_random_commands[];   /* zset_random.c */
extern const struct command zset_combine_commands[];  /* zset_combine.c */
extern const struct command hash_commands[];          /* hash.c */
extern const struct command hash_write_commands[];    /* hash_write.c */
extern const struct command hash_random_commands[];   /* hash_random.c */
extern const struct command hash_expire_commands[];   /* hash_expire.c */
extern const struct command hash_timed_commands[];    /* hash_timed.c */
extern const struct command stream_commands[];        /* stream.c */
extern const struct command stream_write_commands[];  /* stream_write.c */
extern const struct command stream_read_commands[];   /* stream_read.c */
extern const struct command stream_group_commands[];  /* stream_group.c */
extern const struct command stream_claim_commands[];  /* stream_claim.c */
extern const struct command stream_info_commands[];   /* stream_info.c */
extern const struct command stream_delete_commands[]; /* stream_delete.c */
extern const struct command geo_commands[];           /* geo.c */
extern const struct command geo_search_commands[];    /* geo_search.c */
extern const struct command publish_commands[];       /* publish.c */
extern const struct command script_commands[];        /* script.c */
extern const struct command function_commands[];      /* function.c */

#endif
