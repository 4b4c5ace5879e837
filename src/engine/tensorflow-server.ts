import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import koffi from 'koffi'
import { bindingPackage, engineMissing } from './installation.js'
import { hasOwnNetwork } from './loopback.js'
import { loadTensorFlow } from './tensorflow.js'

type Handle = bigint

interface ServerApi {
  newStatus(): Handle
  deleteStatus(status: Handle): void
  code(status: Handle): number
  message(status: Handle): string
  create(definition: Uint8Array, bytes: number, status: Handle): Handle
  start(server: Handle, status: Handle): void
  target(server: Handle): string
  delete(server: Handle): void
}

/**
 * Starts TensorFlow's own server in this process: sessions of this and other processes run graphs on it, and collective
 * ops exchange tensors through it. It listens on every interface of the network that the process is in, and whoever
 * reaches it can run what they like, so it starts only in a network that nobody else is in. It ends with the process:
 * TensorFlow cannot stop it.
 *
 * `definition`: a ServerDef (src/graph/server-def.ts). `isPrivate`: the operator says that nobody else reaches the
 * network. Returns the target for sessions, `grpc://host:port`.
 */
export function startTensorFlowServer(definition: Uint8Array, isPrivate: boolean): string {
  if (!isPrivate && !hasOwnNetwork()) {
    throw new Error(
      "TensorFlow's server trusts whoever reaches it, and it would be reached from outside: it needs a network of its own",
    )
  }
  const api = tensorflowServers()
  const server = checked(status => api.create(definition, definition.length, status))
  try {
    checked(status => api.start(server, status))
  } catch (error) {
    api.delete(server)
    throw error
  }
  return api.target(server)
}

let loadedApi: ServerApi | null = null

function tensorflowServers(): ServerApi {
  if (loadedApi) return loadedApi
  // the library as the binding loads it: each process has one TensorFlow
  loadTensorFlow()
  const library = koffi.load(libtensorflowPath())
  const [handle, text, nothing] = ['uintptr_t', 'const char *', 'void'] as const
  const load = (name: string, result: string, args: string[]) => library.func(name, result, args)
  loadedApi = {
    newStatus: load('TF_NewStatus', handle, []),
    deleteStatus: load('TF_DeleteStatus', nothing, [handle]),
    code: load('TF_GetCode', 'int', [handle]),
    message: load('TF_Message', text, [handle]),
    create: load('TF_NewServer', handle, ['const void *', 'size_t', handle]),
    start: load('TF_ServerStart', nothing, [handle, handle]),
    target: load('TF_ServerTarget', text, [handle]),
    delete: load('TF_DeleteServer', nothing, [handle]),
  } as ServerApi
  return loadedApi
}

function libtensorflowPath(): string {
  const folder = join(dirname(bindingPackage()), 'deps', 'lib')
  const names = ['libtensorflow_cc.so.2', 'libtensorflow.so.2']
  const found = names.map(name => join(folder, name)).find(path => existsSync(path))
  if (found === undefined) throw engineMissing(`libtensorflow is missing: no ${folder}/${names[0]}`)
  return found
}

/** Throws the error that the call sets, if any. */
function checked<T>(call: (status: Handle) => T): T {
  const api = tensorflowServers()
  const status = api.newStatus()
  try {
    const result = call(status)
    if (api.code(status) !== 0) throw new Error(`TensorFlow's server: ${api.message(status)}`)
    return result
  } finally {
    api.deleteStatus(status)
  }
}
