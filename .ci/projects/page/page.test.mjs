// The page in Chromium: what one sees of a process that stalls, finds among 200 breakers, and does
// with a token and without. Run by `.ci/page`.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { browse, comesTo, idOf, namesOf, open, rowOf, serious, serve } from './support.mjs'

const TOKEN = 'more-than-sixteen-letters'
const MANY = 200
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }
const picture = (page, name) => page.screenshot({ path: `target/page/${name}.png` })

const cleanups = []
const later = cleanup => cleanups.push(cleanup)

let browser
before(async () => {
  browser = await browse()
  later(() => browser.close())
})
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

async function served (options) {
  const made = await serve(options)
  later(made.end)
  return made
}

describe('a process whose loop stalls', () => {
  let server, page, complaints
  before(async () => {
    server = await served({ breakers: [{ name: 'backend' }, { name: 'other' }, { name: 'third' }], token: TOKEN })
    ;({ page, complaints } = await open(browser, server.url))
    // Notes by the browser's clock, which is that of the process, when a row says that it is open.
    await page.evaluate(() => {
      globalThis.seen = {}
      new MutationObserver(() => {
        for (const row of document.querySelectorAll('#breakers .row')) {
          const state = row.querySelector('.badge').dataset.state
          globalThis.seen[`${row.querySelector('button').textContent} ${state}`] ??= Date.now()
        }
      }).observe(document.querySelector('#breakers'), { subtree: true, childList: true, attributes: true, characterData: true })
    })
  })

  test('an opening is on the page within a second while the loop is stalled, and so is the stall', async () => {
    // What stalled it while it began is forgotten by then.
    await server.tell('calm', { ms: 2_200 })
    const done = server.tell('openAndStall', { name: 'backend', ms: 4_000 })
    await rowOf(page, 'backend').locator('.badge[data-state="open"]').waitFor({ timeout: 3_500 })
    await page.locator('#stalled').filter({ hasText: /The event loop of main has been stalled for [12]/ }).waitFor({ timeout: 3_500 })
    await picture(page, 'stalled')
    const [openedAt, freedAt] = await done
    const seenAt = await page.evaluate(() => globalThis.seen['backend open'])
    assert.ok(seenAt < freedAt, 'while it was stalled')
    assert.ok(seenAt - openedAt < 1_000, `after ${seenAt - openedAt} ms`)
    console.log(`# an opening was on the page after ${seenAt - openedAt} ms, of 4000 in which the loop was stalled`)
    await page.locator('#stalled').waitFor({ state: 'hidden' })
  })

  test('whose the opening was is said beside it', async () => {
    await rowOf(page, 'backend').click()
    await page.locator('#detail .verdict').filter({ hasText: 'loop was free' }).waitFor()
    // One that opens right after a stall.
    await server.tell('calm', { ms: 2_200 })
    await server.tell('stall', { ms: 600 })
    await server.tell('openAndStall', { name: 'other', ms: 0 })
    await page.keyboard.press('Escape')
    await rowOf(page, 'other').click()
    await page.locator('#detail .verdict').filter({ hasText: /^loop stalled \d+ ms$/ }).waitFor()
  })

  test('a command is in force while the loop is stalled, and the answer says that it waits', async () => {
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Steer…', exact: true }).click()
    await page.getByLabel('Token of this server').fill(TOKEN)
    await page.keyboard.press('Enter')
    await rowOf(page, 'third').click()
    const done = server.tell('stall', { ms: 4_000 })
    await page.locator('#stalled').waitFor()
    await page.getByRole('button', { name: 'Force open' }).click()
    await page.getByRole('button', { name: 'Force open' }).click()
    await page.locator('.said').filter({ hasText: 'in force for the next call' }).waitFor({ timeout: 3_500 })
    const freedAt = await done
    await rowOf(page, 'third').locator('.badge[data-state="forcedOpen"]').waitFor()
    assert.ok(freedAt > 0)
    assert.equal(await server.tell('fire', { name: 'third' }), 'forcedOpen')
  })

  test('the browser complained of nothing', () => assert.deepEqual(complaints, []))
})

describe(`a process with ${MANY} breakers`, () => {
  let server, page, complaints
  before(async () => {
    const breakers = Array.from({ length: MANY }, (_, index) => ({
      name: `shard-${index + 1}`, group: index < 100 ? 'west' : 'east', labels: { zone: index % 2 ? 'b' : 'a' }, capacity: 10
    }))
    server = await served({ breakers, token: TOKEN })
    await server.tell('traffic')
    ;({ page, complaints } = await open(browser, server.url))
    await page.locator('#breakers .row').nth(MANY - 1).waitFor({ state: 'attached' })
  })

  test('all of them are rows, and the worst is the first', async () => {
    await server.tell('fire', { name: 'shard-150', calls: 30, fails: true })
    await page.waitForFunction(() => document.querySelector('#breakers button').textContent === 'shard-150')
    await comesTo(async () => (await namesOf(page)).length, MANY)
    await page.getByRole('button', { name: `${MANY} all` }).waitFor()
    assert.match(await page.title(), /^\(1 open\) didelphis/)
  })

  test('a search leaves those that are meant, a state those that are in it', async () => {
    await page.keyboard.press('/')
    await page.keyboard.type('east zone=b shard-12')
    // Each key narrows it, and rows are drawn a frame later.
    await comesTo(async () => (await namesOf(page)).sort(), ['shard-120', 'shard-122', 'shard-124', 'shard-126', 'shard-128'])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: '1 open' }).click()
    await page.waitForFunction(() => document.querySelectorAll('#breakers .row').length === 1)
    await page.getByRole('button', { name: '1 open' }).click()
    await page.waitForFunction(() => document.querySelectorAll('#breakers .row').length === 200)
  })

  test('they can be sorted', async () => {
    await page.getByLabel('Sort').selectOption('name')
    await page.waitForFunction(() => document.querySelector('#breakers button').textContent === 'shard-1')
    await comesTo(async () => (await namesOf(page)).slice(0, 11), Array.from({ length: 11 }, (_, index) => `shard-${index + 1}`))
    await page.getByLabel('Sort').selectOption('trouble')
    await page.waitForFunction(() => document.querySelector('#breakers button').textContent === 'shard-150')
  })

  test('keys alone lead to a breaker, and back to where one was', async () => {
    const focused = () => page.evaluate(() => document.activeElement.textContent)
    await page.keyboard.press('/')
    await page.keyboard.type('shard-15')
    await page.waitForFunction(() => document.querySelectorAll('#breakers .row').length === 11)
    await page.keyboard.press('ArrowDown')
    await comesTo(focused, 'shard-150')
    await page.keyboard.press('End')
    const end = await focused()
    await page.keyboard.press('ArrowUp')
    assert.notEqual(await focused(), end)
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'shard-150' }).waitFor()
    // With one shown, the arrows leaf on.
    await page.keyboard.press('ArrowDown')
    const next = await focused()
    assert.notEqual(next, 'shard-150')
    await page.getByRole('heading', { name: next, exact: true }).waitFor()
    await page.keyboard.press('Escape')
    await page.locator('#detail').waitFor({ state: 'hidden' })
    await comesTo(focused, next)
    await page.getByLabel('Search breakers').fill('')
  })

  test('the focus stays where it is while the order changes under it', async () => {
    await page.waitForFunction(() => document.querySelectorAll('#breakers .row').length === 200)
    await page.locator('#breakers').getByRole('button', { name: 'shard-7', exact: true }).focus()
    const [before] = await namesOf(page)
    await server.tell('fire', { name: 'shard-7', calls: 30, fails: true })
    await server.tell('fire', { name: 'shard-60', calls: 30, fails: true })
    await page.waitForFunction(() => {
      const first = [...document.querySelectorAll('#breakers button')].slice(0, 3).map(({ textContent }) => textContent)
      return ['shard-7', 'shard-60', 'shard-150'].every(name => first.includes(name))
    })
    assert.equal(before, 'shard-150')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'shard-7')
  })

  test('one that is shut down leaves the page', async () => {
    await server.tell('shutdown', { name: 'shard-199' })
    await page.waitForFunction(() => document.querySelectorAll('#breakers .row').length === 199)
    assert.ok(!(await namesOf(page)).includes('shard-199'))
  })

  test('a breaker shows its charts, its options and the lag of its loop', async () => {
    await rowOf(page, 'shard-150').click()
    await page.locator('#detail .uplot canvas').nth(3).waitFor()
    await comesTo(() => page.locator('#detail figcaption b').allTextContents(), ['State', 'Calls a second', 'Latency', 'In flight', 'Event loop'])
    await page.getByText('Options', { exact: true }).click()
    await page.locator('.options').getByText('error threshold percentage').waitFor()
    await page.locator('.verdict').first().waitFor()
    // Charts stand below each other, to the pixel.
    const places = await page.locator('#detail .u-over').evaluateAll(elements => elements.map(element => {
      const { left, width } = element.getBoundingClientRect()
      return `${left} ${width}`
    }))
    assert.equal(new Set(places).size, 1, places.join(', '))
    await page.keyboard.press('Escape')
  })

  test('a theme that was chosen is kept', async () => {
    const { page, context } = await open(browser, server.url, { colorScheme: 'light' })
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await ground()
    await page.getByLabel('Theme').selectOption('dark')
    const dark = await ground()
    assert.notEqual(dark, light)
    await page.reload()
    await comesTo(ground, dark)
    await context.close()
  })

  test('the browser complained of nothing', () => assert.deepEqual(complaints, []))
})

describe('with a breaker in every state', () => {
  let server
  before(async () => {
    const breakers = ['well', 'failing', 'forced', 'off', 'watching'].map(name => ({ name, labels: { zone: 'a' }, capacity: 5 }))
    server = await served({ breakers, token: TOKEN })
    await server.tell('put', { name: 'forced', method: 'forceOpen' })
    await server.tell('put', { name: 'off', method: 'disable' })
    await server.tell('put', { name: 'watching', method: 'metricsOnly' })
    await server.tell('fire', { name: 'failing', calls: 30, fails: true })
    await server.tell('traffic')
  })

  for (const colorScheme of ['light', 'dark']) {
    test(`axe finds nothing serious in ${colorScheme}: table, breaker, dialogs`, async () => {
      const { page, complaints, context } = await open(browser, server.url, { colorScheme })
      await page.waitForTimeout(2_500)
      await picture(page, colorScheme)
      assert.deepEqual(await serious(page), [])
      await rowOf(page, 'failing').click()
      await page.locator('#detail .uplot').first().waitFor()
      assert.deepEqual(await serious(page), [])
      await picture(page, `${colorScheme}-breaker`)
      await page.getByRole('button', { name: 'Steer this breaker…' }).click()
      assert.deepEqual(await serious(page), [])
      await page.getByLabel('Token of this server').fill(TOKEN)
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
      assert.deepEqual(await serious(page), [])
      await picture(page, `${colorScheme}-steering`)
      await page.getByRole('button', { name: 'Keys and colours' }).click()
      assert.deepEqual(await serious(page), [])
      await picture(page, `${colorScheme}-keys`)
      assert.deepEqual(complaints, [])
      await context.close()
    })
  }

  test('a telephone shows it without scrolling sideways, and its way back leads back', async () => {
    const { page, complaints, context } = await open(browser, server.url, PHONE)
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth)
    await comesTo(wide, PHONE.viewport.width)
    await page.waitForTimeout(1_500)
    await picture(page, 'phone')
    assert.deepEqual(await serious(page), [])
    await rowOf(page, 'failing').tap()
    await page.locator('#detail .uplot').first().waitFor()
    await comesTo(wide, PHONE.viewport.width)
    await comesTo(async () => {
      const { x, width } = await page.locator('#detail').boundingBox()
      return [x, width]
    }, [0, PHONE.viewport.width])
    assert.deepEqual(await serious(page), [])
    await picture(page, 'phone-breaker')
    await page.goBack()
    await page.locator('#detail').waitFor({ state: 'hidden' })
    assert.deepEqual(complaints, [])
    await context.close()
  })
})

describe('who may steer', () => {
  const COMMANDS = ['Open', 'Close', 'Force open', 'Disable', 'Enable']
  const offered = async page => {
    const names = await page.getByRole('button').allTextContents()
    return ['Steer…', 'Steer this breaker…', ...COMMANDS].filter(name => names.includes(name))
  }

  test('nobody where the process gave no token', async () => {
    const server = await served({ breakers: [{ name: 'backend' }] })
    const { page, context } = await open(browser, server.url)
    await rowOf(page, 'backend').click()
    await page.locator('#detail .facts').waitFor()
    await comesTo(() => offered(page), [])
    await context.close()
  })

  test('who knows the token: each command does what it says, on that breaker alone', async () => {
    const server = await served({ breakers: [{ name: 'backend' }, { name: 'backend' }, { name: 'other' }], token: TOKEN })
    const { page, context, complaints } = await open(browser, server.url)
    const asked = []
    page.on('request', request => asked.push(request))
    // Of two that have the same name, by its number.
    await page.locator('#breakers .row', { hasText: 'backend' }).first().click()
    await comesTo(() => offered(page), ['Steer…', 'Steer this breaker…'])
    await page.getByRole('button', { name: 'Steer this breaker…' }).click()
    await page.getByLabel('Token of this server').fill(TOKEN)
    await page.getByRole('button', { name: 'Use it' }).click()
    await comesTo(() => offered(page), COMMANDS)
    for (const [name, state, asks] of [
      ['Disable', 'disabled', true], ['Enable', 'closed', false], ['Open', 'open', true], ['Force open', 'forcedOpen', true], ['Close', 'closed', true]
    ]) {
      const button = page.locator('.steering').getByRole('button', { name, exact: true })
      await button.click()
      if (asks) await button.click()
      await page.locator('.said').filter({ hasText: `${name}: done` }).waitFor()
      await page.locator(`#detail .badge[data-state="${state}"]`).waitFor()
    }
    const states = () => page.locator('#breakers .badge').evaluateAll(badges => badges.map(({ dataset }) => dataset.state))
    await comesTo(states, ['closed', 'closed', 'closed'])
    // The others have never moved.
    await comesTo(() => page.locator('#breakers .row', { hasText: 'never moved' }).count(), 2)
    const posts = asked.filter(request => request.method() === 'POST')
    assert.equal(posts.length, 5)
    for (const request of asked) assert.ok(!request.url().includes(encodeURIComponent(TOKEN)), request.url())
    for (const request of posts) assert.equal((await request.allHeaders()).authorization, `Bearer ${TOKEN}`)
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, document.documentElement.outerHTML]))
    assert.ok(!kept.includes(TOKEN))
    await page.reload()
    await page.getByRole('button', { name: 'Steer this breaker…' }).waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })

  test('a wrong token steers nothing, and is asked for again', async () => {
    const server = await served({ breakers: [{ name: 'backend' }], token: TOKEN })
    const { page, context } = await open(browser, server.url)
    await rowOf(page, 'backend').click()
    await page.getByRole('button', { name: 'Steer…', exact: true }).click()
    await page.getByLabel('Token of this server').fill('some-other-token-altogether')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Force open' }).click()
    await page.getByRole('button', { name: 'Force open' }).click()
    await page.getByText('The server does not know this token.').first().waitFor()
    await page.locator('#token-dialog').waitFor()
    await page.keyboard.press('Escape')
    await comesTo(() => offered(page), ['Steer…', 'Steer this breaker…'])
    assert.equal(await server.tell('state', { name: 'backend' }), 'closed')
    await context.close()
  })
})

test('breakers of a worker stand on the lag of its loop, and leave with it', async () => {
  const server = await served({ breakers: [{ name: 'in-main' }] })
  const { page, context, complaints } = await open(browser, server.url)
  const thread = `worker-${await server.tell('work', { name: 'in-worker' })}`
  await rowOf(page, 'in-worker').getByText(thread).waitFor()
  await server.tell('stallWorker', { ms: 3_000 })
  await page.locator('#stalled').filter({ hasText: `The event loop of ${thread} has been stalled for` }).waitFor()
  await page.locator(`.dock-row[data-thread="${thread}"]`).getByText('stalled for').waitFor()
  await page.locator('.dock-row[data-thread="main"]').getByText('free', { exact: true }).waitFor()
  await picture(page, 'worker')
  await server.tell('endWorker')
  await rowOf(page, 'in-worker').waitFor({ state: 'detached' })
  await page.locator(`.dock-row[data-thread="${thread}"]`).waitFor({ state: 'detached' })
  assert.deepEqual(complaints, [])
  await context.close()
})

test('where reading needs the token, too, the page asks for it', async () => {
  const server = await served({ breakers: [{ name: 'backend' }], token: TOKEN, host: '0.0.0.0' })
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`http://127.0.0.1:${new URL(server.url).port}/`)
  const give = async token => {
    await page.getByLabel('Token of this server').fill(token)
    await page.keyboard.press('Enter')
  }
  await page.getByText('asks for its token for reading, too').waitFor()
  assert.equal(await page.locator('#breakers .row').count(), 0)
  // Who closes the dialog finds it again.
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Token…' }).click()
  await give('some-other-token-altogether')
  await page.getByText('The server does not know this token.').waitFor()
  await give(TOKEN)
  await page.locator('#live[data-is="live"]').waitFor()
  await rowOf(page, 'backend').click()
  await page.getByText('Options', { exact: true }).click()
  await page.locator('.options dt').first().waitFor()
  await page.getByRole('button', { name: 'Disable', exact: true }).waitFor()
  await context.close()
})

test('a name that is a script is text, wherever it stands', async () => {
  const NAMES = [
    '<img src=x onerror="globalThis.pwned=1">', '</script><script>globalThis.pwned=1</script>', '"><svg onload=globalThis.pwned=1>', '../../healthz', '..', '.', '%2e%2e%2f?token=x#y',
    'a "quote"\nand a line', 'javascript:globalThis.pwned=1', '{{constructor.constructor("globalThis.pwned=1")()}}', '\u202egnp.exe', '__NONCE__'
  ]
  const breakers = NAMES.map(name => ({ name, group: name, labels: { zone: name } }))
  const server = await served({ breakers, token: TOKEN })
  const { page, context, complaints } = await open(browser, server.url)
  // What nobody would see is made visible.
  const shown = name => name.replace('\n', '␊').replace('\u202e', '⟨202e⟩')
  await comesTo(async () => (await namesOf(page)).sort(), NAMES.map(shown).sort())
  await page.getByRole('button', { name: 'Steer…', exact: true }).click()
  await page.getByLabel('Token of this server').fill(TOKEN)
  await page.keyboard.press('Enter')
  for (const name of NAMES) {
    await page.locator(`#breakers .row[data-id="${await idOf(page, shown(name))}"]`).click()
    await page.waitForFunction(name => document.querySelector('#detail h2')?.textContent === name, shown(name))
    await page.getByText('Options', { exact: true }).click()
    await page.locator('.options dt').first().waitFor()
    // And as a part of a path it is that breaker's.
    await page.getByRole('button', { name: 'Disable', exact: true }).click()
    await page.getByRole('button', { name: 'Disable', exact: true }).click()
    await page.locator('.said').filter({ hasText: 'done' }).waitFor()
    await page.keyboard.press('Escape')
  }
  assert.equal(await page.evaluate(() => globalThis.pwned), undefined)
  assert.equal(await page.locator('main img, main svg, main script').count(), 0)
  assert.deepEqual(complaints, [])
  await picture(page, 'names')
  await context.close()
})

test('a server that ends and comes again is told, and found again', async () => {
  const server = await served({ breakers: [{ name: 'backend' }] })
  const { page, context } = await open(browser, server.url)
  await server.end()
  await page.locator('#live[data-is="lost"]').waitFor()
  await page.locator('#breakers .row[data-stale]').waitFor()
  await served({ breakers: [{ name: 'a new one' }], port: Number(new URL(server.url).port) })
  await page.locator('#live[data-is="live"]').waitFor()
  await rowOf(page, 'a new one').waitFor()
  await comesTo(() => namesOf(page), ['a new one'])
  await context.close()
})
