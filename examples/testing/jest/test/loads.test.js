'use strict'

// Jest loads every module anew for each test file, and many files share a process.
// `jest.resetModules()` does the same within a file. Each load is a world of its own.

const hangs = () => new Promise(() => {})

function load () {
  jest.resetModules()
  return require('didelphis')
}

test('each load has a class of its own, and all of them work side by side', async () => {
  const classes = [load(), load(), load()]
  expect(new Set(classes).size).toBe(3)

  const breakers = classes.map(CircuitBreaker => new CircuitBreaker(hangs, { timeout: 20 }))
  const errors = await Promise.all(breakers.map(breaker => breaker.fire().catch(error => error)))

  expect(errors.map(error => error.code)).toEqual(['ETIMEDOUT', 'ETIMEDOUT', 'ETIMEDOUT'])
  expect(breakers.map(breaker => breaker.stats.fires)).toEqual([1, 1, 1])
})

test('the breaker of one load is no instance of the class of another, but its errors are known', async () => {
  const [First, Second] = [load(), load()]
  const breaker = new First(hangs, { timeout: 20 })
  const error = await breaker.fire().catch(error => error)

  expect(breaker).not.toBeInstanceOf(Second)
  expect(Second.isOurError(error)).toBe(true)
})

test('what a file leaves behind does not disturb the next one, nor keep Jest from ending', async () => {
  const CircuitBreaker = load()
  const open = new CircuitBreaker(hangs, { resetTimeout: 600_000 })
  open.open()
  const waiting = new CircuitBreaker(hangs, { timeout: 50 })
  waiting.fire().catch(() => {})

  expect(open.opened).toBe(true)
  expect(waiting.stats.fires).toBe(1)
})
