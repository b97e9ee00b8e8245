import type { Config } from '../../config/load.ts'
import { whyText } from '../../engine/fit/report.ts'
import { type Paint, PLAIN, reportText } from '../../engine/fit/report-text.ts'
import { createAdvisor, type FitAdvice, settingsAsWishes } from '../../engine/planning/advise.ts'
import { deviceByName } from '../../engine/planning/device-by-name.ts'
import { readHistory } from '../../engine/planning/history-file.ts'
import { historyText } from '../../engine/planning/history-text.ts'
import { measurementsFor } from '../../engine/planning/observer.ts'
import { createTargets } from '../../engine/planning/targets/find.ts'
import { toReply } from '../../routes/snug/fit-reply.ts'
import { openMachine } from '../machine.ts'
import { openConfiguredRegistries } from '../registries.ts'
import { stateFile } from '../state-file.ts'
import { openBackend } from './backend.ts'
import type { FitCommand } from './fit-options.ts'
import { openModels } from './store.ts'

/** Where the text goes: colours are for people who see them and want them. */
export interface FitOutput {
  isTTY?: boolean
  /** False where the environment asks for none (NO_COLOR). */
  hasColors?(): boolean
}

/** `snug fit`: whether a model fits, and how. No server has to run. Throws EngineError. */
export async function fitCommand(
  config: Config,
  command: FitCommand,
  output: FitOutput,
  signal: AbortSignal,
): Promise<string> {
  const registries = openConfiguredRegistries(config)
  const backend = openBackend(config)
  try {
    const { readMachine } = await openMachine(config, backend)
    const targets = createTargets({ models: await openModels(config), registries, isLocal: true })
    const history = await readHistory(stateFile(config, 'history'))
    const advise = createAdvisor({
      targets,
      readMachine,
      deviceByName,
      defaults: settingsAsWishes(config),
      measurements: (machine, paths) => measurementsFor({ entries: () => history }, machine, paths),
    })
    const advice = await advise({ ...command, text: command.model }, signal)
    if (command.asJson) return `${JSON.stringify(toReply(advice), null, 2)}\n`
    return adviceText(advice, command.showsReasons, output.isTTY && output.hasColors?.() ? COLORS : PLAIN)
  } finally {
    await Promise.all([backend.close(), registries.close()])
  }
}

/** `snug fit --history`: what predictions were worth so far. */
export const historyCommand = async (config: Config): Promise<string> =>
  `${historyText(await readHistory(stateFile(config, 'history')))}\n`

/** Advice as lines for a person. */
export function adviceText(
  { plan, machine, target }: FitAdvice,
  showsReasons: boolean,
  paint: Paint = PLAIN,
): string {
  const reasons = showsReasons ? `\n${whyText(plan)}\n` : ''
  const { cpuReason, notes } = machine
  const said = [
    ...target.notes,
    ...notes,
    ...(cpuReason === undefined ? [] : [`models run on the processor: ${cpuReason}`]),
  ]
  const remarks = said.length === 0 ? '' : `\n${said.map((note) => `${paint.faint(`- ${note}`)}\n`).join('')}`
  return `${reportText(plan, paint)}${reasons}${remarks}`
}

const sgr = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`
const COLORS: Paint = { chosen: sgr(1), faint: sgr(2), good: sgr(32), bad: sgr(31) }
