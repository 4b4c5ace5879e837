// Triton's classification extension.
import { setImmediate } from 'node:timers/promises'
import { quoteTruncated } from '../../errors.js'
import { mostProbable } from '../../predictions/most-probable.js'
import { type BytesTensor, invalidRequest, type NumberTensor } from './tensor.js'

/** Each is a text of its own in memory. */
const maxTexts = 100_000
/** Values that are sorted at once; more would hold the event loop. */
const valuesPerSlice = 50_000

/** Values [n, classes] → texts [n, k], `value:index:label`, best first. Lets other work run in between. */
export async function bestClasses(
  { name, shape, values }: NumberTensor,
  k: number,
  labels: readonly string[],
): Promise<BytesTensor> {
  const [count = 0, classes = 1] = shape
  const width = Math.min(k, classes)
  if (count * width > maxTexts) {
    const message = `classification of ${quoteTruncated(name)} asks for ${count * width} classes in all, expected at most ${maxTexts}`
    throw invalidRequest(message)
  }
  const texts: Uint8Array[] = []
  for (let row = 0, sorted = 0; row < count; row++, sorted += classes) {
    if (sorted >= valuesPerSlice) {
      sorted = 0
      await setImmediate()
    }
    const scores = values.subarray(row * classes, (row + 1) * classes) as Float32Array
    for (const index of mostProbable(scores, classes, width)) {
      const score = index < 0 ? Number.NaN : scores[index]
      texts.push(Buffer.from(`${score}:${index}:${labels[index] ?? index}`))
    }
  }
  return { name, datatype: 'BYTES', shape: [count, width], values: texts }
}
