// Predicts with a TensorFlow.js graph model in plain JavaScript, without the native binding.
// Arguments: the folder of model.json, a file of pixels [2, side, side, 3], side.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [folder, pixelsFile, side] = process.argv.slice(2) as [string, string, string]
const engine = createRequire(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu'))
const tf = engine('@tensorflow/tfjs')
await tf.setBackend('cpu')

const model = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'))
const { paths, weights } = model.weightsManifest[0]
const bytes = Buffer.concat(paths.map((path: string) => readFileSync(join(folder, path))))
const network = await tf.loadGraphModel({
  load: async () => ({
    ...model,
    weightSpecs: weights,
    weightData: new Uint8Array(bytes).buffer,
  }),
})
const pixels = new Float32Array(new Uint8Array(readFileSync(pixelsFile)).buffer)
const images = tf.tensor4d(pixels, [2, Number(side), Number(side), 3])
const logitsName = model.signature.outputs.logits.name
const logits = network.execute({ images }, logitsName)
if (Array.isArray(logits)) throw new Error('there is more than one output')
console.log(
  JSON.stringify({ logits: [...(await logits.data())], metadata: model.userDefinedMetadata }),
)
