import { z } from 'zod'
import { blobsOf, type Manifest, parseManifest } from '../store/manifest.ts'
import type { ModelName } from '../store/types.ts'
import { RegistryError } from './error.ts'

/**
 * Makes sure that bytes from a registry are a manifest that can be worked with. Throws RegistryError `malformed`,
 * with a text for clients.
 */
export function checkManifest(bytes: Buffer, name: ModelName): Manifest {
  const manifest = parse(bytes, name)
  const sizes = new Map<string, number>()
  for (const { digest, size } of blobsOf(manifest)) {
    const key = digest.toLowerCase().replace('-', ':')
    if ((sizes.get(key) ?? size) !== size) throw malformed(`${key} has two sizes`)
    sizes.set(key, size)
  }
  return manifest
}

function parse(bytes: Buffer, name: ModelName): Manifest {
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
    return parseManifest(bytes)
  } catch (cause) {
    if (hasEmptyDigest(json)) {
      // ollama server/download.go
      throw new RegistryError('malformed', `${name.namespace}/${name.model}: digest is empty`, { cause })
    }
    throw malformed(json === undefined ? 'it is no JSON' : 'it is no manifest', cause)
  }
}

const Digests = z.object({ layers: z.array(z.object({ digest: z.unknown() })) })

function hasEmptyDigest(json: unknown): boolean {
  const read = Digests.safeParse(json)
  return read.success && read.data.layers.some(({ digest }) => digest === '' || digest === undefined)
}

const malformed = (why: string, cause?: unknown) =>
  new RegistryError('malformed', `pull model manifest: the registry's manifest cannot be used: ${why}`, {
    cause,
  })
