/** A grouped bar chart as SVG, drawn so that it can be read on a light and on a dark page. */

export interface Series {
  name: string
  /** One value a group; NaN leaves a gap. */
  values: readonly number[]
}

const WIDTH = 760
const HEIGHT = 360
const PLOT = { left: 48, right: 744, top: 72, bottom: 300 }
/** Distinct for people who tell few colours apart, and of middling lightness for both kinds of page. */
const COLOURS = ['#7f8794', '#d9622b', '#2f8fce', '#3a9d6b', '#9b6bd3']
const STYLE = `text{font:13px system-ui,sans-serif;fill:#24292f}.small{font-size:11px}.title{font-size:15px;font-weight:600}
.grid{stroke:#8c959f;stroke-opacity:.35}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}`

/** `groups` are the labels along the bottom, `unit` what the height means. */
export function barChart(
  title: string,
  unit: string,
  groups: readonly string[],
  series: readonly Series[],
): string {
  const highest = Math.max(1, ...series.flatMap(({ values }) => values.filter(Number.isFinite)))
  const step = niceStep(highest / 4)
  const top = Math.ceil(highest / step) * step
  const y = (value: number) => PLOT.bottom - (value / top) * (PLOT.bottom - PLOT.top)
  const groupWidth = (PLOT.right - PLOT.left) / groups.length
  const barWidth = (groupWidth * 0.82) / series.length
  const parts = [
    `<text class="title" x="16" y="26">${escaped(title)}</text>`,
    `<text class="small" x="16" y="${PLOT.top - 10}">${escaped(unit)}</text>`,
  ]
  for (let value = 0; value <= top; value += step) {
    parts.push(
      `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${fixed(y(value))}" y2="${fixed(y(value))}"/>`,
      `<text class="small" text-anchor="end" x="${PLOT.left - 6}" y="${fixed(y(value) + 4)}">${value}</text>`,
    )
  }
  for (const [group, label] of groups.entries()) {
    const from = PLOT.left + groupWidth * (group + 0.09)
    const middle = fixed(PLOT.left + groupWidth * (group + 0.5))
    parts.push(`<text text-anchor="middle" x="${middle}" y="${PLOT.bottom + 20}">${escaped(label)}</text>`)
    for (const [i, { values }] of series.entries()) {
      const value = values[group] ?? Number.NaN
      if (!Number.isFinite(value)) continue
      const x = from + barWidth * i
      parts.push(
        `<rect x="${fixed(x)}" y="${fixed(y(value))}" width="${fixed(barWidth - 2)}" height="${fixed(PLOT.bottom - y(value))}" fill="${colour(i)}"/>`,
        `<text class="small" text-anchor="middle" x="${fixed(x + barWidth / 2 - 1)}" y="${fixed(y(value) - 4)}">${Math.round(value)}</text>`,
      )
    }
  }
  const legendWidth = (PLOT.right - PLOT.left) / series.length
  for (const [i, { name }] of series.entries()) {
    const x = PLOT.left + legendWidth * i
    parts.push(
      `<rect x="${fixed(x)}" y="${HEIGHT - 26}" width="12" height="12" fill="${colour(i)}"/>`,
      `<text x="${fixed(x + 18)}" y="${HEIGHT - 15}">${escaped(name)}</text>`,
    )
  }
  const size = `viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}"`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n<title>${escaped(title)}</title>\n<style>${STYLE}</style>\n${parts.join('\n')}\n</svg>\n`
}

const colour = (i: number): string => COLOURS[i % COLOURS.length] ?? 'currentColor'

const fixed = (value: number): string => value.toFixed(1)

/** 1, 2 or 5 times a power of ten, not below `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (([1, 2, 5].find((n) => n * power >= least) ?? 10) * power) | 0 || 1
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
