import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import { useResource } from '../server/resource.js'
import { client } from '../server/session.js'
import { Icon } from '../ui/icon.js'
import { describeFilter, type Suggestion, suggestionsFor } from './filter-suggestions.js'
import { addFilter, clearFilters, type Filter, removeFilter } from './list-state.js'

interface FilterBoxProps {
  filters: readonly Filter[]
  /** The conditions as the API takes them. */
  query: Record<string, string>
}

/** Where filters are written, with suggestions of what the listed jobs have, and the filters that apply. */
export function FilterBox({ filters, query }: FilterBoxProps) {
  const [text, setText] = useState('')
  const [isOpen, setOpen] = useState(false)
  const [chosen, setChosen] = useState(0)
  const [hasOpened, setHasOpened] = useState(false)
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const { sort: _, ...conditions } = query
  // counting values takes the server a while, and the first view needs none of them
  const facets = useResource(
    async () => (hasOpened ? await client.jobs.facets(conditions) : undefined),
    [hasOpened, JSON.stringify(conditions)],
  )
  const suggestions = suggestionsFor(text, facets.data)
  const active = Math.min(chosen, suggestions.length - 1)

  useEffect(() => {
    list.current?.children[active]?.scrollIntoView({ block: 'nearest' })
  }, [active])

  function choose({ filter, completion }: Suggestion) {
    if (completion !== undefined) return setText(completion)
    if (!filter) return
    addFilter(filter)
    setText('')
    setChosen(0)
    setOpen(false)
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1
      setChosen((active + step + suggestions.length) % Math.max(1, suggestions.length))
      open()
    } else if (event.key === 'Enter') {
      const suggestion = suggestions[active]
      if (suggestion && isOpen) choose(suggestion)
    } else if (event.key === 'Escape') {
      if (!isOpen && text === '') (event.currentTarget as HTMLElement).blur()
      setOpen(false)
      setText('')
    } else if (event.key === 'Backspace' && text === '') {
      const last = filters.at(-1)
      if (last) removeFilter(last)
      return
    } else return
    event.preventDefault()
  }
  function open() {
    setOpen(true)
    setHasOpened(true)
  }
  return (
    <div class="filters">
      <div class="filter-box">
        <Icon name="filter" />
        <input
          type="search"
          class="input"
          // biome-ignore lint/a11y/noRedundantRoles: without a datalist it would be a searchbox
          role="combobox"
          list={undefined}
          aria-label="Filter jobs"
          aria-expanded={isOpen}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={isOpen && active >= 0 ? `${id}-${active}` : undefined}
          placeholder="Filter: a name, a state, validationAccuracy > 0.9 …"
          autocomplete="off"
          spellcheck={false}
          value={text}
          onInput={event => {
            setText(event.currentTarget.value)
            setChosen(0)
            open()
          }}
          onFocus={open}
          onClick={open}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        {isOpen && (
          <div ref={list} id={`${id}-list`} class="suggestions" role="listbox" aria-label="Filters">
            {suggestions.map((suggestion, index) => (
              <div
                key={suggestion.text}
                id={`${id}-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === active}
                // a press would take the focus from the box, which closes the list
                onPointerDown={event => event.preventDefault()}
                onMouseDown={event => event.preventDefault()}
                onClick={() => choose(suggestion)}
              >
                <span>{suggestion.text}</span>
                {suggestion.count !== undefined && (
                  <span class="faint">{formatCount(suggestion.count)}</span>
                )}
              </div>
            ))}
            {facets.error !== undefined && (
              <div class="faint">The values that jobs have could not be read.</div>
            )}
          </div>
        )}
      </div>
      {filters.map(filter => (
        <span key={`${filter.name} ${filter.value}`} class="filter-chip">
          {describeFilter(filter)}
          <button
            type="button"
            aria-label={`Remove the filter ${describeFilter(filter)}`}
            onClick={() => removeFilter(filter)}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      {filters.length > 1 && (
        <button type="button" class="link-button" onClick={clearFilters}>
          Clear all
        </button>
      )}
    </div>
  )
}
