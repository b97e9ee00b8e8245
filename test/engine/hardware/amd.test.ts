import { describe, expect, test } from 'vitest'
import { amdName, gfxOverride, memoryOf, probeAmd } from '../../../engine/hardware/amd.ts'
import { bankBandwidth, parseKfdNode } from '../../../engine/hardware/kfd.ts'
import { parseProperties } from '../../../engine/hardware/pci-cards.ts'
import { GIB, HOSTILE, recorded } from './recorded.ts'

const NODE = `cpu_cores_count 0
simd_count 192
mem_banks_count 1
gfx_target_version 110000
vendor_id 4098
device_id 29772
location_id 768
domain 0
drm_render_minor 128
unique_id 9004149066219862957
`
const GDDR6 = 'heap_type 1\nsize_in_bytes 25753026560\nflags 0\nwidth 384\nmem_clk_max 1249\n'

test('a node of KFD is a GPU with its version, address, identity and bandwidth', () => {
  expect(parseKfdNode(NODE, GDDR6)).toEqual({
    gfx: 'gfx1100',
    isApu: false,
    pciAddress: '0000:03:00.0',
    uuid: 'GPU-7cf529dea4b33bad',
    bandwidth: { gbPerSecond: 959, source: 'driver' },
  })
})

test.each([
  [90_010, 'gfx90a'],
  [90_402, 'gfx942'],
  [100_300, 'gfx1030'],
  [110_501, 'gfx1151'],
  [120_001, 'gfx1201'],
])('target version %d is %s', (version, gfx) => {
  expect(parseKfdNode(`simd_count 8\ngfx_target_version ${version}\n`, undefined)?.gfx).toBe(gfx)
})

test.each<[string, string | undefined]>([
  ['a processor', 'cpu_cores_count 32\nsimd_count 0\ngfx_target_version 0\n'],
  ['a node that may not be read', undefined],
  ['a version that cannot be', 'simd_count 4\ngfx_target_version 99999999999\n'],
  ['a negative version', 'simd_count 4\ngfx_target_version -1\n'],
  ...HOSTILE.map((text): [string, string] => [JSON.stringify(text).slice(0, 40), text]),
])('%s is no GPU of KFD', (_what, text) => {
  expect(parseKfdNode(text, text)).toBeUndefined()
})

test.each([
  ['GDDR6', GDDR6, 959],
  ['stacked memory', 'width 4096\nmem_clk_max 1600\n', 1638],
  ['no width', 'width 0\nmem_clk_max 1249\n', undefined],
  ['a clock that cannot be', 'width 384\nmem_clk_max 4294967295\n', undefined],
])('bandwidth by KFD: %s', (_what, text, expected) => {
  expect(bankBandwidth(text)?.gbPerSecond).toBe(expected)
})

test('properties that are no number are left out', () => {
  expect([...parseProperties('a 1\nb x\nc -3\nd 1 2\n e 5 \n')]).toEqual([
    ['a', 1],
    ['e', 5],
  ])
})

test.each([
  ['100', '30', { totalBytes: 100, freeBytes: 70 }],
  ['100', '130', { totalBytes: 100, freeBytes: 0 }],
  ['100', undefined, { totalBytes: 100 }],
  ['x', '3', {}],
  ['99999999999999999999', '3', {}],
  [undefined, undefined, {}],
])('of %s bytes in all and %s in use', (total, used, expected) => {
  expect(memoryOf(total, used)).toEqual(expected)
})

const IDS =
  '# List of AMDGPU IDs\n1.0.0\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC,\tAMD Radeon RX 7900 XT\n'
test.each([
  ['1002:744c', 'c8', 'AMD Radeon RX 7900 XTX'],
  ['1002:744c', 'cc', 'AMD Radeon RX 7900 XT'],
  ['1002:744c', 'ff', undefined],
  ['1002:ffff', 'c8', undefined],
])('libdrm calls %s, revision %s, %s', (pciId, revision, expected) => {
  expect(amdName(IDS, { pciId, revision })).toBe(expected)
})

test.each([
  ['11.0.0', 'gfx1100'],
  ['9.0.10', 'gfx90a'],
  ['gfx1100', undefined],
  ['', undefined],
])('HSA_OVERRIDE_GFX_VERSION=%s', (version, gfx) => {
  expect(gfxOverride(version)).toBe(gfx)
})

const card = (at: number, files: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`/sys/class/drm/card${at}/device/${name}`, text]),
  )
const XTX = card(0, {
  vendor: '0x1002\n',
  device: '0x744c\n',
  revision: '0xc8\n',
  uevent: 'DRIVER=amdgpu\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:03:00.0\n',
  mem_info_vram_total: '25753026560\n',
  mem_info_vram_used: '1000000000\n',
  mem_info_gtt_total: '33000000000\n',
  mem_info_gtt_used: '0\n',
})
const APU = card(1, {
  vendor: '0x1002\n',
  device: '0x1586\n',
  revision: '0xc1\n',
  uevent: 'DRIVER=amdgpu\nPCI_SLOT_NAME=0000:c4:00.0\n',
  mem_info_vram_total: '536870912\n',
  mem_info_vram_used: '200000000\n',
  mem_info_gtt_total: String(62 * GIB),
  mem_info_gtt_used: String(2 * GIB),
})
const KFD = '/sys/class/kfd/kfd/topology/nodes'
const TOPOLOGY = {
  [`${KFD}/0/properties`]: 'cpu_cores_count 32\nsimd_count 0\n',
  [`${KFD}/1/properties`]: NODE,
  [`${KFD}/1/mem_banks/0/properties`]: GDDR6,
  '/usr/share/libdrm/amdgpu.ids': IDS,
}

describe('the probe', () => {
  test('joins what amdgpu and ROCm tell of a card', async () => {
    const { devices, notes } = await probeAmd(recorded({ files: { ...XTX, ...TOPOLOGY } }))
    expect(devices).toEqual([
      {
        kind: 'rocm',
        vendor: 'amd',
        index: 0,
        name: 'AMD Radeon RX 7900 XTX',
        isUnified: false,
        totalBytes: 25_753_026_560,
        freeBytes: 24_753_026_560,
        pciAddress: '0000:03:00.0',
        pciId: '1002:744c',
        gfx: 'gfx1100',
        uuid: 'GPU-7cf529dea4b33bad',
        driver: 'amdgpu',
        bandwidth: { gbPerSecond: 959, source: 'driver' },
      },
    ])
    expect(notes).toEqual([])
  })

  test('without ROCm a card is one for Vulkan, and the reason is told', async () => {
    const { devices, notes } = await probeAmd(recorded({ files: XTX }))
    expect(devices).toMatchObject([{ kind: 'vulkan', totalBytes: 25_753_026_560 }])
    expect(notes[0]).toContain('ROCm cannot be used')
  })

  test('graphics in the processor have the memory that the GPU may map', async () => {
    const { devices } = await probeAmd(recorded({ files: APU }))
    expect(devices).toMatchObject([{ isUnified: true, totalBytes: 62 * GIB, freeBytes: 60 * GIB }])
  })

  test('where the firmware gave them most of it, they have that piece', async () => {
    const large = {
      ...APU,
      ...card(1, {
        product_name: 'Radeon 8060S Graphics\n',
        mem_info_vram_total: String(96 * GIB),
        mem_info_vram_used: '0',
        mem_info_gtt_total: String(16 * GIB),
      }),
    }
    const { devices } = await probeAmd(recorded({ files: large }))
    expect(devices).toMatchObject([{ isUnified: false, totalBytes: 96 * GIB }])
  })

  test('an override is shown as what ROCm will see', async () => {
    const variables = { HSA_OVERRIDE_GFX_VERSION: '10.3.0' }
    const { devices, notes } = await probeAmd(recorded({ files: { ...XTX, ...TOPOLOGY }, variables }))
    expect(devices[0]?.gfx).toBe('gfx1030')
    expect(notes).toEqual(['HSA_OVERRIDE_GFX_VERSION makes ROCm take every AMD GPU for gfx1030'])
  })

  test('hostile files give a card without figures, or none', async () => {
    for (const text of HOSTILE) {
      const files = Object.fromEntries(Object.keys({ ...XTX, ...TOPOLOGY }).map((path) => [path, text]))
      expect((await probeAmd(recorded({ files }))).devices).toEqual([])
      const known = { ...files, ...card(0, { vendor: '0x1002', device: '0x744c' }) }
      const [device] = (await probeAmd(recorded({ files: known }))).devices
      expect(device).not.toHaveProperty('totalBytes')
    }
  })
})
