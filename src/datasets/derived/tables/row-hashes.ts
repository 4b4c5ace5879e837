import { createHash } from 'node:crypto'
import { type TableView, viewBatches } from './table-view.js'

/** A hash of 64 bits of each row of the source: of its texts and numbers, however they are stored. */
export function* rowHashes(
  view: TableView,
): Generator<{ firstRow: number; hashes: BigUint64Array }> {
  const value = new Float64Array(1)
  const bits = new Uint32Array(value.buffer)
  const hashed = view.columns.map(column => ({ column, texts: column.categories?.map(hashText) }))
  for (const batch of viewBatches(view)) {
    const { rows, firstRow } = batch
    const hashes = new BigUint64Array(rows)
    const halves = new Uint32Array(hashes.buffer)
    for (const { column, texts } of hashed) {
      const values = column.read(batch)
      for (let row = 0; row < rows; row++) {
        // 0 and -0 are equal, and so are all NaN
        const found = values[row]!
        value[0] = texts ? (texts[found] ?? Number.NaN) : found + 0
        if (Number.isNaN(value[0])) value[0] = Number.NaN
        const [low, high] = [halves[2 * row]!, halves[2 * row + 1]!]
        halves[2 * row] = mix(mix(low, bits[0]!), bits[1]!)
        halves[2 * row + 1] = mix(mix(high ^ 0x9e3779b9, bits[1]!), bits[0]!)
      }
    }
    for (let half = 0; half < halves.length; half++) halves[half] = finalize(halves[half]!)
    yield { firstRow, hashes }
  }
}

/** A step of MurmurHash3 (x86, 32 bits). */
function mix(hash: number, word: number): number {
  let bits = Math.imul(word, 0xcc9e2d51)
  bits = Math.imul((bits << 15) | (bits >>> 17), 0x1b873593)
  const mixed = hash ^ bits
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}

function finalize(hash: number): number {
  let bits = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** A number of 48 bits. */
const hashText = (text: string): number =>
  createHash('sha256').update(text).digest().readUIntBE(0, 6)
