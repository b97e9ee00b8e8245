import { describe, expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import type { CpuProfile } from '../../../engine/fit/cpu-profile.ts'
import type { EngineBuild, EngineDevice } from '../../../engine/hardware/reconcile.ts'
import { createInventory } from '../../../engine/planning/inventory.ts'
import { createReadMachine } from '../../../engine/planning/machine.ts'
import type { RamSpeed } from '../../../engine/planning/ram-speed.ts'
import { GIB, type Recording, recorded } from '../hardware/recorded.ts'

const MIB = 2 ** 20
const BUILD: EngineBuild = { platform: 'linux', architecture: 'x64', backends: ['cuda'] }
const SPEED: RamSpeed = { bytesPerSecond: 40e9 }

interface Scene extends Recording {
  engine?: () => readonly EngineDevice[]
  build?: Partial<EngineBuild>
  speed?: RamSpeed
  profile?: CpuProfile
}

/** A machine of recordings, and how often its engine was asked. */
function machineOf({ engine = () => [], build, speed = SPEED, profile, ...recording }: Scene) {
  const readers = recorded(recording)
  let asked = 0
  const engineDevices = async () => {
    asked++
    return engine()
  }
  const inventory = createInventory({ readers, build: async () => ({ ...BUILD, ...build }), engineDevices })
  const ramSpeed = async () => speed
  const cpuSpeed = { read: async () => profile }
  const parts = { readers, inventory, engineDevices, ramSpeed, cpuSpeed }
  return { read: createReadMachine(parts), asked: () => asked }
}

const cuda = (at: number, description: string, gib: number, pciAddress?: string): EngineDevice => ({
  name: `CUDA${at}`,
  description,
  totalBytes: gib * GIB,
  freeBytes: (gib - 1) * GIB,
  type: 'gpu',
  ...(pciAddress === undefined ? {} : { pciAddress }),
})

const CARDS = [
  '0, GPU-aaaa1111, NVIDIA L4, 00000000:01:00.0, 0x27B810DE, 23034, 22000, 8.9, 570.1, Disabled',
  '1, GPU-bbbb2222, NVIDIA GeForce RTX 4090, 00000000:41:00.0, 0x268410DE, 24564, 24000, 8.9, 570.1, [N/A]',
].join('\n')
const smi = (free: string, cards = CARDS) => ({
  'nvidia-smi': { '--query-gpu=uuid': free, '--query-gpu=index': cards },
})
// CUDA counts the fastest first, the driver's tool by place.
const ENGINE = () => [
  cuda(0, 'NVIDIA GeForce RTX 4090', 23.5, '0000:41:00.0'),
  cuda(1, 'NVIDIA L4', 22, '0000:01:00.0'),
]

test('a calibration of the processor is part of the machine, and nothing is where there is none', async () => {
  const profile = { bytesPerSecond: { Q8_0: 9e9 }, layerSeconds: 2e-5, expertLayerSeconds: 1e-5 }
  expect((await machineOf({ profile }).read()).machine.cpu).toEqual(profile)
  expect((await machineOf({}).read()).machine).not.toHaveProperty('cpu')
})

describe('two NVIDIA cards', () => {
  test('come in the engine’s order with its names, and with what the driver says is free', async () => {
    const programs = smi('GPU-aaaa1111, 1024\nGPU-bbbb2222, 2048\n')
    const { machine, cpuReason } = await machineOf({ programs, engine: ENGINE }).read()
    expect(cpuReason).toBeUndefined()
    expect(machine.devices).toEqual([
      {
        id: 'CUDA0',
        name: 'NVIDIA GeForce RTX 4090',
        speedClass: 'nvidia-gddr',
        totalBytes: 23.5 * GIB,
        freeBytes: 2 * GIB,
        measuredBy: 'driver',
        isUnified: false,
        bandwidth: 1008e9,
        tflops: 82.58,
      },
      expect.objectContaining({ id: 'CUDA1', name: 'NVIDIA L4', freeBytes: GIB, bandwidth: 300e9 }),
    ])
  })

  test('whose driver stops answering have what the engine says is free', async () => {
    const { read, asked } = machineOf({ programs: smi('[N/A]\n'), engine: ENGINE })
    const { machine } = await read()
    expect(machine.devices.map(({ freeBytes, measuredBy }) => [freeBytes, measuredBy])).toEqual([
      [22.5 * GIB, 'ggml'],
      [21 * GIB, 'ggml'],
    ])
    expect(asked()).toBe(2)
  })

  test('get nothing put on them when nobody tells what is free, and it is said', async () => {
    let calls = 0
    const engine = () => {
      if (++calls > 1) throw new EngineError('load_failed', 'the driver hangs')
      return ENGINE()
    }
    const { machine, notes } = await machineOf({ programs: smi('[N/A]\n'), engine }).read()
    expect(machine.devices.map(({ freeBytes }) => freeBytes)).toEqual([0, 0])
    expect(notes).toContain(
      'nobody tells what is free on CUDA0, CUDA1: nothing is put there: the driver hangs',
    )
  })

  test('are read anew with every call, the engine only once', async () => {
    const files: Record<string, string> = { '/proc/meminfo': meminfo(64, 40) }
    const programs = smi('GPU-aaaa1111, 1024\nGPU-bbbb2222, 2048\n')
    const { read, asked } = machineOf({ programs, engine: ENGINE, files })
    expect((await read()).machine.ram.availableBytes).toBe(40 * GIB)
    files['/proc/meminfo'] = meminfo(64, 10)
    expect((await read()).machine.ram.availableBytes).toBe(10 * GIB)
    expect(asked()).toBe(1)
  })

  test('without libraries for them are the reason why models run on the processor', async () => {
    const { machine, cpuReason } = await machineOf({
      programs: smi(''),
      build: { backends: [], packageVersion: '3.21.1' },
    }).read()
    const missing = 'is there, but the engine has no CUDA or Vulkan libraries'
    expect(machine.devices).toEqual([])
    expect(cpuReason).toContain(`NVIDIA L4 ${missing}: npm install @node-llama-cpp/linux-x64-cuda@3.21.1`)
    expect(cpuReason).toContain(`NVIDIA GeForce RTX 4090 ${missing}`)
  })

  test('that a variable hides are the reason, with its name', async () => {
    const variables = { CUDA_VISIBLE_DEVICES: '-1' }
    const { cpuReason } = await machineOf({ programs: smi(''), variables }).read()
    expect(cpuReason).toBe(
      'NVIDIA L4 is hidden by CUDA_VISIBLE_DEVICES; ' +
        'NVIDIA GeForce RTX 4090 is hidden by CUDA_VISIBLE_DEVICES',
    )
  })

  test('are reached as fast as the worse of their slots allows', async () => {
    const link = (address: string, rate: string, lanes: string) => ({
      [`/sys/bus/pci/devices/${address}/max_link_speed`]: '32.0 GT/s PCIe\n',
      [`/sys/bus/pci/devices/${address}/../max_link_speed`]: `${rate} GT/s PCIe\n`,
      [`/sys/bus/pci/devices/${address}/current_link_width`]: `${lanes}\n`,
    })
    const files = { ...link('0000:01:00.0', '16.0', '16'), ...link('0000:41:00.0', '8.0', '8') }
    const { machine } = await machineOf({ programs: smi(''), engine: ENGINE, files }).read()
    // A quarter of what 16 lanes of PCI Express 4.0 give.
    expect((machine.linkBandwidth ?? 0) / 1e9).toBeCloseTo(3.75, 2)
  })
})

test('a slice of a card has the engine’s memory and its share of the card’s bandwidth', async () => {
  const card =
    '0, GPU-cccc3333, NVIDIA A100-SXM4-80GB, 00000000:07:00.0, 0x20B210DE, 81920, 81037, 8.0, 550.1, Enabled'
  const list = 'GPU 0: NVIDIA A100 (UUID: GPU-cccc3333)\n  MIG 3g.40gb Device 0: (UUID: MIG-dddd4444)\n'
  const programs = { 'nvidia-smi': { ...smi('GPU-cccc3333, 81037\n', card)['nvidia-smi'], '-L': list } }
  const engine = () => [cuda(0, 'NVIDIA A100-SXM4-80GB MIG 3g.40gb', 40)]
  const { machine } = await machineOf({ programs, engine }).read()
  expect(machine.devices).toMatchObject([
    { id: 'CUDA0', freeBytes: 39 * GIB, measuredBy: 'ggml', speedClass: 'nvidia-hbm' },
  ])
  expect(machine.devices[0]?.bandwidth).toBeCloseTo(2039e9 / 2, -10)
})

const AMD = '/sys/class/drm/card1/device'
const AMD_FILES = {
  [`${AMD}/vendor`]: '0x1002\n',
  [`${AMD}/device`]: '0x744c\n',
  [`${AMD}/uevent`]: 'DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n',
  [`${AMD}/product_name`]: 'AMD Radeon RX 7900 XTX\n',
  [`${AMD}/mem_info_vram_total`]: `${24 * GIB}\n`,
  '/sys/bus/pci/devices/0000:03:00.0/mem_info_vram_total': `${24 * GIB}\n`,
  '/sys/bus/pci/devices/0000:03:00.0/mem_info_vram_used': `${4 * GIB}\n`,
}

test('an AMD card beside graphics in the processor is used alone, with what the kernel says is free', async () => {
  const vulkan = (name: string, description: string, type: EngineDevice['type'], pciAddress: string) => ({
    ...cuda(0, description, 24, pciAddress),
    name,
    type,
  })
  const engine = () => [
    vulkan('Vulkan0', 'AMD Radeon Graphics (RADV RAPHAEL)', 'integrated-gpu' as const, '0000:0e:00.0'),
    vulkan('Vulkan1', 'AMD Radeon RX 7900 XTX (RADV NAVI31)', 'gpu' as const, '0000:03:00.0'),
  ]
  const { machine } = await machineOf({ files: AMD_FILES, engine, build: { backends: ['vulkan'] } }).read()
  expect(machine.devices).toMatchObject([
    {
      id: 'Vulkan1',
      name: 'AMD Radeon RX 7900 XTX',
      speedClass: 'amd-gddr',
      freeBytes: 20 * GIB,
      measuredBy: 'driver',
      bandwidth: 960e9,
    },
  ])
})

test('a Mac has one memory: its GPU may take what the engine says, and no more than is free', async () => {
  const programs = {
    '/usr/sbin/sysctl': { '': 'machdep.cpu.brand_string: Apple M3 Max\nhw.perflevel0.physicalcpu: 12\n' },
    '/usr/bin/vm_stat': {
      '': 'Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free: 1310720.\n',
    },
  }
  const engine = () => [{ ...cuda(0, 'Apple M3 Max', 96), name: 'Metal' }]
  const { machine } = await machineOf({
    platform: 'darwin',
    architecture: 'arm64',
    programs,
    engine,
    system: { totalBytes: 128 * GIB, logicalCores: 16 },
    build: { platform: 'darwin', architecture: 'arm64', backends: ['metal'] },
  }).read()
  expect(machine).toMatchObject({
    devices: [
      { id: 'Metal', isUnified: true, totalBytes: 96 * GIB, freeBytes: 20 * GIB, speedClass: 'apple' },
    ],
    ram: { totalBytes: 128 * GIB, availableBytes: 20 * GIB },
    cores: 12,
  })
})

test('a card of Windows that only the engine measures is read from it every time', async () => {
  const adapters = [{ Name: 'Intel(R) Arc(TM) A770 Graphics', PNPDeviceID: 'PCI\\VEN_8086&DEV_56A0' }]
  const powershell = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe'
  let free = 15
  const engine = () => [
    { ...cuda(0, 'Intel(R) Arc(TM) A770 Graphics', 16), name: 'Vulkan0', freeBytes: free * GIB },
  ]
  const { read } = machineOf({
    platform: 'win32',
    programs: { [powershell]: { '-NoProfile': JSON.stringify({ adapters, registry: [] }) } },
    engine,
    build: { platform: 'win32', backends: ['vulkan'] },
  })
  expect((await read()).machine.devices).toMatchObject([
    { id: 'Vulkan0', speedClass: 'intel-gddr', freeBytes: 15 * GIB, measuredBy: 'ggml' },
  ])
  free = 3
  expect((await read()).machine.devices[0]?.freeBytes).toBe(3 * GIB)
})

const meminfo = (totalGib: number, availableGib: number) =>
  `MemTotal: ${totalGib * MIB} kB\nMemAvailable: ${availableGib * MIB} kB\n`

describe('without a GPU', () => {
  test('the reason is given, with what each probe has to say', async () => {
    const { machine, cpuReason, notes } = await machineOf({}).read()
    expect({ devices: machine.devices, cpuReason }).toEqual({ devices: [], cpuReason: 'no GPU was found' })
    expect(notes).toContain('no NVIDIA GPU: nvidia-smi: it is not installed')
  })

  test('a container has the memory and the cores that its control group allows', async () => {
    const files = {
      '/proc/meminfo': meminfo(64, 60),
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': String(4 * GIB),
      '/sys/fs/cgroup/memory.current': String(GIB),
      '/sys/fs/cgroup/cpu.max': '250000 100000\n',
    }
    const { machine } = await machineOf({ files }).read()
    expect(machine.ram).toEqual({
      totalBytes: 4 * GIB,
      availableBytes: 3 * GIB,
      bandwidth: 40e9,
      isContainer: true,
    })
    expect(machine.cores).toBe(2)
  })

  test('a machine with two processors says so', async () => {
    const cpu = (id: number, socket: number) => ({
      [`/sys/devices/system/cpu/cpu${id}/topology/core_id`]: '0\n',
      [`/sys/devices/system/cpu/cpu${id}/topology/physical_package_id`]: `${socket}\n`,
    })
    const files = { '/sys/devices/system/cpu/online': '0-1\n', ...cpu(0, 0), ...cpu(1, 1) }
    expect((await machineOf({ files }).read()).machine).toMatchObject({ cores: 2, sockets: 2 })
  })

  test('an assumed speed of memory is told', async () => {
    const speed = { bytesPerSecond: 41e9, note: 'assumed' }
    const { machine, notes } = await machineOf({ speed }).read()
    expect(machine.ram.bandwidth).toBe(41e9)
    expect(notes.at(-1)).toBe('assumed')
  })
})
