import type { LoadedModel } from '../../spec/ipc-messages.js'

/** What a process has loaded, as far as placing models needs it. */
export interface Holder {
  readonly models: ReadonlyMap<string, { loaded: LoadedModel | null; usedAt: number }>
  readonly running: readonly unknown[]
  readonly loading: readonly string[]
  readonly modelBytes: number
}

/** If images wait for so long for a model, a second process that has nothing to do loads it too. */
const replicateAfterMs = 250

export interface Placement<H> {
  process: H
  model: string
}

/**
 * Which process loads which model: those that images wait for (`waiting`, most urgent first) or that are
 * pinned, and that no process has; and those with much work, in processes that are idle.
 */
export function placeModels<H extends Holder>(
  processes: readonly H[],
  waiting: readonly string[],
  pinned: readonly string[],
  memoryBytes: number,
  workMs: (model: string) => number,
): Placement<H>[] {
  if (processes.length === 0) return []
  const placements: Placement<H>[] = []
  const planned = new Map<H, number>()
  const load = (process: H) =>
    process.running.length + process.loading.length + (planned.get(process) ?? 0)
  const place = (process: H, model: string) => {
    placements.push({ process, model })
    planned.set(process, (planned.get(process) ?? 0) + 1)
  }
  for (const model of new Set([...waiting, ...pinned])) {
    if (processes.some(({ models }) => models.has(model))) continue
    place(
      processes.reduce((least, each) => (isLess(each, least, load) ? each : least)),
      model,
    )
  }
  for (const model of waiting) {
    const idle = processes.find(each => load(each) === 0 && !each.models.has(model))
    if (!idle || workMs(model) < replicateAfterMs) continue
    const bytes = Math.max(0, ...processes.map(each => each.models.get(model)?.loaded?.bytes ?? 0))
    if (idle.modelBytes + bytes <= memoryBytes) place(idle, model)
  }
  return placements
}

const isLess = <H extends Holder>(a: H, b: H, load: (process: H) => number): boolean =>
  load(a) - load(b) < 0 || (load(a) === load(b) && a.modelBytes < b.modelBytes)

/**
 * The models that a process gives up to hold at most `memoryBytes`: those used least recently. It keeps
 * those in `kept`, even if they take more.
 */
export function modelsToUnload(
  { models, modelBytes }: Holder,
  memoryBytes: number,
  kept: (model: string) => boolean,
): string[] {
  const unloaded: string[] = []
  let bytes = modelBytes
  const oldestFirst = [...models].sort(([, a], [, b]) => a.usedAt - b.usedAt)
  for (const [model, { loaded }] of oldestFirst) {
    if (bytes <= memoryBytes) break
    if (loaded === null || kept(model)) continue
    unloaded.push(model)
    bytes -= loaded.bytes
  }
  return unloaded
}
