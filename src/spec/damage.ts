// Every process loads this with errors.ts, so it imports nothing: schemas take a tenth of a second to load.
/** What can be damaged on its own; the label `kind` of the gauge `trainyard_damaged`. */
export const damageKinds = [
  'job',
  'checkpoint',
  'metrics',
  'log',
  'dataset',
  'dataset_name',
  'model',
  'model_version',
  'model_record',
  'weights',
  'webhook',
  'delivery',
  'idempotency_key',
  'other',
] as const
export type DamageKind = (typeof damageKinds)[number]

/** A thing that a list passes over because one of its files is damaged (schema: damaged-items.ts). */
export interface DamagedItem {
  id: string
  file: string
  reason: string
}

/** The longest list of damaged things in an answer. The gauge counts all of them. */
export const maxDamagedItems = 100

export interface Damage extends DamagedItem {
  kind: DamageKind
  /** The path that all files of the thing have in common. */
  root: string
}

interface ThingInfo {
  kind: DamageKind
  pattern: RegExp
  /** What to do, beside restoring the file from a backup. */
  cure: (id: string, part: string) => string
}

/** Which thing a file of the data folder belongs to. The first pattern that matches counts. */
const things: readonly ThingInfo[] = [
  {
    kind: 'other',
    pattern: /^(keys\.json)$/,
    cure: () =>
      'remove it: the next start makes one that accepts only the key in the file `key`, and other keys must be added again',
  },
  {
    kind: 'other',
    pattern: /^(key)$/,
    cure: () => 'remove it: the next start makes another key',
  },
  {
    kind: 'other',
    pattern: /^(webhook-secret)$/,
    cure: () =>
      'remove it: the next start makes another, and webhooks must be created again to get new secrets',
  },
  {
    kind: 'checkpoint',
    pattern: /^jobs\/([^/]+)\/checkpoints\/(\d+)(?=\/|$)/,
    cure: id => `use another checkpoint, which GET /jobs/${id}/checkpoints lists`,
  },
  {
    kind: 'metrics',
    pattern: /^jobs\/([^/]+)\/attempts\/\d+\/(?:metrics(?:\.summary)?|resources)\.ndjson$/,
    cure: () => 'the other lines are intact',
  },
  {
    kind: 'log',
    pattern: /^jobs\/([^/]+)\/attempts\/\d+\/log\.ndjson$/,
    cure: () => 'the other lines are intact',
  },
  {
    kind: 'job',
    pattern: /^jobs\/([^/]+)/,
    cure: id => `delete the job with DELETE /jobs/${id}`,
  },
  {
    kind: 'dataset',
    pattern: /^datasets\/([^/]+)/,
    cure: id => `upload the same files again, or delete the data set with DELETE /datasets/${id}`,
  },
  {
    kind: 'dataset_name',
    pattern: /^dataset-names\/([^/]+?)(?:\.json)?$/,
    cure: name =>
      `upload the data set with the name '${name}' again, or delete the name with DELETE /datasets/${name}`,
  },
  {
    kind: 'model',
    pattern: /^models\/([^/]+)(?:\/([^/]+))?/,
    cure: (name, version) =>
      `use another version, or delete this one with DELETE /models/${name}${version && `?version=${version}`}`,
  },
  {
    kind: 'model_version',
    pattern: /^model-versions\/([^/]+)/,
    cure: () => 'nothing is to be done: new models get other versions',
  },
  {
    kind: 'model_record',
    pattern: /^model-records\/([^/]+)/,
    cure: name =>
      `remove it: the record before it counts then, so check the aliases with GET /models/${name}/aliases; until then predict by ?version=`,
  },
  {
    kind: 'weights',
    pattern: /^weights\/([^/]+)/,
    cure: id => `upload the same files again, or delete the weights with DELETE /weights/${id}`,
  },
  {
    kind: 'delivery',
    pattern: /^webhooks\/[^/]+\/deliveries\/([^/]+)/,
    cure: () => 'read the job itself: this message is not sent',
  },
  {
    kind: 'webhook',
    pattern: /^webhooks\/([^/]+)/,
    cure: id => `delete the webhook with DELETE /webhooks/${id} and create it again`,
  },
  {
    kind: 'idempotency_key',
    pattern: /^idempotency\/([^/]+?)(?:\.json)?$/,
    cure: () =>
      'check with GET /jobs whether the first request created the job, and use another Idempotency-Key',
  },
]

/** Describes the damage of a file. `file` is relative to the data folder. */
export function describeDamage(file: string, reason: string): Damage & { cure: string } {
  for (const { kind, pattern, cure } of things) {
    const [root, id, part = ''] = pattern.exec(file) ?? []
    if (root === undefined || id === undefined) continue
    // a checkpoint is known by its step
    const shownId = kind === 'checkpoint' ? part : id
    return { kind, id: shownId, root, file, reason, cure: cure(id, part) }
  }
  return { kind: 'other', id: file, root: file, file, reason, cure: 'move it out of the way' }
}
