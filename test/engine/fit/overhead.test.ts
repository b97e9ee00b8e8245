import { expect, test } from 'vitest'
import { deviceOverheadBytes, type MeasuredDevice, projectorBytes } from '../../../engine/fit/overhead.ts'

const MIB = 2 ** 20
const GIB = 1024 * MIB

test.each<[string, MeasuredDevice, number]>([
  ['measured by its driver pays for a context', { totalBytes: 24 * GIB, measuredBy: 'driver' }, 1524],
  ['measured by ggml has paid for it already', { totalBytes: 24 * GIB, measuredBy: 'ggml' }, 1024],
  [
    'that draws a desktop keeps room for it',
    { totalBytes: 24 * GIB, measuredBy: 'ggml', drivesDisplay: true },
    1324,
  ],
  ['of 4 GiB keeps half a GiB', { totalBytes: 4 * GIB, measuredBy: 'ggml' }, 512],
  ['of 5.5 GiB keeps a tenth', { totalBytes: 5.5 * GIB, measuredBy: 'ggml' }, 563.2],
  [
    'that shares memory with the machine has no context',
    { totalBytes: 4 * GIB, measuredBy: 'driver', isUnified: true },
    1024,
  ],
])('a device %s', (_, device, mib) => {
  expect(deviceOverheadBytes(device)).toBeCloseTo(mib * MIB, -1)
})

test('a projector takes a GiB beside its weights', () => {
  expect(projectorBytes(600 * MIB)).toBe(1624 * MIB)
})
