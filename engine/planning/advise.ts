import { EngineError } from '../errors.ts'
import type { Wishes } from '../fit/candidates.ts'
import { decision } from '../fit/decide.ts'
import type { Plan } from '../fit/plan.ts'
import type { Machine } from '../fit/types.ts'
import { type DeviceByName, whatIfMachine } from '../fit/what-if.ts'
import { inSlices } from './in-slices.ts'
import type { Target, TargetQuestion, Targets } from './targets/types.ts'
import type { MachineNow, ReadMachine } from './types.ts'

/** Whether a model fits, asked by a person. */
export interface FitQuestion extends Omit<TargetQuestion, 'fileType'> {
  /** Devices to imagine instead of those that are there, as people write them: `2x RTX 3090`. */
  devices?: string | undefined
  /** Main memory to imagine, such as `64 GB`. */
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
}

/**
 * Says what fits. Throws EngineError for models and devices that nobody knows, and what `Targets.find` throws;
 * the signal's reason when it aborts.
 */
export type Advise = (question: FitQuestion, signal: AbortSignal) => Promise<FitAdvice>

export function createAdvisor({ targets, readMachine, deviceByName }: AdvisorParts): Advise {
  return async (question, signal) => {
    const { offer: fileType } = question.wishes
    const [here, target] = await Promise.all([
      readMachine(),
      targets.find({ ...question, ...(fileType === undefined ? {} : { fileType }) }, signal),
    ])
    const machine = imagined(question, deviceByName, here.machine)
    const wishes = { ...question.wishes, offer: fileType ?? target.offer }
    const facts = { model: target.model, siblings: target.siblings, machine: machine ?? here.machine }
    const plan = await inSlices(decision(facts, wishes), signal)
    const isImagined = machine !== undefined
    return {
      target,
      plan,
      machine: isImagined ? { machine, notes: [] } : here,
      isImagined,
    }
  }
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
  const memory = ram === undefined ? undefined : memoryText(ram)
  if (devices !== undefined && !NO_GPU.test(devices.trim())) {
    const text = memory === undefined ? devices : `${devices} + ${memory} RAM`
    return whatIfMachine(text, deviceByName, here)
  }
  const base = devices === undefined ? here : { ...here, devices: [] }
  if (memory === undefined) return base
  return { ...base, ram: whatIfMachine(`${memory} RAM`, deviceByName, here).ram }
}

/** `64`, `64G` and `64 GB` mean the same. */
function memoryText(ram: string): string {
  const [, size, unit = 'G'] =
    /^\s*(\d{1,5})\s*(?:([GT])i?B?)?\s*(?:of\s+)?(?:RAM|memory)?\s*$/i.exec(ram) ?? []
  if (size !== undefined && Number(size) > 0) return `${size} ${unit.toUpperCase()}B`
  throw new EngineError('bad_request', `"${ram}" is no size of memory: write it as 64 GB`)
}
