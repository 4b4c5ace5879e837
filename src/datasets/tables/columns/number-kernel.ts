import { arenaOf, KernelArena } from '../kernels/kernel-arena.js'
import { type NumberSurvey, surveyFields } from './number-survey.js'

/** As many as a batch of columns has at most. */
const minRows = 65_536
const arenaBytes = 16 * 2 ** 20

/** Adds the numbers of typed columns to their surveys, a batch at a time. */
export class NumberKernel {
  private rows = 0
  private readonly state: Float64Array
  private values: Float64Array = new Float64Array(0)
  private valid: Uint8Array = new Uint8Array(0)

  constructor(private readonly arena: KernelArena) {
    this.state = arena.float64(arena.take(8 * surveyFields)!.at, surveyFields)
    this.makeRoom(minRows)
  }

  /**
   * Adds numbers that are not NaN, and whose byte of `valid` is not 0. Returns them, one after the other; the next
   * call overwrites them.
   */
  add(survey: NumberSurvey, numbers: ArrayLike<number>, valid: Uint8Array | null): Float64Array {
    const rows = numbers.length
    const { arena, state } = this
    if (rows > this.rows) this.makeRoom(rows)
    const { values } = this
    const to = values.byteOffset
    let [from, validAt] = [to, 0]
    if (numbers instanceof Float64Array && arenaOf(numbers) === arena) from = numbers.byteOffset
    else values.set(numbers)
    if (valid && arenaOf(valid) === arena) validAt = valid.byteOffset
    else if (valid) {
      this.valid.set(valid.subarray(0, rows))
      validAt = this.valid.byteOffset
    }
    const count = survey.addBy(
      () => arena.kernels.surveyNumbers(from, validAt, rows, to, state.byteOffset),
      state,
    )
    return values.subarray(0, count)
  }

  /**
   * The first of the numbers that `add` returned, from `at` on, of which float32 may lose digits when they have as many
   * decimals as `scale` has zeros; their count if there is none.
   */
  findUnkept(numbers: Float64Array, at: number, scale: number): number {
    return this.arena.kernels.keepDigits(numbers.byteOffset, at, numbers.length, scale)
  }

  private makeRoom(rows: number): void {
    this.rows = rows
    this.values = this.arena.float64(this.arena.take(8 * rows)!.at, rows)
    this.valid = this.arena.uint8(this.arena.take(rows)!.at, rows)
  }
}

const kernels = new WeakMap<KernelArena, NumberKernel>()
let ownArena: KernelArena | null = null

/** The kernel that finds the numbers where they are, if they are where kernels find them. */
export function numberKernelOf(numbers: ArrayBufferView): NumberKernel {
  const arena = arenaOf(numbers)
  if (arena) return numberKernelIn(arena)
  ownArena ??= new KernelArena(arenaBytes)
  return numberKernelIn(ownArena)
}

/** The kernel of an arena, in which the first call takes room. */
export function numberKernelIn(arena: KernelArena): NumberKernel {
  const known = kernels.get(arena)
  if (known) return known
  const kernel = new NumberKernel(arena)
  kernels.set(arena, kernel)
  return kernel
}
