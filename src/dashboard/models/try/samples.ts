import { useEffect, useState } from 'preact/hooks'
import type { SamplePage } from '../../../spec/dataset-preview.js'
import { place, setQuery } from '../../place.js'
import { client } from '../../server/session.js'
import { reportError } from '../../ui/toast.js'

/** As many records of the data set can be chosen: the first page of its samples. */
const sampleCount = 100

type Sample<K extends SamplePage['kind']> = Extract<SamplePage, { kind: K }>['items'][number]

export interface Samples<T> {
  /** Chooses a record at random; the address of the page names it. */
  chooseAny: () => Promise<void>
  /** The record that the address names. */
  record: T | null
  /** What the button that chooses one says of where it comes from. */
  from: string
  clear: () => void
}

/** A record of the data set that the model was trained on, to predict from. */
export function useSample<K extends SamplePage['kind']>(
  dataset: { id: string; name: string },
  kind: K,
): Samples<Sample<K>> {
  const [items, setItems] = useState<readonly Sample<K>[] | null>(null)
  const named = place.value.query.get('record')

  async function load(): Promise<readonly Sample<K>[]> {
    if (items) return items
    const page = await client.datasets.samples(dataset.id, { limit: String(sampleCount) })
    const loaded = (page.kind === kind ? page.items : []) as unknown as readonly Sample<K>[]
    setItems(loaded)
    return loaded
  }
  useEffect(() => {
    if (named === null) return
    load()
      .then(loaded => {
        if (loaded.some(({ index }) => String(index) === named)) return
        throw new Error(
          `Record ${named} is not among the first ${sampleCount} of ${dataset.name}, which can be chosen here.`,
        )
      })
      .catch(reportError)
  }, [named])

  return {
    async chooseAny() {
      const others = (await load()).filter(({ index }) => String(index) !== named)
      const chosen = others[Math.floor(Math.random() * others.length)]
      if (!chosen) throw new Error(`The data set ${dataset.name} has no other record to choose.`)
      setQuery({ record: chosen.index })
    },
    record: items?.find(({ index }) => String(index) === named) ?? null,
    from: `One of the first ${sampleCount} records of ${dataset.name}`,
    clear: () => setQuery({ record: null }),
  }
}
