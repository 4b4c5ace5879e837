// The WebAssembly that kernels/ compiles to.
import { kernelCode } from './kernel-code.js'

const pageBytes = 65_536
/** Where data may begin: below are the compiler's own. */
export const firstPlace = pageBytes

/** What kernels/ exports. */
export interface Kernels {
  tokenise(
    ...args: [
      from: number,
      end: number,
      isLast: number,
      delimiter: number,
      columns: number,
      maxRows: number,
      stride: number,
      fields: number,
      lines: number,
      firstLine: number,
      result: number,
    ]
  ): number
  parseNumbers(
    ...args: [
      fields: number,
      rows: number,
      powers: number,
      exact: number,
      decimal: number,
      checkFit: number,
      numbers: number,
      kinds: number,
      result: number,
    ]
  ): void
  surveyNumbers(
    ...args: [values: number, valid: number, rows: number, present: number, state: number]
  ): number
  inflateSnappy(...args: [from: number, length: number, to: number, size: number]): number
  readRuns(...args: [from: number, end: number, width: number, count: number, to: number]): number
  readLevels(...args: [from: number, end: number, count: number, to: number]): number
  widen(...args: [kind: number, from: number, count: number, to: number]): void
  move(from: number, count: number, to: number): void
  narrow(values: number, count: number, to: number): void
  translateCodes(
    ...args: [codes: number, valid: number, rows: number, table: number, to: number]
  ): void
  sumBytes(from: number, count: number): number
  spreadNumbers(...args: [values: number, valid: number, rows: number, to: number]): void
  spreadCodes(...args: [codes: number, valid: number, rows: number, to: number]): void
  gatherNumbers(
    ...args: [dictionary: number, codes: number, valid: number, rows: number, to: number]
  ): void
  countCodes(...args: [codes: number, valid: number, rows: number, counts: number]): number
  keepDigits(...args: [values: number, row: number, rows: number, scale: number]): number
  createTextTable(table: number, entries: number, textBytes: number, slots: number): void
  addText(table: number, start: number, end: number, code: number, seed: bigint): number
  encodeTexts(fields: number, rows: number, table: number, seed: bigint, codes: number): number
}

let compiled: WebAssembly.Module | null = null

export function createMemory(bytes: number): WebAssembly.Memory {
  const pages = Math.ceil(bytes / pageBytes)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
}

export function loadKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(kernelCode, 'base64'))
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels
}
