import type { Proxies } from '../http/proxy.ts'
import type { ErrorLog } from '../log.ts'
import type { EngineSettings } from '../settings.ts'
import type { Engine } from '../types.ts'

/** Which servers may run models for this one, and how they are asked. */
export interface RemoteOptions {
  /** Names or addresses without ports, in lower case. */
  hosts: readonly string[]
  /** The key of a server, by its origin, such as `http://gpu:8000`. It is shown to no other origin. */
  keys?: ReadonlyMap<string, string>
  proxies?: Proxies
  /** A product token, such as `snug/0.1.0`. */
  userAgent: string
}

/** What running models elsewhere takes of the engine around it. */
export interface RemoteParts extends RemoteOptions {
  /** `loadTimeoutMs`: without a byte for so long a server is given up; `maxQueue`: requests at the same time. */
  settings: Pick<EngineSettings, 'loadTimeoutMs' | 'maxQueue'>
  log: ErrorLog
}

/** The models of other servers. Each method is as in Engine, for stubs alone. */
export interface Remote extends Pick<Engine, 'run' | 'embed' | 'refusal'> {
  /** Breaks off what is still running. */
  close(): Promise<void>
}

/** Where a stub's model runs. */
export interface Place {
  /** Without a slash at its end; paths of the API are put behind it. */
  base: string
  /** Scheme, host and port. */
  origin: string
  /** Its name there. */
  model: string
}
