// The example, as somebody uses it: the server goes down and comes back.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const SERVER = fileURLToPath(new URL('../../../examples/browser/server.js', import.meta.url))

let browser, page, server
const complaints = []

before(async () => {
  server = spawn(process.execPath, [SERVER], { env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  const [printed] = await once(server.stdout.setEncoding('utf8'), 'data')
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  page = await browser.newPage({ viewport: { width: 760, height: 620 }, deviceScaleFactor: 2 })
  page.on('pageerror', error => complaints.push(error.stack))
  page.on('console', message => { if (message.type() === 'error' && !/503|favicon/.test(message.text() + message.location().url)) complaints.push(message.text()) })
  await page.goto(printed.trim())
})

after(async () => {
  await browser?.close()
  server.kill()
})

test('calls fail, then they are refused in the page; when the server is back, so is the page', async () => {
  const lines = page.locator('#log li')
  let asked = 0
  const ask = async () => {
    await page.getByRole('button', { name: 'Ask for the weather' }).click()
    await lines.nth(asked++).waitFor()
    return lines.first().textContent()
  }
  const state = text => page.locator('#state').filter({ hasText: new RegExp(`^${text}$`) }).waitFor()

  assert.match(await ask(), /°C/)
  await page.getByRole('button', { name: 'Take the server down' }).click()
  await page.getByRole('button', { name: 'Bring the server back' }).waitFor()
  assert.match(await ask(), /The server says 503/)
  assert.match(await ask(), /The server says 503/)
  await state('open')
  assert.match(await ask(), /Breaker is open – refused here/)
  assert.match(await page.locator('#why').textContent(), /open/i)
  if (process.env.DIDELPHIS_PICTURE) await page.screenshot({ path: process.env.DIDELPHIS_PICTURE })
  assert.equal(await page.locator('#reached').textContent(), '3')
  await page.getByRole('button', { name: 'Bring the server back' }).click()
  await page.getByRole('button', { name: 'Take the server down' }).waitFor()
  await state('half open')
  assert.match(await ask(), /°C/)
  await state('closed')
  assert.deepEqual(complaints, [])
})
