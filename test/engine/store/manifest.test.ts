import { describe, expect, test } from 'vitest'
import { blobsOf, layersOf, manifestBytes, parseManifest } from '../../../engine/store/manifest.ts'

const DIGEST = `sha256:${'0a'.repeat(32)}`
const layer = { mediaType: 'application/vnd.ollama.image.model', digest: DIGEST, size: 5 }
const parse = (manifest: unknown) => parseManifest(Buffer.from(JSON.stringify(manifest)))

describe('a manifest', () => {
  test('that was written is read back', () => {
    const manifest = parseManifest(manifestBytes({ digest: DIGEST, size: 1 }, [layer]))
    expect(layersOf(manifest, 'model')).toEqual([layer])
    expect(blobsOf(manifest).map(({ size }) => size)).toEqual([5, 1])
  })

  test.each([
    ['without layers', { config: layer }, 1],
    ['with null for layers', { config: layer, layers: null }, 1],
    ['without a config', { layers: [layer] }, 1],
    [
      'with the empty config of a model that has none',
      { config: { digest: '', size: 0 }, layers: [layer] },
      1,
    ],
    ['with keys nobody knows', { config: layer, layers: [{ ...layer, name: 'x' }], annotations: {} }, 2],
  ])('%s is read', (_, manifest, blobs) => {
    expect(blobsOf(parse(manifest))).toHaveLength(blobs)
  })

  test.each([
    ['is no JSON', Buffer.from('{')],
    ['is empty', Buffer.alloc(0)],
    ['is a list', Buffer.from('[]')],
    ['is longer than any', Buffer.alloc(9 * 1024 * 1024, ' ')],
    ['has a digest that is a path', { layers: [{ ...layer, digest: '../x' }] }],
    ['has a digest that is too short', { layers: [{ ...layer, digest: 'sha256:00' }] }],
    ['has a negative size', { layers: [{ ...layer, size: -1 }] }],
    ['has a size beyond counting', { layers: [{ ...layer, size: 1e300 }] }],
    ['has more layers than any', { layers: Array(65_537).fill(layer) }],
    ['has no layers but a text', { layers: 'x' }],
  ])('that %s is refused', (_, manifest) => {
    expect(() => (Buffer.isBuffer(manifest) ? parseManifest(manifest) : parse(manifest))).toThrow()
  })
})
