/* What a web application keeps in Redis: sessions (connect-redis on node-redis), limits
 * (rate-limiter-flexible on ioredis) and locks (redlock). Requests come to another pod each time. */

'use strict';

const assert = require('node:assert');
const http = require('node:http');
const express = require('express');
const session = require('express-session');
const Redis = require('ioredis');
const Redlock = require('redlock');
const { createClient } = require('redis');
const { RedisStore } = require('connect-redis');
const { RateLimiterRedis, BurstyRateLimiter, RateLimiterQueue } = require('rate-limiter-flexible');
const { sleep, test, finish } = require('../clients/harness');
const { everywhere } = require('./places');

/* --- sessions --- */

function startApp(client, ttl) {
    const app = express();
    app.use(session({
        store: new RedisStore({ client, prefix: 'session:', ttl }),
        secret: 'not much of one', resave: false, saveUninitialized: false,
    }));
    app.get('/count', (request, response) => {
        request.session.count = (request.session.count || 0) + 1;
        response.send(String(request.session.count));
    });
    app.get('/leave', (request, response) => {
        request.session.destroy((error) => response.send(error ? String(error) : 'gone'));
    });
    return new Promise((resolve) => {
        const server = app.listen(0, '127.0.0.1', () => resolve(server));
    });
}

function visit(app, path, cookie) {
    return new Promise((resolve, reject) => {
        const options = { port: app.address().port, path, headers: cookie ? { cookie } : {} };
        http.get({ host: '127.0.0.1', ...options }, (response) => {
            let text = '';
            response.on('data', (some) => { text += some; });
            response.on('end', () => {
                const set = response.headers['set-cookie'];
                resolve({ text, cookie: set ? set[0].split(';')[0] : cookie });
            });
        }).on('error', reject);
    });
}

async function sessions(place) {
    const clients = [];
    const apps = [];
    for (let part = 0; part < 3; part++) {
        clients.push(await createClient({ url: `redis://127.0.0.1:${place.port(part)}` }).connect());
        apps.push(await startApp(clients[part], 60));
    }
    let { text, cookie } = await visit(apps[0], '/count');
    for (let n = 1; n <= 30; n++) {
        assert.equal(text, String(n));
        ({ text, cookie } = await visit(apps[n % 3], '/count', cookie));
    }
    const keys = await clients[1].keys('session:*');
    assert.equal(keys.length, 1);
    const ttl = await clients[2].ttl(keys[0]);
    assert.ok(ttl > 50 && ttl <= 60, String(ttl));
    assert.equal((await visit(apps[1], '/leave', cookie)).text, 'gone');
    assert.equal((await visit(apps[2], '/count', cookie)).text, '1');

    const store = new RedisStore({ client: clients[0], prefix: 'session:' });
    assert.equal((await store.all()).length, 1);
    await store.clear();
    assert.equal(await store.length(), 0);
    apps.forEach((app) => app.close());
    clients.forEach((client) => client.destroy());
}

/* --- limits --- */

const connections = (place) => [0, 1, 2].map((part) => new Redis(place.port(part)));

async function limits(place) {
    const clients = connections(place);
    const limiters = clients.map((storeClient) => new RateLimiterRedis({
        storeClient, points: 10, duration: 1, keyPrefix: 'limit', blockDuration: 1,
    }));
    for (let n = 0; n < 10; n++) {
        const result = await limiters[n % 3].consume('user');
        assert.equal(result.remainingPoints, 9 - n);
    }
    const refused = await limiters[1].consume('user').catch((why) => why);
    assert.equal(refused.remainingPoints, 0);
    assert.ok(refused.msBeforeNext > 0 && refused.msBeforeNext <= 1000, refused.msBeforeNext);
    await sleep(refused.msBeforeNext + 50);
    assert.equal((await limiters[2].consume('user', 3)).remainingPoints, 7);
    assert.equal((await limiters[0].reward('user', 1)).remainingPoints, 8);
    assert.equal((await limiters[0].get('user')).consumedPoints, 2);
    assert.equal(await limiters[1].delete('user'), true);

    const many = await Promise.all(Array.from({ length: 300 }, (_, n) => (
        limiters[n % 3].consume('crowd').then(() => 1, () => 0))));
    assert.equal(many.reduce((a, b) => a + b), 10);

    const bursty = new BurstyRateLimiter(
        new RateLimiterRedis({ storeClient: clients[0], points: 2, duration: 1, keyPrefix: 'b1' }),
        new RateLimiterRedis({ storeClient: clients[1], points: 3, duration: 10, keyPrefix: 'b2' }));
    const burst = await Promise.all(Array.from({ length: 8 }, () => (
        bursty.consume('user').then(() => 1, () => 0))));
    assert.equal(burst.reduce((a, b) => a + b), 5);

    const line = new RateLimiterQueue(new RateLimiterRedis({
        storeClient: clients[2], points: 5, duration: 1, keyPrefix: 'line' }));
    const began = Date.now();
    await Promise.all(Array.from({ length: 8 }, () => line.removeTokens(1)));
    assert.ok(Date.now() - began > 500);
    clients.forEach((client) => client.disconnect());
}

/* --- locks --- */

async function locks(place) {
    const clients = connections(place);
    const makers = clients.map((client) => new Redlock([client], { retryCount: 200, retryDelay: 10 }));
    const impatient = new Redlock([clients[1]], { retryCount: 0 });
    let lock = await makers[0].lock('lock:one', 2000);
    await assert.rejects(impatient.lock('lock:one', 1000), /attempts to lock/);
    lock = await lock.extend(3000);
    assert.ok(await clients[2].pttl('lock:one') > 2000);
    await lock.unlock();
    assert.equal(await clients[1].exists('lock:one'), 0);
    await assert.rejects(lock.unlock(), /Unable to fully release/);

    let inside = 0;
    let total = 0;
    await Promise.all(Array.from({ length: 30 }, async (_, n) => {
        const mine = await makers[n % 3].lock('lock:shared', 5000);
        assert.equal(++inside, 1);
        await sleep(2);
        inside--;
        total++;
        await mine.unlock();
    }));
    assert.equal(total, 30);

    const both = await makers[2].lock(['{lock}:a', '{lock}:b'], 1000);
    assert.equal(await clients[0].exists('{lock}:a', '{lock}:b'), 2);
    await both.unlock();
    assert.equal(await clients[0].exists('{lock}:a', '{lock}:b'), 0);
    clients.forEach((client) => client.disconnect());
}

async function main() {
    await everywhere(async (place) => {
        await test(`connect-redis ${place.name}`, () => sessions(place));
        await test(`rate-limiter-flexible ${place.name}`, () => limits(place));
        await test(`redlock ${place.name}`, () => locks(place));
    });
    finish();
}

main();
