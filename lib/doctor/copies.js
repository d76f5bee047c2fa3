'use strict'

// Which copies of opossum and didelphis a project has, and who requires them. Used by
// `examination.js`.
//
// Manifests are followed as Node follows a `require`: up the folders, through the links that
// pnpm makes, under the names that aliases give. What lies in `node_modules` and nobody
// requires is found by looking into every folder there.

const { existsSync, readFileSync, readdirSync, realpathSync } = require('node:fs')
const module_ = require('node:module')
const { dirname, join } = require('node:path')

const LIBRARIES = new Set(['opossum', 'didelphis'])

/**
 * The copies: each with `name`, `version` and `folder`, and who requires it, by which name
 * and range. `missing`: what the project requires and does not have.
 */
function findCopies (folder) {
  const root = realpathSync(folder)
  const walk = new Walk()
  // The project may be a copy itself.
  walk.note(root)
  walk.visit(root, true)
  for (const member of workspaces(root)) walk.visit(member, true)
  for (const folder of foldersNamed(root)) walk.note(folder)
  return { copies: [...walk.copies.values()], missing: walk.missing }
}

/** The manifest of a package; undefined where there is none that can be read. */
function readManifest (folder) {
  try {
    return parseManifest(folder)
  } catch {
    return undefined
  }
}

/** The same; throws where there is none. */
function parseManifest (folder) {
  // With a byte order mark in front, as editors on Windows leave it, npm reads it, too.
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8').replace(/^\uFEFF/, ''))
  if (manifest === null || typeof manifest !== 'object' || Array.isArray(manifest)) throw new Error('it is no object')
  return manifest
}

/** The real folder of a package that is required from another folder; undefined if it is not there. */
function resolvePackage (name, from) {
  const plugAndPlay = module_.findPnpApi?.(from)
  if (plugAndPlay) return resolveBy(plugAndPlay, name, from)
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name)
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    if (folder === dirname(folder)) return undefined
  }
}

module.exports = { findCopies, parseManifest, readManifest, resolvePackage }

// Where yarn keeps packages in archives, and tells where each is.
function resolveBy (plugAndPlay, name, from) {
  try {
    return plugAndPlay.resolveToUnqualified(name, `${from}/`, { considerBuiltins: false }).replace(/[/\\]$/, '')
  } catch {
    return undefined
  }
}

class Walk {
  copies = new Map()
  missing = []
  #seen = new Set()

  /** Follows what a package requires; of the project's own packages also what it is developed with. */
  visit (start, isOwn) {
    const folders = [{ folder: start, isOwn }]
    while (folders.length > 0) {
      const { folder, isOwn } = folders.pop()
      if (this.#seen.has(folder)) continue
      this.#seen.add(folder)
      const manifest = readManifest(folder)
      for (const { name, isOptional, range } of dependenciesOf(manifest, isOwn)) {
        const found = resolvePackage(name, folder)
        if (found !== undefined) {
          folders.push({ folder: found, isOwn: false })
          this.note(found)?.requiredBy.push({ name: manifest.name ?? folder, version: manifest.version, as: name, range })
        } else if (LIBRARIES.has(name) && isOwn && !isOptional) {
          this.missing.push({ name, range, by: manifest.name ?? folder })
        }
      }
    }
  }

  /** Notes a copy, if it is one. */
  note (folder) {
    if (this.copies.has(folder)) return this.copies.get(folder)
    const { name, version } = readManifest(folder) ?? {}
    if (!LIBRARIES.has(name)) return undefined
    const copy = { name, version, folder, requiredBy: [] }
    this.copies.set(folder, copy)
    return copy
  }
}

function dependenciesOf (manifest, isOwn) {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest ?? {}
  const all = { ...peerDependencies, ...(isOwn && devDependencies), ...dependencies, ...optionalDependencies }
  return Object.entries(all).map(([name, range]) => ({
    name, range, isOptional: name in (optionalDependencies ?? {}) || name in (peerDependencies ?? {})
  }))
}

// The packages of a workspace: npm's and yarn's are listed in the manifest, pnpm's in a file
// of its own. A pattern with `!` in front takes some of them out again.
function workspaces (root) {
  const listed = readManifest(root)?.workspaces
  const patterns = [listed?.packages ?? listed ?? [], pnpmPatterns(root)].flat().filter(pattern => typeof pattern === 'string')
  const isTakenOut = pattern => pattern.startsWith('!')
  const foldersOf = patterns => patterns.flatMap(pattern => foldersLike(pattern.replace(/^!/, '').split('/'), root))
  const others = new Set(foldersOf(patterns.filter(isTakenOut)))
  return foldersOf(patterns.filter(pattern => !isTakenOut(pattern)))
    .filter(folder => !others.has(folder) && existsSync(join(folder, 'package.json')))
    .map(folder => realpathSync(folder))
}

// The folders that a pattern means, part by part: a star stands for a part of a name, two of
// them for any number of folders.
function foldersLike ([part, ...rest], folder) {
  if (part === undefined) return [folder]
  if (part === '' || part === '.') return foldersLike(rest, folder)
  if (!part.includes('*')) return foldersLike(rest, join(folder, part))
  const inside = subfolders(folder).filter(name => name !== 'node_modules' && !name.startsWith('.'))
  if (part === '**') {
    return [...foldersLike(rest, folder), ...inside.flatMap(name => foldersLike([part, ...rest], join(folder, name)))]
  }
  const pattern = new RegExp(`^${part.split('*').map(text => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`)
  return inside.filter(name => pattern.test(name)).flatMap(name => foldersLike(rest, join(folder, name)))
}

function pnpmPatterns (root) {
  try {
    const text = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
    const [, list = ''] = text.match(/^packages:\s*\n((?:\s*-.*\n?|\s*#.*\n|\s*\n)*)/m) ?? []
    return Array.from(list.matchAll(/^\s*-\s*['"]?([^'"\s#]+)/gm), ([, pattern]) => pattern)
  } catch {
    return []
  }
}

// Every folder inside of `node_modules` that may hold a copy, by whatever name: a folder of
// a package is one whose parent is `node_modules` or a scope in it.
function foldersNamed (root) {
  const found = []
  const folders = subfolders(root).includes('node_modules') ? [join(root, 'node_modules')] : []
  while (folders.length > 0) {
    const modules = folders.pop()
    for (const name of subfolders(modules)) {
      const folder = join(modules, name)
      if (name.startsWith('@')) {
        folders.push(folder)
      } else if (name === '.pnpm') {
        folders.push(...subfolders(folder).map(entry => join(folder, entry, 'node_modules')))
      } else if (!name.startsWith('.')) {
        if (existsSync(join(folder, 'package.json'))) found.push(folder)
        folders.push(join(folder, 'node_modules'))
      }
    }
  }
  return found
}

// Without links: what they lead to has been followed from the manifests.
function subfolders (folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(({ name }) => name)
  } catch {
    return []
  }
}
