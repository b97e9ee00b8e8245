import { EngineError } from './errors.ts'
import { isStub } from './remote/stub.ts'
import type { Capability, InstalledModel } from './store/types.ts'
import type { Job } from './types.ts'

/**
 * Refuses a job whose model cannot do what it asks, in Ollama's words (server/routes.go, server/images.go).
 * Throws EngineError `unsupported`.
 */
export function checkJob(job: Job): void {
  const { model, rawName } = job
  const lacks = (capability: Capability) => !can(model, capability)
  if (job.think !== undefined && job.think !== false && lacks('thinking')) {
    throw new EngineError('unsupported', `"${rawName}" does not support thinking`)
  }
  if (lacks('completion')) throw new EngineError('unsupported', `"${rawName}" does not support ${job.kind}`)
  const missing = wantedBy(job).filter(lacks)
  if (missing.length > 0) {
    const texts = missing.map((capability) => `${model.fullName} does not support ${capability}`)
    throw new EngineError('unsupported', texts.join('\n'))
  }
  if (hasImages(job) && (lacks('vision') || !isStub(model))) {
    const reason = lacks('vision')
      ? 'does not support vision'
      : 'cannot be given images: no engine here reads them'
    throw new EngineError('unsupported', `"${rawName}" ${reason}`)
  }
}

/** Whether a model can do something. A stub that does not say what it can do is taken at its server's word. */
export const can = (model: InstalledModel, capability: Capability): boolean =>
  (isStub(model) && model.config.capabilities.length === 0) || model.capabilities.includes(capability)

function wantedBy(job: Job): Capability[] {
  if (job.kind === 'generate') return job.suffix === undefined ? [] : ['insert']
  return job.tools.length > 0 && job.toolChoice !== 'none' ? ['tools'] : []
}

const hasImages = (job: Job): boolean =>
  job.kind === 'chat'
    ? job.messages.some((message) => (message.images?.length ?? 0) > 0)
    : (job.images?.length ?? 0) > 0

/** Whether the answer is to begin with a thought: what the job says, or what the model does by itself. */
export const wantsThought = (job: { model: InstalledModel; think?: Job['think'] }): boolean =>
  job.think === undefined ? job.model.capabilities.includes('thinking') : job.think !== false
