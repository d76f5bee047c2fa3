'use strict'

// The commands `didelphis top`, `open`, `close`, `force-open`, `disable` and `enable`: what a server
// of `CircuitBreaker.serve` shows, in a terminal, and breakers steered through it. Used by
// `bin/didelphis.js` alone; a program that requires didelphis loads nothing of all this.

const { parseArgs } = require('node:util')
const { Complaint, Remote } = require('./remote')

const HELP = `Usage: npx didelphis top URL [--json]
       npx didelphis open|close|force-open|disable|enable NAME --url URL [--id ID]

top shows every breaker of a process that has called CircuitBreaker.serve(), and
its event loops, worst first: a live table in a terminal (q ends it), one reading
elsewhere. It is told while the event loop is stalled, too.

The others steer the breakers of that name. Commands are in force for the first
call after them, also while the event loop is stalled. The token that was given to
serve() is taken from the environment: DIDELPHIS_TOKEN.

Options
  --url URL  where the server is: http://127.0.0.1:9464/
  --id ID    of several breakers of a name, the one with that id (see top --json)
  --json     print one JSON object
  --help     print this

Exit code: 0 when it was done, 1 when it was not, 2 for a wrong command line.
`

// Exit codes.
const [DONE, NOT_DONE, WRONG] = [0, 1, 2]

const WORDS = ['open', 'close', 'force-open', 'disable', 'enable']

/** Whether it is a command of these. */
function knows (command) {
  return command === 'top' || WORDS.includes(command)
}

/**
 * Runs the command with those arguments: a promise of its exit code. `terminal` has the streams
 * `input` and `output`, `error(text)`, and the environment as `env`.
 */
async function run (args, terminal) {
  let given
  try {
    given = parseArgs({ args, allowPositionals: true, options: OPTIONS })
  } catch ({ message }) {
    return refuse(terminal, message)
  }
  const { positionals: [command, what, ...others], values: { help, id, json, url } } = given
  if (help) {
    terminal.output.write(HELP)
    return DONE
  }
  if (others.length > 0) return refuse(terminal, `${others[0]} is one argument too many: a name with spaces needs quotes`)
  const isTop = command === 'top'
  if (what === undefined) return refuse(terminal, isTop ? 'where is the server? npx didelphis top http://127.0.0.1:9464/' : `which breaker? npx didelphis ${command} NAME --url URL`)
  if (!isTop && url === undefined) return refuse(terminal, `where is the server? npx didelphis ${command} ${what} --url http://127.0.0.1:9464/`)
  if (id !== undefined && !/^\d+$/.test(id)) return refuse(terminal, `--id ${id} is no id: top --json shows them`)
  try {
    const remote = new Remote(isTop ? what : url, terminal.env.DIDELPHIS_TOKEN)
    if (isTop) await require('./top').top(remote, terminal, json)
    else await steer(remote, terminal, command, what, id)
    return DONE
  } catch (error) {
    if (!(error instanceof Complaint)) throw error
    terminal.error(`didelphis: ${error.message}\n`)
    return error.isUsage ? WRONG : NOT_DONE
  }
}

module.exports = { knows, run }

const OPTIONS = { help: { type: 'boolean', short: 'h' }, id: { type: 'string' }, json: { type: 'boolean' }, url: { type: 'string' } }

function refuse (terminal, message) {
  terminal.error(`didelphis: ${message}\n\n${HELP}`)
  return WRONG
}

async function steer (remote, { output }, command, name, id) {
  const { results } = await remote.steer(command, name, id)
  const { printable } = require('./table')
  for (const { name, result, thread } of results) output.write(`${printable(name)} (${thread}): ${command} ${RESULTS[result] ?? result}\n`)
}

const RESULTS = {
  obeyed: 'is in force',
  waits: 'is in force for the next call; its event loop is busy, and announces it when it is free',
  gone: 'comes too late: the breaker is gone',
  full: 'was not taken: too many commands wait for its event loop; try again later'
}
