// From what a column's cells say to what it is.
import type { ColumnType, TableColumn } from '../../spec/dataset.js'
import { fileErrors, type Place } from '../errors.js'
import type { Limits } from '../limits.js'
import { NumberReader, truthAt } from './cell.js'
import type { ColumnSurvey } from './column-survey.js'
import { cut } from './csv.js'

/** How a column lies in the files; texts do not. */
export type Storage = 'float32' | 'float64' | 'codes' | null

export interface TypedColumn {
  column: TableColumn
  storage: Storage
  survey: ColumnSurvey
}

/** A column with so many numbers among its values is taken for numbers, and the rest for mistakes. */
const mostlyNumbers = 0.95
const enoughToJudge = 20

/** Up to so many different texts are categories even where each comes once. */
const alwaysCategories = 20

const mostFlaws = 20

export function typeColumns(
  names: readonly string[],
  surveys: readonly ColumnSurvey[],
  limits: Limits,
): TypedColumn[] {
  const flaws = surveys
    .map((survey, index) => flawOf(names[index]!, survey, limits))
    .filter(flaw => flaw !== null)
  if (flaws.length > 0) throw fileErrors('DATASET_VALUE', flaws.slice(0, mostFlaws))
  return surveys.map((survey, index) => describe(names[index]!, survey))
}

function flawOf(name: string, survey: ColumnSurvey, limits: Limits): [Place, string] | null {
  const { declared, misfit, misfits, present, numbers, values } = survey
  if (declared === 'category' && values.overflowed) {
    const place = { file: `column ${cut(name)}` }
    const trouble = `it has more than ${limits.categories} values, or some that are too long, to be categories; its type may be "text"`
    return [place, trouble]
  }
  if (!misfit) return null
  const { place, value } = misfit
  if (declared)
    return [place, `${cut(name)} is ${value}, expected ${expected[declared]}${more(misfits)}`]
  if (numbers === present || present < enoughToJudge || numbers < mostlyNumbers * present)
    return null
  const trouble = `${cut(name)} is ${value}, but ${numbers} of ${present} values are numbers${more(misfits)}; if it is right, say so: schema={${JSON.stringify(name)}:"category"}`
  return [place, trouble]
}

const more = (misfits: number) => (misfits > 1 ? `, and ${misfits - 1} more are wrong` : '')

const expected: Readonly<Record<ColumnType, string>> = {
  number: 'a number within 3.4e38, the reach of float32',
  integer: 'an integer within 2^53',
  boolean: 'true or false, t or f, yes or no, y or n, 1 or 0',
  category: 'a text',
  text: 'a text',
}

function describe(name: string, survey: ColumnSurvey): TypedColumn {
  const type = survey.declared ?? inferType(survey)
  if (type === 'text') {
    const { missing, values, declared } = survey
    const distinct = values.overflowed || declared ? null : values.size
    return { column: { name, type, missing, distinct }, storage: null, survey }
  }
  if (type === 'category') return describeCategories(name, survey)
  const { sum, min, max, fitsFloat32, missing, quotedWords } = survey
  const count = survey.numbers + survey.truths
  const figures = count > 0 ? { min, max, mean: sum / count } : { min: null, max: null, mean: null }
  return {
    column: {
      ...{ name, type, missing: missing + quotedWords },
      ...{ distinct: distinctNumbers(survey, type === 'boolean'), ...figures },
    },
    storage: fitsFloat32 ? 'float32' : 'float64',
    survey,
  }
}

function inferType({
  numbers,
  truths,
  others,
  integers,
  present,
  values,
}: ColumnSurvey): ColumnType {
  if (numbers === present) return integers && present > 0 ? 'integer' : 'number'
  if (others === 0 && numbers === 0 && truths > 0) return 'boolean'
  if (values.overflowed) return 'text'
  return values.size > alwaysCategories && values.size > present / 2 ? 'text' : 'category'
}

function describeCategories(name: string, survey: ColumnSurvey): TypedColumn {
  const { values, missing } = survey
  const sorted = values.sorted()
  return {
    column: {
      ...{ name, type: 'category', missing, distinct: sorted.length },
      categories: sorted.map(index => values.text(index).toString()),
      counts: sorted.map(index => values.count(index)),
    },
    storage: 'codes',
    survey,
  }
}

const reader = new NumberReader()

/** 1 and 1.0 are two texts and one number. */
function distinctNumbers({ values }: ColumnSurvey, truths: boolean): number | null {
  if (values.overflowed) return null
  const numbers = new Set<number>()
  for (let index = 0; index < values.size; index++) {
    const text = values.text(index)
    const truth = truths ? truthAt(text, 0, text.length) : -1
    if (truth >= 0) numbers.add(truth)
    else if (reader.read(text, 0, text.length)) numbers.add(reader.value)
  }
  return numbers.size
}
