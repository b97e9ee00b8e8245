/** Variables that hide devices from the engine, and from no tool that lists them. */
import type { Device } from './types.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** Longer lists name more devices than there are. */
const MAX_ENTRIES = 256
const entriesOf = (mask: string) => mask.split(',', MAX_ENTRIES).map((entry) => entry.trim())

/**
 * The devices a mask leaves, in its order. An entry is a number, or the beginning of a UUID that fits one device; the
 * first that is neither ends the list, as CUDA has it, so `-1` and an empty mask leave nothing.
 */
export function visibleDevices<T extends Pick<Device, 'uuid' | 'mig'>>(
  devices: readonly T[],
  mask: string,
): T[] {
  const visible: T[] = []
  for (const entry of entriesOf(mask)) {
    const device = /^\d{1,4}$/.test(entry) ? devices[Number(entry)] : byUuid(devices, entry)
    if (device === undefined) break
    if (!visible.includes(device)) visible.push(device)
  }
  return visible
}

function byUuid<T extends Pick<Device, 'uuid' | 'mig'>>(devices: readonly T[], entry: string): T | undefined {
  if (!/^(?:GPU|MIG)-[\w/-]+$/i.test(entry)) return undefined
  const start = entry.toLowerCase()
  const fits = devices.filter(({ uuid, mig = [] }) =>
    [uuid, ...mig.map((slice) => slice.uuid)].some((one) => one?.toLowerCase().startsWith(start)),
  )
  return fits.length === 1 ? fits[0] : undefined
}

/** Which of a device's slices a mask shows: CUDA gives a program one, the first that is named. */
function slicesLeft(device: Device, mask: string | undefined): Device {
  const { mig } = device
  if (mig === undefined || mask === undefined) return device
  const named = entriesOf(mask).filter((entry) => /^MIG-[\w/-]+$/i.test(entry))
  const first = named.flatMap((entry) =>
    mig.filter(({ uuid }) => uuid.toLowerCase().startsWith(entry.toLowerCase())),
  )[0]
  return first === undefined ? device : { ...device, mig: [first] }
}

/** `devices` with the variable that hides each, and what is doubtful about a mask. */
export function applyMasks(
  devices: readonly Device[],
  variables: Variables,
): { devices: Device[]; notes: string[] } {
  const hiddenBy = new Map<Device, string>()
  const hide = (candidates: readonly Device[], name: string): Device[] => {
    const mask = variables[name]
    if (mask === undefined) return [...candidates]
    const visible = visibleDevices(candidates, mask)
    for (const device of candidates) if (!visible.includes(device)) hiddenBy.set(device, name)
    return visible
  }
  const kind = (wanted: Device['kind']) => devices.filter((device) => device.kind === wanted)
  hide(kind('cuda'), 'CUDA_VISIBLE_DEVICES')
  // ROCr hides first; HIP counts what is left, and reads CUDA's variable where it has none of its own.
  const seenByRocr = hide(kind('rocm'), 'ROCR_VISIBLE_DEVICES')
  const hip = variables.HIP_VISIBLE_DEVICES === undefined ? 'CUDA_VISIBLE_DEVICES' : 'HIP_VISIBLE_DEVICES'
  hide(hide(seenByRocr, hip), 'GPU_DEVICE_ORDINAL')
  for (const device of kind('vulkan')) {
    if (isHiddenFromVulkan(device, variables)) hiddenBy.set(device, 'GGML_VK_VISIBLE_DEVICES')
  }
  return {
    devices: devices.map((device) => {
      const maskedBy = hiddenBy.get(device)
      const left = device.kind === 'cuda' ? slicesLeft(device, variables.CUDA_VISIBLE_DEVICES) : device
      return maskedBy === undefined ? left : { ...left, maskedBy }
    }),
    notes: doubts(devices, variables),
  }
}

/** Numbers in Vulkan's own list; a device whose number is not known stays. An empty mask is none (ggml-vulkan). */
function isHiddenFromVulkan({ vulkanIndex }: Device, variables: Variables): boolean {
  const mask = variables.GGML_VK_VISIBLE_DEVICES ?? ''
  if (mask === '' || vulkanIndex === undefined) return false
  return !entriesOf(mask).includes(String(vulkanIndex))
}

function doubts(devices: readonly Device[], variables: Variables): string[] {
  const notes: string[] = []
  const cuda = devices.filter(({ kind }) => kind === 'cuda')
  const isNumbered = /^\d/.test(variables.CUDA_VISIBLE_DEVICES ?? '')
  const isMixed = new Set(cuda.map(({ name }) => name)).size > 1
  if (isNumbered && isMixed && variables.CUDA_DEVICE_ORDER !== 'PCI_BUS_ID') {
    notes.push(
      'CUDA_VISIBLE_DEVICES has numbers: CUDA counts the fastest GPU first, not as listed here, ' +
        'unless CUDA_DEVICE_ORDER=PCI_BUS_ID',
    )
  }
  const mask = variables.GGML_VK_VISIBLE_DEVICES ?? ''
  const unnumbered = devices.filter(({ kind, vulkanIndex }) => kind === 'vulkan' && vulkanIndex === undefined)
  if (mask !== '' && unnumbered.length > 0) {
    notes.push(
      `GGML_VK_VISIBLE_DEVICES=${mask.slice(0, 80)} cannot be applied without vulkaninfo: the engine applies it`,
    )
  }
  const intel = devices.filter(({ vendor }) => vendor === 'intel')
  for (const [index, { name }] of intel.entries()) {
    if (!oneapiSelects(variables.ONEAPI_DEVICE_SELECTOR, index)) {
      notes.push(
        `ONEAPI_DEVICE_SELECTOR hides ${name} from SYCL; the engine uses Vulkan, which does not look at it`,
      )
    }
  }
  return notes
}

/**
 * Whether SYCL's selector, such as `level_zero:0,1;!opencl:*`, leaves the GPU of this number: some term accepts it, if
 * any accepts at all, and no term with `!` rejects it.
 */
export function oneapiSelects(selector: string | undefined, index: number): boolean {
  const terms = (selector ?? '').toLowerCase().split(';', MAX_ENTRIES).filter(Boolean)
  const matches = (term: string) => {
    const [, backend = '', names = ''] = /^!?([\w*]+):(.*)$/.exec(term.trim()) ?? []
    const isOfGpu = ['*', 'level_zero', 'opencl'].includes(backend)
    return isOfGpu && entriesOf(names).some((name) => ['*', 'gpu', String(index)].includes(name))
  }
  const accepting = terms.filter((term) => !term.trim().startsWith('!'))
  const rejecting = terms.filter((term) => term.trim().startsWith('!'))
  // What is rejected for one backend only can still be had through the other.
  const isRejected = rejecting.some((term) => matches(term) && /^!?\*/.test(term.trim()))
  return (accepting.length === 0 || accepting.some(matches)) && !isRejected
}
