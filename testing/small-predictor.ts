// A stand-in for workers/predictor.ts: it classifies an image as dark or bright by its first pixel.
// The real one loads TensorFlow, and no model makes it crash, hang or fall silent; here the name of a
// model does. test/serving/pool/real-predictor.test.ts tests the real one.
import { sep } from 'node:path'
import { TrainyardError } from '../src/errors.js'
import { encodeError } from '../src/ipc/wire-error.js'
import type {
  BatchAnswer,
  BatchPart,
  FromPredictor,
  Probabilities,
  ToPredictor,
} from '../src/spec/ipc-messages.js'
import { imageFeatures } from '../src/watching/image-features.js'

const send = (message: FromPredictor) => process.send?.(message)

const faults = ['crash', 'crash-load', 'stop', 'hang', 'silent', 'slow', 'refuse', 'fault']
const faultOf = (folder: string) => folder.split(sep).find(part => faults.includes(part))

const rssBytes = 1e8
/** The model `slow` takes so long for a batch. */
const slowMs = 50

process.on('disconnect', () => process.exit(0))
process.on('message', (message: ToPredictor) => {
  if (message.type === 'load') load(message.folder)
  else if (message.type === 'run') run(message)
})

function load(folder: string): void {
  if (faultOf(folder) === 'crash-load') process.kill(process.pid, 'SIGKILL')
  const serving = {
    ...({ runtime: 'tensorflow', precision: 'fp32' } as const),
    reason: 'it stands in for a network',
    isFallback: false,
  }
  const model = { bytes: 1000, serving, times: [] }
  send({ type: 'loaded', folder, model, rssBytes })
}

function run({ id, folder, size, parts }: ToPredictor & { type: 'run' }): void {
  const since = performance.now()
  const answer = (part: (part: BatchPart) => BatchAnswer['parts'][number]) => {
    const times = { decodeMs: 0, runMs: performance.now() - since, outputMs: 0 }
    send({ type: 'answer', id, rssBytes, answer: { parts: parts.map(part), ...times, size } })
  }
  switch (faultOf(folder)) {
    case 'crash':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'stop':
      process.kill(process.pid, 'SIGSTOP')
      return
    case 'hang':
      for (;;);
    case 'silent':
      return
    case 'refuse': {
      const error = encodeError(new TrainyardError('UNDECODABLE_IMAGE', 'not an image after all'))
      answer(() => ({ error }))
      return
    }
    case 'fault': {
      const error = encodeError(new Error('/models/m/1: op Foo is not there'))
      send({ type: 'failed', id, error })
      return
    }
    case 'slow':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slowMs)
  }
  answer(part => ({ output: classify(part) }))
}

function classify({ input }: BatchPart): Probabilities {
  const brightness = input.kind === 'pixels' ? firstPixels(input) : input.files.map(() => 255)
  const probabilities = Float32Array.from(brightness.flatMap(b => [1 - b / 255, b / 255]))
  const answer = { logits: probabilities.map(Math.log), probabilities, classes: 2 }
  if (input.kind === 'images') return answer
  const [, height, width, channels] = input.shape
  return { ...answer, features: imageFeatures(input.data, [height, width, channels]) }
}

function firstPixels({ data, shape }: BatchPart['input'] & { kind: 'pixels' }): number[] {
  const size = data.length / shape[0]
  return Array.from({ length: shape[0] }, (_, i) => data[i * size]!)
}

send({ type: 'ready', rssBytes })
