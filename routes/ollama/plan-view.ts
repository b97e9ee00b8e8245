import { placeText } from '../../engine/fit/wording.ts'
import type { Preview } from '../../engine/planning/preview.ts'
import type { PlannedLoad } from '../../engine/planning/types.ts'
import type { LoadedModel } from '../../engine/types.ts'

/** How a loaded model was planned and what came of it; nothing where nothing was planned. */
export function toPlanning({ planned, memory }: Pick<LoadedModel, 'planned' | 'memory'>) {
  return planned === undefined ? {} : { ...toPlan(planned), actual: memory }
}

/** How a model would be loaded that is not. */
export const toPreview = (preview: Preview) =>
  'refusal' in preview ? { refusal: preview.refusal } : toPlan(preview.planned)

function toPlan({ plan, fit, needs }: PlannedLoad) {
  const chosen = fit?.chosen
  return {
    plan: {
      // Ollama's names of the options, as /api/fit has them.
      num_ctx: plan.contextLength,
      kv_cache_type: plan.kvCacheType,
      num_parallel: plan.slots,
      num_gpu: plan.gpuLayers,
      ...(plan.tensorSplit === undefined ? {} : { tensor_split: plan.tensorSplit }),
      ...(plan.cpuExpertLayers === undefined ? {} : { cpu_expert_layers: plan.cpuExpertLayers }),
      mmap: plan.mmap ?? null,
      ...(chosen === undefined
        ? {}
        : {
            where: placeText(chosen.candidate.placement),
            quantization: chosen.candidate.offer.fileType,
            quality: chosen.quality,
            grade: chosen.grade,
            tokens_per_second: chosen.candidate.decode.tokensPerSecond,
          }),
      reasons: (fit?.reasons ?? []).map(({ sentence }) => sentence),
    },
    predicted: needs,
  }
}
