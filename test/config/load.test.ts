import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Config, ConfigError, loadConfig } from '../../config/load.ts'

const load = (env: Record<string, string>) => loadConfig({ HOME: '/home/u', ...env })

/** The message of the one error that loading throws. */
function refusal(env: Record<string, string | undefined>): string {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('the configuration was accepted')
}

test('without any variable but HOME, the defaults of Ollama hold', () => {
  const { origins, ...rest } = load({})
  expect(rest).toEqual({
    host: '127.0.0.1',
    port: 11434,
    modelsFolder: '/home/u/.ollama/models',
    keepAliveMs: 300_000,
    loadTimeoutMs: 300_000,
    contextLength: 0,
    parallel: 1,
    maxLoadedModels: 0,
    maxQueue: 512,
    maxQueuePerModel: 0,
    maxPerClient: 0,
    waitTimeoutMs: 3_600_000,
    noPrune: false,
    templates: 'auto',
    rawCompletions: false,
    flashAttention: 'auto',
    kvCacheType: 'auto',
    gpuOverheadBytes: 0,
    spreadsOverGpus: false,
    placement: { mlock: false, cpuExpertLayers: 0 },
    cache: { dirBytes: 10 * 2 ** 30 },
    registry: {
      keyPath: '/home/u/.ollama/id_ed25519',
      proxies: {},
      mirrors: new Map(),
      allowPrivate: false,
      huggingFace: {},
    },
    remotes: { hosts: ['ollama.com'], keys: new Map() },
    threads: 0,
    libraryDir: undefined,
    engineEnvironment: { HOME: '/home/u' },
    logLevel: 'info',
    logFormat: 'auto',
    emulatedVersion: '0.33.0',
    shutdownTimeoutMs: 10_000,
    speculation: 'auto',
    warnings: [],
  })
  expect(origins.allows('http://localhost:3000')).toBe(true)
})

test('the configuration cannot be changed afterwards', () => {
  const config = load({ OLLAMA_TYPO: '1' })
  expect(Object.isFrozen(config)).toBe(true)
  expect(Object.isFrozen(config.warnings)).toBe(true)
})

describe('ollama 111: OLLAMA_KEEP_ALIVE is a duration, seconds, or forever; nonsense means 5 minutes', () => {
  test.each([
    ['60', 60_000],
    ['1h', 3_600_000],
    ['-1', Number.POSITIVE_INFINITY],
    ['-1m', Number.POSITIVE_INFINITY],
    ['0', 0],
    ['0s', 0],
    ['???', 300_000],
    ['1.5', 300_000],
  ])('%s', (text, ms) => {
    expect(load({ OLLAMA_KEEP_ALIVE: text }).keepAliveMs).toBe(ms)
  })
})

describe('every variable arrives where it belongs', () => {
  test.each<[string, string, Partial<Config>]>([
    ['OLLAMA_HOST', '0.0.0.0:8080', { host: '0.0.0.0', port: 8080 }],
    ['OLLAMA_MODELS', '/data/models', { modelsFolder: '/data/models' }],
    ['OLLAMA_MODELS', 'models', { modelsFolder: resolve('models') }],
    ['OLLAMA_LOAD_TIMEOUT', '90s', { loadTimeoutMs: 90_000 }],
    ['OLLAMA_LOAD_TIMEOUT', '7', { loadTimeoutMs: 7000 }],
    ['OLLAMA_LOAD_TIMEOUT', '0', { loadTimeoutMs: Number.POSITIVE_INFINITY }],
    ['OLLAMA_LOAD_TIMEOUT', '-1s', { loadTimeoutMs: Number.POSITIVE_INFINITY }],
    ['OLLAMA_CONTEXT_LENGTH', '8192', { contextLength: 8192 }],
    ['OLLAMA_NUM_PARALLEL', '4', { parallel: 4 }],
    ['OLLAMA_NUM_PARALLEL', '0', { parallel: 0 }],
    ['OLLAMA_MAX_LOADED_MODELS', '3', { maxLoadedModels: 3 }],
    ['OLLAMA_MAX_QUEUE', '0', { maxQueue: 0 }],
    ['OLLAMA_NOPRUNE', '1', { noPrune: true }],
    ['OLLAMA_NOPRUNE', 'F', { noPrune: false }],
    ['OLLAMA_NOPRUNE', 'yes', { noPrune: true }],
    ['OLLAMA_FLASH_ATTENTION', '1', { flashAttention: true }],
    ['OLLAMA_FLASH_ATTENTION', 'false', { flashAttention: false }],
    ['OLLAMA_FLASH_ATTENTION', 'auto', { flashAttention: 'auto' }],
    ['OLLAMA_KV_CACHE_TYPE', 'Q8_0', { kvCacheType: 'q8_0' }],
    ['OLLAMA_GPU_OVERHEAD', '536870912', { gpuOverheadBytes: 536_870_912 }],
    ['OLLAMA_SCHED_SPREAD', '1', { spreadsOverGpus: true }],
    ['SNUG_MLOCK', 'true', { placement: { mlock: true, cpuExpertLayers: 0 } }],
    ['SNUG_NUMA', 'Distribute', { placement: { mlock: false, numa: 'distribute', cpuExpertLayers: 0 } }],
    [
      'SNUG_TENSOR_SPLIT',
      '3, 1.5',
      { placement: { mlock: false, tensorSplit: [3, 1.5], cpuExpertLayers: 0 } },
    ],
    ['SNUG_CPU_EXPERT_LAYERS', '12', { placement: { mlock: false, cpuExpertLayers: 12 } }],
    ['SNUG_CPU_EXPERT_LAYERS', 'all', { placement: { mlock: false, cpuExpertLayers: 'all' } }],
    ['OLLAMA_DEBUG', '1', { logLevel: 'debug' }],
    ['OLLAMA_DEBUG', 'true', { logLevel: 'debug' }],
    ['OLLAMA_DEBUG', '2', { logLevel: 'trace' }],
    ['OLLAMA_DEBUG', '9', { logLevel: 'trace' }],
    ['OLLAMA_DEBUG', 'false', { logLevel: 'info' }],
    ['OLLAMA_DEBUG', '-1', { logLevel: 'warn' }],
    ['OLLAMA_DEBUG', '-2', { logLevel: 'error' }],
    ['OLLAMA_DEBUG', '-9', { logLevel: 'fatal' }],
    ['SNUG_LOG_FORMAT', 'json', { logFormat: 'json' }],
    ['SNUG_EMULATED_VERSION', '0.40.1', { emulatedVersion: '0.40.1' }],
    ['SNUG_THREADS', '6', { threads: 6 }],
    ['SNUG_KV_CACHE_RAM', '512MiB', { cache: { ramBytes: 512 * 2 ** 20, dirBytes: 10 * 2 ** 30 } }],
    ['SNUG_SPECULATION', 'OFF', { speculation: 'off' }],
    ['SNUG_KV_CACHE_RAM', '0', { cache: { ramBytes: 0, dirBytes: 10 * 2 ** 30 } }],
    ['SNUG_KV_CACHE_DIR', '/kv', { cache: { dir: resolve('/kv'), dirBytes: 10 * 2 ** 30 } }],
    ['SNUG_KV_CACHE_SIZE', '1.5 gb', { cache: { dirBytes: 1.5 * 2 ** 30 } }],
    ['SNUG_LIBRARY_DIR', '/opt/llama', { libraryDir: '/opt/llama' }],
    ['SNUG_SHUTDOWN_TIMEOUT', '1m', { shutdownTimeoutMs: 60_000 }],
    ['SNUG_SHUTDOWN_TIMEOUT', '3', { shutdownTimeoutMs: 3000 }],
  ])('%s=%s', (name, text, expected) => {
    const config = load({ [name]: text })
    expect(config).toMatchObject(expected)
    expect(config.warnings).toEqual([])
  })
})

test('processes that run models see device masks and search paths, and nothing secret', () => {
  const passedOn = { PATH: '/bin', LD_LIBRARY_PATH: '/lib', CUDA_VISIBLE_DEVICES: '1', HOME: '/home/u' }
  const config = load({ ...passedOn, OLLAMA_API_KEY: 'secret', AWS_SECRET_ACCESS_KEY: 'secret' })
  expect(config.engineEnvironment).toEqual(passedOn)
})

test.each([' 1.2.3.4 ', '"1.2.3.4"', "'1.2.3.4'", ' "1.2.3.4" ', '" 1.2.3.4 "'])(
  'spaces and quotes around a value do not count: %j',
  (text) => {
    expect(load({ OLLAMA_HOST: text }).host).toBe('1.2.3.4')
  },
)

test.each(['', '  ', '""'])('an empty value (%j) is the default', (text) => {
  expect(load({ OLLAMA_MAX_QUEUE: text, SNUG_THREADS: text, OLLAMA_MODELS: text })).toMatchObject({
    maxQueue: 512,
    threads: 0,
    modelsFolder: '/home/u/.ollama/models',
    warnings: [],
  })
})

test('OLLAMA_MODELS alone is enough where there is no home folder', () => {
  expect(loadConfig({ OLLAMA_MODELS: '/m' }).modelsFolder).toBe('/m')
})

describe('where Ollama goes on with a default, so does the server, and says so', () => {
  test.each<[string, string, Partial<Config>, string]>([
    ['OLLAMA_HOST', ':66000', { port: 11434 }, 'OLLAMA_HOST: invalid port "66000", using 11434'],
    ['OLLAMA_KEEP_ALIVE', '???', {}, 'OLLAMA_KEEP_ALIVE: "???" is not understood, using 5m'],
    ['OLLAMA_LOAD_TIMEOUT', 'x', {}, 'OLLAMA_LOAD_TIMEOUT: "x" is not understood, using 5m'],
    ['OLLAMA_NUM_PARALLEL', '-2', { parallel: 1 }, 'OLLAMA_NUM_PARALLEL: "-2" is not understood, using 1'],
    ['OLLAMA_MAX_QUEUE', '1.5', { maxQueue: 512 }, 'OLLAMA_MAX_QUEUE: "1.5" is not understood, using 512'],
    ['OLLAMA_CONTEXT_LENGTH', '4k', {}, 'OLLAMA_CONTEXT_LENGTH: "4k" is not understood, using 0'],
    ['OLLAMA_CONTEXT_LENGTH', '99999999999999999999', { contextLength: 0 }, 'not understood, using 0'],
    ['OLLAMA_DEBUG', 'loud', { logLevel: 'info' }, 'OLLAMA_DEBUG: "loud" is not understood, using 0'],
    ['OLLAMA_VULKAN', '1', {}, 'OLLAMA_VULKAN: has no effect in this server'],
    ['OLLAMA_KEEPALIVE', '1m', {}, 'OLLAMA_KEEPALIVE: not a setting that this server knows'],
  ])('%s=%s', (name, text, expected, warning) => {
    const config = load({ [name]: text })
    expect(config).toMatchObject(expected)
    expect(config.warnings).toEqual([expect.stringContaining(warning)])
  })
})

describe('servers that may run models', () => {
  test.each([
    ['', ['ollama.com']],
    ['gpu', ['gpu']],
    [' GPU-box , 10.0.0.7,[::1],', ['gpu-box', '10.0.0.7', '::1']],
  ])('OLLAMA_REMOTES=%s', (OLLAMA_REMOTES, hosts) => {
    expect(load({ OLLAMA_REMOTES })).toMatchObject({ remotes: { hosts }, warnings: [] })
  })

  test('have their keys by origin', () => {
    const SNUG_REMOTE_KEYS = 'http://GPU:8000=sk=1, https://gpu:443/=b'
    expect(load({ SNUG_REMOTE_KEYS }).remotes.keys).toEqual(
      new Map([
        ['http://gpu:8000', 'sk=1'],
        ['https://gpu', 'b'],
      ]),
    )
  })

  test.each([
    'gpu=secret',
    'http://gpu:8000',
    'http://u@gpu=secret',
    'http://gpu/v1=secret',
    'http://gpu=se cret',
  ])('a key that is not understood is refused without telling it: %s', (text) => {
    const tried = () => load({ SNUG_REMOTE_KEYS: `http://a=ok,${text}` })
    expect(tried).toThrow('pair 2 is not an address and a key')
    expect(tried).not.toThrow(/cret/)
  })
})

describe('web proxies are those of the environment, in upper or lower case', () => {
  test.each<[Record<string, string>, Config['registry']['proxies']]>([
    [{ HTTPS_PROXY: 'http://p:3128' }, { https: 'http://p:3128' }],
    [{ https_proxy: 'p:3128', HTTP_PROXY: '' }, { https: 'http://p:3128' }],
    [
      { http_proxy: 'http://u:s@p/', no_proxy: ' a,b ' },
      { http: 'http://u:s@p/', none: 'a,b' },
    ],
  ])('%j', (env, proxies) => {
    expect(load(env).registry.proxies).toEqual(proxies)
  })

  test('one that cannot be used stops the server, and the message does not show its password', () => {
    const message = refusal({ HOME: '/home/u', HTTPS_PROXY: 'socks5://user:secret@p' })
    expect(message).toContain('it is not the address of a web proxy')
    expect(message).not.toContain('secret')
  })
})

test('mirrors are origins by the hosts they stand for', () => {
  const text = 'Registry.Ollama.ai=https://mirror.example, hf.co:443 = http://10.0.0.1:5000/ ,'
  expect([...load({ SNUG_REGISTRY_MIRRORS: text }).registry.mirrors]).toEqual([
    ['registry.ollama.ai', 'https://mirror.example'],
    ['hf.co:443', 'http://10.0.0.1:5000'],
  ])
})

describe('a mirror that cannot be used stops the server', () => {
  test.each(['x', 'a=b', '=https://b', 'a=ftp://b', 'a=https://u:p@b', 'a=https://b/path', 'a=https://b:x'])(
    '%s',
    (text) => {
      expect(refusal({ HOME: '/home/u', SNUG_REGISTRY_MIRRORS: text })).toContain(
        'is not a host and an address',
      )
    },
  )
})

test('without a home folder there is no key', () => {
  expect(loadConfig({ OLLAMA_MODELS: '/m' }).registry).toEqual({
    proxies: {},
    mirrors: new Map(),
    allowPrivate: false,
    huggingFace: {},
  })
})

describe('Hugging Face is set up by its own variables', () => {
  test.each<[Record<string, string>, Config['registry']['huggingFace']]>([
    [{ HF_TOKEN: ' hf_a ', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'hf_a' }],
    [{ HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'hf_b' }],
    [{ HF_ENDPOINT: 'https://Mirror.example/' }, { endpoint: 'https://mirror.example' }],
  ])('%j', (env, huggingFace) => {
    expect(load(env).registry.huggingFace).toEqual(huggingFace)
  })

  test('what cannot be used stops the server, and the message shows no secrets', () => {
    const env = { HOME: '/home/u', HF_TOKEN: 'hf_ secret', HF_ENDPOINT: 'https://u:secret@mirror.example' }
    const message = refusal(env)
    expect(message).toContain('it is no token')
    expect(message).toContain('it is not the address of a server')
    expect(message).not.toContain('secret')
  })
})

test('a quantized cache without flash attention is an ordinary one, as with Ollama, and the server says so', () => {
  const off = load({ OLLAMA_KV_CACHE_TYPE: 'q8_0', OLLAMA_FLASH_ATTENTION: '0' })
  expect(off.kvCacheType).toBe('f16')
  expect(off.warnings).toEqual(['OLLAMA_KV_CACHE_TYPE: q8_0 needs flash attention, which is off; using f16'])
  expect(load({ OLLAMA_KV_CACHE_TYPE: 'q8_0' })).toMatchObject({ kvCacheType: 'q8_0', warnings: [] })
})

test('variables of the command-line client, and of other programs, are passed over in silence', () => {
  const env = { OLLAMA_NOHISTORY: '1', OLLAMA_API_KEY: 'k', OLLAMA_NO_CLOUD: '1', PATH: '/bin', SNUGGLE: '1' }
  expect(load(env).warnings).toEqual([])
})

describe('anything else that is wrong stops the server', () => {
  test.each([
    ['OLLAMA_ORIGINS', 'example.com', 'origin "example.com" must contain'],
    ['OLLAMA_KV_CACHE_TYPE', 'q2', '"q2" is not one of auto, f16, q8_0, q4_0'],
    ['SNUG_LOG_FORMAT', 'xml', '"xml" is not one of auto, json, pretty'],
    ['SNUG_EMULATED_VERSION', 'v1', '"v1" is not a version such as 0.33.0'],
    ['SNUG_KV_CACHE_RAM', 'much', '"much" is not a size such as 512MiB or 10GiB'],
    ['SNUG_KV_CACHE_SIZE', '-1', '"-1" is not a size such as 512MiB or 10GiB'],
    ['SNUG_THREADS', '-1', '"-1" is not a number from 0 to 1024'],
    ['SNUG_THREADS', '1025', '"1025" is not a number from 0 to 1024'],
    ['SNUG_MLOCK', 'maybe', '"maybe" is not true or false'],
    ['SNUG_NUMA', 'mirror', '"mirror" is not one of off, distribute, isolate, numactl'],
    ['SNUG_SPECULATION', 'on', '"on" is not one of auto, off'],
    ['SNUG_TENSOR_SPLIT', '1,-1', '"1,-1" is not up to 16 numbers'],
    ['SNUG_TENSOR_SPLIT', '0,0', '"0,0" is not up to 16 numbers'],
    ['SNUG_CPU_EXPERT_LAYERS', 'some', '"some" is not all or a number from 0 to 4096'],
    ['SNUG_SHUTDOWN_TIMEOUT', '0', '"0" is not a duration above 0'],
    ['SNUG_SHUTDOWN_TIMEOUT', '25h', '"25h" is not a duration above 0 and up to 24h'],
    ['SNUG_SHUTDOWN_TIMEOUT', 'soon', '"soon" is not a duration above 0'],
    ['SNUG_TREADS', '4', 'unknown setting; there are SNUG_MAX_QUEUE_PER_MODEL'],
  ])('%s=%s', (name, text, message) => {
    const refused = refusal({ HOME: '/home/u', [name]: text })
    expect(refused).toContain(message)
    expect(refused).toContain(`at ${name}`)
  })

  test('all of it is said at once', () => {
    const message = refusal({
      SNUG_TREADS: '4',
      SNUG_THREADS: 'four',
      OLLAMA_ORIGINS: 'x',
      OLLAMA_KV_CACHE_TYPE: 'y',
    })
    for (const name of [
      'OLLAMA_MODELS',
      'SNUG_TREADS',
      'SNUG_THREADS',
      'OLLAMA_ORIGINS',
      'OLLAMA_KV_CACHE_TYPE',
    ]) {
      expect(message).toContain(`at ${name}`)
    }
  })
})
