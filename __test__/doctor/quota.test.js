'use strict'

// The CPU quota of a container, by control groups of either version, as Linux lays them out.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { readQuota } = require('../../lib/doctor/quota')
const { project } = require('./support/project')

const V2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n'
const V1 = '33 24 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n' +
  '34 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n'

/** The quota, told from the files of a system. */
const quota = (t, files) => readQuota(project(t, files))
/** What of it is in force: processors, the share of a period, how often it was throttled. */
const brief = found => found && [found.processors, found.quotaMs, found.periodMs, found.throttled, found.throttledMs]

test('of a container that sees its own group alone, version 2', t => {
  assert.deepEqual(brief(quota(t, {
    'proc/self/cgroup': '0::/\n',
    'proc/self/mountinfo': V2,
    'sys/fs/cgroup/cpu.max': '20000 100000\n',
    'sys/fs/cgroup/cpu.stat': 'usage_usec 12\nnr_periods 50\nnr_throttled 40\nthrottled_usec 3200000\n'
  })), [0.2, 20, 100, 40, 3200])
})

test('of all groups around the process the least counts, version 2', t => {
  const files = {
    'proc/self/cgroup': '0::/kubepods/pod1/main\n',
    'proc/self/mountinfo': V2,
    'sys/fs/cgroup/kubepods/cpu.max': '400000 100000\n',
    'sys/fs/cgroup/kubepods/pod1/cpu.max': '150000 100000\n',
    'sys/fs/cgroup/kubepods/pod1/main/cpu.max': 'max 100000\n'
  }
  assert.deepEqual(brief(quota(t, files)), [1.5, 150, 100, 0, 0])
  assert.equal(quota(t, files).group, '/sys/fs/cgroup/kubepods/pod1')
})

test('of a group that is mounted by itself, version 2', t => {
  assert.equal(quota(t, {
    'proc/self/cgroup': '0::/docker/abc/inner\n',
    'proc/self/mountinfo': '30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n',
    'sys/fs/cgroup/inner/cpu.max': '50000 50000\n'
  }).processors, 1)
})

test('by its own files, version 1', t => {
  assert.deepEqual(brief(quota(t, {
    'proc/self/cgroup': '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n0::/\n',
    'proc/self/mountinfo': V1,
    'sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us': '50000\n',
    'sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.stat': 'nr_periods 9\nnr_throttled 3\nthrottled_time 250000000\n'
  })), [0.5, 50, 100, 3, 250])
})

test('of a container whose path is that of the host, version 1', t => {
  assert.equal(quota(t, {
    'proc/self/cgroup': '4:cpu,cpuacct:/docker/abc\n',
    'proc/self/mountinfo': V1.replaceAll(' / ', ' /docker/abc '),
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '300000\n',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n'
  }).processors, 3)
})

test('there is none without a limit, without groups, or on another system', t => {
  assert.equal(quota(t, {}), undefined)
  assert.equal(quota(t, {
    'proc/self/cgroup': '0::/\n', 'proc/self/mountinfo': V2, 'sys/fs/cgroup/cpu.max': 'max 100000\n'
  }), undefined)
  assert.equal(quota(t, {
    'proc/self/cgroup': '4:cpu:/\n',
    'proc/self/mountinfo': V1,
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
    'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n'
  }), undefined)
})
