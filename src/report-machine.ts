import type { Logger } from 'pino'
import type { Inventory, ReadInventory } from '../engine/planning/inventory.ts'

/** Writes one line about what models run on and why on nothing better, unless `signal` has aborted by then. */
export async function reportMachine(
  inventory: ReadInventory,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const found = await inventory()
  if (signal.aborted) return
  const fields = machineFields(found)
  if (found.cpuReason === undefined) logger.info(fields, 'models run on the GPU')
  // A GPU that is there and not used is what nobody should have to find out by its slowness.
  else if (found.unused.length > 0) logger.warn(fields, 'models run on the processor, not on the GPU')
  else logger.info(fields, 'models run on the processor')
}

function machineFields({ gpus, unused, cpuReason, notes, hardware }: Inventory) {
  return {
    ...(cpuReason === undefined ? {} : { reason: cpuReason }),
    gpus: gpus.map(({ engineName, name }) => `${engineName} ${name}`),
    unused: unused.map(({ name }) => name),
    processor: hardware.cpu.name,
    notes,
  }
}
