import { EngineError } from '../errors.ts'
import type { Wishes } from '../fit/candidates.ts'
import { decision } from '../fit/decide.ts'
import type { Plan } from '../fit/plan.ts'
import type { Machine } from '../fit/types.ts'
import { type DeviceByName, MEASURED_SHARE, whatIfMachine } from '../fit/what-if.ts'
import type { EngineSettings } from '../settings.ts'
import { inSlices } from './in-slices.ts'
import type { Target, TargetQuestion, Targets } from './targets/types.ts'
import type { MachineNow, Measurements, ReadMachine } from './types.ts'

/** Whether a model fits, asked by a person. */
export interface FitQuestion extends Omit<TargetQuestion, 'fileType'> {
  /** Devices to imagine instead of those that are there, as people write them: `2x RTX 3090`. */
  devices?: string | undefined
  /** Main memory to imagine, such as `64 GB`, or `64 GB at 89.6 GB/s` with what its data sheet says. */
  ram?: string | undefined
  wishes: Wishes
}

export interface FitAdvice {
  target: Target
  plan: Plan
  /** What was planned for; notes and reasons are about the machine that is there. */
  machine: MachineNow
  /** The machine is not the one that is there. */
  isImagined: boolean
}

export interface AdvisorParts {
  targets: Targets
  readMachine: ReadMachine
  deviceByName: DeviceByName
  /** What the operator has set, unless a question says otherwise. */
  defaults?: Wishes
  /** What answers of models that are installed have shown; without it every speed is computed. */
  measurements?: Measurements
}

/** The operator's settings as wishes; 0 and `auto` are none. */
export const settingsAsWishes = ({
  contextLength = 0,
  parallel = 0,
  kvCacheType = 'auto',
}: {
  contextLength?: number | undefined
  parallel?: number | undefined
  kvCacheType?: EngineSettings['kvCacheType'] | undefined
}): Wishes => ({
  comfortContext: contextLength > 0 ? contextLength : undefined,
  sequences: parallel > 0 ? parallel : undefined,
  cacheType: kvCacheType === 'auto' ? undefined : kvCacheType,
})

/**
 * Says what fits. Throws EngineError for models and devices that nobody knows, and what `Targets.find` throws;
 * the signal's reason when it aborts.
 */
export type Advise = (question: FitQuestion, signal: AbortSignal) => Promise<FitAdvice>

export function createAdvisor(parts: AdvisorParts): Advise {
  const { targets, readMachine, deviceByName, defaults = {}, measurements } = parts
  return async (question, signal) => {
    const { offer: fileType } = question.wishes
    const [here, target] = await Promise.all([
      readMachine(),
      targets.find({ ...question, ...(fileType === undefined ? {} : { fileType }) }, signal),
    ])
    const machine = imagined(question, deviceByName, here.machine)
    const wishes = { ...defaults, ...stated(question.wishes), offer: fileType ?? target.offer }
    const { model, siblings, weightsPaths = [] } = target
    const measured = measurements?.(machine ?? here.machine, weightsPaths)
    const facts = {
      model,
      siblings,
      machine: machine ?? here.machine,
      ...(measured === undefined ? {} : { measurements: measured }),
    }
    const plan = await inSlices(decision(facts, wishes), signal)
    const isImagined = machine !== undefined
    return {
      target,
      plan,
      machine: isImagined ? { machine, notes: imaginedNotes(question, machine) } : here,
      isImagined,
    }
  }
}

/** Without what is undefined: that is not said, and does not undo what others say. */
const stated = (wishes: Wishes): Wishes =>
  Object.fromEntries(Object.entries(wishes).filter(([, value]) => value !== undefined))

/** Whose memory it is makes no difference to what fits, but much to how fast the processor's part is. */
function imaginedNotes({ ram = '' }: FitQuestion, machine: Machine): string[] {
  if (/GB\/s/i.test(ram) || machine.devices.some(({ isUnified }) => isUnified)) return []
  const speed = Math.round(machine.ram.bandwidth / 1e9)
  return [`Main memory is taken to be as fast as that of this machine: ${speed} GB/s.`]
}

/** Words for a machine without GPUs. */
const NO_GPU = /^(?:none|cpu)$/i

/** The machine that the question describes, what it leaves out being that of `here`; undefined when it means `here`. */
function imagined(
  { devices, ram }: Pick<FitQuestion, 'devices' | 'ram'>,
  deviceByName: DeviceByName,
  here: Machine,
): Machine | undefined {
  if (devices === undefined && ram === undefined) return undefined
  const { size: memory, bandwidth } =
    ram === undefined ? { size: undefined, bandwidth: undefined } : memoryIn(ram)
  const machine = withoutSpeed(devices, memory, deviceByName, here)
  if (bandwidth === undefined || machine.devices.some(({ isUnified }) => isUnified)) return machine
  return { ...machine, ram: { ...machine.ram, bandwidth } }
}

function withoutSpeed(
  devices: string | undefined,
  memory: string | undefined,
  deviceByName: DeviceByName,
  here: Machine,
): Machine {
  if (devices !== undefined && !NO_GPU.test(devices.trim())) {
    const text = memory === undefined ? devices : `${devices} + ${memory} RAM`
    return whatIfMachine(text, deviceByName, here)
  }
  const base = devices === undefined ? here : { ...here, devices: [] }
  if (memory === undefined) return base
  return { ...base, ram: whatIfMachine(`${memory} RAM`, deviceByName, here).ram }
}

const SIZE =
  /^(\d{1,5})\s*(?:([GT])i?B?)?(?:\s+(?:of\s+)?(?:RAM|memory))?(?:\s+at\s+(\d{1,5}(?:\.\d{1,3})?)\s*GB\/s)?$/i

/** `64`, `64G` and `64 GB` mean the same. */
function memoryIn(ram: string): { size: string; bandwidth: number | undefined } {
  const [, size = '0', unit = 'G', speed] = (ram.length > MAX_RAM_TEXT ? null : SIZE.exec(ram.trim())) ?? []
  if (Number(size) === 0 || Number(speed) === 0) {
    const shown = ram.slice(0, MAX_RAM_TEXT)
    throw new EngineError(
      'bad_request',
      `"${shown}" is no size of memory: write it as 64 GB, or as 64 GB at 89.6 GB/s`,
    )
  }
  const bandwidth = speed === undefined ? undefined : Number(speed) * 1e9 * MEASURED_SHARE
  return { size: `${size} ${unit.toUpperCase()}B`, bandwidth }
}

const MAX_RAM_TEXT = 60
