// The worker beside it, bundled, in workerd by way of miniflare: circuits open and recover, and calls time out whichever
// requests come and go meanwhile, though there each timer ends with the request that set it. Run by
// `.ci/loaders workerd`, in the project that has miniflare, with the folder of the bundle.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const { Miniflare } = createRequire(resolve('package.json'))('miniflare')

const folder = resolve(process.argv[2])
const worker = new Miniflare({
  // From then on workerd has FinalizationRegistry.
  compatibilityDate: '2025-05-05',
  modules: true,
  modulesRoot: folder,
  modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }, { type: 'ESModule', include: ['**/*.js'] }],
  rootPath: folder,
  scriptPath: 'worker.js'
})

const ask = async path => {
  const response = await worker.dispatchFetch(`http://localhost${path}`)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text)
}

try {
  assert.deepEqual(await ask('/'), { told: 'well', state: 'closed', kind: 'wasm' })
  const told = []
  for (let i = 0; i < 4; i++) told.push((await ask('/?backend=down')).told)
  assert.deepEqual(told.slice(-2), ['EOPENBREAKER', 'EOPENBREAKER'])
  await sleep(1000)
  assert.deepEqual(await ask('/?backend=well'), { told: 'well', state: 'closed', kind: 'wasm' })

  // A timer of the request before is gone, one way or another.
  for (const backend of ['hang', 'well', 'hang']) {
    assert.equal((await ask(`/patient?backend=${backend}`)).told, backend === 'hang' ? 'ETIMEDOUT' : 'well')
  }
  // Who comes last and goes first takes no timer along.
  const waiting = [ask('/patient?backend=hang')]
  await sleep(100)
  waiting.push(ask('/patient?backend=well'), ask('/patient?backend=hang'))
  assert.deepEqual((await Promise.all(waiting)).map(({ told }) => told), ['ETIMEDOUT', 'well', 'ETIMEDOUT'])
} finally {
  await worker.dispose()
}
