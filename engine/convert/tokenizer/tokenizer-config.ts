import { z } from 'zod'
import { maybe, readJson, readText, type SourceFiles } from '../json-file.ts'
import type { AddedToken } from './token-list.ts'

/** A token as a text, or as an object that has it among other things. */
const TokenText = z
  .union([z.string(), z.object({ content: z.string() })])
  .transform((token) => (typeof token === 'string' ? token : token.content))
const SpecialTokens = z.object({
  bos_token: maybe(TokenText),
  eos_token: maybe(TokenText),
  unk_token: maybe(TokenText),
  pad_token: maybe(TokenText),
})
export type SpecialTokens = z.infer<typeof SpecialTokens>

const Template = z.union([z.string(), z.array(z.object({ name: z.string(), template: z.string() })).max(64)])
const ConfigFile = SpecialTokens.extend({
  add_bos_token: maybe(z.boolean()),
  add_eos_token: maybe(z.boolean()),
  add_prefix_space: maybe(z.boolean()),
  added_tokens_decoder: maybe(
    z.record(
      z.string().regex(/^\d{1,8}$/),
      z.object({ content: z.string().min(1), special: maybe(z.boolean()) }),
    ),
  ),
  chat_template: maybe(Template),
})
const TemplateFile = z.object({ chat_template: maybe(Template) })
const AddedFile = z.record(z.string().min(1), z.number().int().nonnegative())

/** What the small files beside a tokenizer say. */
export interface TokenizerConfig {
  special: SpecialTokens
  addBos?: boolean | undefined
  addEos?: boolean | undefined
  addPrefixSpace?: boolean | undefined
  /** A later one with the same id counts. */
  added: AddedToken[]
  /** Of conversations, in Jinja, by name; the usual one is called `default`. */
  templates: ReadonlyMap<string, string>
}

/** Reads the small files beside a tokenizer, all of which may be missing. Throws EngineError `convert_failed`. */
export async function readTokenizerConfig(files: SourceFiles): Promise<TokenizerConfig> {
  const config = (await readJson(files, 'tokenizer_config.json', ConfigFile)) ?? ConfigFile.parse({})
  const map = (await readJson(files, 'special_tokens_map.json', SpecialTokens)) ?? SpecialTokens.parse({})
  const listed = Object.entries((await readJson(files, 'added_tokens.json', AddedFile)) ?? {})
  const decoder = Object.entries(config.added_tokens_decoder ?? {})
  return {
    special: {
      bos_token: config.bos_token ?? map.bos_token,
      eos_token: config.eos_token ?? map.eos_token,
      unk_token: config.unk_token ?? map.unk_token,
      pad_token: config.pad_token ?? map.pad_token,
    },
    addBos: config.add_bos_token,
    addEos: config.add_eos_token,
    addPrefixSpace: config.add_prefix_space,
    added: [
      ...listed.map(([content, id]) => ({ id, content, special: false })),
      ...decoder.map(([id, { content, special = false }]) => ({ id: Number(id), content, special })),
    ],
    templates: await templatesOf(files, config.chat_template),
  }
}

/** transformers prefers a file of its own to what tokenizer_config.json says. */
async function templatesOf(
  files: SourceFiles,
  configured: z.infer<typeof Template> | undefined,
): Promise<Map<string, string>> {
  const template =
    (await readText(files, 'chat_template.jinja')) ??
    configured ??
    (await readJson(files, 'chat_template.json', TemplateFile))?.chat_template
  if (template === undefined) return new Map()
  if (typeof template === 'string') return new Map([['default', template]])
  return new Map(template.map(({ name, template: source }) => [name, source]))
}
