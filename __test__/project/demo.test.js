'use strict'

// The demo: that it fits a terminal, paints nothing where it should not, and complains where
// ours does not do its job. That ours does is shown by running it: `npm run demo`.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const { join } = require('node:path')
const { test } = require('node:test')

const { DURATION, STEPS } = require('../../examples/demo/acts')
const { displayFor } = require('../../examples/demo/display')
const { complaints, summary } = require('../../examples/demo/summary')
const { SLICE } = require('../../examples/demo/time')

const plain = text => text.replace(/\x1b\[\d+m/g, '') // eslint-disable-line no-control-regex

/** What a display writes as it is shown a whole run, second by second. */
function drawn (about) {
  let text = ''
  const display = displayFor({ write: more => { text += more }, rows: 24, ...about })
  const slices = []
  const caller = name => ({ name, slices, state: 'closed' })
  display.start()
  for (let now = 0; now < DURATION; now += SLICE) {
    slices.push({ states: ['closed', 'half open', 'open'], ok: 20, failed: 1, 'timed out': 3, spared: 0 })
    const time = { now: () => now, step: STEPS.find(({ ends }) => now < ends), stalled: new Set([3, 4]) }
    display.draw({ callers: [caller('opossum'), caller('didelphis')], time })
  }
  display.stop()
  return text
}

test('it takes less than 30 seconds', () => {
  assert.ok(DURATION <= 27, `${DURATION} s, without what it takes to begin and to end`)
})

test('its picture fits into 80 columns and 24 rows, and is drawn in place', () => {
  const text = plain(drawn({ isTTY: true, hasColors: () => true }))
  const [, ...pictures] = text.split(/\x1b\[\d+A/) // eslint-disable-line no-control-regex
  assert.equal(pictures.length, Math.ceil(DURATION / SLICE) - 1)
  for (const picture of pictures) {
    const lines = picture.replaceAll('\x1b[K', '').replace(/\x1b\[\?.*$/s, '').split('\n') // eslint-disable-line no-control-regex
    assert.ok(lines.length <= 24, `${lines.length} rows`)
    for (const line of lines) assert.ok(line.length <= 80, line)
  }
})

test('in a narrow terminal every picture shows the present, in lines that fit', () => {
  for (const columns of [30, 60]) {
    const text = drawn({ isTTY: true, columns, rows: 40 })
    const [, ...pictures] = text.split(/\x1b\[\d+A/) // eslint-disable-line no-control-regex
    const lines = pictures.map(picture => picture.replaceAll('\x1b[K', '').split('\n'))
    for (const [, ...rows] of lines) for (const row of rows.slice(0, -1)) assert.ok(row.length <= columns, row)
    // The last act, in which the backend hangs, to its end and beyond.
    const backend = lines.map(([, , row]) => row.trimEnd())
    assert.ok(backend.every(row => row.startsWith('backend')))
    assert.ok(backend.some(row => row.length === columns && row.endsWith('....')), backend.at(-1))
    assert.match(backend.at(-1), /\.─+$/)
    assert.match(lines.at(-1).at(-2), /20 s/)
  }
})

test('in a terminal of few rows what does not fit is left out', () => {
  const ups = Array.from(drawn({ isTTY: true, rows: 10 }).matchAll(/\x1b\[(\d+)A/g), ([, rows]) => Number(rows)) // eslint-disable-line no-control-regex
  assert.equal(Math.max(...ups), 9)
})

test('colours are for terminals that have and want them', () => {
  assert.match(drawn({ isTTY: true, hasColors: () => true }), /\x1b\[32m/) // eslint-disable-line no-control-regex
  assert.equal(plain(drawn({ isTTY: true, hasColors: () => false })), drawn({ isTTY: true, hasColors: () => false }))
})

test('where there is no terminal it is a line a second, and nothing else', () => {
  const text = drawn({ isTTY: false })
  assert.doesNotMatch(text, /\x1b/) // eslint-disable-line no-control-regex
  assert.equal(text.split('\n').filter(line => /^ *\d+\.\d s {2}/.test(line)).length, Math.floor(DURATION))
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  test(`${signal} ends it, and the terminal is as it was`, async () => {
    const { code, stdout } = await begun(({ kill }) => kill(signal), '--require', join(__dirname, '..', 'support', 'terminal.js'))
    assert.ok(code > 128, `${code}`)
    assert.ok(stdout.endsWith('\x1b[?7h\x1b[?25h'), JSON.stringify(stdout.slice(-40)))
  })
}

test('when nobody reads on it ends, and raises nothing', async () => {
  const { code, stderr } = await begun(({ destroy }) => destroy())
  assert.deepEqual({ code, stderr }, { code: 0, stderr: 'Nobody reads on\n' })
})

/** Begins the demo, does something to it once it has printed something, and waits for its end. */
function begun (act, ...args) {
  const demo = spawn(process.execPath, [...args, join(__dirname, '..', '..', 'examples', 'demo')], { env: { ...process.env, TERM: 'xterm' } })
  const texts = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr']) demo[stream].on('data', text => { texts[stream] += text })
  demo.stdout.once('data', () => act({ kill: signal => demo.kill(signal), destroy: () => demo.stdout.destroy() }))
  return new Promise(resolve => demo.once('close', code => resolve({ code, ...texts })))
}

/** Callers to whom happened what is told: by act, the step of the trouble. */
function callers (ours) {
  const caller = name => ({ name, calls: 100, state: 'closed', record: step => ({ calls: 10, outcomes: { spared: 0 }, falseTimeouts: 0, changes: [], ...(name === 'didelphis' ? ours(step) : {}) }) })
  return [caller('opossum'), caller('didelphis')]
}

const opens = ({ begins }) => ({ outcomes: { spared: 2 }, changes: [{ event: 'open', at: begins + 0.5 }] })
const asItShould = step => step.backend === 'well' ? {} : opens(step)

test('it does not complain where ours did its job', () => {
  assert.deepEqual(complaints(callers(asItShould), 150), [])
  const lines = summary(callers(asItShould), 150).split('\n')
  assert.equal(lines.filter(line => line.startsWith('  didelphis  opened after 0.5 s, 2 calls spared')).length, 3)
  for (const line of lines) assert.ok(line.length <= 80, line)
  assert.ok(lines.includes('  didelphis  stayed closed, 0 of 20 calls false timeouts'))
})

test('it complains where ours blames a backend that is well, or none that is ill', () => {
  const stalls = step => step.load === 'stalls'
  for (const [ours, complaint] of [
    [step => stalls(step) ? { falseTimeouts: 1 } : asItShould(step), /^1 calls were timeouts, which/],
    [step => stalls(step) ? opens(step) : asItShould(step), /^the breaker opened on a backend that was well/],
    [step => step.backend === 'slow' ? {} : asItShould(step), /was slow$/],
    [step => step.backend === 'down' ? {} : asItShould(step), /was down$/],
    [step => step.backend === 'hangs' ? {} : asItShould(step), /hung$/]
  ]) assert.match(complaints(callers(ours), 150)[0], complaint)
  assert.match(complaints(callers(asItShould), 195)[0], /spared$/)
})
