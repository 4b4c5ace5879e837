import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from '@bufbuild/protobuf'
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptor,
  type ServerListener,
  status,
} from '@grpc/grpc-js'
import { receivedBytes } from './service-definition.js'
import { grpcStatusOf } from './status.js'

export interface Admission {
  /** Whether the value of `authorization` has an API key. */
  hasKey(authorization: string): boolean
  /** Counts the bytes of a message as memory, and returns a function that gives them back. Throws OVERLOADED. */
  reserve(bytes: number): () => void
  /** The largest message. A call does not state its size, so this much is reserved until it has come. */
  maxMessageBytes: number
  /** How long a message may take to come. */
  messageTimeoutMs: number
}

/** How long a call waits for memory before it is refused. */
const memoryWaitMs = 2000
const memoryPollMs = 20

/** What load balancers call. */
const keyless = new Set(['/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch'])

/**
 * Refuses calls without a key before any message is read, and reads a message only when there is memory for it: HTTP/2
 * holds it back in the client until then.
 */
export const admitCalls =
  (admission: Admission): ServerInterceptor =>
  (method, call) => {
    const { hasKey, messageTimeoutMs } = admission
    let release = () => {}
    let timer: NodeJS.Timeout | undefined
    let ended = false
    const end = () => {
      ended = true
      clearTimeout(timer)
      release()
    }
    const reserve = async (bytes: number) => {
      const giveBack = await waitForMemory(admission, bytes, () => ended)
      if (ended) giveBack()
      else release = giveBack
    }
    const refuse = (code: status, details: string) => {
      end()
      call.sendStatus({ code, details })
    }
    const overloaded = (error: unknown) => {
      const { code, details } = grpcStatusOf(error) ?? { code: status.INTERNAL, details: '' }
      refuse(code, details)
    }
    const listener: ServerListener = {
      onReceiveMetadata(metadata, next) {
        if (keyless.has(method.path)) {
          next(metadata)
          return
        }
        if (!hasKey(authorizationOf(metadata))) {
          const details = 'a valid key is required, as metadata: authorization: Bearer KEY'
          refuse(status.UNAUTHENTICATED, details)
          return
        }
        timer = setTimeout(() => {
          refuse(status.DEADLINE_EXCEEDED, `no message came within ${messageTimeoutMs} ms`)
        }, messageTimeoutMs)
        reserve(admission.maxMessageBytes).then(() => next(metadata), overloaded)
      },
      onReceiveMessage(message: Message, next) {
        clearTimeout(timer)
        // of a stream, another message may come while this one is answered
        if (method.requestStream || keyless.has(method.path)) {
          next(message)
          return
        }
        release()
        release = () => {}
        reserve(receivedBytes(message)).then(() => next(message), overloaded)
      },
      onCancel: end,
    }
    return new ServerInterceptingCall(call, {
      start: next => next(listener),
      sendStatus(sent, next) {
        end()
        next(sent)
      },
    })
  }

/** Throws OVERLOADED if there is none in time. */
async function waitForMemory(
  { reserve }: Admission,
  bytes: number,
  given: () => boolean,
): Promise<() => void> {
  const waitsUntil = performance.now() + memoryWaitMs
  for (;;) {
    try {
      return reserve(bytes)
    } catch (error) {
      if (given() || performance.now() > waitsUntil) throw error
      await sleep(memoryPollMs)
    }
  }
}

const authorizationOf = (metadata: Metadata): string =>
  String(metadata.get('authorization')[0] ?? '')
