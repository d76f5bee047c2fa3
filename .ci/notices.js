'use strict'

// What is linked into the binaries, and under which licences: writes LICENSE and
// THIRD-PARTY-NOTICES.txt into each package under npm/. Run as `npm run notices`, with
// the toolchain that builds the binaries and the linker that `.ci/zig` brings; the tests of the
// packages ask for the crates.

const { execFileSync } = require('node:child_process')
const { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } = require('node:fs')
const { dirname, join } = require('node:path')

const ROOT = join(__dirname, '..')
const NAME = 'THIRD-PARTY-NOTICES.txt'
const { napi: { targets } } = require('../package.json')

// Crates that carry no text of their licence. It is that of their repository, from which
// this package comes too; the second line of copyright is in the repository alone.
const NAPI = {
  file: join(ROOT, 'node_modules', '@napi-rs', 'cli', 'LICENSE'),
  besides: 'Copyright (c) 2018 GitHub'
}
const WITHOUT_TEXT = { napi: NAPI, 'napi-sys': NAPI }

// What the list of the standard library's crates has for its build and its tests, for
// procedural macros, and for systems for which we build nothing.
const NOT_LINKED = new RegExp(`^(${[
  'cc', 'shlex', 'getopts', 'rand', 'rand_core', 'rand_xorshift', 'rustc-literal-escaper',
  'dlmalloc', 'fortanix-sgx-abi', 'hermit-abi', 'moto-rt', 'r-efi', 'r-efi-alloc', 'unwinding', 'vex-sdk',
  'wasi', 'wit-bindgen', 'windows_.*_gnu(llvm)?'
].join('|')})$`)

const ZIG = join(ROOT, 'target', 'zig', 'lib')

// What `npm run page` puts into the page that the binaries embed.
const BUNDLED = ['uplot']

module.exports = { NAME, bundled, crates, squeezed, terms }

if (require.main === module) {
  const text = notices()
  for (const folder of readdirSync(join(ROOT, 'npm'))) {
    copyFileSync(join(ROOT, 'LICENSE'), join(ROOT, 'npm', folder, 'LICENSE'))
    writeFileSync(join(ROOT, 'npm', folder, NAME), text)
  }
}

/**
 * The crates that are linked into one or another binary, ours apart:
 * `[{ name, version, licence, home, texts: [{ file, text }] }]`.
 */
function crates () {
  const format = ['--prefix', 'none', '--no-dedupe', '--format', '{p}|{l}|{r}']
  const chosen = ['--edges', 'normal,no-proc-macro', ...targets.flatMap(target => ['--target', target])]
  const lines = cargo('tree', ...chosen, ...format).split('\n').filter(Boolean)
  const { packages } = JSON.parse(cargo('metadata', '--format-version', '1'))
  return [...new Set(lines)].sort().map(line => {
    const [crate, licence, home] = line.split('|')
    const [name, version] = crate.split(' ')
    return { name, version: version.slice(1), licence, home }
  }).filter(({ name }) => !/^didelphis(-|$)/.test(name)).map(crate => {
    const found = packages.find(({ name, version }) => name === crate.name && version === crate.version)
    return { ...crate, texts: textsIn(dirname(found.manifest_path), crate) }
  })
}

/** What the server's page is made with (`npm run page`), in the same shape. */
function bundled () {
  return BUNDLED.map(name => {
    const folder = join(ROOT, 'node_modules', name)
    const { version, license: licence, repository: { url } } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    return { name, version, licence, home: url.replace(/^git\+|\.git$/g, ''), texts: textsIn(folder, { name }) }
  })
}

/**
 * What the linker brings along, in the same shape: zig has the arithmetic that processors lack, and
 * what a panic unwinds the stack with, in its own tree, where a system's linker takes libgcc's.
 */
function brought () {
  const [python] = existsSync(ZIG) ? readdirSync(ZIG) : []
  const folder = join(ZIG, python ?? '', 'site-packages', 'ziglang')
  if (!existsSync(folder)) throw new Error('the linker is not here, with its notices: run ".ci/zig"')
  const [, version] = readFileSync(join(ROOT, '.ci', 'zig'), 'utf8').match(/ziglang==(\S+)/)
  const text = (...path) => readFileSync(join(folder, ...path), 'utf8')
  return [
    { name: 'compiler-rt, of zig', version, licence: 'MIT', home: 'https://ziglang.org', texts: [{ file: 'LICENSE', text: text('LICENSE') }] },
    {
      name: 'libunwind, of LLVM, in zig',
      version,
      licence: 'Apache-2.0 WITH LLVM-exception',
      home: 'https://llvm.org',
      texts: [{ file: 'LICENSE.TXT', text: text('lib', 'libunwind', 'LICENSE.TXT') }]
    }
  ]
}

function cargo (...args) {
  return execFileSync('cargo', [...args, '--locked'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 })
}

function textsIn (folder, { name }) {
  const files = readdirSync(folder).filter(file => /^(licen[cs]e|copying|copyright|notice|unlicense)/i.test(file))
  if (files.length > 0) return files.sort().map(file => ({ file, text: readFileSync(join(folder, file), 'utf8') }))
  const { file, besides } = WITHOUT_TEXT[name] ?? {}
  if (!file) throw new Error(`${name} carries no text of its licence: find it, and add it to WITHOUT_TEXT`)
  return [{ file: 'LICENSE', text: readFileSync(file, 'utf8').replace(/^Copyright .*$/m, `$&\n${besides}`) }]
}

/**
 * The standard library, as a crate, and those in it: as its toolchain tells.
 */
function standardLibrary () {
  const run = (...args) => execFileSync('rustc', args, { encoding: 'utf8' }).trim()
  const documents = join(run('--print', 'sysroot'), 'share', 'doc', 'rust')
  const path = join(documents, 'COPYRIGHT-library.html')
  if (!existsSync(path)) throw new Error('the toolchain came without its notices: rustup component add rust-docs')
  const [inTree, ...others] = readFileSync(path, 'utf8').split('<h3>\u{1F4E6} ')
  const standard = {
    name: 'std, Rust\'s standard library',
    version: run('--version').split(' ')[1],
    licence: 'MIT OR Apache-2.0',
    home: 'https://github.com/rust-lang/rust',
    texts: textsOf(inTree, file => readFileSync(join(documents, 'licenses', `${file}.txt`), 'utf8'))
  }
  return [standard, ...others.map(readCrate).filter(({ name }) => !NOT_LINKED.test(name))]
}

// The files of its own tree: all of them under one licence, but for some.
function textsOf (html, licence) {
  const files = html.split('<b>File/Directory:</b>').slice(1).map(part => ({
    path: part.match(/<code>(.*?)<\/code>/)[1],
    licence: part.match(/<b>License:<\/b> (.*?)</)[1],
    holders: [...part.matchAll(/<b>Copyright:<\/b> (.*?)</g)].map(([, holder]) => `Copyright (c) ${decode(holder)}`)
  })).filter(({ path }) => !path.includes('fuchsia'))
  const common = files.filter(({ licence }) => licence === 'Apache-2.0 OR MIT')
  const rest = files.filter(file => !common.includes(file))
  if (common.length === 0) throw new Error('the notices of the standard library are not what they were')
  const holders = [...new Set(common.flatMap(({ holders }) => holders))].join('\n')
  return [
    { file: 'MIT', text: licence('MIT').replace('Copyright (c) <year> <copyright holders>', holders) },
    { file: 'Apache-2.0', text: licence('Apache-2.0') },
    ...rest.map(({ path, licence: name }) => ({ file: `${name}, for ${path}`, text: licence(name) }))
  ]
}

function readCrate (html) {
  const [, name, version] = html.match(/^(.*?)-(\d.*?)<\/h3>/)
  const texts = [...html.matchAll(/<summary><code>(.*?)<\/code><\/summary>\s*<pre>(.*?)<\/pre>/gs)]
  return {
    name,
    version,
    licence: html.match(/<b>License:<\/b> (.*?)</)[1],
    home: `https://crates.io/crates/${name}`,
    texts: texts.map(([, file, text]) => ({ file, text: decode(text) }))
  }
}

function decode (html) {
  return html.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code))
    .replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
}

function notices () {
  const linked = crates()
  const standard = standardLibrary()
  const inPage = bundled()
  const byLinker = brought()
  return `${[
    'The binaries of didelphis contain software of others, by its authors and under their licences.',
    'This text is for all platforms: not every binary contains all that is named here.',
    '',
    'Crates:',
    '',
    ...linked.map(line),
    '',
    'In the page of the server:',
    '',
    ...inPage.map(line),
    '',
    'The standard library of Rust, and what it is made with:',
    '',
    ...standard.map(line),
    '',
    'In the binaries for Linux and FreeBSD, by their linker:',
    '',
    ...byLinker.map(line),
    '',
    ...sections([...linked, ...inPage, ...standard, ...byLinker])
  ].join('\n')}\n`
}

function line ({ name, version, licence, home }) {
  return `  ${name} ${version} (${licence}) ${home}`
}

// Each text once, below the names of those that carry it.
function sections (all) {
  const texts = new Map()
  for (const { name, version, texts: own } of all) {
    if (own.length === 0) throw new Error(`no text of the licence of ${name}`)
    for (const { file, text } of own) {
      const key = squeezed(terms(text))
      if (!texts.has(key)) texts.set(key, { text: tidy(text), carriers: new Set() })
      texts.get(key).carriers.add([`${name} ${version}: ${file}`, ...holdersBelow(text)].join('; '))
    }
  }
  return [...texts.values()].flatMap(({ text, carriers }) => [
    '='.repeat(80), '', ...carriers, '', '-'.repeat(80), '', text, ''
  ])
}

function tidy (text) {
  const lines = text.replaceAll('\r', '').split('\n').map(line => line.trimEnd())
  return lines.join('\n').replace(/^\n+|\n+$/g, '')
}

/** What two texts have in common that are the same licence, printed in two ways. */
function squeezed (text) {
  return text.replace(/\s+/g, ' ').trim()
}

/** A text without the Apache licence's advice on how to apply it. */
function terms (text) {
  return text.replace(/^(.*Apache License.*END OF TERMS AND CONDITIONS).*$/s, '$1')
}

// Some fill in their names there.
function holdersBelow (text) {
  const advice = text.slice(terms(text).length)
  return [...advice.matchAll(/^\s*(Copyright (?![[{]).*?)\s*$/gm)].map(([, holder]) => holder)
}
