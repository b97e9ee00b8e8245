import { describe, expect, test } from 'vitest'
import {
  metalLimit,
  parseGpuCores,
  parseSysctl,
  parseVmStat,
  probeApple,
} from '../../../engine/hardware/apple.ts'
import { probeIntel } from '../../../engine/hardware/intel.ts'
import { parseVulkanSummary, withVulkan } from '../../../engine/hardware/vulkan.ts'
import { parseWindowsAdapters, probeWindows } from '../../../engine/hardware/windows.ts'
import { GIB, HOSTILE, recorded } from './recorded.ts'

const intel = (device: string, more: Record<string, string> = {}) => ({
  '/sys/class/drm/card0/device/vendor': '0x8086\n',
  '/sys/class/drm/card0/device/device': `${device}\n`,
  '/sys/class/drm/card0/device/uevent': 'DRIVER=xe\nPCI_SLOT_NAME=0000:03:00.0\n',
  ...more,
})

describe('Intel', () => {
  test.each([
    [
      'the driver xe, tile by tile',
      intel('0xe20b', {
        '/sys/class/drm/card0/device/tile0/physical_vram_size_bytes': '0x300000000\n',
        '/sys/class/drm/card0/device/tile1/physical_vram_size_bytes': '4294967296\n',
      }),
      { name: 'Intel Arc B580', totalBytes: 16 * GIB, isUnified: false },
    ],
    [
      'the driver i915 as Intel ships it',
      intel('0x56a0', { '/sys/class/drm/card0/lmem_total_bytes': '17179869184\n' }),
      { name: 'Intel Arc A770', totalBytes: 16 * GIB, isUnified: false },
    ],
    [
      'graphics in the processor, whose memory is the machine’s',
      intel('0x46a6'),
      { name: 'Intel graphics 8086:46a6', totalBytes: 64 * GIB, freeBytes: 48 * GIB, isUnified: true },
    ],
  ])('%s', async (_what, files, expected) => {
    const { devices, notes } = await probeIntel(recorded({ files }))
    expect(devices).toMatchObject([
      { kind: 'vulkan', vendor: 'intel', pciAddress: '0000:03:00.0', ...expected },
    ])
    expect(notes).toEqual([])
  })

  test.each(HOSTILE)('a card whose driver tells %.40j has no size, and a note says so', async (text) => {
    const files = intel('0x56a0', {
      '/sys/class/drm/card0/lmem_total_bytes': text,
      '/sys/class/drm/card0/device/tile0/physical_vram_size_bytes': text,
    })
    const { devices, notes } = await probeIntel(recorded({ files }))
    expect(devices[0]).not.toHaveProperty('totalBytes')
    expect(notes).toEqual(['Intel Arc A770: its driver tells no size of memory, the engine has to'])
  })
})

const SUMMARY = `==========
VULKANINFO
==========

Devices:
========
GPU0:
	apiVersion         = 1.3.289
	vendorID           = 0x10de
	deviceID           = 0x2704
	deviceType         = PHYSICAL_DEVICE_TYPE_DISCRETE_GPU
	deviceName         = NVIDIA GeForce RTX 4080
	driverName         = NVIDIA
	driverInfo         = 565.77
	deviceUUID         = 3d28c8d2-dcc3-dcb6-1da6-5a521f0bcd6d
GPU1:
        vendorID           = 0x8086
        deviceID           = 0xa7ac
        deviceType         = PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU
        deviceName         = Intel(R) Graphics (RPL-U)
        driverName         = Intel open-source Mesa driver
        driverInfo         = Mesa 25.0.3-1ubuntu2
        deviceUUID         = 8680aca7-0400-0000-0002-000000000000
GPU2:
	vendorID           = 0x10005
	deviceID           = 0x0000
	deviceType         = PHYSICAL_DEVICE_TYPE_CPU
	deviceName         = llvmpipe (LLVM 19.1.0, 256 bits)
	driverName         = llvmpipe
`
const vulkan = (text: string) => recorded({ programs: { vulkaninfo: { '--summary': text } } })

describe('Vulkan', () => {
  test('its summary is read device by device', () => {
    expect(parseVulkanSummary(SUMMARY)).toEqual([
      {
        index: 0,
        name: 'NVIDIA GeForce RTX 4080',
        type: 'discrete',
        pciId: '10de:2704',
        uuid: '3d28c8d2-dcc3-dcb6-1da6-5a521f0bcd6d',
        driver: 'NVIDIA 565.77',
      },
      {
        index: 1,
        name: 'Intel(R) Graphics (RPL-U)',
        type: 'integrated',
        pciId: '8086:a7ac',
        uuid: '8680aca7-0400-0000-0002-000000000000',
        driver: 'Intel open-source Mesa driver Mesa 25.0.3-1ubuntu2',
      },
      { index: 2, name: 'llvmpipe (LLVM 19.1.0, 256 bits)', type: 'cpu', driver: 'llvmpipe' },
    ])
  })

  test('cards that are known already get their number and name, new ones are added, the processor is not', async () => {
    const base = { index: 0, isUnified: false } as const
    const { devices, notes } = await withVulkan(vulkan(SUMMARY), [
      {
        ...base,
        kind: 'cuda',
        vendor: 'nvidia',
        name: 'NVIDIA GeForce RTX 4080',
        uuid: 'GPU-3d28c8d2-dcc3-dcb6-1da6-5a521f0bcd6d',
      },
      { ...base, kind: 'vulkan', vendor: 'intel', name: 'Intel graphics 8086:a7ac', pciId: '8086:a7ac' },
    ])
    expect(devices).toMatchObject([
      { kind: 'cuda', vulkanIndex: 0 },
      { kind: 'vulkan', vulkanIndex: 1, name: 'Intel(R) Graphics (RPL-U)' },
    ])
    expect(devices).toHaveLength(2)
    expect(notes).toEqual(["Vulkan's llvmpipe (LLVM 19.1.0, 256 bits) is the processor, not a GPU"])
    const alone = await withVulkan(vulkan(SUMMARY), [])
    expect(alone.devices.map(({ kind, vendor, index }) => [kind, vendor, index])).toEqual([
      ['vulkan', 'nvidia', 0],
      ['vulkan', 'intel', 1],
    ])
  })

  test('two cards of one make stay two', async () => {
    const twice = SUMMARY.replace('GPU1:', `GPU3:\n${SUMMARY.split('GPU0:\n')[1]?.split('GPU1')[0]}GPU1:`)
    const card = { kind: 'cuda', vendor: 'nvidia', isUnified: false, name: 'x', pciId: '10de:2704' } as const
    const { devices } = await withVulkan(vulkan(twice), [
      { ...card, index: 0 },
      { ...card, index: 1 },
    ])
    expect(devices.filter(({ kind }) => kind === 'cuda').map(({ vulkanIndex }) => vulkanIndex)).toEqual([
      0, 3,
    ])
  })

  test.each(HOSTILE)('%.40j names no device', async (text) => {
    expect(parseVulkanSummary(text)).toEqual([])
    expect((await withVulkan(vulkan(text), [])).notes).toEqual([
      'Vulkan was not asked: vulkaninfo: it named no GPU',
    ])
  })
})

const VM_STAT = `Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               65536.
Pages active:                            500000.
Pages inactive:                           65536.
Pages speculative:                            1.
Pages purgeable:                              3.
`
const mac = (chip: string, gib: number, more: Record<string, Record<string, string>> = {}) =>
  recorded({
    platform: 'darwin',
    architecture: 'arm64',
    programs: {
      '/usr/sbin/sysctl': {
        machdep: `machdep.cpu.brand_string: ${chip}\nhw.memsize: ${gib * GIB}\niogpu.wired_limit_mb: 0\n`,
      },
      '/usr/bin/vm_stat': { '': VM_STAT },
      ...more,
    },
  })
const cores = (count: number) => ({
  '/usr/sbin/system_profiler': {
    SPDisplaysDataType: JSON.stringify({
      SPDisplaysDataType: [{ sppci_model: 'Apple M3 Max', sppci_cores: String(count), spdisplays_ndrvs: [] }],
    }),
  },
})

describe('Apple', () => {
  test.each([
    [16, '0', (16 / 3) * 2 * GIB],
    [36, undefined, 24 * GIB],
    [128, '0', 96 * GIB],
    [192, '172032', 168 * GIB],
    [64, '1000000', 64 * GIB],
    [64, '[N/A]', 48 * GIB],
  ])('of %d GiB with a limit of %s Metal takes %d bytes', (gib, limit, expected) => {
    expect(metalLimit(gib * GIB, limit)).toBe(Math.floor(expected))
  })

  test('free pages are counted with those that can be freed', () => {
    expect(parseVmStat(VM_STAT)).toBe((65_536 * 2 + 4) * 16_384)
  })

  test('what sysctl does not know is left out', () => {
    expect([...parseSysctl("hw.memsize: 1\nsysctl: unknown oid 'x'\na b: c\n")]).toEqual([
      ['hw.memsize', '1'],
    ])
  })

  test('a chip has one memory, of which Metal takes its part', async () => {
    const { devices, notes } = await probeApple(mac('Apple M2 Ultra', 192))
    expect(devices).toEqual([
      {
        kind: 'metal',
        vendor: 'apple',
        index: 0,
        name: 'Apple M2 Ultra',
        totalBytes: 144 * GIB,
        freeBytes: (65_536 * 2 + 4) * 16_384,
        isUnified: true,
      },
    ])
    expect(notes).toEqual([])
  })

  test.each([
    [30, 300, 0],
    [40, undefined, 0],
    [35, undefined, 1],
  ])('an M3 Max with %d GPU cores', async (count, gbPerSecond, notes) => {
    const found = await probeApple(mac('Apple M3 Max', 64, cores(count)))
    expect(found.devices[0]?.bandwidth?.gbPerSecond).toBe(gbPerSecond)
    expect(found.notes).toHaveLength(notes)
  })

  test('an Intel Mac has no GPU that llama.cpp uses', async () => {
    expect(await probeApple(recorded({ platform: 'darwin', architecture: 'x64' }))).toEqual({
      devices: [],
      notes: ['no GPU: llama.cpp uses Metal on Apple silicon only'],
    })
  })

  test.each([...HOSTILE, '{"SPDisplaysDataType":[{"sppci_cores":30}]}'])('%.40j tells nothing', (text) => {
    expect(parseVmStat(text)).toBeUndefined()
    expect(parseGpuCores(text)).toBeUndefined()
    expect(parseSysctl(text).size).toBe(0)
  })
})

const ADAPTERS = {
  adapters: [
    {
      Name: 'AMD Radeon RX 7900 XTX',
      PNPDeviceID: 'PCI\\VEN_1002&DEV_744C&SUBSYS_0',
      DriverVersion: '32.0.1',
    },
    { Name: 'Intel(R) Arc(TM) A770 Graphics', PNPDeviceID: 'PCI\\VEN_8086&DEV_56A0&X', DriverVersion: null },
    {
      Name: 'Microsoft Remote Display Adapter',
      PNPDeviceID: 'SWD\\REMOTEDISPLAYENUM\\1',
      DriverVersion: '10',
    },
  ],
  registry: [
    { DriverDesc: 'NVIDIA GeForce GTX 970', Memory: '4294967296' },
    { DriverDesc: 'AMD Radeon RX 7900 XTX', Memory: '' },
    { DriverDesc: 'AMD Radeon RX 7900 XTX', Memory: '25753026560' },
    { DriverDesc: 'Intel(R) Arc(TM) A770 Graphics', Memory: '0 0 0 0 4 0 0 0' },
  ],
}

describe('Windows', () => {
  test('adapters that are there get the memory of their driver; others are left out', () => {
    expect(parseWindowsAdapters(JSON.stringify(ADAPTERS))).toEqual([
      {
        kind: 'vulkan',
        vendor: 'amd',
        index: 0,
        name: 'AMD Radeon RX 7900 XTX',
        isUnified: false,
        pciId: '1002:744c',
        totalBytes: 25_753_026_560,
        driver: '32.0.1',
      },
      {
        kind: 'vulkan',
        vendor: 'intel',
        index: 1,
        name: 'Intel(R) Arc(TM) A770 Graphics',
        isUnified: false,
        pciId: '8086:56a0',
        totalBytes: 16 * GIB,
      },
    ])
  })

  test.each(['300 0 0 0 0 0 0 0', '-1', '1e12', 'x', '255 255 255 255 255 255 255 255'])(
    'memory of %j is unknown',
    (Memory) => {
      const text = JSON.stringify({
        ...ADAPTERS,
        registry: [{ DriverDesc: ADAPTERS.adapters[0]?.Name, Memory }],
      })
      expect(parseWindowsAdapters(text)[0]).not.toHaveProperty('totalBytes')
    },
  )

  test.each(HOSTILE)('PowerShell that says %.40j leaves a note', async (text) => {
    const program = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'
    const readers = recorded({ platform: 'win32', programs: { [program]: { '-NoProfile': text } } })
    expect(await probeWindows(readers)).toEqual({
      devices: [],
      notes: ['no list of graphics adapters: PowerShell: it made no sense'],
    })
  })
})
