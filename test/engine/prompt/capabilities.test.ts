import { describe, expect, test } from 'vitest'
import { ggufFacts } from '../../../engine/gguf/facts.ts'
import { parseGguf } from '../../../engine/gguf/parse.ts'
import type { GgufFacts } from '../../../engine/gguf/types.ts'
import { capabilitiesOf, templatePath } from '../../../engine/prompt/capabilities.ts'
import { FIXTURE_MODELS, type FixtureModel, type FixtureName, T1 } from '../../helpers/fixture-models.ts'
import { fixtureWeights } from '../../helpers/fixtures.ts'
import { str, u32 } from '../../helpers/gguf.ts'

const NO_CONFIG = { renderer: '', parser: '', modelFamily: '', capabilities: [] }
const NO_FACTS: GgufFacts = ggufFacts(parseGguf(fixtureWeights({})))

const capabilities = (fixture: FixtureModel, projectors: { hasAudio: boolean }[] = []) =>
  capabilitiesOf({
    goTemplate: fixture.goTemplate,
    facts: fixture.weights === false ? undefined : ggufFacts(parseGguf(fixtureWeights(fixture))),
    config: { ...NO_CONFIG, ...fixture.config },
    projectors,
  })

describe('what a model can do', () => {
  test.each<[FixtureName, string[]]>([
    ['tiny', ['completion']],
    ['tool', ['completion', 'tools']],
    ['fim', ['completion', 'insert']],
    ['think', ['completion', 'thinking']],
    ['jinja', ['completion', 'tools', 'thinking']],
    ['bert', ['embedding']],
    ['vision', ['completion', 'vision']],
    ['img', ['completion', 'image']],
    ['go', ['completion']],
    ['stub', []],
  ])('ollama 121: %s: %j', (name, expected) => {
    expect(capabilities(FIXTURE_MODELS[name])).toEqual(expected)
  })

  test('ollama 121: a projector lets it see, and hear when it has an encoder for that', () => {
    expect(capabilities(FIXTURE_MODELS.tiny, [{ hasAudio: false }])).toEqual(['completion', 'vision'])
    expect(capabilities(FIXTURE_MODELS.tiny, [{ hasAudio: true }])).toEqual(['completion', 'vision', 'audio'])
  })

  test('audio blocks let it hear', () => {
    expect(capabilities({ metadata: { 'llama.audio.block_count': u32(2) } })).toEqual(['completion', 'audio'])
  })

  test('its config may add to that, but only what clients know', () => {
    expect(capabilities({ config: { capabilities: ['tools', 'teleport'] } })).toEqual(['completion', 'tools'])
  })

  test('gpt-oss thinks whatever its template says', () => {
    const metadata = { 'general.architecture': str('gptoss'), 'gptoss.context_length': u32(1) }
    expect(capabilities({ metadata })).toEqual(['completion', 'thinking'])
  })

  test.each([
    ['{{ range .Messages }}{{ .Content }}{{ end }}{{ if .Tools }}x{{ end }}', 'tools'],
    ['{{ .Prompt }}{{ .suffix }}', 'insert'],
    ['{{ range .Messages }}{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}{{ end }}', 'thinking'],
  ])('a template in Go syntax tells by its fields: %s', (goTemplate, expected) => {
    expect(capabilities({ goTemplate })).toEqual(['completion', expected])
  })

  test.each([
    ['{{ if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}'],
    ['{{ range .Messages }}{{ .Thinking }}{{ end }}'],
    ['{{ range .Messages }}{{ if .Tools'],
  ])('a template in Go syntax without tags around thoughts, or that is broken, tells nothing: %s', (go) => {
    expect(capabilities({ goTemplate: go })).toEqual(['completion'])
  })

  test('fields that only stand in the text of a Go template mean nothing', () => {
    expect(capabilities({ goTemplate: 'The .Tools and .Suffix of {{ .Prompt }}' })).toEqual(['completion'])
  })

  test.each([
    ["{{ message.content.split('</think>')[-1] }}", ['completion', 'thinking']],
    ["{{ message.content.split('</think>')[-1] }}{{ message.reasoning_content }}", ['completion']],
    ["{{ message.content.split('</think>')[-1] }}<SPECIAL_12>", ['completion']],
    ['<think>', ['completion']],
  ])('a template that cuts thoughts off shows that the model has them: %s', (chatTemplate, expected) => {
    expect(capabilities({ chatTemplate })).toEqual(expected)
  })

  test('only the template that is in use counts', () => {
    const model = {
      goTemplate: '{{ .Prompt }}{{ .Suffix }}',
      facts: { ...NO_FACTS, chatTemplate: '{{ tools }}' },
      config: NO_CONFIG,
      projectors: [],
    }
    expect(capabilitiesOf(model, 'go')).toEqual(['completion', 'insert'])
    expect(capabilitiesOf(model, 'jinja')).toEqual(['completion', 'tools'])
  })
})

describe('of two templates', () => {
  const JINJA_TOOLS = '{{ tools }}'
  const JINJA_ROUND_TRIP = "{{ tools }}{{ tool_calls }}{% if message['role'] == 'tool' %}{% endif %}"
  const GO_TOOLS = '{{ .Tools }}'
  const GO_ROUND_TRIP = '{{ .Tools }}{{ .ToolCalls }}{{ if eq .Role "tool" }}{{ end }}'
  const THINKS = '<think></think>'
  const path = (chatTemplate: string | undefined, goTemplate: string | undefined, config = NO_CONFIG) => ({
    goTemplate,
    facts: { architecture: 'llama', chatTemplate },
    config,
  })

  test.each([
    ['none at all', undefined, undefined, 'none'],
    ['only the one in the weights', 'x', undefined, 'jinja'],
    ['only the one beside them', undefined, T1, 'go'],
    ['equal ones', 'x', T1, 'go'],
    ['the weights know tools', JINJA_TOOLS, T1, 'jinja'],
    ['the weights know more', `${JINJA_TOOLS}${THINKS}`, GO_TOOLS, 'jinja'],
    ['the weights know more, but only Go shows results', `${JINJA_TOOLS}${THINKS}`, GO_ROUND_TRIP, 'go'],
    ['the weights know more and both show results', `${JINJA_ROUND_TRIP}${THINKS}`, GO_ROUND_TRIP, 'jinja'],
    ['both know tools, only the weights show results', JINJA_ROUND_TRIP, GO_TOOLS, 'jinja'],
    ['both know tools and show results', JINJA_ROUND_TRIP, GO_ROUND_TRIP, 'go'],
    ['as many, but others', THINKS, GO_TOOLS, 'go'],
    ['Go knows more', 'x', GO_TOOLS, 'go'],
  ] as const)('%s', (_, jinja, go, expected) => {
    expect(templatePath(path(jinja, go))).toBe(expected)
  })

  test('the operator may insist on one kind', () => {
    expect(templatePath(path('x', T1), 'jinja')).toBe('jinja')
    expect(templatePath(path(JINJA_TOOLS, T1), 'go')).toBe('go')
    expect(templatePath(path('x', undefined), 'go')).toBe('jinja')
    expect(templatePath(path(undefined, T1), 'jinja')).toBe('none')
  })

  test.each([
    ['a renderer', { ...NO_CONFIG, renderer: 'qwen3-coder' }, T1],
    ['a parser', { ...NO_CONFIG, parser: 'harmony' }, T1],
    ['the gpt-oss format', { ...NO_CONFIG, modelFamily: 'gptoss' }, '<|start|>{{ .Prompt }}<|end|>'],
  ])('the weights win for a model with %s', (_, config, go) => {
    expect(templatePath(path('x', go, config))).toBe('jinja')
    expect(templatePath(path(undefined, go, config))).toBe('go')
  })
})
