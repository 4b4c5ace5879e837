import type { Store } from '../store/store.js'

interface NamePointer {
  id: string
  history: { id: string; at: string }[]
}

const folder = 'dataset-names'
const nameKey = (name: string) => `${folder}/${name}.json`

/** Which content a name stands for: the newest that was uploaded under it. */
export class DatasetNames {
  constructor(private readonly store: Store) {}

  async resolve(name: string): Promise<string | null> {
    return (await this.store.readJsonCached<NamePointer>(nameKey(name)))?.id ?? null
  }

  /** Of two uploads in the same instant the last one has the name; the history may miss the other. */
  async assign(name: string, id: string): Promise<void> {
    const pointer = await this.store.readJson<NamePointer>(nameKey(name))
    if (pointer?.id === id) return
    const history = [...(pointer?.history ?? []), { id, at: new Date().toISOString() }]
    await this.store.replaceJson<NamePointer>(nameKey(name), { id, history })
  }

  /** Names of removed content go back to what they stood for before, or away. */
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
