import type { DescMethod, DescService } from '@bufbuild/protobuf'
import { fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'

/** A service of a .proto file in the form that gRPC's server takes. */
export const serviceDefinition = (service: DescService): ServiceDefinition =>
  Object.fromEntries(
    service.methods.map(method => [method.localName, methodDefinition(service, method)]),
  )

const sizes = new WeakMap<Message, number>()

/** The bytes of a message that was received. */
export const receivedBytes = (message: Message): number => sizes.get(message) ?? 0

function methodDefinition(
  service: DescService,
  { name, methodKind, input, output }: DescMethod,
): MethodDefinition<Message, Message> {
  return {
    path: `/${service.typeName}/${name}`,
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestSerialize: message => Buffer.from(toBinary(input, message)),
    requestDeserialize(bytes) {
      const message = fromBinary(input, bytes)
      sizes.set(message, bytes.length)
      return message
    },
    responseSerialize: message => Buffer.from(toBinary(output, message)),
    responseDeserialize: bytes => fromBinary(output, bytes),
  }
}
