import type { ColumnStatistics } from '../columns/column-survey.js'
import { type CellBlock, ColumnCounter } from './cell-block.js'
import type { CsvKernel } from './csv-kernel.js'

/** Counts the cells of blocks: while the numbers of one are parsed, also by another thread, the one before is counted. */
export class BlockSurvey {
  private readonly counters: readonly ColumnCounter[]
  private pending: CellBlock | null = null

  /** `onCounted` gets each block, and whether each of its columns has numbers. */
  constructor(
    kernel: CsvKernel,
    columnStats: readonly ColumnStatistics[],
    private readonly onCounted: (block: CellBlock, hasNumbers: readonly boolean[]) => void,
  ) {
    this.counters = columnStats.map((stats, column) => new ColumnCounter(kernel, stats, column))
  }

  add(block: CellBlock): void {
    const { pending } = this
    block.cells.parse(
      block.rows,
      this.counters.map(counter => counter.plan),
    )
    this.pending = block
    if (pending) this.count(pending)
  }

  /** Counts the last block. Until then, its window and its cells must stay. */
  flush(): void {
    const { pending } = this
    this.pending = null
    if (pending) this.count(pending)
  }

  private count(block: CellBlock): void {
    this.onCounted(
      block,
      this.counters.map(counter => counter.add(block)),
    )
  }
}
