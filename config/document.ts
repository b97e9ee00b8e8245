import { Env } from './env.ts'

/** The settings as a Markdown table, for README.md. */
export function settingsTable(): string {
  const rows = documented().map(({ name, shown, description }) => {
    return `| \`${name}\` | ${shown === '' ? '' : `\`${shown}\``} | ${description.replaceAll('|', '\\|')} |`
  })
  return ['| Variable | Default | Meaning |', '|---|---|---|', ...rows].join('\n')
}

/** The settings as plain text, for `snug --help`. */
export function settingsHelp(): string {
  const entries = documented().map(({ name, shown, description }) => {
    const heading = shown === '' ? name : `${name} (${shown})`
    return `  ${heading}\n      ${description.replaceAll('`', '')}`
  })
  return entries.join('\n')
}

function documented(): { name: string; shown: string; description: string }[] {
  return Object.entries(Env.shape).map(([name, schema]) => {
    const { default: shown, description = '' } = schema.meta() ?? {}
    return { name, shown: String(shown), description }
  })
}
