// node-redis and ioredis against Redis ports of a cluster: node clients.mjs PORT [PORT…]
// Prints "ok" at the end; any difference throws.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';

// The packages are installed into the build folder, not beside this file.
const require = createRequire(path.join(process.env.PMMC_NODE_MODULES ?? '.', 'x.js'));
const { createClient } = require('redis');
const Redis = require('ioredis');

const ports = process.argv.slice(2).map(Number);

async function nodeRedis(protocolName, options) {
  const key = (name) => `node-redis:${protocolName}:${name}`;
  const client = createClient({ socket: { host: '127.0.0.1', port: ports[0] }, ...options });
  client.on('error', (error) => { throw error; });
  await client.connect();
  assert.equal(await client.set(key('a'), '1', { EX: 100 }), 'OK');
  assert.equal(await client.get(key('a')), '1');
  assert.equal(await client.incrBy(key('a'), 4), 5);
  assert.equal(await client.set(key('a'), 'x', { NX: true }), null);
  assert.ok(await client.ttl(key('a')) > 90);
  await client.mSet({ [key('b')]: 'é', [key('c')]: '3' });
  assert.deepEqual(await client.mGet([key('b'), key('c'), key('none')]), ['é', '3', null]);
  assert.deepEqual(await client.multi().incr(key('c')).get(key('none')).exec(), [4, null]);
  const many = await Promise.all(
    Array.from({ length: 500 }, (_, i) => client.set(key(`many:${i}`), `${i}`)));
  assert.ok(many.every((reply) => reply === 'OK'));
  const found = new Set();
  for await (const one of client.scanIterator({ MATCH: key('many:*'), COUNT: 50 })) found.add(one);
  assert.equal(found.size, 500);

  await client.watch(key('c'));
  const other = client.duplicate();
  await other.connect();
  await other.set(key('c'), 'changed');
  await assert.rejects(client.multi().set(key('c'), 'lost').exec(), /watch/i);
  assert.equal(await other.get(key('c')), 'changed');
  await assert.rejects(client.sendCommand(['LPUSH', key('list'), 'x']), /unknown command 'LPUSH'/);
  await other.quit();
  await client.quit();
}

async function ioRedis() {
  const key = (name) => `ioredis:${name}`;
  const client = new Redis({ host: '127.0.0.1', port: ports[0], connectionName: 'tester' });
  assert.equal(await client.set(key('a'), '1', 'PX', 100000), 'OK');
  assert.equal(await client.client('GETNAME'), 'tester');
  assert.equal(await client.get(key('a')), '1');
  assert.equal(await client.append(key('a'), '0'), 2);
  assert.equal(await client.incr(key('a')), 11);
  assert.deepEqual(await client.mget(key('a'), key('none')), ['11', null]);
  const pipeline = client.pipeline();
  for (let i = 0; i < 500; i += 1) pipeline.incr(key('counter'));
  const replies = await pipeline.exec();
  assert.deepEqual(replies.map(([error, value]) => error ?? value),
    Array.from({ length: 500 }, (_, i) => i + 1));
  assert.deepEqual(await client.multi().set(key('b'), '1').incr(key('b')).exec(),
    [[null, 'OK'], [null, 2]]);
  assert.deepEqual(await client.getBuffer(key('b')), Buffer.from('2'));
  const found = [];
  for await (const page of client.scanStream({ match: key('*'), count: 2 })) found.push(...page);
  assert.deepEqual(new Set(found), new Set([key('a'), key('b'), key('counter')]));
  await assert.rejects(client.call('LPUSH', key('list'), 'x'), /unknown command 'LPUSH'/);
  await client.quit();
}

// Any replica serves, and reads are linearizable across them.
async function everywhere() {
  const clients = ports.map((port) => new Redis({ host: '127.0.0.1', port }));
  for (let i = 0; i < 20; i += 1) {
    const writer = clients[i % clients.length];
    await writer.set('everywhere', `${i}`);
    const seen = await Promise.all(clients.map((client) => client.get('everywhere')));
    assert.deepEqual(seen, clients.map(() => `${i}`));
  }
  await Promise.all(clients.map((client) => client.quit()));
}

await nodeRedis('resp2', {});
await nodeRedis('resp3', { RESP: 3, commandOptions: {} });
await ioRedis();
await everywhere();
console.log('ok');
