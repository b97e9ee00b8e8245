import type { CachePlan, LoadPlan } from './backend.ts'

/** What an operator decides for the whole engine. */
export interface EngineSettings {
  /** How long a model stays after its last request, when the request does not say; Infinity for ever. */
  keepAliveMs: number
  /** A load without progress for this long is given up; Infinity waits. */
  loadTimeoutMs: number
  /** Context of requests that name none; 0 chooses. */
  contextLength: number
  /** Requests a runner serves at the same time; 0 chooses by free memory. */
  parallel: number
  /** 0 chooses. */
  maxLoadedModels: number
  /** Requests that may wait, all models together. */
  maxQueue: number
  /** Of those, for one model; 0, or absent, is no limit of its own. */
  maxQueuePerModel?: number
  /** Requests of one client at the same time, waiting or at work; 0, or absent, is no limit. */
  maxPerClient?: number
  /** How long a request waits while the queue of its model stands still; an hour where absent. */
  waitTimeoutMs?: number
  /** `auto` lets the planner choose among those whose loss nobody sees; f16 without one. */
  kvCacheType: LoadPlan['kvCacheType'] | 'auto'
  flashAttention: LoadPlan['flashAttention']
  /** Bytes that each GPU leaves free beyond its margin. */
  gpuOverheadBytes?: number
  /** Models go to all GPUs even where fewer are enough. */
  spreadsOverGpus?: boolean
  /** Where and how weights are put, for every model. */
  placement?: Pick<LoadPlan, 'mlock' | 'directIo' | 'numa' | 'tensorSplit' | 'cpuExpertLayers'>
  /** Where each loaded model keeps states of earlier prompts; absent keeps none. */
  cache?: CachePlan
  /** Whether models compute tokens ahead where a text repeats itself; they do where it is absent. */
  speculation?: 'auto' | 'off'
}

/** Ollama's choice for machines with little or no GPU memory (envconfig and server/routes.go). */
export const SMALL_MACHINE_CONTEXT = 4096

/** Ollama's choice: three models for each GPU, or three in all without one (server/sched.go). */
export const MODELS_PER_GPU = 3
