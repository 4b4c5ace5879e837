import {
  type DescField,
  type DescMessage,
  fromBinary,
  type MessageShape,
  ScalarType,
} from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

/**
 * Parses a message as strictly as the C++ library does, which reads the same bytes later. `fromBinary`
 * alone lets a nested message continue behind its end, and reads a field as its type whatever the bytes
 * say. Throws if the bytes are not exactly one message.
 */
export function parseStrictly<D extends DescMessage>(
  schema: D,
  bytes: Uint8Array,
): MessageShape<D> {
  assertWellFormed(schema, bytes)
  return fromBinary(schema, bytes, { readUnknownFields: false })
}

function assertWellFormed(schema: DescMessage | null, bytes: Uint8Array): void {
  const fields = new Map(schema?.fields.map(field => [field.number, field]))
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (wireType === WireType.StartGroup || wireType === WireType.EndGroup)
      throw new Error(`field ${number} is a group`)
    const field = fields.get(number)
    if (field && !wireTypesOf(field).includes(wireType))
      throw new Error(`field ${number} has wire type ${wireType}`)
    if (wireType !== WireType.LengthDelimited) {
      reader.skip(wireType, number)
      continue
    }
    const content = reader.bytes()
    if (field?.fieldKind === 'map') assertWellFormedEntry(field, content)
    else if (field?.message) assertWellFormed(field.message, content)
  }
}

/** An entry of a map is a message with the key as field 1 and the value as field 2. */
function assertWellFormedEntry(field: DescField & { fieldKind: 'map' }, bytes: Uint8Array): void {
  assertWellFormed(null, bytes)
  if (field.mapKind !== 'message') return
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (number === 2 && wireType === WireType.LengthDelimited)
      assertWellFormed(field.message, reader.bytes())
    else reader.skip(wireType, number)
  }
}

function wireTypesOf(field: DescField): WireType[] {
  if (field.message || field.fieldKind === 'map') return [WireType.LengthDelimited]
  const single = field.scalar === undefined ? WireType.Varint : wireTypeOf(field.scalar)
  // numbers of a list may be packed into one field, or not
  return field.fieldKind === 'list' ? [single, WireType.LengthDelimited] : [single]
}

function wireTypeOf(scalar: ScalarType): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32
    default:
      return WireType.Varint
  }
}
