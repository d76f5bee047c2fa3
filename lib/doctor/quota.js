'use strict'

// How much of a processor the process may have: the CPU quota of its container, by the
// control groups of Linux, version 1 or 2. Used by `examination.js`.
//
// The limit of each group counts for all groups in it, so the least of them is in force.

const { readFileSync } = require('node:fs')
const { join, posix } = require('node:path')

/**
 * The quota in force: `processors` that may be used, of each `periodMs` that is `quotaMs`, and
 * how often the group was throttled; undefined where there is none. `root` is where the file
 * system begins.
 */
function readQuota (root = '/') {
  const read = path => {
    try {
      return readFileSync(join(root, path), 'utf8')
    } catch {
      return ''
    }
  }
  const quotas = groupsOf(read).flatMap(group => quotaOf(group, read))
  return quotas.sort((a, b) => a.processors - b.processors)[0]
}

module.exports = { readQuota }

// The folders of the process's groups and of all around them, as far as they are to be seen.
function groupsOf (read) {
  const mounts = read('proc/self/mountinfo').split('\n').flatMap(mountOf)
  return read('proc/self/cgroup').split('\n').flatMap(line => {
    const [, controllers, path] = line.match(/^\d+:([^:]*):(.*)$/) ?? []
    const isCpu = controllers?.split(',').includes('cpu')
    const version = controllers === '' ? 2 : isCpu ? 1 : 0
    // A container may see the whole of the file system of groups, or its own group alone.
    return mounts.filter(mount => mount.version === version).flatMap(mount =>
      foldersUpTo(mount, path).map(folder => ({ folder, version })))
  })
}

// 36 35 0:30 /root /mount/point options - type source options
function mountOf (line) {
  const [before, after = ''] = line.split(' - ')
  const [, , , root, point] = before.split(' ')
  const [type, , options = ''] = after.split(' ')
  if (type === 'cgroup2') return [{ root, point, version: 2 }]
  if (type === 'cgroup' && options.split(',').includes('cpu')) return [{ root, point, version: 1 }]
  return []
}

function foldersUpTo ({ point, root }, path) {
  const inside = root === '/' ? path : path.startsWith(root) ? path.slice(root.length) : ''
  const folders = [point]
  for (let folder = posix.join(point, inside); folder.length > point.length; folder = posix.dirname(folder)) folders.push(folder)
  return folders
}

function quotaOf ({ folder, version }, read) {
  const [quota, period] = version === 2
    ? read(posix.join(folder, 'cpu.max')).split(/\s+/)
    : ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map(file => read(posix.join(folder, file)).trim())
  // No limit is "max", or -1.
  if (!(Number(quota) > 0 && Number(period) > 0)) return []
  const stat = Object.fromEntries(read(posix.join(folder, 'cpu.stat')).split('\n').map(line => line.split(' ')))
  return [{
    processors: quota / period,
    quotaMs: quota / 1000,
    periodMs: period / 1000,
    group: folder,
    version,
    periods: Number(stat.nr_periods ?? 0),
    throttled: Number(stat.nr_throttled ?? 0),
    throttledMs: version === 2 ? Number(stat.throttled_usec ?? 0) / 1e3 : Number(stat.throttled_time ?? 0) / 1e6
  }]
}
