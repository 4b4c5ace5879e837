import { join } from 'node:path'
import type { TableManifest } from '../../../spec/dataset.js'
import type { LabelStep } from '../../../spec/dataset-steps.js'
import { openTableReader } from '../../tables/table-reader.js'
import type { SourceDataset } from '../source-dataset.js'
import type { StepErrors } from '../step-errors.js'

/** The labels by path that a step has itself or in a table. Adds an error for a path with two labels. */
export function readLabels(
  step: LabelStep,
  table: SourceDataset | null,
  errors: StepErrors,
): ReadonlyMap<string, string> {
  if ((step.labels === undefined) === (step.dataset === undefined)) {
    const code = step.labels ? 'contradiction' : 'required'
    errors.add('', code, 'label needs labels or dataset, and not both')
    return new Map()
  }
  if (step.labels) return new Map(Object.entries(step.labels))
  if (table?.manifest.kind !== 'table') {
    errors.add('/dataset', 'wrong_kind', `'${step.dataset}' is no table`)
    return new Map()
  }
  return readTable(step, { folder: table.folder, manifest: table.manifest }, errors)
}

function readTable(
  { source = 'file', label = 'label', dataset }: LabelStep,
  { manifest, folder }: SourceDataset<TableManifest>,
  errors: StepErrors,
): ReadonlyMap<string, string> {
  const textsOf = (name: string, field: string) => {
    const column = manifest.columns.find(each => each.name === name)
    if (!column) {
      errors.add(field, 'unknown_column', `'${dataset}' has no column '${name}'`)
      return null
    }
    if (column.type === 'category') return column.categories
    const message = `'${name}' of '${dataset}' is ${column.type}: upload the table with schema={${JSON.stringify(name)}:"category"}`
    errors.add(field, 'wrong_type', message)
    return null
  }
  const [paths, names] = [textsOf(source, '/source'), textsOf(label, '/label')]
  if (!paths || !names) return new Map()
  const files = manifest.shards.map(({ name }) => join(folder, name))
  const reader = openTableReader(files, manifest)
  const labels = new Map<string, string>()
  for (const { rows, columns } of reader.batches([source, label])) {
    for (let row = 0; row < rows; row++) {
      const [path, name] = [paths[columns[0]![row]!], names[columns[1]![row]!]]
      if (path === undefined || name === undefined) continue
      const known = labels.get(path)
      if (known !== undefined && known !== name) {
        errors.add('/dataset', 'duplicate', `'${path}' has two labels, '${known}' and '${name}'`)
        return labels
      }
      labels.set(path, name)
    }
  }
  return labels
}
