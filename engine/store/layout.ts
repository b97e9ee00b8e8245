import { join } from 'node:path'
import type { ModelName } from './types.ts'

// <models folder>/
//   blobs/sha256-<64 hex>                            content by its hash
//   manifests/<host>/<namespace>/<model>/<tag>       what a model is made of
//   snug.json                                        what Snug itself put here
//
// The first two are Ollama's, and may be shared with it.

export const blobsFolder = (folder: string): string => join(folder, 'blobs')
export const manifestsFolder = (folder: string): string => join(folder, 'manifests')
export const markerPath = (folder: string): string => join(folder, 'snug.json')

/** A name that has passed the grammar (see name.ts) stays inside the manifests folder. */
export const manifestPath = (folder: string, name: ModelName): string =>
  join(manifestsFolder(folder), name.host, name.namespace, name.model, name.tag)
