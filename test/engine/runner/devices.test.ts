import os from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { systemReaders } from '../../../engine/hardware/readers.ts'
import { engineDevice } from '../../../engine/llama/devices.ts'
import { engineBuildReader } from '../../../engine/planning/engine-build.ts'
import { createInventory } from '../../../engine/planning/inventory.ts'
import { createReadMachine } from '../../../engine/planning/machine.ts'
import { devicesInChild } from '../../../engine/runner/devices.ts'
import { isDevicesReport } from '../../../engine/runner/devices-protocol.ts'
import { createEmbeddedBackend } from '../../../engine/runner/embedded.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { QUIET, testRunner } from '../../helpers/runner.ts'
import { childrenOf } from '../../src/endless.ts'

const ask = (change: object = {}) => devicesInChild({ ...QUIET, ...change })

test('a process of its own names the devices of llama.cpp and is gone', async () => {
  const before = childrenOf(process.pid)
  const devices = await ask()
  const processor = devices.find(({ name }) => name === 'CPU')
  expect(processor).toMatchObject({ type: 'cpu' })
  expect(processor?.totalBytes).toBeGreaterThan(0)
  expect(processor?.totalBytes).toBeLessThanOrEqual(os.totalmem())
  expect(childrenOf(process.pid)).toEqual(before)
})

test('a runner names the same devices', async () => {
  const { info } = await testRunner()
  const names = info.devices?.map(({ name, description }) => ({ name, description }))
  expect(names).toEqual((await ask()).map(({ name, description }) => ({ name, description })))
  expect(info.description).toContain(`CPU (${names?.find(({ name }) => name === 'CPU')?.description})`)
})

test('a folder without libraries is refused with what is missing', async () => {
  await expect(ask({ libraryDir: await tempFolder() })).rejects.toMatchObject({
    code: 'load_failed',
    message: expect.stringContaining('has no file matching'),
  })
})

test('a driver that does not answer is given up', async () => {
  await expect(ask({ timeoutMs: 1 })).rejects.toMatchObject({
    code: 'load_failed',
    message: 'llama.cpp did not name its devices within 0.001 s',
  })
})

test('closing the engine ends the search for devices', async () => {
  const backend = createEmbeddedBackend({ threads: 1, log: { info() {}, warn() {} } })
  const devices = backend.devices?.()
  const cancelled = expect(devices).rejects.toMatchObject({ code: 'cancelled' })
  await backend.close()
  await cancelled
  await expect(backend.devices?.()).rejects.toMatchObject({ code: 'cancelled' })
  await vi.waitFor(() => expect(childrenOf(process.pid)).toEqual([]))
})

test('this machine is read: what the engine has is what planning gets, or the reason is told', async () => {
  const readers = systemReaders({ PATH: process.env.PATH })
  const engineDevices = () => ask({ environment: { PATH: process.env.PATH ?? '' } })
  const build = engineBuildReader(undefined, '3.21.1')
  const inventory = createInventory({ readers, build, engineDevices })
  const ramSpeed = async () => ({ bytesPerSecond: 1e9 })
  const { machine, cpuReason } = await createReadMachine({ readers, inventory, engineDevices, ramSpeed })()
  expect(machine.ram.availableBytes).toBeGreaterThan(0)
  expect(machine.ram.totalBytes).toBeLessThanOrEqual(os.totalmem())
  expect(machine.cores).toBeGreaterThanOrEqual(1)
  if (machine.devices.length === 0) expect(cpuReason).toMatch(/^no GPU was found$|is there, but|is hidden by/)
  else expect(cpuReason).toBeUndefined()
})

test('a folder for libraries that is not there is the reason why nothing runs', async () => {
  const build = engineBuildReader(join(await tempFolder(), 'gone'), undefined)
  await expect(build()).rejects.toMatchObject({
    code: 'load_failed',
    message: expect.stringContaining('ENOENT'),
  })
})

test('what ggml says of a device is read with its place and its kind', () => {
  const props = {
    name: 'CUDA0',
    description: 'NVIDIA L4',
    memory_free: 21n,
    memory_total: 22n,
    type: 1,
    device_id: '0000:1B:00.0',
  }
  const device = { name: 'CUDA0', description: 'NVIDIA L4', totalBytes: 22, freeBytes: 21 }
  expect(engineDevice(props)).toEqual({ ...device, type: 'gpu', pciAddress: '0000:1b:00.0' })
  expect(engineDevice({ ...props, type: 9, device_id: null })).toEqual(device)
})

test.each([
  [null],
  [{ type: 'devices', devices: [{ name: 'CUDA0' }] }],
  [{ type: 'devices', devices: [{ name: 'x', description: 'y', totalBytes: -1, freeBytes: 0 }] }],
  [{ type: 'failed', failure: 'x' }],
  [{ type: 'log', message: 1 }],
])('a child that says %j is not believed', (message) => {
  expect(isDevicesReport(message)).toBe(false)
})
