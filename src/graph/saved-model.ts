import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { shapeProto } from './attr.js'
import { type DType, dataType } from './dtype.js'
import type { Graph, Node, Tensor } from './graph.js'
import { graphDef, tensorName } from './graph-def.js'
import { check } from './graph-error.js'
import { restoreTensors, saveTensors } from './ops/checkpoint.js'
import { placeholder } from './ops/constant.js'
import { group, identity } from './ops/control.js'
import { assign, type Variable } from './ops/state.js'
import {
  type MetaGraphDef,
  MetaGraphDefSchema,
  type SavedModel,
  SavedModelSchema,
  SaverDef_CheckpointFormatVersion,
  VariableDefSchema,
} from './proto/tensorflow_pb.js'

/** An entry point of a SavedModel: the tensors to feed and to fetch, by name. */
export interface Signature {
  readonly inputs: Readonly<Record<string, Tensor>>
  readonly outputs: Readonly<Record<string, Tensor>>
}

export interface SavedModelSpec {
  readonly signatures: Readonly<Record<string, Signature>>
  /** Variables that loaders restore from the `variables/` folder. */
  readonly variables?: readonly Variable[]
}

/** The checkpoint prefix from which loaders restore `variables`, for `saveTensors`. */
export const variablesPrefix = (folder: string): string => join(folder, 'variables', 'variables')

/** Writes `saved_model.pb` with the part of the graph that the signatures need. */
export async function writeSavedModel(
  folder: string,
  graph: Graph,
  spec: SavedModelSpec,
): Promise<void> {
  const model = savedModel(graph, spec)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'saved_model.pb'), toBinary(SavedModelSchema, model))
}

export function savedModel(
  graph: Graph,
  { signatures, variables = [] }: SavedModelSpec,
): SavedModel {
  const saver = variables.length > 0 ? makeSaver(graph, variables) : undefined
  const signatureTensors = Object.values(signatures).flatMap(({ inputs, outputs }) => [
    ...Object.values(inputs),
    ...Object.values(outputs),
  ])
  const roots = [...signatureTensors.map(({ node }) => node), ...(saver?.nodes ?? [])]
  const metaGraph = create(MetaGraphDefSchema, {
    ...saver?.metaGraph,
    metaInfoDef: { tags: ['serve'], tensorflowVersion: '2.21.0', strippedDefaultAttrs: true },
    graphDef: graphDef(graph, roots),
    signatureDef: Object.fromEntries(
      Object.entries(signatures).map(([name, signature]) => [name, signatureDef(name, signature)]),
    ),
  })
  return create(SavedModelSchema, { savedModelSchemaVersion: 1n, metaGraphs: [metaGraph] })
}

/** Types that the Node binding passes between JavaScript and a session. */
const bindingDtypes: readonly DType[] = ['float32', 'int32', 'bool', 'string']

function signatureDef(name: string, { inputs, outputs }: Signature) {
  check(Object.keys(outputs).length > 0, `signature ${name}: it needs at least one output`)
  return {
    inputs: tensorInfos(name, inputs),
    outputs: tensorInfos(name, outputs),
    methodName: 'tensorflow/serving/predict',
  }
}

function tensorInfos(signature: string, tensors: Readonly<Record<string, Tensor>>) {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      check(
        bindingDtypes.includes(tensor.dtype),
        `signature ${signature}: ${name} is ${tensor.dtype}; cast it to one of ${bindingDtypes.join(', ')}`,
      )
      return [name, tensorInfo(tensor)]
    }),
  )
}

const tensorInfo = (tensor: Tensor) => ({
  encoding: { case: 'name' as const, value: tensorName(tensor) },
  dtype: dataType(tensor.dtype),
  tensorShape: shapeProto(tensor.shape),
})

type MetaGraphInit = Exclude<MessageInitShape<typeof MetaGraphDefSchema>, MetaGraphDef>

interface Saver {
  nodes: readonly Node[]
  metaGraph: Pick<MetaGraphInit, 'saverDef' | 'collectionDef'>
}

/** TensorFlow 1's SaverDef and variables collection, which the C and Python loaders restore by. */
function makeSaver(graph: Graph, variables: readonly Variable[]): Saver {
  return graph.nameScope('saver', () => {
    const prefix = placeholder(graph, 'prefix', 'string')
    const values = restoreTensors(prefix, variables)
    const assigned = variables.map((variable, i) => assign(variable, values[i]!))
    const restored = group(graph, assigned, { name: 'restored' })
    const save = saveTensors(prefix, Object.fromEntries(variables.map(v => [v.name, v.value])))
    const saved = identity(prefix, { name: 'saved', controlInputs: [save] })
    const variableDefs = variables.map((variable, i) =>
      create(VariableDefSchema, {
        variableName: tensorName(variable.handle),
        initializerName: assigned[i]!.name,
        initialValueName: tensorName(values[i]!),
        snapshotName: tensorName(variable.value),
        isResource: true,
      }),
    )
    const bytesList = { value: variableDefs.map(each => toBinary(VariableDefSchema, each)) }
    return {
      nodes: [restored, saved.node, ...variables.map(({ value }) => value.node)],
      metaGraph: {
        saverDef: {
          filenameTensorName: tensorName(prefix),
          saveTensorName: tensorName(saved),
          restoreOpName: restored.name,
          version: SaverDef_CheckpointFormatVersion.V2,
        },
        collectionDef: {
          variables: { kind: { case: 'bytesList', value: bytesList } },
        },
      },
    }
  })
}
