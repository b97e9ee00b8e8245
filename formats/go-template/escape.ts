/** html, js and urlquery of text/template (funcs.go). */

const HTML: Readonly<Record<string, string>> = {
  '\u0000': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
}

export const escapeHtml = (text: string): string =>
  text.replace(/["'&<>]|\p{Cc}/gu, (character) => HTML[character] ?? character)

/** Controls, and beyond ASCII what cannot be printed. */
const JS = /[\\'"<>&=]|\p{Cc}|[^\p{L}\p{M}\p{N}\p{P}\p{S}\p{ASCII}]/gu

export const escapeJs = (text: string): string =>
  text.replace(JS, (character) => {
    if (/[\\'"]/.test(character)) return `\\${character}`
    if (character === '\u007f') return character
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  })

export const escapeQuery = (text: string): string =>
  // Half of a pair of surrogates has no bytes of its own.
  encodeURIComponent(Buffer.from(text).toString())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
