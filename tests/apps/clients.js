/* ioredis and node-redis as parts of one application, each part at another pod: what one writes,
 * announces or wakes up, the others see. */

'use strict';

const assert = require('node:assert');
const Redis = require('ioredis');
const { createClient, BasicClientSideCache } = require('redis');
const { sleep, test, finish } = require('../clients/harness');
const { everywhere } = require('./places');

const ADD = `
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('RPUSH', KEYS[2], sum)
return { sum, redis.call('LLEN', KEYS[2]), cjson.encode({ sum = sum }) }`;

/* Like clients of both libraries, for the parts 0, 1, 2 … of one application. */
class Ioredis {
    constructor(place) {
        this.place = place;
        this.clients = [];
    }

    async at(part, options = {}) {
        const client = new Redis(this.place.port(part), options);
        this.clients.push(client);
        return client;
    }

    close() {
        this.clients.forEach((client) => client.disconnect());
    }
}

class NodeRedis {
    constructor(place) {
        this.place = place;
        this.clients = [];
    }

    async at(part, options = {}) {
        const url = `redis://127.0.0.1:${this.place.port(part)}`;
        const client = await createClient({ url, ...options }).connect();
        this.clients.push(client);
        return client;
    }

    close() {
        this.clients.forEach((client) => client.destroy());
    }
}

async function until(condition, what) {
    for (let tries = 0; tries < 1000; tries++) {
        if (await condition()) {
            return;
        }
        await sleep(10);
    }
    throw new Error(`${what}: not within 10 s`);
}

/* --- ioredis --- */

const ioredis = {
    async pipelines(app) {
        const [one, two] = [await app.at(0), await app.at(1)];
        const pipeline = one.pipeline();
        for (let i = 0; i < 3000; i++) {
            pipeline.set(`p:${i}`, i).incr(`p:${i}`).get(`p:${i}`);
        }
        const results = await pipeline.exec();
        results.forEach(([error, result], n) => {
            assert.equal(error, null);
            assert.equal(String(result), n % 3 === 0 ? 'OK' : String((n - n % 3) / 3 + 1));
        });
        assert.equal(await two.get('p:2999'), '3000');
    },

    async transactions(app) {
        const clients = [await app.at(0), await app.at(1), await app.at(2)];
        assert.deepEqual(await clients[0].multi().set('{t}a', 1).incr('{t}a').get('{t}a').exec(),
            [[null, 'OK'], [null, 2], [null, '2']]);
        let done = 0;
        await Promise.all(clients.map(async (client) => {
            for (let wins = 0; wins < 20;) {
                await client.watch('{t}n');
                const value = Number(await client.get('{t}n'));
                if (await client.multi().set('{t}n', value + 1).exec() !== null) {
                    wins++;
                    done++;
                }
            }
        }));
        assert.equal(await clients[0].get('{t}n'), String(done));
    },

    async scripts(app) {
        const clients = [await app.at(0), await app.at(1), await app.at(2)];
        for (let n = 1; n <= 9; n++) {
            const client = clients[n % 3];
            client.defineCommand('add', { numberOfKeys: 2, lua: ADD });
            assert.deepEqual(await client.add('{s}sum', '{s}list', 5),
                [5 * n, n, JSON.stringify({ sum: 5 * n })]);
        }
        const sha = await clients[0].script('LOAD', 'return KEYS[1] .. ARGV[1]');
        for (let n = 0; n < 20; n++) {
            assert.equal(await clients[n % 3].evalsha(sha, 1, `key${n}`, '!'), `key${n}!`);
        }
        await assert.rejects(clients[0].eval('return redis.call("nosuch")', 0), /Unknown Redis command/);
    },

    async messages(app) {
        const listeners = [await app.at(0), await app.at(1), await app.at(2)];
        const heard = [[], [], []];
        for (const [n, listener] of listeners.entries()) {
            await listener.subscribe('news');
            listener.on('message', (channel, text) => heard[n].push(`${channel} ${text}`));
            await listener.psubscribe('we*');
            listener.on('pmessage', (pattern, channel, text) => heard[n].push(`${channel} ${text}`));
        }
        const speaker = await app.at(1);
        for (let n = 0; n < 50; n++) {
            assert.equal(await speaker.publish('news', n), 3);
        }
        await speaker.publish('weather', 'fine');
        await until(() => heard.every((some) => some.length === 51), 'all is heard');
        heard.forEach((some) => assert.deepEqual(some,
            [...Array.from({ length: 50 }, (_, n) => `news ${n}`), 'weather fine']));
    },

    async streams(app) {
        const [writer, ...readers] = [await app.at(0), await app.at(1), await app.at(2)];
        await writer.xgroup('CREATE', 'stream', 'group', '$', 'MKSTREAM');
        const seen = [];
        const work = readers.map(async (reader, n) => {
            for (;;) {
                const got = await reader.xreadgroup('GROUP', 'group', `c${n}`, 'COUNT', 10,
                    'BLOCK', 1000, 'STREAMS', 'stream', '>');
                if (got === null) {
                    return;
                }
                for (const [id, [, value]] of got[0][1]) {
                    seen.push(Number(value));
                    assert.equal(await reader.xack('stream', 'group', id), 1);
                }
            }
        });
        for (let n = 0; n < 200; n++) {
            await writer.xadd('stream', '*', 'n', n);
        }
        await Promise.all(work);
        assert.deepEqual(seen.sort((a, b) => a - b), Array.from({ length: 200 }, (_, n) => n));
        assert.equal((await writer.xpending('stream', 'group'))[0], 0);
    },

    async blocking(app) {
        const [pusher, ...poppers] = [await app.at(0), await app.at(1), await app.at(2)];
        const waits = poppers.map((popper, n) => popper.blpop(`b:${n}`, `b:${n}x`, 10).catch((e) => e));
        const one = await app.at(2);
        const many = one.blmove('{m}from', '{m}to', 'LEFT', 'RIGHT', 10);
        await pusher.rpush('{m}from', 'moved');
        assert.equal(await many, 'moved');
        for (const [n, wait] of waits.entries()) {
            await pusher.rpush(`b:${n}`, `for ${n}`);
            const got = await wait;
            if (got instanceof Error) { /* Its two keys have two owners. */
                assert.match(got.message, /CROSSSLOT/);
            } else {
                assert.deepEqual(got, [`b:${n}`, `for ${n}`]);
            }
        }
        assert.equal(await poppers[0].brpop('b:none', 0.1), null);
    },

    async invalidations(app) {
        const [reader, writer, listener] = [await app.at(0), await app.at(1), await app.at(0)];
        const stale = [];
        const id = await listener.client('ID');
        await listener.subscribe('__redis__:invalidate');
        listener.on('message', (_, key) => stale.push(key));
        assert.equal(await reader.client('TRACKING', 'ON', 'REDIRECT', id), 'OK');
        for (let n = 0; n < 20; n++) {
            await writer.set(`i:${n}`, 'old');
            assert.equal(await reader.get(`i:${n}`), 'old');
        }
        for (let n = 0; n < 20; n++) {
            await writer.set(`i:${n}`, 'new');
        }
        await until(() => stale.length >= 20, 'every key was told of');
        assert.equal(new Set(stale.map(String)).size, 20);
    },
};

/* --- node-redis --- */

const nodeRedis = {
    async pipelines(app) {
        const [one, two] = [await app.at(0), await app.at(2, { RESP: 3 })];
        const answers = await Promise.all(Array.from({ length: 3000 }, (_, n) => (
            one.set(`q:${n}`, String(n)))));
        assert.ok(answers.every((answer) => answer === 'OK'));
        const values = await Promise.all(Array.from({ length: 3000 }, (_, n) => two.get(`q:${n}`)));
        values.forEach((value, n) => assert.equal(value, String(n)));
    },

    async transactions(app) {
        const [one, two] = [await app.at(0), await app.at(1, { RESP: 3 })];
        assert.deepEqual(await two.multi().set('{x}a', '1').incr('{x}a').exec(), ['OK', 2]);
        await one.watch('{x}a');
        assert.equal(await one.get('{x}a'), '2');
        await two.set('{x}a', 'changed');
        await assert.rejects(one.multi().set('{x}a', 'lost').exec(), /watched keys/);
        assert.equal(await one.get('{x}a'), 'changed');
    },

    async scripts(app) {
        const clients = [await app.at(0), await app.at(1), await app.at(2)];
        for (let n = 1; n <= 9; n++) {
            const answer = await clients[n % 3].eval(ADD, {
                keys: ['{e}sum', '{e}list'], arguments: ['5'] });
            assert.deepEqual(answer, [5 * n, n, JSON.stringify({ sum: 5 * n })]);
        }
        await clients[0].functionLoad(`#!lua name=lib
            redis.register_function('twice', function(keys, args)
                redis.call('SET', keys[1], args[1] * 2)
                return redis.call('GET', keys[1])
            end)`, { REPLACE: true });
        for (let n = 0; n < 9; n++) {
            const answer = await clients[n % 3].fCall('twice', {
                keys: [`f:${n}`], arguments: [String(n)] });
            assert.equal(answer, String(2 * n));
        }
    },

    async messages(app) {
        const heard = [];
        for (let part = 0; part < 3; part++) {
            const listener = await app.at(part, { RESP: part === 1 ? 3 : 2 });
            await listener.subscribe('talk', (text) => heard.push(text));
        }
        const speaker = await app.at(2);
        assert.equal(await speaker.publish('talk', 'hello'), 3);
        await until(() => heard.length === 3, 'all have heard');
    },

    async blocking(app) {
        const [popper, pusher] = [await app.at(0), await app.at(1)];
        for (let n = 0; n < 20; n++) {
            const wait = popper.blPop(`blocks:${n}`, 10);
            await pusher.lPush(`blocks:${n}`, String(n));
            assert.deepEqual({ ...await wait }, { key: `blocks:${n}`, element: String(n) });
        }
    },

    async caching(app) {
        const cache = new BasicClientSideCache({ ttl: 0, maxEntries: 0 });
        const reader = await app.at(0, { RESP: 3, clientSideCache: cache });
        const writer = await app.at(1);
        for (let n = 0; n < 20; n++) {
            await writer.set('cached', String(n));
            await until(async () => await reader.get('cached') === String(n), 'the new value');
            for (let reads = 0; reads < 5; reads++) {
                assert.equal(await reader.get('cached'), String(n));
            }
        }
        const { hitCount } = cache.stats();
        assert.ok(hitCount >= 80, String(hitCount));
    },
};

async function main() {
    await everywhere(async (place) => {
        for (const [library, App, tests] of [
            ['ioredis', Ioredis, ioredis], ['node-redis', NodeRedis, nodeRedis]]) {
            for (const [name, body] of Object.entries(tests)) {
                const app = new App(place);
                await test(`${library} ${place.name}: ${name}`, () => body(app));
                app.close();
            }
        }
    });
    finish();
}

main();
