import type { RemoteOptions } from '../../../engine/remote/types.ts'
import type { EngineSettings } from '../../../engine/settings.ts'
import { type Reply, startOpenAi } from '../../helpers/openai-server.ts'
import { serve } from './serve.ts'

export interface FarOptions {
  /** Of the stub's config, over the usual ones. */
  config?: Record<string, unknown>
  settings?: Partial<EngineSettings>
  remote?: Partial<RemoteOptions>
}

/** A server with the stub `far` of the model `big:70b` of another server, `there`, which answers as told. */
export async function far(reply: Reply, { config, settings, remote }: FarOptions = {}) {
  const there = await startOpenAi(reply)
  const stub = { remote_host: there.origin, remote_model: 'big:70b', ...config }
  const server = await serve({
    models: [{ from: 'stub', as: 'far', config: stub }],
    remote: { hosts: ['127.0.0.1'], ...remote },
    ...(settings ? { settings } : {}),
  })
  return { ...server, there }
}
