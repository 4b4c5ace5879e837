import { create, toBinary } from '@bufbuild/protobuf'
import { ConfigProtoSchema, RewriterConfig_Toggle } from './proto/tensorflow_pb.js'

export interface SessionOptions {
  /** How many devices the processor is, `/device:CPU:0` and so on, which share its cores. Default: 1. */
  cpuDevices?: number
  /** Whether sums stay in the order in which the graph adds them. By default, Grappler may write them anew. */
  keepsSums?: boolean
  /** Whether an op runs on another device if its own cannot. */
  softPlacement?: boolean
  /** The server that runs the session, `grpc://host:port`. Default: this process. */
  target?: string
}

/** The options as TensorFlow takes them, a ConfigProto; undefined if there are none, which leaves all to TensorFlow. */
export function sessionConfig(options: SessionOptions): Uint8Array | undefined {
  const { cpuDevices, keepsSums, softPlacement } = options
  if ([cpuDevices, keepsSums, softPlacement].every(value => value === undefined)) return undefined
  const config = create(ConfigProtoSchema, {
    ...(cpuDevices !== undefined && { deviceCount: { CPU: cpuDevices } }),
    ...(keepsSums && {
      graphOptions: { rewriteOptions: { arithmeticOptimization: RewriterConfig_Toggle.OFF } },
    }),
    ...(softPlacement && { allowSoftPlacement: true }),
  })
  return toBinary(ConfigProtoSchema, config)
}
