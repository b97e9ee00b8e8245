import type { Logger } from 'pino'

/** 128 and the number of the signal, as shells count. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** How long a dying process tries to take its child processes along. */
const LAST_CHANCE_MS = 2000

export interface Stopping {
  /** Ends open answers, then everything else. */
  stop: () => Promise<void>
  timeoutMs: number
  logger: Logger
}

/**
 * Ends the process in order on SIGINT and SIGTERM: status 0 when all answers have ended in time, otherwise 1.
 * A second signal ends it at once.
 */
export function stopOnSignals({ stop, timeoutMs, logger }: Stopping): void {
  let isStopping = false
  const onSignal = (signal: keyof typeof EXIT_CODES) => {
    if (isStopping) process.exit(EXIT_CODES[signal])
    isStopping = true
    logger.info({ signal }, 'stopping')
    setTimeout(() => {
      logger.error({ timeoutMs }, 'answers did not end in time, leaving without them')
      process.exit(1)
    }, timeoutMs).unref()
    stop().then(
      () => {
        logger.info('stopped')
        process.exit(0)
      },
      (error: unknown) => {
        logger.error({ err: error }, 'stopping failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
}

/** After an error that nobody caught the state is unknown: say so, end the child processes, and leave. */
export function exitOnFatal(endChildren: () => Promise<void>, logger: Logger): void {
  let isDying = false
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught error')
    if (isDying) return
    isDying = true
    setTimeout(() => process.exit(1), LAST_CHANCE_MS)
    const leave = () => process.exit(1)
    endChildren().then(leave, leave)
  })
}
