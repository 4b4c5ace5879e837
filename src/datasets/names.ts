import { Type } from 'typebox'
import { nullIfDamaged } from '../errors.js'
import { DatasetId, Timestamp } from '../spec/identifiers.js'
import { shapeOf } from '../store/shape.js'
import type { Store } from '../store/store.js'

interface NamePointer {
  id: string
  history: { id: string; at: string }[]
}

const namePointer = shapeOf<NamePointer>(
  Type.Object({
    id: DatasetId,
    history: Type.Array(Type.Object({ id: DatasetId, at: Timestamp })),
  }),
)

/** Older entries of a history are dropped. */
const maxHistory = 1000

const folder = 'dataset-names'
const nameKey = (name: string) => `${folder}/${name}.json`

/** Maps each name to the content that was last uploaded with it. */
export class DatasetNames {
  constructor(private readonly store: Store) {}

  /** All names. */
  async list(): Promise<string[]> {
    const files = await this.store.list(folder)
    return files.filter(file => file.endsWith('.json')).map(file => file.slice(0, -'.json'.length))
  }

  /** Throws a DamagedError if the pointer is damaged. */
  async resolve(name: string): Promise<string | null> {
    return (await this.store.readJsonCached(nameKey(name), namePointer))?.id ?? null
  }

  /** If two uploads assign a name at the same time, the last one wins, and the history may lack the other. A damaged pointer is replaced. */
  async assign(name: string, id: string): Promise<void> {
    const pointer = await this.store.readJson(nameKey(name), namePointer).catch(nullIfDamaged)
    if (pointer?.id === id) return
    const earlier = (pointer?.history ?? []).slice(-maxHistory + 1)
    const history = [...earlier, { id, at: new Date().toISOString() }]
    await this.store.replaceJson<NamePointer>(nameKey(name), { id, history })
  }

  /** Does nothing if the name was given since a time: to this content, or to a newer one, which keeps it. */
  async assignUnlessSince(name: string, id: string, since: string): Promise<void> {
    const history = (await this.history(name).catch(nullIfDamaged)) ?? []
    if (!history.some(({ at }) => at >= since)) await this.assign(name, id)
  }

  /** What the name has pointed at, oldest first; the last one is current. Null if there is no such name. */
  async history(name: string): Promise<NamePointer['history'] | null> {
    return (await this.store.readJsonCached(nameKey(name), namePointer))?.history ?? null
  }

  async remove(name: string): Promise<void> {
    await this.store.remove(nameKey(name))
  }

  /**
   * Points the names of a removed data set at their previous content, or removes them. A damaged pointer stays
   * as it is.
   */
  async removeDataset(id: string): Promise<void> {
    for (const name of await this.list()) {
      const key = nameKey(name)
      const pointer = await this.store.readJson(key, namePointer).catch(nullIfDamaged)
      const history = pointer?.history.filter(version => version.id !== id)
      if (!pointer || !history || history.length === pointer.history.length) continue
      const previous = history.at(-1)
      if (previous) await this.store.replaceJson<NamePointer>(key, { id: previous.id, history })
      else await this.store.remove(key)
    }
  }
}
