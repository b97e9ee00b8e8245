import { describe, expect, test } from 'vitest'
import {
  parseMigList,
  parseNvidiaCsv,
  parseNvidiaFree,
  parseNvidiaInformation,
  probeNvidia,
} from '../../../engine/hardware/nvidia.ts'
import { GIB, HOSTILE, recorded } from './recorded.ts'

const MIB = 2 ** 20
const UUID = 'GPU-b614723c-e261-4605-066e-79daab4c00ff'
const H200 = `0, ${UUID}, NVIDIA H200, 00000000:1B:00.0, 0x233510DE, 143771, 143153, 9.0, 570.133.20, Disabled`
const SPLIT = `0, ${UUID}, NVIDIA A100-SXM4-80GB, 00000000:07:00.0, 0x20B210DE, 81920, 81037, 8.0, 550.54.15, Enabled`
const GB10 = `0, GPU-1234abcd, NVIDIA GB10, 0000000F:01:00.0, 0x2E1210DE, [N/A], [N/A], 12.1, 580.95.05, [N/A]`

test('a card is read with everything that nvidia-smi tells', () => {
  expect(parseNvidiaCsv(`${H200}\n`)).toEqual([
    {
      isSplit: false,
      device: {
        kind: 'cuda',
        vendor: 'nvidia',
        index: 0,
        name: 'NVIDIA H200',
        isUnified: false,
        uuid: UUID,
        totalBytes: 143_771 * MIB,
        freeBytes: 143_153 * MIB,
        pciAddress: '0000:1b:00.0',
        pciId: '10de:2335',
        computeCapability: '9.0',
        driver: '570.133.20',
      },
    },
  ])
})

test.each([
  ['[N/A]'],
  ['[Not Supported]'],
  ['[Unknown Error]'],
  ['-1'],
  ['99999999999999999999'],
  ['1e9'],
  [''],
])('a field that says %j is unknown and spoils no other', (text) => {
  const [gpu] = parseNvidiaCsv(H200.replace('143771', text).replace('9.0', text).replace(UUID, text))
  expect(gpu?.device).toMatchObject({ name: 'NVIDIA H200', freeBytes: 143_153 * MIB })
  for (const key of ['totalBytes', 'computeCapability', 'uuid']) expect(gpu?.device).not.toHaveProperty(key)
})

test.each<[string, string]>([
  ['a line of another shape', `${H200}, more`],
  ['a card without a number', H200.replace('0,', 'x,')],
  ['a card without a name', H200.replace('NVIDIA H200', '[Unknown Error]')],
  ['the header', 'index, uuid, name, pci.bus_id, x, memory.total, memory.free, compute_cap, driver, mig'],
  ...HOSTILE.map((text): [string, string] => [JSON.stringify(text).slice(0, 40), text]),
])('%s is no card', (_what, text) => {
  expect(parseNvidiaCsv(text)).toEqual([])
  expect(parseNvidiaFree(text)).toEqual(new Map())
  expect(parseMigList(text)).toEqual(new Map())
  expect(parseNvidiaInformation(text)).toBeUndefined()
})

test('control characters of a broken driver do not reach a terminal', () => {
  expect(parseNvidiaCsv(H200.replace('NVIDIA H200', '\u001b[2JH200'))[0]?.device.name).toBe('[2JH200')
})

test('slices are read in the new and the old notation, for their own cards', () => {
  const text = `GPU 0: NVIDIA A100-SXM4-80GB (UUID: ${UUID})
  MIG 3g.40gb     Device  0: (UUID: MIG-ec4c3916-65fa-5948-b9b5-9f21a2ddfcc0)
  MIG 1c.3g.40gb  Device  1: (UUID: MIG-${UUID}/2/0)
GPU 1: NVIDIA A100-SXM4-80GB (UUID: GPU-e52dfcc4-406d-a3d4-f787-4402b535877a)
  MIG 1g.10gb+me  Device  0: (UUID: MIG-676485be-683e-5129-83a5-f856e2ed922e)
  MIG broken
`
  expect([...parseMigList(text)]).toEqual([
    [
      UUID,
      [
        { profile: '3g.40gb', uuid: 'MIG-ec4c3916-65fa-5948-b9b5-9f21a2ddfcc0' },
        { profile: '1c.3g.40gb', uuid: `MIG-${UUID}/2/0` },
      ],
    ],
    [
      'GPU-e52dfcc4-406d-a3d4-f787-4402b535877a',
      [{ profile: '1g.10gb+me', uuid: 'MIG-676485be-683e-5129-83a5-f856e2ed922e' }],
    ],
  ])
})

test('free memory is told by UUID', () => {
  expect([...parseNvidiaFree(`${UUID}, 1024\nGPU-abcd1234, [N/A]\n`)]).toEqual([[UUID, GIB]])
})

const QUERY = '--query-gpu'
const smi = (answers: Record<string, string | { text: string; failure: string }>) => ({
  programs: { 'nvidia-smi': answers },
})

describe('the probe', () => {
  test('asks for slices only where a card is split, and says when there are none', async () => {
    const list = `GPU 0: NVIDIA A100 (UUID: ${UUID})\n  MIG 1g.10gb Device 0: (UUID: MIG-abcd)\n`
    const found = await probeNvidia(recorded(smi({ [QUERY]: SPLIT, '-L': list })))
    expect(found).toMatchObject({ devices: [{ mig: [{ profile: '1g.10gb' }] }], notes: [] })
    const none = await probeNvidia(recorded(smi({ [QUERY]: SPLIT, '-L': `GPU 0: x (UUID: ${UUID})\n` })))
    expect(none).toMatchObject({
      devices: [{ mig: [] }],
      notes: ['NVIDIA A100-SXM4-80GB is in MIG mode without slices: it cannot be used'],
    })
    const asked: string[] = []
    await probeNvidia(recorded(smi({ [QUERY]: H200 }), asked))
    expect(asked).toHaveLength(1)
  })

  test('gives a DGX Spark the memory of the machine', async () => {
    const { devices } = await probeNvidia(recorded(smi({ [QUERY]: GB10 })))
    expect(devices).toMatchObject([{ isUnified: true, totalBytes: 64 * GIB, freeBytes: 48 * GIB }])
    expect(devices[0]).not.toHaveProperty('mig')
  })

  test('asks an old driver for what it knows', async () => {
    const failure = {
      text: 'Field "compute_cap" is not a valid field to query.\n\n',
      failure: 'it ended with 2',
    }
    const old = '0, GPU-abcd1234, Tesla K80, 00000000:00:1E.0, 0x102D10DE, 11441, 11000, 418.87'
    const found = await probeNvidia(
      recorded(
        smi({
          '--query-gpu=index,uuid,name,pci.bus_id,pci.device_id,memory.total,memory.free,driver_version': old,
          [QUERY]: failure,
        }),
      ),
    )
    expect(found).toMatchObject({ devices: [{ name: 'Tesla K80', driver: '418.87' }], notes: [] })
  })

  test('keeps the cards it got and says that one may be missing', async () => {
    const answer = { text: `${H200}\n`, failure: 'it ended with 15 (Unable to determine the device handle)' }
    const { devices, notes } = await probeNvidia(recorded(smi({ [QUERY]: answer })))
    expect(devices).toHaveLength(1)
    expect(notes).toEqual([`nvidia-smi may have kept back a GPU: ${answer.failure}`])
  })

  test.each([
    ['nothing of NVIDIA', {}, 'no NVIDIA GPU: nvidia-smi: it is not installed'],
    [
      'a driver that does not answer',
      smi({ [QUERY]: { text: '', failure: 'it gave no answer within 10 s' } }),
      'no NVIDIA GPU: nvidia-smi: it gave no answer within 10 s',
    ],
    [
      'a driver without its tool',
      {
        files: {
          '/proc/driver/nvidia/version':
            'NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.133.20  Sun Apr  6 2025\nGCC version: 12\n',
          '/proc/driver/nvidia/gpus/0000:1b:00.0/information':
            'Model: \t\t NVIDIA H200\nIRQ:   \t\t 19\nGPU UUID: \t GPU-1\n',
        },
      },
      'the NVIDIA driver 570.133.20 is loaded and has NVIDIA H200, but nvidia-smi: it is not installed',
    ],
    [
      'the driver of Linux itself',
      {
        files: {
          '/sys/class/drm/card0/device/vendor': '0x10de\n',
          '/sys/class/drm/card0/device/device': '0x2204\n',
          '/sys/class/drm/card0/device/uevent': 'DRIVER=nouveau\nPCI_SLOT_NAME=0000:01:00.0\n',
        },
      },
      "an NVIDIA GPU (10de:2204) has the driver nouveau instead of NVIDIA's own: it cannot be used. " +
        'nvidia-smi: it is not installed',
    ],
  ])('explains %s', async (_what, recording, note) => {
    expect(await probeNvidia(recorded(recording))).toEqual({ devices: [], notes: [note] })
  })

  test('finds the GPU of a Jetson without nvidia-smi', async () => {
    const files = {
      '/proc/device-tree/compatible': 'nvidia,p3737-0000+p3701-0005\0nvidia,p3701-0005\0nvidia,tegra234\0',
      '/proc/device-tree/model': 'NVIDIA Jetson AGX Orin Developer Kit\0',
    }
    const { devices } = await probeNvidia(recorded({ files }))
    expect(devices).toMatchObject([
      { kind: 'cuda', name: 'NVIDIA Jetson AGX Orin Developer Kit', isUnified: true, totalBytes: 64 * GIB },
    ])
  })

  test.each([
    ['WSL', { programs: { '/usr/lib/wsl/lib/nvidia-smi': { [QUERY]: H200 } } }],
    [
      'Windows',
      {
        platform: 'win32' as const,
        variables: { SYSTEMROOT: 'D:\\Windows' },
        programs: { 'D:\\Windows\\System32\\nvidia-smi.exe': { [QUERY]: H200.replaceAll('\n', '\r\n') } },
      },
    ],
  ])('finds the tool where %s has it', async (_system, recording) => {
    expect((await probeNvidia(recorded(recording))).devices).toHaveLength(1)
  })
})
