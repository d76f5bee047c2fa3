'use strict'

// A certificate for this run, signed by itself, so that nothing secret is kept and no
// program has to be there to make it: X.509 (RFC 5280) in as few fields as TLS takes.

const { createHash, generateKeyPairSync, randomBytes, sign } = require('node:crypto')

const DAY = 24 * 60 * 60 * 1000

/** A key and a certificate for 127.0.0.1, in PEM. */
function makeCertificate () {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid(COMMON_NAME), tagged(0x0c, Buffer.from('didelphis experiment')))))
  const algorithm = sequence(oid(ECDSA_WITH_SHA256))
  const keyInfo = publicKey.export({ type: 'spki', format: 'der' })
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(time(Date.now() - DAY), time(Date.now() + DAY)),
    name,
    keyInfo,
    tagged(0xa3, sequence(
      extension(SUBJECT_KEY, octets(octets(createHash('sha1').update(keyInfo).digest()))),
      extension(ALTERNATIVE_NAME, octets(sequence(tagged(0x87, Buffer.from([127, 0, 0, 1]))))),
      extension(BASIC_CONSTRAINTS, octets(sequence(tagged(0x01, Buffer.from([0xff])))))
    ))
  )
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])))
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: pem('CERTIFICATE', certificate)
  }
}

module.exports = { makeCertificate }

const COMMON_NAME = [0x55, 4, 3]
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]
const SUBJECT_KEY = [0x55, 0x1d, 14]
const ALTERNATIVE_NAME = [0x55, 0x1d, 17]
const BASIC_CONSTRAINTS = [0x55, 0x1d, 19]

function tagged (tag, ...parts) {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), content])
}

const sequence = (...parts) => tagged(0x30, ...parts)
const set = (...parts) => tagged(0x31, ...parts)
const integer = bytes => tagged(0x02, bytes)
const octets = bytes => tagged(0x04, bytes)
const oid = bytes => tagged(0x06, Buffer.from(bytes))
const extension = (id, value) => sequence(oid(id), value)

function time (ms) {
  return tagged(0x17, Buffer.from(new Date(ms).toISOString().replace(/^..|[-T:]|\....(?=Z)/g, '')))
}

function pem (label, der) {
  const lines = der.toString('base64').match(/.{1,64}/g).join('\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
