/** A stream of events that breaks its bounds. */
export class EventTooLongError extends Error {
  override readonly name = 'EventTooLongError'
}

/**
 * The data of server-sent events (WHATWG HTML, "Server-sent events"), one text an event; names, ids and comments are
 * passed over. Bytes are taken as they are asked for, and at most one event is held. One with more than `limit`
 * characters throws EventTooLongError; one that the end of the stream cuts off is dropped.
 */
export async function* eventsIn(bytes: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<string> {
  let data: string[] = []
  let held = 0
  for await (const line of linesIn(bytes, limit)) {
    if (line === '') {
      if (data.length > 0) yield data.join('\n')
      data = []
      held = 0
      continue
    }
    if (!/^data(:|$)/.test(line)) continue
    const value = line.slice('data:'.length).replace(/^ /, '')
    held += value.length + 1
    if (held > limit) throw tooLong(limit)
    data.push(value)
  }
}

/** Lines end with CRLF, LF or CR; what stands behind the last end is no line. */
async function* linesIn(bytes: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let line = ''
  let endedInCr = false
  for await (const chunk of bytes) {
    const text = decoder.decode(chunk, { stream: true })
    if (text === '') continue
    // The other half of an end that two chunks share.
    const fresh = endedInCr && text.startsWith('\n') ? text.slice(1) : text
    endedInCr = text.endsWith('\r')
    const [first = '', ...rest] = fresh.split(/\r\n|\n|\r/)
    line += first
    for (const next of rest) {
      yield line
      line = next
    }
    if (line.length > limit) throw tooLong(limit)
  }
}

const tooLong = (limit: number) => new EventTooLongError(`an event of more than ${limit} characters`)
