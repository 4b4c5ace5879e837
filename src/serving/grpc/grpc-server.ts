import type { DescService, Message } from '@bufbuild/protobuf'
import {
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { addressUnusable } from '../../errors.js'
import { type Admission, admitCalls } from './admission.js'
import { serviceDefinition } from './service-definition.js'
import { grpcStatusOf } from './status.js'

const maxStreamsPerConnection = 256
/** How long calls in flight may take when the server ends. */
const drainMs = 2000

/** What is known of a call beside its message. */
export interface CallContext {
  /** Aborted when the client has cancelled the call, or is gone. */
  signal: AbortSignal
  /** By `performance.now()`; Infinity if the client set none. */
  deadline: number
  /** A text of the call's metadata, as gRPC calls headers. */
  header(name: string): string | undefined
}

/** What a handler answers. */
export interface Answered<Answer> {
  message: Answer
  /** What was inferred or left out; sent in the metadata after the message. */
  notes: readonly string[]
}

export interface GrpcServerOptions extends Admission {
  log: { error(details: object, message: string): void }
}

/** A gRPC server whose calls need an API key. */
export class GrpcServer {
  private readonly server: Server

  constructor(private readonly options: GrpcServerOptions) {
    this.server = new Server({
      interceptors: [admitCalls(options)],
      'grpc.max_receive_message_length': options.maxMessageBytes,
      'grpc.max_send_message_length': -1,
      'grpc.max_concurrent_streams': maxStreamsPerConnection,
    })
  }

  add(service: DescService, handlers: UntypedServiceImplementation): void {
    this.server.addService(serviceDefinition(service), handlers)
  }

  /** A handler of calls with one message and one answer. */
  unary<Request extends Message, Answer extends Message>(
    answer: (request: Request, context: CallContext) => Answer | Promise<Answer>,
  ): handleUnaryCall<Request, Answer> {
    return this.unaryWithNotes(async (request: Request, context) => ({
      message: await answer(request, context),
      notes: [],
    }))
  }

  /** For answers whose message has no place for notes. */
  unaryWithNotes<Request extends Message, Answer extends Message>(
    answer: (request: Request, context: CallContext) => Promise<Answered<Answer>>,
  ): handleUnaryCall<Request, Answer> {
    return (call, callback) => {
      const aborter = new AbortController()
      call.on('cancelled', () => aborter.abort())
      const context = {
        signal: aborter.signal,
        deadline: deadlineOf(call),
        header: headersOf(call.metadata),
      }
      answer(call.request, context).then(
        ({ message, notes }) => callback(null, message, notesTrailer(notes)),
        error => callback(this.statusFor(error, call.getPath())),
      )
    }
  }

  /** What the client is told of an error. Faults of the server are logged, and the client hears only that. */
  statusFor(error: unknown, path: string): { code: status; details: string } {
    const told = grpcStatusOf(error)
    if (told) return told
    this.options.log.error({ err: error, path }, 'a gRPC call failed')
    return { code: status.INTERNAL, details: 'the server failed; its log has the reason' }
  }

  /** Returns the port. Throws ADDRESS_UNUSABLE. */
  listen(host: string, port: number): Promise<number> {
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    return new Promise((resolve, reject) => {
      this.server.bindAsync(address, ServerCredentials.createInsecure(), (cause, bound) => {
        if (cause) reject(addressUnusable(host, port, cause, 'TRAINYARD_GRPC_PORT'))
        else resolve(bound)
      })
    })
  }

  /** Answers the calls in flight, and ends those that take too long. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.server.forceShutdown(), drainMs)
    await new Promise<void>(resolve => this.server.tryShutdown(() => resolve()))
    clearTimeout(timer)
  }
}

function deadlineOf(call: ServerUnaryCall<unknown, unknown>): number {
  const deadline = call.getDeadline()
  return performance.now() + Number(deadline) - Date.now()
}

export const headersOf = (metadata: Metadata) => (name: string) => {
  const [value] = metadata.get(name)
  return value === undefined ? undefined : String(value)
}

/** In a binary field, since texts of metadata are ASCII. */
function notesTrailer(notes: readonly string[]): Metadata {
  const trailer = new Metadata()
  if (notes.length > 0) trailer.set('trainyard-notes-bin', Buffer.from(notes.join('; ')))
  return trailer
}
