import { type ClassSelection, classFields } from '../../predictions/class-fields.js'
import type { PredictionField } from '../../predictions/fields.js'
import type { Probabilities } from '../../spec/ipc-messages.js'
import type { NetworkModel } from '../../spec/model.js'
import { type Note, Notes } from '../../spec/notes.js'
import { notFiniteNote } from './finite-note.js'
import type { PredictionTable } from './prediction-table.js'

/** What was sent beside the pixels. */
export interface SentImages {
  notes: readonly Note[]
  /** The names of files in a form. */
  names: readonly string[] | null
}

/** A network's numbers → one prediction for each image. */
export function networkPredictions(
  { id, version, labels }: NetworkModel,
  { probabilities, logits, classes }: Probabilities,
  { notes: read, names }: SentImages,
  selection: ClassSelection,
): PredictionTable {
  const { outputs } = selection
  const hasLists = outputs.includes('probabilities') || outputs.includes('logits')
  const needsLabels = selection.topK === null || hasLists
  const notes = new Notes()
  for (const { code, message, columns } of read) notes.add(code, message, columns)
  const { fields, top } = classFields({ classes, labels, probabilities, logits }, selection)
  const table: PredictionTable = {
    head: { model: id, version, ...(needsLabels && { labels }), notes: notes.all },
    count: probabilities.length / classes,
    fields: names ? [nameField(names), ...fields] : fields,
    top,
    explanations: null,
  }
  return notFiniteNote(table, notes)
}

const nameField = (names: readonly string[]): PredictionField => ({
  name: 'name',
  values: Int32Array.from(names.keys()),
  texts: names,
})
