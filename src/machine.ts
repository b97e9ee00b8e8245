import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Config } from '../config/load.ts'
import type { Backend } from '../engine/backend.ts'
import { EngineError } from '../engine/errors.ts'
import { systemReaders } from '../engine/hardware/readers.ts'
import { type CpuSpeed, createCpuSpeed } from '../engine/planning/cpu-speed.ts'
import { engineBuildReader } from '../engine/planning/engine-build.ts'
import { createInventory, type ReadInventory } from '../engine/planning/inventory.ts'
import { createReadMachine } from '../engine/planning/machine.ts'
import { createRamSpeed, type ReadRamSpeed } from '../engine/planning/ram-speed.ts'
import type { ReadMachine } from '../engine/planning/types.ts'
import { PACKAGE_ROOT } from './package-root.ts'
import { stateFile } from './state-file.ts'

/** Ways to look at the machine. Nothing is asked before one of them is called. */
export interface MachineAccess {
  inventory: ReadInventory
  ramSpeed: ReadRamSpeed
  cpuSpeed: CpuSpeed
  readMachine: ReadMachine
}

const Package = z.object({ optionalDependencies: z.record(z.string(), z.string()) })

/** The machine as the backend's processes see it, with the same masks on its devices. */
export async function openMachine(config: Config, backend: Backend): Promise<MachineAccess> {
  const readers = systemReaders(config.engineEnvironment)
  const engineDevices = async () => {
    if (backend.devices === undefined) throw new EngineError('unsupported', `${backend.name} has no devices`)
    return backend.devices()
  }
  const build = engineBuildReader(config.libraryDir, await packageVersion())
  const inventory = createInventory({ readers, build, engineDevices })
  const ramSpeed = createRamSpeed({
    readers,
    file: stateFile(config, 'ram-bandwidth'),
    isQuiet: () => backend.isIdle?.() ?? false,
  })
  const cpuSpeed = createCpuSpeed({ file: stateFile(config, 'cpu-speed'), threads: config.threads })
  return {
    inventory,
    ramSpeed,
    cpuSpeed,
    readMachine: createReadMachine({ readers, inventory, engineDevices, ramSpeed, cpuSpeed }),
  }
}

/** The version of llama.cpp's packages that this one was made for; others are not sure to fit. */
async function packageVersion(): Promise<string | undefined> {
  const manifest = Package.parse(JSON.parse(await readFile(join(PACKAGE_ROOT, 'package.json'), 'utf8')))
  return Object.entries(manifest.optionalDependencies).find(([name]) =>
    name.startsWith('@node-llama-cpp/'),
  )?.[1]
}
