/* Where the applications of these tests run: with one podis alone, and on three pods, each with a
 * podis of its own that is a member of one mesh. `port(n)` is where the n-th part of an application
 * finds its Redis: always at the same podis, or each part at another. */

'use strict';

const { Server, freePort, sleep } = require('../clients/harness');

class Alone {
    constructor() {
        this.name = 'alone';
    }

    async start() {
        this.server = await Server.run();
    }

    port() {
        return this.server.port;
    }

    async stop() {
        await this.server.stop();
    }
}

class Mesh {
    constructor() {
        this.name = 'in a mesh of three';
        this.servers = [];
    }

    async start() {
        const peers = [await freePort(), await freePort(), await freePort()];
        const list = `static:${peers.map((port) => `127.0.0.1:${port}`).join(',')}`;
        for (const peer of peers) {
            this.servers.push(await Server.run('--bind', '127.0.0.1', '--peer-port', String(peer),
                '--peers', list, '--mesh-settle', '100'));
        }
        for (let tries = 0; tries < 500; tries++) {
            const infos = await Promise.all(this.servers.map((server) => server.ask('INFO')));
            if (infos.every((info) => (info.match(/state=ready/g) || []).length === 2)) {
                return;
            }
            await sleep(20);
        }
        throw new Error('the mesh is not whole after 10 s');
    }

    port(part) {
        return this.servers[part % this.servers.length].port;
    }

    async stop() {
        await Promise.all(this.servers.map((server) => server.stop()));
    }
}

/* Runs all of it in both places. `body` gets the place. */
async function everywhere(body) {
    for (const place of [new Alone(), new Mesh()]) {
        await place.start();
        await body(place);
        await place.stop();
    }
}

module.exports = { everywhere };
