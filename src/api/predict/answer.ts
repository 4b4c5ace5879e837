import { setImmediate } from 'node:timers/promises'

/** Numbers that are turned into JSON at once; more would hold the event loop. */
const valuesPerSlice = 10_000

/** An answer with one prediction for each instance, which are made as they are sent. */
export interface PredictionsAnswer {
  /** The fields before `predictions`. */
  head: object
  count: number
  /** Numbers in one prediction. */
  values: number
  /** A prediction as pieces of JSON. Each has at most as many numbers as the model has columns or classes. */
  prediction(index: number): Iterable<string>
}

/** Whether the whole answer is small enough to be made at once. */
export const isSmallAnswer = ({ count, values }: PredictionsAnswer): boolean =>
  count * values <= valuesPerSlice

export const toJson = (answer: PredictionsAnswer): string => [...pieces(answer)].join('')

/** Yields the answer in slices, and lets other requests run between them. */
export async function* streamJson(answer: PredictionsAnswer): AsyncGenerator<string> {
  let slice = ''
  for (const piece of pieces(answer)) {
    slice += piece
    if (slice.length < 16 * valuesPerSlice) continue
    yield slice
    slice = ''
    await setImmediate()
  }
  yield slice
}

function* pieces({ head, count, prediction }: PredictionsAnswer): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"predictions":[`
  for (let index = 0; index < count; index++) {
    if (index > 0) yield ','
    yield* prediction(index)
  }
  yield ']}'
}
