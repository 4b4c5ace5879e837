import { place, setQuery } from '../place.js'
import { preference } from '../ui/preference.js'
import { type ColumnChoice, defaultColumns, formatColumns, parseColumns } from './columns.js'

/** The conditions of the list, by the names that `GET /jobs` has for them. */
export const filterNames = [
  ...(['status', 'label', 'model', 'dataset', 'name', 'where'] as const),
  ...(['createdAfter', 'createdBefore', 'startedAfter', 'startedBefore'] as const),
  ...(['finishedAfter', 'finishedBefore'] as const),
] as const
export type FilterName = (typeof filterNames)[number]

export interface Filter {
  name: FilterName
  value: string
}

/** Filters of which a job may meet any or must meet several; of others the newest replaces the former. */
const repeated: readonly FilterName[] = ['status', 'label', 'where']

export interface SortKey {
  name: string
  isDescending: boolean
}

/** The most fields that the server sorts by. */
const maxSortKeys = 4

export function readFilters(query: URLSearchParams): Filter[] {
  return filterNames.flatMap(name =>
    query
      .getAll(name)
      .flatMap(value => (repeated.includes(name) ? value.split(',') : [value]))
      .filter(value => value !== '')
      .map(value => ({ name, value })),
  )
}

export function addFilter({ name, value }: Filter): void {
  const known = repeated.includes(name)
    ? readFilters(place.value.query)
        .filter(each => each.name === name && each.value !== value)
        .map(each => each.value)
    : []
  setQuery({ [name]: [...known, value] }, { replace: false })
}

export function removeFilter({ name, value }: Filter): void {
  const left = readFilters(place.value.query)
    .filter(each => each.name === name && each.value !== value)
    .map(each => each.value)
  setQuery({ [name]: left }, { replace: false })
}

export const clearFilters = (): void =>
  setQuery(Object.fromEntries(filterNames.map(name => [name, null])), { replace: false })

export const readSort = (query: URLSearchParams): SortKey[] =>
  (query.get('sort') ?? '')
    .split(',')
    .filter(text => text !== '' && text !== '-')
    .map(text => ({ name: text.replace(/^-/, ''), isDescending: text.startsWith('-') }))

const formatSort = (keys: readonly SortKey[]) =>
  keys.map(({ name, isDescending }) => `${isDescending ? '-' : ''}${name}`).join(',')

export const setSort = (keys: readonly SortKey[]): void => setQuery({ sort: formatSort(keys) })

/** What the list is asked for, but for its fields and size. A group sorts before all else. */
export function listQuery(
  filters: readonly Filter[],
  sort: readonly SortKey[],
  group: string | null,
): Record<string, string> {
  const query: Record<string, string> = {}
  for (const { name, value } of filters) {
    query[name] = query[name] === undefined ? value : `${query[name]},${value}`
  }
  const first = group === null ? [] : [{ name: group, isDescending: false }]
  const keys = [...first, ...sort.filter(({ name }) => name !== group)].slice(0, maxSortKeys)
  if (keys.length > 0) query.sort = formatSort(keys)
  return query
}

const keptColumns = preference<string>(
  'jobs.columns',
  formatColumns(defaultColumns),
  value => typeof value === 'string' && parseColumns(value).length > 0,
)

/** The columns of the address, or else those that this browser keeps. */
export function chosenColumns(): ColumnChoice[] {
  const given = parseColumns(place.value.query.get('columns') ?? '')
  return given.length > 0 ? given : parseColumns(keptColumns.value)
}

/** Chooses columns, here and from now on. The address names them, unless they are those that everybody starts with. */
export function setColumns(choices: readonly ColumnChoice[]): void {
  const text = formatColumns(choices)
  keptColumns.value = text
  setQuery({ columns: text === formatColumns(defaultColumns) ? null : text })
}

/** Names the columns of this browser in the address, so that it shows others the same. */
export function nameColumnsInAddress(): void {
  const isUsual = keptColumns.value === formatColumns(defaultColumns)
  if (!isUsual && !place.value.query.has('columns')) setColumns(parseColumns(keptColumns.value))
}
