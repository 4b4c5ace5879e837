import type { TrainyardError } from '../../../errors.js'
import type { InputFile } from '../../input-file.js'
import type { ProblemList } from '../../problem-list.js'
import { maxWrongRows, tooManyWrongRows } from '../wrong-values.js'

/** Lines of JSON Lines files that are no records. They are told once, and passed over in later readings. */
export class BrokenLines {
  count = 0
  private readonly places = new Map<InputFile, Set<number>>()

  constructor(private readonly problems: ProblemList) {}

  has(file: InputFile, offset: number): boolean {
    return this.places.get(file)?.has(offset) ?? false
  }

  /** `offset`: where in the file the record begins. Throws if there are too many. */
  add(file: InputFile, offset: number, error: TrainyardError): void {
    if (this.count === maxWrongRows) throw tooManyWrongRows({ file: file.name })
    this.count++
    const places = this.places.get(file) ?? new Set()
    this.places.set(file, places.add(offset))
    this.problems.add(error)
  }
}
