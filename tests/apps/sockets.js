/* socket.io on three servers, each at another pod: what is emitted at one reaches the clients of
 * all, through the adapter on channels and through the one on streams. */

'use strict';

const assert = require('node:assert');
const http = require('node:http');
const Redis = require('ioredis');
const { Server: SocketServer } = require('socket.io');
const { io: connect } = require('socket.io-client');
const channels = require('@socket.io/redis-adapter');
const streams = require('@socket.io/redis-streams-adapter');
const { test, finish } = require('../clients/harness');
const { everywhere } = require('./places');

const adapters = {
    'redis-adapter': (make) => channels.createAdapter(make(), make()),
    'redis-adapter, sharded': (make) => channels.createShardedAdapter(make(), make()),
    'redis-streams-adapter': (make) => streams.createAdapter(make()),
};

function listen(adapter) {
    const web = http.createServer();
    const io = new SocketServer(web, { adapter });
    io.on('connection', (socket) => {
        socket.on('join', (room, done) => { socket.join(room); done(); });
    });
    return new Promise((resolve) => {
        web.listen(0, '127.0.0.1', () => resolve({ io, web }));
    });
}

function client(server) {
    const socket = connect(`http://127.0.0.1:${server.web.address().port}`, { transports: ['websocket'] });
    socket.got = [];
    socket.on('news', (text) => socket.got.push(text));
    socket.on('who', (done) => done(socket.id));
    return new Promise((resolve) => { socket.on('connect', () => resolve(socket)); });
}

async function until(condition, what) {
    for (let tries = 0; tries < 1000; tries++) {
        if (await condition()) {
            return;
        }
        await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
    throw new Error(`${what}: not within 10 s`);
}

async function talk(place, make) {
    const connections = [];
    const servers = [];
    for (let part = 0; part < 3; part++) {
        servers.push(await listen(make(() => {
            const connection = new Redis(place.port(part));
            connections.push(connection);
            return connection;
        })));
    }
    const sockets = [];
    for (const server of servers) {
        sockets.push(await client(server));
    }
    await until(async () => (await servers[0].io.fetchSockets()).length === 3, 'all are known');
    for (const socket of sockets.slice(0, 2)) {
        await new Promise((resolve) => { socket.emit('join', 'room', resolve); });
    }
    await until(async () => (await servers[2].io.in('room').fetchSockets()).length === 2, 'rooms');

    servers.forEach((server, n) => server.io.emit('news', `to all from ${n}`));
    servers[2].io.to('room').emit('news', 'to the room');
    await until(() => sockets[0].got.length === 4 && sockets[1].got.length === 4 &&
        sockets[2].got.length === 3, 'what was emitted has come');
    const all = [0, 1, 2].map((n) => `to all from ${n}`);
    assert.deepEqual([...sockets[0].got].sort(), [...all, 'to the room']);
    assert.deepEqual([...sockets[2].got].sort(), all);

    const answers = await servers[1].io.timeout(5000).emitWithAck('who');
    assert.deepEqual(answers.sort(), sockets.map((socket) => socket.id).sort());
    servers[0].io.in('room').disconnectSockets(true);
    await until(() => sockets[0].disconnected && sockets[1].disconnected, 'the room is left');
    assert.ok(sockets[2].connected);

    sockets.forEach((socket) => socket.close());
    await Promise.all(servers.map((server) => server.io.close()));
    connections.forEach((connection) => connection.disconnect());
}

async function main() {
    await everywhere(async (place) => {
        for (const [name, make] of Object.entries(adapters)) {
            await test(`socket.io ${name} ${place.name}`, () => talk(place, make));
        }
    });
    finish();
}

main();
