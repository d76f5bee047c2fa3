'use strict'

// What is packed for browsers comes out as it went in: what `xz --format=lzma --lzma1=lc=3,lp=0,pb=0` makes of
// these, its length before it. `.ci/projects/browser` does so with the module itself.

const assert = require('node:assert/strict')
const { test } = require('node:test')

const { unpack } = require('../../lib/browser/lzma')

// Nothing to be found in it twice.
const CHAOS = chaos(7, 150)

const PACKED = {
  nothing: [[], 'AAAAAACD//v//8AAAAA='],
  'a byte': [['x'], 'AQAAAAA8Q+v////hAAAA'],
  'words that come again': [
    ['A circuit breaker breaks the circuit before the circuit breaks. '.repeat(3), 'So it does.'],
    'ywAAAAAgiEmT19W9f3mN602qsdNR91kR5o3h3na/lY6nAzSX9iHujVE6oOIhMRh3ionwmEDngvEqwz/9YcwA'
  ],
  'one byte for long': [
    [Buffer.alloc(100_000)],
    'oIYBAAAAcH39/66QoUATvVM2nbQYY2uh7nH35o17fWX51jF9IJgwCNCqY3RZD6Uryerd4nkIfN6omlhVIaTRdK2JVp0Xz///YFQAAA=='
  ],
  'what comes again from near and from far': [
    [CHAOS, Buffer.alloc(70_000, 'ab'), CHAOS, CHAOS.subarray(20, 90), Buffer.alloc(3000, 'abc'), CHAOS.subarray(50), Buffer.alloc(30, 'ab'), CHAOS],
    'sh8BAAA2FCZlAn0kAZRlwJEiX3SnM9IK2ip8UZ8y3IpOpRVF1GzLVsGglYhPq8z4XeXQqJgnR8/u8MUbfqzbWzuBShBJL1TQ94oxFgEJ69t/K3uXq9ATz46aa6oRJ9m1rlCBjTR3H0Y/' +
      'vkNhZEO4IzIlsxMz6ypbl/OziutDIrX7IvSKrNBRXNZQ7rvKH5c2ykgWlBQN5DO5aXV7KkQBGlw4SZurcLq9qcxoOTRn/hI3Dj9YoNqoLphYnHHImIOYFsXwSb8h6M062zXrQ3/jD570' +
      'oYJo+Z9K9Qcm5EMv7azGj60OiHtls/P7+hGriGr6i3YbSDf//D2Ieg=='
  ]
}

for (const [name, [parts, packed]] of Object.entries(PACKED)) {
  test(name, () => {
    const expected = Buffer.concat(parts.map(part => Buffer.from(part)))
    const found = Buffer.from(unpack(Buffer.from(packed, 'base64')))
    assert.equal(found.length, expected.length)
    assert.ok(found.equals(expected))
  })
}

function chaos (seed, length) {
  return Buffer.from(Array.from({ length }, () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31
    return seed >> 16 & 255
  }))
}
