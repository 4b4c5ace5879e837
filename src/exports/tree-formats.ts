import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BoostingManifest } from '../spec/model.js'
import { parseUbjson, type UbjsonValue } from '../trees/ubjson.js'
import { readXgboostModel } from '../trees/xgboost-model.js'
import { modelMetadata } from './metadata.js'
import { treesToOnnx } from './onnx/trees-onnx.js'

const description =
  'rows: values by column, in the order of metadata `columns`; NaN for missing values, categories as their index'

/** `folder` has model.ubj, XGBoost's own document. */
export async function* treesOnnx(
  folder: string,
  manifest: BoostingManifest,
): AsyncGenerator<Uint8Array> {
  const document = await parseDocument(join(folder, 'model.ubj'))
  const graph = treesToOnnx(readXgboostModel(document), {
    hasOffset: manifest.input.offset !== undefined,
  })
  yield graph.toModel(manifest.name, description, modelMetadata(manifest))
}

/** At once: this process does nothing else. */
async function parseDocument(path: string): Promise<UbjsonValue> {
  const parsing = parseUbjson(await readFile(path))
  for (;;) {
    const { done, value } = parsing.next()
    if (done) return value
  }
}
