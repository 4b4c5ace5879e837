// A stand-in for workers/predictor.ts: it classifies an image as dark or bright by its first pixel.
// The real one loads TensorFlow, and no model makes it crash, hang or fall silent; here the name of a
// model does. test/e2e/training-and-prediction.test.ts tests the real one.
import { sep } from 'node:path'
import { TrainyardError } from '../src/errors.js'
import { encodeError } from '../src/ipc/wire-error.js'
import type { FromPredictor, ToPredictor } from '../src/spec/ipc-messages.js'

const send = (message: FromPredictor) => process.send?.(message)

const sendError = (id: number, error: Error) =>
  send({ type: 'error', id, error: encodeError(error) })

const faults = ['crash', 'stop', 'hang', 'silent', 'refuse', 'fault']

process.on('disconnect', () => process.exit(0))
process.on('message', ({ id, folder, input }: ToPredictor) => {
  switch (folder.split(sep).find(part => faults.includes(part))) {
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
    case 'refuse':
      sendError(id, new TrainyardError('UNDECODABLE_IMAGE', 'not an image after all'))
      return
    case 'fault':
      sendError(id, new Error('/models/m/1: op Foo is not there'))
      return
  }
  const brightness = input.kind === 'pixels' ? firstPixels(input) : input.files.map(() => 255)
  const probabilities = Float32Array.from(brightness.flatMap(b => [1 - b / 255, b / 255]))
  const logits = probabilities.map(Math.log)
  send({ type: 'answer', id, logits, probabilities, classes: 2 })
})

function firstPixels({ data, shape }: ToPredictor['input'] & { kind: 'pixels' }): number[] {
  const size = data.length / shape[0]
  return Array.from({ length: shape[0] }, (_, i) => data[i * size]!)
}

send({ type: 'ready' })
