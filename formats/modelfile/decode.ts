/** The text of a Modelfile: UTF-8, or UTF-16 that begins with a byte order mark. Bad bytes become U+FFFD. */
export function decodeModelfile(bytes: Uint8Array): string {
  return new TextDecoder(encodingOf(bytes)).decode(bytes)
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xfe && second === 0xff) return 'utf-16be'
  return first === 0xff && second === 0xfe ? 'utf-16le' : 'utf-8'
}
