import { TrainyardError } from '../../errors.js'
import type { Checkpoint, CheckpointManifest } from '../../spec/checkpoint.js'
import { manifestFiles } from '../../store/committed-folder.js'
import type { Manifest, Store } from '../../store/store.js'
import { lastEffectiveStep } from './attempt-fencing.js'
import { checkpointNotFound } from './errors.js'
import { jobPaths } from './job-paths.js'
import type { AttemptRecord } from './records.js'

/** The checkpoints of jobs: committed folders `checkpoints/<step>`, and which of them count. */
export class Checkpoints {
  constructor(private readonly store: Store) {}

  /** Checkpoints that count, oldest first. */
  async list(id: string, attempts: readonly AttemptRecord[]): Promise<Checkpoint[]> {
    const manifests = await this.manifests(id)
    const valid = manifests.filter(
      ({ step, attempt }) => step <= lastEffectiveStep(attempts, attempt),
    )
    const best = valid.findLast(manifest => manifest.best)
    return valid.map(({ step, attempt, createdAt, files, format = 'tensorflow' }, i) => ({
      step,
      createdAt,
      attempt,
      latest: i === valid.length - 1,
      best: step === best?.step,
      format,
      prefix: format === 'tensorflow' ? `model.ckpt-${step}` : null,
      files,
    }))
  }

  async get(id: string, step: number, attempts: readonly AttemptRecord[]) {
    const checkpoint = (await this.list(id, attempts)).find(one => one.step === step)
    if (!checkpoint) throw checkpointNotFound(id, step)
    const folder = await this.store.folder(jobPaths(id).checkpoint(step))
    return { checkpoint, folder, names: manifestFiles(checkpoint) }
  }

  /** The newest checkpoint whose files are what its manifest says; 0 where there is none. */
  async newestVerified(id: string, attempts: readonly AttemptRecord[]): Promise<number> {
    for (const { step } of (await this.list(id, attempts)).reverse()) {
      if (await this.store.verify(jobPaths(id).checkpoint(step))) return step
    }
    return 0
  }

  /** The step of the best checkpoint, if its files are what its manifest says. */
  async bestVerified(id: string, attempts: readonly AttemptRecord[]): Promise<number | null> {
    const best = (await this.list(id, attempts)).find(checkpoint => checkpoint.best)
    if (!best || !(await this.store.verify(jobPaths(id).checkpoint(best.step)))) return null
    return best.step
  }

  /**
   * Commits a staged checkpoint. One that an older attempt left at this step is void (this attempt
   * went on from before it) and makes room; so does one that is damaged.
   */
  async commit(id: string, staged: string, manifest: CheckpointManifest): Promise<void> {
    const key = jobPaths(id).checkpoint(manifest.step)
    const existing = await this.store.readManifest<CheckpointManifest>(key)
    const replacesExisting = existing
      ? existing.attempt < manifest.attempt
      : (await this.store.list(key)).length > 0
    if (replacesExisting) await this.store.remove(key)
    if (!(await this.store.commit(staged, key, manifest)))
      await this.assertNotFromOlderAttempt(key, manifest)
    await this.writeCheckpointState(id)
  }

  /** An attempt that was overtaken between its last look and its commit may be the faster one. */
  private async assertNotFromOlderAttempt(
    key: string,
    { step, attempt }: CheckpointManifest,
  ): Promise<void> {
    const existing = await this.store.readManifest<CheckpointManifest>(key)
    if (!existing || existing.attempt >= attempt) return
    const message = `attempt ${existing.attempt}, which was overtaken, has stored step ${step} in the place of attempt ${attempt}; the next one trains it anew`
    throw new TrainyardError('STORAGE_CONFLICT', message)
  }

  /**
   * Keeps the newest `keep` of those that count, and the best. The newest was committed, and so verified,
   * before any is removed.
   */
  async prune(id: string, keep: number, attempts: readonly AttemptRecord[]): Promise<void> {
    const valid = await this.list(id, attempts)
    const retained = new Set(valid.slice(-keep).map(({ step }) => step))
    for (const { step, best } of valid) if (best) retained.add(step)
    for (const { step } of await this.manifests(id)) {
      if (!retained.has(step)) await this.store.remove(jobPaths(id).checkpoint(step))
    }
    await this.writeCheckpointState(id)
  }

  private async manifests(id: string): Promise<Manifest<CheckpointManifest>[]> {
    const names = (await this.store.list(jobPaths(id).checkpoints)).filter(name =>
      /^\d+$/.test(name),
    )
    const read = names.map(name =>
      this.store.readManifest<CheckpointManifest>(jobPaths(id).checkpoint(Number(name))),
    )
    const found = (await Promise.all(read)).filter(manifest => manifest !== null)
    return found.sort((a, b) => a.step - b.step)
  }

  /** TensorFlow's `checkpoint` file, by which tf.train.latest_checkpoint finds the newest. */
  private async writeCheckpointState(id: string): Promise<void> {
    const manifests = await this.manifests(id)
    if (manifests.some(({ format }) => format === 'xgboost')) return
    const paths = manifests.map(({ step }) => `${step}/model.ckpt-${step}`)
    await this.store.replaceText(`${jobPaths(id).checkpoints}/checkpoint`, checkpointState(paths))
  }
}

/** The text form of TensorFlow's CheckpointState message (tensorflow/python/training/checkpoint_state.proto). */
export function checkpointState(paths: readonly string[]): string {
  const latest = paths.at(-1)
  if (latest === undefined) return ''
  const all = paths.map(path => `all_model_checkpoint_paths: "${path}"\n`)
  return `model_checkpoint_path: "${latest}"\n${all.join('')}`
}
