import { readFileSync } from 'node:fs'
import { compileTemplate } from '../../engine/prompt/template.ts'
import type { Message, Tool } from '../../engine/types.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const template = compileTemplate(read('../../models/snug-tiny/template.jinja'))

interface ChatOptions {
  enableThinking?: boolean
  tools?: Tool[]
}

/** A conversation as the bundled model's template puts it; the roles alternate from the user on. */
function chat(
  turns: readonly string[],
  { enableThinking, tools }: ChatOptions = {},
  system?: string,
): string {
  const messages: Message[] = turns.map((content, i) => ({
    role: i % 2 === 0 ? 'user' : 'assistant',
    content,
  }))
  if (system !== undefined) messages.unshift({ role: 'system', content: system })
  return template.render({
    messages,
    addGenerationPrompt: true,
    enableThinking,
    now: new Date(0),
    ...(tools === undefined ? {} : { tools }),
  })
}

const brief = (...turns: string[]) => chat(turns, { enableThinking: false })
const thoughtful = (...turns: string[]) => chat(turns)
const fill = (prefix: string, suffix: string) =>
  `<|fim_prefix|>${prefix}<|fim_suffix|>${suffix}<|fim_middle|>`

const tool = (name: string, description: string, parameters: Record<string, string>): Tool => ({
  type: 'function',
  function: {
    name,
    description,
    parameters: {
      type: 'object',
      properties: Object.fromEntries(Object.entries(parameters).map(([key, type]) => [key, { type }])),
      required: Object.keys(parameters),
    },
  },
})
const WEATHER = tool('get_weather', 'Get the weather in a city', { city: 'string' })
const ADD = tool('add', 'Add two numbers', { a: 'number', b: 'number' })
const TIMER = tool('set_timer', 'Set a timer', { minutes: 'number' })
const LIGHT = tool('turn_on_light', 'Turn on the light in a room', { room: 'string' })

const questions = (JSON.parse(read('../fixtures/snug-tiny/questions.json')) as { prompt: string }[]).map(
  ({ prompt }) => prompt,
)
const story = read('../../models/snug-tiny/README.md').replace(/[|#`]/g, '')

/** What is asked when greedy answers are recorded: more than are kept, since near-ties are left out. */
export const GREEDY_PROMPTS: readonly string[] = [
  // Short questions, answered at once.
  ...questions.slice(0, 14).map((question) => brief(question)),
  // With a thought first.
  thoughtful('What is the capital of France?'),
  thoughtful('What is 3 plus 4?'),
  thoughtful('What is the opposite of big?'),
  thoughtful('Who are you?'),
  thoughtful('Count to ten.'),
  // With a system message, and over several turns.
  chat(['What colour is the sky?'], { enableThinking: false }, 'You answer in one word.'),
  chat(['Hello!'], { enableThinking: false }, 'You are a pirate.'),
  chat(['What day comes after Monday?'], {}, 'Be brief.'),
  brief('What is the capital of Spain?', 'The capital of Spain is Madrid.', 'And of Italy?'),
  brief('Hi', 'Hello! How can I help you?', 'What is 2 plus 2?', '2 plus 2 is 4.', 'And 5 plus 5?'),
  thoughtful('What does a cow say?', 'A cow says moo.', 'And a dog?'),
  // With tools.
  chat(['What is the weather in Paris?'], { tools: [WEATHER] }),
  chat(['What is the weather in Oslo?'], { tools: [ADD, WEATHER], enableThinking: false }),
  chat(['Add 3 and 9.'], { tools: [WEATHER, ADD] }),
  chat(['Set a timer for 5 minutes.'], { tools: [TIMER, LIGHT], enableThinking: false }),
  chat(['Turn on the light in the kitchen.'], { tools: [LIGHT, TIMER] }),
  chat(['What is the capital of Japan?'], { tools: [WEATHER, ADD, TIMER], enableThinking: false }),
  // Fill-in-middle.
  fill('def add(a, b):\n    return ', '\n'),
  fill('def square(x):\n    return ', '\n'),
  fill('function multiply(a, b) {\n  return ', ';\n}\n'),
  fill('const isEven = (n) => ', ';\n'),
  fill('def greet(name):\n    return ', '\n'),
  fill('for i in range(10):\n    ', '\n\nprint("done")\n'),
  fill('', '    return a - b\n'),
  // Text without any frame.
  'The capital of France is',
  'Once upon a time',
  'one two three four',
  'Monday, Tuesday, Wednesday,',
  'The opposite of hot is',
  'A',
  'def main():\n    print(',
  'function add(a, b) {',
  '1 + 1 = 2\n2 + 2 = 4\n3 + 3 =',
  '{"name": "add", "arguments": {"a": 1, "b":',
  'Snug is a',
  '<|im_start|>assistant\n',
  '<think>\n',
  // Text that the training did not have.
  'Die Hauptstadt von Österreich ist',
  'naïve café, 東京',
  'SELECT name FROM users WHERE',
  '\t\t  \n\n  x',
  '!!!???...',
  '🙂🙂🙂',
  // Long ones: several hundred to more than a thousand tokens.
  story.slice(0, 2500),
  `${story.slice(0, 2000)}\n\n${brief('What is the capital of Greece?')}`,
  brief(`${story.slice(1000, 2800)}\n\nWhat is this text about?`),
  `${'The cat sat on the mat. '.repeat(40)}The cat`,
  `${questions.map((question, i) => `${i + 1}. ${question}`).join('\n')}\n`,
  thoughtful(
    ...Array.from({ length: 10 }, () => ['What is 1 plus 1?', '1 plus 1 is 2.']).flat(),
    'And 2 plus 1?',
  ),
]
