import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import type { Config } from '../config/load.ts'

const STDERR = 2

/**
 * The process's one logger. It writes to stderr at once, so that the last lines before an exit are not lost.
 * `isTerminal`: a person reads along.
 */
export function createLogger(
  { logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  isTerminal: boolean,
): Logger {
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && isTerminal)
  const destination = isPretty
    ? pretty({
        colorize: isTerminal,
        destination: STDERR,
        sync: true,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
      })
    : pino.destination({ dest: STDERR, sync: true })
  return pino({ level: logLevel }, destination)
}
