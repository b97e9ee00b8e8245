import { existsSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { digestOf, leftovers, wrongBlobs } from '../../../bench/fault-ground.ts'
import { startPuller } from '../../../bench/puller.ts'
import { startRegistry } from '../../../bench/registry.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { str, u32, writeGguf } from '../../helpers/gguf.ts'
import { noise } from '../../helpers/pull/memory-blob.ts'

test('two processes that pull one model into one folder fetch it once, and both succeed', async () => {
  const metadata = { 'general.architecture': str('llama'), 'llama.block_count': u32(1) }
  const content = Buffer.concat([writeGguf({ metadata }), noise(1_000_000)])
  const digest = digestOf(content)
  const folder = await tempFolder()
  let sent = 0
  let manifests = 0
  /** The first answer waits until the second process has come as well. */
  let letGo = () => {}
  const gate = new Promise<void>((resolve) => {
    letGo = resolve
  })
  let isAsked = () => {}
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve
  })
  const send = async (response: ServerResponse, start: number, end: number) => {
    isAsked()
    await gate
    sent += end + 1 - start
    response.end(content.subarray(start, end + 1))
  }
  const registry = await startRegistry({
    digest,
    size: content.length,
    send: (response, start, end) => void send(response, start, end),
    onManifest: () => {
      // Both are under way.
      if (++manifests === 2) letGo()
    },
  })
  onTestFinished(() => registry.close())
  const pull = () => startPuller(folder, `${registry.host}/library/shared`, {})
  const first = pull()
  await asked
  const second = pull()
  expect(existsSync(`${folder}/blobs/${digest.replace(':', '-')}`)).toBe(false)
  expect(await Promise.all([first.ended, second.ended])).toEqual(['success', 'success'])
  expect(sent).toBe(content.length)
  expect(wrongBlobs(folder)).toEqual([])
  expect(leftovers(folder)).toEqual([])
})
