/* podis with node-redis, in RESP2 and RESP3. */

'use strict';

const assert = require('node:assert');
const { createClient, RESP_TYPES } = require('redis');
const { Server, sleep, test, finish } = require('./harness');

const BIG = 10 * 1024 * 1024;

async function connect(port, protocol, options = {}) {
    const socket = { port, host: '127.0.0.1' };
    const client = createClient({ socket, RESP: protocol, ...options });
    client.on('error', () => {});
    await client.connect();
    return client;
}

const buffers = (client) => client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });

async function strings(client) {
    assert.equal(await client.set('name', 'value'), 'OK');
    assert.equal(await client.get('name'), 'value');
    assert.equal(await client.get('nosuch'), null);
    assert.equal(await client.set('name', 'other', { condition: 'NX' }), null);
    assert.equal(await client.set('name', 'other', { condition: 'XX', GET: true }), 'value');
    assert.equal(await client.append('name', '!'), 6);
    assert.deepEqual(await client.mGet(['name', 'nosuch']), ['other!', null]);
    assert.equal(await client.mSetNX({ name: '1', fresh: '2' }), 0);
    assert.equal(await client.getDel('name'), 'other!');
    assert.equal(await client.lcsLen('nosuch', 'name'), 0);
}

async function numbers(client) {
    assert.equal(await client.incr('count'), 1);
    assert.equal(await client.incrBy('count', 41), 42);
    assert.equal(await client.incrByFloat('count', 0.5), '42.5');
    await assert.rejects(client.incr('count'), /value is not an integer or out of range/);
}

async function maps(client) {
    await client.mSet({ one: 'ohmytext', two: 'mynewtext' });
    const found = await client.lcsIdx('one', 'two');
    assert.equal(found.len, 6);
    assert.equal(found.matches.length, 2);
    const config = await client.configGet('maxmemory-policy');
    assert.equal(config['maxmemory-policy'], 'noeviction');
    assert.match(await client.info('server'), /redis_version:/);
    const [get] = await client.commandInfo(['get']);
    assert.equal(get.name, 'get');
    assert.equal(get.arity, 2);
}

async function keys(client) {
    await client.mSet({ a: '1', b: '2', c: '3' });
    assert.deepEqual((await client.keys('[abc]')).sort(), ['a', 'b', 'c']);
    assert.equal(await client.exists(['a', 'b', 'nosuch']), 2);
    assert.equal(await client.rename('a', 'd'), 'OK');
    assert.equal(await client.copy('d', 'e'), 1);
    assert.equal(await client.type('e'), 'string');
    assert.equal(await client.objectEncoding('e'), 'int');
    assert.equal(await client.del(['b', 'c', 'd', 'e', 'nosuch']), 4);
}

async function expiry(client) {
    await client.set('brief', '1', { expiration: { type: 'PX', value: 60 } });
    assert.ok(await client.pTTL('brief') > 0);
    await sleep(90);
    assert.equal(await client.get('brief'), null);
    await client.set('long', '1', { expiration: { type: 'EX', value: 100 } });
    assert.equal(await client.expire('long', 50, 'GT'), 0);
    assert.equal(await client.persist('long'), 1);
    assert.equal(await client.ttl('long'), -1);
}

async function pipelines(client) {
    const waiting = [];
    for (let i = 0; i < 5000; i++) {
        waiting.push(client.set(`p:${i}`, `v${i}`), client.get(`p:${i}`));
    }
    const results = await Promise.all(waiting);
    results.forEach((result, n) => assert.equal(result, n % 2 ? `v${(n - 1) / 2}` : 'OK'));
}

async function scanning(client) {
    await client.flushDb();
    const names = Array.from({ length: 3000 }, (_, i) => `scan:${i}`);
    await client.mSet(Object.fromEntries(names.map((name) => [name, '1'])));
    const seen = new Set();
    for await (const some of client.scanIterator({ MATCH: 'scan:*', COUNT: 100 })) {
        some.forEach((name) => seen.add(name));
    }
    assert.deepEqual([...seen].sort(), names.sort());
}

async function bigValue(client) {
    const value = Buffer.alloc(BIG);
    for (let i = 0; i < BIG; i++) {
        value[i] = (i * 31) & 255;
    }
    assert.equal(await client.set('big', value), 'OK');
    assert.ok(value.equals(await buffers(client).get('big')));
    await client.del('big');
}

async function binary(client) {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await client.set(all, all);
    assert.ok(all.equals(await buffers(client).get(all)));
}

async function types(client) {
    await client.del(['hash', 'set', 'zset', 'stream', 'shops']);
    await client.hSet('hash', { user: '7', cart: '2' });
    assert.deepEqual({ ...await client.hGetAll('hash') }, { user: '7', cart: '2' });
    assert.equal(await client.sAdd('set', ['a', 'b']), 2);
    assert.deepEqual((await client.sMembers('set')).sort(), ['a', 'b']);
    await client.zAdd('zset', [{ score: 1, value: 'ann' }, { score: 2.5, value: 'bob' }]);
    const found = await client.zRangeWithScores('zset', 0, -1);
    assert.deepEqual(found.map(({ value, score }) => [value, score]), [['ann', 1], ['bob', 2.5]]);
    const id = await client.xAdd('stream', '*', { field: 'value' });
    await client.xGroupCreate('stream', 'group', '0');
    await client.xReadGroup('group', 'ann', { key: 'stream', id: '>' });
    assert.equal(await client.xAck('stream', 'group', id), 1);
    await client.geoAdd('shops', { longitude: 13.361389, latitude: 38.115556, member: 'one' });
    assert.deepEqual(await client.geoSearch('shops', 'one', { radius: 1, unit: 'km' }), ['one']);
}

/* Waiting blocks a connection, so a queue's consumer has one of its own. */
async function queue(port, protocol) {
    const consumer = await connect(port, protocol);
    const producer = await connect(port, protocol);
    const waiting = consumer.blPop('jobs', 10);
    await producer.rPush('jobs', ['first', 'second']);
    assert.equal((await waiting).element, 'first');
    assert.equal((await consumer.blPop('jobs', 10)).element, 'second');
    consumer.destroy();
    producer.destroy();
}

async function databases(port, protocol) {
    const first = await connect(port, protocol);
    const second = await connect(port, protocol, { database: 3 });
    await first.set('where', 'zero');
    await second.set('where', 'three');
    assert.equal(await first.get('where'), 'zero');
    await first.select(3);
    assert.equal(await first.get('where'), 'three');
    first.destroy();
    second.destroy();
}

async function killedConnection(port, protocol) {
    const client = await connect(port, protocol, { database: 2, name: 'victim' });
    const admin = await connect(port, protocol);
    await client.set('kept', '1');
    const ready = new Promise((resolve) => client.once('ready', resolve));
    assert.equal(await admin.clientKill({ filter: 'ID', id: await client.clientId() }), 1);
    await ready;
    assert.equal(await client.get('kept'), '1');
    assert.equal(await client.clientGetName(), 'victim');
    client.destroy();
    admin.destroy();
}

async function killedServer(protocol) {
    const server = await Server.run();
    const client = await connect(server.port, protocol,
        { socket: { port: server.port, host: '127.0.0.1', reconnectStrategy: 50 } });
    await client.set('gone', '1');
    const ready = new Promise((resolve) => client.once('ready', resolve));
    await server.stop('SIGKILL');
    await server.start();
    await ready;
    assert.equal(await client.get('gone'), null);
    client.destroy();
    await server.stop();
}

async function password(protocol) {
    const server = await Server.run('--requirepass', 'secret');
    const good = await connect(server.port, protocol, { password: 'secret' });
    const named = await connect(server.port, protocol, { username: 'default', password: 'secret' });
    assert.equal(await good.ping(), 'PONG');
    assert.equal(await named.ping(), 'PONG');
    const once = { port: server.port, host: '127.0.0.1', reconnectStrategy: false };
    const refused = connect(server.port, protocol, { socket: once, password: 'wrong' });
    await assert.rejects(refused, /WRONGPASS/);
    good.destroy();
    named.destroy();
    await server.stop();
}

async function main() {
    const server = await Server.run();
    const tests = { strings, numbers, maps, keys, expiry, pipelines, scanning, bigValue,
        binary, types };
    for (const protocol of [2, 3]) {
        const client = await connect(server.port, protocol);
        await client.flushAll();
        for (const [name, body] of Object.entries(tests)) {
            await test(`node-redis RESP${protocol} ${name}`, () => body(client));
        }
        client.destroy();
        const label = `node-redis RESP${protocol}`;
        await test(`${label} queue`, () => queue(server.port, protocol));
        await test(`${label} databases`, () => databases(server.port, protocol));
        await test(`${label} killed connection`, () => killedConnection(server.port, protocol));
        await test(`${label} killed server`, () => killedServer(protocol));
        await test(`${label} password`, () => password(protocol));
    }
    await server.stop();
    finish();
}

main();
