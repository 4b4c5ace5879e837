import type { RowPrediction } from '../../spec/model.js'
import type { Note } from '../../spec/note.js'
import type { SelectedPrediction } from '../../spec/selected-predictions.js'
import type { PredictionRequest } from './prediction-requests.js'

/** A prediction with what it is of. */
export type Predicted = (SelectedPrediction & RowPrediction) & {
  /** As the user named it. */
  file: string
  /** Of rows: its number in the file, from 0. */
  row?: number
}

/** What the server answers, of one request or of several that follow each other. */
export interface Answer {
  model?: string
  version?: number
  job?: string
  step?: number
  labels?: string[]
  quantiles?: number[]
  unknownCategories?: Record<string, number>
  notes: Note[]
  predictions: Predicted[]
}

/** Names the files in the answer to one request. */
export function withFiles(answer: Answer, { files, firstRow, body }: PredictionRequest): Answer {
  const isForm = body instanceof FormData
  const predictions = answer.predictions.map(({ name: _, ...prediction }, i) => {
    const place = isForm ? { file: files[i]! } : { file: files[0]!, row: firstRow + i }
    return { ...place, ...prediction }
  })
  return { ...answer, predictions }
}

/** Answers of one version, as if they were one. */
export function joinAnswers(answers: readonly Answer[]): Answer {
  const [first] = answers
  const notes = new Map<string, Note>()
  const unknown: Record<string, number> = {}
  for (const answer of answers) {
    for (const note of answer.notes) notes.set(note.message, note)
    for (const [column, rows] of Object.entries(answer.unknownCategories ?? {})) {
      unknown[column] = (unknown[column] ?? 0) + rows
    }
  }
  return {
    ...first!,
    ...(first!.unknownCategories && { unknownCategories: unknown }),
    notes: [...notes.values()],
    predictions: answers.flatMap(({ predictions }) => predictions),
  }
}
