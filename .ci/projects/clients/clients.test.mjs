// The signal of one call in the hands of real clients: the server sees the work of that call end, and
// goes on with the others. Run by `.ci/clients`, which has the servers started.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import axios from 'axios'
import got from 'got'
import { Redis } from 'ioredis'
import pg from 'pg'
import { request } from 'undici'

const require = createRequire(import.meta.url)
const CircuitBreaker = require(process.env.DIDELPHIS)
const { SOCKETS } = process.env

const ignore = () => {}
const codeOf = promise => promise.then(() => 'resolved', ({ code, message }) => code ?? message)

async function until (condition) {
  const giveUpAt = Date.now() + 20_000
  while (!await condition()) {
    if (Date.now() > giveUpAt) throw new Error(`in vain: ${condition}`)
    await sleep(10)
  }
}

// What each client is to the tests: `work(key, signal)` begins something that lasts until it is aborted or
// `finish(key)` ends it, and `running()` says what of it the server is about.

async function overHttp (get) {
  const responses = new Map()
  const server = createServer((incoming, response) => {
    const key = incoming.url.slice(1)
    responses.set(key, response)
    response.on('close', () => responses.delete(key))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  return {
    work: (key, signal) => get(`http://127.0.0.1:${port}/${key}`, signal),
    finish: key => responses.get(key).end('well'),
    running: async () => [...responses.keys()],
    end () {
      server.closeAllConnections()
      server.close()
    }
  }
}

// PostgreSQL has no signals: who gives up asks the server to cancel the query.
async function overPostgres () {
  const pool = new pg.Pool({ host: SOCKETS, user: 'tester', database: 'postgres', max: 20 })
  const asking = new pg.Pool({ host: SOCKETS, user: 'tester', database: 'postgres', max: 2 })
  // The server may still be starting.
  await until(() => asking.query('select 1').then(() => true, () => false))
  await asking.query('create table finished (key text)')
  const waiting = key => `do $$ begin /* ${key}. */ while not exists (select from finished where key = '${key}') loop perform pg_sleep(0.01); end loop; end $$`
  return {
    async work (key, signal) {
      const client = await pool.connect()
      const cancel = () => asking.query('select pg_cancel_backend($1)', [client.processID]).catch(ignore)
      signal.addEventListener('abort', cancel)
      try {
        return await client.query(waiting(key))
      } finally {
        signal.removeEventListener('abort', cancel)
        client.release()
      }
    },
    finish: key => asking.query('insert into finished values ($1)', [key]),
    async running () {
      const { rows } = await asking.query("select query from pg_stat_activity where state = 'active' and query like 'do %'")
      return rows.map(({ query }) => /\/\* (\w+)\. \*\//.exec(query)[1])
    },
    async end () {
      await pool.end()
      await asking.end()
    }
  }
}

// Redis neither: a command that waits is given up with its connection.
async function overRedis () {
  const asking = new Redis(join(SOCKETS, 'redis'))
  await until(() => asking.ping().then(() => true, () => false))
  return {
    async work (key, signal) {
      const client = asking.duplicate({ connectionName: key, retryStrategy: () => null })
      client.on('error', ignore)
      const disconnect = () => client.disconnect()
      signal.addEventListener('abort', disconnect)
      try {
        return await client.blpop(key, 0)
      } finally {
        signal.removeEventListener('abort', disconnect)
        client.disconnect()
      }
    },
    finish: key => asking.rpush(key, 'well'),
    async running () {
      const clients = await asking.client('LIST')
      return [...clients.matchAll(/ name=(\w+) .* cmd=blpop /g)].map(([, name]) => name)
    },
    end: () => asking.disconnect()
  }
}

const CLIENTS = {
  fetch: () => overHttp((url, signal) => fetch(url, { signal }).then(response => response.text())),
  undici: () => overHttp((url, signal) => request(url, { signal }).then(({ body }) => body.text())),
  axios: () => overHttp((url, signal) => axios.get(url, { signal })),
  got: () => overHttp((url, signal) => got(url, { signal, retry: { limit: 0 } })),
  pg: overPostgres,
  ioredis: overRedis
}

for (const [name, open] of Object.entries(CLIENTS)) {
  describe(name, async () => {
    const client = await open()
    after(() => client.end())

    const make = () => new CircuitBreaker(key => client.work(key, breaker.getSignal()), { timeout: 60_000, volumeThreshold: 99 })
    let breaker

    /** Two calls that the server is about. */
    const beginTwo = async (first, second, terms) => {
      breaker = make()
      const calls = [breaker.fireWith(terms, first), breaker.fire(second)].map(codeOf)
      await until(async () => (await client.running()).length === 2)
      return calls
    }
    const isLeft = key => until(async () => (await client.running()).join() === key)

    test('a call that is given up ends there, and no other', async () => {
      const controller = new AbortController()
      const calls = await beginTwo('hastily', 'patiently', { signal: controller.signal })
      controller.abort(new Error('changed my mind'))
      assert.equal(await calls[0], 'changed my mind')
      await isLeft('patiently')
      await client.finish('patiently')
      assert.equal(await calls[1], 'resolved')
    })

    test('a call that times out ends there, and no other', async () => {
      const calls = await beginTwo('late', 'long', { timeout: 1000 })
      assert.equal(await calls[0], 'ETIMEDOUT')
      await isLeft('long')
      await client.finish('long')
      assert.equal(await calls[1], 'resolved')
    })

    test('shutdown() ends all of them there', async () => {
      const calls = await beginTwo('one', 'two', {})
      breaker.shutdown()
      await isLeft('')
      assert.deepEqual((await Promise.all(calls)).includes('resolved'), false)
    })

    test('a drain waits for them, and ends what is left', async () => {
      const calls = await beginTwo('left', 'answered', {})
      const drained = breaker.drain({ timeout: 1000 })
      await client.finish('answered')
      assert.equal(await calls[1], 'resolved')
      await drained
      assert.equal(await calls[0], 'ESHUTDOWN')
      await isLeft('')
    })
  })
}
