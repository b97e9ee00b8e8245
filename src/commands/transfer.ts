import type { Config } from '../../config/load.ts'
import { EngineError } from '../../engine/errors.ts'
import { createPullChoice } from '../../engine/planning/pull-choice.ts'
import { createPulls } from '../../engine/registry/pull.ts'
import { pushModel } from '../../engine/registry/push.ts'
import type { Registries, TransferEvent } from '../../engine/registry/types.ts'
import { hasTag, parseModelName } from '../../engine/store/name.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import { openMachine } from '../machine.ts'
import { createProgress, type ProgressOutput } from '../progress.ts'
import { openConfiguredRegistries } from '../registries.ts'
import { openBackend } from './backend.ts'
import { openModels, TERMINAL_LOG } from './store.ts'

/** What `snug pull` and `snug push` were asked for. */
export interface TransferCommand {
  model: string
  /** Speak http with the registry. */
  insecure: boolean
}

/**
 * `snug pull`: gets a model from its registry, without a tag the one that suits this machine; where it was interrupted
 * it goes on. Throws EngineError.
 */
export function pullCommand(
  config: Config,
  { model, insecure }: TransferCommand,
  output: ProgressOutput,
  signal: AbortSignal,
): Promise<void> {
  return transfer(config, output, async function* (models, registries) {
    const name = parseModelName(model)
    if (name === undefined) throw new EngineError('invalid_model_name', 'invalid model name')
    const backend = openBackend(config)
    const { readMachine } = await openMachine(config, backend)
    const choose = createPullChoice({ models, registries, readMachine, settings: config, loaded: () => [] })
    const pulls = createPulls({ models, registries, log: TERMINAL_LOG, choose })
    try {
      yield* pulls.pull({ name, hasTag: hasTag(model), insecure }, signal)
    } finally {
      await Promise.all([pulls.close(), backend.close()])
    }
  })
}

/** `snug push`: brings a model to the registry its name begins with. Throws EngineError. */
export function pushCommand(
  config: Config,
  { model: name, insecure }: TransferCommand,
  output: ProgressOutput,
  signal: AbortSignal,
): Promise<void> {
  return transfer(config, output, (models, registries) =>
    pushModel({ registries, models, name, insecure, signal }),
  )
}

/** Shows what a transfer reports. */
async function transfer(
  config: Config,
  output: ProgressOutput,
  work: (models: ModelStore, registries: Registries) => AsyncIterable<TransferEvent>,
): Promise<void> {
  const registries = openConfiguredRegistries(config)
  const progress = createProgress(output)
  try {
    for await (const event of work(await openModels(config), registries)) progress.show(event)
  } finally {
    progress.end()
    await registries.close()
  }
}
