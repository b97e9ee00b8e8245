import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RequestError } from '../wire/problem.ts'

/** Most bytes a compressed body may unfold to: a long chat with images fits, a zip bomb does not. */
export const DECODED_BODY_LIMIT = 100 * 1024 * 1024

type Decode = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>

const DECODERS: Record<string, Decode | undefined> = {
  gzip: promisify(zlib.gunzip),
  'x-gzip': promisify(zlib.gunzip),
  deflate: promisify(zlib.inflate),
  br: promisify(zlib.brotliDecompress),
  zstd: zstdOf(zlib),
}

/** Node has zstd from 22.15 on. */
function zstdOf(library: object): Decode | undefined {
  return 'zstdDecompress' in library ? promisify(library.zstdDecompress as typeof zlib.gunzip) : undefined
}

/**
 * Reads every body of this scope as JSON, whatever its Content-Type says: plain `curl -d` calls it a form,
 * and some clients call it nothing at all.
 */
export function acceptJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('remove', 'remove')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    decodeBody(request.headers['content-encoding'], body as Buffer).then(
      (decoded) => parseJson(request as FastifyRequest, decoded.toString('utf8'), done),
      (error: Error) => done(error, undefined),
    )
  })
}

/** Undoes one Content-Encoding. Throws RequestError: 415 unknown, 413 unfolds too far, 400 damaged. */
export async function decodeBody(
  encoding: string | undefined,
  bytes: Buffer,
  limit = DECODED_BODY_LIMIT,
): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? 'identity'
  if (name === 'identity' || name === '') return bytes
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (decode === undefined) throw new RequestError(415, `unsupported content encoding: ${name.slice(0, 40)}`)
  try {
    return await decode(bytes, { maxOutputLength: limit })
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new RequestError(413, `the body is larger than ${limit} bytes when decompressed`)
    }
    throw new RequestError(400, `failed to decompress ${name} body`)
  }
}
