import MiniSearch from 'minisearch'

/** A section of a page, as the build writes them (scripts/setup/guide.mjs). */
interface Section {
  url: string
  page: string
  heading: string
  text: string
}

const shownResults = 12
const excerptLength = 150

/** Searches all sections in the browser. Their texts are loaded when the field is entered. */
export function startSearch(): void {
  const box = document.querySelector<HTMLElement>('.search')!
  const field = box.querySelector('input')!
  const list = box.querySelector<HTMLElement>('.found')!
  const status = box.querySelector('[role="status"]')!
  let loading: Promise<(query: string) => Section[]> | null = null
  const load = () => {
    loading ??= loadIndex(field.dataset.index!).catch(error => {
      loading = null
      throw error
    })
    return loading
  }

  const close = () => {
    list.hidden = true
  }
  async function show(): Promise<void> {
    const query = field.value.trim()
    if (query === '') return close()
    let found: Section[]
    try {
      found = (await load())(query)
    } catch {
      list.replaceChildren(note('The search could not be loaded. Reload the page.'))
      list.hidden = false
      return
    }
    // another letter was typed meanwhile
    if (query !== field.value.trim()) return
    const words = query.toLowerCase().split(/\s+/)
    list.replaceChildren(
      ...(found.length > 0 ? found.map(each => resultOf(each, words)) : [note('Nothing found')]),
    )
    list.hidden = false
    status.textContent = `${found.length} results`
  }

  box.hidden = false
  field.addEventListener('focus', () => void load().catch(() => {}))
  field.addEventListener('input', () => void show())
  box.addEventListener('keydown', event => {
    if (event.key === 'Escape') {
      close()
      field.focus()
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const stops = [field, ...list.querySelectorAll('a')]
      const place = stops.indexOf(document.activeElement as HTMLAnchorElement)
      stops[place + (event.key === 'ArrowDown' ? 1 : -1)]?.focus()
      event.preventDefault()
    } else if (event.key === 'Enter' && document.activeElement === field) {
      list.querySelector('a')?.click()
    }
  })
  list.addEventListener('click', event => {
    if ((event.target as Element).closest('a')) close()
  })
  document.addEventListener('pointerdown', event => {
    if (!box.contains(event.target as Node)) close()
  })
  document.addEventListener('keydown', event => {
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey
    if (event.key !== '/' || !isPlain || document.activeElement === field) return
    field.focus()
    event.preventDefault()
  })
}

async function loadIndex(url: string): Promise<(query: string) => Section[]> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`)
  const sections = (await answer.json()) as Section[]
  const index = new MiniSearch<Section & { id: number }>({
    fields: ['heading', 'page', 'text'],
    searchOptions: {
      boost: { heading: 4, page: 2 },
      prefix: true,
      fuzzy: term => (term.length > 4 ? 0.2 : false),
      combineWith: 'AND',
    },
  })
  index.addAll(sections.map((section, id) => ({ ...section, id })))
  return query => {
    const found = index.search(query)
    const any = found.length > 0 ? found : index.search(query, { combineWith: 'OR' })
    return any.slice(0, shownResults).map(({ id }) => sections[id as number]!)
  }
}

function resultOf({ url, page, heading, text }: Section, words: readonly string[]): HTMLElement {
  const link = document.createElement('a')
  link.href = url
  const title = document.createElement('strong')
  title.textContent = heading
  const place = document.createElement('span')
  place.textContent = heading === page ? '' : page
  const excerpt = document.createElement('small')
  excerpt.textContent = excerptOf(text, words)
  link.append(title, place, excerpt)
  return link
}

/** The text around the first of the words. */
function excerptOf(text: string, words: readonly string[]): string {
  const lower = text.toLowerCase()
  const places = words.map(word => lower.indexOf(word)).filter(place => place >= 0)
  const first = places.length > 0 ? Math.min(...places) : 0
  const start = Math.max(0, text.lastIndexOf(' ', Math.max(0, first - 40)) + 1)
  const end = start + excerptLength
  return `${start > 0 ? '… ' : ''}${text.slice(start, end)}${end < text.length ? ' …' : ''}`
}

function note(text: string): HTMLElement {
  const line = document.createElement('p')
  line.textContent = text
  return line
}
