'use strict'

// That a release cannot go wrong: what is refused, the bill of materials, and the workflows, whose
// steps have to be what is tried elsewhere. `.ci/rehearse` plays all of it.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const { accessSync, constants, existsSync, readdirSync, readFileSync } = require('node:fs')
const { join } = require('node:path')
const { describe, test } = require('node:test')

const { entryOf } = require('../../.ci/changelog')
const notices = require('../../.ci/notices')
const platforms = require('../../.ci/platforms')
const { packageFaults, sourceFaults, sources } = require('../../.ci/release-check')
const { PROOFS } = require('../../.ci/release-plan')
const sbom = require('../../.ci/sbom')
const { callsIn, table } = require('../../.ci/system-calls')

const ROOT = join(__dirname, '..', '..')
const read = (...path) => readFileSync(join(ROOT, ...path), 'utf8')

const PLATFORM = 'freebsd-x64'

/** Sources with which nothing is wrong. */
function sound () {
  const source = structuredClone({ ...sources('v1.2.3'), published: undefined })
  source.root.version = source.crate = source.lock.version = source.lock.packages[''].version = '1.2.3'
  for (const manifest of Object.values(source.binaries)) manifest.version = '1.2.3'
  source.root.repository.url = 'git+https://git.home/didelphis.git'
  source.changelog = '# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-27\n\n### Added\n\n- A release.\n'
  source.published = place => place === '.' ? { ...source.root, scripts: undefined } : source.binaries[place.slice('npm/'.length)]
  return source
}

/** The least that passes for a binary: a header, and what it asks for. */
function binaryOf (platform) {
  const [system, cpu] = platform.split('-')
  const bytes = Buffer.alloc(0x100)
  if (system === 'win32') {
    bytes.write('MZ')
    bytes.writeUInt32LE(0x80, 0x3c)
    bytes.write('PE\0\0', 0x80)
    bytes.writeUInt16LE({ ia32: 0x14c, x64: 0x8664, arm64: 0xaa64 }[cpu], 0x84)
  } else {
    bytes.writeUInt32LE(0xfeedfacf)
    bytes.writeUInt32LE({ x64: 0x1000007, arm64: 0x100000c }[cpu], 4)
  }
  return bytes
}

/** The files that are named there, under whatever conditions. */
function exported (exports) {
  return Object.values(exports).flatMap(entry => typeof entry === 'string' ? [entry] : exported(entry))
}

/** Packages of these sources; only what no ELF binary is in has its binary. */
function packed (source) {
  const text = Buffer.from('text')
  const depended = Object.fromEntries(Object.values(source.binaries).map(({ name, version }) => [name, version]))
  const { scripts, ...published } = source.published('.')
  const paths = ['README.md', 'LICENSE', 'lib/wasm/bytes.js', notices.NAME, sbom.NAME, ...exported(source.root.exports)]
  const root = {
    file: 'didelphis-1.2.3.tgz',
    manifest: { ...published, optionalDependencies: depended },
    files: new Map(paths.map(path => [path.replace('./', ''), text]))
  }
  const binaries = Object.entries(source.binaries).map(([platform, manifest]) => ({
    file: `didelphis-binding-${platform}-1.2.3.tgz`,
    manifest: structuredClone(manifest),
    files: new Map([['LICENSE', text], [notices.NAME, text], [sbom.NAME, text], [manifest.main, binaryOf(platform)]])
  }))
  return { root, binaries: Object.fromEntries(Object.keys(source.binaries).map((platform, index) => [platform, binaries[index]])) }
}

/** What is said of packages besides that an ELF header is no binary yet: those are tried elsewhere. */
function faultsOf (source, { root, binaries }) {
  return packageFaults(source, [root, ...Object.values(binaries)]).filter(fault => !/(linux|freebsd|android)\S*: .*, where elf /.test(fault))
}

describe('before anything is built, a release is refused', () => {
  test('and is not where nothing is wrong', () => {
    assert.deepEqual(sourceFaults(sound()), [])
  })

  const WRONG = {
    'whose tag is of another version': [source => { source.tag = 'v1.2.4' }, /^the tag is v1\.2\.4, and package\.json says 1\.2\.3$/],
    'whose tag has no v': [source => { source.tag = '1.2.3' }, /^the tag is 1\.2\.3,/],
    'whose crate is of another version': [source => { source.crate = '1.2.2' }, /^Cargo\.toml says 1\.2\.2/],
    'whose lock file is of another version': [source => { source.lock.version = '1.2.2' }, /^package-lock\.json says 1\.2\.2/],
    'one of whose packages is of another version': [source => { source.binaries[PLATFORM].version = '1.2.2' }, /^npm\/freebsd-x64 says 1\.2\.2/],
    'that has no package for a platform that is built': [source => { delete source.binaries[PLATFORM] }, /^there is no package for freebsd-x64/],
    'that has a package for a platform that is not built': [source => { source.platforms = source.platforms.filter(name => name !== PLATFORM) }, /^npm\/freebsd-x64 is for no platform/],
    'of which the changelog has no entry': [source => { source.changelog = source.changelog.replace('[1.2.3]', '[1.2.2]') }, /^CHANGELOG\.md has no entry for 1\.2\.3$/],
    'whose entry has headings alone': [source => { source.changelog = source.changelog.replace('- A release.', '') }, /^CHANGELOG\.md has no entry for 1\.2\.3$/],
    'whose entry has no date': [source => { source.changelog = source.changelog.replace(' - 2026-11-27', '') }, /^the entry of CHANGELOG\.md for 1\.2\.3 has no date$/],
    'whose address is a placeholder': [source => { source.root.repository.url = 'git+https://somewhere.example/x.git' }, /^the address of the project is a placeholder/]
  }
  for (const [what, [spoil, message]] of Object.entries(WRONG)) {
    test(what, () => {
      const source = sound()
      spoil(source)
      const faults = sourceFaults(source)
      assert.equal(faults.length, 1, faults.join('\n'))
      assert.match(faults[0], message)
    })
  }
})

describe('before anything is published, packages are refused', () => {
  test('and are not where nothing is wrong', () => {
    const source = sound()
    assert.deepEqual(faultsOf(source, packed(source)), [])
  })

  const WRONG = {
    'of which one platform\'s is missing': [all => { delete all.binaries[PLATFORM] }, /^the package @didelphis\/binding-freebsd-x64 is missing$/],
    'of which one is of another version': [all => { all.binaries[PLATFORM].manifest.version = '1.2.2' }, /^@didelphis\/binding-freebsd-x64: its version is 1\.2\.2, and that of the release 1\.2\.3$/],
    'one of which would install elsewhere': [all => { all.binaries[PLATFORM].manifest.os = ['linux'] }, /^@didelphis\/binding-freebsd-x64: its "os" is not that of the sources$/],
    'one of which has no binary': [all => { all.binaries['darwin-x64'].files.delete('didelphis.darwin-x64.node') }, /-darwin-x64: its binary is missing$/],
    'one of which has another processor\'s binary': [all => { all.binaries['darwin-x64'].files.set('didelphis.darwin-x64.node', binaryOf('darwin-arm64')) }, /-darwin-x64: didelphis\.darwin-x64\.node: mach for arm64, where mach for x64 is needed$/],
    'one of which has a binary too many': [all => { all.binaries['darwin-x64'].files.set('didelphis.darwin-arm64.node', binaryOf('darwin-arm64')) }, /-darwin-x64: didelphis\.darwin-arm64\.node is the binary of another platform$/],
    'one of which has no notices': [all => { all.binaries['darwin-x64'].files.delete(notices.NAME) }, /-darwin-x64: THIRD-PARTY-NOTICES\.txt is missing$/],
    'one of which has no bill of materials': [all => { all.binaries['darwin-x64'].files.delete(sbom.NAME) }, /-darwin-x64: sbom\.cdx\.json is missing$/],
    'one of which has a script': [all => { all.binaries['darwin-x64'].manifest.scripts = { install: 'x' } }, /-darwin-x64: it has scripts$/],
    'whose root depends on another version': [all => { all.root.manifest.optionalDependencies['@didelphis/binding-freebsd-x64'] = '^1.2.3' }, /^didelphis: it depends on @didelphis\/binding-freebsd-x64 \^1\.2\.3, where 1\.2\.3 is needed$/],
    'whose root leaves one out': [all => { delete all.root.manifest.optionalDependencies['@didelphis/binding-freebsd-x64'] }, /freebsd-x64 not at all, where 1\.2\.3 is needed$/],
    'whose root depends on something else': [all => { all.root.manifest.optionalDependencies.other = '1.0.0' }, /^didelphis: it depends on other, which is no package of this release$/],
    'whose root lacks what it exports': [all => { all.root.files.delete('lib/testing/index.d.ts') }, /^didelphis: lib\/testing\/index\.d\.ts is missing$/],
    'whose root has no WebAssembly': [all => { all.root.files.delete('lib/wasm/bytes.js') }, /^didelphis: lib\/wasm\/bytes\.js is missing$/],
    'whose root has a binary': [all => { all.root.files.set('didelphis.linux-x64-gnu.node', Buffer.alloc(1)) }, /^didelphis: didelphis\.linux-x64-gnu\.node belongs into a package of its own$/],
    'of which one is none of ours': [all => { all.binaries.other = { file: 'other.tgz', manifest: { name: 'other' }, files: new Map() } }, /^other\.tgz: other is no package of this release$/]
  }
  for (const [what, [spoil, message]] of Object.entries(WRONG)) {
    test(what, () => {
      const source = sound()
      const all = packed(source)
      spoil(all)
      const faults = faultsOf(source, all)
      assert.equal(faults.length, 1, faults.join('\n'))
      assert.match(faults[0], message)
    })
  }
})

test('the text of a release is its entry in the changelog', () => {
  const changelog = '# Changelog\n\n## [Unreleased]\n\n- Not yet.\n\n## [1.2.3] - 2026-11-27\n\n- This.\n\n## [1.2.2] - 2026-11-01\n\n- That.\n'
  assert.deepEqual(entryOf(changelog, '1.2.3'), { date: '2026-11-27', text: '- This.' })
  assert.equal(entryOf(changelog, '1.2.4'), undefined)
})

describe('the bill of materials', () => {
  test('has the crates that are linked on that platform, with their sums', () => {
    const named = platform => sbom.bill(platform).components.map(({ name }) => name)
    assert(named('linux-x64-gnu').includes('tokio'))
    assert(!named('linux-x64-gnu').some(name => /^win/.test(name)))
    assert(named('win32-x64-msvc').includes('windows-sys'))
    assert(!named('win32-x64-msvc').includes('windows_i686_msvc'))
    const { components, dependencies } = sbom.bill('linux-x64-gnu')
    const crates = notices.crates().map(({ name, version }) => `pkg:cargo/${name}@${version}`)
    const linked = components.filter(({ hashes }) => hashes).map(({ purl }) => purl)
    assert(linked.length > 30, `${linked.length}`)
    assert.deepEqual(linked.filter(purl => !crates.includes(purl)), [])
    for (const name of ['pkg:npm/uplot', 'pkg:generic/rust-std']) assert(components.some(({ purl }) => purl.startsWith(`${name}@`)), name)
    assert.deepEqual(dependencies[0].dependsOn, components.map(component => component['bom-ref']))
    assert.equal(new Set(dependencies[0].dependsOn).size, components.length)
  })

  test('has all that the notices name, for one platform or another, and nothing else', () => {
    const [head] = read('npm', PLATFORM, notices.NAME).split('='.repeat(80))
    const named = Array.from(head.matchAll(/^ {2}(\S+?),? (?:.* )?(\d\S*) \(/gm), ([, name, version]) => `${name} ${version}`)
    assert(named.length > 50, `${named.length}`)
    const billed = Object.keys(platforms).flatMap(platform => sbom.bill(platform).components.map(({ name, version }) => `${name} ${version}`))
    assert.deepEqual([...new Set(billed)].sort(), [...new Set(named)].sort())
    assert(sbom.bill('linux-arm64-musl').components.some(({ name }) => name === 'libunwind'))
    assert(!sbom.bill('darwin-arm64').components.some(({ name }) => name === 'libunwind'))
    // WebAssembly is made with nothing else.
    const inRoot = sbom.bill('.').components.map(({ name }) => name)
    assert(inRoot.includes('std') && inRoot.includes('hashbrown') && !inRoot.includes('tokio') && !inRoot.some(name => name.startsWith('windows')))
    const own = JSON.parse(execFileSync('cargo', ['metadata', '--no-deps', '--format-version', '1'], { cwd: ROOT, encoding: 'utf8' })).packages
    const depended = own.filter(({ name }) => /^didelphis-(wasm|host|core|abi)$/.test(name)).flatMap(({ dependencies }) => dependencies.filter(({ kind, target }) => kind === null && target === null))
    assert.deepEqual(depended.filter(({ name }) => !name.startsWith('didelphis-')), [])
  })

  test('has no licence but those that are allowed', () => {
    const [, list] = /^allow = \[(.*)\]$/m.exec(read('.ci', 'deny.toml'))
    const allowed = [...list.matchAll(/"(.*?)"/g)].map(([, name]) => name)
    for (const { name, licenses: [{ expression }] } of sbom.bill('win32-x64-msvc').components) {
      assert(expression.replace(/[()]/g, '').split(/ (?:OR|AND) /).some(licence => allowed.includes(licence)), `${name}: ${expression}`)
    }
  })
})

describe('the workflows', () => {
  const names = readdirSync(join(ROOT, '.github', 'workflows'))
  const all = names.map(name => read('.github', 'workflows', name)).join('\n')
  const steps = Array.from(all.matchAll(/^ +(?:- )?run: (.+)$/gm), ([, step]) => step)

  test('have no step that is longer than a line, and each is of a script that is there', () => {
    assert(steps.length > 20, `${steps.length}`)
    for (const step of steps) {
      assert(!/^[|>]/.test(step), step)
      for (const [, script] of step.matchAll(/(?<![\w/])((?:\/clone\/)?\.ci\/[\w.-]+)/g)) {
        const path = join(ROOT, script.replace('/clone/', ''))
        assert(existsSync(path), step)
        if (!script.endsWith('.js')) accessSync(path, constants.X_OK)
      }
      const [, npm] = /^npm run ([\w:]+)/.exec(step) ?? []
      if (npm) assert(JSON.parse(read('package.json')).scripts[npm], step)
    }
  })

  test('have steps that are run here, or cannot be', () => {
    const rehearsed = `${read('.ci', 'rehearse')}\n${read('.ci', 'run')}`
    // What prepares a hosted runner, needs its network, or publishes.
    const ELSEWHERE = /^(npm ci|npm run (build|test:js)|npm install --global|cargo test|rustup target add|docker run|gh release|cp binaries|\.ci\/(zig|runner|run|supply|targets)\b)|\.ci\/(changelog\.js|prove|publish)\b|^npm run build:target/
    for (const step of steps) {
      const [script] = /\.ci\/[\w.-]+/.exec(step) ?? []
      assert(ELSEWHERE.test(step) || rehearsed.includes(script), step)
    }
  })

  test('have no secret, no right that they do not need, and name the commit of each action', () => {
    assert(!/\bsecrets\b|_TOKEN: (?!'\$\{\{ github\.token \}\}')/.test(all))
    for (const name of names) assert.match(read('.github', 'workflows', name), /^permissions:\n {2}contents: read$/m, name)
    assert.deepEqual(Array.from(all.matchAll(/^ +(\S+: write)$/gm), ([, right]) => right), ['id-token: write', 'contents: write'])
    // Tags are moved by whoever takes an action over.
    for (const [, action] of all.matchAll(/uses: (.+)/g)) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    assert.match(read('.github', 'dependabot.yml'), /package-ecosystem: github-actions/)
  })

  test('publish what has been checked and proved, and only by a tag', () => {
    const [, publish] = /^ {2}publish:\n([^]*?)^ {2}\w+:$/m.exec(read('.github', 'workflows', 'release.yml'))
    assert.match(publish, /needs: prove\n {4}if: github\.ref_type == 'tag'\n/)
    assert(publish.indexOf('release-check.js "$TAG" packages') < publish.indexOf('.ci/publish packages --provenance'))
    assert.match(publish, /--provenance/)
  })

  test('test on the versions of Node.js that .ci/run tests on', () => {
    const [, versions] = /node: \[(.*)\]/.exec(read('.github', 'workflows', 'ci.yml'))
    const [, others] = /for version in (.*); do/.exec(read('.ci', 'run'))
    assert.equal(versions, ['20', ...others.split(' ')].join(', '))
  })

  test('build every platform, and try the packages of all that somebody can', () => {
    const lines = execFileSync(process.execPath, [join(ROOT, '.ci', 'release-plan.js')], { encoding: 'utf8' }).trim().split('\n')
    const plan = Object.fromEntries(lines.map(line => [line.split('=')[0], JSON.parse(line.slice(line.indexOf('=') + 1))]))
    assert.deepEqual(plan.build.map(({ platform }) => platform), Object.keys(platforms))
    const proved = plan.prove.map(({ platform }) => platform)
    assert.deepEqual(Object.keys(platforms).filter(name => !proved.includes(name)), ['android-arm64', 'android-arm-eabi'])
    assert.deepEqual(proved.filter(name => !Object.hasOwn(platforms, name)), [])
    for (const { platform, on, docker, image } of plan.prove) assert.equal(on === 'container', Boolean(docker && image), platform)
    assert.deepEqual(proved, Object.keys(PROOFS))
  })
})

describe('the pages', () => {
  test('of installing has a row for each platform, as it is built and tested', () => {
    const rows = Array.from(read('docs', 'installing.md').matchAll(/^\| `([\w-]+)` \| (.+?) \| (.+?) \|/gm), ([, name, floor]) => [name, floor])
    const found = rows.filter(([name]) => Object.hasOwn(platforms, name))
    assert.deepEqual(found, Object.entries(platforms).map(([name, { floor }]) => [name, floor]))
  })

  test('of versions has every way into the package', () => {
    const page = read('docs', 'versioning.md')
    const { exports, bin } = JSON.parse(read('package.json'))
    for (const way of Object.keys(exports)) assert(page.includes(`\`${way.replace('.', 'didelphis')}\``), way)
    for (const name of Object.keys(bin)) assert(page.includes(`command \`${name}\``), name)
  })
})

describe('the table of system calls', () => {
  test('is read by thread, and so is what strace writes', () => {
    const page = '## System calls\n\n| thread | calls | what for |\n| --- | --- | --- |\n| the event loop | `getrusage` | x |\n| didelphis | `futex`, `write` | x |\n| didelphis, didelphis-serve | `prctl` | x |\n'
    assert.deepEqual([...table(page).get('didelphis')], ['futex', 'write', 'prctl'])
    assert.deepEqual([...table(page).get('didelphis-serve')], ['prctl'])
    assert.deepEqual([...table(page).get('the event loop')], ['getrusage'])
    const text = '7<node> read(3, "x", 1) = 1\n8<node> rseq(0x1) = 0\n8<didelphis> futex(0x1, 2 <unfinished ...>\n8<didelphis> <... futex resumed>) = 0\n7<node> +++ exited with 0 +++\n'
    const calls = callsIn(text)
    assert.deepEqual([...calls.get('didelphis')], ['rseq', 'futex'])
    assert.deepEqual([...calls.get('node')], ['read'])
  })
})
