import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BinaryWriter } from '@bufbuild/protobuf/wire'

export type Type = keyof typeof types
const types = { float: 1, int32: 3 }

/**
 * Writes a SavedModel that computes `product = MatMul(x, x)`, with x cast to float from `type`. Written
 * by hand, since the engine must not import the graph compiler. A matrix that is not square makes the
 * run fail inside libtensorflow.
 */
export function writeSquareModel(folder: string, type: Type): void {
  const attrType = (t: number) => message(w => w.uint32(6 << 3).int32(t))
  const node = (name: string, op: string, inputs: string[], attrs: Record<string, number>) =>
    message(w => {
      string(string(w, 1, name), 2, op)
      for (const input of inputs) string(w, 3, input)
      for (const [key, value] of Object.entries(attrs)) {
        bytes(
          w,
          5,
          message(entry => bytes(string(entry, 1, key), 2, attrType(value))),
        )
      }
    })
  const unknownShape = message(w => w.uint32(3 << 3).bool(true))
  const port = (key: string, name: string, t: number) =>
    message(entry => {
      const info = message(w =>
        bytes(
          string(w, 1, name)
            .uint32(2 << 3)
            .int32(t),
          3,
          unknownShape,
        ),
      )
      bytes(string(entry, 1, key), 2, info)
    })

  const graph = message(w => {
    bytes(w, 1, node('x', 'Placeholder', [], { dtype: types[type] }))
    bytes(w, 1, node('cast', 'Cast', ['x'], { SrcT: types[type], DstT: types.float }))
    bytes(w, 1, node('product', 'MatMul', ['cast', 'cast'], { T: types.float }))
    bytes(
      w,
      4,
      message(versions => versions.uint32(1 << 3).int32(1882)),
    )
  })
  const signature = message(w => {
    bytes(w, 1, port('x', 'x:0', types[type]))
    bytes(w, 2, port('product', 'product:0', types.float))
    string(w, 3, 'tensorflow/serving/predict')
  })
  const metaGraph = message(w => {
    bytes(
      w,
      1,
      message(info => string(info, 4, 'serve')),
    )
    bytes(w, 2, graph)
    bytes(
      w,
      5,
      message(entry => bytes(string(entry, 1, 'serving_default'), 2, signature)),
    )
  })
  mkdirSync(folder, { recursive: true })
  const model = message(w => bytes(w.uint32(1 << 3).int64(1), 2, metaGraph))
  writeFileSync(join(folder, 'saved_model.pb'), model)
}

function message(write: (w: BinaryWriter) => unknown): Uint8Array {
  const writer = new BinaryWriter()
  write(writer)
  return writer.finish()
}

const bytes = (w: BinaryWriter, field: number, value: Uint8Array) =>
  w.uint32((field << 3) | 2).bytes(value)

const string = (w: BinaryWriter, field: number, value: string) =>
  w.uint32((field << 3) | 2).string(value)
