'use strict'

// What each door does, in either framework, to single requests.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const { connect } = require('node:net')
const { afterEach, beforeEach, describe, test } = require('node:test')
const { FRAMEWORKS } = require('../lib/variants')

const PAYING = 'x-plan: paying'

for (const framework of FRAMEWORKS) {
  const { listen } = require(`../${framework}/app`)
  let orders
  let server

  /** Starts the service. An order is answered when the test says so, or after so much work. */
  async function start (door, limits) {
    orders = []
    server = await listen({
      door,
      limits,
      order: ({ work }) => {
        if (work === undefined) return new Promise(resolve => orders.push(() => resolve({ status: 200, answer: {} })))
        for (const until = performance.now() + work; performance.now() < until;);
        return { status: 200, answer: {} }
      },
      port: 0
    })
  }

  /** A connection that the server has taken. */
  async function connected () {
    const taken = once(server, 'connection')
    const socket = connect(server.address().port, '127.0.0.1').setEncoding('utf8')
    await Promise.all([once(socket, 'connect'), taken])
    return socket
  }

  async function answerOf (socket) {
    const [text] = await once(socket, 'data')
    return { status: Number(text.split(' ')[1]), retryAfter: /^retry-after: (\d+)\r$/im.exec(text)?.[1] }
  }

  /** Sends an order, and waits until it is under way. */
  async function underWay (...headers) {
    const socket = await connected()
    const before = orders.length
    socket.write(orderOf({}, ...headers))
    await until(() => orders.length > before)
    return { answer: () => orders[before](), socket }
  }

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  describe(`${framework}: the door by what is in flight`, () => {
    beforeEach(() => start('in-flight', { places: 1 }))

    test('refuses while all places are taken, before the body has come, and says when to come again', async () => {
      await underWay()
      const socket = await connected()
      socket.write(head('content-length: 1000'))
      const { retryAfter, status } = await answerOf(socket)
      assert.equal(status, 503)
      assert.ok(retryAfter >= 1 && retryAfter <= 5, retryAfter)
      assert.equal(orders.length, 1)
    })

    test('has a place again when one is answered', async () => {
      const { answer, socket } = await underWay()
      answer()
      assert.equal((await answerOf(socket)).status, 200)
      await underWay()
    })

    test('has a place again when somebody hangs up', async () => {
      const { socket } = await underWay()
      socket.destroy()
      const next = await connected()
      await until(async () => {
        next.write(orderOf({ work: 0 }))
        return (await answerOf(next)).status === 200
      })
    })

    test('lets in who pays and who asks for the health', async () => {
      await underWay()
      await underWay(PAYING)
      const health = await connected()
      health.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n')
      assert.equal((await answerOf(health)).status, 200)
      const another = await connected()
      another.write(orderOf({}, PAYING))
      assert.equal((await answerOf(another)).status, 503)
    })

    test('does not open after refusals without end', async () => {
      const { answer, socket } = await underWay()
      const refused = await connected()
      for (let i = 0; i < 50; i++) {
        refused.write(orderOf({}))
        assert.equal((await answerOf(refused)).status, 503)
      }
      answer()
      await once(socket, 'data')
      await underWay()
    })
  })

  describe(`${framework}: the door by the lag of the loop`, () => {
    // With room for whatever else the machine does.
    beforeEach(() => start('lag', { maxLag: 500 }))

    /** Has the loop read two orders in one turn, of which the first holds it for so long; what the second is told. */
    async function behind (work, ...headers) {
      const first = await connected()
      const second = await connected()
      first.write(orderOf({ work }))
      second.write(orderOf({ work: 0 }, ...headers))
      const [, answer] = await Promise.all([answerOf(first), answerOf(second)])
      return answer
    }

    test('lets everybody in while the loop turns', async () => {
      for (let i = 0; i < 3; i++) {
        const socket = await connected()
        socket.write(orderOf({ work: 200 }))
        assert.equal((await answerOf(socket)).status, 200)
      }
    })

    test('does not see who waits for others: that is for the other door', async () => {
      for (let i = 0; i < 20; i++) await underWay()
      assert.equal(orders.length, 20)
    })

    test('refuses in a turn that has been busy for too long, and says when to come again', async () => {
      const { retryAfter, status } = await behind(700)
      assert.equal(status, 503)
      assert.ok(retryAfter >= 1 && retryAfter <= 5, retryAfter)
    })

    test('lets in who pays, up to four times as long', async () => {
      assert.equal((await behind(700, PAYING)).status, 200)
      assert.equal((await behind(2200, PAYING)).status, 503)
    })
  })
}

function head (...headers) {
  return ['POST /orders HTTP/1.1', 'host: x', 'content-type: application/json', ...headers, '', ''].join('\r\n')
}

function orderOf (order, ...headers) {
  const body = JSON.stringify(order)
  return `${head(`content-length: ${body.length}`, ...headers)}${body}`
}

async function until (holds) {
  while (!await holds()) await new Promise(resolve => setTimeout(resolve, 1))
}
