import { z } from 'zod'
import type { Assessment } from '../../engine/fit/assess.ts'
import { whyText } from '../../engine/fit/report.ts'
import { reportText } from '../../engine/fit/report-text.ts'
import type { Device } from '../../engine/fit/types.ts'
import type { FitAdvice } from '../../engine/planning/advise.ts'
import { snakeCase } from '../wire/snake-case.ts'

const bytes = z.number().describe('Bytes')
const tokens = z.number().describe('Tokens')
const rate = z.number().describe('Tokens a second')

const Row = z
  .object({
    name: z.string().describe('What to ask for to get it'),
    quantization: z.string(),
    source: z.string(),
    fits: z.boolean(),
    is_chosen: z.boolean(),
    weights: bytes,
    is_exact: z.boolean().describe('The size is that of a file, not of a recipe'),
    gpu: bytes,
    ram: bytes,
    disk: bytes,
    missing: bytes.describe('By how much too little there is of `obstacle`, in bytes'),
    obstacle: z.enum(['device-memory', 'gpu-cap', 'host-memory']).nullable(),
    placement: z.enum(['gpu', 'experts-in-ram', 'layers-in-ram', 'cpu']),
    num_gpu: z.number().describe('Layers on GPUs, the output counted as one'),
    layers: z.number().describe('Layers of the model, without the output'),
    expert_layers: z.number().describe('Layers with experts'),
    expert_layers_in_ram: z.number(),
    num_ctx: tokens,
    num_parallel: z.number(),
    kv_cache_type: z.string(),
    tokens_per_second: rate.describe('With an empty context'),
    tokens_per_second_full: rate.describe('With a full context'),
    prompt_tokens_per_second: rate
      .nullable()
      .describe('Null where nobody knows how fast a device calculates'),
    confidence: z.enum(['measured', 'fitted', 'class', 'hybrid', 'guess']),
    bytes_per_token: bytes.describe('Read for each token, in bytes'),
    headroom: z.number().describe('Share of usable memory that stays free'),
    quality: z.string(),
    grade: z.string(),
    devices: z.array(
      z.object({
        id: z.string(),
        layers: z.number(),
        first_layer: z.number(),
        has_output: z.boolean(),
        weights: bytes,
        cache: bytes,
        buffers: bytes,
        budget: bytes,
      }),
    ),
  })
  .meta({ id: 'SnugFitRow', title: 'FitRow' })

const HardwareDevice = z.object({
  id: z.string(),
  name: z.string(),
  total: bytes,
  free: bytes,
  bandwidth: z.number().describe('Bytes a second'),
  is_unified: z.boolean(),
})

export const FitReply = z
  .object({
    model: z.string(),
    verdict: z.enum(['fits', 'does-not-fit']),
    chosen: Row.nullable().describe('The best way to run it; where nothing fits, what came closest'),
    maps_weights: z.boolean().describe('Weights are mapped from their file instead of read into memory'),
    rows: z.array(Row).describe('Every quantization with the same settings, the best first'),
    reasons: z.array(
      z.object({
        code: z.string(),
        numbers: z.record(z.string(), z.number()).describe('What the sentence says, with units in the names'),
        sentence: z.string(),
      }),
    ),
    parameters: z.object({
      total: z.number(),
      active: z.number().describe('Weights that one token reads'),
    }),
    trained_ctx: tokens,
    hardware: z.object({
      is_imagined: z.boolean(),
      devices: z.array(HardwareDevice),
      ram: z.object({ total: bytes, available: bytes, bandwidth: z.number().describe('Bytes a second') }),
      cpu_reason: z.string().nullable().describe('Why nothing runs on a GPU'),
      notes: z.array(z.string()),
    }),
    notes: z.array(z.string()).describe('What is known with reservations'),
    report: z.string().describe('All of it as text'),
  })
  .meta({ id: 'SnugFitReply', title: 'FitReply' })
export type FitReply = z.output<typeof FitReply>

/** The whole reply. */
export function toReply({ plan, machine, target, isImagined }: FitAdvice): FitReply {
  const { chosen, verdict, facts, mapsWeights } = plan
  const offer = verdict === 'fits' ? chosen?.candidate.offer : undefined
  const { ram, devices } = machine.machine
  return {
    model: facts.model.name,
    verdict,
    chosen: chosen === undefined ? null : toRow(chosen, offer !== undefined),
    maps_weights: mapsWeights,
    rows: plan.rows.map((row) => toRow(row, row.candidate.offer === offer)),
    reasons: plan.reasons.map(({ code, numbers, sentence }) => ({
      code,
      numbers: toNumbers(numbers),
      sentence,
    })),
    parameters: { total: facts.model.parameters, active: facts.model.activeParameters },
    trained_ctx: facts.model.contextLength,
    hardware: {
      is_imagined: isImagined,
      devices: devices.map(toDevice),
      ram: { total: ram.totalBytes, available: ram.availableBytes, bandwidth: ram.bandwidth },
      cpu_reason: machine.cpuReason ?? null,
      notes: [...machine.notes],
    },
    notes: [...target.notes],
    report: `${reportText(plan)}\n${whyText(plan)}\n`,
  }
}

/** Bytes that come out of shares are no whole numbers. */
const toNumbers = (numbers: Readonly<Record<string, number>>) =>
  Object.fromEntries(
    Object.entries(numbers).map(([name, value]) => [
      snakeCase(name),
      name.endsWith('Bytes') ? Math.round(value) : value,
    ]),
  )

const toDevice = ({ id, name, totalBytes, freeBytes, bandwidth, isUnified = false }: Device) => ({
  id,
  name,
  total: totalBytes,
  free: freeBytes,
  bandwidth,
  is_unified: isUnified,
})

function toRow(row: Assessment, isChosen: boolean): FitReply['rows'][number] {
  const { offer, settings, placement, decode } = row.candidate
  const { shares } = placement
  return {
    name: offer.name,
    quantization: offer.fileType,
    source: offer.source,
    fits: row.fits,
    is_chosen: isChosen,
    weights: Math.round(offer.weightBytes),
    is_exact: offer.isExact,
    gpu: Math.round(placement.deviceBytes),
    ram: Math.round(placement.hostBytes - placement.diskBytes),
    disk: Math.round(placement.diskBytes),
    missing: Math.round(placement.missingBytes),
    obstacle: placement.obstacle ?? null,
    placement: placement.mode,
    num_gpu: placement.gpuLayers,
    layers: placement.layers,
    expert_layers: placement.expertLayers,
    expert_layers_in_ram: placement.expertLayersInRam,
    num_ctx: settings.contextLength,
    num_parallel: settings.sequences,
    kv_cache_type: settings.cacheType,
    tokens_per_second: decode.tokensPerSecond,
    tokens_per_second_full: row.fullSpeed,
    prompt_tokens_per_second: row.prefillSpeed ?? null,
    confidence: decode.confidence,
    bytes_per_token: Math.round(row.bytesPerToken),
    headroom: row.headroom,
    quality: row.quality,
    grade: row.grade,
    devices: shares.map((share) => ({
      id: share.device.id,
      layers: share.layers,
      first_layer: share.firstLayer,
      has_output: share.hasOutput,
      weights: Math.round(share.denseBytes + share.expertBytes),
      cache: Math.round(share.cacheBytes),
      buffers: Math.round(share.computeBytes),
      budget: Math.round(share.budgetBytes),
    })),
  }
}
