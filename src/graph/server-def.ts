import { create, toBinary } from '@bufbuild/protobuf'
import { ServerDefSchema } from './proto/server_pb.js'

/** The job of the cluster that all tasks belong to. */
const jobName = 'worker'

/** A task as graphs and session options name it. */
export const taskName = (task: number) => `/job:${jobName}/replica:0/task:${task}`

export interface ClusterTask {
  /** `host:port` of each task. The server listens at its port on every interface, whatever the host. */
  addresses: readonly string[]
  /** The task that the server is. */
  task: number
  /** A ConfigProto for sessions without one. */
  config?: Uint8Array | undefined
}

/** Describes a server as TensorFlow takes it, a ServerDef. */
export function serverDef({ addresses, task, config }: ClusterTask): Uint8Array {
  const tasks = Object.fromEntries(addresses.entries())
  const message = create(ServerDefSchema, {
    cluster: { job: [{ name: jobName, tasks }] },
    jobName,
    taskIndex: task,
    protocol: 'grpc',
    ...(config && { defaultSessionConfig: config }),
  })
  return toBinary(ServerDefSchema, message)
}
