import os from 'node:os'
import { expect, test } from 'vitest'
import { probeHardware, withMeasuredRam } from '../../../engine/hardware/probe.ts'
import { systemReaders } from '../../../engine/hardware/readers.ts'
import { GIB, HOSTILE, recorded } from './recorded.ts'

test('the probe of this machine finds its memory and processor and explains what it did not find', async () => {
  const { devices, ram, cpu, notes } = await probeHardware(systemReaders({ PATH: process.env.PATH }))
  expect(ram.totalBytes).toBeGreaterThan(0)
  expect(ram.totalBytes).toBeLessThanOrEqual(os.totalmem())
  expect(ram.availableBytes).toBeGreaterThan(0)
  expect(ram.availableBytes).toBeLessThanOrEqual(ram.totalBytes)
  expect(cpu.name).not.toBe('')
  expect(cpu.physicalCores).toBeGreaterThanOrEqual(1)
  expect(cpu.logicalCores).toBe(os.availableParallelism())
  expect(devices.at(-1)).toMatchObject({ kind: 'cpu', name: cpu.name, freeBytes: ram.availableBytes })
  for (const vendor of ['nvidia', 'amd', 'intel']) {
    const isExplained = notes.some((note) => note.toLowerCase().includes(vendor))
    expect(isExplained || devices.some((device) => device.vendor === vendor)).toBe(
      process.platform === 'linux',
    )
  }
})

const SMI = (name: string, more: string) =>
  `0, GPU-abcd1234, ${name}, 00000000:01:00.0, 0x268410DE, ${more}, 8.9, 570.1, [N/A]\n`

test('a machine with two makes of cards has them counted by kind, masked and with figures of the table', async () => {
  const files = {
    '/sys/class/drm/card1/device/vendor': '0x1002\n',
    '/sys/class/drm/card1/device/device': '0x744c\n',
    '/sys/class/drm/card1/device/product_name': 'AMD Radeon RX 7900 XTX\n',
    '/sys/class/drm/card1/device/mem_info_vram_total': '25753026560\n',
    '/sys/class/drm/card2/device/vendor': '0x8086\n',
    '/sys/class/drm/card2/device/device': '0x46a6\n',
  }
  const { devices } = await probeHardware(
    recorded({
      files,
      programs: { 'nvidia-smi': { '--query-gpu': SMI('NVIDIA GeForce RTX 4090', '24564, 24000') } },
      variables: { CUDA_VISIBLE_DEVICES: '-1' },
    }),
  )
  expect(devices).toMatchObject([
    {
      kind: 'cuda',
      index: 0,
      maskedBy: 'CUDA_VISIBLE_DEVICES',
      bandwidth: { gbPerSecond: 1008, source: 'table' },
    },
    { kind: 'vulkan', index: 0, vendor: 'amd', bandwidth: { gbPerSecond: 960, source: 'table' } },
    { kind: 'vulkan', index: 1, vendor: 'intel', bandwidth: { source: 'estimate' } },
    { kind: 'cpu' },
  ])
})

test('where the GPU shares memory, main memory has the bandwidth of the table; measuring corrects it', async () => {
  const hardware = await probeHardware(
    recorded({ programs: { 'nvidia-smi': { '--query-gpu': SMI('NVIDIA GB10', '[N/A], [N/A]') } } }),
  )
  expect(hardware.ram.bandwidth).toEqual({ gbPerSecond: 273, source: 'table' })
  const measured = withMeasuredRam(hardware, 200)
  expect(measured.ram.bandwidth).toEqual({ gbPerSecond: 200, source: 'measured' })
  expect(measured.devices.at(-1)?.bandwidth).toEqual({ gbPerSecond: 200, source: 'measured' })
})

test('on Windows a card that NVIDIA’s tool names is not named again', async () => {
  const adapters = [
    { Name: 'NVIDIA GeForce RTX 4090', PNPDeviceID: 'PCI\\VEN_10DE&DEV_2684' },
    { Name: 'AMD Radeon RX 7900 XTX', PNPDeviceID: 'PCI\\VEN_1002&DEV_744C' },
  ]
  const { devices } = await probeHardware(
    recorded({
      platform: 'win32',
      programs: {
        'C:\\Windows\\System32\\nvidia-smi.exe': { '--query': SMI('NVIDIA GeForce RTX 4090', '24564, 1') },
        'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe': {
          '-NoProfile': JSON.stringify({ adapters, registry: [] }),
        },
      },
    }),
  )
  expect(devices.map(({ kind, index }) => `${kind}${index}`)).toEqual(['cuda0', 'vulkan0', 'cpu0'])
})

test('limits and memory nodes are told', async () => {
  const node = (id: number) => ({
    [`/sys/devices/system/node/node${id}/cpulist`]: `${id}\n`,
    [`/sys/devices/system/node/node${id}/meminfo`]: `Node ${id} MemTotal: 1024 kB\n`,
  })
  const files = {
    ...node(0),
    ...node(1),
    '/proc/meminfo':
      'MemTotal: 67108864 kB\nMemAvailable: 67108864 kB\nSwapTotal: 1048576 kB\nSwapFree: 0 kB\n',
    '/proc/self/cgroup': '0::/\n',
    '/sys/fs/cgroup/memory.max': String(2 * GIB),
  }
  const { notes } = await probeHardware(recorded({ files }))
  expect(notes).toEqual(
    expect.arrayContaining([
      'the control group allows 2.0 GiB of main memory',
      '1.0 GiB of swap are not counted',
      '2 memory nodes: weights on another node than the cores are read more slowly',
    ]),
  )
})

test.each(['linux', 'darwin', 'win32', 'freebsd'] as const)(
  'tools that say anything do not break it on %s',
  async (platform) => {
    for (const text of HOSTILE) {
      const said = new Proxy({}, { get: () => ({ '': text }) })
      const { devices } = await probeHardware(recorded({ platform, architecture: 'arm64', programs: said }))
      expect(devices.filter(({ kind }) => kind === 'cuda' || kind === 'vulkan')).toEqual([])
    }
  },
)

test('programs that are missing, fail, say too much or never end are told apart', async () => {
  const { run, readText, list } = systemReaders({ PATH: process.env.PATH })
  const node = (code: string) => run(process.execPath, ['-e', code])
  expect(await run('snug-no-such-program', [])).toEqual({ text: '', failure: 'it is not installed' })
  expect(await node("console.log('No devices were found'); process.exit(6)")).toEqual({
    text: 'No devices were found\n',
    failure: 'it ended with 6 (No devices were found)',
  })
  expect((await node("process.stdout.write('x'.repeat(2 << 20))")).failure).toBe('it said far too much')
  expect(await node('console.log(process.env.LC_ALL)')).toEqual({ text: 'C\n' })
  expect(await readText('/snug/no/such/file')).toBeUndefined()
  expect(await list('/snug/no/such/folder')).toEqual([])
})
