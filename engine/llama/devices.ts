/** What ggml's backends can compute on. */
import { EngineError } from '../errors.ts'
import type { EngineDevice } from '../hardware/reconcile.ts'
import { pciAddress } from '../hardware/value.ts'
import { checkAbi } from './abi.ts'
import { DEVICE_TYPES, type DeviceProps } from './layout.ts'
import { inBackground, type Library, openLibrary } from './library.ts'
import { listenToLog } from './native-log.ts'

/** The devices of the backends that are loaded, in their order, with what is free on them now. */
export async function engineDevices(library: Library): Promise<EngineDevice[]> {
  // On another thread: a driver that hangs must not keep this process from hearing that it is to end.
  const properties = inBackground(library.deviceProps)
  const devices: EngineDevice[] = []
  for (let at = 0; at < library.deviceCount(); at++) {
    const props: Partial<DeviceProps> = {}
    await properties(library.device(at), props)
    devices.push(engineDevice(props))
  }
  return devices
}

/** Exported for its test. */
export function engineDevice(props: Partial<DeviceProps>): EngineDevice {
  const type = DEVICE_TYPES[props.type ?? -1]
  const address = pciAddress(props.device_id ?? undefined)
  return {
    name: props.name ?? '',
    description: props.description ?? '',
    totalBytes: Number(props.memory_total ?? 0),
    freeBytes: Number(props.memory_free ?? 0),
    ...(type === undefined ? {} : { type }),
    ...(address === undefined ? {} : { pciAddress: address }),
  }
}

/** A device for people: `CUDA0 (NVIDIA L4)`. */
export const described = ({ name, description }: EngineDevice): string => `${name} (${description})`

/**
 * The devices of the library in a folder, which no model needs to be loaded for. `log` gets its warnings and errors.
 * Throws EngineError `load_failed`.
 */
export async function devicesOfLibrary(
  libraryDir: string,
  log: (message: string) => void,
): Promise<EngineDevice[]> {
  const library = openLibrary(libraryDir)
  checkAbi(library)
  const native = listenToLog(library, log)
  await inBackground(library.loadBackends)(library.folder)
  library.initBackend()
  const devices = await engineDevices(library)
  if (devices.length > 0) return devices
  throw new EngineError('load_failed', `llama.cpp has no device at all: ${native.reason() ?? libraryDir}`)
}
