import { DamagedError, isDamaged, nullIfDamaged, TrainyardError } from '../../errors.js'
import type { Checkpoint, CheckpointManifest } from '../../spec/checkpoint.js'
import type { Damage } from '../../spec/damage.js'
import { isPrediction } from '../../spec/job.js'
import { manifestFiles } from '../../store/committed-folder.js'
import type { CommittedFolder, Store } from '../../store/store.js'
import { lastEffectiveStep } from './attempt-fencing.js'
import { checkpointNotFound } from './errors.js'
import { jobPaths } from './job-paths.js'
import { checkpointManifest } from './record-shapes.js'
import type { AttemptRecord, JobRecord } from './records.js'

/**
 * A job's checkpoints: committed folders `checkpoints/<step>`, without those that are superseded.
 */
export class Checkpoints {
  constructor(private readonly store: Store) {}

  /** Checkpoints in effect, oldest first. Passes over those whose manifest is damaged. */
  async list(id: string, attempts: readonly AttemptRecord[]): Promise<Checkpoint[]> {
    return (await this.listAll(id, attempts)).items
  }

  /** Checkpoints in effect, oldest first, and the damage of those that have no intact manifest. */
  async listAll(
    id: string,
    attempts: readonly AttemptRecord[],
  ): Promise<{ items: Checkpoint[]; damage: Damage[] }> {
    const { manifests, damage } = await this.manifests(id)
    const valid = manifests.filter(
      ({ manifest: { step, attempt } }) => step <= lastEffectiveStep(attempts, attempt),
    )
    const best = valid.findLast(({ manifest }) => manifest.best)
    const items = valid.map(({ manifest, files }, i) => {
      const { step, attempt, createdAt, format = 'tensorflow', evaluation = null } = manifest
      return {
        step,
        createdAt,
        attempt,
        latest: i === valid.length - 1,
        best: step === best?.manifest.step,
        format,
        prefix: format === 'tensorflow' ? `model.ckpt-${step}` : null,
        evaluation,
        files,
      }
    })
    return { items, damage }
  }

  /**
   * Throws `CHECKPOINT_NOT_FOUND` if the step has no checkpoint in effect, and a DamagedError if its
   * manifest is damaged.
   */
  async get({ manifest: { id }, attempts, removedCheckpoints }: JobRecord, step: number) {
    const checkpoint = (await this.list(id, attempts)).find(one => one.step === step)
    const key = jobPaths(id).checkpoint(step)
    if (!checkpoint) {
      await this.readManifest(id, step)
      throw checkpointNotFound(id, step, removedCheckpoints)
    }
    return { checkpoint, folder: await this.store.folder(key), names: manifestFiles(checkpoint) }
  }

  /** Throws a DamagedError unless all files of the checkpoint match the checksums in its manifest. */
  assertIntact(id: string, step: number): Promise<void> {
    return this.store.assertIntact(jobPaths(id).checkpoint(step))
  }

  /**
   * Returns the step of the newest checkpoint whose files match the checksums in its manifest, or 0, and
   * the damage of newer ones.
   */
  async newestVerified(
    id: string,
    attempts: readonly AttemptRecord[],
  ): Promise<{ step: number; damage: Damage[] }> {
    const { items, damage } = await this.listAll(id, attempts)
    for (const { step } of items.reverse()) {
      const found = await this.assertIntact(id, step).then(() => null, damageOf)
      if (!found) return { step, damage: damage.filter(({ id: other }) => Number(other) > step) }
      damage.push(found)
    }
    return { step: 0, damage }
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
    // `store.commit` replaces a damaged one
    const existing = await this.readManifest(id, manifest.step).catch(nullIfDamaged)
    if (existing && existing.manifest.attempt < manifest.attempt) await this.store.remove(key)
    if (!(await this.store.commit(staged, key, manifest)))
      await this.assertNotFromOlderAttempt(id, manifest)
    // it names all checkpoints, and a job that predicts may have thousands
    const { format = 'tensorflow' } = manifest
    if (format === 'tensorflow') await this.writeCheckpointState(id)
  }

  /** A superseded attempt that has not noticed yet may commit the same step first. */
  private async assertNotFromOlderAttempt(
    id: string,
    { step, attempt }: CheckpointManifest,
  ): Promise<void> {
    const existing = await this.readManifest(id, step)
    if (!existing || existing.manifest.attempt >= attempt) return
    const message = `attempt ${existing.manifest.attempt}, which is superseded, stored step ${step} before attempt ${attempt} did; the next attempt trains it again`
    throw new TrainyardError('STORAGE_CONFLICT', message)
  }

  /**
   * Removes all checkpoints but the newest `keep` and the best of those in effect. Keeps damaged ones that
   * are newer: they may be restored, and the job replaces them when it comes to their step.
   */
  async prune(id: string, keep: number, attempts: readonly AttemptRecord[]): Promise<void> {
    const valid = await this.list(id, attempts)
    const retained = new Set(valid.slice(-keep).map(({ step }) => step))
    for (const { step, best } of valid) if (best) retained.add(step)
    const { manifests, damage } = await this.manifests(id)
    const newest = valid.at(-1)?.step ?? 0
    const damaged = damage.map(({ id: step }) => Number(step)).filter(step => step < newest)
    for (const step of [...manifests.map(({ manifest }) => manifest.step), ...damaged]) {
      if (!retained.has(step)) await this.store.remove(jobPaths(id).checkpoint(step))
    }
    await this.writeCheckpointState(id)
  }

  /** Whether the job has any checkpoint, also a damaged one. */
  async exist(id: string): Promise<boolean> {
    return (await this.names(id)).length > 0
  }

  /** Steps of all intact checkpoints, also of those that are superseded. */
  async steps(id: string): Promise<number[]> {
    return (await this.manifests(id)).manifests.map(({ manifest }) => manifest.step)
  }

  /**
   * Steps of the checkpoints that an ended job may still need: none after success. A retry resumes from the newest
   * one that is intact, and exports the best one; of predictions, it needs all.
   */
  async neededAfterEnd({ manifest, attempts, result }: JobRecord): Promise<Set<number>> {
    if (result?.status === 'succeeded') return new Set()
    const { id } = manifest
    const steps = await this.steps(id)
    if (isPrediction(manifest)) return new Set(steps)
    const checkpoints = await this.list(id, attempts)
    const needed = new Set(
      checkpoints.filter(each => each.latest || each.best).map(each => each.step),
    )
    // to find damage, all files are read: only if there is anything to remove
    if (steps.every(step => needed.has(step))) return needed
    const { step } = await this.newestVerified(id, attempts)
    // with none that is intact, all are kept: their files may be restored
    return step === 0 ? new Set(steps) : needed.add(step)
  }

  /** Returns the bytes that were freed. */
  async remove(id: string, steps: readonly number[]): Promise<number> {
    let bytes = 0
    for (const step of steps) {
      const key = jobPaths(id).checkpoint(step)
      bytes += await this.store.bytesBelow(key)
      await this.store.remove(key)
    }
    await this.writeCheckpointState(id)
    return bytes
  }

  /** Removes all checkpoints of a job, also damaged ones. */
  removeAll(id: string): Promise<void> {
    return this.store.remove(jobPaths(id).checkpoints)
  }

  private async names(id: string): Promise<string[]> {
    const names = await this.store.list(jobPaths(id).checkpoints)
    return names.filter(name => /^\d{1,15}$/.test(name))
  }

  private async manifests(id: string) {
    const names = await this.names(id)
    const manifests: CommittedFolder<CheckpointManifest>[] = []
    const damage: Damage[] = []
    const read = async (name: string) => {
      const found = await this.readManifest(id, Number(name)).catch(damageOf)
      if (found && 'manifest' in found) manifests.push(found)
      else if (found) damage.push(found)
    }
    await Promise.all(names.map(read))
    manifests.sort((a, b) => a.manifest.step - b.manifest.step)
    return { manifests, damage }
  }

  /** Returns null if the step has no checkpoint. */
  private async readManifest(
    id: string,
    step: number,
  ): Promise<CommittedFolder<CheckpointManifest> | null> {
    const key = jobPaths(id).checkpoint(step)
    const found = await this.store.readManifest<CheckpointManifest>(key, checkpointManifest)
    if (found && found.manifest.step !== step) {
      throw new DamagedError(
        `${key}/manifest.json`,
        `is the manifest of step ${found.manifest.step}`,
      )
    }
    if (found || (await this.store.list(key)).length === 0) return found
    // a checkpoint that is pruned meanwhile loses all its files at once
    if ((await this.store.list(key)).length === 0) return null
    throw new DamagedError(`${key}/manifest.json`, 'is missing')
  }

  /** Writes TensorFlow's `checkpoint` file, which tf.train.latest_checkpoint reads. */
  private async writeCheckpointState(id: string): Promise<void> {
    const { manifests } = await this.manifests(id)
    if (manifests.some(({ manifest: { format = 'tensorflow' } }) => format !== 'tensorflow')) return
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

/** For the catch of a read: returns the damage, and throws any other error. */
function damageOf(error: unknown): Damage {
  if (isDamaged(error)) return error.damage
  throw error
}
