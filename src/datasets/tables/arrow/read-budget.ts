import { fileError } from '../../errors.js'

/** What a message costs beside its bytes: reading many takes long. */
export const messageBytes = 4096

/**
 * What reading a file may take in all: bytes of metadata, of inflated buffers and of dictionaries. A small file can
 * ask for much of each, by compression or by naming the same bytes again and again.
 */
export class ReadBudget {
  constructor(private left: number) {}

  take(bytes: number, file: string): void {
    this.left -= bytes
    if (this.left >= 0) return
    const detail =
      'its batches are too many, or take too much memory once they are inflated: write fewer and smaller ones'
    throw fileError('DATASET_TOO_LARGE', { file }, detail)
  }
}

/** Data sets are converted in a process that may take its time. */
export const unlimited = (): ReadBudget => new ReadBudget(Number.POSITIVE_INFINITY)
