'use strict'

// Runs the cases of a program in processes of its own, one after the other. A case that
// crashes or blocks its process costs that process; the next one goes on behind it.

const { spawn } = require('node:child_process')

// No case takes that long between two lines, on the slowest machine, beside other work.
const SILENT_MS = 90_000
// A process whose cases are done and which nothing keeps is gone long before.
const STAY_MS = 20_000

/**
 * What became of each case, in the order in which they ran: `{ name, problems }`. The last
 * one tells of processes that stayed when all was done.
 */
async function runCases (program, ...args) {
  const results = []
  let from = 0
  for (;;) {
    const run = await runFrom(program, from, args)
    results.push(...run.results)
    if (run.names === undefined) throw new Error(`${program} ${args} did not begin: ${run.how}`)
    if (run.done) {
      results.push({ name: 'the process exits by itself', problems: run.how === 'code 0' ? [] : [run.how] })
      return results
    }
    from = run.begun + 1
    results.push({ name: run.names[run.begun], problems: [run.how] })
  }
}

/** The same with a process for each case, so that one which stays is known. */
async function runEach (program, ...args) {
  const results = []
  let from = 0
  for (let names = [undefined]; from < names.length; from++) {
    const run = await runFrom(program, `${from}:1`, args)
    if (run.names === undefined) throw new Error(`${program} ${args} did not begin: ${run.how}`)
    names = run.names
    const problems = run.results.flatMap(result => result.problems)
    if (run.how !== 'code 0') problems.push(run.how)
    results.push({ name: names[from], problems })
  }
  return results
}

/** As the assertions want it: a line for each problem. */
function problemLines (results) {
  return results.flatMap(({ name, problems }) => problems.map(problem => `${name}: ${problem}`))
}

module.exports = { problemLines, runCases, runEach }

function runFrom (program, from, args) {
  const run = { names: undefined, begun: parseInt(from) - 1, done: false, how: undefined, results: [] }
  const child = spawn(process.execPath, ['--expose-gc', program, String(from), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let watchdog, stderr, rest
  stderr = rest = ''
  const watch = ms => {
    clearTimeout(watchdog)
    watchdog = setTimeout(() => {
      run.how = run.done ? 'does not exit' : 'blocks or never answers'
      child.kill('SIGKILL')
    }, ms)
  }
  const hear = ({ names, begun, ended, problems, done }) => {
    if (names !== undefined) run.names = names
    if (begun !== undefined) run.begun = begun
    if (ended !== undefined) run.results.push({ name: run.names[ended], problems })
    if (done) run.done = true
    watch(done ? STAY_MS : SILENT_MS)
  }
  watch(SILENT_MS)
  child.stderr.setEncoding('utf8').on('data', text => { stderr = (stderr + text).slice(-2_000) })
  child.stdout.setEncoding('utf8').on('data', text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    for (const line of lines) if (line.startsWith('{')) hear(JSON.parse(line))
  })
  return new Promise(resolve => {
    child.on('close', (code, signal) => {
      clearTimeout(watchdog)
      run.how ??= signal ? `crashed by ${signal}` : `code ${code}${run.done ? '' : `, too early ${firstError(stderr)}`}`
      resolve(run)
    })
  })
}

function firstError (stderr) {
  return stderr.split('\n').filter(line => /error|fatal|panick/i.test(line))[0] ?? ''
}
