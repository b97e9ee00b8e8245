import { z } from 'zod'
import { maybe } from '../wire/maybe.ts'
import { RequestError } from '../wire/problem.ts'
import { parseDataUri } from './data-uri.ts'

/** Some clients write the URL bare instead of inside an object. */
const ImageUrl = z.preprocess(
  (value) => (typeof value === 'string' ? { url: value } : value),
  z.object({ url: z.string() }),
)

const Part = z.discriminatedUnion(
  'type',
  [
    z.object({ type: z.literal('text'), text: z.string() }),
    z.object({ type: z.literal('refusal'), refusal: z.string() }),
    z.object({ type: z.literal('image_url'), image_url: ImageUrl }),
    z.object({ type: z.literal('input_audio') }),
    z.object({
      type: z.literal('file'),
      file: z.object({ file_data: maybe(z.string()), filename: maybe(z.string()) }),
    }),
  ],
  'invalid message format',
)
export type Part = z.infer<typeof Part>

/** The content of a message: a string is one text part. */
export const Content = z.preprocess(
  (value) => (typeof value === 'string' ? [{ type: 'text', text: value }] : value),
  z.array(Part, "'content' must be a string or a list of parts"),
)

/** Where an image stands in a text; prompt rendering puts the picture in its place. */
const IMAGE_MARK = '[img]'

/**
 * One text and its images, in order. Neighbouring texts are joined by a line break. Throws RequestError for
 * media that cannot be read.
 */
export function readContent(parts: readonly Part[]): { text: string; images: Uint8Array[] } {
  const images: Uint8Array[] = []
  let text = ''
  let afterText = false
  for (const part of parts) {
    if (part.type === 'image_url') {
      images.push(readImage(part.image_url.url))
      text += IMAGE_MARK
      afterText = false
    } else {
      text += `${afterText ? '\n' : ''}${readText(part)}`
      afterText = true
    }
  }
  return { text, images }
}

const IMAGE_TYPES: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/jpg',
  'image/webp',
  'image/gif',
  // Left out by some clients: the bytes tell as well.
  '',
])

function readImage(url: string): Uint8Array {
  if (/^https?:/i.test(url)) {
    throw new RequestError(
      400,
      'image URLs are not currently supported, please use base64 encoded data instead',
      'messages',
    )
  }
  const data = parseDataUri(url)
  if (data === undefined || !IMAGE_TYPES.has(data.mediaType)) {
    throw new RequestError(400, 'invalid image input', 'messages')
  }
  return data.bytes
}

function readText(part: Exclude<Part, { type: 'image_url' }>): string {
  switch (part.type) {
    case 'text':
      return part.text
    case 'refusal':
      return part.refusal
    case 'input_audio':
      throw new RequestError(400, 'audio input is not supported', 'messages')
    case 'file':
      return readFile(part.file)
  }
}

/** Files whose bytes are text: their content goes into the prompt as it is. */
const TEXT_FILE = /^text\/|^application\/(json|xml|yaml|toml|javascript|typescript)$/

function readFile({ file_data, filename }: Extract<Part, { type: 'file' }>['file']): string {
  const data = file_data === undefined ? undefined : parseDataUri(file_data)
  if (data === undefined || !TEXT_FILE.test(data.mediaType)) {
    throw new RequestError(400, 'only text files inside a data URI are supported as file input', 'messages')
  }
  const text = Buffer.from(data.bytes).toString('utf8')
  return filename === undefined ? text : `${filename}\n${text}`
}
