// The predictions of many records as columns of numbers, whatever they are written to.

export type Numbers = Float32Array | Float64Array | Int32Array

/** One field of all predictions. */
export interface PredictionField {
  name: string
  /** Row-major: one number for each prediction or, with `items`, one for each of them. */
  values: Numbers
  /** If the field is a list: what its entries belong to, such as labels. */
  items?: readonly string[]
  /** If the field is a text, or a list of them: `values` are indices of these, and negative if there is none. */
  texts?: readonly string[]
}

/** The fields, and those of the most probable classes under names of their own. */
export const withTop = (
  fields: readonly PredictionField[],
  top: readonly PredictionField[] | null,
): PredictionField[] => [
  ...fields,
  ...(top ?? []).map(field => ({ ...field, name: `top.${field.name}` })),
]

/** What a table calls a field: a list has a column for each entry, such as `probabilities.rose`. */
export const columnNames = ({ name, items }: Pick<PredictionField, 'name' | 'items'>): string[] =>
  items ? items.map(item => `${name}.${item}`) : [name]
