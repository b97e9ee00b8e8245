/** How a download paces itself. Product code uses DOWNLOAD_TUNING; tests make everything smaller and faster. */
export interface DownloadTuning {
  /** Bytes of a part: the blob over `partCount`, within these bounds. */
  minPartBytes: number
  maxPartBytes: number
  partCount: number
  /** Connections at the same time. */
  lanes: number
  /**
   * A further connection is opened after this time, unless those there are bring `fastBytesPerSecond`, or keep the
   * main thread at work for `busyShare` of the time.
   */
  rampMs: number
  fastBytesPerSecond: number
  busyShare: number
  /** Bytes of a piece, the unit of checksums; one that takes longer than `pieceMs` ends early. */
  pieceBytes: number
  pieceMs: number
  /** Progress is put on disk this often. */
  saveMs: number
  /** A connection that brings nothing for this long is given up. */
  stallMs: number
  /** Attempts in a row that bring nothing much before a part is given up, and the wait after the first of them. */
  tries: number
  backOffMs: number
  /** Smaller blobs are hashed without a thread of their own: starting one costs more. */
  inlineHashBytes: number
}

/** Parts, connections, stall, tries and waits: ollama server/download.go. */
export const DOWNLOAD_TUNING: DownloadTuning = {
  minPartBytes: 100_000_000,
  maxPartBytes: 1_000_000_000,
  partCount: 16,
  lanes: 16,
  rampMs: 100,
  // About what one core hashes at worst. Beyond it the pull waits for the hash, which goes through the file from
  // the start: parts that come later only make it wait for what it needs next.
  fastBytesPerSecond: 400_000_000,
  // Then it is not the network that is slow, and what more it brought would only wait.
  busyShare: 0.7,
  pieceBytes: 16 * 1024 * 1024,
  pieceMs: 5000,
  saveMs: 1000,
  stallMs: 30_000,
  tries: 6,
  backOffMs: 1000,
  inlineHashBytes: 1024 * 1024,
}
