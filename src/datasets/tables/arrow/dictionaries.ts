import { TrainyardError } from '../../../errors.js'
import { fileError } from '../../errors.js'
import type { NumberArray, Texts } from '../columns/column-batch.js'
import type { ByteSource } from '../csv.js'
import { type ArrowBlock, damaged } from './arrow-file.js'
import type { ArrowField, ArrowType } from './arrow-schema.js'
import { type ArrowValues, isView, readValidity, readValues, sourceTypeOf } from './arrow-values.js'
import { BodyBuffers } from './body-buffers.js'
import type { ReadBudget } from './read-budget.js'

/** Values of one dictionary. */
const maxValues = 16 * 2 ** 20
/** All dictionaries of a file are held in memory. */
const maxHeldBytes = 128 * 2 ** 20

/** The dictionaries of a file, by their ids. A later one replaces an earlier one, or adds to it. */
export class Dictionaries {
  private readonly types = new Map<string, ArrowType>()
  private readonly values = new Map<string, ArrowValues>()

  constructor(
    private readonly file: ByteSource,
    fields: readonly ArrowField[],
    private readonly budget: ReadBudget,
  ) {
    for (const { dictionary, type } of fields) if (dictionary) this.types.set(dictionary.id, type)
  }

  add(block: ArrowBlock): void {
    const { file } = this
    const { id, isDelta } = block.dictionary!
    const type = this.types.get(id)
    // it belongs to a column that is left out
    if (!type || sourceTypeOf(type) === null) return
    const { rows, variadic } = block.batch
    if (rows > maxValues) {
      const detail = `a dictionary has ${rows} values, more than ${maxValues}`
      throw fileError('DATASET_TOO_LARGE', { file: file.name, byte: block.body }, detail)
    }
    this.budget.take(4 * rows, file.name)
    const field = { name: '', type, children: [], dictionary: null }
    const buffers = new BodyBuffers(file, block, this.budget)
    const column = { buffers, first: 0, variadic: isView(field) ? (variadic[0] ?? 0) : 0 }
    try {
      const valid = readValidity(column, 0, rows)
      if (valid !== null) throw new RangeError('a value is missing')
      const read = readValues(type, column, 0, rows, valid)
      const known = this.values.get(id)
      this.values.set(id, isDelta && known ? joined(known, read) : read)
    } catch (error) {
      if (error instanceof TrainyardError) throw error
      const detail = `a dictionary cannot be read: ${(error as Error).message}`
      throw damaged(file, block.body, detail, error)
    }
    this.checkMemory(block)
  }

  /** Throws RangeError if the file has no such dictionary before the batch. */
  get(id: string): ArrowValues {
    const found = this.values.get(id)
    if (found) return found
    throw new RangeError('its dictionary is missing')
  }

  private checkMemory(block: ArrowBlock): void {
    let held = 0
    for (const values of this.values.values()) {
      held +=
        values.kind === 'numbers'
          ? values.values.byteLength
          : values.texts.bytes.length + values.texts.offsets.byteLength
    }
    if (held <= maxHeldBytes) return
    const detail = `the dictionaries take more than ${maxHeldBytes} bytes: write the columns as plain texts`
    throw fileError('DATASET_TOO_LARGE', { file: this.file.name, byte: block.body }, detail)
  }
}

function joined(known: ArrowValues, added: ArrowValues): ArrowValues {
  if (known.kind === 'texts' && added.kind === 'texts') {
    return { kind: 'texts', texts: joinedTexts(known.texts, added.texts) }
  }
  if (known.kind === 'texts' || added.kind === 'texts') throw new RangeError('it changes its type')
  const { values } = known
  const length = values.length + added.values.length
  const all = new (values.constructor as new (length: number) => NumberArray)(length)
  all.set(values as never, 0)
  all.set(added.values as never, values.length)
  return { kind: 'numbers', values: all }
}

function joinedTexts(known: Texts, added: Texts): Texts {
  const shift = known.offsets.at(-1)!
  const offsets = new Int32Array(known.offsets.length + added.offsets.length - 1)
  offsets.set(known.offsets, 0)
  for (let at = 1; at < added.offsets.length; at++) {
    offsets[known.offsets.length + at - 1] = shift + added.offsets[at]!
  }
  const bytes = Buffer.concat([known.bytes.subarray(0, shift), added.bytes])
  return { bytes, offsets }
}
