import type { ModelName } from '../store/types.ts'

/** An address below `/v2/<namespace>/<model>/`, where a registry keeps what belongs to a model. */
export const repositoryUrl = (base: URL, name: ModelName, rest: string): URL =>
  new URL(`/v2/${name.namespace}/${name.model}/${rest}`, base)
