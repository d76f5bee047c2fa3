// A served process, and a browser that looks at it.

import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const PROGRAM = fileURLToPath(new URL('program.js', import.meta.url))
const AXE = createRequire(import.meta.url)('axe-core').source

/** Starts a process with these breakers, served; `tell(deed, what)` has it do something. */
export async function serve ({ breakers, token, port = 0, host }) {
  const child = fork(PROGRAM, [JSON.stringify({ breakers, token, port, host })])
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => { throw new Error('the process ended before it began') })])
  const waiting = new Map()
  let last = 0
  child.on('message', ({ id, result }) => waiting.get(id)(result))
  const tell = (deed, what) => new Promise((resolve, reject) => {
    const id = ++last
    waiting.set(id, resolve)
    child.once('exit', () => reject(new Error(`the process ended before it had done ${deed}`)))
    child.send({ id, deed, ...what })
  })
  child.setMaxListeners(100)
  const url = await tell('serve')
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { url, tell, end }
}

/** Chromium, without a window and without the sandbox that it cannot have as root. */
export function browse () {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
}

/** Opens the page; `complaints` is what the browser said of it: errors, and what the policy refused. */
export async function open (browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints = []
  page.on('pageerror', error => complaints.push(error.stack))
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  if (process.env.DIDELPHIS_PAGE) await page.route(url, replace)
  await page.goto(url)
  await page.locator('#live[data-is="live"]').waitFor()
  return { page, complaints, context }
}

// A page that was just made (`npm run page`) in the place of the one that the addon has: under the same
// policy, without the minutes that a build takes. For whoever works on it.
async function replace (route) {
  const response = await route.fetch()
  const [, nonce] = /'nonce-([^']+)'/.exec(response.headers()['content-security-policy'])
  await route.fulfill({ response, body: readFileSync(process.env.DIDELPHIS_PAGE, 'utf8').replaceAll('__NONCE__', nonce) })
}

/** What is read comes to be this: the page draws a frame, or an answer of the server, after what was done. */
export async function comesTo (read, expected) {
  for (const until = performance.now() + 10_000; ;) {
    const actual = await read()
    try {
      return assert.deepEqual(actual, expected)
    } catch (error) {
      if (performance.now() > until) throw error
    }
    await sleep(20)
  }
}

/** What axe finds that is serious, or worse. */
export async function serious (page) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run(document))
  return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`)
}

/** The row of a breaker, by its name to the letter. */
export function rowOf (page, name) {
  return page.locator('#breakers .row').filter({ has: page.getByRole('button', { name, exact: true }) })
}

/** Its number on the page: for names that no query can say. */
export function idOf (page, name) {
  return page.locator('#breakers .row').evaluateAll((rows, name) => rows.find(row => row.querySelector('button').textContent === name).dataset.id, name)
}

export const namesOf = page => page.locator('#breakers .name button').allTextContents()
