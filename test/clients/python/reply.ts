import { expect } from 'vitest'
import type { z } from 'zod'
import { pythonLines } from '../../helpers/python-lines.ts'
import { openSocket } from '../../helpers/socket.ts'
import { type RecordedRequest, toBytes } from './ollama-requests.ts'

export interface RawReply {
  status: number
  /** By lower-case name. */
  headers: Map<string, string>
  text: string
}

/** Sends a recorded request byte for byte on a connection of its own, and reads the whole reply. */
export async function send(url: string, request: RecordedRequest): Promise<RawReply> {
  const socket = await openSocket(url)
  socket.send(toBytes(request, new URL(url).host))
  let reply: RawReply | undefined
  await expect
    .poll(
      () => {
        reply = parse(Buffer.from(socket.received()))
        return reply
      },
      { timeout: 10_000, interval: 5 },
    )
    .toBeDefined()
  socket.hangUp()
  if (reply === undefined) throw new Error('unreachable: the reply is defined')
  return reply
}

/** A reply in HTTP/1.1; undefined while its end has not come. */
function parse(received: Buffer): RawReply | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [first = '', ...fields] = received.subarray(0, headEnd).toString().split('\r\n')
  const headers = new Map(fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field]))
  for (const [name, field] of headers) headers.set(name, field.slice(name.length + 1).trim())
  const rest = received.subarray(headEnd + 4)
  const body = headers.get('transfer-encoding') === 'chunked' ? unchunk(rest) : sized(rest, headers)
  return body && { status: Number(first.split(' ')[1]), headers, text: body.toString() }
}

function sized(rest: Buffer, headers: Map<string, string>): Buffer | undefined {
  const size = Number(headers.get('content-length') ?? 0)
  return rest.length < size ? undefined : rest.subarray(0, size)
}

function unchunk(rest: Buffer): Buffer | undefined {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString(), 16)
    if (size === 0) return Buffer.concat(pieces)
    pieces.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
}

/** A reply that is not streamed, as the client reads it: JSON, then its model. */
export function read<T extends z.ZodType>(reply: RawReply, model: T): z.output<T> {
  expect(reply.status).toBe(200)
  return model.parse(JSON.parse(reply.text))
}

/** A streamed reply, as the client reads it: each line is JSON, `error` in one is raised, then its model. */
export function readLines<T extends z.ZodType>(reply: RawReply, model: T): z.output<T>[] {
  expect(reply.status).toBe(200)
  const lines = pythonLines(reply.text)
  expect(lines.pop()).toBe('')
  return lines.map((line) => {
    const part = JSON.parse(line)
    if (part.error) throw new Error(part.error)
    return model.parse(part)
  })
}
