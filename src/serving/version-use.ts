import { setTimeout as sleep } from 'node:timers/promises'

interface Use {
  /** Predictions that wait or run. */
  running: number
  /** When a request last selected the version, by `performance.now()`. */
  selectedAt: number
}

/** A request that has selected a version predicts with it within this time, after it has read its body. */
const selectionLastsMs = 1000
/** No prediction lasts as long. */
const maxWaitMs = 60_000
const checkIntervalMs = 50
/** Beyond this, versions that nobody uses are forgotten. */
const maxVersions = 1000

/** Which versions predictions use now, so that a version is not deleted under them. */
export class VersionUse {
  private readonly uses = new Map<string, Use>()

  /** A request is going to predict with the version. */
  select(name: string, version: number): void {
    this.useOf(name, version).selectedAt = performance.now()
  }

  /** A prediction with the version begins. Returns the function to call when it has ended. */
  begin(name: string, version: number): () => void {
    const use = this.useOf(name, version)
    use.running++
    return () => {
      use.running--
    }
  }

  /** Returns when no prediction uses the version; new ones are refused by the caller. */
  async whenUnused(name: string, version: number): Promise<void> {
    // a request that has read which version it wants, but not the version yet, does so in this time
    await sleep(checkIntervalMs)
    const key = keyOf(name, version)
    const deadline = performance.now() + maxWaitMs
    for (let use = this.uses.get(key); use && isUsed(use); use = this.uses.get(key)) {
      if (performance.now() > deadline) break
      await sleep(checkIntervalMs)
    }
    this.uses.delete(key)
  }

  private useOf(name: string, version: number): Use {
    const key = keyOf(name, version)
    const known = this.uses.get(key)
    if (known) return known
    if (this.uses.size >= maxVersions) {
      for (const [other, use] of this.uses) if (!isUsed(use)) this.uses.delete(other)
    }
    const use = { running: 0, selectedAt: Number.NEGATIVE_INFINITY }
    this.uses.set(key, use)
    return use
  }
}

const keyOf = (name: string, version: number) => `${name}/${version}`

const isUsed = ({ running, selectedAt }: Use) =>
  running > 0 || performance.now() - selectedAt < selectionLastsMs
