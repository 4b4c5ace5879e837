import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DamagedError } from '../errors.js'
import { modelKey } from '../models/registry.js'
import type { BoostingManifest } from '../spec/model.js'
import { parseUbjson, type UbjsonValue } from '../trees/ubjson.js'
import { readXgboostModel } from '../trees/xgboost-model.js'
import { modelMetadata } from './metadata.js'
import { treesToOnnx } from './onnx/trees-onnx.js'

const modelFile = 'model.ubj'

const description =
  'rows: values by column, in the order of metadata `columns`; NaN for missing values, categories as their index'

/** `folder` has model.ubj, XGBoost's own document. Throws a DamagedError if it is none. */
export async function* treesOnnx(
  folder: string,
  manifest: BoostingManifest,
): AsyncGenerator<Uint8Array> {
  const graph = treesToOnnx(await readTrees(folder, manifest), {
    hasOffset: manifest.input.offset !== undefined,
  })
  yield graph.toModel(manifest.name, description, modelMetadata(manifest))
}

async function readTrees(folder: string, { name, version }: BoostingManifest) {
  const bytes = await readFile(join(folder, modelFile))
  try {
    return readXgboostModel(parseDocument(bytes))
  } catch (cause) {
    throw new DamagedError(
      `${modelKey(name, version)}/${modelFile}`,
      'is no model of XGBoost',
      cause,
    )
  }
}

/** At once: this process does nothing else. */
function parseDocument(bytes: Uint8Array): UbjsonValue {
  const parsing = parseUbjson(bytes)
  for (;;) {
    const { done, value } = parsing.next()
    if (done) return value
  }
}
