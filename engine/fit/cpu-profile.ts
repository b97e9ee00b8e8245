/**
 * How fast a CPU gets through weights, by one calibration on the machine itself. A token costs, for every block type,
 * its bytes over a rate, and a fixed time for each layer (threads meet several times in a layer) and each mixture of
 * experts. One bandwidth for all types does not do: a block type needs the same instructions for a weight however fast
 * memory is (ggml/src/ggml-cpu/arch/x86/quants.c), and with few cores that decides, so that fewer bytes are not
 * always faster. A roofline for each type has two numbers, and the smaller of them is all that shows: the rate.
 */
export interface CpuProfile {
  /** Bytes of weights a second of all threads together, by block type such as `Q4_K`. */
  bytesPerSecond: Readonly<Record<string, number>>
  layerSeconds: number
  /** For choosing and gathering experts, beside `layerSeconds`. */
  expertLayerSeconds: number
}

/** Bytes by block type. */
export type TypeBytes = Readonly<Record<string, number>>

/** A model of one block type that was run to calibrate. */
export interface CpuSample {
  type: string
  /** Read for each token. */
  bytes: number
  layers: number
  expertLayers: number
  secondsPerToken: number
}

/**
 * The profile that explains the samples. They are: a model of a few wide layers for each block type; `thin`, many
 * narrow layers of a type that is among those; and the same with experts. Undefined when they contradict each other,
 * as measurements of a machine that was busy meanwhile do.
 */
export function cpuProfileFrom(samples: {
  wide: readonly CpuSample[]
  thin: CpuSample
  thinWithExperts: CpuSample
}): CpuProfile | undefined {
  const { wide, thin, thinWithExperts } = samples
  const same = wide.find(({ type }) => type === thin.type)
  if (same === undefined || thinWithExperts.type !== thin.type) return undefined
  // Two equations, bytes × secondsPerByte + layers × layerSeconds = secondsPerToken, by Cramer's rule.
  const determinant = same.bytes * thin.layers - thin.bytes * same.layers
  if (determinant === 0) return undefined
  const layerSeconds = (same.bytes * thin.secondsPerToken - thin.bytes * same.secondsPerToken) / determinant
  const secondsPerByte = (sample: CpuSample) =>
    (sample.secondsPerToken - sample.layers * layerSeconds) / sample.bytes
  const own = secondsPerByte(same)
  const expertLayerSeconds =
    (thinWithExperts.secondsPerToken - thinWithExperts.bytes * own - thinWithExperts.layers * layerSeconds) /
    thinWithExperts.expertLayers
  const rates = wide.map((sample) => [sample.type, 1 / secondsPerByte(sample)] as const)
  const isSound = layerSeconds >= 0 && rates.every(([, rate]) => rate > 0 && Number.isFinite(rate))
  if (!isSound) return undefined
  return {
    bytesPerSecond: Object.fromEntries(rates),
    layerSeconds,
    expertLayerSeconds: Math.max(0, expertLayerSeconds),
  }
}

/**
 * Bytes a second for weights of several types mixed as in `mix`. Undefined when one of them was not measured: single
 * precision is no reason, there is next to none of it.
 */
export function mixedRate({ bytesPerSecond }: CpuProfile, mix: TypeBytes): number | undefined {
  let bytes = 0
  let seconds = 0
  for (const [type, own] of Object.entries(mix)) {
    if (type === 'F32') continue
    const rate = bytesPerSecond[type]
    if (rate === undefined) return undefined
    bytes += own
    seconds += own / rate
  }
  return bytes === 0 ? undefined : bytes / seconds
}
