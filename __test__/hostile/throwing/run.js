'use strict'

// One run: a breaker is made and called in one of the ways, and the k-th read throws. What
// is wrong with how it went is a list of lines.

const { outcome, sleep, surfaced, told, turn } = require('../support/inside')
const { EVENTS, actions, optionsOf } = require('./ways')

class Run {
  constructor (k) {
    this.k = k
    this.armed = false
    this.reads = 0
    this.thrown = undefined
    this.where = undefined
    // By `fire` itself.
    this.threw = undefined
    this.begun = 0
    // Which of the calls is being fired, and how many actions had begun by then.
    this.firing = -1
    this.begunAtFire = 0
    this.atThrow = undefined
    this.begunBy = []
    // Everything throws, and nobody tells what.
    this.isSpoilt = false
    this.canBeMended = true
  }

  hit (where) {
    if (!this.armed || ++this.reads !== this.k) return
    const { begun, begunAtFire, firing } = this
    this.where = where
    this.atThrow = { begun, firing, begunInFire: begun - begunAtFire }
    this.thrown = new Error(`thrown by read ${this.k}`)
    throw this.thrown
  }

  armedWhile (does) {
    this.armed = true
    try {
      return does()
    } finally {
      this.armed = false
    }
  }

  // Whether the call of that number may be answered by what was thrown: not if its action
  // had begun.
  mayAnswer (number) {
    if (!this.thrown) return false
    const { begun, begunInFire, firing } = this.atThrow
    return begun === 0 || (firing === number && begunInFire === 0)
  }
}

// A host's clock that fails shows what it showed before, and nothing is kept of what it threw.
// An action that cannot be had has failed, and the fallback is told.
const HOST = ['Date.now', 'setTimeout', 'clearTimeout']
const isAnswer = ({ where }, { fallback }) => HOST.includes(where) || (Boolean(fallback) && where.endsWith('action'))

/** The run itself; `expected` are the outcomes of one in which nothing throws. */
async function runOnce (source, way, listened, k, expected) {
  const run = new Run(k)
  const host = source.host?.(run) ?? { pass: sleep, end () {} }
  try {
    return await go(run, host, source, way, listened, expected)
  } catch (error) {
    return { run, problems: [`the run failed: ${told(error)}`] }
  } finally {
    host.end()
  }
}

module.exports = { runOnce }

async function go (run, host, source, way, listened, expected) {
  let release
  const late = new Promise(resolve => { release = resolve })
  const kinds = actions(late)
  const action = kind => {
    run.begun++
    return kinds[kind]()
  }

  let breaker
  try {
    breaker = source.make(run, action, optionsOf(way))
  } catch (error) {
    return { run, problems: error === run.thrown ? [] : [`made: ${told(error)}`] }
  }
  if (way.fallback) breaker.fallback(way.fallback)
  if (listened) for (const event of EVENTS) breaker.on(event, () => {})
  await way.before?.(breaker)
  await turn()
  const target = await source.live(run, breaker)
  run.begun = 0
  run.armed = true
  if (way.wait) await host.pass(way.wait)

  const fired = []
  for (let number = 0; number < (way.calls ?? 1); number++) {
    run.firing = number
    run.begunAtFire = run.begun
    fired.push(outcome(fireOnce(run, target, way)))
    run.begunBy[number] = run.begun - run.begunAtFire
    run.firing = -1
  }
  // Not a microtask later than has to be: by then many calls have settled.
  const spoilt = source.inFlight?.(run, breaker)
  if (spoilt) await spoilt
  const answers = Promise.all(fired)
  if (way.settlesLate) {
    await turn()
    release()
  }
  if (host.isFake) await passUntil(answers, host, run, breaker)
  const outcomes = (await answers).map(inWords)
  release()
  await turn()
  await turn()
  run.armed = false
  await source.mend?.(run)

  const problems = [...judged(run, way, outcomes, expected ?? outcomes)]
  if (run.threw) problems.push(`fire threw: ${told(run.threw)}`)
  if (run.thrown && !isAnswer(run, way) && !outcomes.includes(inWords({ error: run.thrown })) && !surfaced.has(run.thrown)) problems.push('what was thrown is lost')
  if (run.thrown) surfaced.delete(run.thrown)
  problems.push(...await afterwards(run, breaker, way))
  return { run, outcomes, problems: problems.map(problem => run.k ? `read ${run.k}, ${run.where}: ${problem}` : problem) }
}

// To ask for `fire` may throw; once it is called, it gives a promise.
function fireOnce (run, target, { kind, args = [] }) {
  try {
    return target.fire(kind, ...args)
  } catch (error) {
    if (!/^(breaker\.)?fire$/.test(run.where)) run.threw = error
    return Promise.reject(error)
  }
}

// A fake clock is moved on until all is answered. Where a timer could not be set, that may
// take somebody who comes by.
async function passUntil (answers, host, run, breaker) {
  const isDone = () => Promise.race([answers.then(() => true), host.pass(10)])
  for (let steps = 0; steps < 20; steps++) {
    if (await isDone()) return
    if (steps !== 10) continue
    run.armed = false
    breaker.fire('fresh').catch(() => {})
  }
}

function * judged (run, { kind, settlesLate }, outcomes, expected) {
  for (const [number, what] of outcomes.entries()) {
    if (what === expected[number] || what === OWN[kind]) continue
    // The first has gone wrong: the second may have its place.
    if (settlesLate && what === 'resolved with late') continue
    if (run.isSpoilt && what !== 'pending' && run.begunBy[number] === 0) continue
    if (run.thrown && what === inWords({ error: run.thrown }) && run.mayAnswer(number)) continue
    yield `${expected[number]} expected; ${what}${run.atThrow?.begun ? ', though its action had begun' : ''}`
  }
}

function inWords ({ error, pending, value }) {
  return pending ? 'pending' : error ? `rejected by ${told(error)}` : `resolved with ${told(value)}`
}

// What the actions themselves come to.
const OWN = {
  well: 'resolved with well',
  plain: 'resolved with well',
  thenable: 'resolved with well',
  ill: 'rejected by ill',
  threw: 'rejected by ill'
}

// The breaker is as good as before.
async function afterwards (run, breaker, way) {
  const problems = []
  try {
    way.after?.(breaker)
    if (breaker.semaphore.count !== 2) problems.push(`${breaker.semaphore.count} of 2 places are free`)
    if (breaker.isShutdown || !run.canBeMended) return problems
    breaker.enable()
    breaker.close()
    const fresh = inWords(await outcome(breaker.fire('fresh')))
    if (fresh !== 'resolved with fresh') problems.push(`a call afterwards: ${fresh}`)
    if (breaker.semaphore.count !== 2) problems.push(`${breaker.semaphore.count} of 2 places are free after that`)
  } catch (error) {
    problems.push(`afterwards: ${told(error)}`)
  }
  return problems
}
