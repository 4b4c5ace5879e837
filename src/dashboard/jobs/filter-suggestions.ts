import type { JobFacets } from '../../spec/job-facets.js'
import { starLabel, starValue } from './job-row.js'
import type { Filter, FilterName } from './list-state.js'

export interface Suggestion {
  text: string
  /** Jobs that have it, of those that are listed. */
  count?: number
  /** What a choice adds to the filters; or what it writes into the box, to be completed. */
  filter?: Filter
  completion?: string
}

const dayMs = 86_400_000
const mostSuggestions = 40

const filterTitles: Record<FilterName, string> = {
  ...{ status: 'State', label: 'Label', model: 'Model', dataset: 'Data set' },
  ...{ name: 'Name begins with', where: 'Where' },
  ...{ createdAfter: 'Created after', createdBefore: 'Created before' },
  ...{ startedAfter: 'Started after', startedBefore: 'Started before' },
  ...{ finishedAfter: 'Ended after', finishedBefore: 'Ended before' },
}

/** A filter in words, such as `State: running`. */
export function describeFilter({ name, value }: Filter): string {
  if (name === 'where') return value.replace(/(\^=|[<>!]=|[<>=])/, ' $1 ')
  if (name === 'label' && value === `${starLabel}:${starValue}`) return 'Starred'
  const isTime = /(After|Before)$/.test(name)
  const text = isTime ? new Date(value).toLocaleString('en-GB', { dateStyle: 'medium' }) : value
  return isTime || name === 'name'
    ? `${filterTitles[name]} ${text}`
    : `${filterTitles[name]}: ${text}`
}

/** What the typed text may mean, of what the listed jobs have. */
export function suggestionsFor(typed: string, facets: JobFacets | undefined): Suggestion[] {
  const text = typed.trim()
  const condition = conditionIn(text)
  if (condition) return conditionSuggestions(condition, facets)
  const searched = text.toLowerCase()
  const found = facetSuggestions(facets).filter(each => each.text.toLowerCase().includes(searched))
  // the beginning of a name is at most 63 characters, and has no comma
  const byName: Suggestion[] =
    text === '' ? [] : [{ text: `Name begins with ${text}`, filter: { name: 'name', value: text } }]
  return [...byName, ...found].slice(0, mostSuggestions)
}

interface TypedCondition {
  name: string
  operator: string
  value: string
}

/** `validationAccuracy > 0.9`, also while its value is still missing. */
function conditionIn(text: string): TypedCondition | null {
  const parts = /^([\w./-]+)\s*(\^=|[<>!]=|[<>=])\s*([^,]*)$/.exec(text)
  return parts && { name: parts[1]!, operator: parts[2]!, value: parts[3]!.trim() }
}

function conditionSuggestions(
  { name, operator, value }: TypedCondition,
  facets: JobFacets | undefined,
): Suggestion[] {
  const metric = facets?.metrics.find(each => each.name === name)
  const where = (path: string): Filter => ({ name: 'where', value: `${path}${operator}${value}` })
  const shown = `${name} ${operator} ${value === '' ? '…' : value}`
  const isComplete = value !== ''
  if (!metric) return [{ text: shown, ...(isComplete && { filter: where(name) }) }]
  const last = { text: `${shown} (last value)`, ...(isComplete && { filter: where(name) }) }
  if (metric.better === null) return [last]
  const best = { text: `${shown} (best value)`, filter: where(`best.${name}`) }
  return [isComplete ? best : { text: best.text }, last]
}

function facetSuggestions(facets: JobFacets | undefined): Suggestion[] {
  const since = (days: number, text: string): Suggestion => {
    const value = new Date(Date.now() - days * dayMs).toISOString()
    return { text, filter: { name: 'createdAfter', value } }
  }
  const starred: Filter = { name: 'label', value: `${starLabel}:${starValue}` }
  const of = (name: FilterName, values: JobFacets['status'] = []): Suggestion[] =>
    values.map(({ value, count }) => {
      const filter = { name, value }
      return { text: describeFilter(filter), count, filter }
    })
  return [
    ...of('status', facets?.status),
    { text: 'Starred', filter: starred },
    ...of('model', facets?.model),
    ...of('dataset', facets?.dataset),
    since(1, 'Created in the last 24 hours'),
    since(7, 'Created in the last 7 days'),
    ...(facets?.metrics ?? []).map(({ name, count }) => ({
      ...{ text: `${name} above or below …`, count },
      completion: `${name} > `,
    })),
    ...(facets?.labels ?? []).flatMap(({ key, values }) =>
      key === starLabel
        ? []
        : of(
            'label',
            values.map(({ value, count }) => ({ value: `${key}:${value}`, count })),
          ),
    ),
  ]
}
