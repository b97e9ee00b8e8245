import { expect, test } from 'vitest'
import {
  bandwidthRecord,
  bootId,
  measureRamBandwidth,
  parseBandwidthRecord,
} from '../../../engine/hardware/ram-bandwidth.ts'
import { GIB, HOSTILE, recorded } from './recorded.ts'

test('memory is read at a speed that memories have, while the event loop goes on', async () => {
  let ticks = 0
  const timer = setInterval(() => ticks++, 5)
  try {
    const measured = await measureRamBandwidth({ threads: 2, freeBytes: 2 * GIB })
    expect(measured?.threads).toBe(2)
    // From a busy virtual machine to a server with twelve channels on each of two sockets.
    expect(measured?.gbPerSecond).toBeGreaterThan(0.5)
    expect(measured?.gbPerSecond).toBeLessThan(3000)
    expect(ticks).toBeGreaterThan(5)
  } finally {
    clearInterval(timer)
  }
})

test('where memory is short nothing is measured', async () => {
  expect(await measureRamBandwidth({ threads: 8, freeBytes: GIB / 2 })).toBeUndefined()
})

test('a measurement that is given up ends without a figure', async () => {
  const options = { threads: 1, freeBytes: GIB, signal: AbortSignal.abort() }
  expect(await measureRamBandwidth(options)).toBeUndefined()
})

test('a record is good for the boot it was made in', () => {
  const text = bandwidthRecord('boot-1', { gbPerSecond: 23.5, threads: 2 })
  expect(parseBandwidthRecord(text, 'boot-1')).toEqual({ gbPerSecond: 23.5, threads: 2 })
  expect(parseBandwidthRecord(text, 'boot-2')).toBeUndefined()
})

test.each([
  ...HOSTILE,
  '{"boot":"b","threads":1,"gbPerSecond":-1}',
  '{"boot":"b","threads":1e9,"gbPerSecond":1}',
])('a record that says %.60j is none', (text) => {
  expect(parseBandwidthRecord(text, 'b')).toBeUndefined()
})

test.each([
  [
    'Linux',
    { files: { '/proc/sys/kernel/random/boot_id': '6f2a1c1e-0000-4000-8000-0123456789ab\n' } },
    '6f2a1c1e-0000-4000-8000-0123456789ab',
  ],
  ['Linux, damaged', { files: { '/proc/sys/kernel/random/boot_id': '../../etc\n' } }, undefined],
  [
    'macOS',
    {
      platform: 'darwin' as const,
      programs: { '/usr/sbin/sysctl': { '-n': '{ sec = 1700000000, usec = 5 } Tue Nov 14\n' } },
    },
    'sec = 1700000000',
  ],
  ['Windows', { platform: 'win32' as const }, undefined],
])('the boot of %s', async (_system, recording, expected) => {
  expect(await bootId(recorded(recording))).toBe(expected)
})
