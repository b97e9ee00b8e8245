import { z } from 'zod'
import { goJson } from '../../formats/go-json-write.ts'
import { Digest } from './digest.ts'

/** A manifest takes about a kilobyte; one that lists each tensor of a big model by itself takes a few hundred. */
export const MAX_MANIFEST_BYTES = 8 * 1024 * 1024
const MAX_LAYERS = 65_536

export const MANIFEST_TYPE = 'application/vnd.docker.distribution.manifest.v2+json'
const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json'
const LAYER_TYPE = 'application/vnd.ollama.image.'

/** What a layer holds, the end of its media type. Others are kept but not used. */
export type LayerKind =
  | 'model'
  | 'projector'
  | 'adapter'
  | 'draft'
  | 'template'
  | 'prompt'
  | 'system'
  | 'params'
  | 'messages'
  | 'license'

const Layer = z.object({
  mediaType: z.string(),
  digest: Digest,
  size: z.number().int().nonnegative(),
  /** Which file or model it was made from. */
  from: z.string().nullish(),
  /** Which tensor or file it is, where weights are not in one file. */
  name: z.string().nullish(),
})
export type Layer = z.infer<typeof Layer>

const Manifest = z.object({
  // Ollama writes an empty config for a model that has none.
  config: Layer.or(z.object({ digest: z.literal('') }).transform(() => undefined)).nullish(),
  layers: z
    .array(Layer)
    .max(MAX_LAYERS)
    .nullish()
    .transform((layers) => layers ?? []),
})
export type Manifest = z.infer<typeof Manifest>

/** Reads the bytes of a manifest. Throws when they are not one. */
export function parseManifest(bytes: Buffer): Manifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw new Error(`the manifest has ${bytes.length} bytes`)
  return Manifest.parse(JSON.parse(bytes.toString('utf8')))
}

export const layerType = (kind: LayerKind): string => LAYER_TYPE + kind

/** A layer to write into a manifest. */
export interface NewLayer extends BlobRef {
  mediaType: string
  from?: string
  name?: string
}

/** The bytes of a manifest as Ollama writes them (manifest/manifest.go): keys in its order, and a line end. */
export const manifestBytes = (config: BlobRef, layers: readonly NewLayer[]): Buffer =>
  Buffer.from(
    `${goJson({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: { mediaType: CONFIG_TYPE, digest: config.digest, size: config.size },
      layers: layers.map(({ mediaType, digest, size, from, name }) => ({
        mediaType,
        digest,
        size,
        from: from || undefined,
        name: name || undefined,
      })),
    })}\n`,
  )

export interface BlobRef {
  digest: string
  size: number
}

/** The layers of one kind, in order. */
export const layersOf = (manifest: Manifest, kind: LayerKind): Layer[] =>
  manifest.layers.filter((layer) => layer.mediaType === LAYER_TYPE + kind)

/** The model is stored tensor by tensor, as Ollama does it for MLX. */
export const hasTensorLayers = (manifest: Manifest): boolean =>
  manifest.layers.some(({ mediaType }) => mediaType === `${LAYER_TYPE}tensor`)

/** Everything a manifest keeps alive in the blobs folder. */
export const blobsOf = (manifest: Manifest): Layer[] =>
  manifest.config ? [...manifest.layers, manifest.config] : manifest.layers
