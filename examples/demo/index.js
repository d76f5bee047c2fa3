'use strict'

// Two circuit breakers at work, opossum's and ours, call by call beside each other. A backend
// in a process of its own is slow, then down; then this process stalls itself; then it never
// rests while the backend hangs. At the end the demo tells what each breaker did about it, and
// it fails if ours did not do its job.

const path = require('node:path')
const { fork } = require('node:child_process')
const { once } = require('node:events')
const { setTimeout: sleep } = require('node:timers/promises')
const Opossum = require('opossum')
const CircuitBreaker = require('../..')
const { STEPS } = require('./acts')
const { Caller } = require('./caller')
const { displayFor } = require('./display')
const load = require('./load')
const { complaints, summary } = require('./summary')
const { Time } = require('./time')

const CALLS_PER_SECOND = 50
const DRAW_MS = 100

async function main () {
  const display = displayFor(process.stdout)
  process.once('exit', () => display.stop()) // leave a usable terminal behind, come what may
  const backend = new Backend()
  const quit = (code, message) => {
    console.error(message)
    backend.kill()
    process.exit(code)
  }
  backend.onLost = () => quit(1, 'Demo failed: the backend process ended')
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) process.once(signal, () => quit(code, 'Interrupted'))
  // Whoever read it has seen enough: `npm run demo | head`.
  process.stdout.once('error', () => quit(0, 'Nobody reads on'))

  const { url } = await backend.enter(STEPS[0].backend)
  const time = new Time()
  const callers = [new Caller('opossum', Opossum, url, time), new Caller('didelphis', CircuitBreaker, url, time)]
  const fire = count => callers.forEach(caller => caller.fire(count))
  const draw = () => {
    callers.forEach(caller => caller.slice())
    display.draw({ callers, time })
  }

  display.start()
  const painter = setInterval(draw, DRAW_MS)
  for (const step of STEPS) {
    await backend.enter(step.backend)
    time.step = step
    const end = load[step.load](fire, CALLS_PER_SECOND)
    await sleep(1000 * (step.ends - time.now()))
    end()
  }
  await Promise.all(callers.map(caller => caller.ended()))
  clearInterval(painter)
  draw()
  display.stop()

  const { seen } = await backend.enter('down')
  console.log(`\n${summary(callers, seen)}`)
  for (const complaint of complaints(callers, seen)) {
    console.error(`Demo failed: ${complaint}`)
    process.exitCode = 1
  }
  callers.forEach(caller => caller.destroy())
  backend.end()
}

// The backend's process, which tells when a phase is in force.
class Backend {
  #process = fork(path.join(__dirname, 'backend.js'))
  onLost = () => {}

  constructor () {
    this.#process.once('exit', () => this.onLost())
  }

  async enter (phase) {
    const answer = once(this.#process, 'message')
    this.#process.send(phase)
    return (await answer)[0]
  }

  kill () {
    this.onLost = () => {}
    this.#process.kill()
  }

  end () {
    this.onLost = () => {}
    this.#process.disconnect()
  }
}

main()
