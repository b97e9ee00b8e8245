/** The built server as one that makes models, and a client for it that can break off. */
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { linesOf, spawnNode, spawnNodeLimited, stopped } from './child.ts'
import { childrenOf, identityOf, isGoneWithin } from './proc.ts'

const GONE_MS = 10_000

export interface CreateServer {
  url: string
  pid: number
  /** How POST /api/create ended: its last status or its error; `killed` without an answer. */
  create(body: object): Promise<string>
  /** Deletes a model, if there is one. */
  remove(model: string): Promise<void>
  /** What the model that comes with Snug says that is no answer; empty when all is well. */
  answer(): Promise<string>
  /** As with kill -9; resolves when its children have gone too. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts a server on a models folder; no file may get larger than `maxFileKiB`. Needs `dist/`. */
export async function startCreateServer(folder: string, maxFileKiB?: number): Promise<CreateServer> {
  const args = ['dist/src/main.js', 'serve']
  const env = { OLLAMA_MODELS: folder, OLLAMA_HOST: '127.0.0.1:0', OLLAMA_DEBUG: '-1' }
  const child =
    maxFileKiB === undefined ? spawnNode(args, 'ignore', env) : spawnNodeLimited(args, env, maxFileKiB)
  const url = /http:\S+/.exec(await linesOf(child)())?.[0] ?? ''
  const pid = child.pid ?? 0
  const post = (path: string, body: object, method = 'POST') =>
    fetch(url + path, { method, body: JSON.stringify(body) }).then(
      async (reply) => ({ isOk: reply.ok, ...((await reply.json().catch(() => ({}))) as Said) }),
      (): Said & { isOk: boolean } => ({ isOk: false, error: 'killed' }),
    )
  return {
    url,
    pid,
    async create(body) {
      const { status, error } = await post('/api/create', { ...body, stream: false })
      return error ?? status ?? 'nothing'
    },
    remove: async (model) => void (await post('/api/delete', { model }, 'DELETE')),
    async answer() {
      const options = { num_predict: 1 }
      const said = await post('/api/generate', { model: 'snug-tiny', prompt: 'a', stream: false, options })
      return said.isOk && said.done === true ? '' : JSON.stringify(said)
    },
    async kill() {
      const children = childrenOf(pid).map((one) => [one, identityOf(one)] as const)
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
      for (const [one, identity] of children) {
        if (!(await isGoneWithin(one, identity, GONE_MS))) throw new Error('a child outlives the server')
      }
    },
    stop: () => stopped(child),
  }
}

interface Said {
  status?: string
  error?: string
  done?: boolean
}

/** Brings a blob under a digest unless it is there; the error, empty when all is well, `killed` without an answer. */
export async function upload(url: string, bytes: Buffer, digest: string): Promise<string> {
  const path = `${url}/api/blobs/${digest}`
  try {
    const head = await fetch(path, { method: 'HEAD' })
    if (head.ok) return ''
    const reply = await fetch(path, { method: 'POST', body: new Uint8Array(bytes) })
    const text = await reply.text()
    return reply.ok ? '' : ((JSON.parse(text) as Said).error ?? text)
  } catch {
    return 'killed'
  }
}

/** Sends the first bytes of a blob and hangs up. */
export async function cutUpload(url: string, digest: string, begin: Buffer, length: number): Promise<void> {
  const headers = { 'content-length': length }
  const sent = httpRequest(`${url}/api/blobs/${digest}`, { method: 'POST', headers })
  sent.on('error', () => {})
  const closed = new Promise((resolve) => sent.once('close', resolve))
  await new Promise((resolve) => sent.write(begin, resolve))
  sent.destroy()
  await closed
}
