import { RequestError } from '../wire/problem.ts'

/*
 * Accounts and cloud models belong to ollama.com. This server is local only, and says so exactly as Ollama
 * does with its cloud turned off, so every client copes.
 */

export const cloudStatus = () => ({ cloud: { disabled: true, source: 'config' } })

export function whoAmI(): never {
  throw new RequestError(401, 'unauthorized')
}

export function signOut(): never {
  throw new RequestError(401, 'you are not currently signed in')
}
