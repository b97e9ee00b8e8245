import { expect, test } from 'vitest'
import { type KnownDevice, whatIfMachine } from '../../../engine/fit/what-if.ts'
import { knownDevice } from '../../../engine/hardware/device-table.ts'
import { GIB, machineWith } from '../../helpers/machines.ts'

const TABLE: (KnownDevice & { pattern: RegExp })[] = [
  card(/^(geforce )?rtx 4090$/i, {
    name: 'RTX 4090',
    gigabytes: [24],
    gbPerSecond: 1008,
    class: 'nvidia-gddr',
  }),
  card(/^(geforce )?rtx 3060$/i, {
    name: 'RTX 3060',
    gigabytes: [8, 12],
    gbPerSecond: 360,
    class: 'nvidia-gddr',
  }),
  card(/^h100$/i, { name: 'H100', gigabytes: [80], gbPerSecond: 3350, class: 'nvidia-hbm' }),
  card(/m3 ultra$/i, {
    name: 'Apple M3 Ultra',
    gigabytes: [96, 256, 512],
    gbPerSecond: 819,
    class: 'apple-ultra',
    isUnified: true,
  }),
  card(/^tpu v5p$/i, { name: 'TPU v5p', gigabytes: [95], gbPerSecond: 2765, class: 'none' }),
]

function card(pattern: RegExp, facts: Omit<KnownDevice, 'isUnified'> & { isUnified?: boolean }) {
  return { pattern, isUnified: false, ...facts }
}

const byName = (name: string) => TABLE.find(({ pattern }) => pattern.test(name))
const here = machineWith([], { gibibytes: 64, dataSheet: 89.6, cores: 12 })

test.each<[string, number, string, number, number]>([
  ['RTX 4090', 1, 'RTX 4090', 24, 64],
  ['2x RTX 3060', 2, 'RTX 3060', 12, 64],
  ['2 x GeForce RTX 3060 8GB', 2, 'RTX 3060', 8, 64],
  ['8×H100', 8, 'H100', 80, 64],
  ['RTX 4090 + 128 GB RAM', 1, 'RTX 4090', 24, 128],
  ['4 × rtx 4090 with 1 TB of memory', 4, 'RTX 4090', 24, 1024],
])('%s is %d × %s with %d GiB, and %d GiB of main memory', (text, count, name, gibibytes, ram) => {
  const machine = whatIfMachine(text, byName, here)
  expect(machine.devices.map((device) => device.name)).toEqual(Array.from({ length: count }, () => name))
  for (const device of machine.devices) {
    expect(device.totalBytes / GIB).toBe(gibibytes)
    expect(device.freeBytes).toBeLessThan(device.totalBytes)
  }
  expect(machine.ram.totalBytes / GIB).toBe(ram)
  expect(machine.cores).toBe(12)
})

test('different devices are joined by a plus', () => {
  const { devices } = whatIfMachine('RTX 4090 + 2x RTX 3060 12', byName, here)
  expect(devices.map(({ id, name }) => `${id} ${name}`)).toEqual([
    'GPU0 RTX 4090',
    'GPU1 RTX 3060',
    'GPU2 RTX 3060',
  ])
})

test('a Mac has one memory, of which its GPU may use three quarters', () => {
  const { devices, ram } = whatIfMachine('Mac Studio M3 Ultra 256', byName, here)
  expect(devices.map(({ totalBytes }) => totalBytes / GIB)).toEqual([192])
  expect(ram.totalBytes / GIB).toBe(256)
})

test.each([
  ['RTX 9999', '"RTX 9999" is no device that is known: try a name such as RTX 4090 or M3 Ultra'],
  ['', '"" is no device that is known: try a name such as RTX 4090 or M3 Ultra'],
  ['TPU v5p', 'TPU v5p cannot run models here: llama.cpp has no backend for it'],
  ['999x RTX 4090', '999 devices are more than the 64 that are planned for'],
  ['10000x RTX 4090', '10000 devices are more than the 64 that are planned for'],
  ['0x RTX 4090', '"0x RTX 4090" is no device that is known: try a name such as RTX 4090 or M3 Ultra'],
  ['40x RTX 4090 + 40x RTX 3060', '80 devices are more than the 64 that are planned for'],
  [
    'x'.repeat(5000),
    `"${'x'.repeat(80)}…" is no device that is known: try a name such as RTX 4090 or M3 Ultra`,
  ],
])('%s is refused', (text, message) => {
  expect(() => whatIfMachine(text, byName, here)).toThrow(message)
})

test.each([
  ['RTX 4090', 'GeForce RTX 4090'],
  ['Mac Studio M3 Ultra 512', 'Apple M3 Ultra'],
  ['MacBook Pro M4 Max', 'Apple M4 Max'],
  ['8×H100', 'H100 SXM5 80GB'],
  ['H100 PCIe', 'H100 PCIe'],
  ['A100 80', 'A100 SXM4 80GB'],
  ['16x A100 40 GB', 'A100 40GB'],
])('%s is found among all known devices as %s', (text, name) => {
  expect(whatIfMachine(text, knownDevice, here).devices[0]?.name).toBe(name)
})

test('a text of any length is answered at once', () => {
  expect(() => whatIfMachine('2x '.repeat(100_000), byName, here)).toThrow('is no device that is known')
})
