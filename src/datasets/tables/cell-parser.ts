import type { CellFormat } from '../../spec/dataset.js'
import type { NumberParser } from './cell.js'
import { MissingWords } from './missing-words.js'
import { createNumberParser } from './number-notation.js'

/** Parses the cells of all columns of a table. */
export class CellParser {
  readonly numbers: NumberParser
  readonly missingWords: MissingWords

  constructor(readonly format: CellFormat) {
    this.numbers = createNumberParser(format)
    this.missingWords = new MissingWords(format)
  }
}
