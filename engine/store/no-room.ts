import { EngineError } from '../errors.ts'

/** What the file system says when there is no room: the disk, a quota, or a limit of the process. */
const NO_ROOM: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** A file could not be written because there is no room for it. */
export const isNoRoom = (error: Error): boolean => 'code' in error && NO_ROOM.includes(String(error.code))

/** For `catch` where a file of the folder is written: a disk that is full says so to the client. */
export const orNoRoom =
  (folder: string) =>
  (error: unknown): never => {
    if (!(error instanceof Error && isNoRoom(error))) throw error
    throw new EngineError('create_failed', `write ${folder}: no space left on device`, { cause: error })
  }
