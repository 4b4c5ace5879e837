import { type Static, Type } from 'typebox'
import { JobId, Name } from './identifiers.js'
import { Prediction, RowPrediction } from './model.js'
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

/** Of a checkpoint of a job: as of a model, but with the step in place of the version. */
export const JobPredictions = Type.Object({
  job: JobId,
  step: Type.Integer({ description: 'step of the checkpoint' }),
  labels: Type.Optional(Type.Array(Type.String())),
  quantiles: Type.Optional(Type.Array(Type.Number())),
  unknownCategories: Type.Optional(Type.Record(Type.String(), Type.Integer())),
  notes: NoteList,
  predictions: Type.Array(Type.Union([Prediction, RowPrediction, SelectedPrediction])),
})
export type JobPredictions = Static<typeof JobPredictions>

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
