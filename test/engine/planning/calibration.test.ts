import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { CpuReading } from '../../../engine/hardware/types.ts'
import { profileFrom } from '../../../engine/planning/calibration/calibrate.ts'
import { fastestToken } from '../../../engine/planning/calibration/fastest-token.ts'
import { CALIBRATED_TYPES, calibrationModels } from '../../../engine/planning/calibration/models.ts'
import { createCpuSpeed } from '../../../engine/planning/cpu-speed.ts'
import { createEmbeddedBackend } from '../../../engine/runner/embedded.ts'
import { tempFolder } from '../../helpers/fixtures.ts'

const CPU: CpuReading = {
  name: 'AMD EPYC',
  architecture: 'x64',
  physicalCores: 8,
  logicalCores: 16,
  numaNodes: [],
  features: [],
}
const PROFILE = { bytesPerSecond: { Q8_0: 12e9, F16: 14e9 }, layerSeconds: 2e-5, expertLayerSeconds: 0 }

test('a calibration finds the rates and the times of layers that explain how long tokens take', async () => {
  const models = await calibrationModels(await tempFolder())
  const rates = Object.fromEntries(CALIBRATED_TYPES.map((type, at) => [type, (at + 1) * 1e9]))
  const profile = profileFrom(
    models,
    ({ sample }) =>
      sample.bytes / (rates[sample.type] ?? 0) + sample.layers * 3e-5 + sample.expertLayers * 7e-5,
  )
  expect(profile?.layerSeconds).toBeCloseTo(3e-5, 9)
  expect(profile?.expertLayerSeconds).toBeCloseTo(7e-5, 9)
  for (const type of CALIBRATED_TYPES)
    expect((profile?.bytesPerSecond[type] ?? 0) / (rates[type] ?? 1)).toBeCloseTo(1, 6)
})

test('the runner computes with each of the models, which take no room on the disk', async () => {
  const folder = await tempFolder()
  const models = await calibrationModels(folder)
  const { size, blocks } = await stat(join(folder, 'calibration-wide-f16.gguf'))
  expect(size).toBeGreaterThan(300e6)
  expect(blocks * 512).toBeLessThan(1e6)
  const backend = createEmbeddedBackend({ threads: 1, log: { info() {}, warn() {} } })
  onTestFinished(() => backend.close())
  const signal = new AbortController().signal
  // One narrow, one with experts, and the type that is meant for experts.
  for (const { part, path, sample } of models) {
    if (part === 'wide' && sample.type !== 'MXFP4') continue
    const seconds = await fastestToken(backend, path, { tokens: 3, threads: 1, signal })
    expect(seconds, path).toBeGreaterThan(0)
    expect(seconds, path).toBeLessThan(60)
  }
}, 60_000)

test('a calibration is kept for the processor it was made on', async () => {
  const folder = join(await tempFolder(), 'models')
  const file = join(folder, 'cpu.json')
  const speed = createCpuSpeed({ file, threads: 0 })
  expect(await speed.read(CPU)).toBeUndefined()
  await speed.keep(CPU, PROFILE)
  expect(await readdir(folder)).toEqual(['cpu.json'])
  expect(await readFile(file, 'utf8')).toContain('AMD EPYC')
  expect(await createCpuSpeed({ file, threads: 0 }).read(CPU)).toEqual(PROFILE)
  expect(await speed.read({ ...CPU, quota: 2 })).toBeUndefined()
  expect(await speed.read({ ...CPU, name: 'Xeon' })).toBeUndefined()
  expect(await createCpuSpeed({ file, threads: 4 }).read(CPU)).toBeUndefined()
})
