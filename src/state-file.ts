import { join } from 'node:path'
import type { Config } from '../config/load.ts'

/** What a server learns about the machine it runs on. */
export type Learned = 'ram-bandwidth' | 'cpu-speed' | 'history'

/**
 * Where it is kept: in the models folder, which outlives containers and is there for sure. A folder that can only be
 * read is no harm, everything is learned anew after the next start then.
 */
export const stateFile = ({ modelsFolder }: Pick<Config, 'modelsFolder'>, learned: Learned): string =>
  join(modelsFolder, `snug-${learned}.json`)
