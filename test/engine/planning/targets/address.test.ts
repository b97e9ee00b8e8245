import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readGgufFile } from '../../../../engine/gguf/read.ts'
import { tempFolder } from '../../../helpers/fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../../helpers/random-model.ts'
import { bytesContent } from '../../../helpers/registry/content.ts'
import { sendBlob } from '../../../helpers/registry/send-blob.ts'
import { splitGguf } from '../../../helpers/split-gguf.ts'
import { askedBytes, finder } from './finder.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** A server on loopback that ends with the test. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer((request, response) => void handler(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Serves files by their names, and remembers requests. */
async function serveFiles(paths: readonly string[]) {
  const requests: IncomingMessage[] = []
  const origin = await serve(async (request, response) => {
    requests.push(request)
    const path = paths.find((one) => request.url?.split('?')[0] === `/files/${basename(one)}`)
    if (path === undefined) return void response.writeHead(404).end()
    await sendBlob(request, response, bytesContent(await readFile(path)), undefined)
  })
  return { origin, requests }
}

async function model() {
  const folder = await tempFolder()
  const path = join(folder, 'model.gguf')
  await writeRandomModel(path, SHAPE_SMALL)
  const bytes = (await readGgufFile(path)).tensors.reduce((sum, tensor) => sum + tensor.bytes, 0)
  return { folder, path, bytes }
}

/** Loopback stands for the internet. */
const PUBLIC = { isPublic: () => true }

test('a file at an address is known by its header', async () => {
  const { path, bytes } = await model()
  const { origin, requests } = await serveFiles([path])
  const { find } = await finder(PUBLIC)
  const found = await find(`${origin}/files/model.gguf?signature=secret`)
  expect(found.model.offers).toMatchObject([{ fileType: 'Q8_0', weightBytes: bytes, isExact: true }])
  expect(found.model.name).toBe(`${origin}/files/model.gguf`)
  expect(askedBytes(requests)).toBeLessThan(128 * 1024)
})

test('of a split file any part may be named', async () => {
  const { folder, path, bytes } = await model()
  const parts = await splitGguf(path, { folder, prefix: 'split', tensors: [3, 5] })
  const { origin } = await serveFiles(parts)
  const { find } = await finder(PUBLIC)
  const found = await find(`${origin}/files/${basename(parts[1] ?? '')}`)
  expect(found.model.offers[0]?.weightBytes).toBe(bytes)
})

test('clients see nothing of the local network, and whoever sits at the machine does', async () => {
  const { path } = await model()
  const { origin, requests } = await serveFiles([path])
  const address = `${origin}/files/model.gguf`
  const client = await finder()
  await expect(client.find(address)).rejects.toThrow('is not on the internet')
  expect(requests).toEqual([])
  const local = await finder({}, true)
  expect((await local.find(address)).model.offers).toHaveLength(1)
})

test('an address on the internet leads clients to none in the local network', async () => {
  const { path } = await model()
  const inside = await serveFiles([path])
  const outside = await serve((_request, response) => {
    response
      .writeHead(302, { location: `${inside.origin.replace('127.0.0.1', '127.0.0.2')}/files/model.gguf` })
      .end()
  })
  const { find } = await finder({ isPublic: (address) => address === '127.0.0.1' })
  await expect(find(`${outside}/model.gguf`)).rejects.toThrow('which is not on the internet')
  expect(inside.requests).toEqual([])
})

test.each<[string, Handler, RegExp]>([
  ['is not there', (_, response) => response.writeHead(404).end('secrets'), /answers 404 for \/model\.gguf$/],
  [
    'may not be read',
    (_, response) => response.writeHead(403).end('secrets'),
    /answers 403 for \/model\.gguf$/,
  ],
  ['comes only as a whole', (_, response) => response.end('GGUF'), /sends no parts of files$/],
  [
    'is a web page',
    (request, response) => sendBlob(request, response, bytesContent('<html>'.repeat(100)), undefined),
    /is no model that can be used: not a GGUF file/,
  ],
])('a file that %s is refused', async (_name, handler, message) => {
  const origin = await serve(handler)
  const { find } = await finder(PUBLIC)
  await expect(find(`${origin}/model.gguf`)).rejects.toThrow(message)
})

test('a path is a file of the machine it is written on', async () => {
  const { path, bytes } = await model()
  const client = await finder()
  await expect(client.find(path)).rejects.toThrow('a path means a file of the machine it is written on')
  const local = await finder({}, true)
  expect((await local.find(path)).model.offers).toMatchObject([{ weightBytes: bytes }])
  await expect(local.find(join(path, '..', 'none.gguf'))).rejects.toThrow('ENOENT')
})
