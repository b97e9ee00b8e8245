import type { Plan } from './plan.ts'
import { type ReportRow, reportOf } from './report.ts'
import { gibibytes } from './wording.ts'

/** How parts of the text are set off; all of it stays as it is where nothing can be. */
export interface Paint {
  chosen(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
}

const same = (text: string): string => text
export const PLAIN: Paint = { chosen: same, faint: same, good: same, bad: same }

const COLUMNS = [
  ['', ({ isChosen }) => (isChosen ? '▶' : '')],
  ['TYPE', ({ quantization }) => quantization],
  ['WEIGHTS', ({ weights }) => weights],
  ['GPU', ({ gpu }) => gpu],
  ['RAM', ({ ram }) => ram],
  ['WHERE', ({ where }) => where],
  ['CONTEXT', ({ context }) => context],
  ['TOKENS/S', ({ speed }) => speed],
  ['QUALITY', ({ quality }) => quality],
  ['GRADE', ({ grade }) => grade],
  ['', ({ verdict }) => verdict],
] as const satisfies [string, (row: ReportRow) => string][]

/** What tables can do without where lines are short, the first of these first. */
const SPARED: readonly string[] = ['QUALITY', 'RAM', 'GPU', 'CONTEXT', 'GRADE']
/** Memory and place stand below the row of what is chosen as well; its context stands nowhere else. */
const SPARED_OF_CHOSEN: readonly string[] = ['QUALITY', 'RAM', 'GPU', 'WHERE', 'GRADE', 'CONTEXT']
const GAP = '  '

/**
 * A plan as people read it: the model, a row for each quantization, what is chosen, and how full it makes memory.
 * Tables leave out columns until their lines are no longer than `columns`.
 */
export function reportText(plan: Plan, paint: Paint = PLAIN, columns = Number.POSITIVE_INFINITY): string {
  const { model, parameters, rows, chosen, verdict } = reportOf(plan)
  const paintVerdict = plan.verdict === 'fits' ? paint.good : paint.bad
  const choice = chosen === undefined ? [] : tableLines([chosen], paint, SPARED_OF_CHOSEN, columns)
  return [
    `${model}: ${parameters}`,
    '',
    ...tableLines(rows, paint, SPARED, columns),
    '',
    ...(chosen === undefined
      ? []
      : [plan.verdict === 'fits' ? 'Chosen:' : 'What comes closest:', ...choice, '']),
    paintVerdict(verdict),
    ...memoryLines(plan, paint),
    '',
  ].join('\n')
}

/** Rows below their headings, in columns as wide as their widest cells. */
function tableLines(
  rows: readonly ReportRow[],
  paint: Paint,
  spared: readonly string[],
  columns: number,
): string[] {
  const all = COLUMNS.map(([head, cell]): Column => {
    const cells = rows.map(cell)
    return { head, cells, width: Math.max(head.length, ...cells.map(({ length }) => length)) }
  })
  const shown = withoutSpared(all, spared, columns)
  const line = (textOf: (column: Column) => string) =>
    shown
      .map((column) => textOf(column).padEnd(column.width))
      .join(GAP)
      .trimEnd()
  const heads = paint.faint(line(({ head }) => head))
  return [heads, ...rows.map((row, at) => painted(row, paint)(line(({ cells }) => cells[at] ?? '')))]
}

interface Column {
  head: string
  cells: string[]
  width: number
}

function withoutSpared(
  all: readonly Column[],
  spared: readonly string[],
  columns: number,
): readonly Column[] {
  const widthOf = (some: readonly Column[]) =>
    some.reduce((sum, { width }) => sum + width + GAP.length, -GAP.length)
  return spared.reduce(
    (left, name) => (widthOf(left) <= columns ? left : left.filter(({ head }) => head !== name)),
    all,
  )
}

function painted({ isChosen, speed }: ReportRow, paint: Paint): (text: string) => string {
  if (isChosen) return paint.chosen
  return speed === '–' ? paint.faint : same
}

const BAR_CELLS = 24

/** How much of what may be taken of each memory the chosen plan takes. */
function memoryLines({ chosen, verdict }: Plan, paint: Paint): string[] {
  if (chosen === undefined || verdict !== 'fits') return []
  const { shares, host, hostBytes, diskBytes } = chosen.candidate.placement
  const memories = [
    ...shares.map((share) => ({
      name: `${share.device.id} ${share.device.name}`,
      taken: share.denseBytes + share.expertBytes + share.cacheBytes + share.computeBytes,
      budget: share.budgetBytes,
    })),
    { name: 'RAM', taken: hostBytes - diskBytes, budget: host.budgetBytes },
  ]
  const width = Math.max(...memories.map(({ name }) => name.length))
  return [
    '',
    ...memories.map(({ name, taken, budget }) => {
      const share = budget > 0 ? Math.min(1, taken / budget) : 0
      return `${name.padEnd(width)}  ${bar(share, paint)}  ${gibibytes(taken)} of ${gibibytes(budget)}`
    }),
  ]
}

/** As full as the share is; anything at all shows. */
function bar(share: number, paint: Paint): string {
  const full = share > 0 ? Math.max(1, Math.round(share * BAR_CELLS)) : 0
  return '█'.repeat(full) + paint.faint('░'.repeat(BAR_CELLS - full))
}
