// Takes the picture of docs/server.md: a minute of `story.js`, as the page shows it. Run by hand, after
// `npm run build` and with Chromium: `node .ci/projects/page/picture.mjs`.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { browse, open, rowOf } from './support.mjs'

const child = fork(fileURLToPath(new URL('story.js', import.meta.url)))
const [url] = await once(child, 'message')
const browser = await browse()
const { page } = await open(browser, url, { viewport: { width: 1480, height: 1060 }, colorScheme: process.argv[3] ?? 'light' })
await page.getByLabel('Last').selectOption('60000')
await page.waitForTimeout(60_000)
await rowOf(page, 'payments').click()
await page.waitForTimeout(1_500)
await page.mouse.move(5, 5)
await page.evaluate(() => document.activeElement.blur())
await page.screenshot({ path: process.argv[2] ?? 'docs/server.png' })
await browser.close()
child.kill()
