// Opens scripts in Chromium, each in a page of its own, which is to have the title that says that all is well. Used by
// `.ci/loaders`.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { chromium } from 'playwright-core'

const TITLE = 'somebody,later function'
const scripts = process.argv.slice(2)

const server = createServer(({ url }, response) => {
  const place = Number(url.slice('/script/'.length))
  if (url.startsWith('/script/')) return response.setHeader('content-type', 'text/javascript').end(readFileSync(scripts[place]))
  response.setHeader('content-type', 'text/html')
  response.end(`<!doctype html><meta charset="utf-8"><title></title><script type="module" src="/script/${url.slice(1)}"></script>`)
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
for (const [place, script] of scripts.entries()) {
  const page = await browser.newPage()
  const complaints = []
  page.on('pageerror', error => complaints.push(error.stack))
  await page.goto(`http://127.0.0.1:${server.address().port}/${place}`)
  try {
    await page.waitForFunction(title => document.title === title, TITLE, { timeout: 20_000 })
    console.log(`${script}: ok`)
  } catch {
    console.log(`${script}: its title is '${await page.title()}'`, ...complaints)
    process.exitCode = 1
  }
}
await browser.close()
server.close()
