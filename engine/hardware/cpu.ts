import { readSysctl } from './apple.ts'
import { cpuQuota } from './cgroup.ts'
import type { Readers } from './readers.ts'
import { controlGroups, processors } from './snapshot.ts'
import { packages, physicalCores } from './threads.ts'
import type { CpuReading, NumaNode } from './types.ts'
import { kibibytes, known, plainText, wholeNumber } from './value.ts'

const NODES = '/sys/devices/system/node'
const MAX_NODES = 1024

/** Flags of x86 and features of Arm that kernels of llama.cpp are built for. */
const FEATURES = new Set(
  (
    'sse4_2 ssse3 avx avx2 fma f16c bmi2 avx_vnni avx512f avx512_vnni avx512_bf16 avx512_fp16 amx_tile amx_int8 ' +
    'amx_bf16 asimd asimddp asimdhp i8mm bf16 sve sve2 sme sme2'
  ).split(' '),
)

/** Features as Apple calls them, and as Linux does. */
const APPLE_FEATURES: Readonly<Record<string, string>> = {
  'hw.optional.arm.FEAT_DotProd': 'asimddp',
  'hw.optional.arm.FEAT_I8MM': 'i8mm',
  'hw.optional.arm.FEAT_BF16': 'bf16',
  'hw.optional.arm.FEAT_SME': 'sme',
}

/** The name and the features in /proc/cpuinfo; Arm's has no name. */
export function parseCpuinfo(text: string): { name?: string; features: string[] } {
  const value = (key: string) => new RegExp(`^${key}\\s*: (.*)$`, 'm').exec(text)?.[1]
  const words = (value('flags') ?? value('Features') ?? '').split(' ')
  return {
    features: [...new Set(words.filter((word) => FEATURES.has(word)))],
    ...known({ name: plainText(value('model name')) }),
  }
}

/** A node of /sys/devices/system/node: its `cpulist` and its `meminfo`. */
export function parseNumaNode(id: number, cpus: string | undefined, meminfo: string | undefined): NumaNode {
  const size = (key: string) =>
    kibibytes(new RegExp(`^Node \\d+ ${key}:\\s+(\\d+) kB$`, 'm').exec(meminfo ?? '')?.[1])
  return {
    id,
    cpus: /^[\d,-]*$/.exec(cpus?.trim() ?? '')?.[0] ?? '',
    ...known({ totalBytes: size('MemTotal'), freeBytes: size('MemFree') }),
  }
}

export async function readCpu(readers: Readers): Promise<CpuReading> {
  const { platform, architecture } = readers
  const cpuName = readers.cpuName()
  const { logicalCores } = readers.system()
  const facts = { arch: architecture, model: cpuName, logical: logicalCores }
  if (platform === 'darwin') {
    const values = await readSysctl(readers)
    const cores = wholeNumber(values.get('hw.perflevel0.physicalcpu') ?? values.get('hw.physicalcpu'))
    return {
      name: values.get('machdep.cpu.brand_string') ?? cpuName,
      architecture,
      physicalCores: cores ?? physicalCores({ ...facts, read: () => undefined }),
      logicalCores,
      numaNodes: [],
      features: Object.entries(APPLE_FEATURES).flatMap(([key, name]) =>
        values.get(key) === '1' ? [name] : [],
      ),
    }
  }
  const read = await processors(readers)
  const quota = cpuQuota(await controlGroups(readers))
  const { name, features } = parseCpuinfo(read('/proc/cpuinfo') ?? '')
  return {
    name: name ?? plainText(cpuName) ?? 'a processor without a name',
    architecture,
    physicalCores: physicalCores({ ...facts, read }),
    logicalCores,
    numaNodes: await numaNodes(readers),
    features,
    ...known({ sockets: packages(read) }),
    ...(quota === Number.POSITIVE_INFINITY ? {} : { quota }),
  }
}

async function numaNodes(readers: Readers): Promise<NumaNode[]> {
  const ids = (await readers.list(NODES))
    .flatMap((name) => /^node(\d{1,4})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((one, other) => one - other)
    .slice(0, MAX_NODES)
  return Promise.all(
    ids.map(async (id) =>
      parseNumaNode(
        id,
        await readers.readText(`${NODES}/node${id}/cpulist`),
        await readers.readText(`${NODES}/node${id}/meminfo`),
      ),
    ),
  )
}
