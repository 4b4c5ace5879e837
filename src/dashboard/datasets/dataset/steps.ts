import type { DatasetManifest } from '../../../spec/dataset.js'
import type { DatasetStep } from '../../../spec/dataset-steps.js'

/** A step as the form holds it. What is not asked for its kind stays unused. */
export interface Draft {
  key: number
  kind: StepKind
  /** Chosen classes, columns or splits, by the field of the step. */
  chosen: Readonly<Record<string, readonly string[]>>
  texts: Readonly<Record<string, string>>
  /** New names or types by old names. Null drops a class. */
  pairs: Readonly<Record<string, string | null>>
}

/** `label` needs a path for each image: its steps are written as JSON. */
export type StepKind = Exclude<DatasetStep['kind'], 'label'>

export const stepTitles: Record<StepKind, string> = {
  filter: 'Filter: keep some records',
  sample: 'Sample: keep some at random',
  split: 'Split into train, val and test',
  dropDuplicates: 'Drop duplicates',
  relabel: 'Relabel: rename, merge or drop classes',
  select: 'Select: keep some columns',
  drop: 'Drop columns',
  rename: 'Rename columns',
  cast: 'Cast: change types of columns',
  join: 'Join columns of another table',
}

export const stepKinds: Record<DatasetManifest['kind'], readonly StepKind[]> = {
  images: ['filter', 'sample', 'split', 'dropDuplicates', 'relabel'],
  table: [
    ...(['filter', 'sample', 'split', 'dropDuplicates'] as const),
    ...(['select', 'drop', 'rename', 'cast', 'join'] as const),
  ],
}

let lastKey = 0
export function newDraft(kind: StepKind): Draft {
  lastKey += 1
  return { key: lastKey, kind, chosen: {}, texts: {}, pairs: {} }
}

/** The step that a draft says. Fields without a value are left out; the server says which it misses. */
export function stepOf({ kind, chosen, texts, pairs }: Draft): DatasetStep {
  const list = (name: string) => (chosen[name]?.length ? { [name]: chosen[name] } : {})
  const text = (name: string) => {
    const value = texts[name]?.trim()
    return value ? { [name]: value } : {}
  }
  const lines = (name: string) => {
    const found = (texts[name] ?? '').split('\n').flatMap(line => line.trim() || [])
    return found.length > 0 ? { [name]: found } : {}
  }
  const fields = {
    filter: () => ({ ...list('classes'), ...list('splits'), ...lines('where') }),
    sample: () => ({
      ...share('share', texts.share),
      ...number('records', texts.records),
      ...text('by'),
      ...number('seed', texts.seed),
    }),
    split: () => ({
      shares: { ...share('val', texts.val), ...share('test', texts.test) },
      ...text('by'),
      ...text('column'),
      ...number('seed', texts.seed),
    }),
    dropDuplicates: () => ({}),
    relabel: () => ({ classes: pairs }),
    select: () => ({ columns: chosen.columns ?? [] }),
    drop: () => ({ columns: chosen.columns ?? [] }),
    rename: () => ({ columns: pairs }),
    cast: () => ({ columns: pairs }),
    join: () => ({ ...text('dataset'), ...text('on'), ...text('otherOn'), ...lines('columns') }),
  } satisfies Record<StepKind, () => object>
  return { kind, ...fields[kind]() } as DatasetStep
}

/** A percentage as a share. What is no number goes as it is, so that the server can name it. */
function share(name: string, text = ''): Record<string, unknown> {
  if (text.trim() === '') return {}
  const percent = Number(text.replace('%', ''))
  return { [name]: Number.isFinite(percent) ? Number((percent / 100).toPrecision(6)) : text }
}

function number(name: string, text = ''): Record<string, unknown> {
  if (text.trim() === '') return {}
  return { [name]: Number.isFinite(Number(text)) ? Number(text) : text }
}
