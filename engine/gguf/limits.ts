/**
 * What a header may claim. Real files stay far below; the limits keep a hostile one from costing more memory
 * or time than its own bytes.
 */
export const LIMITS = {
  /** The biggest vocabularies take some 40 MB, a tokenizer carried along as JSON another 40. */
  headerBytes: 256 * 1024 * 1024,
  /** The same for a file that is far away: some take 15 MB. */
  remoteHeaderBytes: 16 * 1024 * 1024,
  metadataEntries: 65_536,
  /** The GGUF specification's own limit. */
  keyBytes: 65_535,
  stringBytes: 64 * 1024 * 1024,
  arrayElements: 16 * 1024 * 1024,
  /** llama.cpp reads no arrays of arrays at all; the specification allows them. */
  arrayDepth: 4,
  /** Older mixture-of-experts files hold each expert by itself: 60 layers of 256 experts are 46,000. */
  tensors: 131_072,
  tensorNameBytes: 256,
  /** GGML_MAX_DIMS in ggml/include/ggml.h. */
  tensorDimensions: 4,
  /** The biggest models come in fewer than a hundred. */
  splitFiles: 1024,
  /** Files in use have 32, some 64 or 4096. */
  alignment: 65_536,
} as const
