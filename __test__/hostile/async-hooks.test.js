'use strict'

// Async contexts: what async hooks are told of begins and ends, in pairs, however a call
// ends; and what runs for a call runs in its caller's context, however it is told of.

const assert = require('node:assert/strict')
const { describe, test } = require('node:test')

const { child } = require('../support/child')

const WAYS = {
  'calls that succeed': { action: "async () => 'well'" },
  'calls that succeed a turn later': { action: "() => new Promise(resolve => setImmediate(resolve, 'well'))" },
  'calls that fail': { action: "async () => { throw new Error('ill') }" },
  'calls that throw': { action: "() => { throw new Error('ill') }" },
  'calls that time out': { action: '() => new Promise(() => {})', timeout: 20 },
  'calls that time out, and are answered': { action: '() => new Promise(resolve => setTimeout(resolve, 60))', timeout: 20 },
  'calls that are refused': { action: "async () => 'well'", prepare: 'breaker.open()' },
  'calls with a fallback': { action: "async () => { throw new Error('ill') }", prepare: "breaker.fallback(() => 'instead')" },
  'calls that fail for a filter': { action: "async () => { throw new Error('ill') }", prepare: 'breaker.options.errorFilter = () => true' },
  'calls without a timeout': { action: "async () => 'well'", timeout: false }
}

describe('of 20,000 calls with a listener, nothing is left to async hooks', { concurrency: 2 }, () => {
  for (const [name, { action, prepare = '', timeout = 60_000 }] of Object.entries(WAYS)) {
    test(name, async () => {
      const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
        const { createHook } = require('node:async_hooks')
        const { setImmediate: turn, setTimeout: sleep } = require('node:timers/promises')
        const CircuitBreaker = require(path)
        const left = new Map()
        const settled = async () => {
          for (let collections = 0; collections < 5; collections++) {
            globalThis.gc()
            await turn()
            await sleep(5)
          }
        }
        const breaker = new CircuitBreaker(${action}, { timeout: ${timeout}, errorThresholdPercentage: 100, resetTimeout: 3_600_000 })
        for (const name of ['success', 'failure', 'timeout', 'reject']) breaker.on(name, () => {})
        ${prepare}
        const round = async calls => {
          for (let made = 0; made < calls; made += 1000) {
            await Promise.allSettled(Array.from({ length: 1000 }, () => breaker.fire()))
          }
          await settled()
          // Answers that come too late.
          await sleep(60)
          await settled()
        }
        // What there is once and for all is there before it is counted.
        await round(1000)
        createHook({
          init: (id, type) => left.set(id, type),
          destroy: id => left.delete(id)
        }).enable()
        await round(20_000)
        await settled()
        const types = {}
        for (const type of left.values()) types[type] = (types[type] ?? 0) + 1
        // Of those that go with their garbage, some are about at any time.
        for (const type in types) if (types[type] < 50) delete types[type]
        console.log(JSON.stringify(types))
        process.exit()
      }`)
      assert.deepEqual({ stdout, stderr, ...end }, { stdout: '{}\n', stderr: '', code: 0, signal: null })
    })
  }
})

describe('by contexts kept by async hooks, each caller finds its own', { concurrency: 2 }, () => {
  for (const kept of ['AsyncLocalStorage', 'a hook of the kind that cls-hooked is']) {
    test(kept, async () => {
      const { stdout, stderr, ...end } = await child(`async ({ require, path }) => {
        const { AsyncLocalStorage, AsyncResource, createHook, executionAsyncId } = require('node:async_hooks')
        const { setTimeout: sleep } = require('node:timers/promises')
        const CircuitBreaker = require(path)
        const contexts = new Map()
        const storage = new AsyncLocalStorage()
        const byHook = {
          run: (name, act) => {
            const resource = new AsyncResource('caller')
            contexts.set(resource.asyncId(), name)
            return resource.runInAsyncScope(act)
          },
          getStore: () => contexts.get(executionAsyncId())
        }
        const store = ${kept === 'AsyncLocalStorage' ? 'storage' : 'byHook'}
        if (store === byHook) {
          createHook({
            init: id => { if (contexts.has(executionAsyncId())) contexts.set(id, contexts.get(executionAsyncId())) },
            destroy: id => contexts.delete(id)
          }).enable()
        }
        const heard = {}
        const hear = (what, name) => {
          const key = what + ': ' + (store.getStore() === name)
          heard[key] = (heard[key] ?? 0) + 1
        }
        const ACTIONS = {
          well: name => sleep(5, name),
          ill: async name => { await sleep(5); throw Object.assign(new Error('ill'), { name }) },
          hang: () => new Promise(() => {})
        }
        const breaker = new CircuitBreaker((kind, name) => ACTIONS[kind](name), {
          timeout: 40,
          errorThresholdPercentage: 100,
          errorFilter: (error, kind, name) => { hear('filter', name) }
        })
        breaker.on('success', name => hear('success', name))
        breaker.on('failure', (error, ms, [kind, name]) => hear('failure', name))
        breaker.on('timeout', (error, ms, [kind, name]) => hear('timeout', name))
        breaker.fallback((kind, name) => { hear('fallback', name); return name })
        const calls = []
        for (const kind of ['well', 'ill', 'hang']) {
          for (let number = 0; number < 500; number++) {
            const name = kind + number
            store.run(name, () => calls.push(breaker.fire(kind, name).then(() => hear('caller', name))))
          }
        }
        for (let collections = 0; collections < 5; collections++) {
          globalThis.gc()
          await sleep(10)
        }
        await Promise.all(calls)
        console.log(JSON.stringify(Object.entries(heard).sort()))
        process.exit()
      }`)
      assert.deepEqual({ stderr, ...end }, { stderr: '', code: 0, signal: null })
      assert.deepEqual(JSON.parse(stdout), [
        ['caller: true', 1500], ['failure: true', 1000], ['fallback: true', 1000], ['filter: true', 1000],
        ['success: true', 500], ['timeout: true', 500]
      ])
    })
  }
})
