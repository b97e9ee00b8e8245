const HOSTS = ['hf.co', 'huggingface.co']
const ORIGINS = HOSTS.map((host) => `https://${host}`)

/** The host in a model's name is Hugging Face, by either of its names. */
export const isHuggingFace = (host: string): boolean => HOSTS.includes(host.toLowerCase())

/**
 * The origins that are one party with a registry: itself, and for Hugging Face its other name. That is the only
 * exception from the rule that a token stays with the origin it is for: `hf.co` redirects to `huggingface.co`, which
 * then asks for a token with a realm of its own. Without encryption there is no exception.
 */
export const originsOf = (base: URL): readonly string[] =>
  ORIGINS.includes(base.origin) ? ORIGINS : [base.origin]

/**
 * The user's token may be shown there: to Hugging Face over https, or to a server on this machine that was configured
 * in its place. Mirrors elsewhere do not get it.
 */
export const mayHaveToken = (base: URL): boolean => ORIGINS.includes(base.origin) || isLoopback(base)

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname)
