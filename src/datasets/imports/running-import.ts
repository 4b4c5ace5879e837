import { TrainyardError } from '../../errors.js'
import type { DatasetImport, ImportProgress, ImportStatus } from '../../spec/dataset-import.js'
import type { ConversionProgress } from '../conversion-input.js'
import type { DatasetUpload, UploadControl, UploadResult } from '../upload.js'
import { problemOf } from './import-problem.js'

type Phase = ImportProgress['phase']

/** One import of this process. */
export class RunningImport {
  private readonly controller = new AbortController()
  private readonly listeners = new Set<() => void>()
  private current: DatasetImport
  private phaseStartedAt = performance.now()
  private phaseStartedWith = 0
  private phaseName: string | null = null
  private expectedBytes: number | null = null

  constructor(
    id: string,
    { status, source, name }: Pick<DatasetImport, 'source' | 'name'> & { status: ImportStatus },
  ) {
    const createdAt = new Date().toISOString()
    this.current = {
      ...{ id, status, source, name, createdAt, updatedAt: createdAt, finishedAt: null },
      ...{ progress: null, dataset: null, created: null, problem: null },
    }
  }

  get id(): string {
    return this.current.id
  }

  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** As clients see it. */
  get value(): DatasetImport {
    return this.current
  }

  /** For the upload or derivation, which reports and is ended by this. */
  get control(): UploadControl {
    return {
      signal: this.signal,
      onReceived: bytes => this.received(bytes),
      onConversion: phase => this.setStatus(phase),
      onProgress: progress => this.setProgress(progress),
    }
  }

  setName(name: string | null): void {
    this.current = { ...this.current, name }
  }

  setStatus(status: ImportStatus): void {
    this.current = { ...this.current, status, progress: null }
    this.changed()
  }

  /** How many bytes are going to come; null if it is not known. */
  expect(bytes: number | null): void {
    this.expectedBytes = bytes
  }

  /** Ends the import: `reason` is what its caller gets. */
  abort(reason: TrainyardError): void {
    this.controller.abort(reason)
  }

  succeed({ dataset, created }: UploadResult): void {
    this.end({ status: 'succeeded', dataset: dataset.id, created, name: dataset.name })
  }

  fail(error: unknown): void {
    const code = error instanceof TrainyardError ? error.code : null
    const status =
      code === 'IMPORT_CANCELLED'
        ? 'cancelled'
        : code === 'IMPORT_INTERRUPTED'
          ? 'interrupted'
          : 'failed'
    this.end({ status, problem: problemOf(error) })
  }

  /** Calls `listener` after each change. Returns a function that stops this. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private received(done: number): void {
    const phase: Phase = this.current.status === 'receiving' ? 'receiving' : 'fetching'
    // a compressed file may be counted again when it is inflated
    const total = this.expectedBytes === null ? null : Math.max(done, this.expectedBytes)
    this.setProgress({ phase, unit: 'bytes', done, total })
  }

  private setProgress({
    phase,
    unit,
    done,
    total,
  }: Omit<ConversionProgress, 'phase'> & { phase: Phase }) {
    if (this.phaseName !== phase) {
      this.phaseName = phase
      this.phaseStartedAt = performance.now()
      this.phaseStartedWith = done
    }
    const seconds = (performance.now() - this.phaseStartedAt) / 1000
    const rate = seconds > 0 ? (done - this.phaseStartedWith) / seconds : 0
    const fraction = total === null || total === 0 ? null : Math.min(1, done / total)
    const etaSeconds =
      total === null || rate <= 0 ? null : Math.round(((total - done) / rate) * 10) / 10
    this.current = { ...this.current, progress: { phase, unit, done, total, fraction, etaSeconds } }
    this.changed()
  }

  private end(fields: Partial<DatasetImport> & { status: ImportStatus }): void {
    const finishedAt = new Date().toISOString()
    this.current = { ...this.current, progress: null, finishedAt, ...fields }
    this.changed()
  }

  private changed(): void {
    this.current = { ...this.current, updatedAt: new Date().toISOString() }
    for (const listener of this.listeners) listener()
  }
}

/** What makes an import's data set. */
export type ImportWork = (running: RunningImport) => Promise<UploadResult>

/** What makes a data set of files. */
export type UploadWork = (running: RunningImport, upload: DatasetUpload) => Promise<UploadResult>
