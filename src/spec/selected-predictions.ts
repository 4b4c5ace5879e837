import { type Static, Type } from 'typebox'
import { Name } from './identifiers.js'
import { NoteList } from './note.js'

export const RankedClass = Type.Object({
  label: Type.String(),
  index: Type.Integer(),
  probability: Type.Number(),
})
export type RankedClass = Static<typeof RankedClass>

/** A prediction of a class, with what `topK` and `outputs` ask for. */
export const SelectedPrediction = Type.Object({
  name: Type.Optional(Type.String({ description: 'the name of the file in a form' })),
  label: Type.Optional(Type.String()),
  index: Type.Optional(Type.Integer()),
  probability: Type.Optional(Type.Number()),
  top: Type.Optional(Type.Array(RankedClass, { description: 'with topK: most probable first' })),
  probabilities: Type.Optional(Type.Array(Type.Number())),
  logits: Type.Optional(Type.Array(Type.Number())),
})
export type SelectedPrediction = Static<typeof SelectedPrediction>

export const SelectedPredictions = Type.Object({
  model: Name,
  version: Type.Integer(),
  labels: Type.Optional(
    Type.Array(Type.String(), { description: 'only with probabilities or logits' }),
  ),
  notes: NoteList,
  predictions: Type.Array(SelectedPrediction),
})
export type SelectedPredictions = Static<typeof SelectedPredictions>
