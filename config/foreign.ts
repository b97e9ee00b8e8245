/** Variables of Ollama's command-line client, or that only switch off what this server does not have. */
const HARMLESS = new Set([
  'OLLAMA_AGENT_DISABLE_SHELL',
  'OLLAMA_AGENT_DISABLE_WEBSEARCH',
  'OLLAMA_API_KEY',
  'OLLAMA_AUTH',
  'OLLAMA_EDITOR',
  'OLLAMA_NOHISTORY',
  'OLLAMA_NO_CLOUD',
  'OLLAMA_SKILLS',
])

/** Variables that change how an Ollama server behaves and do nothing here. */
const WITHOUT_EFFECT = new Set([
  'OLLAMA_CLOUD_BASE_URL',
  'OLLAMA_DEBUG_LOG_REQUESTS',
  'OLLAMA_EXPERIMENT',
  'OLLAMA_IGPU_ENABLE',
  'OLLAMA_LIBRARY_PATH',
  'OLLAMA_LLAMA_CPP_COMPAT',
  'OLLAMA_LLM_LIBRARY',
  'OLLAMA_MAX_TRANSFER_STREAMS',
  'OLLAMA_VULKAN',
])

/** What to tell an operator who set an OLLAMA_ variable that this server does not read. */
export function foreignWarning(name: string): string | undefined {
  if (HARMLESS.has(name)) return undefined
  if (WITHOUT_EFFECT.has(name)) return `${name}: has no effect in this server`
  return `${name}: not a setting that this server knows, is it spelled right?`
}
