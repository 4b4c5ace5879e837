import type { Store } from '../store/store.js'

interface NamePointer {
  id: string
  history: { id: string; at: string }[]
}

const folder = 'dataset-names'
const nameKey = (name: string) => `${folder}/${name}.json`

/** Maps each name to the content that was last uploaded with it. */
export class DatasetNames {
  constructor(private readonly store: Store) {}

  async resolve(name: string): Promise<string | null> {
    return (await this.store.readJsonCached<NamePointer>(nameKey(name)))?.id ?? null
  }

  /** If two uploads assign a name at the same time, the last one wins, and the history may lack the other. */
  async assign(name: string, id: string): Promise<void> {
    const pointer = await this.store.readJson<NamePointer>(nameKey(name))
    if (pointer?.id === id) return
    const history = [...(pointer?.history ?? []), { id, at: new Date().toISOString() }]
    await this.store.replaceJson<NamePointer>(nameKey(name), { id, history })
  }

  /** Points the names of a removed data set at their previous content, or removes them. */
  async removeDataset(id: string): Promise<void> {
    for (const file of await this.store.list(folder)) {
      const key = `${folder}/${file}`
      const pointer = await this.store.readJson<NamePointer>(key)
      const history = pointer?.history.filter(version => version.id !== id)
      if (!pointer || !history || history.length === pointer.history.length) continue
      const previous = history.at(-1)
      if (previous) await this.store.replaceJson<NamePointer>(key, { id: previous.id, history })
      else await this.store.remove(key)
    }
  }
}
