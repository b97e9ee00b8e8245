import type { MemoryByDevice } from '../planning/types.ts'

/** What is missing of `needs` on each device that `among` names, where `room` is too small. */
export function shortageOf(
  needs: MemoryByDevice,
  room: MemoryByDevice,
  among: MemoryByDevice = needs,
): MemoryByDevice {
  const devices = Object.keys(among).filter((device) => (among[device] ?? 0) > 0)
  const short = devices.map((device) => [device, (needs[device] ?? 0) - (room[device] ?? 0)] as const)
  return Object.fromEntries(short.filter(([, bytes]) => bytes > 0))
}

/** Whether `bytes` make good the shortage on every device. */
export const covers = (bytes: MemoryByDevice, shortage: MemoryByDevice): boolean =>
  Object.entries(shortage).every(([device, short]) => (bytes[device] ?? 0) >= short)
