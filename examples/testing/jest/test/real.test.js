'use strict'

// A breaker as it is, in real time. The test waits for events, never for a while.

const { once } = require('node:events')
const Greeter = require('../greeter')

const SHORT = { timeout: 20, resetTimeout: 20 }

test('a backend that hangs is given up, then tried again', async () => {
  const findUser = jest.fn(() => new Promise(() => {}))
  const greeter = new Greeter(findUser, SHORT)
  const { breaker } = greeter
  const halfOpen = once(breaker, 'halfOpen')

  expect(await greeter.greet(1)).toBe('Hello!')
  expect(breaker.stats.timeouts).toBe(1)

  await halfOpen
  findUser.mockResolvedValue({ name: 'Ada' })
  expect(await greeter.greet(1)).toBe('Hello, Ada!')
  expect(breaker.closed).toBe(true)
})
