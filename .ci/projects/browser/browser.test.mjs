// What browsers get, in real ones: the tests of breakers that need no Node, in the main thread of a page, in a
// worker and in a service worker, under a policy that allows no `eval`. Run by `.ci/browser`, which says
// which browser there is.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { chromium } from 'playwright-core'
import { serve } from './server.mjs'

// A page that runs its tests is heard of before: it ends those that hang (`shims/test.js`).
const MOST_MS = 150_000

// They wait for timers more than they work.
const CONCURRENCY = Number(process.env.DIDELPHIS_CONCURRENCY ?? 2)

// Fewer would be tests that are not run.
const LEAST = 350

const BROWSERS = {
  async Chromium () {
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
    return {
      async open (url) {
        const page = await browser.newPage()
        await page.goto(url)
        return () => page.close()
      },
      close: () => browser.close()
    }
  },

  async Firefox () {
    // Also where the tests are ended from outside.
    const running = new Set()
    process.once('exit', () => { for (const firefox of running) firefox.kill('SIGKILL') })
    process.once('SIGTERM', () => process.exit(143))
    return {
      async open (url) {
        const profile = mkdtempSync(join(tmpdir(), 'didelphis-'))
        writeFileSync(join(profile, 'user.js'), [
          'browser.shell.checkDefaultBrowser', 'datareporting.policy.dataSubmissionEnabled', 'toolkit.telemetry.enabled', 'app.update.enabled'
        ].map(name => `user_pref(${JSON.stringify(name)}, false);`).join('\n'))
        const firefox = spawn(process.env.FIREFOX ?? 'firefox-esr', ['--headless', '--no-remote', '--profile', profile, url], { stdio: 'ignore', env: { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' } })
        running.add(firefox)
        return async () => {
          firefox.kill('SIGKILL')
          if (firefox.exitCode === null && firefox.signalCode === null) await once(firefox, 'exit')
          running.delete(firefox)
          rmSync(profile, { force: true, recursive: true, maxRetries: 5 })
        }
      },
      async close () {}
    }
  }
}

const wanted = process.env.DIDELPHIS_BROWSERS?.split(',') ?? Object.keys(BROWSERS)

for (const name of wanted) {
  describe(name, { concurrency: CONCURRENCY }, () => {
    let browser
    before(async () => { browser = await BROWSERS[name]() })
    after(() => browser.close())

    for (const [where, least] of [['module', 2], ['main', LEAST], ['worker', LEAST], ['service', LEAST]]) {
      test(`${where}: what needs no Node holds`, { timeout: MOST_MS + 20_000 }, async t => {
        const server = await serve()
        const close = await browser.open(server.page(where))
        t.after(async () => { await close(); server.close() })
        const late = new Promise(resolve => { setTimeout(resolve, MOST_MS, { broken: 'nothing was heard of the page' }).unref() })
        const { broken, results = [] } = await Promise.race([server.heard(where), late])
        assert.equal(broken, undefined)
        const of = is => results.filter(result => result.is === is)
        t.diagnostic(`${name}, ${where}: ${of('passed').length} passed, ${of('needs Node').length} need Node`)
        assert.deepEqual(of('failed').map(({ name, why }) => `${name}: ${why}`), [])
        assert.ok(of('passed').length >= least, `${of('passed').length} passed`)
      })
    }
  })
}
