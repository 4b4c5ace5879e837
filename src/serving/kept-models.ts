import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../log.js'
import type { ModelAliases } from '../models/references/model-aliases.js'
import type { ModelRegistry } from '../models/registry.js'
import { isBoostingModel } from '../spec/model.js'
import type { PredictorPool } from './pool/pool.js'
import { servedModel } from './pool/request.js'

const intervalMs = 2000

export interface KeptModelsDeps {
  models: Pick<ModelRegistry, 'servedModel'>
  aliases: Pick<ModelAliases, 'find'>
  predictor: Pick<PredictorPool, 'pin' | 'preload' | 'loadedModels'>
  log: Pick<Logger, 'warn'>
  /** Names of models that stay loaded. */
  pinned: readonly string[]
}

/**
 * Looks every two seconds which version the bare names of models mean that are pinned, or that have a version loaded,
 * and has it loaded before anyone asks for it.
 */
export class KeptModels {
  private readonly closing = new AbortController()
  private readonly done: Promise<void>
  /** Versions that were loaded by this already, which may have been unloaded since. */
  private readonly seen = new Set<string>()

  constructor(private readonly deps: KeptModelsDeps) {
    this.done = this.run()
  }

  async close(): Promise<void> {
    this.closing.abort()
    await this.done
  }

  private async run(): Promise<void> {
    const { signal } = this.closing
    while (!signal.aborted) {
      try {
        await this.check()
      } catch (error) {
        this.deps.log.warn({ err: error }, 'cannot look for new versions of models')
      }
      await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  private async check(): Promise<void> {
    const { predictor, pinned } = this.deps
    const names = new Set(predictor.loadedModels.map(({ name }) => name))
    const pins = await Promise.all(pinned.map(name => this.current(name)))
    predictor.pin(pins.filter(model => model !== null))
    for (const name of names) {
      if (pinned.includes(name)) continue
      const model = await this.current(name)
      if (!model || this.seen.has(model.folder)) continue
      this.seen.add(model.folder)
      predictor.preload(model)
    }
  }

  /** null if there is none, or it cannot be used: who asks for it learns the reason. */
  private async current(name: string) {
    const { models, aliases } = this.deps
    const model = await aliases.find({ name }).catch(() => null)
    if (!model || isBoostingModel(model)) return null
    return servedModel(model, await models.servedModel(model))
  }
}
