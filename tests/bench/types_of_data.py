"""What is asked of each data type, in the words of the load client (@@@ is a number)."""

TEXT_8, TEXT_16, TEXT_64 = 'x' * 8, 'x' * 16, 'x' * 64
FIVE_FIELDS = ' '.join(f'field{n} v@@@@@@@' for n in range(1, 6))


class Workload:
    """One row. fill: what the data is made of, `filled` times, key after key. before: what is
    asked before each sample, so that it starts from the same data. refill: as fill, before each
    sample; a sample then stops after `requests` (by pipeline), before the data is used up.
    budgets: by pipeline, of the rate, as a ratio to redis."""

    def __init__(self, title, command, fill=None, filled=1_000_000, before=None, refill=None,
                 requests=None, reply_max=512, budgets=(None, None)):
        self.title, self.command, self.fill, self.filled = title, command, fill, filled
        self.before, self.refill, self.requests = before, refill, requests
        self.reply_max, self.budgets = reply_max, budgets


RATES = (
    Workload('HSET, 1 M fields', f'HSET hash field:@@@@@@@@@@ {TEXT_16}',
             fill=f'HSET hash field:@@@@@@@@@@ {TEXT_16}', budgets=(1.2, 1.8)),
    Workload('HGET, 1 M fields', 'HGET hash field:@@@@@@@@@@', budgets=(1.2, 1.8)),
    Workload('HSET, hashes of 5 fields', 'HSET small:@@@@@@@@@@ field3 v@@@@@@@',
             fill='HSET small:@@@@@@@@@@ ' + FIVE_FIELDS, filled=250_000, budgets=(1.2, 1.8)),
    Workload('HGET, hashes of 5 fields', 'HGET small:@@@@@@@@@@ field3', budgets=(1.2, 1.8)),
    Workload('LPUSH', f'LPUSH list {TEXT_16}', before='DEL list', budgets=(1.2, 1.8)),
    Workload('LPOP', 'LPOP list', before='DEL list', refill=f'RPUSH list {TEXT_16}',
             requests=(40_000, 200_000), budgets=(1.2, 1.8)),
    Workload('LRANGE of 100', 'LRANGE hundred 0 99', fill=f'RPUSH hundred {TEXT_16}', filled=100,
             reply_max=3000, budgets=(1.2, 1.2)),
    Workload('SADD, 1 M members', 'SADD set member:@@@@@@@@@@@@',
             fill='SADD set member:@@@@@@@@@@@@', budgets=(1.2, 1.8)),
    Workload('ZADD, 1 M members', 'ZADD zset @@@@@@ member:@@@@@@@@@@@@',
             fill='ZADD zset @@@@@@ member:@@@@@@@@@@@@', budgets=(1.2, 1.2)),
    Workload('ZRANGE of 10 by score', 'ZRANGE zset @@@@@@ +inf BYSCORE LIMIT 0 10',
             reply_max=1000, budgets=(1.2, 1.2)),
    Workload('XADD', f'XADD stream * field {TEXT_16}', before='DEL stream', budgets=(1.2, 1.5)),
    Workload('INCR', 'INCR counter:@@@@@@@@@@@@', fill='INCR counter:@@@@@@@@@@@@',
             budgets=(1.2, 1.8)),
    Workload('MSET of 10', 'MSET ' + ' '.join(f'key:@@@@@@@@@@@@ {TEXT_16}' for _ in range(10)),
             fill=f'SET key:@@@@@@@@@@@@ {TEXT_16}', budgets=(1.2, 1.8)),
)

# Title, command, how many of them for each of the measurement's keys, budget in bytes.
SIZES = (
    ('key with a hash of 5 small fields', 'HSET key:@@@@@@@@@@@@ ' + FIVE_FIELDS, 1, 125),
    ('field of a big hash (16 and 8 B)', f'HSET hash field:@@@@@@@@@@ {TEXT_8}', 1, None),
    ('member of a big sorted set (19 B)', 'ZADD zset @@@@@@@ member:@@@@@@@@@@@@', 1, 60),
    ('member of a big set (19 B)', 'SADD set member:@@@@@@@@@@@@', 1, 40),
    ('element of a big list (64 B)', f'RPUSH list {TEXT_64}', 1, 68),
    ('entry of a big stream (1 field, 16 B)', f'XADD stream * field {TEXT_16}', 1, None),
    ('key with a list of 5 (8 B)', 'RPUSH key:@@@@@@@@@@@@ ' + ' '.join(['v@@@@@@@'] * 5), 0.25,
     None),
    ('key with a set of 5 (8 B)', 'SADD key:@@@@@@@@@@@@ ' + ' '.join(
        f'{n}@@@@@@@' for n in 'abcde'), 0.25, None),
    ('key with a sorted set of 5 (8 B)', 'ZADD key:@@@@@@@@@@@@ ' + ' '.join(
        f'{n} m{n}@@@@@@' for n in range(1, 6)), 0.25, None),
    ('key with a stream of 1 entry', f'XADD key:@@@@@@@@@@@@ * field {TEXT_16}', 0.25, None),
)
