import { metricTitle } from '../../presentation/metric-groups.js'

/** A column of the table of jobs. Its id is the name by which the API knows the value, such as `best.loss`. */
export interface Column {
  id: string
  title: string
  /** Beside the title: which value of a metric, or what a setting belongs to. */
  note?: string
  width: number
  isNumber: boolean
  /** What the list is asked for, beside what every row has. */
  field?: string
  /** The name that the list is sorted by; absent if it cannot be. */
  sort?: string
  /** Whether the first click on its title sorts by the highest value. */
  isHighestFirst?: boolean
}

const fixed: readonly Column[] = [
  { id: 'name', title: 'Name', width: 220, isNumber: false, sort: 'name' },
  { id: 'status', title: 'State', width: 125, isNumber: false, sort: 'status' },
  {
    ...{ id: 'progress', title: 'Progress', width: 150, isNumber: false },
    ...{ sort: 'progress.fraction', isHighestFirst: true },
  },
  {
    ...{ id: 'progress.etaSeconds', title: 'Time left', width: 110, isNumber: true },
    sort: 'progress.etaSeconds',
  },
  { id: 'queue', title: 'Queue', width: 130, isNumber: false },
  { id: 'model.kind', title: 'Model', width: 100, isNumber: false, sort: 'model.kind' },
  { id: 'dataset.name', title: 'Data set', width: 130, isNumber: false, sort: 'dataset.name' },
  { id: 'labels', title: 'Labels', width: 200, isNumber: false },
  time('createdAt', 'Created'),
  time('startedAt', 'Started'),
  time('finishedAt', 'Ended'),
  { id: 'duration', title: 'Duration', width: 110, isNumber: true },
  {
    ...{ id: 'progress.step', title: 'Step', width: 90, isNumber: true },
    ...{ sort: 'progress.step', isHighestFirst: true },
  },
  {
    ...{ id: 'attempt', title: 'Attempt', width: 90, isNumber: true },
    ...{ sort: 'attempt', isHighestFirst: true },
  },
  {
    ...{ id: 'priority', title: 'Priority', width: 90, isNumber: true, field: 'priority' },
    ...{ sort: 'priority', isHighestFirst: true },
  },
  {
    ...{ id: 'failure.code', title: 'Failure', width: 150, isNumber: false },
    ...{ field: 'failure.code', sort: 'failure.code' },
  },
  { id: 'id', title: 'Id', width: 270, isNumber: false, sort: 'id' },
]

function time(id: string, title: string): Column {
  return { id, title, width: 110, isNumber: false, sort: id, isHighestFirst: true }
}

export const fixedColumns = fixed

const isBetterLower = (metric: string) =>
  /loss|error|rmse|mae|nloglik|deviance|quantile|huber/i.test(metric)

/** The column of an id; null for one that no table has. */
export function columnOf(id: string): Column | null {
  const known = fixed.find(column => column.id === id)
  if (known) return known
  const [head, rest] = [id.slice(0, id.indexOf('.')), id.slice(id.indexOf('.') + 1)]
  if (!head || !rest) return null
  switch (head) {
    case 'best':
    case 'metrics':
      return {
        ...{ id, title: metricTitle(rest.replace(/\.step$/, '')), isNumber: true, width: 180 },
        note: head === 'metrics' ? 'last' : rest.endsWith('.step') ? 'step of best' : 'best',
        ...{ field: id.replace(/\.step$/, ''), sort: id, isHighestFirst: !isBetterLower(rest) },
      }
    case 'at': {
      const [metric, step] = rest.split(/\.(\d+)$/)
      return step === undefined
        ? null
        : { id, title: metricTitle(metric!), note: `at ${step}`, isNumber: true, width: 180 }
    }
    case 'labels':
      return { id, title: rest, note: 'label', isNumber: false, width: 130, sort: id }
    case 'model':
    case 'training':
    case 'predict':
      return { id, title: rest, note: head, isNumber: false, width: 140, field: id, sort: id }
    default:
      return null
  }
}

export interface ColumnChoice {
  id: string
  /** In pixels; null for the column's own. */
  width: number | null
}

export const defaultColumns: readonly ColumnChoice[] = [
  ...['name', 'status', 'progress', 'best.validationAccuracy', 'best.validationLoss'],
  ...['model.kind', 'dataset.name', 'labels', 'duration', 'createdAt'],
].map(id => ({ id, width: null }))

export const smallestWidth = 60

/** `name:260,status,best.loss:90`. Columns that no table has are left out. */
export function parseColumns(text: string): ColumnChoice[] {
  const choices = text.split(',').map(each => {
    const [id = '', width = ''] = each.split(/:(\d+)$/)
    return { id, width: width ? Math.max(smallestWidth, Number(width)) : null }
  })
  return choices.filter(
    ({ id }, i) => columnOf(id) && choices.findIndex(each => each.id === id) === i,
  )
}

export const formatColumns = (choices: readonly ColumnChoice[]): string =>
  choices.map(({ id, width }) => (width === null ? id : `${id}:${width}`)).join(',')

/** Moves an entry of a list to the place of another one. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, i) => i !== from)
  rest.splice(Math.min(Math.max(to, 0), rest.length), 0, list[from]!)
  return rest
}
