/**
 * JSON without any character that some readers end a line at. JSON escapes the line breaks of ASCII itself, but lets
 * NEL, LINE SEPARATOR and PARAGRAPH SEPARATOR stand, and Python's `str.splitlines`, with which `iter_lines` of httpx
 * reads the streams of Ollama's Python client, breaks there: one of them in an answer would cut its object in two.
 */
export const jsonLine = (value: object): string =>
  JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
