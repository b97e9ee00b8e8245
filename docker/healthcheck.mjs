// Exit status 0 when the server can work: its scheduler answers. The image has no curl. Argument: the value of OLLAMA_HOST.
import { parseHost } from '../dist/config/host.js'

const { host, port } = parseHost(process.argv[2] ?? '')
const isEveryInterface = host === '::' || host === '0.0.0.0'
const reachable = isEveryInterface ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
const reply = await fetch(`http://${reachable}:${port}/readyz`, { signal: AbortSignal.timeout(4000) })
process.exitCode = reply.ok ? 0 : 1
