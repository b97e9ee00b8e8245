import { randomBytes } from 'node:crypto'

// The file `ssh-keygen` writes (openssh PROTOCOL.key), without a passphrase:
//
//   "openssh-key-v1\0", cipher "none", kdf "none", kdf options "", number of keys 1, public key,
//   { check, check, "ssh-ed25519", public key (32), secret (64: seed, public key), comment, padding 1 2 3 … }
//
// Texts and blobs have a 32-bit length before them, and the braces are one such blob.

const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----'
const END = '-----END OPENSSH PRIVATE KEY-----'
const MAGIC = Buffer.from('openssh-key-v1\0')
const KIND = 'ssh-ed25519'

/** A key file has 400 bytes; a long comment makes it longer. */
const MAX_FILE_CHARS = 16 * 1024

/** The halves of a key, 32 bytes each. */
export interface RawKey {
  seed: Buffer
  publicKey: Buffer
}

/** Reads an ed25519 key without a passphrase. Throws, and never with any of the text, when it is something else. */
export function readOpenSshKey(text: string): RawKey {
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (text.length > MAX_FILE_CHARS || begin < 0 || end < begin)
    throw new Error('it is no OpenSSH private key')
  const bytes = Buffer.from(text.slice(begin + BEGIN.length, end), 'base64')
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('it is no OpenSSH private key')
  const outer = reader(bytes.subarray(MAGIC.length))
  const cipher = outer.blob().toString()
  outer.blob()
  outer.blob()
  if (cipher !== 'none') throw new Error('the key has a passphrase')
  if (outer.uint32() !== 1) throw new Error('there is more than one key')
  outer.blob()
  const inner = reader(outer.blob())
  const check = inner.uint32()
  if (inner.uint32() !== check) throw new Error('the key is damaged')
  if (inner.blob().toString() !== KIND) throw new Error(`it is no ${KIND} key`)
  const publicKey = inner.blob()
  const secret = inner.blob()
  if (publicKey.length !== 32 || secret.length !== 64) throw new Error('the key is damaged')
  return { seed: secret.subarray(0, 32), publicKey }
}

/** The text of a key file. */
export function toOpenSshKey(seed: Buffer, publicKey: Buffer): string {
  const check = randomBytes(4)
  const inner = Buffer.concat([
    check,
    check,
    blob(KIND),
    blob(publicKey),
    blob(Buffer.concat([seed, publicKey])),
    blob(''),
  ])
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (inner.length % 8)) % 8)
  const bytes = Buffer.concat([
    MAGIC,
    blob('none'),
    blob('none'),
    blob(''),
    uint32(1),
    blob(toSshPublicKey(publicKey)),
    blob(Buffer.concat([inner, padding])),
  ])
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? []
  return `${[BEGIN, ...lines, END].join('\n')}\n`
}

/** A public key the way SSH sends it: what stands, in base64, in a `.pub` file. */
export const toSshPublicKey = (publicKey: Buffer): Buffer => Buffer.concat([blob(KIND), blob(publicKey)])

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function blob(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([uint32(bytes.length), bytes])
}

function reader(bytes: Buffer) {
  let at = 0
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw new Error('the key is cut off')
    at += length
    return bytes.subarray(at - length, at)
  }
  const read32 = () => take(4).readUInt32BE()
  return { uint32: read32, blob: () => take(read32()) }
}
