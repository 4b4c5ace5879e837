import { TrainyardError } from '../../errors.js'
import type { Checkpoint, CheckpointManifest } from '../../spec/checkpoint.js'
import { filesIn } from '../../store/committed-folder.js'
import type { Manifest, Store } from '../../store/store.js'
import { lastValidStep } from './attempt-fencing.js'
import { checkpointNotFound } from './errors.js'
import { jobKeys } from './job-paths.js'
import type { Attempt } from './records.js'

/** The checkpoints of jobs: committed folders `checkpoints/<step>`, and which of them count. */
export class Checkpoints {
  constructor(private readonly store: Store) {}

  /** Checkpoints that count, oldest first. */
  async list(id: string, attempts: readonly Attempt[]): Promise<Checkpoint[]> {
    const manifests = await this.manifests(id)
    const valid = manifests.filter(({ step, epoch }) => step <= lastValidStep(attempts, epoch))
    const best = valid.findLast(manifest => manifest.best)
    return valid.map(({ step, epoch, createdAt, files, format = 'tensorflow' }, i) => ({
      step,
      createdAt,
      attempt: epoch,
      latest: i === valid.length - 1,
      best: step === best?.step,
      format,
      prefix: format === 'tensorflow' ? `model.ckpt-${step}` : null,
      files,
    }))
  }

  async get(id: string, step: number, attempts: readonly Attempt[]) {
    const checkpoint = (await this.list(id, attempts)).find(one => one.step === step)
    if (!checkpoint) throw checkpointNotFound(id, step)
    const folder = await this.store.folder(jobKeys(id).checkpoint(step))
    return { checkpoint, folder, names: filesIn(checkpoint) }
  }

  /** The newest checkpoint whose files are what its manifest says; 0 where there is none. */
  async newestWhole(id: string, attempts: readonly Attempt[]): Promise<number> {
    for (const { step } of (await this.list(id, attempts)).reverse()) {
      if (await this.store.verify(jobKeys(id).checkpoint(step))) return step
    }
    return 0
  }

  /** The step of the best checkpoint, if its files are what its manifest says. */
  async bestWhole(id: string, attempts: readonly Attempt[]): Promise<number | null> {
    const best = (await this.list(id, attempts)).find(checkpoint => checkpoint.best)
    if (!best || !(await this.store.verify(jobKeys(id).checkpoint(best.step)))) return null
    return best.step
  }

  /**
   * Commits a staged checkpoint. One that an older attempt left at this step is void (this attempt
   * went on from before it) and makes room; so does one that is damaged.
   */
  async commit(id: string, staged: string, manifest: CheckpointManifest): Promise<void> {
    const key = jobKeys(id).checkpoint(manifest.step)
    const there = await this.store.readManifest<CheckpointManifest>(key)
    const makesRoom = there ? there.epoch < manifest.epoch : (await this.store.list(key)).length > 0
    if (makesRoom) await this.store.remove(key)
    if (!(await this.store.commit(staged, key, manifest))) await this.notOfOlder(key, manifest)
    await this.writeState(id)
  }

  /** An attempt that was overtaken between its last look and its commit may be the faster one. */
  private async notOfOlder(key: string, { step, epoch }: CheckpointManifest): Promise<void> {
    const there = await this.store.readManifest<CheckpointManifest>(key)
    if (!there || there.epoch >= epoch) return
    const message = `attempt ${there.epoch}, which was overtaken, has stored step ${step} in the place of attempt ${epoch}; the next one trains it anew`
    throw new TrainyardError('STORAGE_CONFLICT', 'unavailable', message)
  }

  /**
   * Keeps the newest `keep` of those that count, and the best. The newest was committed, and so verified,
   * before any is removed.
   */
  async prune(id: string, keep: number, attempts: readonly Attempt[]): Promise<void> {
    const counting = await this.list(id, attempts)
    const kept = new Set(counting.slice(-keep).map(({ step }) => step))
    for (const { step, best } of counting) if (best) kept.add(step)
    for (const { step } of await this.manifests(id)) {
      if (!kept.has(step)) await this.store.remove(jobKeys(id).checkpoint(step))
    }
    await this.writeState(id)
  }

  private async manifests(id: string): Promise<Manifest<CheckpointManifest>[]> {
    const names = (await this.store.list(jobKeys(id).checkpoints)).filter(name =>
      /^\d+$/.test(name),
    )
    const read = names.map(name =>
      this.store.readManifest<CheckpointManifest>(jobKeys(id).checkpoint(Number(name))),
    )
    const found = (await Promise.all(read)).filter(manifest => manifest !== null)
    return found.sort((a, b) => a.step - b.step)
  }

  /** TensorFlow's `checkpoint` file, by which tf.train.latest_checkpoint finds the newest. */
  private async writeState(id: string): Promise<void> {
    const manifests = await this.manifests(id)
    if (manifests.some(({ format }) => format === 'xgboost')) return
    const paths = manifests.map(({ step }) => `${step}/model.ckpt-${step}`)
    await this.store.replaceText(`${jobKeys(id).checkpoints}/checkpoint`, checkpointState(paths))
  }
}

/** The text form of TensorFlow's CheckpointState message (tensorflow/python/training/checkpoint_state.proto). */
export function checkpointState(paths: readonly string[]): string {
  const latest = paths.at(-1)
  if (latest === undefined) return ''
  const all = paths.map(path => `all_model_checkpoint_paths: "${path}"\n`)
  return `model_checkpoint_path: "${latest}"\n${all.join('')}`
}
