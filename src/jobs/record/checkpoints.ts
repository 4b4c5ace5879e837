import { TrainyardError } from '../../errors.js'
import type { Checkpoint, CheckpointManifest } from '../../spec/checkpoint.js'
import { manifestFiles } from '../../store/committed-folder.js'
import type { CommittedFolder, Store } from '../../store/store.js'
import { lastEffectiveStep } from './attempt-fencing.js'
import { checkpointNotFound } from './errors.js'
import { jobPaths } from './job-paths.js'
import type { AttemptRecord } from './records.js'

/**
 * A job's checkpoints: committed folders `checkpoints/<step>`, without those that are superseded.
 */
export class Checkpoints {
  constructor(private readonly store: Store) {}

  /** Checkpoints in effect, oldest first. */
  async list(id: string, attempts: readonly AttemptRecord[]): Promise<Checkpoint[]> {
    const manifests = await this.manifests(id)
    const valid = manifests.filter(
      ({ manifest: { step, attempt } }) => step <= lastEffectiveStep(attempts, attempt),
    )
    const best = valid.findLast(({ manifest }) => manifest.best)
    return valid.map(({ manifest, files }, i) => {
      const { step, attempt, createdAt, format = 'tensorflow' } = manifest
      return {
        step,
        createdAt,
        attempt,
        latest: i === valid.length - 1,
        best: step === best?.manifest.step,
        format,
        prefix: format === 'tensorflow' ? `model.ckpt-${step}` : null,
        files,
      }
    })
  }

  /** Throws `CHECKPOINT_NOT_FOUND` if the step has no checkpoint in effect. */
  async get(id: string, step: number, attempts: readonly AttemptRecord[]) {
    const checkpoint = (await this.list(id, attempts)).find(one => one.step === step)
    if (!checkpoint) throw checkpointNotFound(id, step)
    const folder = await this.store.folder(jobPaths(id).checkpoint(step))
    return { checkpoint, folder, names: manifestFiles(checkpoint) }
  }

  /**
   * Returns the step of the newest checkpoint whose files match the checksums in its manifest, or
   * 0.
   */
  async newestVerified(id: string, attempts: readonly AttemptRecord[]): Promise<number> {
    for (const { step } of (await this.list(id, attempts)).reverse()) {
      if (await this.store.verify(jobPaths(id).checkpoint(step))) return step
    }
    return 0
  }

  /**
   * Returns the best checkpoint, or null if there is none. `intact`: its files match the checksums
   * in its manifest.
   */
  async best(
    id: string,
    attempts: readonly AttemptRecord[],
  ): Promise<{ step: number; intact: boolean } | null> {
    const best = (await this.list(id, attempts)).find(checkpoint => checkpoint.best)
    if (!best) return null
    return { step: best.step, intact: await this.store.verify(jobPaths(id).checkpoint(best.step)) }
  }

  /**
   * Commits a staged checkpoint. It replaces a checkpoint of the same step that is damaged or by an
   * older attempt: this attempt resumed from an earlier step.
   */
  async commit(id: string, staged: string, manifest: CheckpointManifest): Promise<void> {
    const key = jobPaths(id).checkpoint(manifest.step)
    const existing = await this.store.readIntactManifest<CheckpointManifest>(key)
    const replacesExisting = existing
      ? existing.manifest.attempt < manifest.attempt
      : (await this.store.list(key)).length > 0
    if (replacesExisting) await this.store.remove(key)
    if (!(await this.store.commit(staged, key, manifest)))
      await this.assertNotFromOlderAttempt(key, manifest)
    await this.writeCheckpointState(id)
  }

  /** A superseded attempt that has not noticed yet may commit the same step first. */
  private async assertNotFromOlderAttempt(
    key: string,
    { step, attempt }: CheckpointManifest,
  ): Promise<void> {
    const existing = await this.store.readIntactManifest<CheckpointManifest>(key)
    if (!existing || existing.manifest.attempt >= attempt) return
    const message = `attempt ${existing.manifest.attempt}, which is superseded, stored step ${step} before attempt ${attempt} did; the next attempt trains it again`
    throw new TrainyardError('STORAGE_CONFLICT', message)
  }

  /** Removes all checkpoints but the newest `keep` and the best of those in effect. */
  async prune(id: string, keep: number, attempts: readonly AttemptRecord[]): Promise<void> {
    const valid = await this.list(id, attempts)
    const retained = new Set(valid.slice(-keep).map(({ step }) => step))
    for (const { step, best } of valid) if (best) retained.add(step)
    for (const { manifest } of await this.manifests(id)) {
      const { step } = manifest
      if (!retained.has(step)) await this.store.remove(jobPaths(id).checkpoint(step))
    }
    await this.writeCheckpointState(id)
  }

  private async manifests(id: string): Promise<CommittedFolder<CheckpointManifest>[]> {
    const names = (await this.store.list(jobPaths(id).checkpoints)).filter(name =>
      /^\d+$/.test(name),
    )
    const read = names.map(name =>
      this.store.readIntactManifest<CheckpointManifest>(jobPaths(id).checkpoint(Number(name))),
    )
    const found = (await Promise.all(read)).filter(checkpoint => checkpoint !== null)
    return found.sort((a, b) => a.manifest.step - b.manifest.step)
  }

  /** Writes TensorFlow's `checkpoint` file, which tf.train.latest_checkpoint reads. */
  private async writeCheckpointState(id: string): Promise<void> {
    const manifests = await this.manifests(id)
    if (manifests.some(({ manifest }) => manifest.format === 'xgboost')) return
    const paths = manifests.map(({ manifest: { step } }) => `${step}/model.ckpt-${step}`)
    await this.store.replaceText(`${jobPaths(id).checkpoints}/checkpoint`, checkpointState(paths))
  }
}

/**
 * The text form of TensorFlow's CheckpointState message
 * (tensorflow/python/training/checkpoint_state.proto).
 */
export function checkpointState(paths: readonly string[]): string {
  const latest = paths.at(-1)
  if (latest === undefined) return ''
  const all = paths.map(path => `all_model_checkpoint_paths: "${path}"\n`)
  return `model_checkpoint_path: "${latest}"\n${all.join('')}`
}
