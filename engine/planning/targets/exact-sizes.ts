import { likelyHeaderBytes } from '../../fit/file-size.ts'
import { resizedOffer } from '../../fit/model-facts.ts'
import type { ModelFacts, Offer } from '../../fit/types.ts'
import type { Registries, Registry } from '../../registry/types.ts'
import { layersOf, parseManifest } from '../../store/manifest.ts'
import { parseModelName } from '../../store/name.ts'
import type { Target } from './types.ts'

/** Manifests that are asked for at the same time. */
const LANES = 6
/** The recipes are good to a percent: nobody waits longer for the rest of it. */
const DEADLINE_MS = 5000
/** A file that differs more from its recipe is another model's. */
const MOST_OFF = 0.1

/** A target of the library with the sizes that the registry gives; where it gives none, those of the recipes. */
export async function withExactSizes(
  registries: Pick<Registries, 'open'>,
  target: Target,
  signal: AbortSignal,
): Promise<Target> {
  const inner = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)])
  const offers = [...target.model.offers]
  const asked = offers.flatMap(({ source }, at) => (source === 'library' ? [at] : []))
  const missed: string[] = []
  let registry: Registry | undefined
  for (let first = 0; first < asked.length; first += LANES) {
    await Promise.all(
      asked.slice(first, first + LANES).map(async (at) => {
        const offer = offers[at]
        const name = offer && parseModelName(offer.name)
        if (offer === undefined || name === undefined) return
        registry ??= registries.open(name.host, { insecure: false })
        try {
          const { bytes } = await registry.manifest(name, inner)
          offers[at] = measured(offer, fileBytes(bytes), target.model)
        } catch {
          // The recipe's size stays, and a note says so.
          missed.push(offer.fileType)
        }
      }),
    )
    signal.throwIfAborted()
  }
  const notes = missed.length === 0 ? [] : [`The registry gives no size of ${missed.join(', ')}: computed.`]
  return { ...target, model: { ...target.model, offers }, notes: [...target.notes, ...notes] }
}

const fileBytes = (manifest: Buffer): number =>
  layersOf(parseManifest(manifest), 'model').reduce((sum, { size }) => sum + size, 0)

function measured(offer: Offer, bytes: number, { hyperparameters }: ModelFacts): Offer {
  const factor = (bytes - likelyHeaderBytes(hyperparameters.vocabularySize)) / offer.weightBytes
  if (!(Math.abs(factor - 1) <= MOST_OFF)) throw new RangeError(`${offer.name} is not what its recipe makes`)
  return resizedOffer(offer, factor)
}
