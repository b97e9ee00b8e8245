import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto'
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ifMissing, unless } from '../store/missing.ts'
import { readOpenSshKey, toOpenSshKey, toSshPublicKey } from './openssh-key.ts'

/** Who this server is to registries: an ed25519 key pair, the one Ollama has too. */
export interface Identity {
  /** The public key as SSH writes it, in base64. */
  publicKey: string
  /** The signature of `data`, in base64. */
  sign(data: string): string
}

/**
 * Reads the key pair at `path`, an OpenSSH file such as `~/.ollama/id_ed25519`, and makes it, with its `.pub`
 * beside it, when there is none. Throws when the file holds anything else.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  const text = (await ifMissing(readFile(path, 'utf8'), undefined)) ?? (await createKeyFile(path))
  const { seed, publicKey: stated } = readOpenSshKey(text)
  const privateKey = privateKeyOf(seed)
  const raw = rawPublicKey(privateKey)
  if (!raw.equals(stated)) throw new Error('the two halves of the key do not belong together')
  const publicKey = toSshPublicKey(raw).toString('base64')
  // For people to copy, so that a folder that cannot be written to does no harm.
  await writeOnce(`${path}.pub`, `ssh-ed25519 ${publicKey}\n`, 0o644).catch(() => {})
  return { publicKey, sign: (data) => sign(null, Buffer.from(data), privateKey).toString('base64') }
}

/** Writes a new key; when another process was faster, its key stays and is the answer. */
async function createKeyFile(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url')
  await mkdir(dirname(path), { recursive: true, mode: 0o755 })
  await writeOnce(path, toOpenSshKey(seed, rawPublicKey(privateKey)), 0o600)
  return readFile(path, 'utf8')
}

/** Puts a whole file in place in one step, unless there is one. */
async function writeOnce(path: string, text: string, mode: number): Promise<void> {
  if (await ifMissing(stat(path), undefined)) return
  const temporary = `${path}.tmp-${randomBytes(8).toString('hex')}`
  const file = await open(temporary, 'wx', mode)
  try {
    await file.writeFile(text)
    await file.sync()
    await file.close()
    // Unlike a rename, a link never replaces what somebody else put there meanwhile.
    await unless(link(temporary, path), ['EEXIST'], undefined)
  } finally {
    await file.close().catch(() => {})
    await rm(temporary, { force: true })
  }
}

const privateKeyOf = (seed: Buffer): KeyObject =>
  // PKCS #8 of an ed25519 key: this head, then the 32 bytes (RFC 8410).
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  })

const rawPublicKey = (privateKey: KeyObject): Buffer =>
  Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url')
