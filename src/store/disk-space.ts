import { access, constants, rm, statfs } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Disk, disk as realDisk } from './disk.js'
import { writeDurably } from './durable.js'
import { stagingFolder, tempName } from './staging.js'
import { errorCode, failureSince, isFullCode } from './storage-errors.js'

/** Below this much free space, or this share of a small disk, no job starts. */
const minFreeBytes = 64 * 2 ** 20
const minFreeShare = 0.05
/** Free space must grow to this multiple of the minimum before jobs go on, so that the state is stable. */
const recoveryFactor = 1.5
const minFreeInodes = 32
/** A quota leaves free space on the disk: only a write shows whether there is room again. */
const probeBytes = 2 ** 20
/** Callers within this time share one check. */
const checkIntervalMs = 1000

/** What the server keeps free of a disk of this size. */
export const reservedBytes = (totalBytes: number): number =>
  Math.min(minFreeBytes, totalBytes * minFreeShare)

export interface DiskStatus {
  /** What this process's user may use of the disk of the data folder; null if unknown. */
  freeBytes: number | null
  totalBytes: number | null
  /** Why nothing can be stored at the moment, in one line; null if it can. */
  problem: string | null
}

/**
 * Whether the disk of the data folder takes writes. It is asked for its free space; and after a write of
 * this process has failed, a write is tried, which also shows quotas and broken disks.
 */
export class DiskSpace {
  private readonly root: string
  private lastStatus: DiskStatus = { freeBytes: null, totalBytes: null, problem: null }
  private lastCheck: Promise<DiskStatus> | null = null
  private lastCheckAt = Number.NEGATIVE_INFINITY
  private lastProbeAt = performance.now()

  constructor(
    root: string,
    private readonly disk: Disk = realDisk,
    /** Why the store takes nothing, if it is not this disk; null if it does. */
    private readonly storeProblem: () => Promise<string | null> = async () => null,
  ) {
    this.root = resolve(root)
  }

  /** The state at most a second ago, and after the last failed write of this process. */
  status(): Promise<DiskStatus> {
    const now = performance.now()
    const isOld = now - this.lastCheckAt >= checkIntervalMs || failureSince(this.lastCheckAt)
    if (this.lastCheck && !isOld) return this.lastCheck
    this.lastCheckAt = now
    this.lastCheck = this.check()
    return this.lastCheck
  }

  /** Calls `onChange` whenever a problem begins or ends, with null at its end. Returns a function that stops this. */
  watch(onChange: (problem: string | null) => void, intervalMs = 2000): () => void {
    let reported: string | null = null
    const timer = setInterval(async () => {
      const { problem } = await this.status()
      if ((problem === null) !== (reported === null)) onChange(problem)
      reported = problem
    }, intervalMs).unref()
    return () => clearInterval(timer)
  }

  private async check(): Promise<DiskStatus> {
    try {
      const space = await statfs(this.root)
      const known = space.blocks > 0
      const freeBytes = known ? space.bavail * space.bsize : null
      const totalBytes = known ? space.blocks * space.bsize : null
      const problem =
        this.spaceProblem(freeBytes, totalBytes) ??
        inodeProblem(space) ??
        (await this.accessProblem()) ??
        (await this.writeProblem()) ??
        (await this.storeProblem())
      this.lastStatus = { freeBytes, totalBytes, problem }
    } catch (error) {
      const problem = `the disk of the data folder does not answer (${errorCode(error)})`
      this.lastStatus = { freeBytes: null, totalBytes: null, problem }
    }
    return this.lastStatus
  }

  private spaceProblem(free: number | null, total: number | null): string | null {
    if (free === null || total === null) return null
    const factor = this.lastStatus.problem === null ? 1 : recoveryFactor
    if (free >= reservedBytes(total) * factor) return null
    return `the disk of the data folder is full (${formatMegabytes(free)} free)`
  }

  private async accessProblem(): Promise<string | null> {
    const code = await failureOf(access(this.root, constants.W_OK))
    return code && `the data folder cannot be written (${code})`
  }

  /** Tries a write if one has failed since the last try that succeeded. */
  private async writeProblem(): Promise<string | null> {
    if (!failureSince(this.lastProbeAt)) return null
    const startedAt = performance.now()
    const path = join(stagingFolder(this.root), tempName())
    const code = await failureOf(writeDurably(this.disk, path, new Uint8Array(probeBytes)))
    await rm(path, { force: true }).catch(() => {})
    if (!code) {
      this.lastProbeAt = startedAt
      return null
    }
    if (isFullCode(code)) return `the disk of the data folder is full (${code})`
    return `the disk of the data folder fails (${code})`
  }
}

function inodeProblem({ files, ffree }: { files: number; ffree: number }): string | null {
  if (files === 0 || ffree >= minFreeInodes) return null
  return `the disk of the data folder is full (${ffree} files free)`
}

const failureOf = (operation: Promise<unknown>): Promise<string | null> =>
  operation.then(
    () => null,
    error => errorCode(error) ?? String(error),
  )

const formatMegabytes = (bytes: number) => `${Math.floor(bytes / 1e6)} MB`
