'use strict'

// `npx didelphis doctor` in small projects: copies, binaries, what it prints and how it ends.

const assert = require('node:assert/strict')
const { cpSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { describe, test } = require('node:test')

const platform = require('../../lib/platform')()
const { run: command } = require('../../lib/doctor/command')
const { examine } = require('../../lib/doctor/examination')
const { child } = require('../support/child')
const { ROOT, doctor, install, link, project, run } = require('./support/project')

const { version } = require('../../package.json')

const kindsOf = ({ findings }) => findings.map(({ kind, level }) => `${level} ${kind}`)
const opossum = (version = '10.0.0') => ({ name: 'opossum', version })
const copiesOf = ({ copies }) => copies
  .map(({ folder, name, requiredBy }) => `${name} in ${folder} for ${requiredBy.map(({ as, name }) => `${name} as ${as}`).join(', ') || 'nobody'}`)
  .sort()

/** A project with this package in it and a program; `files` more. */
function withOurs (t, files) {
  const folder = project(t, { 'package.json': { name: 'shop', dependencies: { didelphis: '^0.1.0' } }, ...files })
  link(folder, 'node_modules/didelphis')
  return folder
}

describe('copies', () => {
  test('nested ones are found, with who requires them', t => {
    const report = doctor(project(t, {
      'package.json': { name: 'shop', version: '1.0.0', dependencies: { opossum: '^10.0.0', client: '*' } },
      'node_modules/opossum/package.json': opossum(),
      'node_modules/client/package.json': { name: 'client', version: '2.0.0', dependencies: { opossum: '^8.0.0' } },
      'node_modules/client/node_modules/opossum/package.json': opossum('8.0.0'),
      'node_modules/@scope/left/node_modules/opossum/package.json': opossum('6.0.0')
    }))
    assert.deepEqual(copiesOf(report), [
      'opossum in node_modules/@scope/left/node_modules/opossum for nobody',
      'opossum in node_modules/client/node_modules/opossum for client as opossum',
      'opossum in node_modules/opossum for shop as opossum'
    ])
    assert.deepEqual(report.copies.find(({ version }) => version === '8.0.0').requiredBy, [
      { name: 'client', version: '2.0.0', as: 'opossum', range: '^8.0.0' }
    ])
    assert.deepEqual([kindsOf(report), report.status], [[], 0])
  })

  test('an alias is known by what it stands for', t => {
    const folder = project(t, {
      'package.json': { name: 'shop', dependencies: { opossum: 'npm:didelphis@^0.1.0', client: '*' } },
      'node_modules/client/package.json': { name: 'client', dependencies: { opossum: '^10.0.0' } },
      'index.js': "const CircuitBreaker = require('opossum')\nnew CircuitBreaker(f, { timeoutClock: 'wall' })"
    })
    link(folder, 'node_modules/opossum')
    const report = doctor(folder)
    assert.deepEqual(report.copies.map(({ name }) => name), ['didelphis'])
    assert.deepEqual(report.copies[0].requiredBy.map(({ as, name }) => `${name} as ${as}`).sort(), ['client as opossum', 'shop as opossum'])
    // The code has our class, though it says opossum.
    assert.deepEqual([kindsOf(report), report.status], [[], 0])
  })

  test("pnpm's folders are followed", t => {
    const folder = project(t, {
      'package.json': { name: 'shop', dependencies: { client: '*' } },
      'node_modules/.pnpm/client@1.0.0/node_modules/client/package.json': { name: 'client', dependencies: { opossum: '*' } },
      'node_modules/.pnpm/opossum@10.0.0/node_modules/opossum/package.json': opossum()
    })
    const store = join(folder, 'node_modules', '.pnpm')
    link(folder, 'node_modules/client', join(store, 'client@1.0.0/node_modules/client'))
    link(folder, 'node_modules/.pnpm/client@1.0.0/node_modules/opossum', join(store, 'opossum@10.0.0/node_modules/opossum'))
    assert.deepEqual(copiesOf(doctor(folder)), [
      'opossum in node_modules/.pnpm/opossum@10.0.0/node_modules/opossum for client as opossum'
    ])
  })

  test('the packages of a workspace are asked, too', t => {
    const member = { name: 'member', devDependencies: { opossum: '*' } }
    const files = { 'packages/a/package.json': member, 'packages/a/node_modules/opossum/package.json': opossum() }
    const expected = ['opossum in packages/a/node_modules/opossum for member as opossum']
    assert.deepEqual(copiesOf(doctor(project(t, { 'package.json': { workspaces: ['packages/*'] }, ...files }))), expected)
    assert.deepEqual(copiesOf(doctor(project(t, { 'package.json': { workspaces: { packages: ['./packages/a'] } }, ...files }))), expected)
    assert.deepEqual(copiesOf(doctor(project(t, { 'pnpm-workspace.yaml': "packages:\n  # all\n  - 'packages/*'\n", ...files }))), expected)
  })

  test('whatever patterns a workspace has, its packages are those', t => {
    const member = name => ({ name, dependencies: { opossum: '*' } })
    const files = Object.fromEntries(['apps/web', 'apps/old', 'apps/web/node_modules/other', 'libs/a/deep', 'libs/lib-a', 'libs/b', 'tool']
      .map(folder => [`${folder}/package.json`, member(folder)]))
    for (const [workspaces, members] of [
      [['apps/*', '!apps/old'], ['apps/web']],
      [['libs/**'], ['libs/a/deep', 'libs/b', 'libs/lib-a']],
      [['./libs/*/*', 'tool/'], ['libs/a/deep', 'tool']],
      [['libs/lib-*'], ['libs/lib-a']],
      [['**'], ['apps/old', 'apps/web', 'libs/a/deep', 'libs/b', 'libs/lib-a', 'tool']],
      [[null, 1, 'nowhere/*', 'tool'], ['tool']]
    ]) {
      const { findings } = doctor(project(t, { 'package.json': { workspaces }, ...files }))
      const found = findings.filter(({ kind }) => kind === 'not-installed').map(({ message }) => message.split(' ')[0])
      assert.deepEqual([...new Set(found)].sort(), members, String(workspaces))
    }
  })

  test('in a workspace code is judged by what its own package gets', t => {
    const code = "const CircuitBreaker = require('opossum')\nnew CircuitBreaker(f, { timeoutClock: 'wall' }).on('stall', g)\n"
    const folder = project(t, {
      'package.json': { workspaces: ['packages/*'] },
      'packages/ours/package.json': { name: 'ours', dependencies: { opossum: 'npm:didelphis@^0.1.0' } },
      'packages/ours/src/index.js': code,
      'packages/theirs/package.json': { name: 'theirs', dependencies: { opossum: '*' } },
      'packages/theirs/src/index.js': code,
      'packages/theirs/node_modules/opossum/package.json': opossum()
    })
    link(folder, 'packages/ours/node_modules/opossum')
    const found = doctor(folder).findings.filter(({ kind }) => kind === 'not-in-opossum').map(({ file, line }) => `${file}:${line}`)
    assert.deepEqual(found, ['packages/theirs/src/index.js:2', 'packages/theirs/src/index.js:2'])
  })

  test('of a package of a workspace those above are found', t => {
    const folder = project(t, {
      'node_modules/opossum/package.json': opossum(),
      'packages/a/package.json': { name: 'member', dependencies: { opossum: '*' } }
    })
    assert.deepEqual(copiesOf(doctor(join(folder, 'packages/a'))), ['opossum in ../../node_modules/opossum for member as opossum'])
  })

  test('one that is required and not there is a problem', t => {
    const report = doctor(project(t, { 'package.json': { name: 'shop', dependencies: { didelphis: '^0.1.0' } } }))
    assert.deepEqual([kindsOf(report), report.status], [['problem not-installed'], 1])
    const archived = { 'package.json': { name: 'shop', dependencies: { opossum: '*' } }, '.pnp.cjs': '// opossum' }
    assert.match(doctor(project(t, archived)).findings[0].hint, /yarn didelphis doctor$/)
    const optional = doctor(project(t, { 'package.json': { name: 'shop', optionalDependencies: { opossum: '^10.0.0' } } }))
    assert.deepEqual([kindsOf(optional), optional.status], [['note no-copy'], 0])
  })

  test('none, and opossum beside ours, are notes', t => {
    const none = doctor(project(t, {}))
    assert.deepEqual([kindsOf(none), none.status], [['note no-copy'], 0])
    const both = doctor(withOurs(t, { 'node_modules/opossum/package.json': opossum() }))
    assert.deepEqual([kindsOf(both), both.status], [['note opossum-too'], 0])
  })
})

describe('the binary', () => {
  test('is named with the reason, and its clock and thread are tried', t => {
    const report = doctor(withOurs(t))
    const [binary] = report.binaries
    assert.equal(binary.platform, platform)
    assert.match(binary.file, new RegExp(`didelphis\\.${platform}\\.node$`))
    assert.equal(binary.source, 'built in the package itself')
    assert.equal(binary.hasThread, true)
    // A stall was made, and all of it was forgiven.
    assert.ok(binary.forgivenMs >= binary.stallMs - 20, `${binary.forgivenMs} of ${binary.stallMs} ms`)
    if (process.platform === 'linux') assert.match(binary.thread, /^\d+$/)
    assert.match(report.clock, /libuv/)
    assert.deepEqual([kindsOf(report), report.status], [[], 0])
  })

  test('from a package of its own is told so, and in another version it is a problem', t => {
    for (const [given, kinds] of [[version, []], ['9.9.9', ['problem other-version']]]) {
      const folder = project(t, { 'package.json': { name: 'shop', dependencies: { didelphis: '*' } } })
      install(folder)
      const name = `@didelphis/binding-${platform}`
      const binary = `didelphis.${platform}.node`
      cpSync(join(ROOT, binary), join(folder, 'node_modules', name, binary))
      cpSync(join(ROOT, 'npm', platform, 'package.json'), join(folder, 'node_modules', name, 'package.json'))
      const manifest = join(folder, 'node_modules', name, 'package.json')
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`"version": "${version}"`, `"version": "${given}"`))
      const report = doctor(folder)
      assert.equal(report.binaries[0].source, `the package ${name} ${given}`)
      assert.deepEqual(kindsOf(report), kinds)
    }
  })

  test('that is missing is a problem, with the packages for other platforms that there are', t => {
    const folder = project(t, {
      'package.json': { name: 'shop', dependencies: { didelphis: '*' } },
      'node_modules/@didelphis/binding-other-x64/package.json': { name: '@didelphis/binding-other-x64' }
    })
    install(folder)
    const report = doctor(folder)
    assert.deepEqual([kindsOf(report), report.status], [['problem no-binary'], 1])
    assert.match(report.findings[0].message, /^node_modules\/didelphis: .*binary/)
    assert.match(report.findings[0].hint, /there are @didelphis\/binding-other-x64$/)
  })

  test('that ends the process does not end the doctor', t => {
    const folder = project(t, {
      'package.json': { name: 'shop', dependencies: { didelphis: '*' } },
      'node_modules/didelphis/package.json': { name: 'didelphis', version: '0.0.1' },
      'node_modules/didelphis/index.js': 'process.abort()'
    })
    const report = doctor(folder)
    assert.deepEqual([kindsOf(report), report.status], [['problem no-binary'], 1])
    assert.match(report.findings[0].message, /loading it ended the process: (signal|exit code)/)
  })

  test('of each copy is tried', t => {
    const folder = withOurs(t, {
      'package.json': { name: 'shop', dependencies: { didelphis: '*', client: '*' } },
      'node_modules/client/package.json': { name: 'client', dependencies: { didelphis: '*' } }
    })
    install(folder, 'node_modules/client/node_modules/didelphis')
    const report = doctor(folder)
    assert.equal(report.binaries.length, 2)
    assert.deepEqual(kindsOf(report).sort(), ['note several-copies', 'problem no-binary'])
  })
})

describe('the command', () => {
  const code = "const CircuitBreaker = require('didelphis')\nnew CircuitBreaker(f, { timout: 3000 })\n"

  test('prints for people what it found, and ends with 1', t => {
    const { status, stdout } = run(withOurs(t, { 'src/users.js': code }), 'doctor')
    assert.equal(status, 1)
    assert.match(stdout, /^didelphis doctor \d/)
    for (const part of [
      /^Copies\n {2}didelphis .*\n {4}required by shop: \^0\.1\.0$/m, /^Binary\n {2}\S+\.node$/m, /^ {2}CPU quota: /m,
      /^ {2}1 source file, 1 breaker made in them$/m,
      /^ {2}✖ src\/users\.js:2:25 {2}timout: there is no such option\n {6}did you mean timeout\?$/m
    ]) assert.match(stdout, part)
    assert.match(stdout, /\n1 problem(, \d+ notes?)?\n$/)
  })

  test('ends with 0 where there is no problem', t => {
    const { status, stdout } = run(withOurs(t, { 'src/users.js': code.replace('timout', 'timeout') }), 'doctor')
    assert.equal(status, 0, stdout)
  })

  test('takes a folder, and tells of mistakes with 2', t => {
    const folder = project(t, { 'a/package.json': {}, 'b/c': '' })
    assert.equal(run(folder, 'doctor', 'a').status, 0)
    for (const [args, message] of [
      [[], /which command\?/], [['docter'], /no command docter/], [['doctor', 'b'], /no package\.json in/],
      [['doctor', 'nowhere'], /no package\.json in/], [['doctor', '--jsn'], /--jsn/], [['doctor', 'a', 'b'], /one folder/]
    ]) {
      const { status, stderr, stdout } = run(folder, ...args)
      assert.deepEqual([status, stdout], [2, ''], String(args))
      assert.match(stderr, message)
    }
  })

  test('a project that cannot be examined is told of with 2, and not with the 1 of problems', t => {
    for (const [content, message] of [['{ "name": "shop", }', /JSON/], ['', /JSON/], ['null', /it is no object/], ['[]', /it is no object/]]) {
      const { status, stderr, stdout } = run(project(t, { 'package.json': content }), 'doctor')
      assert.deepEqual([status, stdout], [2, ''], content)
      assert.match(stderr, /^didelphis: the package\.json in .* cannot be read: /)
      assert.match(stderr, message)
    }
    const examination = t.mock.method(require('../../lib/doctor/examination'), 'examine', () => { throw new Error('unreadable') })
    let said = ''
    assert.equal(command(['doctor', project(t, {})], { out: assert.fail, error: text => { said += text } }), 2)
    assert.match(said, /^didelphis: the project in .* cannot be examined: Error: unreadable\n/)
    assert.equal(examination.mock.callCount(), 1)
  })

  test('a manifest with a byte order mark is read', t => {
    const content = `\uFEFF${JSON.stringify({ name: 'shop', dependencies: { opossum: '*' } })}`
    assert.deepEqual(kindsOf(doctor(project(t, { 'package.json': content }))), ['problem not-installed'])
  })

  test('helps, and tells its version', t => {
    const folder = project(t, {})
    for (const args of [['--help'], ['doctor', '-h']]) assert.match(run(folder, ...args).stdout, /^Usage: npx didelphis doctor/)
    assert.equal(run(folder, '--version').stdout, `${version}\n`)
  })

  test('is what the manifest says, and can be run', () => {
    const { bin, files } = require('../../package.json')
    assert.deepEqual(bin, { didelphis: 'bin/didelphis.js' })
    assert.ok(files.includes('bin'))
    assert.match(readFileSync(join(ROOT, bin.didelphis), 'utf8'), /^#!\/usr\/bin\/env node\n/)
  })

  test('is nothing to a program that requires didelphis', async () => {
    const { stdout } = await child(({ path, require }) => {
      require(path)
      console.log(Object.keys(require.cache).filter(file => /doctor|bin.didelphis/.test(file)).length)
    })
    assert.equal(stdout.trim(), '0')
  })
})

test('a quota below the processors that there are is a note', t => {
  const files = {
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    'sys/fs/cgroup/cpu.stat': 'nr_throttled 7\nthrottled_usec 560000\n'
  }
  const quota = processors => examine(project(t, { 'node_modules/opossum/package.json': opossum() }), {
    fileSystem: project(t, { ...files, 'sys/fs/cgroup/cpu.max': `${processors * 100_000} 100000\n` })
  })
  const { findings, machine } = quota(0.2)
  assert.deepEqual(findings.map(({ kind, level }) => `${level} ${kind}`), ['note quota'])
  assert.match(findings[0].message, /^0\.2 of \d+ processors? may be used \(20 ms in each 100 ms\); it was stopped 7 times by now, for 560 ms in all$/)
  assert.deepEqual(quota(machine.processors).findings, [])
})

test('the page of the doctor names every kind of finding', () => {
  const kinds = new Set(['binary', 'copies', 'events', 'examination', 'options'].flatMap(file =>
    Array.from(readFileSync(join(ROOT, 'lib', 'doctor', `${file}.js`), 'utf8').matchAll(/kind: '([\w-]+)'/g), ([, kind]) => kind)))
  const page = readFileSync(join(ROOT, 'docs', 'doctor.md'), 'utf8')
  const rows = Array.from(page.matchAll(/^\| `([\w-]+)` \|/gm), ([, kind]) => kind)
  assert.deepEqual(rows.sort(), [...kinds].sort())
})
