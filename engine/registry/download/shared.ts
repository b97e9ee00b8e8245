import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Log } from '../../log.ts'
import { blobKey } from '../../store/held-blobs.ts'
import { ifMissing } from '../../store/missing.ts'
import { lockAmongProcesses } from '../../store/process-lock.ts'
import type { RemoteBlob } from '../types.ts'
import { download } from './download.ts'
import type { DownloadTuning } from './tuning.ts'

/** What a client needs to take part in a download. */
export interface SharedRequest {
  digest: string
  /** The final path of the blob. */
  blob: string
  /** Finds out where the blob lies; asked only of the client who begins the download. */
  locate: (signal: AbortSignal) => Promise<RemoteBlob>
}

export interface Downloads {
  /**
   * Gives the bytes that are here every `everyMs` until the blob is in its place. Whoever asks for a blob that is
   * being fetched takes part in that. Throws what `download` throws, the same to all who take part, or the reason
   * of `signal`; when the last one has left, the transfer is cancelled and what has come is kept.
   */
  fetch(request: SharedRequest, everyMs: number, signal: AbortSignal): AsyncIterable<number>
  /** Cancels everything and waits until progress is on disk. */
  close(): Promise<void>
}

interface Running {
  clients: number
  completed: number
  cancel: AbortController
  /** Settles when nothing is written any more; never rejects. */
  ended: Promise<void>
  /** Why it failed, once it has ended. */
  failure: { error: unknown } | undefined
}

/** Downloads of one server, at most one a digest; a blob that another process fetches is waited for. */
export function createDownloads(tuning: DownloadTuning, log: Log): Downloads {
  const running = new Map<string, Running>()

  const begin = ({ digest, blob, locate }: SharedRequest): Running => {
    const cancel = new AbortController()
    const state: Running = { clients: 0, completed: 0, cancel, ended: Promise.resolve(), failure: undefined }
    const work = async () => {
      const unlock = await lockAmongProcesses(dirname(blob), blobKey(digest), cancel.signal)
      try {
        const remote = await locate(cancel.signal)
        // Another process may have brought it while this one waited.
        const found = await ifMissing(stat(blob), undefined)
        if (found?.isFile() && found.size === remote.size) return
        const onProgress = (completed: number) => {
          state.completed = completed
        }
        await download({ remote, blob, tuning, log, onProgress }, cancel.signal)
      } finally {
        unlock()
      }
    }
    state.ended = work()
      .catch((error: unknown) => {
        state.failure = { error }
      })
      .finally(() => running.delete(blobKey(digest)))
    running.set(blobKey(digest), state)
    return state
  }

  /** Between looking and beginning nobody else has a turn. One that was cancelled must end before the next begins. */
  const join = async (request: SharedRequest, signal: AbortSignal): Promise<Running> => {
    for (;;) {
      signal.throwIfAborted()
      const state = running.get(blobKey(request.digest)) ?? begin(request)
      if (!state.cancel.signal.aborted) {
        state.clients += 1
        return state
      }
      await state.ended
    }
  }

  const leave = (state: Running) => {
    state.clients -= 1
    if (state.clients === 0) state.cancel.abort()
  }

  return {
    async *fetch(request, everyMs, signal) {
      const state = await join(request, signal)
      try {
        while (await isRunningAfter(state, everyMs, signal)) yield state.completed
        if (state.failure) throw state.failure.error
      } finally {
        leave(state)
      }
    },
    async close() {
      const all = Array.from(running.values())
      for (const { cancel } of all) cancel.abort()
      await Promise.all(all.map(({ ended }) => ended))
    },
  }
}

/** False when the download ends first. Throws the reason of `signal`. */
async function isRunningAfter({ ended }: Running, ms: number, signal: AbortSignal): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  let abort = () => {}
  const later = new Promise<boolean>((resolve, reject) => {
    timer = setTimeout(resolve, ms, true)
    abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([ended.then(() => false), later])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
