// A predictor without TensorFlow: two classes, dark and bright, by an image's first pixel. The name
// of the model's folder makes it misbehave.
import { basename } from 'node:path'
import type { FromPredictor, ToPredictor } from '../../src/spec/messages.js'

const tell = (message: FromPredictor) => process.send?.(message)

process.on('disconnect', () => process.exit(0))
process.on('message', ({ id, folder, input }: ToPredictor) => {
  switch (basename(folder)) {
    case 'crash':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'hang':
      for (;;);
    case 'silent':
      return
    case 'refuse':
      tell({ type: 'error', id, code: 'UNDECODABLE_IMAGE', message: 'not an image after all' })
      return
    case 'fault':
      tell({ type: 'error', id, code: 'INTERNAL', message: '/models/m/1: op Foo is not there' })
      return
  }
  const brightness = input.kind === 'pixels' ? firstPixels(input) : input.files.map(() => 255)
  const probabilities = Float32Array.from(brightness.flatMap(b => [1 - b / 255, b / 255]))
  tell({ type: 'answer', id, probabilities, classes: 2 })
})

function firstPixels({ data, shape }: ToPredictor['input'] & { kind: 'pixels' }): number[] {
  const size = data.length / shape[0]
  return Array.from({ length: shape[0] }, (_, i) => data[i * size]!)
}

tell({ type: 'ready' })
