import {
  type BoostingManifest,
  isBoosting,
  type ModelManifest,
  type NetworkManifest,
} from '../spec/model.js'

/** What a reader needs beside the numbers, as texts: ONNX's metadata has no other type. */
export function modelMetadata(manifest: ModelManifest): Record<string, string> {
  const { name, version, labels } = manifest
  return {
    name,
    version: String(version),
    labels: JSON.stringify(labels),
    ...(isBoosting(manifest) ? columnsMetadata(manifest) : networkMetadata(manifest)),
  }
}

const networkMetadata = ({ input }: NetworkManifest) => ({ input: JSON.stringify(input) })

/** A category is fed as its index in `categories`, a missing value as NaN. */
const columnsMetadata = ({ input, target }: BoostingManifest) => ({
  columns: JSON.stringify(
    input.columns.map(({ name, categories }) => ({ name, ...(categories && { categories }) })),
  ),
  ...(input.offset !== undefined && { offset: input.offset }),
  target,
})
