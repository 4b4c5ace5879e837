/** At both ends of an Arrow file, which is Feather 2. */
export const magic = 'ARROW1'

export const isArrowFile = (head: Buffer): boolean =>
  head.toString('latin1', 0, 8) === `${magic}\0\0`

/** The longest schema that a stream may begin with. */
const maxSchemaBytes = 2 ** 26

/** A stream begins with a marker and the length of its schema. */
export const isArrowStream = (head: Buffer): boolean => {
  if (head.length < 12 || head.readUInt32LE(0) !== 0xffffffff) return false
  const length = head.readInt32LE(4)
  return length > 0 && length <= maxSchemaBytes && length % 8 === 0
}
