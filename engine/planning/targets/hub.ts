/** Models on Hugging Face: one header exactly, the other files by their sizes. */
import { EngineError } from '../../errors.ts'
import { sizedOffer } from '../../fit/model-facts.ts'
import type { Offer } from '../../fit/types.ts'
import {
  chooseQuantization,
  namesOf,
  type Quantization,
  quantizationNamed,
  quantizationsOf,
} from '../../registry/hugging-face/quantization.ts'
import { inWords } from '../../registry/hugging-face/refusal.ts'
import type { HashedFile, Hub, HubFile } from '../../registry/hugging-face/types.ts'
import type { Registries } from '../../registry/types.ts'
import { shortName } from '../../store/name.ts'
import type { ModelName } from '../../store/types.ts'
import { isNativeType, typeNamed } from './file-type.ts'
import { architectureOf, factsFromHeader } from './from-header.ts'
import { type ModelHeader, readModelHeader, withinDeadline } from './remote-header.ts'
import type { Target } from './types.ts'

/** Repositories have a few dozen; what comes after is left out. */
const MOST_OFFERS = 64

/** The target of a repository, or of one file type in it when the name has a tag. Throws as `Targets.find` does. */
export async function hubTarget(
  registries: Pick<Registries, 'open'>,
  name: ModelName,
  signal: AbortSignal,
): Promise<Target> {
  const { hub } = registries.open(name.host, { insecure: false })
  if (hub === undefined) throw new EngineError('registry_failed', `${name.host} lists no files`)
  return await withinDeadline(name.host, signal, async (inner) => {
    try {
      return await readRepository(hub, name, inner)
    } catch (error) {
      throw inWords(error, name, hub)
    }
  })
}

async function readRepository(hub: Hub, name: ModelName, signal: AbortSignal): Promise<Target> {
  const repository = `${name.host}/${name.namespace}/${name.model}`
  const all = quantizationsOf(await hub.files(name, signal))
  const isNamed = name.tag.toLowerCase() !== 'latest'
  const named = isNamed ? quantizationNamed(all, name.tag) : undefined
  if (all.length === 0 || (isNamed && named === undefined)) {
    const there = all.length === 0 ? 'no GGUF model' : namesOf(all)
    throw new EngineError(
      'model_not_found',
      `model '${shortName(name)}' not found: ${repository} has ${there}`,
    )
  }
  const source = named ?? easiest(all)
  if (source === undefined) throw new EngineError('model_not_found', `${repository} has no GGUF model`)
  const parts = source.parts.map(hashed)
  const header = await readModelHeader(
    parts.map((file) => (inner: AbortSignal) => hub.blob(name, file, inner)),
    signal,
  )
  const own = factsFromHeader(header, { name: `${repository}:${source.name}`, source: 'hugging-face' })
  const { offers, leftOut } = othersBySize(all, { source, header, repository })
  const notes =
    leftOut.length === 0
      ? []
      : [`Left out, with sizes that their names do not explain: ${leftOut.join(', ')}.`]
  const model = { ...own, name: repository, offers: [...own.offers, ...offers] }
  return { model, siblings: [], offer: named && `${repository}:${named.name}`, notes }
}

/** The one whose header costs least: in one file, of a type that is known. */
function easiest(all: readonly Quantization[]): Quantization | undefined {
  const whole = all.filter(({ parts, name }) => parts.length === 1 && typeNamed(name) !== undefined)
  return chooseQuantization(whole) ?? chooseQuantization(all) ?? all[0]
}

function hashed(file: HubFile): HashedFile {
  const { digest } = file
  if (digest !== undefined) return { ...file, digest }
  throw new EngineError('registry_failed', `Hugging Face gives no SHA-256 of "${file.path}"`)
}

interface Known {
  source: Quantization
  header: ModelHeader
  repository: string
}

function othersBySize(
  all: readonly Quantization[],
  { source, header, repository }: Known,
): { offers: Offer[]; leftOut: string[] } {
  const offers: Offer[] = []
  const leftOut: string[] = []
  const seen = new Set([source.name])
  for (const { name, bytes } of all) {
    if (seen.has(name) || seen.size > MOST_OFFERS) continue
    seen.add(name)
    const fileType = typeNamed(name)
    const offer =
      fileType &&
      sizedOffer(
        header,
        {
          name: `${repository}:${name}`,
          fileType,
          source: 'hugging-face',
          isNative: isNativeType(architectureOf(header), fileType),
        },
        bytes - header.headerBytes,
      )
    if (offer === undefined) leftOut.push(name)
    else offers.push(offer)
  }
  return { offers, leftOut }
}
