import { onTestFinished } from 'vitest'
import { openRegistries, type RegistriesOptions } from '../../../engine/registry/registries.ts'
import type { ModelName } from '../../../engine/store/types.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import type { TestRegistry } from '../../helpers/registry/server.ts'

/** Never aborted. */
export const calm = new AbortController().signal

/** A way to `server` over http, and the name of the model `library/tiny` there. */
export async function openClient(server: { host: string }, options: Partial<RegistriesOptions> = {}) {
  const keyPath = `${await tempFolder()}/.ollama/id_ed25519`
  const registries = openRegistries({
    userAgent: 'snug/test',
    keyPath,
    stallTimeoutMs: 2_000,
    ...options,
  })
  onTestFinished(() => registries.close())
  const name: ModelName = { host: server.host, namespace: 'library', model: 'tiny', tag: 'latest' }
  return { registries, registry: registries.open(server.host, { insecure: true }), name, keyPath }
}

/** Everything that comes. */
export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

/** What a promise or a loop fails with; throws when it does not. */
export async function failureOf(work: Promise<unknown> | AsyncIterable<Uint8Array>): Promise<unknown> {
  try {
    await (work instanceof Promise ? work : readAll(work))
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}

/**
 * Counts loopback addresses that end in .1 as the internet, and all others by the true rules, so that a test on
 * loopback can have a registry outside.
 */
export const OUTSIDE = { isPublic: (address: string) => address === '127.0.0.1' }

export const pathsOf = ({ requests }: TestRegistry): string[] => requests.map(({ url }) => url)
