/* podis with ioredis: what an application does with it. */

'use strict';

const assert = require('node:assert');
const Redis = require('ioredis');
const { Server, sleep, test, finish } = require('./harness');

const BIG = 10 * 1024 * 1024;

async function strings(redis) {
    assert.equal(await redis.set('name', 'value'), 'OK');
    assert.equal(await redis.get('name'), 'value');
    assert.equal(await redis.get('nosuch'), null);
    assert.equal(await redis.set('name', 'other', 'NX'), null);
    assert.equal(await redis.set('name', 'other', 'XX', 'GET'), 'value');
    assert.equal(await redis.append('name', '!'), 6);
    assert.equal(await redis.getrange('name', 0, 2), 'oth');
    assert.equal(await redis.setrange('name', 1, 'xx'), 6);
    assert.deepEqual(await redis.mget('name', 'nosuch'), ['oxxer!', null]);
    assert.equal(await redis.msetnx({ name: '1', fresh: '2' }), 0);
    assert.equal(await redis.getdel('name'), 'oxxer!');
}

async function numbers(redis) {
    assert.equal(await redis.incr('count'), 1);
    assert.equal(await redis.incrby('count', 41), 42);
    assert.equal(await redis.decr('count'), 41);
    assert.equal(await redis.incrbyfloat('count', 0.5), '41.5');
    await assert.rejects(redis.incr('count'), /value is not an integer or out of range/);
}

async function keys(redis) {
    await redis.mset({ a: '1', b: '2', c: '3' });
    assert.deepEqual((await redis.keys('[abc]')).sort(), ['a', 'b', 'c']);
    assert.equal(await redis.exists('a', 'b', 'nosuch'), 2);
    assert.equal(await redis.rename('a', 'd'), 'OK');
    assert.equal(await redis.copy('d', 'e'), 1);
    assert.equal(await redis.type('e'), 'string');
    assert.equal(await redis.del('b', 'c', 'd', 'e', 'nosuch'), 4);
    await assert.rejects(redis.rename('nosuch', 'x'), /no such key/);
}

async function expiry(redis) {
    await redis.set('brief', '1', 'PX', 60);
    assert.ok(await redis.pttl('brief') > 0);
    await sleep(90);
    assert.equal(await redis.get('brief'), null);
    await redis.set('long', '1', 'EX', 100);
    assert.equal(await redis.expire('long', 50, 'GT'), 0);
    assert.equal(await redis.persist('long'), 1);
    assert.equal(await redis.ttl('long'), -1);
}

async function pipelines(redis) {
    const pipeline = redis.pipeline();
    for (let i = 0; i < 5000; i++) {
        pipeline.set(`p:${i}`, `v${i}`).get(`p:${i}`);
    }
    pipeline.incr('p:1');
    const results = await pipeline.exec();
    assert.equal(results.length, 10001);
    results.slice(0, -1).forEach(([error, result], n) => {
        assert.equal(error, null);
        assert.equal(result, n % 2 ? `v${(n - 1) / 2}` : 'OK');
    });
    assert.match(results[10000][0].message, /not an integer/);
}

async function scanning(redis) {
    await redis.flushdb();
    const names = Array.from({ length: 3000 }, (_, i) => `scan:${i}`);
    await redis.mset(...names.flatMap((name) => [name, '1']));
    await redis.set('other', '1');
    const seen = new Set();
    for await (const some of redis.scanStream({ match: 'scan:*', count: 100 })) {
        some.forEach((name) => seen.add(name));
    }
    assert.deepEqual([...seen].sort(), names.sort());
}

async function bigValue(redis) {
    const value = Buffer.alloc(BIG);
    for (let i = 0; i < BIG; i++) {
        value[i] = (i * 31) & 255;
    }
    assert.equal(await redis.set('big', value), 'OK');
    assert.ok(value.equals(await redis.getBuffer('big')));
    assert.equal(await redis.strlen('big'), BIG);
    await redis.del('big');
}

async function binary(redis) {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await redis.set(all, all);
    assert.ok(all.equals(await redis.getBuffer(all)));
    assert.equal(await redis.exists(all), 1);
}

async function types(redis) {
    await redis.del('hash', 'set', 'zset', 'stream', 'shops');
    await redis.hset('hash', { user: '7', cart: '2' });
    assert.deepEqual(await redis.hgetall('hash'), { user: '7', cart: '2' });
    assert.equal(await redis.sadd('set', 'a', 'b'), 2);
    assert.deepEqual((await redis.smembers('set')).sort(), ['a', 'b']);
    await redis.zadd('zset', 1, 'ann', 2.5, 'bob');
    assert.deepEqual(await redis.zrange('zset', 0, -1, 'WITHSCORES'), ['ann', '1', 'bob', '2.5']);
    const id = await redis.xadd('stream', '*', 'field', 'value');
    await redis.xgroup('CREATE', 'stream', 'group', '0');
    const read = await redis.xreadgroup('GROUP', 'group', 'ann', 'STREAMS', 'stream', '>');
    assert.deepEqual(read, [['stream', [[id, ['field', 'value']]]]]);
    assert.equal(await redis.xack('stream', 'group', id), 1);
    await redis.geoadd('shops', 13.361389, 38.115556, 'one');
    assert.deepEqual(await redis.geosearch('shops', 'FROMMEMBER', 'one', 'BYRADIUS', 1, 'km'),
        ['one']);
}

/* Waiting blocks a connection, so a queue's consumer has one of its own. */
async function queue(port) {
    const consumer = new Redis({ port });
    const producer = new Redis({ port });
    const waiting = consumer.blpop('jobs', 10);
    await producer.rpush('jobs', 'first', 'second');
    assert.deepEqual(await waiting, ['jobs', 'first']);
    assert.deepEqual(await consumer.blpop('jobs', 10), ['jobs', 'second']);
    consumer.disconnect();
    producer.disconnect();
}

async function databases(port) {
    const first = new Redis({ port, db: 0 });
    const second = new Redis({ port, db: 3 });
    await first.set('where', 'zero');
    await second.set('where', 'three');
    assert.equal(await first.get('where'), 'zero');
    await first.select(3);
    assert.equal(await first.get('where'), 'three');
    first.disconnect();
    second.disconnect();
}

async function killedConnection(port) {
    const redis = new Redis({ port, db: 2, connectionName: 'victim' });
    await redis.set('kept', '1');
    const admin = new Redis({ port });
    const closed = new Promise((resolve) => redis.once('close', resolve));
    assert.equal(await admin.client('KILL', 'ID', await redis.client('ID')), 1);
    await closed;
    assert.equal(await redis.get('kept'), '1');
    assert.equal(await redis.client('GETNAME'), 'victim');
    redis.disconnect();
    admin.disconnect();
}

async function killedServer() {
    const server = await Server.run();
    const redis = new Redis({
        port: server.port, retryStrategy: () => 50, maxRetriesPerRequest: null,
    });
    redis.on('error', () => {});
    await redis.set('gone', '1');
    await server.stop('SIGKILL');
    const waiting = redis.get('gone');
    await server.start();
    assert.equal(await waiting, null);
    redis.disconnect();
    await server.stop();
}

async function password() {
    const server = await Server.run('--requirepass', 'secret');
    const good = new Redis({ port: server.port, password: 'secret' });
    const named = new Redis({ port: server.port, username: 'default', password: 'secret' });
    assert.equal(await good.ping(), 'PONG');
    assert.equal(await named.ping(), 'PONG');
    const bad = new Redis({
        port: server.port, password: 'wrong', lazyConnect: true, retryStrategy: null,
    });
    const refused = new Promise((resolve) => bad.on('error', resolve));
    await bad.connect().catch(() => {});
    assert.match((await refused).message, /^WRONGPASS/);
    [good, named, bad].forEach((redis) => redis.disconnect());
    await server.stop();
}

async function main() {
    const server = await Server.run();
    const redis = new Redis({ port: server.port });
    const tests = { strings, numbers, keys, expiry, pipelines, scanning, bigValue, binary, types };
    for (const [name, body] of Object.entries(tests)) {
        await test(`ioredis ${name}`, () => body(redis));
    }
    redis.disconnect();
    await test('ioredis queue', () => queue(server.port));
    await test('ioredis databases', () => databases(server.port));
    await test('ioredis killed connection', () => killedConnection(server.port));
    await server.stop();
    await test('ioredis killed server', killedServer);
    await test('ioredis password', password);
    finish();
}

main();
