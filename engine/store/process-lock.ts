import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rm, stat } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Waits until no other process of this machine, and nobody in this one, holds `name` for this folder; the function
 * that comes back ends the hold. A process that dies holds nothing any more: what is held is the address of a socket,
 * which the system takes back at once, and whoever waits sees the connection to it close. Where no such address can be
 * had, and between machines or containers with networks of their own, nobody waits: callers must stay right without
 * it, and only do work twice. Throws the reason of `signal`.
 */
export async function lockAmongProcesses(
  folder: string,
  name: string,
  signal: AbortSignal,
): Promise<() => void> {
  const address = await addressOf(folder, name)
  for (;;) {
    signal.throwIfAborted()
    const held = await hold(address)
    if (held !== 'taken') return held
    await untilFreed(address, signal)
  }
}

/** The same folder has the same address under each of its paths. */
async function addressOf(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const { dev, ino } = await stat(folder, { bigint: true })
  const hash = createHash('sha256').update(`${dev}:${ino}:${name}`).digest('hex').slice(0, 32)
  // Neither of the first two is a file that could be left behind.
  if (process.platform === 'linux') return `\0snug-${hash}`
  return process.platform === 'win32' ? `\\\\.\\pipe\\snug-${hash}` : join(tmpdir(), `snug-${hash}`)
}

async function hold(address: string): Promise<(() => void) | 'taken'> {
  const waiting = new Set<Socket>()
  const server: Server = createServer((socket) => {
    waiting.add(socket)
    socket.unref().on('error', () => {})
    socket.once('close', () => waiting.delete(socket))
  })
  try {
    server.listen(address)
    await once(server, 'listening')
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE' ? 'taken' : () => {}
  }
  server.unref()
  return () => {
    server.close()
    for (const socket of waiting) socket.destroy()
  }
}

/** Waits until the holder lets go, or has gone already. */
async function untilFreed(address: string, signal: AbortSignal): Promise<void> {
  const socket = createConnection(address)
  let isRefused = false
  socket.on('error', (error: NodeJS.ErrnoException) => {
    isRefused = error.code === 'ECONNREFUSED'
  })
  socket.resume()
  const leave = () => socket.destroy()
  signal.addEventListener('abort', leave, { once: true })
  if (signal.aborted) leave()
  await new Promise((resolve) => socket.once('close', resolve))
  signal.removeEventListener('abort', leave)
  // A socket that is a file outlives a holder that was killed.
  if (isRefused && !address.startsWith('\0')) await rm(address, { force: true })
}
